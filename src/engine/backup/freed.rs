//! What deleting snapshots frees at least: what a run is refused or allowed by must not be promised too much.

use std::collections::HashMap;

use super::measure::{FolderCost, allocated_bytes};
use super::refusal::is_here;
use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::index::{LargeContent, NodeId, Others, SnapshotRow};
use crate::engine::monitor::Monitor;
use crate::engine::probe;
use crate::engine::recover::Writer;
use crate::engine::retention::Amount;
use crate::engine::snapshot::Snapshot;

/// What deleting the snapshots `going` together frees at least: also what several of them share.
///
/// Large files count for what they take on the drive.
pub(super) fn freed_together(writer: &Writer, going: &[u64], monitor: &Monitor) -> Result<Amount> {
    let rows = writer.index.snapshots()?;
    let is_going = |row: &&SnapshotRow| going.contains(&row.seq);
    let kept = rows.iter().filter(|row| !is_going(row) && is_here(row));
    let kept: Vec<u64> = kept.map(|row| row.seq).collect();
    let only = writer.index.contents_only_in(going, &kept)?;
    let contents = only.small_bytes.saturating_add(large(writer, &rows, only.large, monitor)?);
    let cost = FolderCost::on(writer.repository.dir());
    let folders = rows.iter().filter(is_going).map(|row| cost.freed(row.entries, row.files));
    let freed = folders.fold(Amount { bytes: contents, inodes: only.count }, Amount::plus);
    let space = probe::space(writer.repository.dir(), writer.repository.path())?;
    let used_bytes = space.total_bytes.saturating_sub(space.free_bytes);
    Ok(Amount { bytes: freed.bytes.min(used_bytes), ..freed })
}

/// What the large files take; `rows` are all snapshots.
fn large(
    writer: &Writer,
    rows: &[SnapshotRow],
    mut contents: Vec<LargeContent>,
    monitor: &Monitor,
) -> Result<u64> {
    let shares_blocks = writer.repository.marker().capabilities.reflink;
    contents.sort_unstable_by_key(|content| content.seq);
    let mut bytes = 0_u64;
    // Versions that may share blocks and all go free what was written for each, and at least the largest.
    let mut together: HashMap<NodeId, (u64, u64)> = HashMap::new();
    let written =
        |seq: u64| rows.iter().find(|row| row.seq >= seq).map_or(0, |row| row.copied_bytes);
    for of_one in contents.chunk_by(|one, other| one.seq == other.seq) {
        let row = rows.iter().find(|row| of_one.first().is_some_and(|one| one.seq == row.seq));
        let opened = row.map(|row| Snapshot::open(&writer.repository, &row.name)).transpose()?;
        let files = opened.flatten().and_then(|snapshot| snapshot.files().ok());
        let Some(files) = files else { continue };
        for content in of_one {
            monitor.check_cancelled()?;
            let taken = taken(writer, &files, content)?;
            match content.others {
                Others::Go { written_in } if shares_blocks => {
                    let (largest, sum) = together.entry(content.node).or_default();
                    *largest = taken.max(*largest);
                    *sum = sum.saturating_add(taken.min(written(written_in)));
                }
                Others::Stay { written_in } if shares_blocks => {
                    // What took its place has blocks of its own for what was written then; the others are in common.
                    bytes = bytes.saturating_add(taken.min(written(written_in)));
                }
                _ => bytes = bytes.saturating_add(taken),
            }
        }
    }
    let together = together.into_values().map(|(largest, sum)| largest.max(sum));
    Ok(together.fold(bytes, u64::saturating_add))
}

/// What a stored file takes, holes left out; 0 if it isn't there.
fn taken(writer: &Writer, files: &Dir, content: &LargeContent) -> Result<u64> {
    let Some(path) = writer.index.path_of(content.node)? else { return Ok(0) };
    let (Some(parent), Some(name)) = (path.parent(), path.name()) else { return Ok(0) };
    let stat = files.beneath(&parent).and_then(|folder| folder.stat_child(name));
    Ok(stat.map_or(0, |stat| allocated_bytes(&stat, content.size_bytes)))
}
