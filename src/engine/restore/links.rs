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

/// Sees to it that one name of a file is made at a time.
#[derive(Debug, Default)]
pub struct Links(Mutex<()>);

impl Links {
    /// Waits for its turn.
    pub fn turn(&self) -> MutexGuard<'_, ()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
