//! What can go wrong in the engine: always the path, what was being done, and the cause.
//!
//! The texts here are for logs and developers. A face turns a variant into translated words and advice.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::backup::NoRoom;
use super::path::{BadPath, RelPath};

/// The engine's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a drive ran out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Space for content.
    Bytes,
    /// Inodes: the file system can't hold more files.
    Inodes,
    /// The person's or the group's quota.
    Quota,
}

/// An ability that format 1 needs and a file system may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ability {
    /// Two names for one file.
    HardLinks,
    /// Extended attributes of the `user` namespace.
    UserXattrs,
    /// Symbolic links.
    Symlinks,
    /// Permission bits that stay as they were set.
    Modes,
    /// `a` and `A` being two files.
    CaseSensitiveNames,
    /// Names of any bytes, 255 long, that come back as they were given.
    RawNames,
    /// Times finer than a second.
    SubsecondTimes,
    /// A `syncfs` that says whether the data arrived.
    Sync,
}

/// Why a folder can't take what is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetProblem {
    /// A part of its path is a symbolic link now.
    Link,
    /// A part of its path is no folder.
    NotFolder,
    /// This user may not write there.
    NoPermission,
    /// Its file system can only be read.
    ReadOnly,
    /// Its file system has no room left.
    Full,
    /// It is a repository, or lies in one.
    Repository,
    /// It is a folder of the program itself, or lies in one.
    Own,
}

/// Whom an entry belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerKind {
    /// A user.
    User,
    /// A group.
    Group,
}

