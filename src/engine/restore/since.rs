//! Whether somebody changed what was put in its place.

use std::collections::HashSet;
use std::sync::Arc;

use rustix::fs::Statx;
use rustix::io::{Errno, Result};

use crate::engine::dir::Dir;
use crate::engine::meta::{FileTime, Kind};
use crate::engine::path::EntryName;

/// What tells the changes of others from those of Yore.
pub struct Since<'a> {
    /// By the clock of the file system, when the last thing was put in its place.
    pub settled: FileTime,
    /// Inodes that Yore itself moved later.
    pub moved: &'a HashSet<u64>,
    /// Whether an undo was interrupted, which may have prepared what it was going to move.
    pub is_resumed: bool,
}

impl Since<'_> {
    /// Whether anything of what is called `name` in `folder` was changed: every change moves the time of an inode, which
    /// no program can put back.
    pub fn is_changed(&self, folder: &Dir, name: &[u8], stat: &Statx) -> Result<bool> {
        // A further name for a moment, flags or a mode move one time of a file, but not that of its content.
        let is_later =
            if self.is_resumed { modified(stat) > self.settled } else { self.is_later(stat) };
        if is_later && !self.moved.contains(&stat.stx_ino) {
            return Ok(true);
        }
        if !is_folder(stat) {
            return Ok(false);
        }
        let mut waiting = vec![(Arc::new(folder.duplicate()?), EntryName::from_slice(name))];
        while let Some((parent, name)) = waiting.pop() {
            let dir = match parent.child(&name) {
                Ok(dir) => Arc::new(dir),
                // What this user may not look into this user did not change.
                Err(Errno::ACCESS) => continue,
                Err(errno) => return Err(errno),
            };
            for name in dir.names()? {
                let stat = match dir.stat_child(&name) {
                    Ok(stat) => stat,
                    // One that may be listed only.
                    Err(Errno::ACCESS) => break,
                    Err(errno) => return Err(errno),
                };
                if self.is_later(&stat) {
                    return Ok(true);
                }
                if is_folder(&stat) {
                    waiting.push((Arc::clone(&dir), name));
                }
            }
        }
        Ok(false)
    }

    fn is_later(&self, stat: &Statx) -> bool {
        let changed = FileTime { sec: stat.stx_ctime.tv_sec, nsec: stat.stx_ctime.tv_nsec };
        changed > self.settled && !self.moved.contains(&stat.stx_ino)
    }
}

fn modified(stat: &Statx) -> FileTime {
    FileTime { sec: stat.stx_mtime.tv_sec, nsec: stat.stx_mtime.tv_nsec }
}

fn is_folder(stat: &Statx) -> bool {
    Kind::from_mode(stat.stx_mode.into()) == Some(Kind::Directory)
}
