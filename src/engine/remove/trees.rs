//! Removes several trees at once on a few idle threads. Never follows a link, enters a mount or changes a file.
//!
//! A tree may be of any shape: nothing recurses, and how many descriptors are open depends on neither depth nor width.
//! A folder that lies too deep is moved up into the tree's top, where it is found when that is listed again.

use std::sync::Arc;

use rustix::fs::SeekFrom;
use rustix::io::Errno;

use super::folder::{Entry, Folder, Tree};
use super::open_known;
use super::pace::Pace;
use crate::engine::dir::Dir;
use crate::engine::disk;
use crate::engine::error::Result;
use crate::engine::idle::make_thread_idle;
use crate::engine::listing::{Buffer, Listed, Listing};
use crate::engine::meta::Kind;
use crate::engine::monitor::{Monitor, Phase};
use crate::engine::path::{EntryName, RelPath, is_name};
use crate::engine::pool::{self, walk_threads};
use crate::engine::probe::file_system_name;

/// How many folders inside each other are open at once, on each thread.
const DEPTH_LIMIT: usize = 16;

/// How the removal of one tree ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removal {
    /// It is gone, or was not there.
    Gone,
    /// A stop was asked for; the next call removes what is left.
    Stopped,
    /// Something in it can't be removed. All else is gone, unless a stop was asked for.
    Stuck {
        /// What was met first, below the folder that the tree is in.
        path: RelPath,
        /// What the system said: `XDEV` of a mount, `NOTEMPTY` of a folder in which somebody goes on making files.
        errno: Errno,
    },
}

type Pool = pool::Pool<Task>;

enum Task {
    /// Removes an entry that is a folder, or may be one.
    Remove(Entry),
    /// Lists a folder again.
    ListAgain(Arc<Folder>),
}

/// How trees are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Haste {
    /// On one thread, with the caller's claim to the drive: somebody waits for it.
    Now,
    /// On a few threads, when nobody else wants anything from the drive.
    Idle,
}

/// Removes trees at leisure, each an entry of a folder that is held, and says of each in their order how that ended.
///
/// An entry that can't be removed stops nothing. The monitor is in [`Phase::Deleting`] then, counts every entry that is
/// gone and knows how much is free where the first tree was; a stop is heard before the next entry.
pub fn remove_trees(roots: Vec<(Arc<Dir>, EntryName)>, monitor: &Monitor) -> Vec<Removal> {
    remove_all(roots, Haste::Idle, monitor)
}

/// As [`remove_trees`], in this haste.
pub(super) fn remove_all(
    roots: Vec<(Arc<Dir>, EntryName)>,
    haste: Haste,
    monitor: &Monitor,
) -> Vec<Removal> {
    monitor.enter(Phase::Deleting);
    let threads = match (haste, roots.first()) {
        (Haste::Idle, Some((holder, _))) => idle_threads(holder),
        _ => 1,
    };
    let pace = Pace::new(monitor, roots.first().map(|(holder, _)| Arc::clone(holder)));
    let (mut trees, mut tasks) = (Vec::new(), Vec::new());
    for (holder, name) in roots {
        let mount = holder.stat().map(|stat| stat.stx_mnt_id);
        let tree = Arc::new(Tree::new(holder, mount.unwrap_or_default()));
        trees.push(Arc::clone(&tree));
        match mount {
            Ok(_) if is_name(&name) => tasks.push(Task::Remove(Entry { tree, parent: None, name })),
            Ok(_) => tree.stick(RelPath::root(), Errno::INVAL),
            Err(errno) => tree.stick(RelPath::root(), errno),
        }
    }
    // The last one is taken first.
    tasks.reverse();
    let remover = Remover { monitor, pace };
    // It fails by a stop alone, which the trees tell of.
    let _ = Pool::run(
        threads,
        tasks,
        || {
            if haste == Haste::Idle {
                make_thread_idle();
            }
            Ok(())
        },
        |(), task, pool| remover.work(task, pool),
        Ok,
    );
    remover.pace.look();
    trees.iter().map(|tree| tree.outcome()).collect()
}

/// How many threads a removal profits from. XFS frees on threads of its own: more than one that removes only wait for these.
fn idle_threads(dir: &Dir) -> usize {
    if file_system_name(dir) == "XFS" { 1 } else { walk_threads(disk::turns(dir)) }
}

/// What the threads share.
struct Remover<'a> {
    monitor: &'a Monitor,
    pace: Pace<'a>,
}

