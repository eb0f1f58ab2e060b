//! What can go wrong in a use case. `explain` has the words for it.

use std::io;
use std::path::{Path, PathBuf};

use super::places::drive_of;
use crate::engine::error::Error as EngineError;
use crate::engine::monitor::{Monitor, Phase};
use crate::engine::rules::BadRule;

/// A use case's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A drive that isn't attached, and of which this computer knows something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away {
    /// Where the repository was.
    pub path: PathBuf,
    /// Of when the last thing is that is known; `None` if there is no snapshot.
    pub last_seen: Option<jiff::Timestamp>,
    /// Another repository lies in its place: a drive is there, but not this one.
    pub is_replaced: bool,
}

impl Away {
    /// What people call the drive.
    pub fn drive(&self) -> &Path {
        drive_of(&self.path)
    }
}

/// Why a use case failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// What was asked for needs the drive, which isn't attached.
    #[error("the drive of {} is away", .0.path.display())]
    DriveAway(Away),
    /// The configuration can't be understood.
    #[error("{}:{line}:{column}: {message}", path.display())]
    BadConfig {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// A rule that was given can't be understood.
    #[error(transparent)]
    BadRule(#[from] BadRule),
    /// The configuration can't be read or written.
    #[error("{}: {source}", path.display())]
    ConfigFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing was set up yet.
    #[error("there is no configuration at {}", .0.display())]
    NotSetUp(PathBuf),
    /// A repository opened without configuration tells of no folders to back up.
    #[error("no sources are configured")]
    NoSources,
    /// Neither a drive nor a repository was named.
    #[error("no drive was named")]
    NoDrive,
    /// The drive holds more than one repository that could be meant.
    #[error("{} holds several repositories: {}", drive.display(), names.join(", "))]
    SeveralRepositories {
        /// The drive.
        drive: PathBuf,
        /// Their folders' names.
        names: Vec<String>,
    },
    /// Root must say whose another user's repository is going to be.
    #[error("{} belongs to user id {owner}", path.display())]
    AdoptForWhom {
        /// The repository.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// This computer has no such user.
    #[error("there is no user {0:?}")]
    NoSuchUser(String),
    /// What was said of a folder fits none that was backed up.
    #[error("{0:?} names no folder that was backed up")]
    NoSuchSource(String),
    /// What was said to be a source's new place is no folder.
    #[error("{} is no folder", .0.display())]
    NoFolder(PathBuf),
    /// Of two options, the first says the least and the second the most, but it is less.
    #[error("--{0} is beyond --{1}")]
    EmptyRange(&'static str, &'static str),
    /// No snapshot has this name, and none has one that begins so.
    #[error("no snapshot is called {0:?}")]
    NoSuchName(String),
    /// Nobody agreed to any rule by which something could be deleted.
    #[error("no rules were agreed to")]
    NoRulesAgreed {
        /// Where they could be written down; `None` if there is no configuration.
        config: Option<PathBuf>,
    },
    /// More room was asked for than the whole drive has.
    #[error("the drive has {total_bytes} bytes in all")]
    BeyondDrive {
        /// The size of the drive in bytes.
        total_bytes: u64,
    },
    /// A person stopped it while something was being deleted.
    #[error("stopped while deleting")]
    DeletionStopped,
    /// No restore, or more than one, has a number that begins so.
    #[error("no restore is called {0:?}")]
    NoSuchRestore(String),
    /// No restore is known that was not undone already.
    #[error("there is no restore to undo")]
    NothingToUndo,
    /// No restore was interrupted.
    #[error("no restore was interrupted")]
    NothingToResume,
    /// A person has to agree that half a restore stays as it is, and there is none to be asked.
    #[error("nobody can be asked whether half a restore is to stay as it is")]
    HalfDone,
    /// A person has to agree to a deletion, and there is none to be asked.
    #[error("nobody can be asked whether it is to be deleted")]
    NobodyAsked,
    /// The drive is too full to be opened for writing, even after all that may go was deleted.
    #[error("{} is still full after {deleted} snapshots were deleted", path.display())]
    StillFull {
        /// The repository.
        path: PathBuf,
        /// How many snapshots were deleted.
        deleted: u64,
    },
    /// An operation's thread ended without an answer.
    #[error("the operation broke down")]
    BrokenDown,
    /// The demonstration found something that isn't as it must be.
    #[error("the demonstration failed: {0}")]
    Demo(String),
}

impl Error {
    /// Whether the person stopped it: no failure.
    pub fn is_cancelled(&self) -> bool {
        matches!(
            self,
            Self::Engine(EngineError::Cancelled | EngineError::RestoreStopped(_))
                | Self::DeletionStopped
        )
    }

    /// The same; what was stopped while `monitor` showed a deletion says so.
    pub(super) fn while_deleting(self, monitor: &Monitor) -> Self {
        match self {
            Self::Engine(EngineError::Cancelled) if monitor.progress().phase == Phase::Deleting => {
                Self::DeletionStopped
            }
            other => other,
        }
    }

    /// Whether the drive just isn't attached.
    pub fn is_drive_away(&self) -> bool {
        matches!(
            self,
            Self::DriveAway(_)
                | Self::Engine(
                    EngineError::DriveMissing(_)
                        | EngineError::NotRepository(_)
                        | EngineError::OtherRepository { .. }
                )
        )
    }

    /// Whether what was asked for can't be meant, so that the command line answers 2.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::NotSetUp(_)
                | Self::NoSources
                | Self::BadRule(_)
                | Self::NoDrive
                | Self::SeveralRepositories { .. }
                | Self::AdoptForWhom { .. }
                | Self::NoSuchUser(_)
                | Self::NoSuchSource(_)
                | Self::NoFolder(_)
                | Self::EmptyRange(..)
                | Self::NoSuchName(_)
                | Self::NoRulesAgreed { .. }
                | Self::BeyondDrive { .. }
                | Self::NobodyAsked
                | Self::HalfDone
                | Self::NoSuchRestore(_)
                | Self::NothingToUndo
                | Self::NothingToResume
                | Self::Engine(
                    EngineError::NoSuchSnapshot(_)
                        | EngineError::AmbiguousSnapshot { .. }
                        | EngineError::BadLabel
                        | EngineError::BadPath(_)
                )
        )
    }
}
