//! The first room on a drive that is so full that it can't be opened for writing.

use super::plan::{Judged, PrunePlan, pin_of};
use crate::engine::error::Result;
use crate::engine::history::SnapshotInfo;
use crate::engine::monitor::Monitor;
use crate::engine::pin::Pin;
use crate::engine::probe;
use crate::engine::recover::remove_old_index;
use crate::engine::repository::Repository;
use crate::engine::retention::{Amount, Reason};
use crate::engine::trash::{self, Patience};

/// Deletes what `plan` lets go, in its order, until `least` is free; whether anything was freed is told.
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
    monitor: &Monitor,
) -> Result<bool> {
    let _lock = repository.lock_for_writing(euid)?;
    let before = free(repository)?;
    // What an interrupted deletion left, and an index that is none any more, go before any snapshot.
    remove_old_index(repository)?;
    trash::strip(repository, monitor)?;
    let thinned = plan.judged.iter().filter(|one| one.reason == Reason::Thinned);
    let thinned = thinned.map(|one| vec![one.snapshot.seq]);
    for together in thinned.chain(plan.for_room.iter().cloned()) {
        if free(repository)?.lacking(least).is_none() {
            break;
        }
        let named: Vec<&Judged> = together.iter().filter_map(|seq| plan.find(*seq)).collect();
        // A pin may have been set since the plan was made.
        if named.iter().any(|one| !is_unmarked(repository, &one.snapshot)) {
            continue;
        }
        let names: Vec<String> = named.iter().map(|one| one.snapshot.name.clone()).collect();
        trash::bury(repository, &names, Patience::Wait, monitor)?;
        trash::strip(repository, monitor)?;
    }
    let after = free(repository)?;
    Ok(after.bytes > before.bytes || after.inodes > before.inodes)
}

fn is_unmarked(repository: &Repository, snapshot: &SnapshotInfo) -> bool {
    pin_of(repository, snapshot).is_ok_and(|pin| pin == Some(Pin::default()))
}

fn free(repository: &Repository) -> Result<Amount> {
    // A file system that can't even flush is told of by whoever opens it next.
    let _ = repository.dir().sync_file_system();
    probe::space(repository.dir(), repository.path()).map(|space| space.free())
}
