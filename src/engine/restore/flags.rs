//! Inode flags of restored files and folders, set last of all: what is immutable can't be moved into its place.

use std::path::{Path, PathBuf};

use nix::unistd::geteuid;
use rustix::io::Errno;

use super::target;
use crate::engine::dir::add_inode_flags;
use crate::engine::meta::{Kind, Metadata, ROOT_FLAGS};
use crate::engine::path::RelPath;

/// Sets `flags` on the entry `path`, which lies in the item `top` that was put at `place`; `false` if some of them
/// could not be set. Those that only root can set are nobody else's to restore.
pub fn set(place: &Path, top: &RelPath, path: &RelPath, flags: u32) -> bool {
    let flags = if geteuid().is_root() { flags } else { flags & !ROOT_FLAGS };
    if flags == 0 {
        return true;
    }
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
        Some(Kind::Directory) => Ok(add_inode_flags(dir.child(&name)?, flags)),
        Some(Kind::File) => Ok(add_inode_flags(dir.open_file(&name)?.0, flags)),
        _ => Ok(false),
    }
}
