//! Gives every inode of a repository to another user, by descriptors alone and within its one file system.
//!
//! The drive may be changed by someone else meanwhile: only what belongs to the former owner is given away.

use std::collections::HashSet;
use std::os::fd::OwnedFd;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustix::fs::{Mode, OFlags, Statx, XattrFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::{LOSSES_NAME, read_of_root};
use crate::engine::dir::{Dir, set_owner, stat_fd};
use crate::engine::error::{Error, Result};
use crate::engine::meta::Kind;
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::engine::repository::{MARKER_NAME, Repository};
use crate::engine::xattr::{CAPABILITY_NAME, read_capability};

/// Lines for files with special bits: there are few.
const LOSSES_LIMIT_BYTES: u64 = 1 << 30;

/// Bits that the kernel takes from a file whose owner changes.
const LOST_MODE: u32 = 0o6000;

/// What one file loses when its owner changes.
#[derive(Debug, Serialize, Deserialize)]
struct Loss {
    /// Below the repository, percent-encoded.
    path: String,
    inode: u64,
    mode: u32,
    /// Base64.
    capability: Option<String>,
}

/// An inode that the walk came to.
struct Visited<'a> {
    /// Opened as a mere path.
    fd: &'a OwnedFd,
    stat: &'a Statx,
    path: &'a RelPath,
    parent: Option<(&'a Dir, &'a [u8])>,
}

/// A folder whose entries are being visited.
struct Level {
    dir: Dir,
    fd: OwnedFd,
    stat: Statx,
    path: RelPath,
    names: std::vec::IntoIter<Vec<u8>>,
}

/// Notes in the journal, durably, what files of the user `from` will lose.
pub fn write_losses(repository: &Repository, from: u32, monitor: &Monitor) -> Result<()> {
    let mut seen = HashSet::new();
    let mut lines = Vec::new();
    walk(repository, monitor, &mut |visited| {
        let mode = u32::from(visited.stat.stx_mode);
        let is_new = visited.stat.stx_nlink == 1 || seen.insert(visited.stat.stx_ino);
        let (Some((dir, name)), Some(Kind::File), true) =
            (visited.parent, Kind::from_mode(mode), is_new && visited.stat.stx_uid == from)
        else {
            return Ok(());
        };
        let (file, stat) = dir.open_file(name)?;
        let capability = read_capability(&file)?;
        if stat.stx_ino == visited.stat.stx_ino && (mode & LOST_MODE != 0 || capability.is_some()) {
            let loss = Loss {
                path: visited.path.encode(),
                inode: stat.stx_ino,
                mode: mode & 0o7777,
                capability: capability.map(|value| BASE64.encode(value)),
            };
            serde_json::to_writer(&mut lines, &loss).map_err(|_| Errno::INVAL)?;
            lines.push(b'\n');
        }
        Ok(())
    })?;
    repository
        .dir()
        .child(b"journal")
        .and_then(|journal| journal.replace_file(LOSSES_NAME, &lines, 0o644))
        .map_err(|errno| Error::drive("write the journal of", repository.path(), errno))
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

/// Puts back what files lost, as the journal says.
pub fn give_back_losses(repository: &Repository, monitor: &Monitor) -> Result<()> {
    let failed = |errno| Error::drive("put back special bits in", repository.path(), errno);
    let lines = read_of_root(repository, LOSSES_NAME, LOSSES_LIMIT_BYTES)?.unwrap_or_default();
    for line in lines.split(|&b| b == b'\n').filter(|line| !line.is_empty()) {
        monitor.check_cancelled()?;
        let loss: Loss = serde_json::from_slice(line).map_err(|_| failed(Errno::INVAL))?;
        give_back(repository, &loss).map_err(failed)?;
    }
    Ok(())
}

fn give_back(repository: &Repository, loss: &Loss) -> rustix::io::Result<()> {
    let path = RelPath::decode(&loss.path).map_err(|_| Errno::INVAL)?;
    let (Some(parent), Some(name)) = (path.parent(), path.name()) else { return Ok(()) };
    let found = repository.dir().beneath(&parent).and_then(|dir| dir.open_file(name));
    let (file, stat) = match found {
        Ok(found) => found,
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::OPNOTSUPP) => return Ok(()),
        Err(errno) => return Err(errno),
    };
    if stat.stx_ino != loss.inode || stat.stx_mnt_id != repository.dir().stat()?.stx_mnt_id {
        return Ok(());
    }
    if u32::from(stat.stx_mode) & 0o7777 != loss.mode {
        rustix::fs::fchmod(&file, Mode::from_raw_mode(loss.mode & 0o7777))?;
    }
    let Some(value) = &loss.capability else { return Ok(()) };
    let value = BASE64.decode(value).map_err(|_| Errno::INVAL)?;
    rustix::fs::fsetxattr(&file, CAPABILITY_NAME, &value, XattrFlags::empty())
}

/// Visits every inode of the repository that is on its own mount, folders after what is in them.
fn walk(
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
            let parent = Some((&level.dir, name.as_slice()));
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
