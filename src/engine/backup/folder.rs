//! One folder of a source on its way into the stage: opened, listed and filled. `close` ends it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::AcqRel, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use rustix::io::Errno;
use uuid::Uuid;

use super::run::{Known, Run, Worker};
use crate::engine::digest::DirectoryDigest;
use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::index::{self, Change, Child, NodeId, OPEN};
use crate::engine::meta::{Kind, Metadata};
use crate::engine::monitor::Event;
use crate::engine::overrides::SnapshotRef;
use crate::engine::path::RelPath;
use crate::engine::pool::Pool;
use crate::engine::probe;
use crate::engine::problem::Reason;
use crate::engine::xattr::Xattrs;

/// Names of folders that a restore is working in, or that hold what it replaced: never backed up.
const RESTORE_PREFIX: &[u8] = b".yore-restore-";

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
    pub stage: Dir,
    pub meta: Metadata,
    pub xattrs: Xattrs,
    mount: u64,
    pub stable_inodes: bool,
    pub digest: Mutex<DirectoryDigest>,
    /// Child folders that aren't done yet, and one for the folder's own entries.
    pub pending: AtomicUsize,
    /// The live folder is there, but its content could not be read.
    pub unread: AtomicBool,
}

/// What a thread takes from the pool.
pub(super) enum Task {
    Root(Arc<Folder>),
    Child {
        up: Arc<Folder>,
        name: Vec<u8>,
        known: Option<Box<Child>>,
        /// The folder can't be read, or lies in one that can't: its last state is carried forward.
        carried: bool,
    },
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
            let stat = dir.stat().map_err(|errno| run.drive_error(errno))?;
            folder.mount = stat.stx_mnt_id;
            folder.take_source(dir);
        }
        folder.inherit(known);
        Ok(Arc::new(folder))
    }

    fn new(up: Up, path: RelPath, (node, is_new): (NodeId, bool), stage: Dir) -> Self {
        Self {
            up,
            path,
            node,
            is_new,
            base: None,
            known: None,
            source: None,
            stored: None,
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
            mount: 0,
            stable_inodes: true,
            digest: Mutex::default(),
            pending: AtomicUsize::new(1),
            unread: AtomicBool::new(false),
        }
    }

    /// Takes the live folder with its metadata; without, its last state will be carried forward.
    fn take_source(&mut self, dir: Dir) {
        let Ok(stat) = dir.stat() else { return };
        let Some(meta) = Metadata::from_statx(&stat) else { return };
        // Attributes that can't be read are not worth losing the folder.
        self.xattrs = Xattrs::read(&dir).unwrap_or_default();
        self.meta = meta;
        self.source = Some(dir);
    }

    /// Takes what was known; a carried folder is what it was.
    fn inherit(&mut self, known: Option<Known>) {
        let known_folder = known.as_ref().filter(|known| known.2.meta.kind == Kind::Directory);
        if let (None, Some((_, _, state))) = (&self.source, known_folder) {
            self.meta = state.meta;
            if let Some(stored) = &self.stored {
                self.xattrs = Xattrs::read(stored).unwrap_or_default();
            }
            if let Some(xattrs) = state.change().xattrs() {
                self.xattrs = xattrs;
            }
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

impl Run<'_> {
    pub(super) fn work(
        &self,
        worker: &mut Worker<'_>,
        task: Task,
        pool: &Pool<Task>,
    ) -> Result<()> {
        let folder = match task {
            Task::Root(folder) => folder,
            Task::Child { up, name, known, carried } => {
                match self.open_child(worker, &up, &name, known.map(|child| *child), carried)? {
                    Some(folder) => folder,
                    None => return self.close(worker, up),
                }
            }
        };
        self.monitor.set_current(folder.path.clone());
        self.fill(worker, &folder, pool)?;
        self.close(worker, folder)
    }

    /// Opens a child folder on all three sides; `None` if it is gone and there is nothing to carry forward.
    fn open_child(
        &self,
        worker: &mut Worker<'_>,
        up: &Arc<Folder>,
        name: &[u8],
        known: Option<Child>,
        carried: bool,
    ) -> Result<Option<Arc<Folder>>> {
        let path = up.path.join(name);
        let source = match up.source.as_ref().filter(|_| !carried) {
            None => None,
            Some(dir) => match dir.child(name) {
                Ok(dir) => Some(dir),
                Err(Errno::NOENT) => {
                    if let Some(child) = &known {
                        self.forget(worker, up, child)?;
                    }
                    return Ok(None);
                }
                Err(errno) => {
                    self.problem(&path, Reason::of_source(errno));
                    None
                }
            },
        };
        let live = match &source {
            Some(_) => None,
            None => up.source.as_ref().and_then(|dir| dir.stat_child(name).ok()),
        };
        let stage = up.stage.create(name, 0o700).map_err(|errno| self.drive_error(errno))?;
        let place = match &known {
            Some(child) => (child.node, false),
            None => self.intern(&worker.index, &mut worker.spool, up.place(), name)?,
        };
        let mut folder = Folder::new(Up::Folder(Arc::clone(up)), path, place, stage);
        folder.mount = up.mount;
        folder.stable_inodes = up.stable_inodes;
        let was_folder =
            known.as_ref().is_some_and(|child| child.state.meta.kind == Kind::Directory);
        if was_folder {
            folder.base = up.base.clone();
            folder.stored = up.stored.as_ref().and_then(|dir| dir.child(name).ok());
        }
        match source {
            Some(dir) => folder.take_source(dir),
            None => folder.unread = AtomicBool::new(!carried),
        }
        let live = live.as_ref().and_then(Metadata::from_statx);
        if let Some(meta) = live.filter(|meta| meta.kind == Kind::Directory) {
            folder.meta = meta;
        }
        if folder.source.is_none() && !carried {
            folder.unread = AtomicBool::new(true);
        }
        folder.inherit(known.map(|child| (child.first, child.last, child.state)));
        Ok(Some(Arc::new(folder)))
    }

    /// Lists the folder and does what each entry needs; child folders go to the pool.
    fn fill(&self, worker: &mut Worker<'_>, folder: &Arc<Folder>, pool: &Pool<Task>) -> Result<()> {
        let known = match &folder.base {
            Some(base) => worker.index.children(folder.node, base.seq)?,
            None => Vec::new(),
        };
        let names = match self.list(folder) {
            Ok(Some(names)) => names,
            Ok(None) => return self.carry_children(worker, folder, known, pool),
            Err(errno) => {
                self.problem(&folder.path, Reason::of_source(errno));
                folder.unread.store(true, Relaxed);
                return self.carry_children(worker, folder, known, pool);
            }
        };
        let mut known: HashMap<Vec<u8>, Child> =
            known.into_iter().map(|child| (child.name.clone(), child)).collect();
        let mut folders = Vec::new();
        let done = self.store_databases(worker, folder, &names, &mut known)?;
        for name in names.iter().filter(|name| !done.contains(*name)) {
            self.monitor.check_cancelled()?;
            let before = known.remove(name);
            let is_folder = self.store_entry(worker, folder, name, before.as_ref())?;
            if is_folder {
                let (up, name) = (Arc::clone(folder), name.clone());
                folders.push(Task::Child { up, name, known: before.map(Box::new), carried: false });
            }
        }
        self.store_late_databases(worker, folder, &names, &mut known)?;
        for gone in known.values() {
            self.forget(worker, folder, gone)?;
        }
        self.push_folders(folder, folders, pool);
        Ok(())
    }

    /// The folder's names; `None` if it is carried forward.
    fn list(&self, folder: &Folder) -> rustix::io::Result<Option<Vec<Vec<u8>>>> {
        let Some(source) = &folder.source else { return Ok(None) };
        let stat = source.stat()?;
        if stat.stx_mnt_id != folder.mount {
            self.monitor.emit(&Event::OtherFileSystem { path: folder.path.to_absolute() });
            return Ok(Some(Vec::new()));
        }
        let device = (stat.stx_dev_major, stat.stx_dev_minor);
        if (device, stat.stx_ino) == self.repository_inode {
            self.monitor.emit(&Event::RepositoryInside { path: folder.path.to_absolute() });
            return Ok(Some(Vec::new()));
        }
        let mut names = source.names()?;
        names.retain(|name| !name.starts_with(RESTORE_PREFIX));
        Ok(Some(names))
    }

    fn carry_children(
        &self,
        worker: &mut Worker<'_>,
        folder: &Arc<Folder>,
        known: Vec<Child>,
        pool: &Pool<Task>,
    ) -> Result<()> {
        let mut folders = Vec::new();
        for child in known {
            self.monitor.check_cancelled()?;
            if child.state.meta.kind == Kind::Directory {
                let (up, name) = (Arc::clone(folder), child.name.clone());
                folders.push(Task::Child { up, name, known: Some(Box::new(child)), carried: true });
            } else {
                self.carry_entry(worker, folder, &child, false)?;
            }
        }
        self.push_folders(folder, folders, pool);
        Ok(())
    }

    fn push_folders(&self, folder: &Folder, folders: Vec<Task>, pool: &Pool<Task>) {
        folder.pending.fetch_add(folders.len(), AcqRel);
        pool.push(folders.into_iter().rev());
    }

    /// Ends what is known of an entry that is gone, and of all below it.
    pub(super) fn forget(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        child: &Child,
    ) -> Result<()> {
        if child.last == OPEN {
            let change = Change::End { node: child.node, first: child.first };
            self.push(&mut worker.spool, change)?;
        }
        self.forget_below(worker, folder, child)
    }

    /// Ends what is known below an entry that is no folder any more.
    pub(super) fn forget_below(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        child: &Child,
    ) -> Result<()> {
        match &folder.base {
            Some(base) if child.state.meta.kind == Kind::Directory => {
                index::end_below(&worker.index, child.node, base.seq, &mut worker.spool)
            }
            _ => Ok(()),
        }
    }
}
