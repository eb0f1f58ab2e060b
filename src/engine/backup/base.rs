//! What a source is compared with: its last state, and the snapshot whose files can be linked to.

use super::folder::Base;
use super::{BackupOptions, Source};
use crate::engine::error::Result;
use crate::engine::index::Index;
use crate::engine::overrides::SnapshotRef;
use crate::engine::path::RelPath;

/// How a source is named in snapshots and rules.
pub(super) fn source_path(source: &Source) -> Result<RelPath> {
    Ok(RelPath::from_absolute(&source.path)?)
}

/// What each source is compared with.
pub(super) fn bases_of(index: &Index, options: &BackupOptions) -> Result<Vec<Option<Base>>> {
    options.sources.iter().map(|source| base_of(index, source)).collect()
}

/// The state that a source is compared with, and the snapshot whose files can be linked to.
fn base_of(index: &Index, source: &Source) -> Result<Option<Base>> {
    let path = source_path(source)?;
    let snapshots = index.snapshots()?;
    let Some(seq) = index.newest_of_source(source.id, &path)? else { return Ok(None) };
    let find = |seq| snapshots.iter().find(|row| row.seq == seq);
    let linkable = index.newest_good_of_source(source.id, &path)?.and_then(find);
    Ok(find(seq).map(|row| Base {
        seq,
        reference: SnapshotRef { id: row.id, started: row.started },
        linkable: linkable.map(|row| (row.seq, row.name.clone())),
    }))
}
