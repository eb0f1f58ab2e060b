//! The first room on a drive that is so full that it can't be opened for writing.

use super::plan::{Judged, PrunePlan};
use super::truth::truth;
use crate::engine::error::Result;
use crate::engine::monitor::{Event, Monitor};
use crate::engine::probe;
use crate::engine::recover::remove_old_index;
use crate::engine::repository::Repository;
use crate::engine::retention::{Amount, Reason};
use crate::engine::trash::{self, Patience};

/// What was done for the first room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstRoom {
    /// The snapshots that were deleted, and why.
    pub deleted: Vec<(String, Reason)>,
    /// Whether more is free than before.
    pub is_more: bool,
}

/// Tidies up, and if that is not enough deletes what `plan` lets go, in its order, until `least` is free.
///
/// Writes nothing but renames: the index is told of it by whoever opens the repository next, as of a deletion that was
/// interrupted.
///
/// # Errors
/// Someone else is writing; a stop; a drive that fails.
pub fn make_first_room(
    repository: &mut Repository,
    euid: u32,
    plan: &PrunePlan,
    least: Amount,
    patience: Patience,
    monitor: &Monitor,
) -> Result<FirstRoom> {
    let _lock = repository.lock_for_writing(euid)?;
    let before = free(repository)?;
    // What an interrupted deletion left, and an index that is none any more, go before any snapshot.
    remove_old_index(repository)?;
    trash::strip(repository, monitor)?;
    let is_more = |after: Amount| after.bytes > before.bytes || after.inodes > before.inodes;
    let mut deleted = Vec::new();
    let tidied = free(repository)?;
    if is_more(tidied) && tidied.lacking(least).is_none() {
        return Ok(FirstRoom { deleted, is_more: true });
    }
    for together in plan.thinned.iter().chain(&plan.for_room) {
        // The drive may say that there is room where a quota says that there is none: one goes in any case.
        if !deleted.is_empty() && free(repository)?.lacking(least).is_none() {
            break;
        }
        let named: Vec<&Judged> = together.iter().filter_map(|seq| plan.find(*seq)).collect();
        if !named.iter().all(|one| still_goes(repository, one)) {
            continue;
        }
        let names: Vec<String> = named.iter().map(|one| one.snapshot.name.clone()).collect();
        trash::bury(repository, &names, patience, monitor)?;
        for one in named {
            let name = one.snapshot.name.clone();
            monitor.emit(&Event::SnapshotDeleted { name: name.clone() });
            deleted.push((name, one.reason.clone()));
        }
        trash::strip(repository, monitor)?;
    }
    let is_more = is_more(free(repository)?);
    Ok(FirstRoom { deleted, is_more })
}

/// Whether nobody pinned the snapshot, or gave it a name, since the plan was made.
fn still_goes(repository: &Repository, one: &Judged) -> bool {
    truth(repository, &one.snapshot).is_ok_and(|truth| {
        !truth.pin.pinned && (truth.pin.label.is_none() || one.reason == Reason::Forgotten)
    })
}

fn free(repository: &Repository) -> Result<Amount> {
    // A file system that can't even flush is told of by whoever opens it next.
    let _ = repository.dir().sync_file_system();
    probe::space(repository.dir(), repository.path()).map(|space| space.free())
}
