//! One folder of a source on its way into the stage: on its three sides, and what is known of it.

use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, OnceLock};

use uuid::Uuid;

use super::places::FolderNumber;
use super::run::{Known, Run, device_of};
use crate::engine::digest::DirectoryDigest;
use crate::engine::dir::{Dir, inode_flags};
use crate::engine::disk;
use crate::engine::error::Result;
use crate::engine::index::{NodeId, State};
use crate::engine::meta::{ContentHash, Fingerprint, Kind, Metadata};
use crate::engine::overrides::SnapshotRef;
use crate::engine::path::RelPath;
use crate::engine::plan;
use crate::engine::probe;
use crate::engine::problem::Reason;
use crate::engine::rules::FolderMarks;
use crate::engine::xattr::{Labels, Xattrs};

/// What a source is compared with and linked to.
#[derive(Debug, Clone)]
pub(super) struct Base {
    /// The newest snapshot that protected the source.
    pub seq: u64,
    /// The same, as stale marks name it.
    pub reference: SnapshotRef,
    /// Number and name of the newest snapshot whose files can be linked to.
    pub linkable: Option<(u64, String)>,
}

/// Where a folder hangs.
pub(super) enum Up {
    Source(Uuid),
    Folder(Arc<Folder>),
}

/// A folder that isn't done yet.
pub(super) struct Folder {
    pub up: Up,
    pub path: RelPath,
    pub node: NodeId,
    is_new: bool,
    pub base: Option<Base>,
    pub known: Option<Known>,
    /// The live folder; `None` if it can't be read and its last state is carried forward.
    pub source: Option<Dir>,
    /// The same folder in the snapshot that can be linked to.
    pub stored: Option<Dir>,
    /// The same folder in what an interrupted run left.
    pub leftover: Option<Dir>,
    pub stage: Dir,
    pub meta: Metadata,
    pub xattrs: Xattrs,
    pub flags: u32,
    /// How the live folder is recognised.
    pub fingerprint: Option<Fingerprint>,
    pub mount: u64,
    /// The live folder's device and inode.
    pub inode: ((u32, u32), u64),
    /// The device's number in link groups.
    pub device: u64,
    /// The number under which the run's contents know the folder.
    pub number: OnceLock<FolderNumber>,
    pub stable_inodes: bool,
    /// Whether the live folder's disk says that it turns.
    pub turns: bool,
    pub digest: Mutex<DirectoryDigest>,
    /// Child folders that aren't done yet, and one for the folder's own entries.
    pub pending: AtomicUsize,
    /// The live folder is there, but its content could not be read.
    pub unread: AtomicBool,
    /// What the folder says about all in it, once it was listed.
    pub marks: OnceLock<FolderMarks>,
}

impl Folder {
    #[expect(clippy::too_many_arguments, reason = "each is one fact about the source, used once")]
    pub fn root(
        run: &Run<'_>,
        source: Uuid,
        path: RelPath,
        place: (NodeId, bool),
        base: Option<Base>,
        known: Option<Known>,
        dir: Option<Dir>,
        stage: Dir,
    ) -> Result<Arc<Self>> {
        let stored = run.stored_folder(base.as_ref(), &path);
        let mut folder = Self::new(Up::Source(source), path, place, stage);
        folder.base = base;
        folder.stored = stored;
        folder.unread = AtomicBool::new(dir.is_none());
        if let Some(dir) = dir {
            folder.stable_inodes = probe::has_stable_inodes(&dir);
            folder.turns = disk::turns(&dir);
            let stat = dir.stat().map_err(|errno| run.drive_error(errno))?;
            folder.take_source(run, dir, known.as_ref());
            folder.device = run.device_number(device_of(&stat));
        }
        folder.leftover = run.leftover.as_ref().and_then(|dir| dir.beneath(&folder.path).ok());
        folder.inherit(known);
        Ok(Arc::new(folder))
    }