/// Why the engine could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A system call failed.
    #[error("could not {action} {}: {source}", path.display())]
    Io {
        /// What was being done, as the words after "could not".
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The operation was stopped.
    #[error("stopped")]
    Cancelled,
    /// There is nothing where the drive or the repository should be.
    #[error("nothing is at {}", .0.display())]
    DriveMissing(PathBuf),
    /// Something is there, but it isn't a folder.
    #[error("{} is not a folder", .0.display())]
    DriveNotFolder(PathBuf),
    /// The drive is mounted read-only.
    #[error("the drive at {} is read-only", .0.display())]
    DriveReadOnly(PathBuf),
    /// This user may not write there.
    #[error("no permission to write to {}", .0.display())]
    DriveNotWritable(PathBuf),
    /// The drive has no room left.
    #[error("the drive at {} is full ({room:?}; about {missing} more needed)", path.display())]
    DriveFull {
        /// Where.
        path: PathBuf,
        /// What ran out.
        room: Room,
        /// Bytes or inodes that are lacking at least; 0 if unknown.
        missing: u64,
    },
    /// The drive can't take a backup, whatever the rules let go; nothing was written.
    #[error(
        "the drive at {} lacks {:?} for a backup that needs {:?}",
        .0.path.display(), .0.missing, .0.needed
    )]
    NoRoom(Box<NoRoom>),
    /// The drive is nearly full: a run ends as long as all that it wrote can be relied on.
    #[error("the drive at {} is nearly full", .0.display())]
    RoomShort(PathBuf),
    /// A kind of file system that can't promise that data is on the platter.
    #[error("{} is on {kind}, which can't hold a repository", path.display())]
    DriveRefused {
        /// Where.
        path: PathBuf,
        /// The file system's name.
        kind: &'static str,
    },
    /// The file system lacks what a repository needs.
    #[error("the file system of {} lacks {lacks:?}", path.display())]
    DriveLacks {
        /// Where.
        path: PathBuf,
        /// What is missing.
        lacks: Vec<Ability>,
    },
    /// The drive's folder lies in a source: the backup would back itself up.
    #[error("{} is inside the source {}", path.display(), source_path.display())]
    DriveInsideSource {
        /// The drive's folder.
        path: PathBuf,
        /// The source around it.
        source_path: PathBuf,
    },
    /// A source lies in the drive's folder or in another source.
    #[error("the source {} is inside {}", path.display(), outer.display())]
    SourceInside {
        /// The source.
        path: PathBuf,
        /// What it is inside of.
        outer: PathBuf,
    },
    /// A source is not there, not a folder or not readable, and was never backed up.
    #[error("could not read the source {}: {source}", path.display())]
    SourceUnreadable {
        /// The source.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no repository in this folder.
    #[error("{} holds no repository", .0.display())]
    NotRepository(PathBuf),
    /// The folder holds a repository, but not the one that was expected.
    #[error("{} holds another repository ({found}, not {expected})", path.display())]
    OtherRepository {
        /// Where.
        path: PathBuf,
        /// The identity that was expected.
        expected: uuid::Uuid,
        /// The identity that was found.
        found: uuid::Uuid,
    },
    /// The repository was made by a newer version.
    #[error("{} has format {format}, newer than {known}", path.display())]
    NewerFormat {
        /// Where.
        path: PathBuf,
        /// Its format.
        format: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// The repository uses a feature that this program doesn't know.
    #[error("{} needs the unknown feature {feature:?}", path.display())]
    UnknownFeature {
        /// Where.
        path: PathBuf,
        /// The feature's name.
        feature: String,
    },
    /// What this computer knows of a repository whose drive is away can't be read.
    #[error("the copy of the index at {} is damaged", .0.display())]
    CopyDamaged(PathBuf),
    /// A file of the repository can't be understood.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another program writes to the repository.
    #[error("{} is in use by {holder}", path.display())]
    Locked {
        /// Where.
        path: PathBuf,
        /// Who: host, process and since when.
        holder: String,
    },
    /// The repository belongs to another user of this computer.
    #[error("{} belongs to user id {owner}, not {user}", path.display())]
    OtherOwner {
        /// Where.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who asks.
        user: u32,
    },
    /// A repository was being handed to another user, and only root can finish that.
    #[error("{} is being handed to another user, which was interrupted", .0.display())]
    AdoptionUnfinished(PathBuf),
    /// A repository of root's, whose inodes carry owners, can't become a person's.
    #[error("the inodes of {} carry owners, so it can't become a person's", .0.display())]
    OwnersOnInodes(PathBuf),
    /// The index failed.
    #[error("the index {} failed: {source}", path.display())]
    Index {
        /// Which index.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// There is no snapshot at all.
    #[error("there is no snapshot yet")]
    NoSnapshots,
    /// No snapshot is meant by this.
    #[error("no snapshot matches {0:?}")]
    NoSuchSnapshot(String),
    /// More than one snapshot could be meant.
    #[error("{text:?} could be any of {}", names.join(", "))]
    AmbiguousSnapshot {
        /// What was asked for.
        text: String,
        /// The names that it begins.
        names: Vec<String>,
    },
    /// The newest good snapshot is never deleted.
    #[error("the snapshot {0} is the newest good one")]
    NewestGood(String),
    /// A pinned snapshot is never deleted.
    #[error("the snapshot {0} is pinned")]
    SnapshotPinned(String),
    /// Nothing is deleted while a source is missing: what is stored may be all there is of it.
    #[error("the source {} is missing", .0.display())]
    SourceMissing(PathBuf),
    /// The path isn't in the snapshot.
    #[error("{path} is not in the snapshot {snapshot}")]
    NotInSnapshot {
        /// Which path.
        path: RelPath,
        /// The snapshot's name.
        snapshot: String,
        /// Name of the last snapshot that has it, if any does.
        last: Option<String>,
    },
    /// The path is in neither of two snapshots.
    #[error("{path} is neither in the snapshot {earlier} nor in {later}")]
    NotInEither {
        /// Which path.
        path: RelPath,
        /// The name of the one.
        earlier: String,
        /// The name of the other.
        later: String,
        /// Name of the last snapshot that has it, if any does.
        last: Option<String>,
    },
    /// The snapshot with this name is known, but its folder is not on the drive any more.
    #[error("the snapshot {0} is missing on the drive")]
    SnapshotMissing(String),
    /// Of the path no content of a file is stored: it is a folder, a link or something else.
    #[error("{0} is not a file")]
    NotFile(RelPath),
    /// No version of the path has the content that was asked for.
    #[error("no version of {0} has this content")]
    NoSuchContent(RelPath),
    /// The path isn't in any snapshot.
    #[error("{0} is in no snapshot")]
    NeverSeen(RelPath),
    /// The target of a restore can't take it.
    #[error("can't restore to {}: {reason:?}", path.display())]
    BadTarget {
        /// Where.
        path: PathBuf,
        /// Why.
        reason: TargetProblem,
    },
    /// Nobody here has the name that restored entries are to be given to, and it is no number.
    #[error("this computer has no {kind:?} {name:?}")]
    NoSuchOwner {
        /// A user or a group.
        kind: OwnerKind,
        /// As it was given.
        name: String,
    },
    /// Nobody in the snapshots has the name whose entries are to be given to another, and it is no number.
    #[error("the snapshots know no {kind:?} {name:?}")]
    OwnerNotStored {
        /// A user or a group.
        kind: OwnerKind,
        /// As it was given.
        name: String,
    },
    /// No restore is known by this number.
    #[error("no restore {0} is known here")]
    NoSuchRestore(uuid::Uuid),
    /// The folder in which a restore keeps what it staged and set aside is not there; its file system may not be attached.
    #[error("what the restore keeps is in {}, which is not there", .0.display())]
    WorkspaceAway(PathBuf),
    /// The journal of a restore can't be understood.
    #[error("the journal {} is damaged: {reason}", path.display())]
    DamagedJournal {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The restore with this number was stopped while its items were moved: it can be gone on with, or be taken back.
    #[error("stopped; the restore {0} can be gone on with")]
    RestoreStopped(uuid::Uuid),
    /// A restore ended before anything was put in its place; what is staged is kept for the next try.
    #[error("{0}; what was copied is kept")]
    RestoreKept(#[source] Box<Error>),
    /// A restore ended while its items were moved: it can be gone on with, or be taken back.
    #[error("{0}; some of it is in its place")]
    RestoreHalfDone(#[source] Box<Error>),
    /// A label that is too long or holds control characters.
    #[error("the label is too long or holds control characters")]
    BadLabel,
    /// A path that can't be one.
    #[error(transparent)]
    BadPath(#[from] BadPath),
}

impl Error {
    /// Whether another repository lies where one was looked for.
    pub fn is_other_repository(&self) -> bool {
        matches!(self, Self::OtherRepository { .. })
    }

    /// An [`Error::Io`] of `path`.
    pub(crate) fn io(action: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        Self::Io { action, path: path.to_owned(), source: source.into() }
    }

    /// An [`Error::Index`] of `path`.
    pub(crate) fn index(path: &Path, source: rusqlite::Error) -> Self {
        Self::Index { path: path.to_owned(), source }
    }

    /// A failed write below the drive's folder `path`: full, read-only and gone are said as such.
    pub(crate) fn drive(action: &'static str, path: &Path, errno: Errno) -> Self {
        match errno {
            Errno::NOSPC => {
                Self::DriveFull { path: path.to_owned(), room: Room::Bytes, missing: 0 }
            }
            Errno::DQUOT => {
                Self::DriveFull { path: path.to_owned(), room: Room::Quota, missing: 0 }
            }
            Errno::ROFS => Self::DriveReadOnly(path.to_owned()),
            Errno::NODEV | Errno::NXIO => Self::DriveMissing(path.to_owned()),
            _ => Self::io(action, path, errno),
        }
    }
}

/// Adds what was being done, and to which path, to a failed system call.
pub(crate) trait Context<T> {
    /// Wraps the failure in [`Error::Io`].
    fn context(self, action: &'static str, path: impl AsRef<Path>) -> Result<T>;
}

impl<T, E: Into<io::Error>> Context<T> for std::result::Result<T, E> {
    fn context(self, action: &'static str, path: impl AsRef<Path>) -> Result<T> {
        self.map_err(|source| Error::io(action, path.as_ref(), source))
    }
}
