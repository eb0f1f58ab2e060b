//! The children of a directory as the system tells of them: a buffer at a time, in its own order.

use std::mem::MaybeUninit;
use std::os::fd::AsFd;

use rustix::fs::RawDir;
use rustix::io::Result;

use super::meta::Kind;
use super::path::EntryName;

/// Room for the names of one `getdents` call.
const BUFFER_BYTES: usize = 32 * 1024;

/// Room for the children of a usual directory, so that a list of them doesn't grow step by step.
pub const USUAL_CHILDREN: usize = 16;

/// A child as the listing of its directory tells of it, which is cheaper than a `statx`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: EntryName,
    /// Its inode number; where something is mounted, that of what lies below.
    pub inode: u64,
    /// What it is; `None` on a file system that doesn't say.
    pub kind: Option<Kind>,
}

impl AsRef<[u8]> for Listed {
    fn as_ref(&self) -> &[u8] {
        self.name.as_slice()
    }
}

impl Listed {
    /// The child called `name` among those that are sorted by name.
    pub fn find<'a>(sorted: &'a [Self], name: &[u8]) -> Option<&'a Self> {
        let at = sorted.binary_search_by(|listed| listed.name.as_slice().cmp(name)).ok()?;
        sorted.get(at)
    }
}

/// Where a listing puts what it reads; may be used for one listing after the other.
pub struct Buffer(Vec<MaybeUninit<u8>>);

impl Default for Buffer {
    fn default() -> Self {
        Self(vec![MaybeUninit::uninit(); BUFFER_BYTES])
    }
}

/// A listing that goes on where the directory's descriptor stands; nobody else may list by the same one meanwhile.
pub struct Listing<'a, Fd> {
    directory: Fd,
    buffer: &'a mut Buffer,
}

impl<'a, Fd: AsFd> Listing<'a, Fd> {
    /// A listing of an open directory.
    pub fn with(directory: Fd, buffer: &'a mut Buffer) -> Self {
        Self { directory, buffer }
    }

    /// Adds the children that one call tells of, some thousand at most; `false` at the end.
    ///
    /// Children that were told of may be removed before the next call.
    pub fn add_some(&mut self, to: &mut Vec<Listed>) -> Result<bool> {
        let mut raw = RawDir::new(&self.directory, &mut self.buffer.0);
        while let Some(entry) = raw.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                let kind = Kind::from_type(entry.file_type());
                to.push(Listed { name: EntryName::from_slice(name), inode: entry.ino(), kind });
            }
            if raw.is_buffer_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