    pub fn new(up: Up, path: RelPath, (node, is_new): (NodeId, bool), stage: Dir) -> Self {
        Self {
            up,
            path,
            node,
            is_new,
            base: None,
            known: None,
            source: None,
            stored: None,
            leftover: None,
            stage,
            meta: Metadata {
                kind: Kind::Directory,
                mode: 0o700,
                uid: 0,
                gid: 0,
                size_bytes: 0,
                mtime: Default::default(),
                device: (0, 0),
            },
            xattrs: Xattrs::default(),
            flags: 0,
            fingerprint: None,
            mount: 0,
            inode: ((0, 0), 0),
            device: 0,
            number: OnceLock::new(),
            stable_inodes: true,
            turns: false,
            digest: Mutex::default(),
            pending: AtomicUsize::new(1),
            unread: AtomicBool::new(false),
            marks: OnceLock::new(),
        }
    }

    /// Takes the live folder with its metadata; without, its last state will be carried forward.
    pub fn take_source(&mut self, run: &Run<'_>, dir: Dir, known: Option<&Known>) {
        let Ok(stat) = dir.stat() else { return };
        let Some(meta) = Metadata::from_statx(&stat) else { return };
        let fingerprint = Fingerprint::from_statx(&stat);
        self.mount = stat.stx_mnt_id;
        self.inode = (device_of(&stat), stat.stx_ino);
        let before = known.map(|(_, _, state)| state);
        let known = before
            .filter(|state| plan::is_recognised(state, &meta, &fingerprint, self.stable_inodes));
        self.flags = match known {
            Some(state) => state.change().flags.unwrap_or(0),
            None => inode_flags(&dir),
        };
        self.fingerprint = Some(fingerprint);
        self.xattrs = match known {
            Some(state) if state.xattrs.is_none() && run.labels == Labels::Leave => {
                Xattrs::default()
            }
            _ => Xattrs::read_with(&dir, run.labels).unwrap_or_else(|errno| {
                // Not worth losing the folder for; they are read again the next time.
                run.problem(&self.path, Reason::Unreadable(errno));
                self.fingerprint = None;
                self.stored_xattrs(before)
            }),
        };
        self.meta = meta;
        self.source = Some(dir);
    }

    /// Numbers the device that the folder is on, compared with the folder above it, and asks anew whether its disk turns.
    pub fn number_device(&mut self, up: &Self) {
        self.device = up.device;
        if self.source.is_some() && self.inode.0 != up.inode.0 {
            // A subvolume or another file system: its number must be the same in every run.
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&ContentHash::of(self.path.as_bytes()).0[..8]);
            self.device = u64::from_le_bytes(bytes) | 1 << 63;
            self.turns = self.source.as_ref().is_some_and(disk::turns);
        }
    }

    /// Whether the live folder is one of those that it lies in, seen again through a mount.
    pub fn is_loop(&self) -> bool {
        let mut above = match &self.up {
            Up::Source(_) => None,
            Up::Folder(up) => Some(up),
        };
        while let Some(folder) = above {
            if folder.inode == self.inode {
                return true;
            }
            above = match &folder.up {
                Up::Source(_) => None,
                Up::Folder(up) => Some(up),
            };
        }
        false
    }

    /// The attributes that the folder was stored with.
    fn stored_xattrs(&self, state: Option<&State>) -> Xattrs {
        let said = state.and_then(|state| state.change().xattrs());
        let stored = || self.stored.as_ref().and_then(|stored| Xattrs::read(stored).ok());
        said.or_else(stored).unwrap_or_default()
    }

    /// Takes what was known; a carried folder is what it was.
    pub fn inherit(&mut self, known: Option<Known>) {
        let known_folder = known.as_ref().filter(|known| known.2.meta.kind == Kind::Directory);
        if let (None, Some((_, _, state))) = (&self.source, known_folder) {
            self.meta = state.meta;
            self.flags = state.change().flags.unwrap_or(0);
            self.xattrs = self.stored_xattrs(Some(state));
        }
        self.known = known;
    }

    /// The place under which this folder's children are interned.
    pub fn place(&self) -> (NodeId, bool) {
        (self.node, self.is_new)
    }

    /// Whether a version that began with `first` is in the snapshot that can be linked to.
    pub fn can_link(&self, first: i64) -> bool {
        self.stored.is_some()
            && self
                .base
                .as_ref()
                .and_then(|base| base.linkable.as_ref())
                .is_some_and(|(seq, _)| first <= *seq as i64)
    }
}
