//! Inode flags. Those of restored files and folders are set last of all: what is immutable can't be moved into its place.
//! Those of what is in the way are taken off by root for as long as it is moved, and by nobody else.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use nix::unistd::geteuid;
use rustix::fs::{IFlags, Statx, StatxAttributes};
use rustix::io::Errno;

use super::journal::Flag;
use crate::engine::dir::{Dir, add_inode_flags, stat_fd};
use crate::engine::meta::{KEPT_FLAGS, Kind, Metadata, ROOT_FLAGS};
use crate::engine::path::EntryName;

/// Sets flags in the item that is called `name` in `folder`; `false` if some of them could not be set. Those that only
/// root can set are nobody else's to restore.
pub fn set(folder: &Dir, name: &[u8], flag: &Flag) -> bool {
    let flags = if geteuid().is_root() { flag.flags } else { flag.flags & !ROOT_FLAGS };
    flags == 0 || open_in(folder, name, flag).is_ok_and(|fd| add_inode_flags(fd, flags))
}

/// Takes them off again, so that the item can be moved.
pub fn clear(folder: &Dir, name: &[u8], flag: &Flag) {
    if flag.flags & ROOT_FLAGS == 0 || !geteuid().is_root() {
        return;
    }
    let Ok(fd) = open_in(folder, name, flag) else { return };
    // What keeps its flags can't be moved, which is said then.
    let _ = take(fd, flag.flags);
}

/// Whether something is immutable or can only be appended to, whoever could change that.
pub fn is_fixed(stat: &Statx) -> bool {
    stat.stx_attributes.intersects(StatxAttributes::IMMUTABLE | StatxAttributes::APPEND)
}

/// The flags that keep something where it is, and that this process may be able to take off: none but for root.
pub fn fixing(stat: &Statx) -> u32 {
    let bit = |attribute, flag: IFlags| {
        if stat.stx_attributes.contains(attribute) { flag.bits() } else { 0 }
    };
    if !geteuid().is_root() {
        return 0;
    }
    bit(StatxAttributes::IMMUTABLE, IFlags::IMMUTABLE)
        | bit(StatxAttributes::APPEND, IFlags::APPEND)
}

/// Takes off those of `flags` that keep something where it is.
///
/// # Errors
/// `PERM` without the capability, which root in a container lacks.
pub fn take(fd: impl AsFd, flags: u32) -> rustix::io::Result<()> {
    let known = rustix::fs::ioctl_getflags(&fd)?;
    let wanted = known.difference(IFlags::from_bits_retain(flags & KEPT_FLAGS & ROOT_FLAGS));
    if wanted == known { Ok(()) } else { rustix::fs::ioctl_setflags(&fd, wanted) }
}

/// Opens what is called `name` in `folder` if it is the very `inode`, and a file or folder: nothing else has flags.
pub fn open(folder: &Dir, name: &[u8], inode: u64) -> rustix::io::Result<OwnedFd> {
    let stat = folder.stat_child(name)?;
    let fd = match Metadata::from_statx(&stat).map(|meta| meta.kind) {
        Some(Kind::Directory) => rustix::io::fcntl_dupfd_cloexec(folder.child(name)?, 0)?,
        Some(Kind::File) => folder.open_file(name)?.0,
        _ => return Err(Errno::OPNOTSUPP),
    };
    if stat_fd(&fd)?.stx_ino == inode { Ok(fd) } else { Err(Errno::NOENT) }
}

/// Opens the very inode that was staged, and nothing else that may be called so by now.
fn open_in(folder: &Dir, name: &[u8], flag: &Flag) -> rustix::io::Result<OwnedFd> {
    let mut names: Vec<&[u8]> = vec![name];
    names.extend(flag.below.components());
    let last = names.pop().ok_or(Errno::INVAL)?;
    let mut dir = folder.duplicate()?;
    for name in names {
        dir = dir.child(name)?;
    }
    open(&dir, last, flag.inode)
}

/// Makes what is called `name` in `parent` removable: takes the flags off its folders, and removes files that have
/// such flags, which they keep under any other name. Says whether there was anything to do.
pub fn loosen(parent: &Dir, name: &[u8]) -> rustix::io::Result<bool> {
    if !geteuid().is_root() {
        return Ok(false);
    }
    let mount = parent.stat()?.stx_mnt_id;
    let mut is_any = false;
    let mut waiting = vec![(Arc::new(parent.duplicate()?), EntryName::from_slice(name))];
    while let Some((parent, name)) = waiting.pop() {
        let stat = match parent.stat_child(&name) {
            Ok(stat) if stat.stx_mnt_id == mount => stat,
            Ok(_) | Err(Errno::NOENT) => continue,
            Err(errno) => return Err(errno),
        };
        let flags = fixing(&stat);
        is_any |= flags != 0;
        if Kind::from_mode(stat.stx_mode.into()) == Some(Kind::Directory) {
            let dir = Arc::new(parent.child(&name)?);
            take(&dir, flags)?;
            waiting.extend(dir.names()?.into_iter().map(|name| (Arc::clone(&dir), name)));
        } else if flags != 0 {
            let file = open(&parent, &name, stat.stx_ino)?;
            take(&file, flags)?;
            parent.unlink(&name)?;
            if stat_fd(&file)?.stx_nlink > 0 && !add_inode_flags(&file, flags) {
                return Err(Errno::PERM);
            }
        }
    }
    Ok(is_any)
}
