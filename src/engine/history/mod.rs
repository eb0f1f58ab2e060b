//! Answers questions about the past from the index. Changes nothing, on the drive or anywhere.

mod answers;
mod candidate;
mod chain;
mod changes;
mod compare;
mod content;
mod deleted;
mod entry;
mod folders;
mod known_usage;
mod last_good;
mod lost;
mod missing;
mod moves;
mod needle;
mod query;
mod room;
mod scope;
mod search;
mod stored;
mod timeline;
mod usage;
mod versions;
mod walk;
mod way;

use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::backup::Source;
use super::error::{Error, Result};
use super::index::LocalCopy;
use super::monitor::Monitor;
use super::path::RelPath;
use super::prune::{self, PrunePlan, PruneRequest};
use super::reader::Reader;
use super::repository::Repository;
use super::retention::Growth;
use super::seal::Problem;
use super::snapshot::Snapshot;

pub use super::difference::Difference;
pub use super::index::{ChangeCounts, SnapshotRow as SnapshotInfo, SnapshotState};
pub(super) use answers::Answers;
pub use chain::Chain;
pub use changes::{Change, ChangePage};
pub use compare::{Compared, Side};
pub use deleted::{Deleted, DeletedCursor, DeletedPage, DeletedQuery};
pub use entry::{Entry, Version};
pub use known_usage::KnownUsage;
pub use last_good::LastGood;
pub use missing::Missing;
pub use query::{KindFilter, Query};
pub use room::{FolderUsage, Presence};
pub use search::{Found, Hit};
pub use stored::Stored;
pub use timeline::{Tick, Turn};
pub use usage::{OnlyFile, SnapshotUsage, usage_of};

/// A repository's past.
#[derive(Debug)]
pub struct History {
    /// The repository; none while its drive is away.
    repository: Option<Repository>,
    path: PathBuf,
    reader: Reader,
}

impl History {
    /// Opens the history of a repository for reading only, from this computer's copy of the index if one may be
    /// kept at `local`.
    ///
    /// Where no index can be read, one is made from the trees: one that can't be kept at `scratch`, a file that must
    /// not exist, for this history alone.
    pub fn open(
        repository: Repository,
        local: Option<LocalCopy>,
        scratch: &Path,
        monitor: &Monitor,
    ) -> Result<Self> {
        let reader = Reader::open(&repository, local, scratch, monitor)?;
        Ok(Self { path: repository.path().to_owned(), repository: Some(repository), reader })
    }

    /// Opens what this computer knows of the repository `id`, which was at `path` and is out of reach now; `None` if
    /// it knows nothing.
    pub fn open_away(path: &Path, id: Uuid, local: LocalCopy) -> Option<Self> {
        let reader = Reader::open_away(id, local)?;
        Some(Self { path: path.to_owned(), repository: None, reader })
    }

