//! How much a backup has to copy: a quick walk that reads no content. Done before a first backup, and to say
//! how much room was missing after any.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::Statx;

use super::file::DELTA_BYTES;
use super::gauge::Rewritten;
use super::run::device_of;
use super::{BackupOptions, filter};
use crate::engine::dir::Dir;
use crate::engine::disk;
use crate::engine::error::Result;
use crate::engine::index::{Child, Index, NodeId, State};
use crate::engine::meta::{Fingerprint, Kind, Metadata};
use crate::engine::monitor::Monitor;
use crate::engine::path::{EntryName, RelPath};
use crate::engine::plan::{self, Step};
use crate::engine::pool::{Pool, reading_threads};
use crate::engine::probe::{self, Space};
use crate::engine::recover::Writer;
use crate::engine::repository::is_repository;
use crate::engine::retention::Amount;
use crate::engine::rules::Why;
use crate::engine::xattr;

/// What an entry costs beside its content: an inode, its share of a directory, and its rows in spool and index.
pub(in crate::engine) const ENTRY_COST_BYTES: u64 = 1024;

/// Of smaller files it isn't asked whether they are stored under another path.
const ASKED_BYTES: u64 = 64 << 10;

/// Bytes that are always left free.
const RESERVED_BYTES: RangeInclusive<u64> = 2 << 20..=1 << 30;

/// Inodes that are always left free: for the probe, the journal and the trash of a full drive.
const RESERVED_INODES: RangeInclusive<u64> = 32..=128;

/// A drive's block, to which every file's content is rounded up.
const BLOCK_BYTES: u64 = 4096;

/// What was found in the sources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Entries of every kind.
    pub entries: u64,
    /// Folders among them, each of which is made anew.
    pub folders: u64,
    /// Bytes of content.
    pub bytes: u64,
    /// Bytes that have to be written, holes left out.
    pub new_bytes: u64,
    /// Entries that are no folders and have to be stored.
    pub new_entries: u64,
    /// Folders that were never stored.
    pub new_folders: u64,
    /// Bytes of content that an interrupted run has stored already.
    pub left_bytes: u64,
    /// Bytes of large files that changed and of which only what differs is written: how much that is, only the run finds out.
    pub rewritten_bytes: u64,
}

impl Found {
    /// With as much for what is written over as the run has found out already.
    pub fn with_rewritten(mut self, rewritten: &Rewritten) -> Self {
        self.new_bytes = self.new_bytes.saturating_add(rewritten.part_of(self.rewritten_bytes));
        self
    }

    /// What the backup needs on a drive with folders that cost so much.
    pub fn needed(&self, cost: FolderCost) -> Amount {
        let new = self.new_entries.saturating_add(self.new_folders);
        let linked = self.entries.saturating_sub(new).saturating_mul(cost.entry_bytes);
        let folders = self.folders.saturating_mul(cost.folder_bytes);
        Amount {
            bytes: self
                .new_bytes
                .saturating_add(new.saturating_mul(ENTRY_COST_BYTES))
                .saturating_add(linked.max(folders)),
            inodes: self.new_entries.saturating_add(self.folders),
        }
    }
}

/// What the folders of a snapshot cost, even if nothing is new in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FolderCost {
    /// An entry's share of its folder, on average.
    pub entry_bytes: u64,
    /// The least that a folder takes.
    pub folder_bytes: u64,
    /// What deleting a folder gives back at least.
    freed_bytes: u64,
}

impl FolderCost {
    /// As measured on the file system that `dir` is on.
    pub fn on(dir: &Dir) -> Self {
        let freed_bytes = 0;
        match probe::file_system_name(dir) {
            "ext4" => {
                Self { entry_bytes: 410, folder_bytes: BLOCK_BYTES, freed_bytes: BLOCK_BYTES }
            }
            // Small folders lie in their inodes.
            "XFS" => Self { entry_bytes: 450, folder_bytes: 512, freed_bytes },
            "btrfs" => Self { entry_bytes: 360, folder_bytes: 0, freed_bytes },
            _ => Self { entry_bytes: 450, folder_bytes: BLOCK_BYTES, freed_bytes },
        }
    }

