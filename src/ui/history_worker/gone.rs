//! What was in a folder at earlier moments and isn't at the shown one.

use jiff::Timestamp;

use crate::app::error::Result;
use crate::engine::history::{DeletedCursor, DeletedQuery, Entry, History, SnapshotInfo};
use crate::engine::path::RelPath;

/// The most rows of a page.
const PAGE_ROWS: usize = 500;

/// An entry that was deleted.
#[derive(Debug, Clone)]
pub struct Gone {
    /// What it was at last.
    pub entry: Entry,
    /// The snapshot that it can be brought back from.
    pub from: u64,
    /// When that was made.
    pub last: Timestamp,
    /// When the first snapshot without it was made; nothing if no snapshot is without it yet.
    pub gone: Option<Timestamp>,
}

/// Some of them, newest deletions first.
#[derive(Debug)]
pub struct GonePage {
    /// The entries; perhaps none, and more on the next page.
    pub rows: Vec<Gone>,
    /// Where the next page begins.
    pub next: Option<DeletedCursor>,
}

/// A page of what was deleted in `folder` itself before the snapshot `at`.
pub fn gone(
    history: &History,
    folder: &RelPath,
    at: u64,
    after: Option<&DeletedCursor>,
) -> Result<GonePage> {
    let query = DeletedQuery {
        under: folder.clone(),
        before: Some(at),
        only_children: true,
        after: after.cloned(),
        limit: PAGE_ROWS,
        ..DeletedQuery::default()
    };
    let page = history.deleted(&query)?;
    let snapshots = history.snapshots()?;
    let started = |seq: u64| {
        let index = snapshots.binary_search_by_key(&seq, |snapshot: &SnapshotInfo| snapshot.seq);
        index.ok().and_then(|index| snapshots.get(index)).map(|snapshot| snapshot.started)
    };
    let mut rows = Vec::new();
    for row in page.rows.into_iter().filter(|row| row.path.parent().as_ref() == Some(folder)) {
        // Nothing of it may be stored in any snapshot that is good.
        if let Some(good) = history.good_with(&row.path, row.last)? {
            let gone = Some(started(row.gone).unwrap_or(good.started));
            rows.push(Gone { entry: row.entry, from: good.seq, last: good.started, gone });
        }
    }
    Ok(GonePage { rows, next: page.next })
}
