//! Removes whole trees by descriptors. Never changes a file: its inode may be shared with a snapshot.

mod folder;
mod pace;
mod trees;

use std::sync::Arc;

use rustix::fs::Statx;
use rustix::io::{Errno, Result};

use trees::{Haste, remove_all};
pub use trees::{Removal, remove_trees};

use super::dir::Dir;
use super::meta::Kind;
use super::monitor::Monitor;
use super::path::EntryName;

/// Removes the entry `name` of `dir` and all below it; what is gone already is as good as removed.
pub fn remove_tree(dir: &Dir, name: &[u8]) -> Result<()> {
    match dir.unlink(name) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(errno) => return Err(errno),
    }
    let root = (Arc::new(dir.duplicate()?), EntryName::from_slice(name));
    match remove_all(vec![root], Haste::Now, &Monitor::new()).pop() {
        Some(Removal::Stuck { errno, .. }) => Err(errno),
        _ => Ok(()),
    }
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