    /// What deleting a snapshot with so many entries and files frees at least, contents left out.
    pub fn freed(self, entries: u64, files: u64) -> Amount {
        // Folders belong to one snapshot; all other entries may be links.
        let folders = entries.saturating_sub(files);
        let bytes = folders.saturating_mul(self.freed_bytes);
        Amount { bytes: bytes.min(entries.saturating_mul(self.entry_bytes)), inodes: folders }
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
    /// The last snapshot whose files can be cloned and written over; `None` if the drive can't do that.
    pub cloned_from: Option<u64>,
}

/// Room that is always left free, so that the index can be written and a full drive can be tidied up.
pub fn reserve(space: &Space) -> Amount {
    let hundredth =
        |total: u64, range: RangeInclusive<u64>| (total / 100).clamp(*range.start(), *range.end());
    Amount {
        bytes: hundredth(space.total_bytes, RESERVED_BYTES),
        inodes: space.total_inodes.map_or(0, |total| hundredth(total, RESERVED_INODES)),
    }
}

/// A folder waits as its parent and its name: a thousand siblings must not be a thousand descriptors.
struct Waiting {
    parent: Arc<Dir>,
    name: EntryName,
    path: RelPath,
    /// The rule that leaves the folder out, if it is only on the way.
    left_out: Option<Why>,
    mount: u64,
    known: Option<(NodeId, u64)>,
    /// The parent in what an interrupted run left.
    leftover: Option<Arc<Dir>>,
    compared: Compared,
}

/// How the files of a source are compared with what is stored.
#[derive(Clone, Copy)]
struct Compared {
    stable_inodes: bool,
    cloned_from: Option<u64>,
}

/// A file by its device and inode.
type Inode = ((u32, u32), u64);

#[derive(Default)]
struct Counters {
    /// Files with several names that are counted.
    several: [Mutex<HashSet<Inode>>; 16],
    entries: AtomicU64,
    folders: AtomicU64,
    bytes: AtomicU64,
    new_bytes: AtomicU64,
    new_entries: AtomicU64,
    new_folders: AtomicU64,
    left_bytes: AtomicU64,
    rewritten_bytes: AtomicU64,
}

/// Counts what is in the sources. What can't be read or is left out counts nothing.
pub fn measure(
    writer: &Writer,
    sources: &[Walked],
    options: &BackupOptions,
    monitor: &Monitor,
) -> Result<Found> {
    let counters = Counters::default();
    let roots: Vec<Waiting> = sources
        .iter()
        .filter_map(|source| {
            let parent = Arc::new(Dir::open(&source.path).ok()?);
            let mount = parent.stat().ok()?.stx_mnt_id;
            let (name, path) = (EntryName::from_slice(b"."), source.place.clone());
            let (known, leftover) = (source.known, source.leftover.clone());
            let stable_inodes = probe::has_stable_inodes(&parent);
            let compared = Compared { stable_inodes, cloned_from: source.cloned_from };
            Some(Waiting { parent, name, path, left_out: None, mount, known, leftover, compared })
        })
        .collect();
    let index = writer.index.path();
    // It is on the drive, and so is what was left.
    let turns =
        disk::turns(writer.repository.dir()) || roots.iter().any(|root| disk::turns(&root.parent));
    Pool::run(
        reading_threads(turns),
        roots,
        || Index::steady_reader(index),
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
        folders: counters.folders.into_inner(),
        bytes: counters.bytes.into_inner(),
        new_bytes: counters.new_bytes.into_inner(),
        new_entries: counters.new_entries.into_inner(),
        new_folders: counters.new_folders.into_inner(),
        left_bytes: counters.left_bytes.into_inner(),
        rewritten_bytes: counters.rewritten_bytes.into_inner(),
    })
}

