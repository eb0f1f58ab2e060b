//! Answers questions about the past from the index. Changes nothing, on the drive or anywhere.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use super::error::{Error, Result};
use super::index::{Child, Index, NodeId, OPEN, State, is_missing_or_broken};
use super::meta::{ContentHash, FileTime, Kind, Metadata};
use super::monitor::Monitor;
use super::path::RelPath;
use super::recover;
use super::repository::Repository;
use super::seal::Problem;
use super::snapshot::Snapshot;

pub use super::index::{SnapshotRow as SnapshotInfo, SnapshotState};

/// One entry at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Permission bits, the low 12.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Length of its content in bytes.
    pub size_bytes: u64,
    /// When its content was changed.
    pub mtime: FileTime,
    /// Hash of a file's content, or of a symbolic link's target.
    pub hash: Option<ContentHash>,
    /// It could not be read in that run: an older state was carried forward.
    pub stale: bool,
    /// It changed each time that it was read: its content may be inconsistent.
    pub torn: bool,
    /// It was there but has never been read: nothing of it is stored.
    pub absent: bool,
}

impl Entry {
    fn new(name: &[u8], state: &State) -> Self {
        let change = state.change();
        let Metadata { kind, mode, uid, gid, size_bytes, mtime, .. } = state.meta;
        Self {
            name: name.to_vec(),
            kind,
            mode,
            uid,
            gid,
            size_bytes,
            mtime,
            hash: state.hash,
            stale: change.stale.is_some(),
            torn: change.torn,
            absent: change.absent,
        }
    }

    /// A folder above the sources, of which nothing but its name is kept.
    fn scaffold(name: &[u8]) -> Self {
        Self {
            name: name.to_vec(),
            kind: Kind::Directory,
            mode: 0o755,
            uid: 0,
            gid: 0,
            size_bytes: 0,
            mtime: FileTime::default(),
            hash: None,
            stale: false,
            torn: false,
            absent: false,
        }
    }
}

/// One state of a path and the snapshots that it lasted through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// What it was.
    pub entry: Entry,
    /// Number of the first snapshot.
    pub first: u64,
    /// Number of the last snapshot; the newest one's if it still lasts.
    pub last: u64,
}

/// A repository's past.
#[derive(Debug)]
pub struct History {
    repository: Repository,
    index: RefCell<Index>,
    /// Where a passing index is made if it must be.
    scratch: PathBuf,
    passing: RefCell<Option<Scratch>>,
}

