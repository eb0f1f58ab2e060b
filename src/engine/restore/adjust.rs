//! Gives a folder that is there other metadata, and its own back.

use rustix::io::{Errno, Result};

use super::journal::{Adjust, Lift};
use super::swap::errno_of;
use super::{flags, target};
use crate::engine::dir::{Dir, add_inode_flags, descriptor_path, stat_fd};
use crate::engine::dress::{self, OwnerRule};
use crate::engine::meta::{FileTime, Metadata};
use crate::engine::overrides::Override;
use crate::engine::xattr::Xattrs;
use rustix::fs::{CWD, Mode, OFlags};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// What a folder has now.
pub fn read(dir: &Dir) -> Result<Override> {
    let meta = Metadata::from_statx(&dir.stat()?).ok_or(Errno::INVAL)?;
    Ok(record(&meta, &Xattrs::read(dir)?))
}

/// Metadata as a journal keeps it.
pub fn record(meta: &Metadata, xattrs: &Xattrs) -> Override {
    let mut all = Override {
        mode: Some(meta.mode),
        uid: Some(meta.uid),
        gid: Some(meta.gid),
        mtime: Some(meta.mtime),
        ..Override::default()
    };
    all.set_xattrs(xattrs);
    all
}

/// Gives the folder of `adjust` what `wanted` says, with this time if it is another; `false` if not all was taken.
pub fn set(adjust: &Adjust, wanted: &Override, mtime: Option<FileTime>) -> Result<bool> {
    let dir = open(adjust)?;
    let flags = adjust.flags | flags::fixing(&dir.stat()?);
    if flags == 0 {
        return set_all(&dir, wanted, mtime);
    }
    flags::take(&dir, flags)?;
    let outcome = set_all(&dir, wanted, mtime);
    let is_fixed = add_inode_flags(&dir, flags);
    outcome.map(|all| all && is_fixed)
}

fn set_all(dir: &Dir, wanted: &Override, mtime: Option<FileTime>) -> Result<bool> {
    let mut meta = Metadata::from_statx(&dir.stat()?).ok_or(Errno::INVAL)?;
    wanted.apply_to(&mut meta);
    meta.mtime = mtime.unwrap_or(meta.mtime);
    let xattrs = wanted.xattrs().unwrap_or_default();
    let mut all = true;
    for (name, _) in Xattrs::read(dir)?.iter() {
        if xattrs.iter().all(|(wanted, _)| wanted != name) {
            all &= rustix::fs::fremovexattr(dir, name).is_ok();
        }
    }
    let is_root = rustix::process::geteuid().is_root();
    let owner = if is_root { OwnerRule::Set } else { OwnerRule::Try };
    all &= dress::set_metadata(dir, &meta, &xattrs, owner)?;
    Ok(all)
}

/// What has become of the folder since it got what `given` says and had what `other` says: whether somebody gave it
/// another mode or owner, and the time that somebody's change of it left. One of `lifts` may still be writable.
pub fn since(
    adjust: &Adjust,
    given: &Override,
    other: &Override,
    lifts: &[Lift],
) -> Result<(bool, Option<FileTime>)> {
    // By a descriptor that needs no permission: one that may not be read is left so.
    let held = held(adjust)?;
    let now = Metadata::from_statx(&stat_fd(&held)?).ok_or(Errno::INVAL)?;
    // What could not be set has its former one still: nobody but root could give it its former owner.
    let is_one =
        |now: u32, one: Option<u32>, other: Option<u32>| Some(now) == one || Some(now) == other;
    let access = |mode: Option<u32>| mode.map(|mode| mode & 0o777);
    let mode = now.mode & 0o777;
    let is_lifted =
        lifts.iter().any(|lift| lift.inode == adjust.inode && mode == lift.raised_mode() & 0o777);
    let is_theirs = (!is_lifted && !is_one(mode, access(given.mode), access(other.mode)))
        || !is_one(now.uid, given.uid, other.uid)
        || !is_one(now.gid, given.gid, other.gid);
    Ok((is_theirs, Some(now.mtime).filter(|mtime| Some(*mtime) != given.mtime)))
}

fn held(adjust: &Adjust) -> Result<OwnedFd> {
    let parent = adjust.place.parent().unwrap_or(Path::new("/"));
    let parent = target::open(parent).map_err(|error| errno_of(&error))?.ok_or(Errno::NOENT)?;
    let name = adjust.place.file_name().map_or(&b"."[..], |name| name.as_encoded_bytes());
    hold(&parent, name, adjust.inode)?.ok_or(Errno::NOENT)
}

fn open(adjust: &Adjust) -> Result<Dir> {
    let dir = match target::open(&adjust.place) {
        Ok(dir) => dir.ok_or(Errno::NOENT)?,
        // One that this user may not even read: its mode is set again below in any case.
        Err(_) => {
            let held = held(adjust)?;
            set_mode(&held, 0o700)?;
            Dir::opened(&held)?
        }
    };
    if dir.stat()?.stx_ino == adjust.inode { Ok(dir) } else { Err(Errno::NOENT) }
}

/// Holds the folder `name` by a descriptor that needs no permission, if it is the one with this inode.
pub fn hold(dir: &Dir, name: &[u8], inode: u64) -> Result<Option<OwnedFd>> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let held = rustix::fs::openat(dir, name, flags, Mode::empty())?;
    Ok((stat_fd(&held)?.stx_ino == inode).then_some(held))
}

/// Sets the mode of what is held like that.
pub fn set_mode(held: &OwnedFd, mode: u32) -> Result<()> {
    let path = descriptor_path(held.as_fd());
    rustix::fs::chmodat(CWD, path.as_str(), Mode::from_raw_mode(mode), rustix::fs::AtFlags::empty())
}
