//! What the deleted files are told, and what they ask for.

use super::Group;
use crate::engine::history::SnapshotInfo;
use crate::engine::path::RelPath;
use crate::ui::history_worker::Answer;
use crate::ui::widgets::past::{Event, Item};

/// What the screen is told.
#[derive(Debug)]
pub enum Input {
    /// There are these snapshots.
    Snapshots(Vec<SnapshotInfo>),
    /// It is on the screen.
    Seen,
    /// This place is open.
    Place(RelPath),
    /// Only the open place.
    HereOnly(bool),
    /// Only what has this in its name.
    Name(String),
    /// Escape in the empty filter.
    Leave,
    /// The history answered.
    Answer(Answer),
    /// Something happened in the list.
    List(Event),
    /// Show what is selected where it was.
    Show,
    /// Bring what is selected back.
    Restore {
        /// Ask for a folder to restore to.
        elsewhere: bool,
    },
    /// Ask again.
    Retry,
    /// The window became narrow or wide.
    Narrow(bool),
}

/// What the person asked for.
#[derive(Debug)]
pub enum Output {
    /// Show this where it was.
    Open(Item),
    /// Back to the folder.
    Leave,
    /// Bring these back, one moment after the other.
    Restore {
        /// What, by moments.
        groups: Vec<Group>,
        /// Ask for a folder to restore to.
        elsewhere: bool,
    },
}
