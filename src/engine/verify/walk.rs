//! The way through one snapshot's tree: each content that was not read yet is read, and each source's digest is made.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::{AcqRel, Relaxed};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::io::Errno;
use uuid::Uuid;

use super::entry::Tree;
use super::finding::Fault;
use super::folder::{Folder, Known, KnownFolders, Leaf, Mark, Up, shorten};
use super::ledger::Ledger;
use super::read::BUFFER_BYTES;
use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::idle::make_thread_idle;
use crate::engine::index::State;
use crate::engine::listing::Listed;
use crate::engine::meta::Kind;
use crate::engine::overrides::Override;
use crate::engine::path::{EntryName, RelPath};
use crate::engine::pool::{Pool, reading_threads};

/// Folders that are nested deeper are refused: no file system's paths go so far.
const DEEPEST: u32 = 4096;

/// Leaves of one folder that a thread takes at once.
const PART: usize = 256;

/// One walk, shared by all threads.
pub(super) struct Walk<'a, 'p> {
    pub tree: &'a Tree<'a>,
    pub ledger: &'a Ledger<'p>,
    /// The folders of the snapshot before.
    pub before: &'a KnownFolders,
    pub now: Mutex<KnownFolders>,
    pub digests: Mutex<BTreeMap<Uuid, [u8; 32]>>,
    pub entries: AtomicU64,
    /// Held while a large file is read from a disk that turns: two at once would make it jump between them.
    pub large: Mutex<()>,
}

/// A part of the work.
pub(super) enum Task {
    /// A source's folder, or the whole tree.
    Root(Up, RelPath, Dir),
    /// A folder in another one; it is opened only then, so that few are open at once.
    Child(Arc<Folder>, EntryName),
    /// Some of a folder's leaves, by their places.
    Leaves(Arc<Folder>, Vec<usize>),
    /// All leaves of a folder, for the digest alone.
    Records(Arc<Folder>),
}

impl<'a, 'p> Walk<'a, 'p> {
    pub fn new(tree: &'a Tree<'a>, ledger: &'a Ledger<'p>, before: &'a KnownFolders) -> Self {
        Self {
            tree,
            ledger,
            before,
            now: Mutex::default(),
            digests: Mutex::default(),
            entries: AtomicU64::new(0),
            large: Mutex::default(),
        }
    }

    /// Walks through `roots` and all below.
    pub fn run(&self, roots: Vec<Task>) -> Result<()> {
        Pool::run(
            reading_threads(self.tree.turns),
            roots,
            || {
                make_thread_idle();
                Ok(vec![0; BUFFER_BYTES])
            },
            |buffer, task, pool| self.work(buffer, task, pool),
            |_| Ok(()),
        )
    }

    fn work(&self, buffer: &mut [u8], task: Task, pool: &Pool<Task>) -> Result<()> {
        self.tree.monitor.check_cancelled()?;
        match task {
            Task::Root(up, path, dir) => self.enter(up, path, Ok(dir), 0, pool),
            Task::Child(up, name) => {
                let (path, dir) = (up.path.join(&name), up.dir.child(&name));
                let depth = up.depth + 1;
                self.enter(Up::Folder(up), path, dir, depth, pool)
            }
            Task::Leaves(folder, places) => {
                for leaf in places.into_iter().filter_map(|place| folder.leaves.get(place)) {
                    self.tree.monitor.check_cancelled()?;
                    self.check_leaf(&folder, leaf, !folder.is_same, true, buffer)?;
                }
                self.close(folder, pool)
            }
            Task::Records(folder) => {
                for leaf in &folder.leaves {
                    self.tree.monitor.check_cancelled()?;
                    self.check_leaf(&folder, leaf, true, false, buffer)?;
                }
                self.close(folder, pool)
            }
        }
    }

