//! Gives every inode of a repository to another user, by descriptors alone and within its one file system.
//!
//! The drive may be changed by someone else meanwhile: only what belongs to the former owner is given away.

use std::os::fd::OwnedFd;

use rustix::fs::{OFlags, Statx};
use rustix::io::Errno;

use crate::engine::dir::{Dir, set_owner, stat_fd};
use crate::engine::error::{Error, Result};
use crate::engine::meta::Kind;
use crate::engine::monitor::Monitor;
use crate::engine::path::{EntryName, RelPath};
use crate::engine::repository::{MARKER_NAME, Repository};

/// An inode that the walk came to.
pub struct Visited<'a> {
    /// Opened as a mere path.
    pub fd: &'a OwnedFd,
    /// What it is.
    pub stat: &'a Statx,
    /// Where it is below the repository.
    pub path: &'a RelPath,
    /// The folder that it was found in; `None` for a folder.
    pub parent: Option<Parent<'a>>,
}

/// The folder of something that is no folder itself.
pub struct Parent<'a> {
    /// The open folder.
    pub dir: &'a Dir,
    /// What the folder is.
    pub stat: &'a Statx,
    /// The name in it.
    pub name: &'a [u8],
}

/// A folder whose entries are being visited.
struct Level {
    dir: Dir,
    fd: OwnedFd,
    stat: Statx,
    path: RelPath,
    names: std::vec::IntoIter<EntryName>,
}

/// Gives what belongs to the user `from` to `owner`.
///
/// Not the repository's own folder, its marker and its journal: they tell how far it is, and come last.
pub fn change_owners(
    repository: &Repository,
    from: u32,
    owner: (u32, u32),
    monitor: &Monitor,
) -> Result<()> {
    walk(repository, monitor, &mut |visited| {
        let path = visited.path;
        let in_journal = path.parent().is_some_and(|parent| parent.as_bytes() == b"journal");
        let is_last = path.is_root() || path.as_bytes() == MARKER_NAME || in_journal;
        let is_theirs = visited.stat.stx_uid == from && visited.stat.stx_uid != owner.0;
        if is_theirs && !is_last {
            set_owner(visited.fd, owner)?;
        }
        Ok(())
    })
}

/// Visits every inode of the repository that is on its own mount, folders after what is in them.
pub fn walk(
    repository: &Repository,
    monitor: &Monitor,
    visit: &mut dyn FnMut(Visited<'_>) -> rustix::io::Result<()>,
) -> Result<()> {
    let failed = |errno| Error::drive("adopt", repository.path(), errno);
    let root = repository.dir().open_beneath(b".", PATH_ONLY).map_err(failed)?;
    let root = enter(root, RelPath::root()).map_err(failed)?;
    let mount = root.stat.stx_mnt_id;
    // A stack instead of recursion: a tree may be deeper than a thread's stack.
    let mut open = vec![root];
    while let Some(level) = open.last_mut() {
        monitor.check_cancelled()?;
        let Some(name) = level.names.next() else {
            let Some(Level { fd, stat, path, .. }) = open.pop() else { break };
            visit(Visited { fd: &fd, stat: &stat, path: &path, parent: None }).map_err(failed)?;
            continue;
        };
        monitor.add_entries(1);
        let fd = match level.dir.open_beneath(&name, PATH_ONLY) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => continue,
            Err(errno) => return Err(failed(errno)),
        };
        let stat = stat_fd(&fd).map_err(failed)?;
        if stat.stx_mnt_id != mount {
            continue;
        }
        let path = level.path.join(&name);
        if Kind::from_mode(u32::from(stat.stx_mode)) == Some(Kind::Directory) {
            open.push(enter(fd, path).map_err(failed)?);
        } else {
            let parent = Some(Parent { dir: &level.dir, stat: &level.stat, name: &name });
            visit(Visited { fd: &fd, stat: &stat, path: &path, parent }).map_err(failed)?;
        }
    }
    Ok(())
}

fn enter(fd: OwnedFd, path: RelPath) -> rustix::io::Result<Level> {
    let dir = Dir::opened(&fd)?;
    let stat = stat_fd(&fd)?;
    let names = dir.names()?.into_iter();
    Ok(Level { dir, fd, stat, path, names })
}

const PATH_ONLY: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW);