impl Remover<'_> {
    fn work(&self, task: Task, pool: &Pool) -> Result<()> {
        self.monitor.check_cancelled()?;
        match task {
            Task::Remove(entry) => self.remove(entry, pool),
            Task::ListAgain(folder) => self.empty(&folder, pool),
        }
    }

    /// Removes an entry, or begins to if it is a folder.
    fn remove(&self, entry: Entry, pool: &Pool) -> Result<()> {
        match self.open(&entry) {
            Ok(Some(dir)) => return self.empty(&Arc::new(Folder::new(entry, dir)), pool),
            Ok(None) => entry.is_gone(),
            Err(errno) => entry.stick(errno),
        }
        if let Some(parent) = &entry.parent {
            self.close(parent, pool);
        }
        Ok(())
    }

    /// Opens a folder whose entries are to go; `None` if there is nothing left to do here.
    fn open(&self, entry: &Entry) -> rustix::io::Result<Option<Dir>> {
        let dir = entry.dir();
        let stat = match dir.stat_child(&entry.name) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(errno),
        };
        if stat.stx_mnt_id != entry.tree.mount {
            return Err(Errno::XDEV);
        }
        if Kind::from_mode(stat.stx_mode.into()) != Some(Kind::Directory) {
            self.unlink(dir, &entry.name)?;
            return Ok(None);
        }
        let folder = open_known(dir, &entry.name, &stat)?;
        Ok((!lift(entry)).then_some(folder))
    }

    /// Removes what is in a folder; the folders in it wait.
    fn empty(&self, folder: &Arc<Folder>, pool: &Pool) -> Result<()> {
        let mut folders = Vec::new();
        if let Err(errno) = rustix::fs::seek(&folder.dir, SeekFrom::Start(0)) {
            folder.stick_itself(errno);
        }
        let mut buffer = Buffer::default();
        let (mut listing, mut listed) = (Listing::with(&folder.dir, &mut buffer), Vec::new());
        loop {
            let has_more = listing.add_some(&mut listed).unwrap_or_else(|errno| {
                folder.stick_itself(errno);
                false
            });
            // By inode, as they lie on the drive.
            listed.sort_unstable_by_key(|listed| listed.inode);
            for Listed { name, kind, .. } in listed.drain(..) {
                self.monitor.check_cancelled()?;
                if kind == Some(Kind::Directory) {
                    folders.push(name);
                    continue;
                }
                match self.unlink(&folder.dir, &name) {
                    Ok(()) => {}
                    // Not every listing says what is a folder.
                    Err(Errno::ISDIR | Errno::PERM) => folders.push(name),
                    Err(errno) => folder.stick(&name, errno),
                }
            }
            if !has_more {
                break;
            }
        }
        folder.expect(folders.len());
        let (tree, parent) = (&folder.entry.tree, folder);
        pool.push(folders.into_iter().rev().map(|name| {
            let (tree, parent) = (Arc::clone(tree), Some(Arc::clone(parent)));
            Task::Remove(Entry { tree, parent, name })
        }));
        self.close(folder, pool);
        Ok(())
    }

    /// Removes a folder if this was the last thing in it, and so on upwards.
    fn close(&self, mut folder: &Arc<Folder>, pool: &Pool) {
        while folder.is_last_done() {
            if folder.takes_lifted() {
                return list_again(folder, pool);
            }
            let entry = &folder.entry;
            if folder.is_stuck() {
                entry.keeps_parent();
            } else {
                match entry.dir().remove(&entry.name) {
                    Ok(()) => {
                        self.pace.one_gone();
                        entry.is_gone();
                    }
                    Err(Errno::NOENT) => entry.is_gone(),
                    Err(Errno::NOTEMPTY | Errno::EXIST) if folder.may_retry() => {
                        return list_again(folder, pool);
                    }
                    Err(errno) => entry.stick(errno),
                }
            }
            let Some(parent) = &entry.parent else { return };
            folder = parent;
        }
    }

    fn unlink(&self, dir: &Dir, name: &[u8]) -> rustix::io::Result<()> {
        match dir.unlink(name) {
            Ok(()) => self.pace.one_gone(),
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno),
        }
        Ok(())
    }
}

fn list_again(folder: &Arc<Folder>, pool: &Pool) {
    folder.begin_again();
    pool.push([Task::ListAgain(Arc::clone(folder))]);
}

/// Moves a folder that lies too deep up into the tree's top; `false` if it stays where it is.
fn lift(entry: &Entry) -> bool {
    if entry.depth() < DEPTH_LIMIT {
        return false;
    }
    let mut top = entry.parent.as_ref();
    while let Some(parent) = top.and_then(|folder| folder.entry.parent.as_ref()) {
        top = Some(parent);
    }
    let name = uuid::Uuid::new_v4().to_string();
    // Where that is refused, one more folder is open.
    let is_lifted = top
        .is_some_and(|top| entry.dir().rename_to(&entry.name, &top.dir, name.as_bytes()).is_ok());
    if is_lifted {
        entry.tree.has_lifted();
    }
    is_lifted
}