    /// Lists a folder and gives the pool what is in it; one that can't be read is a fault of its own.
    fn enter(
        &self,
        up: Up,
        path: RelPath,
        dir: rustix::io::Result<Dir>,
        depth: u32,
        pool: &Pool<Task>,
    ) -> Result<()> {
        let opened = dir.map_err(Refused::Errno).and_then(|dir| {
            let state = self.describe(&path, &dir)?;
            if depth > DEEPEST {
                return Err(Refused::Fault(Fault::TooDeep));
            }
            let listed = self.list(&path, &dir).map_err(Refused::Errno)?;
            Ok((dir, state, listed))
        });
        let (dir, state, (leaves, folders)) = match opened {
            Ok(opened) => opened,
            Err(refused) => {
                let fault = match refused {
                    Refused::Fault(fault) => fault,
                    Refused::Errno(errno) => self.tree.fault_of(errno)?,
                };
                self.fault(path, fault);
                return self.give_up(up, pool);
            }
        };
        self.entries.fetch_add(1 + leaves.len() as u64, Relaxed);
        let mark = self.mark(&path, &leaves);
        let is_same = self.before.get(&path).is_some_and(|known| known.leaves == mark);
        let is_open =
            |leaf: &Leaf| leaf.kind == Some(Kind::File) && self.ledger.is_open(leaf.inode);
        let mut places: Vec<usize> = (0..leaves.len()).collect();
        if is_same {
            places.retain(|place| leaves.get(*place).is_some_and(is_open));
        }
        // Inodes with neighbouring numbers lie close to each other on a disk.
        places.sort_by_key(|place| leaves.get(*place).map(|leaf| leaf.inode));
        let parts: Vec<Vec<usize>> = places.chunks(PART).map(<[usize]>::to_vec).collect();
        let folder = Arc::new(Folder {
            up,
            path,
            depth,
            dir,
            state,
            leaves,
            mark,
            is_same,
            is_recorded: AtomicBool::new(!is_same),
            is_broken: AtomicBool::new(false),
            pending: AtomicUsize::new(1 + folders.len() + parts.len()),
            digest: Mutex::default(),
            folders: Mutex::default(),
        });
        pool.push(folders.into_iter().rev().map(|name| Task::Child(Arc::clone(&folder), name)));
        pool.push(parts.into_iter().rev().map(|part| Task::Leaves(Arc::clone(&folder), part)));
        self.close(folder, pool)
    }

    fn describe(&self, path: &RelPath, dir: &Dir) -> Result<State, Refused> {
        let stat = dir.stat().map_err(Refused::Errno)?;
        if !self.tree.is_own(&stat) {
            return Err(Refused::Fault(Fault::Mounted));
        }
        self.tree.folder_state(path, dir, &stat).map_err(Refused::Errno)
    }

    /// What is in a folder: leaves, those that overrides alone tell of included, and the names of folders.
    fn list(&self, path: &RelPath, dir: &Dir) -> rustix::io::Result<(Vec<Leaf>, Vec<EntryName>)> {
        let (mut leaves, mut folders) = (Vec::new(), Vec::new());
        for Listed { name, inode, kind } in self.tree.list(path, dir)? {
            let kind = match kind {
                None if inode != 0 => Kind::from_mode(dir.stat_child(&name)?.stx_mode.into()),
                kind => kind,
            };
            match kind {
                Some(Kind::Directory) => folders.push(name),
                kind => leaves.push(Leaf { name, inode, kind }),
            }
        }
        Ok((leaves, folders))
    }

    fn mark(&self, path: &RelPath, leaves: &[Leaf]) -> Mark {
        let mut hasher = blake3::Hasher::new();
        let owner = self.tree.owner.map(|owner| (owner.uid, owner.gid)).unwrap_or_default();
        hasher.update(&owner.0.to_le_bytes()).update(&owner.1.to_le_bytes());
        for leaf in leaves {
            hasher.update(&[leaf.kind.map_or(b'?', Kind::code)]);
            hasher.update(&(leaf.name.len() as u64).to_le_bytes()).update(&leaf.name);
            hasher.update(&leaf.inode.to_le_bytes());
            let change = self.tree.overrides.get(&path.join(&leaf.name));
            let text = change.and_then(Override::to_text).unwrap_or_default();
            hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        }
        shorten(&hasher)
    }

