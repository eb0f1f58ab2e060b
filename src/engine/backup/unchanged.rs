//! Whether a run would find anything new: a walk that compares names and fingerprints and writes nothing.
//!
//! It may say "changed" of what is not: then the run itself finds out. It never says "unchanged" of what is.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::folder::Base;
use super::{BackupOptions, filter, source_path};
use crate::engine::damage::Damage;
use crate::engine::dir::Dir;
use crate::engine::disk;
use crate::engine::error::Result;
use crate::engine::index::{Child, Index, NodeId, SnapshotRow, SnapshotState, State};
use crate::engine::listing::Buffer;
use crate::engine::meta::{Fingerprint, Kind, Metadata};
use crate::engine::monitor::Monitor;
use crate::engine::path::{EntryName, RelPath};
use crate::engine::plan;
use crate::engine::pool::{Pool, reading_threads};
use crate::engine::probe;
use crate::engine::recover::Writer;
use crate::engine::rules::Why;
use crate::engine::snapshot::Snapshot;

/// The newest snapshot, if every source's last state is in it and it protected just these sources.
pub(super) fn comparable(
    index: &Index,
    options: &BackupOptions,
    bases: &[Option<Base>],
) -> Result<Option<SnapshotRow>> {
    let newest = index.snapshots()?.pop().filter(|row| row.state == SnapshotState::Good);
    let Some(newest) = newest else { return Ok(None) };
    let is_base = |base: &Option<Base>| base.as_ref().is_some_and(|base| base.seq == newest.seq);
    let same_sources = index.sources_of(newest.seq)?.len() == options.sources.len();
    Ok((same_sources && bases.iter().all(is_base)).then_some(newest))
}

/// A folder that is still to be compared.
struct Waiting {
    parent: Arc<Dir>,
    name: EntryName,
    path: RelPath,
    /// The rule that leaves the folder out, if it is only on the way.
    left_out: Option<Why>,
    node: NodeId,
    mount: u64,
    stable_inodes: bool,
}

/// Whether every source is, entry for entry, as the snapshot `at` has it.
pub(super) fn is_unchanged(
    writer: &Writer,
    options: &BackupOptions,
    at: u64,
    monitor: &Monitor,
) -> Result<bool> {
    let (index, mut roots): (&Index, _) = (&writer.index, Vec::new());
    for source in &options.sources {
        let place = source_path(source)?;
        let Some(node) = index.node_of(&place)? else { return Ok(false) };
        let Some((_, _, state)) = index.version_at(node, at)? else { return Ok(false) };
        let Some(root) = open_root(&source.path, place, node, &state) else { return Ok(false) };
        roots.push(root);
    }
    // The index is on the drive.
    let turns =
        disk::turns(writer.repository.dir()) || roots.iter().any(|root| disk::turns(&root.parent));
    let path = index.path();
    let differs = AtomicBool::new(false);
    Pool::run(
        reading_threads(turns),
        roots,
        || Ok((Index::steady_reader(path)?, Buffer::default())),
        |(index, buffer), folder, pool| {
            monitor.check_cancelled()?;
            if differs.load(Relaxed) {
                return Ok(());
            }
            match compare((index, buffer), &folder, at, options)? {
                Some(folders) => pool.push(folders),
                None => differs.store(true, Relaxed),
            }
            Ok(())
        },
        |_| Ok(()),
    )?;
    Ok(!differs.into_inner())
}

/// Whether nothing that is known to be damaged is where it was in the snapshot `last`.
pub fn is_sound(writer: &Writer, last: &SnapshotRow) -> bool {
    let repository = &writer.repository;
    let Ok(damage) = Damage::read(repository) else { return false };
    if damage.is_empty() {
        return true;
    }
    let snapshot = Snapshot::open(repository, &last.name).ok().flatten();
    let Some(files) = snapshot.and_then(|snapshot| snapshot.files().ok()) else { return false };
    let is_there = |path: &RelPath, inode| {
        let folder = files.beneath(&path.parent().unwrap_or_default());
        let stat = folder.and_then(|dir| dir.stat_child(path.name().unwrap_or_default()));
        stat.is_ok_and(|stat| stat.stx_ino == inode)
    };
    !damage.files().any(|file| is_there(&file.path, file.inode))
}

fn open_root(path: &Path, place: RelPath, node: NodeId, state: &State) -> Option<Waiting> {
    let parent = Dir::open(path).ok()?;
    let stat = parent.stat().ok()?;
    let stable_inodes = probe::has_stable_inodes(&parent);
    let (meta, fingerprint) = (Metadata::from_statx(&stat)?, Fingerprint::from_statx(&stat));
    plan::is_recognised(state, &meta, &fingerprint, stable_inodes).then(|| Waiting {
        parent: Arc::new(parent),
        name: EntryName::from_slice(b"."),
        path: place,
        left_out: None,
        node,
        mount: stat.stx_mnt_id,
        stable_inodes,
    })
}

/// Compares one folder's entries; the folders among them, or `None` if anything differs.
fn compare(
    (index, buffer): (&Index, &mut Buffer),
    folder: &Waiting,
    at: u64,
    options: &BackupOptions,
) -> Result<Option<Vec<Waiting>>> {
    let Ok(dir) = folder.parent.child(&folder.name).map(Arc::new) else { return Ok(None) };
    let Ok(listed) = dir.entries_once(buffer) else { return Ok(None) };
    let mut names: Vec<EntryName> = listed.into_iter().map(|listed| listed.name).collect();
    let (rules, left_out) = (&options.rules, folder.left_out.clone());
    let marks = filter::keep(rules, &dir, &folder.path, left_out, &mut names);
    let children = index.children(folder.node, at)?;
    if names.len() != children.len() {
        return Ok(None);
    }
    let known: HashMap<&[u8], &Child> =
        children.iter().map(|child| (child.name.as_slice(), child)).collect();
    let mut folders = Vec::new();
    for name in names {
        let Some(child) = known.get(name.as_slice()) else { return Ok(None) };
        let Ok(stat) = dir.stat_child(&name) else { return Ok(None) };
        let Some(meta) = Metadata::from_statx(&stat) else { return Ok(None) };
        let fingerprint = Fingerprint::from_statx(&stat);
        if !plan::is_recognised(&child.state, &meta, &fingerprint, folder.stable_inodes) {
            return Ok(None);
        }
        let is_walked = options.cross_mounts || stat.stx_mnt_id == folder.mount;
        if meta.kind == Kind::Directory && is_walked {
            let path = folder.path.join(&name);
            folders.push(Waiting {
                parent: Arc::clone(&dir),
                left_out: filter::on_the_way(rules, &path, &marks),
                path,
                name,
                node: child.node,
                mount: stat.stx_mnt_id,
                stable_inodes: folder.stable_inodes,
            });
        }
    }
    Ok(Some(folders))
}
