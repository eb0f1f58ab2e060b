//! Inode flags of restored files and folders, set last of all: what is immutable can't be moved into its place.

use std::os::fd::OwnedFd;

use nix::unistd::geteuid;
use rustix::fs::IFlags;
use rustix::io::Errno;

use super::journal::Flag;
use crate::engine::dir::{Dir, add_inode_flags, stat_fd};
use crate::engine::meta::{KEPT_FLAGS, Kind, Metadata, ROOT_FLAGS};

/// Sets flags in the item that is called `name` in `folder`; `false` if some of them could not be set. Those that only
/// root can set are nobody else's to restore.
pub fn set(folder: &Dir, name: &[u8], flag: &Flag) -> bool {
    let flags = if geteuid().is_root() { flag.flags } else { flag.flags & !ROOT_FLAGS };
    flags == 0 || open(folder, name, flag).is_ok_and(|fd| add_inode_flags(fd, flags))
}

/// Takes them off again, so that the item can be moved.
pub fn clear(folder: &Dir, name: &[u8], flag: &Flag) {
    if flag.flags & ROOT_FLAGS == 0 || !geteuid().is_root() {
        return;
    }
    let Ok(fd) = open(folder, name, flag) else { return };
    let Ok(known) = rustix::fs::ioctl_getflags(&fd) else { return };
    let taken = IFlags::from_bits_retain(flag.flags & KEPT_FLAGS & ROOT_FLAGS);
    // What keeps its flags can't be moved, which is said then.
    let _ = rustix::fs::ioctl_setflags(&fd, known.difference(taken));
}

/// Opens the very inode that was staged, and nothing else that may be called so by now.
fn open(folder: &Dir, name: &[u8], flag: &Flag) -> rustix::io::Result<OwnedFd> {
    let mut names: Vec<&[u8]> = vec![name];
    names.extend(flag.below.components());
    let last = names.pop().ok_or(Errno::INVAL)?;
    let mut dir = folder.duplicate()?;
    for name in names {
        dir = dir.child(name)?;
    }
    let stat = dir.stat_child(last)?;
    let fd = match Metadata::from_statx(&stat).map(|meta| meta.kind) {
        Some(Kind::Directory) => rustix::io::fcntl_dupfd_cloexec(dir.child(last)?, 0)?,
        Some(Kind::File) => dir.open_file(last)?.0,
        _ => return Err(Errno::OPNOTSUPP),
    };
    if stat_fd(&fd)?.stx_ino == flag.inode { Ok(fd) } else { Err(Errno::NOENT) }
}
