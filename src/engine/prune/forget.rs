//! Deletes the snapshots that a person names.

use jiff::Timestamp;

use super::plan::{Judged, PrunePlan};
use super::sources::missing_source;
use super::truth::{newest_good, truth};
use super::{Deletion, PruneReport};
use crate::engine::backup::Source;
use crate::engine::error::{Error, Result};
use crate::engine::index::Index;
use crate::engine::monitor::Monitor;
use crate::engine::probe;
use crate::engine::recover::Writer;
use crate::engine::repository::Repository;
use crate::engine::retention::{Amount, Reason, Room};
use crate::engine::trash::Patience;

/// What deleting the snapshots with these names is going to do, in the order of their age. Changes nothing.
///
/// # Errors
/// One of them is unknown, pinned, or the newest good one; a source is missing; a drive or an index that fails.
pub fn plan_forget(
    index: &Index,
    repository: &Repository,
    names: &[String],
    sources: &[Source],
) -> Result<PrunePlan> {
    let rows = index.snapshots()?;
    let newest = newest_good(repository, &rows, Timestamp::MAX)?.map(|row| row.seq);
    let mut judged = Vec::new();
    for name in names {
        let row = rows.iter().find(|row| row.name == *name);
        let row = row.ok_or_else(|| Error::NoSuchSnapshot(name.clone()))?;
        if newest == Some(row.seq) {
            return Err(Error::NewestGood(row.name.clone()));
        }
        if truth(repository, row)?.pin.pinned {
            return Err(Error::SnapshotPinned(row.name.clone()));
        }
        let (frees, reason) = (Amount::default(), Reason::Forgotten);
        judged.push(Judged { snapshot: row.clone(), frees, reason });
    }
    if let Some(path) = missing_source(index, sources, false)? {
        return Err(Error::SourceMissing(path));
    }
    judged.sort_by_key(|one| one.snapshot.seq);
    judged.dedup_by_key(|one| one.snapshot.seq);
    let space = probe::space(repository.dir(), repository.path())?;
    Ok(PrunePlan {
        thinned: Vec::new(),
        for_room: judged.iter().map(|one| vec![one.snapshot.seq]).collect(),
        judged,
        frees: Amount::default(),
        missing: Amount::default(),
        more: Amount::default(),
        room: Room { free: space.free(), ..Room::default() },
        missing_source: None,
    })
}

/// Deletes the snapshots with these names; one that is missing from the drive is no longer listed.
///
/// # Errors
/// Nothing is deleted if [`plan_forget`] refuses. A stop, after which what was begun is finished by the next opening; a
/// drive that fails.
pub fn forget(
    writer: &mut Writer,
    names: &[String],
    sources: &[Source],
    monitor: &Monitor,
) -> Result<PruneReport> {
    let plan = plan_forget(&writer.index, &writer.repository, names, sources)?;
    let expected = plan.room.free;
    let mut deletion =
        Deletion { writer, patience: Patience::Wait, monitor, deleted: Vec::new(), expected };
    deletion.announce(plan.judged.iter().map(|one| one.snapshot.entries));
    deletion.delete(&plan.judged.iter().collect::<Vec<_>>())?;
    deletion.report(Amount::default())
}