    /// Asks a whole question; if a rotten page is met, the next best index is taken and asked anew.
    pub(super) fn ask<T>(&self, question: impl Fn(Answers<'_>) -> Result<T>) -> Result<T> {
        self.reader
            .ask(self.repository.as_ref(), |index| index.at_once(|| question(Answers(index))))
    }

    /// As [`History::ask`], for work that takes long: the index may go on meanwhile, and nobody waits for it.
    pub(super) fn ask_at_length<T>(
        &self,
        question: impl Fn(Answers<'_>) -> Result<T>,
    ) -> Result<T> {
        self.reader.ask(self.repository.as_ref(), |index| question(Answers(index)))
    }

    /// Whether the drive is away, so that only what this computer knows can be told.
    pub fn is_away(&self) -> bool {
        self.repository.is_none()
    }

    /// The repository.
    ///
    /// # Errors
    /// The drive is away.
    pub fn repository(&self) -> Result<&Repository> {
        self.repository.as_ref().ok_or_else(|| Error::DriveMissing(self.path.clone()))
    }

    /// All snapshots, oldest first.
    pub fn snapshots(&self) -> Result<Vec<SnapshotInfo>> {
        self.ask(|answers| answers.0.snapshots())
    }

    /// What each snapshot added when it was made, oldest first; pruned ones, too, as far as the index still knows them.
    pub fn growth(&self) -> Result<Vec<Growth>> {
        self.ask(|answers| answers.0.growth())
    }

    /// What the rules of `request` make of each snapshot.
    ///
    /// # Errors
    /// The drive is away: what is pinned and what is free is known there alone.
    pub fn plan_prune(&self, request: &PruneRequest<'_>, monitor: &Monitor) -> Result<PrunePlan> {
        let repository = self.repository()?;
        self.ask_at_length(|answers| prune::plan(answers.0, repository, request, monitor))
    }

    /// The first of `sources` that is out of reach or emptied now, or was so when the newest snapshot was made; see
    /// [`prune::missing_source`].
    pub fn missing_source(&self, sources: &[Source]) -> Result<Option<PathBuf>> {
        self.ask(|answers| prune::missing_source(answers.0, sources, false))
    }

    /// What deleting the snapshots with these names is going to do.
    ///
    /// # Errors
    /// As of [`prune::plan_forget`].
    pub fn plan_forget(&self, names: &[String], sources: &[Source]) -> Result<PrunePlan> {
        let repository = self.repository()?;
        self.ask_at_length(|answers| prune::plan_forget(answers.0, repository, names, sources))
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

    /// The entry at `path` in the snapshot `at`.
    ///
    /// # Errors
    /// [`Error::NotInSnapshot`] if there was none.
    pub fn existing(&self, path: &RelPath, at: u64) -> Result<Entry> {
        self.ask(|answers| answers.entry(path, at)?.ok_or_else(|| answers.not_in(path, at)))
    }

    /// The name of the last snapshot that has `path`; `None` if none does.
    pub fn last_with(&self, path: &RelPath) -> Result<Option<String>> {
        self.ask(|answers| answers.last_with(path))
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
        let mut missing = self.ask(|answers| answers.why_missing(path, at))?;
        if let Missing::Unread { at: unread, reason } | Missing::Older { at: unread, reason, .. } =
            &mut missing
        {
            // What was wrong is on the drive alone.
            let problems = self.problems(at).unwrap_or_default();
            let found = problems.into_iter().find(|problem| problem.path == unread.encode());
            *reason = found.map(|problem| problem.reason);
        }
        Ok(missing)
    }

    /// A good snapshot that `path` can be brought back from: that with the number `wanted` if it is one, else the newest;
    /// `None` if there is none.
    pub fn good_with(&self, path: &RelPath, wanted: u64) -> Result<Option<SnapshotInfo>> {
        self.ask(|answers| answers.good_with(path, wanted))
    }

    /// What could not be read when the snapshot `at` was made.
    pub fn problems(&self, at: u64) -> Result<Vec<Problem>> {
        let (snapshot, path) = self.on_drive(at)?;
        snapshot.read_problems().map_err(|reason| Error::Damaged { path, reason })
    }

    /// The snapshot `at` on the drive, and where it is.
    fn on_drive(&self, at: u64) -> Result<(Snapshot, PathBuf)> {
        let name = self.snapshot(at)?.name;
        let repository = self.repository()?;
        let path = repository.path().join("snapshots").join(&name);
        let opened = Snapshot::open(repository, &name)?;
        opened.map(|snapshot| (snapshot, path)).ok_or(Error::SnapshotMissing(name))
    }

    /// The identities and paths of the sources that the snapshot `at` protected.
    pub fn sealed_sources(&self, at: u64) -> Result<Vec<(Uuid, RelPath)>> {
        self.ask(|answers| answers.0.sources_of(at))
    }

    /// The rules that the snapshot `at` was made by, as its seal keeps them.
    pub fn sealed_rules(&self, at: u64) -> Result<Vec<String>> {
        let (snapshot, path) = self.on_drive(at)?;
        let seal = snapshot.read_seal();
        seal.map(|seal| seal.rules).map_err(|bad| Error::Damaged { path, reason: bad.to_string() })
    }

    /// The paths of the sources that the snapshot `at` protected, sorted.
    pub fn sources(&self, at: u64) -> Result<Vec<RelPath>> {
        self.ask(|answers| answers.sources(at))
    }
}
