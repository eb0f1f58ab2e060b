//! Makes, in a workspace beside the target, what a restore is going to publish: content verified, metadata set.

mod content;
mod elsewhere;
mod entry;
mod nameless;

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::AcqRel, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustix::io::Errno;

use elsewhere::{Elsewhere, Nearby, Taken};

use super::links::Links;
use super::owner::OwnerMap;
use crate::engine::copy::BUFFER_BYTES;
use crate::engine::dir::{Dir, stat_fd};
use crate::engine::dress;
use crate::engine::error::{Error, Result, TargetProblem};
use crate::engine::gone;
use crate::engine::index::{Index, NodeId, State};
use crate::engine::meta::{Kind, Metadata};
use crate::engine::monitor::{Event, Monitor};
use crate::engine::path::{EntryName, RelPath};
use crate::engine::pool::{Pool, walk_threads};
use crate::engine::problem::Reason;
use crate::engine::remove::open_writable;
use crate::engine::repository::Repository;
use crate::engine::xattr::Xattrs;

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

/// A folder of a snapshot, or why it can't be opened.
pub type Stored = rustix::io::Result<Arc<Dir>>;

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
    pub stored: Stored,
    /// Where it is made.
    pub up: Up,
    /// Under which name.
    pub staged: EntryName,
}

impl Piece {
    /// The folder in which its own stored copy is, and the name there.
    fn own(&self) -> rustix::io::Result<(&Dir, &[u8])> {
        let dir = self.stored.as_deref().map_err(|errno| *errno)?;
        Ok((dir, self.path.name().unwrap_or(b".")))
    }
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

/// An inode that was made and gets flags.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flagged {
    /// The path in the snapshot.
    pub path: RelPath,
    /// The snapshot's number.
    pub at: u64,
    /// The inode.
    pub inode: u64,
    /// The flags.
    pub flags: u32,
}

/// One restore's staging.
pub struct Staging<'a> {
    /// What is restored from.
    pub repository: &'a Repository,
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
    /// Flags that are set when everything is in its place, and the inodes that get them.
    pub flags: Mutex<Vec<Flagged>>,
    /// Whether a file whose stored copy is damaged is restored, too.
    pub damaged: bool,
    /// Whether nothing is taken but from where it is stored itself.
    pub own_copies: bool,
    /// Where else something may be stored, once that was asked for.
    pub elsewhere: OnceLock<Elsewhere>,
    /// What was taken from there.
    pub taken: Mutex<Taken>,
    /// Whether an earlier run may have left something in the workspaces.
    pub reuses: bool,
    /// Whether the drive, or a disk that is restored to, says that it turns.
    pub turns: bool,
}

struct Worker {
    index: Index,
    buffer: Vec<u8>,
    nearby: Option<Nearby>,
}

impl Staging<'_> {
    /// Makes all `pieces` and what is below them.
    pub fn run(&self, pieces: Vec<Piece>) -> Result<()> {
        Pool::run(
            walk_threads(self.turns),
            pieces,
            || {
                let (index, buffer) = (Index::reader(self.index)?, vec![0; BUFFER_BYTES]);
                Ok(Worker { index, buffer, nearby: None })
            },
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
        let stored = piece.own().and_then(|(dir, name)| dir.child(name)).map(Arc::new);
        if let Err(errno) = &stored {
            let reason = self.unread(*errno)?;
            if self.own_copies {
                self.problem(&piece.path, reason);
                return self.close(piece.up);
            }
        }
        if piece.state.change().absent {
            self.problem(&piece.path, Reason::NeverStored);
        }
        let dir = match self.create_folder(&piece) {
            Ok(dir) => dir,
            Err(errno) => {
                self.refused(&piece, errno)?;
                return self.close(piece.up);
            }
        };
        self.note_flags(&piece, &dir)?;
        let own = stored.as_ref().ok().and_then(|stored| Xattrs::read(stored).ok());
        let xattrs = self.attributes(worker, &piece, own.into_iter())?;
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
                stored: stored.clone(),
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

    /// Makes the folder of a piece, or opens the one that an earlier run made.
    fn create_folder(&self, piece: &Piece) -> rustix::io::Result<Dir> {
        match piece.up.dir().create(&piece.staged, 0o700) {
            Err(Errno::EXIST) if self.reuses => {}
            made => return made,
        }
        let dir = open_writable(piece.up.dir(), &piece.staged)?;
        dir.set_mode(0o700)?;
        dir.drop_default_acl()?;
        Ok(dir)
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
            self.dress(&made.path, &made.dir, &meta, &made.xattrs, &made.origin.owners)?;
            self.done(&made.meta);
            up = made.up.clone();
        }
        Ok(())
    }

    /// Sets the metadata of what is open, and says if not all of it was taken.
    fn dress(
        &self,
        path: &RelPath,
        fd: &impl AsFd,
        meta: &Metadata,
        xattrs: &Xattrs,
        owners: &OwnerMap,
    ) -> Result<()> {
        let (all, now) = dress::finish(fd, meta, xattrs, owners.rule(), owners.own())
            .map_err(|errno| self.failed(errno))?;
        if !all || now.mtime != meta.mtime {
            self.problem(path, Reason::MetadataNotRestored);
        }
        Ok(())
    }

    fn note_flags(&self, piece: &Piece, fd: impl AsFd) -> Result<()> {
        if let Some(flags) = piece.state.change().flags.filter(|flags| *flags != 0) {
            let inode = stat_fd(fd).map_err(|errno| self.failed(errno))?.stx_ino;
            let (path, at) = (piece.path.clone(), piece.origin.at);
            let mut all = self.flags.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(Flagged { path, at, inode, flags });
        }
        Ok(())
    }

    /// Why a stored copy is of no use that could not be read.
    ///
    /// # Errors
    /// The drive is gone, so that none can be.
    fn unread(&self, errno: Errno) -> Result<Reason> {
        if gone::may_be_gone(errno) {
            gone::prove(self.repository)?;
        }
        Ok(Reason::of_stored(errno))
    }

    /// An entry that could not be made: if only this one is at fault, the rest goes on.
    fn refused(&self, piece: &Piece, errno: Errno) -> Result<()> {
        match errno {
            // Where upper and lower case are the same, another took its name.
            Errno::EXIST
            | Errno::NOENT
            | Errno::NAMETOOLONG
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
