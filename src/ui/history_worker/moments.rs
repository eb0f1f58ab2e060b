//! When a folder or a file was another.

use crate::app::error::Result;
use crate::engine::history::{Difference, History, Tick, Turn};
use crate::engine::path::RelPath;

/// What a timeline is about.
#[derive(Debug)]
pub enum Subject {
    /// A folder with all below it.
    Folder(RelPath),
    /// A file, or anything else that is no folder.
    File(RelPath),
}

/// A snapshot, as a folder or file sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The snapshot's number.
    pub seq: u64,
    /// How many entries differ from the snapshot before.
    pub changes: u64,
    /// Another state begins with it, or what is known begins.
    pub begins: bool,
    /// How a file differs from the snapshot before, where it is another.
    pub difference: Option<Difference>,
}

/// The moments of `of`, oldest first.
pub fn moments(history: &History, of: &Subject) -> Result<Vec<Moment>> {
    match of {
        Subject::Folder(folder) => {
            let moment = |tick: Tick| {
                let changes = tick.counts.map_or(0, |counts| counts.entries());
                let begins = changes > 0 || tick.counts.is_none();
                Moment { seq: tick.seq, changes, begins, difference: None }
            };
            Ok(history.timeline(folder)?.into_iter().map(moment).collect())
        }
        Subject::File(file) => {
            let moment = |turn: Turn| Moment {
                seq: turn.seq,
                changes: turn.difference.is_some().into(),
                begins: true,
                difference: turn.difference,
            };
            Ok(history.turns(file)?.into_iter().map(moment).collect())
        }
    }
}
