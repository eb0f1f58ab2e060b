//! Deletes the snapshots that a person names.

use super::plan::pin_of;
use super::sources::missing_source;
use super::{Deletion, Judged, PruneReport};
use crate::engine::backup::Source;
use crate::engine::error::{Error, Result};
use crate::engine::history::SnapshotState;
use crate::engine::index::SnapshotRow;
use crate::engine::monitor::Monitor;
use crate::engine::recover::Writer;
use crate::engine::retention::{Amount, Reason};
use crate::engine::trash::Patience;

/// Deletes the snapshots with these names; one that is missing from the drive is no longer listed.
///
/// # Errors
/// Nothing is deleted if one of them is unknown, pinned, or the newest good one, or while a source is missing. A stop, after
/// which what was begun is finished by the next opening; a drive that fails.
pub fn forget(
    writer: &mut Writer,
    names: &[String],
    sources: &[Source],
    monitor: &Monitor,
) -> Result<PruneReport> {
    let rows = writer.index.snapshots()?;
    let mut going = Vec::new();
    for name in names {
        let row = rows.iter().find(|row| row.name == *name);
        going.push(row.ok_or_else(|| Error::NoSuchSnapshot(name.clone()))?);
    }
    check(writer, &rows, &going, sources)?;
    let judged: Vec<Judged> = going
        .into_iter()
        .map(|row| Judged {
            snapshot: row.clone(),
            frees: Amount::default(),
            reason: Reason::Forgotten,
        })
        .collect();
    let mut deletion = Deletion {
        writer,
        patience: Patience::Wait,
        monitor,
        deleted: Vec::new(),
        expected: Amount::default(),
    };
    deletion.announce(judged.iter().map(|one| one.snapshot.entries));
    deletion.delete(&judged.iter().collect::<Vec<_>>())?;
    deletion.report(Amount::default())
}

/// Refuses what nobody may delete.
fn check(
    writer: &Writer,
    rows: &[SnapshotRow],
    going: &[&SnapshotRow],
    sources: &[Source],
) -> Result<()> {
    let newest = rows.iter().rev().find(|row| row.state == SnapshotState::Good);
    for row in going {
        if newest.is_some_and(|newest| newest.seq == row.seq) {
            return Err(Error::NewestGood(row.name.clone()));
        }
        if pin_of(&writer.repository, row)?.is_some_and(|pin| pin.pinned) {
            return Err(Error::SnapshotPinned(row.name.clone()));
        }
    }
    match missing_source(&writer.index, sources)? {
        Some(path) => Err(Error::SourceMissing(path)),
        None => Ok(()),
    }
}
