//! What is known of a tree while it is removed: folders that are open, entries that wait, and what was left.

use std::sync::atomic::{
    AtomicBool, AtomicU8, AtomicUsize,
    Ordering::{AcqRel, Relaxed},
};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::io::Errno;

use super::trees::Removal;
use crate::engine::dir::Dir;
use crate::engine::path::{EntryName, RelPath};

/// How often a folder is listed again in which something was made meanwhile.
const RETRIES: u8 = 3;

/// A tree that is to go: an entry of a folder that is held.
pub struct Tree {
    /// The folder that it is in.
    pub holder: Arc<Dir>,
    /// The mount that it must not leave.
    pub mount: u64,
    is_gone: AtomicBool,
    has_lifted: AtomicBool,
    stuck: Mutex<Option<(RelPath, Errno)>>,
}

/// An entry that is to go. It waits as its parent and its name: a thousand siblings must not be a thousand descriptors.
pub struct Entry {
    /// The tree that it is part of.
    pub tree: Arc<Tree>,
    /// The folder that it is in; `None` for the tree's top.
    pub parent: Option<Arc<Folder>>,
    /// Its name there.
    pub name: EntryName,
}

/// A folder that is open because something in it is left.
pub struct Folder {
    /// Its place.
    pub entry: Entry,
    /// Its descriptor.
    pub dir: Dir,
    /// How many folders it lies in.
    pub depth: usize,
    /// Folders in it that are not done, and one for its own listing.
    unfinished: AtomicUsize,
    is_stuck: AtomicBool,
    retries: AtomicU8,
}

impl Tree {
    /// A tree below `holder`, which is on this mount.
    pub fn new(holder: Arc<Dir>, mount: u64) -> Self {
        Self {
            holder,
            mount,
            is_gone: AtomicBool::new(false),
            has_lifted: AtomicBool::new(false),
            stuck: Mutex::new(None),
        }
    }

    /// Remembers the first thing that could not be removed.
    pub fn stick(&self, path: RelPath, errno: Errno) {
        let mut stuck = self.stuck.lock().unwrap_or_else(PoisonError::into_inner);
        stuck.get_or_insert((path, errno));
    }

    /// Remembers that a deep folder was moved up into the tree's top.
    pub fn has_lifted(&self) {
        self.has_lifted.store(true, Relaxed);
    }

    /// How it went.
    pub fn outcome(&self) -> Removal {
        match self.stuck.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some((path, errno)) => Removal::Stuck { path, errno },
            None if self.is_gone.load(Relaxed) => Removal::Gone,
            None => Removal::Stopped,
        }
    }
}

impl Entry {
    /// The folder that it is in.
    pub fn dir(&self) -> &Dir {
        self.parent.as_ref().map_or(&self.tree.holder, |parent| &parent.dir)
    }

    /// Its path below the tree's holder.
    pub fn path(&self) -> RelPath {
        let (mut names, mut entry) = (vec![self.name.as_slice()], self);
        while let Some(parent) = &entry.parent {
            entry = &parent.entry;
            names.push(&entry.name);
        }
        let mut path = RelPath::root();
        names.iter().rev().for_each(|name| path.push(name));
        path
    }

    /// How many folders of the tree it lies in.
    pub fn depth(&self) -> usize {
        self.parent.as_ref().map_or(0, |parent| parent.depth + 1)
    }

    /// Says that it is gone; what it was in is told apart.
    pub fn is_gone(&self) {
        if self.parent.is_none() {
            self.tree.is_gone.store(true, Relaxed);
        }
    }

    /// Says that it can't be removed, which its parents can't be either then.
    pub fn stick(&self, errno: Errno) {
        self.tree.stick(self.path(), errno);
        self.keeps_parent();
    }

    /// Says that its parent can't be removed.
    pub fn keeps_parent(&self) {
        if let Some(parent) = &self.parent {
            parent.is_stuck.store(true, Relaxed);
        }
    }
}

impl Folder {
    /// An open folder whose entries are to be removed.
    pub fn new(entry: Entry, dir: Dir) -> Self {
        Self {
            depth: entry.depth(),
            entry,
            dir,
            unfinished: AtomicUsize::new(1),
            is_stuck: AtomicBool::new(false),
            retries: AtomicU8::new(RETRIES),
        }
    }

    /// Counts folders in it that have to be done first.
    pub fn expect(&self, folders: usize) {
        self.unfinished.fetch_add(folders, Relaxed);
    }

    /// Counts one of them, or its listing, as done; `true` for the last.
    pub fn is_last_done(&self) -> bool {
        self.unfinished.fetch_sub(1, AcqRel) == 1
    }

    /// Says that something in it can't be removed.
    pub fn stick(&self, name: &[u8], errno: Errno) {
        self.entry.tree.stick(self.entry.path().join(name), errno);
        self.is_stuck.store(true, Relaxed);
    }

    /// Says that it can't be emptied.
    pub fn stick_itself(&self, errno: Errno) {
        self.entry.tree.stick(self.entry.path(), errno);
        self.is_stuck.store(true, Relaxed);
    }

    /// Whether something in it could not be removed.
    pub fn is_stuck(&self) -> bool {
        self.is_stuck.load(Relaxed)
    }

    /// Whether deep folders were moved into it, which is the tree's top then.
    pub fn takes_lifted(&self) -> bool {
        self.entry.parent.is_none() && self.entry.tree.has_lifted.swap(false, Relaxed)
    }

    /// Whether it may be listed once more though something was made in it.
    pub fn may_retry(&self) -> bool {
        let left = self.retries.load(Relaxed);
        self.retries.store(left.saturating_sub(1), Relaxed);
        left > 0
    }

    /// Makes it wait for its listing again.
    pub fn begin_again(&self) {
        self.unfinished.store(1, Relaxed);
    }
}
