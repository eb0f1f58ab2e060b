//! What can go wrong in a use case. `explain` has the words for it.

use std::io;
use std::path::PathBuf;

use crate::engine::error::Error as EngineError;
use crate::engine::rules::BadRule;

/// A use case's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a use case failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
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
        matches!(self, Self::Engine(EngineError::Cancelled))
    }

    /// Whether the drive just isn't attached.
    pub fn is_drive_away(&self) -> bool {
        matches!(
            self,
            Self::Engine(
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
                | Self::Engine(
                    EngineError::NoSuchSnapshot(_)
                        | EngineError::AmbiguousSnapshot { .. }
                        | EngineError::BadPath(_)
                )
        )
    }
}
