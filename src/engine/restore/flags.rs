//! Inode flags of restored files and folders, set last of all: what is immutable can't be moved into its place.

use std::path::{Path, PathBuf};

use rustix::fs::IFlags;
use rustix::io::Errno;

use super::target;
use crate::engine::meta::{KEPT_FLAGS, Kind, Metadata};
use crate::engine::path::RelPath;

/// Flags that only root can set.
const FOR_ROOT: u32 = 0x10 | 0x20;

/// Sets `flags` on the entry `path`, which lies in the item `top` that was put at `place`; `false` if some of them
/// could not be set.
pub fn set(place: &Path, top: &RelPath, path: &RelPath, flags: u32) -> bool {
    let below = path.components().skip(top.components().count());
    try_set(place, below.map(<[u8]>::to_vec).collect(), flags).unwrap_or(false)
}

fn try_set(place: &Path, mut below: Vec<Vec<u8>>, flags: u32) -> rustix::io::Result<bool> {
    use std::os::unix::ffi::OsStrExt as _;
    let open = |path: &Path| target::open(path).ok().flatten().ok_or(Errno::NOENT);
    let (mut dir, name) = match below.pop() {
        None => {
            let parent: PathBuf = place.parent().unwrap_or(Path::new("/")).to_owned();
            let name = place.file_name().ok_or(Errno::INVAL)?.as_bytes().to_vec();
            (open(&parent)?, name)
        }
        Some(last) => (open(place)?, last),
    };
    for name in &below {
        dir = dir.child(name)?;
    }
    let stat = dir.stat_child(&name)?;
    match Metadata::from_statx(&stat).map(|meta| meta.kind) {
        Some(Kind::Directory) => Ok(add(&dir.child(&name)?, flags)),
        Some(Kind::File) => Ok(add(&dir.open_file(&name)?.0, flags)),
        _ => Ok(false),
    }
}

fn add(fd: &impl std::os::fd::AsFd, flags: u32) -> bool {
    let Ok(known) = rustix::fs::ioctl_getflags(fd) else { return false };
    let with = |flags: u32| known | IFlags::from_bits_retain(flags & KEPT_FLAGS);
    if rustix::fs::ioctl_setflags(fd, with(flags)).is_ok() {
        return true;
    }
    // What anyone may set is set at least.
    let rest = flags & !FOR_ROOT;
    let _ = rest != 0 && rustix::fs::ioctl_setflags(fd, with(rest)).is_ok();
    false
}
