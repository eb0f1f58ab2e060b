//! Makes, in a workspace beside the target, what a restore is going to publish: content verified, metadata set.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::AcqRel, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{AtFlags, FileType, Gid, Mode, Uid};
use rustix::io::Errno;

use super::links::{self, Links};
use super::owner::OwnerMap;
use crate::engine::copy::{self, BUFFER_BYTES, CopyError, OwnerRule};
use crate::engine::dir::{Dir, set_child_mtime, stat_fd};
use crate::engine::error::{Error, Result, TargetProblem};
use crate::engine::index::{Index, NodeId, State};
use crate::engine::meta::{Kind, Metadata, NOCOW_FLAG};
use crate::engine::monitor::{Event, Monitor};
use crate::engine::path::RelPath;
use crate::engine::pool::{Pool, walk_threads};
use crate::engine::problem::Reason;
use crate::engine::xattr::{Labels, Xattrs};

/// The snapshot that pieces come from.
#[derive(Debug)]
pub struct Origin {
    /// Its number.
    pub at: u64,
    /// When it was started.
    pub started: jiff::Timestamp,
    /// Whose its entries become.
    pub owners: OwnerMap,
}

/// One entry that is to be made.
pub struct Piece {
    /// Where it comes from.
    pub origin: Arc<Origin>,
    /// The path in the snapshot.
    pub path: RelPath,
    /// Its number in the index.
    pub node: NodeId,
    /// What it is.
    pub state: State,
    /// The folder of the snapshot that it lies in.
    pub stored: Arc<Dir>,
    /// Where it is made.
    pub up: Up,
    /// Under which name.
    pub staged: Vec<u8>,
}

/// The folder in which something is made.
#[derive(Clone)]
pub enum Up {
    /// The workspace itself: this is an item of the plan.
    Workspace(Arc<Dir>),
    /// A folder that is being made.
    Made(Arc<Made>),
}

impl Up {
    /// The workspace that it all lies in.
    fn workspace(&self) -> &Dir {
        let mut up = self;
        loop {
            match up {
                Self::Workspace(dir) => return dir,
                Self::Made(made) => up = &made.up,
            }
        }
    }

    fn dir(&self) -> &Dir {
        match self {
            Self::Workspace(dir) => dir,
            Self::Made(made) => &made.dir,
        }
    }
}

/// A folder being made; its metadata is set when all below it is there.
pub struct Made {
    origin: Arc<Origin>,
    path: RelPath,
    up: Up,
    dir: Dir,
    meta: Metadata,
    xattrs: Xattrs,
    pending: AtomicUsize,
}

/// One restore's staging.
pub struct Staging<'a> {
    /// The index to read.
    pub index: &'a Path,
    /// Where it is going to be, for messages.
    pub target: PathBuf,
    /// Who watches.
    pub monitor: &'a Monitor,
    /// What could not be restored.
    pub problems: Mutex<Vec<(RelPath, Reason)>>,
    /// Entries made.
    pub entries: AtomicU64,
    /// Bytes of content made.
    pub bytes: AtomicU64,
    /// One name at a time of files that have several.
    pub links: Links,
    /// Flags that are set when everything is in its place.
    pub flags: Mutex<Vec<(RelPath, u32)>>,
}

struct Worker {
    index: Index,
    buffer: Vec<u8>,
}

