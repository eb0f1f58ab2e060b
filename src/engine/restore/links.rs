//! Files with several names, restored as such: the first that is made gets a further name in the workspace, from
//! which the others are linked.

use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use crate::engine::digest::DirectoryDigest;
use crate::engine::dir::Dir;
use crate::engine::index::State;

/// The folder in a workspace that holds these names.
pub const FOLDER: &[u8] = b"links";

/// How many files with several names can be made at a time, if they fall into different ones.
const TURNS: usize = 256;

/// Sees to it that one name of a file is made at a time.
#[derive(Debug)]
pub struct Links(Vec<Mutex<()>>);

impl Default for Links {
    fn default() -> Self {
        Self((0..TURNS).map(|_| Mutex::default()).collect())
    }
}

impl Links {
    /// Waits for the turn of the file that `name` stands for.
    pub fn turn(&self, name: &[u8]) -> Option<MutexGuard<'_, ()>> {
        // These names are digests, so that their first digits spread well.
        let digits = name.iter().take(4).fold(0, |sum, digit| sum * 31 + usize::from(*digit));
        Some(self.0.get(digits % TURNS)?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The name that stands for a file with several names; `None` for one with a single name.
///
/// It tells all that was kept of the file, so that only what was the same is linked.
pub fn name_of(state: &State) -> Option<Vec<u8>> {
    let change = state.change();
    change.link_group?;
    let mut digest = DirectoryDigest::default();
    digest.add(b"", &state.meta, &change, state.xattrs, state.content());
    let mut name = String::new();
    for byte in digest.finish() {
        write!(name, "{byte:02x}").ok()?;
    }
    Some(name.into_bytes())
}

/// Links the file `name` into `dir` if it was made already.
pub fn take(workspace: &Dir, name: &[u8], dir: &Dir, to: &[u8]) -> rustix::io::Result<bool> {
    let linked = workspace.child(FOLDER).and_then(|links| dir.link_from(&links, name, to));
    match linked {
        Ok(()) => Ok(true),
        // Not made yet, or with as many names as it can have.
        Err(Errno::NOENT | Errno::MLINK | Errno::PERM | Errno::OPNOTSUPP) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// Keeps the file that was just made in `dir` for its other names, in place of one that was full.
pub fn keep(workspace: &Dir, name: &[u8], dir: &Dir, made: &[u8]) -> rustix::io::Result<()> {
    let links = workspace.ensure(FOLDER, 0o700)?;
    match links.unlink(name) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(errno) => return Err(errno),
    }
    match links.link_from(dir, made, name) {
        // A file system without hard links: each name becomes a file of its own.
        Ok(()) | Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno),
    }
}
