//! Takes a committed snapshot into the index from its tree alone: names and metadata from the tree and
//! the overrides, hashes from the attributes. No file content is read, and no hash is invented.

mod changes;
mod entry;
mod folder;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use rustix::io::Errno;

use super::spool::SpoolWriter;
use super::{Index, NodeId, ROOT_NODE, SnapshotState, Spool};
use crate::engine::census::Found;
use crate::engine::dir::Dir;
use crate::engine::disk;
use crate::engine::error::{Error, Result};
use crate::engine::monitor::Monitor;
use crate::engine::overrides::Override;
use crate::engine::path::RelPath;
use crate::engine::pin::Pin;
use crate::engine::pool::{Pool, walk_threads};
use crate::engine::repository::{Owners, Repository};
use crate::engine::seal::{Counts, Owner, Seal};
use crate::engine::snapshot::Snapshot;

pub(crate) use changes::end_below;
pub(crate) use entry::NOTHING;
use folder::{Place, Task};

/// What came of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// The snapshot is in the index.
    Yes,
    /// It can't be: the text says in English what is wrong with it.
    Damaged(String),
}

/// The newest snapshot in the index.
struct Base {
    seq: u64,
    /// Its tree, if that is what the index knows.
    files: Option<Dir>,
}

/// What all threads of an import share.
struct Walk<'a> {
    /// Where the index lies, for a connection of each thread.
    index: &'a Path,
    overrides: HashMap<RelPath, Override>,
    /// Names, by folder, of entries that overrides alone tell of.
    treeless: HashMap<RelPath, Vec<Vec<u8>>>,
    /// Who owns all entries of which no override says otherwise; `None` if the inodes tell.
    owner: Option<Owner>,
    base: Option<Base>,
    next_node: AtomicI64,
    tally: Mutex<Tally>,
    monitor: &'a Monitor,
    root: &'a Path,
}

/// What one thread has for itself.
struct Worker<'a> {
    index: Index,
    out: SpoolWriter<'a>,
    tally: Tally,
}

/// What was found.
#[derive(Default)]
struct Tally {
    counts: Counts,
    total_bytes: u64,
}

/// Reads the tree of the snapshot `name` and adds it to `index`, whose newest snapshot must be older.
///
/// The spool is made in `scratch`, a directory that can be written to.
pub fn import(
    index: &mut Index,
    repository: &Repository,
    found: &Found,
    scratch: &Dir,
    monitor: &Monitor,
) -> Result<Imported> {
    let Found { name, seal, damage } = found;
    let Some(snapshot) = Snapshot::open(repository, name)? else {
        return Ok(Imported::Damaged("it is not a folder".to_owned()));
    };
    let overrides = match snapshot.read_overrides(seal) {
        Ok(overrides) => overrides,
        Err(reason) => return Ok(Imported::Damaged(reason)),
    };
    let root = repository.path().join("snapshots").join(name);
    let failed = |errno| Error::drive("read", &root, errno);
    let files = snapshot.files().map_err(failed)?;
    let spool = Spool::create(scratch).map_err(failed)?;
    let by_seal = repository.marker().owners == Owners::Seal;
    let walk = Walk {
        index: index.path(),
        treeless: treeless(&overrides),
        overrides,
        owner: by_seal.then_some(seal.owner),
        base: Base::newest(index, repository)?,
        next_node: AtomicI64::new(index.next_node()?),
        tally: Mutex::default(),
        monitor,
        root: &root,
    };
    let mut worker = walk.worker(&spool)?;
    let sources = walk.enter_sources(seal, &files, &mut worker)?;
    walk.finish(worker)?;
    Pool::run(
        walk_threads(disk::turns(repository.dir())),
        sources,
        || walk.worker(&spool),
        |worker, task, pool| walk.work(worker, task, pool),
        |worker| walk.finish(worker),
    )?;
    let tally = walk.tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    let pin = Pin::read(snapshot.dir());
    if damage.is_none() {
        index.add_snapshot(seal, name, SnapshotState::Good, &pin, &spool)?;
    } else {
        // Nobody vouches for what an assumed seal says: what there is was counted.
        let mut seal = seal.clone();
        seal.counts = Counts { problems: seal.counts.problems, ..tally.counts };
        seal.bytes.total = tally.total_bytes;
        index.add_snapshot(&seal, name, SnapshotState::Damaged, &pin, &spool)?;
    }
    Ok(Imported::Yes)
}

