//! What all threads of one run share, and what each has for itself.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use nix::unistd;
use rustix::io::Errno;
use uuid::Uuid;

use super::folder::{Base, Folder, Task};
use super::tally::{Gathered, Totals};
use super::{Source, blank_seal, source_path};
use crate::engine::copy::{BUFFER_BYTES, CopyError, OwnerRule};
use crate::engine::dir::{Dir, stat_fd};
use crate::engine::error::{Error, Result};
use crate::engine::index::{
    self, Change, Child, Index, NodeId, OPEN, ROOT_NODE, Spool, SpoolWriter, State,
};
use crate::engine::meta::{FileTime, Kind, Metadata};
use crate::engine::monitor::{Event, Monitor};
use crate::engine::path::RelPath;
use crate::engine::pool::{Pool, walk_threads};
use crate::engine::probe;
use crate::engine::problem::Reason;
use crate::engine::recover::Writer;
use crate::engine::repository::{Owners, Repository};
use crate::engine::seal::{Owner, Problem, Seal};
use crate::engine::snapshot::{Snapshot, Stage};
use crate::engine::xattr::Xattrs;

/// A version that was known before the run: first and last snapshot, and what it was.
pub(super) type Known = (i64, i64, State);

/// One run, shared by its threads.
pub(super) struct Run<'a> {
    pub repository: &'a Repository,
    index_path: &'a Path,
    pub stage: &'a Stage,
    pub monitor: &'a Monitor,
    /// The default owner of entries, and what an inode's owner means on this drive.
    pub owner: Owner,
    pub owners: Owners,
    pub scan_started: FileTime,
    /// Device and inode of the repository's own folder.
    pub repository_inode: ((u32, u32), u64),
    pub totals: Totals,
    spool: &'a Spool,
    next_node: AtomicI64,
    gathered: Mutex<Gathered>,
    /// New folders above sources, until the index knows them.
    scaffold: Mutex<HashMap<RelPath, NodeId>>,
}

/// What one thread has for itself.
pub(super) struct Worker<'a> {
    pub index: Index,
    pub spool: SpoolWriter<'a>,
    pub buffer: Vec<u8>,
    pub gathered: Gathered,
    /// Databases of the folder at hand that are to be stored once more, with what was known of them.
    pub late: Vec<(Vec<u8>, Option<Child>)>,
}

impl<'a> Run<'a> {
    pub fn new(
        writer: &'a Writer,
        stage: &'a Stage,
        spool: &'a Spool,
        scan_started: FileTime,
        monitor: &'a Monitor,
    ) -> Result<Self> {
        let repository = &writer.repository;
        let stat = repository
            .dir()
            .stat()
            .map_err(|errno| Error::drive("examine", repository.path(), errno))?;
        Ok(Self {
            repository,
            index_path: writer.index.path(),
            stage,
            monitor,
            owner: Owner { uid: unistd::geteuid().as_raw(), gid: unistd::getegid().as_raw() },
            owners: repository.marker().owners,
            scan_started,
            repository_inode: (device(&stat), stat.stx_ino),
            totals: Totals::default(),
            spool,
            next_node: AtomicI64::new(writer.index.next_node()?),
            gathered: Mutex::default(),
            scaffold: Mutex::default(),
        })
    }

    /// Ends what is known of sources that are no longer protected.
    pub fn end_dropped_sources(&self, index: &Index, sources: &[Source]) -> Result<()> {
        let Some(newest) = index.snapshots()?.last().map(|row| row.seq) else { return Ok(()) };
        let kept = sources
            .iter()
            .map(|source| Ok((source.id, source_path(source)?)))
            .collect::<Result<Vec<_>>>()?;
        let mut out = self.spool.writer();
        for (id, path) in index.sources_of(newest)? {
            let source = (id, path);
            if kept.contains(&source) {
                continue;
            }
            let (_, path) = source;
            if let Some(node) = index.node_of(&path)? {
                if let Some((first, OPEN, _)) = index.version_at(node, newest)? {
                    self.push(&mut out, Change::End { node, first })?;
                }
                index::end_below(index, node, newest, &mut out)?;
            }
        }
        out.flush().map_err(|errno| self.drive_error(errno))
    }

