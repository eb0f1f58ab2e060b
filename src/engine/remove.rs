//! Removes whole trees by descriptors: a small one here, large ones in `trees.rs`. Never changes a file: its inode may be
//! shared with a snapshot.

mod folder;
mod pace;
mod trees;

use rustix::fs::Statx;
use rustix::io::{Errno, Result};

pub use trees::{Removal, remove_trees};

use super::dir::Dir;
use super::meta::Kind;

/// Removes the entry `name` of `dir` and all below it; what is gone already is as good as removed.
pub fn remove_tree(dir: &Dir, name: &[u8]) -> Result<()> {
    remove_tree_while(dir, name, &|| true).map(drop)
}

/// As [`remove_tree`], for as long as `go_on` says so; `false` if something is left.
pub fn remove_tree_while(dir: &Dir, name: &[u8], go_on: &dyn Fn() -> bool) -> Result<bool> {
    match dir.unlink(name) {
        Ok(()) | Err(Errno::NOENT) => return Ok(true),
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(errno) => return Err(errno),
    }
    // A stack instead of recursion: a tree may be deeper than a thread's stack.
    let mut open = vec![(open_writable(dir, name)?, name.to_vec())];
    while let Some((folder, _)) = open.last() {
        match first_folder(folder, go_on)? {
            _ if !go_on() => return Ok(false),
            Some((child, child_name)) => open.push((child, child_name)),
            None => {
                let Some((_, done)) = open.pop() else { break };
                open.last().map_or(dir, |(parent, _)| parent).remove(&done)?;
            }
        }
    }
    Ok(true)
}

/// Removes what is not a folder until one is found, which is opened.
fn first_folder(dir: &Dir, go_on: &dyn Fn() -> bool) -> Result<Option<(Dir, Vec<u8>)>> {
    for name in dir.names()?.into_iter().take_while(|_| go_on()) {
        match dir.unlink(&name) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(Errno::ISDIR | Errno::PERM) => {
                return Ok(Some((open_writable(dir, &name)?, name)));
            }
            Err(errno) => return Err(errno),
        }
    }
    Ok(None)
}

/// Opens a folder and sees to it that its entries can be removed: people have read-only folders.
pub(super) fn open_writable(dir: &Dir, name: &[u8]) -> Result<Dir> {
    let stat = dir.stat_child(name)?;
    open_known(dir, name, &stat)
}

/// As [`open_writable`], of an entry that was looked at.
fn open_known(dir: &Dir, name: &[u8], stat: &Statx) -> Result<Dir> {
    let mode = u32::from(stat.stx_mode);
    if Kind::from_mode(mode) == Some(Kind::Directory) && mode & 0o700 != 0o700 {
        rustix::fs::chmodat(
            dir,
            name,
            rustix::fs::Mode::from_raw_mode(mode & 0o7777 | 0o700),
            rustix::fs::AtFlags::empty(),
        )?;
    }
    if Kind::from_mode(mode) != Some(Kind::Directory) {
        // It could not be unlinked, and there is no other way to remove it.
        return Err(Errno::PERM);
    }
    dir.child(name)
}
