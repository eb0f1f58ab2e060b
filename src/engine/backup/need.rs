//! How much room a run needs: estimated by the last runs, or counted where that may be too much.

use std::sync::Arc;

use super::folder::Base;
use super::measure::{self, FolderCost, Found, reserve};
use super::{BackupOptions, source_path};
use crate::engine::error::Result;
use crate::engine::index::SnapshotRow;
use crate::engine::monitor::Monitor;
use crate::engine::probe::{self, Space};
use crate::engine::recover::Writer;
use crate::engine::retention::Amount;

/// So many of the last runs are asked how much was new.
const ASKED: usize = 5;

/// An estimate is believed if so many times as much is free.
const CERTAIN_TIMES: u64 = 4;

/// And if more than this part of the drive is free, as a divisor.
const CERTAIN_PART: u64 = 10;

/// Counts what the run has to store if that may matter; `None` if there is certainly room for it.
///
/// A later run trusts the last ones' counts where much is free: walking everything twice would cost as much as the run.
pub(super) fn count_if_needed(
    writer: &Writer,
    options: &BackupOptions,
    bases: &[Option<Base>],
    monitor: &Monitor,
) -> Result<Option<Found>> {
    let rows = writer.index.snapshots()?;
    if let Some(last) = rows.last().filter(|_| bases.iter().all(Option::is_some)) {
        let space = probe::space(writer.repository.dir(), writer.repository.path())?;
        let cost = FolderCost::on(writer.repository.dir());
        let needed = estimate(&rows, last, cost).plus(reserve(&space));
        if is_certain(needed, &space) {
            monitor.set_totals(last.entries, last.total_bytes);
            return Ok(None);
        }
    }
    count(writer, options, bases, monitor).map(Some)
}

/// What a run needs that finds as much new as the last ones did.
fn estimate(rows: &[SnapshotRow], last: &SnapshotRow, cost: FolderCost) -> Amount {
    // The first one had to copy everything.
    let asked = rows.iter().skip(1).rev().take(ASKED);
    let copied = asked.max_by_key(|row| row.copied_bytes).map_or(Amount::default(), |row| {
        let mean_bytes = row.total_bytes.checked_div(row.files).unwrap_or(0).max(1);
        Amount { bytes: row.copied_bytes, inodes: row.copied_bytes.div_ceil(mean_bytes) }
    });
    copied.plus(Amount {
        bytes: last.entries.saturating_mul(cost.entry_bytes),
        inodes: last.entries.saturating_sub(last.files),
    })
}

fn is_certain(needed: Amount, space: &Space) -> bool {
    let (free, total) = (space.free(), space.total());
    let is_enough = |needed: u64, free: u64, total: u64| {
        free >= needed.saturating_mul(CERTAIN_TIMES) && free >= total / CERTAIN_PART
    };
    is_enough(needed.bytes, free.bytes, total.bytes)
        && is_enough(needed.inodes, free.inodes, total.inodes)
}

/// Walks the sources and counts what has to be stored.
pub(super) fn count(
    writer: &Writer,
    options: &BackupOptions,
    bases: &[Option<Base>],
    monitor: &Monitor,
) -> Result<Found> {
    let mut sources = Vec::new();
    for (source, base) in options.sources.iter().zip(bases) {
        let place = source_path(source)?;
        let known = writer.index.node_of(&place)?.zip(base.as_ref().map(|base| base.seq));
        let leftover = writer.leftover.as_ref().and_then(|left| left.files(&writer.repository));
        let leftover = leftover.and_then(|files| files.beneath(&place).ok()).map(Arc::new);
        let clones = writer.repository.marker().capabilities.reflink;
        let linkable = base.as_ref().and_then(|base| base.linkable.as_ref());
        let cloned_from = linkable.filter(|_| clones).map(|(seq, _)| *seq);
        let path = source.path.clone();
        sources.push(measure::Walked { path, place, known, leftover, cloned_from });
    }
    measure::measure(writer, &sources, options, monitor)
}
