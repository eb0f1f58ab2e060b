//! How much a backup has to copy: a quick walk that reads no content. Done before a first backup, and to say
//! how much room was missing after any.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::{BackupOptions, filter};
use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::index::{Child, Index, NodeId};
use crate::engine::meta::{Fingerprint, Kind, Metadata};
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::engine::plan::{self, Step};
use crate::engine::pool::{Pool, walk_threads};
use crate::engine::probe::Space;
use crate::engine::repository::is_repository;
use crate::engine::rules::Why;

/// What an entry costs beside its content: an inode, its share of a directory, and its rows in spool and index.
const ENTRY_COST_BYTES: u64 = 1024;

/// What an unchanged entry costs in a new snapshot: its share of a directory block.
pub const LINK_COST_BYTES: u64 = 410;

/// A drive's block, to which every file's content is rounded up.
const BLOCK_BYTES: u64 = 4096;

/// What was found in the sources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Entries of every kind.
    pub entries: u64,
    /// Bytes of content.
    pub bytes: u64,
    /// Bytes that have to be written, holes left out.
    pub new_bytes: u64,
    /// Inodes that have to be made.
    pub new_inodes: u64,
}

impl Found {
    /// Bytes that the backup needs.
    pub fn needed_bytes(&self) -> u64 {
        let linked = self.entries.saturating_sub(self.new_inodes);
        self.new_bytes
            .saturating_add(self.new_inodes.saturating_mul(ENTRY_COST_BYTES))
            .saturating_add(linked.saturating_mul(LINK_COST_BYTES))
    }
}

/// What is walked: a source, and the folder and snapshot that it is compared with.
#[derive(Debug, Clone)]
pub struct Walked {
    /// The source's folder.
    pub path: PathBuf,
    /// The same, as rules and snapshots name it.
    pub place: RelPath,
    /// Its number in the index and the snapshot to compare with; `None` if all of it is new.
    pub known: Option<(NodeId, u64)>,
    /// The same folder in what an interrupted run left.
    pub leftover: Option<Arc<Dir>>,
}

/// Room that is always left free, so that the index can be written and a full drive can be tidied up.
pub fn reserve_bytes(space: &Space) -> u64 {
    (space.total_bytes / 100).clamp(2 << 20, 1 << 30)
}

/// A folder waits as its parent and its name: a thousand siblings must not be a thousand descriptors.
struct Waiting {
    parent: Arc<Dir>,
    name: Vec<u8>,
    path: RelPath,
    /// The rule that leaves the folder out, if it is only on the way.
    left_out: Option<Why>,
    mount: u64,
    known: Option<(NodeId, u64)>,
    /// The parent in what an interrupted run left.
    leftover: Option<Arc<Dir>>,
}

#[derive(Default)]
struct Counters {
    entries: AtomicU64,
    bytes: AtomicU64,
    new_bytes: AtomicU64,
    new_inodes: AtomicU64,
}

/// Counts what is in the sources. What can't be read or is left out counts nothing.
pub fn measure(
    sources: &[Walked],
    options: &BackupOptions,
    index: &Path,
    monitor: &Monitor,
) -> Result<Found> {
    let counters = Counters::default();
    let roots = sources
        .iter()
        .filter_map(|source| {
            let parent = Arc::new(Dir::open(&source.path).ok()?);
            let mount = parent.stat().ok()?.stx_mnt_id;
            let (name, path) = (b".".to_vec(), source.place.clone());
            let (known, leftover) = (source.known, source.leftover.clone());
            Some(Waiting { parent, name, path, left_out: None, mount, known, leftover })
        })
        .collect();
    Pool::run(
        walk_threads(),
        roots,
        || Index::reader(index),
        |index, folder, pool| {
            monitor.check_cancelled()?;
            pool.push(count_folder(index, options, &folder, &counters)?);
            let totals = (counters.entries.load(Relaxed), counters.bytes.load(Relaxed));
            monitor.set_totals(totals.0, totals.1);
            Ok(())
        },
        |_| Ok(()),
    )?;
    Ok(Found {
        entries: counters.entries.into_inner(),
        bytes: counters.bytes.into_inner(),
        new_bytes: counters.new_bytes.into_inner(),
        new_inodes: counters.new_inodes.into_inner(),
    })
}

/// Counts a folder's entries; returns the folders among them.
fn count_folder(
    index: &Index,
    options: &BackupOptions,
    folder: &Waiting,
    counters: &Counters,
) -> Result<Vec<Waiting>> {
    let Ok(dir) = folder.parent.child(&folder.name).map(Arc::new) else { return Ok(Vec::new()) };
    let Ok(mut names) = dir.names() else { return Ok(Vec::new()) };
    if is_repository(&dir, &names) {
        return Ok(Vec::new());
    }
    let rules = &options.rules;
    let marks = filter::keep(rules, &dir, &folder.path, folder.left_out.clone(), &mut names);
    let known = match folder.known {
        Some((node, seq)) => index.children(node, seq)?,
        None => Vec::new(),
    };
    let leftover = folder.leftover.as_ref().and_then(|dir| dir.child(&folder.name).ok());
    let leftover = leftover.map(Arc::new);
    let known: HashMap<&[u8], &Child> =
        known.iter().map(|child| (child.name.as_slice(), child)).collect();
    let mut folders = Vec::new();
    for name in names {
        let Ok(stat) = dir.stat_child(&name) else { continue };
        let Some(meta) = Metadata::from_statx(&stat) else { continue };
        let known = known.get(name.as_slice()).copied();
        counters.entries.fetch_add(1, Relaxed);
        if meta.kind == Kind::File {
            counters.bytes.fetch_add(meta.size_bytes, Relaxed);
        }
        let state = known.map(|child| &child.state);
        let fingerprint = Fingerprint::from_statx(&stat);
        let is_stored = match meta.kind {
            Kind::File => {
                plan::plan_file(state, &meta, &fingerprint, true) == Step::Link
                    || is_left(leftover.as_deref(), &name, &meta)
            }
            kind => kind != Kind::Directory && known.is_some(),
        };
        if !is_stored {
            counters.new_inodes.fetch_add(1, Relaxed);
            let allocated = stat.stx_blocks.saturating_mul(512);
            let rounded = meta.size_bytes.next_multiple_of(BLOCK_BYTES);
            // Of a file with several names each counts for its part.
            let names = u64::from(stat.stx_nlink.max(1));
            counters.new_bytes.fetch_add(allocated.min(rounded) / names, Relaxed);
        }
        let is_walked = options.cross_mounts || stat.stx_mnt_id == folder.mount;
        if meta.kind == Kind::Directory && is_walked {
            let known = known.and_then(|child| Some((child.node, folder.known?.1)));
            let (parent, leftover) = (Arc::clone(&dir), leftover.clone());
            let path = folder.path.join(&name);
            let left_out = filter::on_the_way(rules, &path, &marks);
            let mount = folder.mount;
            folders.push(Waiting { parent, name, path, left_out, mount, known, leftover });
        }
    }
    Ok(folders)
}

/// Whether an interrupted run seems to have stored the file.
fn is_left(leftover: Option<&Dir>, name: &[u8], wanted: &Metadata) -> bool {
    let stat = leftover.and_then(|dir| dir.stat_child(name).ok());
    let found = stat.as_ref().and_then(Metadata::from_statx);
    found.is_some_and(|found| {
        found.kind == Kind::File
            && found.size_bytes == wanted.size_bytes
            && found.mtime == wanted.mtime
    })
}