    /// Opens a source's own folder, with what is known of it; the inner error is the source's.
    pub fn open_source(
        &self,
        index: &Index,
        source: &Source,
        base: Option<Base>,
        accept_empty: bool,
    ) -> Result<Result<Arc<Folder>, Errno>> {
        let path = source_path(source)?;
        let (node, is_new) = self.intern_scaffold(index, &path)?;
        let known = match &base {
            Some(base) => index.version_at(node, base.seq)?,
            None => None,
        };
        let opened = Dir::open(&source.path).and_then(|dir| dir.names().map(|names| (dir, names)));
        let guard = match opened {
            Ok((dir, names)) => {
                let had_entries = match &base {
                    Some(base) => !index.children(node, base.seq)?.is_empty(),
                    None => false,
                };
                let emptied = names.is_empty() && had_entries && !accept_empty;
                if emptied { Err((Errno::NODATA, Reason::Emptied)) } else { Ok(dir) }
            }
            Err(errno) => Err((errno, Reason::of_source(errno))),
        };
        let dir = match guard {
            Ok(dir) => Some(dir),
            Err((errno, reason)) => {
                self.problem(&path, reason);
                if known.is_none() {
                    return Ok(Err(errno));
                }
                None
            }
        };
        let stage = self.make_scaffold(&path)?;
        Folder::root(self, source.id, path, (node, is_new), base, known, dir, stage).map(Ok)
    }

    /// Walks the sources to their end.
    pub fn walk(&self, roots: Vec<Arc<Folder>>) -> Result<()> {
        let first = roots.into_iter().rev().map(Task::Root).collect();
        Pool::run(
            walk_threads(),
            first,
            || {
                Ok(Worker {
                    index: Index::reader(self.index_path)?,
                    spool: self.spool.writer(),
                    buffer: vec![0; BUFFER_BYTES],
                    gathered: Gathered::default(),
                    late: Vec::new(),
                })
            },
            |worker, task, pool| {
                self.monitor.check_cancelled()?;
                self.work(worker, task, pool)
            },
            |mut worker| {
                worker.spool.flush().map_err(|errno| self.drive_error(errno))?;
                self.lock().take_from(worker.gathered);
                Ok(())
            },
        )
    }

    /// The seal as far as the run knows it, and the lines of overrides and problems.
    pub fn finish(self) -> (Seal, Vec<u8>, Vec<Problem>) {
        let gathered = self.gathered.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut seal = blank_seal(self.repository, &jiff::Zoned::now());
        self.totals.write_to(&mut seal);
        let (overrides, problems) = gathered.write_to(&mut seal);
        (seal, overrides, problems)
    }

    /// A path that could not be read as it should: said now, and kept in the snapshot.
    pub fn problem(&self, path: &RelPath, reason: Reason) {
        let problem = Problem { path: path.encode(), reason: reason.to_string() };
        self.lock().problems.push(problem);
        self.monitor.emit(&Event::Problem { path: path.clone(), reason });
    }

    /// The folder in the snapshot whose files can be linked to, at `path`.
    pub fn stored_folder(&self, base: Option<&Base>, path: &RelPath) -> Option<Dir> {
        let (_, name) = base?.linkable.as_ref()?;
        let snapshot = Snapshot::open(self.repository, name).ok().flatten()?;
        snapshot.files().ok()?.beneath(path).ok()
    }

    /// The number of `name` below `parent`, a new one if it was never seen.
    pub fn intern(
        &self,
        index: &Index,
        out: &mut SpoolWriter<'_>,
        parent: (NodeId, bool),
        name: &[u8],
    ) -> Result<(NodeId, bool)> {
        let (parent, parent_is_new) = parent;
        if !parent_is_new && let Some(node) = index.child_node(parent, name)? {
            return Ok((node, false));
        }
        let id = self.next_node.fetch_add(1, Relaxed);
        self.push(out, Change::Node { id, parent, name })?;
        Ok((id, true))
    }

    fn intern_scaffold(&self, index: &Index, path: &RelPath) -> Result<(NodeId, bool)> {
        let mut out = self.spool.writer();
        let mut place = (ROOT_NODE, false);
        let mut walked = RelPath::root();
        for name in path.components() {
            walked = walked.join(name);
            // Two sources may share folders above them that the index doesn't know yet.
            let mut scaffold = self.scaffold.lock().unwrap_or_else(PoisonError::into_inner);
            place = match scaffold.get(&walked) {
                Some(node) => (*node, true),
                None => self.intern(index, &mut out, place, name)?,
            };
            if place.1 {
                scaffold.insert(walked.clone(), place.0);
            }
        }
        out.flush().map_err(|errno| self.drive_error(errno))?;
        Ok(place)
    }