impl Base {
    fn newest(index: &Index, repository: &Repository) -> Result<Option<Self>> {
        let Some(row) = index.snapshots()?.pop() else { return Ok(None) };
        let snapshot = match row.state {
            SnapshotState::Good => Snapshot::open(repository, &row.name)?,
            _ => None,
        };
        // A hand may have put another snapshot under its name.
        let is_it = |snapshot: &Snapshot| snapshot.read_seal().is_ok_and(|seal| seal.id == row.id);
        let files = snapshot.filter(is_it).and_then(|snapshot| snapshot.files().ok());
        Ok(Some(Self { seq: row.seq, files }))
    }
}

impl Walk<'_> {
    fn worker<'s>(&self, spool: &'s Spool) -> Result<Worker<'s>> {
        let index = Index::steady_reader(self.index)?;
        Ok(Worker { index, out: spool.writer(), tally: Tally::default() })
    }

    fn finish(&self, mut worker: Worker<'_>) -> Result<()> {
        worker.out.flush().map_err(|errno| self.failed(errno))?;
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).add(&worker.tally);
        Ok(())
    }

    /// Opens the sources' own folders, and ends all that lies outside of them.
    fn enter_sources(
        &self,
        seal: &Seal,
        files: &Dir,
        worker: &mut Worker<'_>,
    ) -> Result<Vec<Task>> {
        let sources: Vec<RelPath> =
            seal.sources_apart().into_iter().map(|(_, path)| path).collect();
        let (kept, gone) = self.end_sources_but(&sources, worker)?;
        let is_in = |path: &RelPath, any: &[RelPath]| any.iter().any(|one| path.is_within(one));
        let mut scaffold = HashMap::new();
        let mut tasks = Vec::new();
        for path in sources {
            let (node, is_new) = self.intern_path(&path, &mut scaffold, worker)?;
            let dir = match files.beneath(&path) {
                Ok(dir) => dir,
                // A hand took it away, or a seal was forged: the rest is worth reading.
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => continue,
                Err(errno) => return Err(self.failed(errno)),
            };
            let goes_on = is_in(&path, &kept) && !is_in(&path, &gone);
            let before = match self.base.as_ref().filter(|_| !is_new && goes_on) {
                Some(base) => worker.index.version_at(node, base.seq)?,
                None => None,
            };
            let base = self.base.as_ref().and_then(|base| base.files.as_ref());
            let base = base.and_then(|files| files.beneath(&path).ok());
            let place = Place { path, node, is_new, goes_on };
            tasks.extend(self.open_folder(worker, place, dir, base, before)?.map(Task::Source));
        }
        Ok(tasks)
    }

    /// Numbers every component of a path; `scaffold` has those that other sources have made above themselves,
    /// of which the index doesn't know yet.
    fn intern_path(
        &self,
        path: &RelPath,
        scaffold: &mut HashMap<(NodeId, Vec<u8>), NodeId>,
        worker: &mut Worker<'_>,
    ) -> Result<(NodeId, bool)> {
        let (mut node, mut is_new) = (ROOT_NODE, false);
        for name in path.components() {
            let key = (node, name.to_vec());
            if let Some(made) = scaffold.get(&key) {
                (node, is_new) = (*made, true);
                continue;
            }
            (node, is_new) = self.intern(worker, node, is_new, name)?;
            if is_new {
                scaffold.insert(key, node);
            }
        }
        Ok((node, is_new))
    }

    fn new_node(&self) -> NodeId {
        self.next_node.fetch_add(1, Relaxed)
    }

    fn failed(&self, errno: Errno) -> Error {
        Error::drive("read", self.root, errno)
    }
}

/// Names, by folder, of entries that overrides alone tell of.
pub(crate) fn treeless(overrides: &HashMap<RelPath, Override>) -> HashMap<RelPath, Vec<Vec<u8>>> {
    let mut names: HashMap<RelPath, Vec<Vec<u8>>> = HashMap::new();
    for (path, change) in overrides {
        if (change.special.is_some() || change.absent)
            && let (Some(parent), Some(name)) = (path.parent(), path.name())
        {
            names.entry(parent).or_default().push(name.to_vec());
        }
    }
    names
}
