//! What all threads of one run share, and what each has for itself.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use nix::unistd;
use rustix::io::Errno;
use uuid::Uuid;

use super::BackupOptions;
use super::contents::Contents;
use super::copies::Nearby;
use super::folder::{Base, Folder};
use super::gauge::{Gauge, InFlight, Rewritten};
use super::sealing::blank_seal;
use super::tally::Gathered;
use super::walk::Task;
use crate::engine::acl::Id;
use crate::engine::copy::{BUFFER_BYTES, CopyError};
use crate::engine::damage::Damage;
use crate::engine::dir::Dir;
use crate::engine::disk;
use crate::engine::error::{Error, Result};
use crate::engine::flusher;
use crate::engine::index::{
    Change, Index, NodeId, OPEN, SnapshotRow, SnapshotState, Spool, SpoolWriter, State,
};
use crate::engine::listing::Buffer;
use crate::engine::meta::{FileTime, Kind};
use crate::engine::monitor::{Event, Monitor};
use crate::engine::path::RelPath;
use crate::engine::plan::Carrier;
use crate::engine::pool::{Pool, walk_threads};
use crate::engine::probe;
use crate::engine::problem::Reason;
use crate::engine::recover::Writer;
use crate::engine::repository::Repository;
use crate::engine::rules::Rules;
use crate::engine::seal::{Owner, Problem, Seal};
use crate::engine::snapshot::{Snapshot, Stage};
use crate::engine::xattr::{Labels, Xattrs};

/// A version that was known before the run: first and last snapshot, and what it was.
pub(super) type Known = (i64, i64, State);

/// One run, shared by its threads.
pub(super) struct Run<'a> {
    pub repository: &'a Repository,
    index_path: &'a Path,
    pub stage: &'a Stage,
    pub monitor: &'a Monitor,
    /// The default owner of entries, and what an inode carries on this drive.
    pub owner: Owner,
    pub carrier: Carrier,
    pub labels: Labels,
    pub cross_mounts: bool,
    pub scan_started: FileTime,
    pub rules: Rules,
    /// Device and inode of the repository's own folder.
    pub repository_inode: ((u32, u32), u64),
    /// Devices of the sources, in the order of the sources.
    devices: Vec<(u32, u32)>,
    /// Numbers and names of the snapshots that can be linked to, oldest first.
    pub linkable: Vec<(u64, String)>,
    /// The tree that an interrupted run left.
    pub leftover: Option<Dir>,
    /// Stored files that nothing may be linked to.
    pub damage: Damage,
    pub contents: Contents,
    /// Tells when the drive's room runs short, unless nothing could be done about it.
    pub gauge: Option<Gauge<'a>>,
    /// What came of writing files over their clones.
    pub rewritten: &'a Rewritten,
    pub accept_empty: bool,
    /// Something is stored anew that the last snapshot should have and has not.
    pub must_commit: AtomicBool,
    /// Not all sources could be read.
    pub keeps_leftover: AtomicBool,
    pub spool: &'a Spool,
    next_node: AtomicI64,
    gathered: Mutex<Gathered>,
    /// New folders above sources, until the index knows them.
    pub scaffold: Mutex<HashMap<RelPath, NodeId>>,
}

/// What one thread has for itself.
pub(super) struct Worker<'a> {
    pub index: Index,
    pub spool: SpoolWriter<'a>,
    pub buffer: Vec<u8>,
    /// For the names of a folder.
    pub listing: Buffer,
    /// The content of a small file.
    pub content: Vec<u8>,
    pub nearby: Option<(Nearby, Arc<Dir>)>,
    pub gathered: Gathered,
    /// Databases of the folder at hand that are to be stored once more.
    pub late: Vec<Vec<u8>>,
}

