//! Why a damaged file could not be mended, and which errors end a mending: a stop, and a drive that is gone. Whatever
//! else goes wrong concerns one file, and the run goes on.

use rustix::io::Errno;

use crate::engine::copy::CopyError;
use crate::engine::error::{Error, Result};
use crate::engine::index::is_full;
use crate::engine::probe;
use crate::engine::repository::Repository;

/// Why a damaged file was not mended, or a lost or altered entry not brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MendFailure {
    /// Nowhere is a copy of its content that is good.
    NoGoodCopy,
    /// The drive has no room for a new file.
    NoRoom,
    /// A newer version made one of the snapshots that have it, and may count on what this one doesn't know.
    UnknownFeature,
    /// The new file would not take all that the damaged one carries: mode, owner, times, attributes.
    NotTaken,
    /// One of its names, or the new file, could not be looked at or changed, for this reason.
    Unreachable(Errno),
    /// Someone went on reading from the repository: the next mending, or opening for writing, goes on.
    Waiting,
    /// What the index tells of this source in this snapshot is not what was sealed: it has to be rebuilt first.
    IndexDiffers,
    /// The snapshot has no good seal, or one that says nothing of it: nothing vouches for what the index tells.
    NoSeal,
    /// Of a source's own folder the seal says nothing but that it is there.
    NoDigest,
    /// Its place is not as it was found before, or something else is there.
    Changed,
}

/// An error of the drive while something is mended.
pub(super) fn failed(repository: &Repository, errno: Errno) -> Error {
    Error::drive("mend files in", repository.path(), errno)
}

/// What ended a copy, as an error of the mending.
pub(super) fn explain(repository: &Repository, error: CopyError) -> Error {
    match error {
        CopyError::Cancelled => Error::Cancelled,
        CopyError::Drive(Errno::NOSPC) => probe::full(repository.dir(), repository.path(), 0),
        CopyError::Drive(errno) | CopyError::Source(errno) => failed(repository, errno),
    }
}

/// What an error means for the files that it was met with.
///
/// # Errors
/// It concerns more than them: a stop, a drive that is gone, an index that fails.
pub(super) fn of_files(error: Error) -> Result<MendFailure> {
    match error {
        error if is_full(&error) => Ok(MendFailure::NoRoom),
        Error::Locked { .. } => Ok(MendFailure::Waiting),
        Error::Io { source, .. } => {
            Ok(MendFailure::Unreachable(Errno::from_io_error(&source).unwrap_or(Errno::IO)))
        }
        error => Err(error),
    }
}

/// What a refusal means for one name while names are swapped.
///
/// # Errors
/// The drive is gone, or full: what the journal says must be done another time.
pub(super) fn of_name(repository: &Repository, errno: Errno) -> Result<MendFailure> {
    match errno {
        Errno::NODEV | Errno::NXIO | Errno::ROFS | Errno::NOSPC | Errno::DQUOT => {
            Err(failed(repository, errno))
        }
        errno => Ok(MendFailure::Unreachable(errno)),
    }
}

/// The number that the system gave with an error.
pub(super) fn errno_of(error: &Error) -> Errno {
    match error {
        Error::Io { source, .. } => Errno::from_io_error(source).unwrap_or(Errno::IO),
        Error::DriveMissing(_) => Errno::NODEV,
        Error::DriveReadOnly(_) => Errno::ROFS,
        Error::DriveFull { .. } => Errno::NOSPC,
        _ => Errno::IO,
    }
}