/// A passing index, removed with the history that it was made for.
#[derive(Debug)]
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // What can't be removed lies in a cache folder and does no harm.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl History {
    /// Opens the history of a repository for reading only.
    ///
    /// An index that is missing, broken or can't be opened where it lies is made anew for this history
    /// alone in `scratch`, a file that must not exist.
    pub fn open(repository: Repository, scratch: &Path, monitor: &Monitor) -> Result<Self> {
        let path = recover::index_path(&repository)?;
        let scratch = scratch.to_owned();
        let (index, passing) = match Index::open_read_only(&path) {
            Ok(Some(index)) if index.snapshots().is_ok() => (index, None),
            // On a drive that is read-only, a journal beside the index can't be played back.
            Ok(_) | Err(Error::Index { .. }) => {
                let passing = Scratch(scratch.clone());
                (recover::build_index(&repository, &scratch, monitor)?, Some(passing))
            }
            Err(error) => return Err(error),
        };
        let (index, passing) = (RefCell::new(index), RefCell::new(passing));
        Ok(Self { repository, index, scratch, passing })
    }

    /// Asks the index; if a rotten page is met, a passing one is made from the trees and asked again.
    pub(super) fn ask<T>(&self, question: impl Fn(&Index) -> Result<T>) -> Result<T> {
        let answer = question(&self.index.borrow());
        match answer {
            Err(error) if self.replace_index(&error)? => question(&self.index.borrow()),
            answer => answer,
        }
    }

    /// Replaces the index if `error` says that it is broken and it wasn't replaced before.
    pub(super) fn replace_index(&self, error: &Error) -> Result<bool> {
        let Error::Index { source, .. } = error else { return Ok(false) };
        if !is_missing_or_broken(source) || self.passing.borrow().is_some() {
            return Ok(false);
        }
        let passing = Scratch(self.scratch.clone());
        let index = recover::build_index(&self.repository, &self.scratch, &Monitor::new())?;
        self.index.replace(index);
        self.passing.replace(Some(passing));
        Ok(true)
    }

    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Where the index lies, for threads that read it on their own.
    pub(super) fn index_path(&self) -> PathBuf {
        self.index.borrow().path().to_owned()
    }

    /// The number of `path`; `None` if it was never seen.
    pub(super) fn node_of(&self, path: &RelPath) -> Result<Option<NodeId>> {
        self.ask(|index| index.node_of(path))
    }

    /// The children of the folder `node` in the snapshot `at`.
    pub(super) fn children_of(&self, node: NodeId, at: u64) -> Result<Vec<Child>> {
        self.ask(|index| index.children(node, at))
    }

    /// All snapshots, oldest first.
    pub fn snapshots(&self) -> Result<Vec<SnapshotInfo>> {
        self.ask(Index::snapshots)
    }

    /// The snapshot with the number `seq`.
    pub fn snapshot(&self, seq: u64) -> Result<SnapshotInfo> {
        let found = self.snapshots()?.into_iter().find(|row| row.seq == seq);
        found.ok_or_else(|| Error::NoSuchSnapshot(seq.to_string()))
    }

    /// The entries of `folder` in the snapshot `at`, sorted by name bytes.
    pub fn list(&self, folder: &RelPath, at: u64) -> Result<Vec<Entry>> {
        let entries = self.children(folder, at)?;
        if entries.is_empty() && self.entry(folder, at)?.is_none() {
            return Err(self.not_in(folder, at));
        }
        Ok(entries)
    }

    fn children(&self, folder: &RelPath, at: u64) -> Result<Vec<Entry>> {
        let sources = self.ask(|index| index.sources_of(at))?;
        if sources.iter().any(|(_, source)| folder.is_within(source)) {
            let Some(node) = self.node_of(folder)? else { return Ok(Vec::new()) };
            let children = self.children_of(node, at)?;
            return Ok(children
                .iter()
                .map(|child| Entry::new(&child.name, &child.state))
                .collect());
        }
        let depth = folder.components().count();
        let mut names: Vec<&[u8]> = sources
            .iter()
            .filter(|(_, source)| source.is_within(folder))
            .filter_map(|(_, source)| source.components().nth(depth))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
            .into_iter()
            .map(|name| {
                let state = self.state(&folder.join(name), at)?;
                Ok(state.map_or_else(|| Entry::scaffold(name), |state| Entry::new(name, &state)))
            })
            .collect()
    }

    /// The entry at `path` in the snapshot `at`; `None` if there was none.
    pub fn entry(&self, path: &RelPath, at: u64) -> Result<Option<Entry>> {
        let name = path.name().unwrap_or_default();
        if let Some(state) = self.state(path, at)? {
            return Ok(Some(Entry::new(name, &state)));
        }
        let sources = self.ask(|index| index.sources_of(at))?;
        let is_scaffold = sources.iter().any(|(_, source)| source.is_within(path));
        Ok(is_scaffold.then(|| Entry::scaffold(name)))
    }

    /// The distinct versions of `path`, newest first.
    pub fn versions(&self, path: &RelPath) -> Result<Vec<Version>> {
        let node = self.node_of(path)?.ok_or_else(|| Error::NeverSeen(path.clone()))?;
        let name = path.name().unwrap_or_default();
        let newest = self.snapshots()?.last().map_or(0, |row| row.seq);
        let mut versions: Vec<Version> = Vec::new();
        for (first, last, state) in self.ask(|index| index.versions_of(node))? {
            let entry = Entry::new(name, &state);
            let (first, last) = (first as u64, if last == OPEN { newest } else { last as u64 });
            match versions.last_mut() {
                // A mark that came or went is no new version.
                Some(later) if later.first == last + 1 && is_same(&later.entry, &entry) => {
                    later.first = first;
                }
                _ => versions.push(Version { entry, first, last }),
            }
        }
        if versions.is_empty() { Err(Error::NeverSeen(path.clone())) } else { Ok(versions) }
    }

    /// What could not be read when the snapshot `at` was made.
    pub fn problems(&self, at: u64) -> Result<Vec<Problem>> {
        let name = self.snapshot(at)?.name;
        let path = self.repository.path().join("snapshots").join(&name);
        let snapshot = Snapshot::open(&self.repository, &name)?
            .ok_or_else(|| Error::DriveMissing(path.clone()))?;
        snapshot.read_problems().map_err(|reason| Error::Damaged { path, reason })
    }

    /// The identities and paths of the sources that the snapshot `at` protected.
    pub fn sealed_sources(&self, at: u64) -> Result<Vec<(uuid::Uuid, RelPath)>> {
        self.ask(|index| index.sources_of(at))
    }

    /// The paths of the sources that the snapshot `at` protected, sorted.
    pub fn sources(&self, at: u64) -> Result<Vec<RelPath>> {
        let mut paths: Vec<RelPath> =
            self.ask(|index| index.sources_of(at))?.into_iter().map(|(_, path)| path).collect();
        paths.sort();
        Ok(paths)
    }

    pub(super) fn state(&self, path: &RelPath, at: u64) -> Result<Option<State>> {
        let Some(node) = self.node_of(path)? else { return Ok(None) };
        Ok(self.ask(|index| index.version_at(node, at))?.map(|(_, _, state)| state))
    }

    pub(super) fn not_in(&self, path: &RelPath, at: u64) -> Error {
        let snapshot = self.snapshot(at).map_or_else(|_| at.to_string(), |row| row.name);
        Error::NotInSnapshot { path: path.clone(), snapshot }
    }
}

fn is_same(one: &Entry, other: &Entry) -> bool {
    let unmarked =
        |entry: &Entry| Entry { stale: false, torn: false, absent: false, ..entry.clone() };
    unmarked(one) == unmarked(other)
}