impl<'a> Run<'a> {
    pub fn new(
        writer: &'a Writer,
        options: &BackupOptions,
        stage: &'a Stage,
        spool: &'a Spool,
        scan_started: FileTime,
        (monitor, rewritten): (&'a Monitor, &'a Rewritten),
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
            carrier: Carrier {
                owners: repository.marker().owners,
                reflink: repository.marker().capabilities.reflink,
            },
            labels: options.labels,
            cross_mounts: options.cross_mounts,
            scan_started,
            rules: options.rules.clone(),
            repository_inode: (device_of(&stat), stat.stx_ino),
            devices: options.sources.iter().map(|source| device_at(&source.path)).collect(),
            linkable: linkable(&writer.index)?,
            leftover: writer.leftover.as_ref().and_then(|left| left.files(repository)),
            // A list that can't be read is no reason to make no backup: the next verification finds what is in it.
            damage: Damage::read(repository).unwrap_or_default(),
            contents: Contents::default(),
            gauge: None,
            rewritten,
            accept_empty: options.accept_empty,
            must_commit: AtomicBool::new(false),
            keeps_leftover: AtomicBool::new(false),
            spool,
            next_node: AtomicI64::new(writer.index.next_node()?),
            gathered: Mutex::default(),
            scaffold: Mutex::default(),
        })
    }

    /// Walks the sources to their end.
    pub fn walk(&self, roots: Vec<Arc<Folder>>) -> Result<()> {
        let turns = disk::turns(self.repository.dir()) || roots.iter().any(|root| root.turns);
        let first = roots.into_iter().rev().map(Task::Root).collect();
        let walk = || {
            Pool::run(
                walk_threads(turns),
                first,
                || {
                    Ok(Worker {
                        index: Index::steady_reader(self.index_path)?,
                        spool: self.spool.writer(),
                        buffer: vec![0; BUFFER_BYTES],
                        listing: Buffer::default(),
                        content: Vec::with_capacity(BUFFER_BYTES),
                        nearby: None,
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
        };
        let (walked, flushed) = flusher::beside(self.stage.files(), self.monitor, walk);
        // First: what else ended the walk may be a reason to go on with the stage the next time.
        flushed.map_err(|errno| self.drive_error(errno))?;
        walked
    }

    /// The seal as far as the run knows it, and the lines of overrides and problems.
    pub fn finish(self) -> (Seal, Vec<u8>, Vec<Problem>) {
        let gathered = self.gathered.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut seal = blank_seal(self.repository, &jiff::Zoned::now());
        let (overrides, problems) = gathered.write_to(&mut seal);
        (seal, overrides, problems)
    }

    /// Whether there is anything in the index that could be linked to.
    pub fn has_history(&self) -> bool {
        !self.linkable.is_empty()
    }

    /// The number of a source's device in link groups: that of the first source on it.
    pub fn device_number(&self, device: (u32, u32)) -> u64 {
        self.devices.iter().position(|known| *known == device).unwrap_or(0) as u64
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

    /// Notes what an entry is now, if that is not what it was.
    pub fn record(
        &self,
        worker: &mut Worker<'_>,
        node: NodeId,
        known: Option<(i64, i64, &State)>,
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
                self.push(&mut worker.spool, Change::Fingerprint { node, first, fingerprint })
            }
            Some((first, OPEN, _)) => {
                let replaces = Some(first);
                self.push(&mut worker.spool, Change::Begin { node, replaces, state })
            }
            _ => self.push(&mut worker.spool, Change::Begin { node, replaces: None, state }),
        }
    }

    /// Remembers whom access control lists name, so that the seal can say what they are called.
    pub fn note_acl(&self, xattrs: &Xattrs) {
        for id in xattrs.acl_ids() {
            match id {
                Id::User(user) => self.lock().users.insert(user),
                Id::Group(group) => self.lock().groups.insert(group),
            };
        }
    }

    /// Room for a new entry with so much content, as long as the answer is held.
    pub fn take_room(&self, bytes: u64) -> Result<Option<InFlight<'_>>> {
        if self.monitor.lead().has_failed() {
            return Err(self.drive_error(Errno::IO));
        }
        self.gauge.as_ref().map(|gauge| gauge.take(bytes)).transpose()
    }

    /// Room for a new folder.
    pub fn take_folder_room(&self) -> Result<()> {
        self.gauge.as_ref().map_or(Ok(()), Gauge::take_folder)
    }

    /// Room for bytes that are written at once into a file that is there.
    pub fn charge_room(&self, bytes: u64) -> Result<()> {
        self.gauge.as_ref().map_or(Ok(()), |gauge| gauge.charge(bytes, 0))
    }

    /// Counts an entry and its content.
    pub fn count(&self, worker: &mut Worker<'_>, state: &State) {
        worker.gathered.count(state);
        if let Some(gauge) = &self.gauge {
            gauge.use_for_entry();
        }
        self.monitor.add_entries(1);
        if state.meta.kind == Kind::File {
            self.monitor.add_bytes(state.meta.size_bytes);
        }
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

/// The device that a `statx` names.
pub(super) fn device_of(stat: &rustix::fs::Statx) -> (u32, u32) {
    (stat.stx_dev_major, stat.stx_dev_minor)
}

fn device_at(path: &Path) -> (u32, u32) {
    Dir::open(path).and_then(|dir| dir.stat()).map_or((0, 0), |stat| device_of(&stat))
}

fn linkable(index: &Index) -> Result<Vec<(u64, String)>> {
    let good = |row: &SnapshotRow| row.state == SnapshotState::Good;
    Ok(index.snapshots()?.into_iter().filter(good).map(|row| (row.seq, row.name)).collect())
}
