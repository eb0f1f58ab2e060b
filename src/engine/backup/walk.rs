//! The way through a source's folders: each is opened, listed and filled. `close` ends it.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicBool, Ordering::AcqRel, Ordering::Relaxed};
use std::sync::{Arc, PoisonError};

use rustix::io::Errno;

use super::folder::{Folder, Up};
use super::known::KnownChildren;
use super::reading;
use super::run::{Run, Worker};
use crate::engine::dress;
use crate::engine::error::Result;
use crate::engine::index::{self, Change, Child, OPEN};
use crate::engine::meta::{Kind, Metadata};
use crate::engine::monitor::Event;
use crate::engine::path::EntryName;
use crate::engine::plan;
use crate::engine::pool::Pool;
use crate::engine::problem::Reason;
use crate::engine::repository::is_repository;

/// What the process's mask leaves of this is what most folders of a person have: after a right guess, no call sets the mode.
const USUAL_MODE: u32 = 0o777;

/// What a thread takes from the pool.
pub(super) enum Task {
    Root(Arc<Folder>),
    Child {
        up: Arc<Folder>,
        name: EntryName,
        known: Option<Box<Child>>,
        /// The folder can't be read, or lies in one that can't: its last state is carried forward.
        carried: bool,
    },
}

/// What is in a folder and isn't left out.
#[derive(Default)]
struct Names {
    /// Sorted by bytes.
    names: Vec<EntryName>,
    /// What the listing calls each of them.
    kinds: Vec<Option<Kind>>,
    /// Their places in the order in which they are read, if that is another one.
    order: Option<Vec<usize>>,
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
        self.take_folder_room()?;
        let mode = known.as_ref().map_or(USUAL_MODE, |child| child.state.meta.mode);
        let stage = up.stage.create(name, dress::born_mode(mode) | 0o700);
        let stage = stage.map_err(|errno| self.drive_error(errno))?;
        let place = match &known {
            Some(child) => (child.node, false),
            None => self.intern(&worker.index, &mut worker.spool, up.place(), name)?,
        };
        let mut folder = Folder::new(Up::Folder(Arc::clone(up)), path, place, stage);
        folder.stable_inodes = up.stable_inodes;
        folder.turns = up.turns;
        let was_folder =
            known.as_ref().is_some_and(|child| child.state.meta.kind == Kind::Directory);
        if was_folder {
            folder.base = up.base.clone();
            folder.stored = up.stored.as_ref().and_then(|dir| dir.child(name).ok());
        }
        folder.leftover = up.leftover.as_ref().and_then(|dir| dir.child(name).ok());
        let known = known.map(|child| (child.first, child.last, child.state));
        match source {
            Some(dir) => folder.take_source(self, dir, known.as_ref()),
            None => folder.unread = AtomicBool::new(!carried),
        }
        let live = live.as_ref().and_then(Metadata::from_statx);
        if let Some(meta) = live.filter(|meta| meta.kind == Kind::Directory) {
            folder.meta = meta;
        }
        if folder.source.is_none() && !carried {
            folder.unread = AtomicBool::new(true);
        }
        folder.number_device(up);
        folder.inherit(known);
        Ok(Some(Arc::new(folder)))
    }

    /// Lists the folder and does what each entry needs; child folders go to the pool.
    fn fill(&self, worker: &mut Worker<'_>, folder: &Arc<Folder>, pool: &Pool<Task>) -> Result<()> {
        let known = match &folder.base {
            Some(base) => worker.index.children(folder.node, base.seq)?,
            None => Vec::new(),
        };
        let Names { names, kinds, order } = match self.list(worker, folder) {
            Ok(Some(listed)) => listed,
            Ok(None) => return self.carry_children(worker, folder, known, pool),
            // Removed since it was opened: a moment ago it was there, and it is empty now.
            Err(Errno::NOENT) => Names::default(),
            Err(errno) => {
                self.problem(&folder.path, Reason::of_source(errno));
                folder.unread.store(true, Relaxed);
                return self.carry_children(worker, folder, known, pool);
            }
        };
        if names.is_empty() && !known.is_empty() && self.is_missing_mount(folder) {
            self.problem(&folder.path, Reason::Emptied);
            folder.unread.store(true, Relaxed);
            return self.carry_children(worker, folder, known, pool);
        }
        let mut known = KnownChildren::new(known);
        folder.digest.lock().unwrap_or_else(PoisonError::into_inner).reserve(names.len());
        let mut folders = Vec::new();
        let done = self.store_databases(worker, folder, &names, &mut known)?;
        let order = order.unwrap_or_else(|| (0..names.len()).collect());
        let entry_at = |place: usize| Some((names.get(place)?, *kinds.get(place)?));
        for (name, kind) in order.into_iter().filter_map(entry_at) {
            if done.contains(name.as_slice()) {
                continue;
            }
            self.monitor.check_cancelled()?;
            let before = known.take(name);
            let meta = match before {
                // What it is now is seen when it is opened; until then, its last time tells when its turn comes.
                Some(child)
                    if child.state.meta.kind == Kind::Directory
                        && kind == Some(Kind::Directory) =>
                {
                    Some(child.state.meta)
                }
                _ => self.store_entry(worker, folder, name, before, kind)?,
            };
            if let Some(meta) = meta {
                let (up, urgency) = (Arc::clone(folder), plan::urgency(name, &meta));
                let (name, known) = (name.clone(), before.cloned().map(Box::new));
                folders.push((urgency, Task::Child { up, name, known, carried: false }));
            }
        }
        self.store_late_databases(worker, folder, &names, &mut known)?;
        for gone in known.left() {
            self.forget(worker, folder, gone)?;
        }
        folders.sort_by_key(|(urgency, _)| Reverse(*urgency));
        self.push_folders(folder, folders.into_iter().map(|(_, task)| task).collect(), pool);
        Ok(())
    }

    /// The folder's names but what the rules leave out; `None` if it is carried forward.
    fn list(&self, worker: &mut Worker<'_>, folder: &Folder) -> rustix::io::Result<Option<Names>> {
        let Some(source) = &folder.source else { return Ok(None) };
        let is_mount = match &folder.up {
            Up::Source(_) => false,
            Up::Folder(up) => folder.mount != up.mount,
        };
        let path = || folder.path.to_absolute();
        if is_mount && !self.cross_mounts {
            self.monitor.emit(&Event::OtherFileSystem { path: path() });
            return Ok(Some(Names::default()));
        }
        if self.cross_mounts && folder.is_loop() {
            self.monitor.emit(&Event::MountLoop { path: path() });
            return Ok(Some(Names::default()));
        }
        let mut listed = match folder.up {
            // It was opened before the run began, which may be hours ago.
            Up::Source(_) => source.entries()?,
            Up::Folder(_) => source.entries_once(&mut worker.listing)?,
        };
        let is_ours = folder.inode == self.repository_inode;
        if is_ours || is_repository(source, &listed) {
            self.monitor.emit(&Event::RepositoryInside { path: path() });
            return Ok(Some(Names::default()));
        }
        self.leave_out(folder, source, &mut listed);
        let order = folder.turns.then(|| reading::by_inode(&listed));
        let kinds = listed.iter().map(|listed| listed.kind).collect();
        let names = listed.into_iter().map(|listed| listed.name).collect();
        Ok(Some(Names { names, kinds, order }))
    }

    /// Whether an empty folder may be the place of what was mounted there in the last run.
    fn is_missing_mount(&self, folder: &Folder) -> bool {
        let before = folder.known.as_ref().and_then(|(_, _, state)| state.fingerprint);
        let is_other = || match (before, &folder.fingerprint) {
            (Some(before), Some(now)) => before.inode != now.inode,
            _ => false,
        };
        self.cross_mounts && !self.accept_empty && is_other()
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
            if self.leaves_out(folder, &child) {
                self.forget(worker, folder, &child)?;
                continue;
            }
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
