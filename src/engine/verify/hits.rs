//! In which snapshots, and under which paths, a damaged file is seen: by what the index says, without changing anything.

use std::collections::{BTreeMap, HashSet};

use crate::engine::error::Result;
use crate::engine::history::{History, SnapshotState};
use crate::engine::index::Index;
use crate::engine::mend::{Hit, Rot};
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::engine::repository::Repository;
use crate::engine::snapshot::{Snapshot, name_order};

/// A path, and the numbers of the snapshots from which and to which the content is stored under it.
type Life = (RelPath, i64, i64);

/// The names of each of these damaged files, as far as the index knows them.
///
/// # Errors
/// A stop, a drive that is away, or an index that can't be read.
pub fn hits(history: &History, rots: &[Rot], monitor: &Monitor) -> Result<Vec<Vec<Hit>>> {
    let repository = history.repository()?;
    let mut rows = history.snapshots()?;
    rows.retain(|row| matches!(row.state, SnapshotState::Good | SnapshotState::Damaged));
    let mut all = Vec::with_capacity(rots.len());
    for rot in rots {
        let lives = history.ask(|answers| lives(answers.0, rot))?;
        let mut by_path: BTreeMap<&RelPath, Vec<String>> = BTreeMap::new();
        by_path.insert(&rot.path, vec![rot.snapshot.clone()]);
        for (path, first, last) in &lives {
            let range = first..=last;
            for row in rows.iter().filter(|row| range.contains(&&row.seq.cast_signed())) {
                monitor.check_cancelled()?;
                if inode_at(repository, &row.name, path) == Some(rot.inode) {
                    by_path.entry(path).or_default().push(row.name.clone());
                }
            }
        }
        let hit = |(path, mut snapshots): (&RelPath, Vec<String>)| {
            snapshots.sort_by(|one, other| name_order(one).cmp(&name_order(other)));
            snapshots.dedup();
            Hit { path: path.clone(), snapshots }
        };
        all.push(by_path.into_iter().map(hit).collect());
    }
    Ok(all)
}

/// Where the index says that the content of a damaged file is stored.
fn lives(index: &Index, rot: &Rot) -> Result<Vec<Life>> {
    let mut lives = Vec::new();
    let node = index.node_of(&rot.path)?;
    let mut size_bytes = None;
    for (first, last, state) in node.map_or(Ok(Vec::new()), |node| index.versions_of(node))? {
        if state.hash == Some(rot.hash) {
            size_bytes = Some(state.file_bytes());
            lives.push((rot.path.clone(), first, last));
        }
    }
    if size_bytes.is_none() {
        size_bytes = index.sizes_of_contents(&HashSet::from([rot.hash]))?.remove(&rot.hash);
    }
    if let Some(size) = size_bytes.filter(|size| *size > 0) {
        for place in index.places_of(size, rot.hash)?.into_iter().filter(|it| Some(it.node) != node)
        {
            let path = index.path_of(place.node)?;
            lives.extend(path.map(|path| (path, place.first, place.last)));
        }
    }
    Ok(lives)
}

/// The inode that is stored under a path of a snapshot; `None` if nothing is.
fn inode_at(repository: &Repository, snapshot: &str, path: &RelPath) -> Option<u64> {
    let files = Snapshot::open(repository, snapshot).ok()??.files().ok()?;
    let folder = files.beneath(&path.parent()?).ok()?;
    folder.stat_child(path.name()?).ok().map(|stat| stat.stx_ino)
}
