//! The way through a snapshot's tree: each folder side by side with the same folder of the base's tree.

use std::collections::HashMap;
use std::sync::Arc;

use rustix::fs::Statx;

use super::entry::Read;
use super::{Walk, Worker};
use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::index::spool::Change;
use crate::engine::index::{Child, NodeId, OPEN, State};
use crate::engine::listing::Listed;
use crate::engine::meta::{Kind, Metadata};
use crate::engine::path::{EntryName, RelPath};
use crate::engine::pool::Pool;
use crate::engine::xattr::Xattrs;

/// Where a folder lies.
pub(super) struct Place {
    pub path: RelPath,
    pub node: NodeId,
    /// Whether the index doesn't know the path yet.
    pub is_new: bool,
    /// Whether what the base has here goes on: not where the base had another source.
    pub goes_on: bool,
}

/// An open folder.
pub(super) struct Folder {
    place: Place,
    dir: Dir,
    /// The same folder in the base's tree, if inode numbers mean the same there.
    base: Option<Dir>,
}

/// A folder that is to be read; it is opened only then, so that few are open at once.
pub(super) enum Task {
    Source(Folder),
    Child {
        up: Arc<Folder>,
        name: EntryName,
        node: NodeId,
        is_new: bool,
        known: Option<Box<Child>>,
    },
}

impl Walk<'_> {
    /// Reads a folder; those below it go to the pool.
    pub(super) fn work(
        &self,
        worker: &mut Worker<'_>,
        task: Task,
        pool: &Pool<Task>,
    ) -> Result<()> {
        let folder = match task {
            Task::Source(folder) => Some(folder),
            Task::Child { up, name, node, is_new, known } => {
                let dir = up.dir.child(&name).map_err(|errno| self.failed(errno))?;
                let base = up.base.as_ref().and_then(|base| base.child(&name).ok());
                let (path, goes_on) = (up.place.path.join(&name), up.place.goes_on);
                let place = Place { path, node, is_new, goes_on };
                let before = known.map(|child| (child.first, child.last, child.state));
                self.open_folder(worker, place, dir, base, before)?
            }
        };
        match folder {
            Some(folder) => self.read_folder(worker, &Arc::new(folder), pool),
            None => Ok(()),
        }
    }

    /// Reads what the folder itself is, which was as `before` says.
    pub(super) fn open_folder(
        &self,
        worker: &mut Worker<'_>,
        place: Place,
        dir: Dir,
        base: Option<Dir>,
        before: Option<(i64, i64, State)>,
    ) -> Result<Option<Folder>> {
        let stat = dir.stat().map_err(|errno| self.failed(errno))?;
        let Some(stored) = Metadata::from_statx(&stat) else { return Ok(None) };
        let attributes = Xattrs::read(&dir).map_err(|errno| self.failed(errno))?;
        let state = self.state(&place.path, stored, &attributes, None);
        worker.tally.count(&state.meta);
        self.monitor.add_entries(1);
        self.compare(worker, place.node, before, state)?;
        let is_comparable =
            |base: &Dir| base.stat().is_ok_and(|other| is_same_mount(&stat, &other));
        Ok(Some(Folder { place, dir, base: base.filter(is_comparable) }))
    }

    fn read_folder(
        &self,
        worker: &mut Worker<'_>,
        folder: &Arc<Folder>,
        pool: &Pool<Task>,
    ) -> Result<()> {
        let Place { path, node, is_new, goes_on } = &folder.place;
        let before = match self.base.as_ref().filter(|_| !is_new && *goes_on) {
            Some(base) => worker.index.children(*node, base.seq)?,
            None => Vec::new(),
        };
        let mut before: HashMap<EntryName, Child> =
            before.into_iter().map(|child| (EntryName::from_slice(&child.name), child)).collect();
        // A base that can't be read is no help, but no harm either.
        let in_base = folder.base.as_ref().and_then(|base| base.entries().ok()).unwrap_or_default();
        let mut tasks = Vec::new();
        for listed in self.list(folder)? {
            self.monitor.check_cancelled()?;
            let path = path.join(&listed.name);
            if is_same_file(&listed, &in_base)
                && let Some(known) = before.get(&listed.name)
                && self.says_the_same(known, &path)
            {
                self.monitor.add_entries(1);
                worker.tally.count(&known.state.meta);
                before.remove(&listed.name);
                continue;
            }
            let read = self.read_entry(&folder.dir, &listed, &path)?;
            if !matches!(read, Read::Foreign) {
                let known = before.remove(&listed.name);
                tasks.extend(self.take_entry(worker, folder, listed.name, read, known)?);
            }
        }
        for child in before.into_values() {
            if child.last == OPEN {
                self.push(worker, Change::End { node: child.node, first: child.first })?;
            }
            if child.state.meta.kind == Kind::Directory {
                self.end_below(worker, child.node)?;
            }
        }
        pool.push(tasks);
        Ok(())
    }

    /// What lies in the folder, with what overrides alone tell of.
    fn list(&self, folder: &Folder) -> Result<Vec<Listed>> {
        let mut entries = folder.dir.entries().map_err(|errno| self.failed(errno))?;
        let stored = entries.len();
        for name in self.treeless.get(&folder.place.path).into_iter().flatten() {
            let known = entries.get(..stored).unwrap_or_default();
            if Listed::find(known, name).is_none() {
                entries.push(Listed { name: EntryName::from_slice(name), inode: 0, kind: None });
            }
        }
        Ok(entries)
    }

    /// Takes an entry in that is new, or may have changed; a directory's turn comes later.
    fn take_entry(
        &self,
        worker: &mut Worker<'_>,
        folder: &Arc<Folder>,
        name: EntryName,
        read: Read,
        known: Option<Child>,
    ) -> Result<Option<Task>> {
        let (node, is_new) = match &known {
            Some(child) => (child.node, false),
            None => self.intern(worker, folder.place.node, folder.place.is_new, &name)?,
        };
        let Read::Entry(state) = read else {
            let known = known.map(Box::new);
            let up = Arc::clone(folder);
            return Ok(Some(Task::Child { up, name, node, is_new, known }));
        };
        self.monitor.add_entries(1);
        worker.tally.count(&state.meta);
        let was_directory = known.as_ref().is_some_and(|c| c.state.meta.kind == Kind::Directory);
        let before = known.map(|child| (child.first, child.last, child.state));
        self.compare(worker, node, before, state)?;
        if was_directory {
            self.end_below(worker, node)?;
        }
        Ok(None)
    }
}

/// Whether the inode numbers that both listings tell are those of one file system.
fn is_same_mount(one: &Statx, other: &Statx) -> bool {
    let device = |stat: &Statx| (stat.stx_dev_major, stat.stx_dev_minor);
    device(one) == device(other)
}

/// Whether `listed` is the regular file that has the same name among the base's entries.
fn is_same_file(listed: &Listed, base: &[Listed]) -> bool {
    listed.kind == Some(Kind::File) && Listed::find(base, &listed.name) == Some(listed)
}