impl Staging<'_> {
    /// Makes all `pieces` and what is below them.
    pub fn run(&self, pieces: Vec<Piece>) -> Result<()> {
        Pool::run(
            walk_threads(),
            pieces,
            || Ok(Worker { index: Index::reader(self.index)?, buffer: vec![0; BUFFER_BYTES] }),
            |worker, piece, pool| {
                self.monitor.check_cancelled()?;
                self.make(worker, piece, pool)
            },
            |_| Ok(()),
        )
    }

    fn make(&self, worker: &mut Worker, piece: Piece, pool: &Pool<Piece>) -> Result<()> {
        if piece.state.meta.kind == Kind::Directory {
            self.make_folder(worker, piece, pool)
        } else {
            self.make_entry(worker, &piece)
        }
    }

    fn make_folder(&self, worker: &mut Worker, piece: Piece, pool: &Pool<Piece>) -> Result<()> {
        let name = piece.path.name().unwrap_or(b".");
        let stored = match piece.stored.child(name) {
            Ok(stored) => Arc::new(stored),
            Err(errno) => {
                self.problem(&piece.path, Reason::of_stored(errno));
                return self.close(piece.up);
            }
        };
        if piece.state.change().absent {
            self.problem(&piece.path, Reason::NeverStored);
        }
        let dir = match piece.up.dir().create(&piece.staged, 0o700) {
            Ok(dir) => dir,
            Err(errno) => {
                self.refused(&piece, errno)?;
                return self.close(piece.up);
            }
        };
        let change = piece.state.change();
        self.note_flags(&piece.path, change.flags);
        let xattrs = change.xattrs().unwrap_or_else(|| Xattrs::read(&stored).unwrap_or_default());
        let made = Arc::new(Made {
            origin: Arc::clone(&piece.origin),
            path: piece.path.clone(),
            meta: piece.origin.owners.map(piece.state.meta),
            up: piece.up,
            dir,
            xattrs: piece.origin.owners.map_attributes(xattrs),
            pending: AtomicUsize::new(1),
        });
        self.monitor.set_current(piece.path.clone());
        let mut folders = Vec::new();
        for child in worker.index.children(piece.node, piece.origin.at)? {
            self.monitor.check_cancelled()?;
            let child = Piece {
                origin: Arc::clone(&piece.origin),
                path: piece.path.join(&child.name),
                node: child.node,
                state: child.state,
                stored: Arc::clone(&stored),
                up: Up::Made(Arc::clone(&made)),
                staged: child.name,
            };
            if child.state.meta.kind == Kind::Directory {
                folders.push(child);
            } else {
                self.make_entry(worker, &child)?;
            }
        }
        made.pending.fetch_add(folders.len(), AcqRel);
        pool.push(folders.into_iter().rev());
        self.close(Up::Made(made))
    }

    /// Counts one part of a folder as done; with the last, its metadata is set and it counts for its parent.
    fn close(&self, mut up: Up) -> Result<()> {
        while let Up::Made(made) = up {
            if made.pending.fetch_sub(1, AcqRel) != 1 {
                return Ok(());
            }
            // A folder that is to be moved must be writable; its own mode is set after the move.
            let is_item = matches!(made.up, Up::Workspace(_));
            let mode = if is_item { made.meta.mode | 0o700 } else { made.meta.mode };
            let meta = Metadata { mode, ..made.meta };
            self.dress(&made.path, &made.dir, &meta, &made.xattrs, made.origin.owners.rule())?;
            self.done(&made.meta);
            up = made.up.clone();
        }
        Ok(())
    }

    fn make_entry(&self, worker: &mut Worker, piece: &Piece) -> Result<()> {
        let state = &piece.state;
        if state.change().absent {
            self.problem(&piece.path, Reason::NeverStored);
            return Ok(());
        }
        let (workspace, dir) = (piece.up.workspace(), piece.up.dir());
        let Some(name) = links::name_of(state) else { return self.make_new(worker, piece) };
        let _turn = self.links.turn();
        if links::take(workspace, &name, dir, &piece.staged).map_err(|errno| self.failed(errno))? {
            self.note_flags(&piece.path, state.change().flags);
            self.done(&piece.origin.owners.map(state.meta));
            return Ok(());
        }
        self.make_new(worker, piece)?;
        links::keep(workspace, &name, dir, &piece.staged).map_err(|errno| self.failed(errno))
    }

    fn make_new(&self, worker: &mut Worker, piece: &Piece) -> Result<()> {
        match piece.state.meta.kind {
            Kind::File => self.make_file(worker, piece),
            Kind::Symlink => self.make_symlink(piece),
            Kind::Fifo => self.make_special(piece, FileType::Fifo),
            Kind::Socket => self.make_special(piece, FileType::Socket),
            Kind::Block | Kind::Character if !piece.origin.owners.makes_devices() => {
                self.problem(&piece.path, Reason::Device);
                Ok(())
            }
            Kind::Block => self.make_special(piece, FileType::BlockDevice),
            Kind::Character => self.make_special(piece, FileType::CharacterDevice),
            Kind::Directory => Ok(()),
        }
    }

    fn make_file(&self, worker: &mut Worker, piece: &Piece) -> Result<()> {
        let name = piece.path.name().unwrap_or_default();
        let (stage, staged) = (piece.up.dir(), piece.staged.as_slice());
        let change = piece.state.change();
        let (from, to) = ((&*piece.stored, name), (stage, staged));
        let born = change.flags.unwrap_or(0) & NOCOW_FLAG;
        let buffer = &mut worker.buffer;
        let copied = copy::copy_file(from, to, born, buffer, Labels::Leave, self.monitor);
        let (read, file) = match copied {
            Ok(copied) => copied,
            Err(CopyError::Cancelled) => return Err(Error::Cancelled),
            Err(CopyError::Drive(errno)) => return self.refused(piece, errno),
            Err(CopyError::Source(errno)) => {
                self.problem(&piece.path, Reason::of_stored(errno));
                return Ok(());
            }
        };
        if piece.state.hash.is_some_and(|hash| hash != read.hash) {
            stage.unlink(staged).map_err(|errno| self.failed(errno))?;
            self.problem(&piece.path, Reason::StoredDamaged);
            return Ok(());
        }
        self.note_flags(&piece.path, change.flags);
        let xattrs = piece.origin.owners.map_attributes(change.xattrs().unwrap_or(read.xattrs));
        let meta = piece.origin.owners.map(piece.state.meta);
        self.dress(&piece.path, &file, &meta, &xattrs, piece.origin.owners.rule())?;
        self.done(&meta);
        Ok(())
    }

    /// Sets the metadata of what is open, and says if not all of it was taken.
    fn dress(
        &self,
        path: &RelPath,
        fd: &impl AsFd,
        meta: &Metadata,
        xattrs: &Xattrs,
        owner: OwnerRule,
    ) -> Result<()> {
        let all =
            copy::set_metadata(fd, meta, xattrs, owner).map_err(|errno| self.failed(errno))?;
        let stat = stat_fd(fd).map_err(|errno| self.failed(errno))?;
        let is_kept = Metadata::from_statx(&stat).is_some_and(|now| now.mtime == meta.mtime);
        if !all || !is_kept {
            self.problem(path, Reason::MetadataNotRestored);
        }
        Ok(())
    }

    fn note_flags(&self, path: &RelPath, flags: Option<u32>) {
        if let Some(flags) = flags {
            let mut all = self.flags.lock().unwrap_or_else(PoisonError::into_inner);
            all.push((path.clone(), flags));
        }
    }

    fn make_symlink(&self, piece: &Piece) -> Result<()> {
        let name = piece.path.name().unwrap_or_default();
        let target = match piece.stored.read_link(name) {
            Ok(target) => target,
            Err(errno) => {
                self.problem(&piece.path, Reason::of_stored(errno));
                return Ok(());
            }
        };
        match piece.up.dir().create_link(&piece.staged, &target) {
            Ok(()) => self.finish_nameless(piece),
            Err(errno) => self.refused(piece, errno),
        }
    }

    fn make_special(&self, piece: &Piece, kind: FileType) -> Result<()> {
        let meta = piece.origin.owners.map(piece.state.meta);
        let (major, minor) = meta.device;
        let device = rustix::fs::makedev(major, minor);
        // Nobody may use it before its owner is set.
        let mode = Mode::from_raw_mode(0o600);
        let (dir, name) = (piece.up.dir(), piece.staged.as_slice());
        match rustix::fs::mknodat(dir, name, kind, mode, device) {
            Ok(()) => self.finish_nameless(piece),
            Err(errno) => self.refused(piece, errno),
        }
    }

    /// An entry that could not be made: if only this one is at fault, the rest goes on.
    fn refused(&self, piece: &Piece, errno: Errno) -> Result<()> {
        match errno {
            Errno::NAMETOOLONG
            | Errno::INVAL
            | Errno::ILSEQ
            | Errno::FBIG
            | Errno::OVERFLOW
            | Errno::OPNOTSUPP
            | Errno::PERM => {
                self.problem(&piece.path, Reason::NotTakenHere);
                Ok(())
            }
            errno => Err(self.failed(errno)),
        }
    }

    /// Owner, mode, attributes and time of what can't be opened.
    fn finish_nameless(&self, piece: &Piece) -> Result<()> {
        let meta = piece.origin.owners.map(piece.state.meta);
        let (dir, name) = (piece.up.dir(), piece.staged.as_slice());
        let failed = |errno| self.failed(errno);
        let (uid, gid) = (Uid::from_raw(meta.uid), Gid::from_raw(meta.gid));
        let all_owners = piece.origin.owners.rule() == OwnerRule::Set;
        let uid = all_owners.then_some(uid);
        match rustix::fs::chownat(dir, name, uid, Some(gid), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(()) => {}
            Err(Errno::PERM) if !all_owners => {}
            Err(errno) => return Err(failed(errno)),
        }
        let xattrs = piece.state.change().xattrs().unwrap_or_default();
        let all =
            piece.origin.owners.map_attributes(xattrs).write_child(dir, name).map_err(failed)?;
        if meta.kind.is_special() {
            let mode = Mode::from_raw_mode(meta.mode);
            rustix::fs::chmodat(dir, name, mode, AtFlags::empty()).map_err(failed)?;
        }
        set_child_mtime(dir, name, meta.mtime).map_err(failed)?;
        let stat = dir.stat_child(name).map_err(failed)?;
        let is_kept = Metadata::from_statx(&stat).is_some_and(|now| now.mtime == meta.mtime);
        if !all || !is_kept {
            self.problem(&piece.path, Reason::MetadataNotRestored);
        }
        self.done(&meta);
        Ok(())
    }

    fn done(&self, meta: &Metadata) {
        self.entries.fetch_add(1, Relaxed);
        self.monitor.add_entries(1);
        if meta.kind == Kind::File {
            self.bytes.fetch_add(meta.size_bytes, Relaxed);
            self.monitor.add_bytes(meta.size_bytes);
        }
    }

    /// Something that can't be restored; the rest goes on.
    pub fn problem(&self, path: &RelPath, reason: Reason) {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        problems.push((path.clone(), reason));
        drop(problems);
        self.monitor.emit(&Event::Problem { path: path.clone(), reason });
    }

    fn failed(&self, errno: Errno) -> Error {
        match errno {
            Errno::NOSPC => {
                Error::BadTarget { path: self.target.clone(), reason: TargetProblem::Full }
            }
            errno => Error::io("restore to", &self.target, errno),
        }
    }
}
