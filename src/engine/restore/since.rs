//! Whether somebody changed what was put in its place.

use std::collections::HashSet;
use std::sync::Arc;

use rustix::fs::Statx;
use rustix::io::{Errno, Result};

use super::journal::Thing;
use crate::engine::dir::Dir;
use crate::engine::meta::{FileTime, Kind};

/// Whether anything of what is called `name` in `folder` was changed after `settled`, by the clock of its file system:
/// every change moves the time of an inode, which no program can put back. The inodes `moved` are not looked at.
pub fn is_changed(
    folder: &Dir,
    name: &[u8],
    (stat, thing): (&Statx, &Thing),
    settled: FileTime,
    moved: &HashSet<u64>,
) -> Result<bool> {
    let mode = u32::from(stat.stx_mode) & 0o7777;
    // An interrupted undo may have made it movable.
    let is_loose = thing.mode.is_some_and(|own| own != mode && own | 0o700 == mode);
    let is_later = |stat: &Statx| is_later(stat, settled) && !moved.contains(&stat.stx_ino);
    if is_later(stat) && !is_loose {
        return Ok(true);
    }
    if !is_folder(stat) {
        return Ok(false);
    }
    let mut waiting = vec![(Arc::new(folder.duplicate()?), name.to_vec())];
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
            if is_later(&stat) {
                return Ok(true);
            }
            if is_folder(&stat) {
                waiting.push((Arc::clone(&dir), name));
            }
        }
    }
    Ok(false)
}

fn is_later(stat: &Statx, settled: FileTime) -> bool {
    FileTime { sec: stat.stx_ctime.tv_sec, nsec: stat.stx_ctime.tv_nsec } > settled
}

fn is_folder(stat: &Statx) -> bool {
    Kind::from_mode(stat.stx_mode.into()) == Some(Kind::Directory)
}
