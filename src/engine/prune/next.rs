//! How much room the next backup wants at least, before anybody has looked at what changed.

use crate::engine::backup::{FolderCost, reserve};
use crate::engine::error::Result;
use crate::engine::history::SnapshotInfo;
use crate::engine::probe;
use crate::engine::repository::Repository;
use crate::engine::retention::Amount;

/// Room for one more snapshot with all that `newest` has, none of it changed, and what is always left free.
///
/// # Errors
/// A drive that fails.
pub fn room_for_next(repository: &Repository, newest: Option<&SnapshotInfo>) -> Result<Amount> {
    let space = probe::space(repository.dir(), repository.path())?;
    let (entries, files) = newest.map_or((0, 0), |newest| (newest.entries, newest.files));
    let links = Amount {
        bytes: entries.saturating_mul(FolderCost::on(repository.dir()).entry_bytes),
        // Each snapshot has folders of its own; what else is no file is rare.
        inodes: entries.saturating_sub(files),
    };
    Ok(links.plus(reserve(&space)))
}