impl Counters {
    /// Counts an entry; the bytes of its content, if it may have to be stored.
    fn add(
        &self,
        stat: &Statx,
        meta: &Metadata,
        known: Option<&State>,
        compared: Compared,
    ) -> Option<u64> {
        self.entries.fetch_add(1, Relaxed);
        if meta.kind == Kind::Directory {
            self.folders.fetch_add(1, Relaxed);
            self.new_folders.fetch_add(u64::from(known.is_none()), Relaxed);
            return None;
        }
        let fingerprint = Fingerprint::from_statx(stat);
        let is_known = match meta.kind {
            Kind::File => {
                self.bytes.fetch_add(meta.size_bytes, Relaxed);
                plan::plan_file(known, meta, &fingerprint, compared.stable_inodes) == Step::Link
            }
            _ => known.is_some(),
        };
        (!is_known).then(|| allocated_bytes(stat, meta.size_bytes))
    }

    /// Counts what has to be stored: a file with several names once, whole.
    fn add_new(&self, stat: &Statx, meta: &Metadata, bytes: u64, is_written_over: bool) {
        if meta.kind == Kind::File && meta.size_bytes > 0 && stat.stx_nlink > 1 {
            let shard = self.several.get((stat.stx_ino % 16) as usize);
            let seen = shard.map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner));
            if seen.is_some_and(|mut seen| !seen.insert((device_of(stat), stat.stx_ino))) {
                return;
            }
        }
        self.new_entries.fetch_add(1, Relaxed);
        let counter = if is_written_over { &self.rewritten_bytes } else { &self.new_bytes };
        counter.fetch_add(bytes, Relaxed);
    }
}

impl Compared {
    /// Whether a changed file is stored as a clone of the last version in which only what differs is written.
    fn is_written_over(self, meta: &Metadata, known: Option<&Child>) -> bool {
        let last = known.filter(|child| {
            child.state.meta.kind == Kind::File
                && child.state.meta.size_bytes > 0
                && !child.state.change().absent
        });
        let first = last.and_then(|child| u64::try_from(child.first).ok());
        meta.kind == Kind::File
            && meta.size_bytes >= DELTA_BYTES
            && first.zip(self.cloned_from).is_some_and(|(first, last)| first <= last)
    }
}

/// What a file's content takes on a drive, holes left out.
pub(in crate::engine) fn allocated_bytes(stat: &Statx, size_bytes: u64) -> u64 {
    stat.stx_blocks.saturating_mul(512).min(size_bytes.next_multiple_of(BLOCK_BYTES))
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
        let found = counters.add(&stat, &meta, known.map(|child| &child.state), folder.compared);
        if let Some(bytes) = found {
            // What is only called otherwise now is worth a question if it is large.
            let is_stored =
                bytes >= ASKED_BYTES && index.has_file_like(meta.size_bytes, meta.mtime)?;
            if is_left(leftover.as_deref(), &name, &meta) {
                counters.left_bytes.fetch_add(bytes, Relaxed);
            } else if !is_stored {
                let is_written_over = folder.compared.is_written_over(&meta, known);
                counters.add_new(&stat, &meta, bytes, is_written_over);
            }
        }
        let is_walked = options.cross_mounts || stat.stx_mnt_id == folder.mount;
        if meta.kind == Kind::Directory && is_walked {
            let known = known.and_then(|child| Some((child.node, folder.known?.1)));
            let (parent, leftover) = (Arc::clone(&dir), leftover.clone());
            let path = folder.path.join(&name);
            let left_out = filter::on_the_way(rules, &path, &marks);
            let (mount, compared) = (folder.mount, folder.compared);
            folders.push(Waiting {
                parent,
                name,
                path,
                left_out,
                mount,
                known,
                leftover,
                compared,
            });
        }
    }
    Ok(folders)
}

/// Whether an interrupted run seems to have stored the file, hash and all.
pub(super) fn is_left(leftover: Option<&Dir>, name: &[u8], wanted: &Metadata) -> bool {
    let is_like = |stat: &Statx| {
        Metadata::from_statx(stat).is_some_and(|found| {
            found.kind == Kind::File
                && found.size_bytes == wanted.size_bytes
                && found.mtime == wanted.mtime
        })
    };
    let Some(leftover) = leftover.filter(|dir| dir.stat_child(name).is_ok_and(|s| is_like(&s)))
    else {
        return false;
    };
    // One without a hash was not finished.
    leftover
        .open_file(name)
        .is_ok_and(|(file, _)| xattr::read_hash(&file).is_ok_and(|hash| hash.is_some()))
}
