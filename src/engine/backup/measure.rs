//! How much a backup has to copy: a quick walk that reads no content. Done before a first backup, and to say
//! how much room was missing after any.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::index::{Child, Index, NodeId};
use crate::engine::meta::{Fingerprint, Kind, Metadata};
use crate::engine::monitor::Monitor;
use crate::engine::plan::{self, Step};
use crate::engine::pool::{Pool, walk_threads};
use crate::engine::probe::Space;

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

/// Counts what is in the sources, each on its own file system only. What can't be read counts nothing.
pub fn measure(sources: &[Walked], index: &Path, monitor: &Monitor) -> Result<Found> {
    let counters = Counters::default();
    let roots = sources
        .iter()
        .filter_map(|source| {
            let parent = Arc::new(Dir::open(&source.path).ok()?);
            let mount = parent.stat().ok()?.stx_mnt_id;
            let (name, leftover) = (b".".to_vec(), source.leftover.clone());
            Some(Waiting { parent, name, mount, known: source.known, leftover })
        })
        .collect();
    Pool::run(
        walk_threads(),
        roots,
        || Index::reader(index),
        |index, folder, pool| {
            monitor.check_cancelled()?;
            pool.push(count_folder(index, &folder, &counters)?);
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
fn count_folder(index: &Index, folder: &Waiting, counters: &Counters) -> Result<Vec<Waiting>> {
    let Ok(dir) = folder.parent.child(&folder.name).map(Arc::new) else { return Ok(Vec::new()) };
    let Ok(names) = dir.names() else { return Ok(Vec::new()) };
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
            counters.new_bytes.fetch_add(allocated.min(rounded), Relaxed);
        }
        if meta.kind == Kind::Directory && stat.stx_mnt_id == folder.mount {
            let known = known.and_then(|child| Some((child.node, folder.known?.1)));
            let (parent, leftover) = (Arc::clone(&dir), leftover.clone());
            folders.push(Waiting { parent, name, mount: folder.mount, known, leftover });
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