    /// Makes the folders above a source, which are no entries, and the source's own.
    fn make_scaffold(&self, path: &RelPath) -> Result<Dir> {
        let failed = |errno| self.drive_error(errno);
        let mut dir = self.stage.files().duplicate().map_err(failed)?;
        for name in path.components() {
            dir = dir.ensure(name, 0o755).map_err(failed)?;
        }
        Ok(dir)
    }

    /// Notes what an entry is now, if that is not what it was.
    pub fn record(
        &self,
        worker: &mut Worker<'_>,
        node: NodeId,
        known: Option<&Known>,
        state: State,
    ) -> Result<()> {
        let gathered = &mut worker.gathered;
        gathered.users.insert(state.meta.uid);
        gathered.groups.insert(state.meta.gid);
        match known {
            Some((first, OPEN, before)) if before.is_same_version(&state) => {
                if before.fingerprint == state.fingerprint {
                    return Ok(());
                }
                let fingerprint = state.fingerprint;
                self.push(
                    &mut worker.spool,
                    Change::Fingerprint { node, first: *first, fingerprint },
                )
            }
            Some((first, OPEN, _)) => {
                self.push(&mut worker.spool, Change::End { node, first: *first })?;
                self.push(&mut worker.spool, Change::Begin { node, state })
            }
            _ => self.push(&mut worker.spool, Change::Begin { node, state }),
        }
    }

    /// Counts an entry and its content.
    pub fn count(&self, state: &State) {
        self.totals.count(state);
        self.monitor.add_entries(1);
        if state.meta.kind == Kind::File {
            self.monitor.add_bytes(state.meta.size_bytes);
        }
    }

    /// What a stored inode says, its owner replaced by the seal's where inodes don't carry owners.
    pub fn stored_meta(&self, mut stored: Metadata) -> Metadata {
        if self.owners == Owners::Seal {
            stored.uid = self.owner.uid;
            stored.gid = self.owner.gid;
        }
        stored
    }

    /// As [`Run::stored_meta`], of what a descriptor stands for, after its metadata was set.
    pub fn stored_meta_of(&self, fd: impl std::os::fd::AsFd) -> Result<Metadata> {
        let stat = stat_fd(fd).map_err(|errno| self.drive_error(errno))?;
        let meta = Metadata::from_statx(&stat).ok_or_else(|| self.drive_error(Errno::IO))?;
        Ok(self.stored_meta(meta))
    }

    /// Sets a stored entry's metadata, and tells which override it needs in spite of that.
    pub fn dress(
        &self,
        fd: impl std::os::fd::AsFd,
        meta: &Metadata,
        xattrs: &Xattrs,
    ) -> Result<(crate::engine::overrides::Override, Metadata)> {
        let owner = match self.owners {
            Owners::Inode => OwnerRule::Set,
            Owners::Seal => OwnerRule::Leave,
        };
        let all = crate::engine::copy::set_metadata(&fd, meta, xattrs, owner)
            .map_err(|errno| self.drive_error(errno))?;
        let stored = self.stored_meta_of(&fd)?;
        let mut change = crate::engine::overrides::Override::between(meta, &stored);
        if !all {
            change.set_xattrs(xattrs);
        }
        Ok((change, stored))
    }

    /// An error of the drive while the stage is written.
    pub fn drive_error(&self, errno: Errno) -> Error {
        let repository = self.repository;
        match errno {
            Errno::NOSPC => {
                let progress = self.monitor.progress();
                let missing = progress.total_bytes.saturating_sub(progress.done_bytes);
                probe::full(repository.dir(), repository.path(), missing)
            }
            errno => Error::drive("write the snapshot to", repository.path(), errno),
        }
    }

    /// Splits what ended a copy into what ends the run and what is only this file's problem.
    pub fn sort_out(&self, error: CopyError) -> Result<Errno> {
        match error {
            CopyError::Source(errno) => Ok(errno),
            CopyError::Drive(errno) => Err(self.drive_error(errno)),
            CopyError::Cancelled => Err(Error::Cancelled),
        }
    }

    /// Spools a change of the index.
    pub fn push(&self, out: &mut SpoolWriter<'_>, change: Change<'_>) -> Result<()> {
        out.push(change).map_err(|errno| self.drive_error(errno))
    }

    /// Keeps a source's digest.
    pub fn keep_tree(&self, source: Uuid, digest: [u8; 32]) {
        let text = blake3::Hash::from_bytes(digest).to_hex().to_string();
        self.lock().trees.insert(source, text);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn device(stat: &rustix::fs::Statx) -> (u32, u32) {
    (stat.stx_dev_major, stat.stx_dev_minor)
}
