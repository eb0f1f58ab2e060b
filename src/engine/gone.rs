//! Tells a drive that is gone from one of which only a part can't be read: where it does not answer at all, no single
//! file is to blame.

use rustix::fs::{Advice, fadvise};
use rustix::io::Errno;

use super::dir::read_some;
use super::error::{Error, Result};
use super::index::INDEX_NAME;
use super::repository::{MARKER_NAME, Repository};

/// What is read at once of the file that proves that the drive answers: a page.
const PROOF_BYTES: usize = 4096;

/// Whether a failure says that what is on the drive can't be read, and not that this user may not.
pub fn is_damage(errno: Errno) -> bool {
    matches!(errno, Errno::IO | Errno::UCLEAN | Errno::BADMSG | Errno::REMOTEIO | Errno::TIMEDOUT)
}

/// Whether reading fails so where the drive is gone, though perhaps not only there.
pub fn may_be_gone(errno: Errno) -> bool {
    is_damage(errno)
        || matches!(
            errno,
            Errno::NODEV | Errno::NXIO | Errno::SHUTDOWN | Errno::NOTCONN | Errno::STALE
        )
}

/// Reads a page from the drive itself. Not of a small file, which some file systems keep among their metadata and so in
/// memory.
///
/// # Errors
/// Not even that can be read.
pub fn prove(repository: &Repository) -> Result<()> {
    let dir = repository.dir();
    let read = || {
        let opened = match dir.open_file(INDEX_NAME.as_bytes()) {
            Err(Errno::NOENT) => dir.open_file(MARKER_NAME),
            opened => opened,
        };
        let (file, _) = opened?;
        fadvise(&file, 0, None, Advice::DontNeed)?;
        read_some(&file, &mut [0; PROOF_BYTES]).map(drop)
    };
    read().map_err(|errno| Error::drive("read", repository.path(), errno))
}