    /// Counts one part of a folder as done; with the last, its digest is known, and it counts for the folder above.
    pub(super) fn close(&self, mut folder: Arc<Folder>, pool: &Pool<Task>) -> Result<()> {
        while folder.pending.fetch_sub(1, AcqRel) == 1 {
            let Some(digest) = self.finish(&folder, pool) else { return Ok(()) };
            let up = match (&folder.up, digest) {
                (Up::Source(id), Digest::Known(digest)) => {
                    self.digests.lock().unwrap_or_else(PoisonError::into_inner).insert(*id, digest);
                    return Ok(());
                }
                (Up::Source(_) | Up::Nothing, _) => return Ok(()),
                (Up::Folder(up), Digest::Known(digest)) => {
                    let change = self.tree.change(&folder.path);
                    let name = folder.path.name().unwrap_or_default();
                    up.add_folder(name, &folder.state, &change, digest);
                    Arc::clone(up)
                }
                (Up::Folder(up), Digest::Unknown) => {
                    up.is_broken.store(true, Relaxed);
                    Arc::clone(up)
                }
            };
            folder = up;
        }
        Ok(())
    }

    /// The digest of a folder of which all is done; `None` if its leaves have to be looked at first.
    fn finish(&self, folder: &Arc<Folder>, pool: &Pool<Task>) -> Option<Digest> {
        if folder.is_broken.load(Relaxed) {
            return Some(Digest::Unknown);
        }
        let is_recorded = folder.is_recorded.load(Relaxed);
        let whole = folder.whole_mark();
        let known =
            self.before.get(&folder.path).filter(|known| !is_recorded && known.whole == whole);
        let digest = match known {
            Some(known) => known.digest,
            None if !is_recorded => {
                folder.is_recorded.store(true, Relaxed);
                folder.pending.store(1, Relaxed);
                pool.push([Task::Records(Arc::clone(folder))]);
                return None;
            }
            None => {
                let mut digest = folder.digest.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::take(&mut *digest).finish()
            }
        };
        let known = Known { leaves: folder.mark, whole, digest };
        self.now.lock().unwrap_or_else(PoisonError::into_inner).set(&folder.path, known);
        Some(Digest::Known(digest))
    }

    /// Counts a folder that can't be read as done for the one above it.
    fn give_up(&self, up: Up, pool: &Pool<Task>) -> Result<()> {
        match up {
            Up::Folder(up) => {
                up.is_broken.store(true, Relaxed);
                self.close(up, pool)
            }
            Up::Source(_) | Up::Nothing => Ok(()),
        }
    }

    pub(super) fn fault(&self, path: RelPath, fault: Fault) {
        self.ledger.add_fault(&self.tree.snapshot, path, fault);
    }

    /// What was walked through.
    pub fn end(self) -> Walked {
        Walked {
            folders: self.now.into_inner().unwrap_or_else(PoisonError::into_inner),
            digests: self.digests.into_inner().unwrap_or_else(PoisonError::into_inner),
            entries: self.entries.into_inner(),
        }
    }
}

/// What a whole walk knows.
pub(super) struct Walked {
    /// The folders, for the next walk.
    pub folders: KnownFolders,
    /// The digests of the sources.
    pub digests: BTreeMap<Uuid, [u8; 32]>,
    pub entries: u64,
}

/// Why a folder could not be entered.
enum Refused {
    Errno(Errno),
    Fault(Fault),
}

/// The digest of a folder.
enum Digest {
    Known([u8; 32]),
    /// Something below could not be read.
    Unknown,
}
