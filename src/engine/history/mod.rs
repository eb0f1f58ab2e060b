//! Answers questions about the past from the index. Changes nothing, on the drive or anywhere.

mod answers;
mod chain;
mod deleted;
mod entry;
mod last_good;
mod missing;
mod moves;
mod scope;
mod versions;
mod way;

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use super::error::{Error, Result};
use super::index::{Index, is_missing_or_broken};
use super::monitor::Monitor;
use super::path::RelPath;
use super::recover;
use super::repository::Repository;
use super::seal::Problem;
use super::snapshot::Snapshot;

pub use super::difference::Difference;
pub use super::index::{ChangeCounts, SnapshotRow as SnapshotInfo, SnapshotState};
pub(super) use answers::Answers;
pub use chain::Chain;
pub use deleted::{Deleted, DeletedCursor, DeletedPage, DeletedQuery};
pub use entry::{Entry, Version};
pub use last_good::LastGood;
pub use missing::Missing;

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

    /// Asks a whole question; if a rotten page is met, a passing index is made from the trees and asked anew.
    pub(super) fn ask<T>(&self, question: impl Fn(Answers<'_>) -> Result<T>) -> Result<T> {
        let answer = question(Answers(&self.index.borrow()));
        match answer {
            Err(error) if self.replace_index(&error)? => question(Answers(&self.index.borrow())),
            answer => answer,
        }
    }

    /// Replaces the index if `error` says that it is broken and it wasn't replaced before.
    fn replace_index(&self, error: &Error) -> Result<bool> {
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

    /// All snapshots, oldest first.
    pub fn snapshots(&self) -> Result<Vec<SnapshotInfo>> {
        self.ask(|answers| answers.0.snapshots())
    }

    /// The snapshot with the number `seq`.
    pub fn snapshot(&self, seq: u64) -> Result<SnapshotInfo> {
        self.ask(|answers| answers.snapshot(seq))
    }

    /// The entries of `folder` in the snapshot `at`, sorted by name bytes.
    pub fn list(&self, folder: &RelPath, at: u64) -> Result<Vec<Entry>> {
        self.ask(|answers| answers.list(folder, at))
    }

    /// The entry at `path` in the snapshot `at`; `None` if there was none.
    pub fn entry(&self, path: &RelPath, at: u64) -> Result<Option<Entry>> {
        self.ask(|answers| answers.entry(path, at))
    }

    /// The distinct versions of `path`, newest first: of all its lives, and of the paths that a file came from before the first
    /// and went to after the last of them, where its content proves that.
    ///
    /// # Errors
    /// [`Error::NeverSeen`] if the path is in no snapshot.
    pub fn versions(&self, path: &RelPath) -> Result<Vec<Version>> {
        self.ask(|answers| answers.versions(path))
    }

    /// A page of what was deleted, newest first.
    ///
    /// # Errors
    /// [`Error::NeverSeen`] if no snapshot knows the path to look under, [`Error::NoSnapshots`] if there is none.
    pub fn deleted(&self, query: &DeletedQuery) -> Result<DeletedPage> {
        self.ask(|answers| answers.deleted(query))
    }

    /// Why `path` is not in the snapshot `at`.
    ///
    /// # Errors
    /// [`Error::NoSuchSnapshot`] for a number that no snapshot ever had.
    pub fn why_missing(&self, path: &RelPath, at: u64) -> Result<Missing> {
        let missing = self.ask(|answers| answers.why_missing(path, at))?;
        let Missing::Unread { at: unread, .. } = missing else { return Ok(missing) };
        // What was wrong is on the drive alone.
        let problems = self.problems(at).unwrap_or_default();
        let found = problems.into_iter().find(|problem| problem.path == unread.encode());
        Ok(Missing::Unread { at: unread, reason: found.map(|problem| problem.reason) })
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
        self.ask(|answers| answers.0.sources_of(at))
    }

    /// The rules that the snapshot `at` was made by, as its seal keeps them.
    pub fn sealed_rules(&self, at: u64) -> Result<Vec<String>> {
        let name = self.snapshot(at)?.name;
        let path = self.repository.path().join("snapshots").join(&name);
        let snapshot = Snapshot::open(&self.repository, &name)?
            .ok_or_else(|| Error::DriveMissing(path.clone()))?;
        let seal = snapshot.read_seal();
        seal.map(|seal| seal.rules).map_err(|bad| Error::Damaged { path, reason: bad.to_string() })
    }

    /// The paths of the sources that the snapshot `at` protected, sorted.
    pub fn sources(&self, at: u64) -> Result<Vec<RelPath>> {
        self.ask(|answers| answers.sources(at))
    }
}
