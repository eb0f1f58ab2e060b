//! A folder of a snapshot's tree on its way to its digest, and what is remembered of it for the next snapshot.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use crate::engine::digest::{Content, DirectoryDigest};
use crate::engine::dir::Dir;
use crate::engine::index::State;
use crate::engine::meta::Kind;
use crate::engine::overrides::Override;
use crate::engine::path::{EntryName, RelPath};

/// Where a folder hangs.
pub(super) enum Up {
    /// It is a source's own.
    Source(Uuid),
    /// It lies above or beside the sources, or nobody knows: no digest is asked for.
    Nothing,
    Folder(Arc<Folder>),
}

/// An entry that is no folder.
pub(super) struct Leaf {
    pub name: EntryName,
    /// 0 of what the overrides alone tell of.
    pub inode: u64,
    pub kind: Option<Kind>,
}

/// A folder that is being read.
pub(super) struct Folder {
    pub up: Up,
    pub path: RelPath,
    pub depth: u32,
    pub dir: Dir,
    pub state: State,
    pub leaves: Vec<Leaf>,
    /// What the listing tells of the leaves.
    pub mark: Mark,
    /// Whether that is what it told in the snapshot before.
    pub is_same: bool,
    /// Whether the leaves are, or are going to be, in the digest.
    pub is_recorded: AtomicBool,
    /// Whether something below could not be read, so that there is no digest.
    pub is_broken: AtomicBool,
    /// Folders and parts of the leaves that aren't done yet, and one for the folder's own listing.
    pub pending: AtomicUsize,
    pub digest: Mutex<DirectoryDigest>,
    /// The digests of the folders in it, each with its name and metadata.
    pub folders: Mutex<Vec<[u8; 32]>>,
}

impl Folder {
    /// Adds a leaf to the digest.
    pub fn add(&self, name: &[u8], state: &State, change: &Override) {
        let mut digest = self.digest.lock().unwrap_or_else(PoisonError::into_inner);
        digest.add(name, &state.meta, change, state.xattrs, state.content());
    }

    /// Adds a folder with its digest.
    pub fn add_folder(&self, name: &[u8], state: &State, change: &Override, below: [u8; 32]) {
        let content = Content::Directory(below);
        let mut alone = DirectoryDigest::default();
        alone.add(name, &state.meta, change, state.xattrs, content);
        let mark = alone.finish();
        self.folders.lock().unwrap_or_else(PoisonError::into_inner).push(mark);
        let mut digest = self.digest.lock().unwrap_or_else(PoisonError::into_inner);
        digest.add(name, &state.meta, change, state.xattrs, content);
    }

    /// What leaves and folders tell together.
    pub fn whole_mark(&self) -> Mark {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        folders.sort_unstable();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.mark);
        for folder in folders.iter() {
            hasher.update(folder);
        }
        shorten(&hasher)
    }
}

/// Stands for a listing: two that differ have different ones.
pub(super) type Mark = [u8; 16];

pub(super) fn shorten(hasher: &blake3::Hasher) -> Mark {
    let mut mark = [0; 16];
    hasher.finalize_xof().fill(&mut mark);
    mark
}

/// What is remembered of a folder.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub leaves: Mark,
    pub whole: Mark,
    pub digest: [u8; 32],
}

/// The folders of one snapshot, by their paths: while the repository is locked an inode number stays that of one file,
/// so a folder with the same inodes and overrides under the same names has the same digest.
#[derive(Debug, Default)]
pub(super) struct KnownFolders(HashMap<Mark, Known>);

fn key(path: &RelPath) -> Mark {
    let mut hasher = blake3::Hasher::new();
    hasher.update(path.as_bytes());
    shorten(&hasher)
}

impl KnownFolders {
    /// What is remembered of the folder at `path`.
    pub fn get(&self, path: &RelPath) -> Option<Known> {
        self.0.get(&key(path)).copied()
    }

    /// Remembers the folder at `path`.
    pub fn set(&mut self, path: &RelPath, known: Known) {
        self.0.insert(key(path), known);
    }
}
