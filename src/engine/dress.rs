//! What a file or folder carries: how it is made, and how it gets its owner, attributes, mode and time.

use std::os::fd::AsFd;

use rustix::fs::{Gid, Mode, Uid};
use rustix::io::Errno;

use super::dir::{set_mtime, stat_fd};
use super::meta::Metadata;
use super::repository::Owners;
use super::seal::Owner;
use super::xattr::Xattrs;

/// What becomes of an entry's owner and group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerRule {
    /// They are as the process made them.
    Leave,
    /// Both are set; only root can.
    Set,
    /// The group is set if this user is in it.
    Try,
}

impl From<Owners> for OwnerRule {
    fn from(owners: Owners) -> Self {
        match owners {
            Owners::Inode => Self::Set,
            Owners::Seal => Self::Leave,
        }
    }
}

/// What an entry of the mode `mode` may be made with in a stage, which nobody else can enter: setuid bits wait for their
/// owner, and attributes are still to be set.
pub fn born_mode(mode: u32) -> u32 {
    mode & 0o777 | 0o600
}

/// Whether a file that was made for `wanted` got its metadata: the time is set after all but the mode. An owner that a
/// folder handed down may still be there.
pub fn is_finished(found: &Metadata, wanted: &Metadata) -> bool {
    let may_be_born = found.mode & !born_mode(wanted.mode) == 0;
    found.mtime == wanted.mtime && (found.mode == wanted.mode || !may_be_born)
}

/// Gives a stored or restored file or directory its metadata, the time last.
///
/// Returns whether every attribute was taken.
pub fn set_metadata(
    fd: impl AsFd,
    meta: &Metadata,
    xattrs: &Xattrs,
    owner: OwnerRule,
) -> rustix::io::Result<bool> {
    let all = set_attributes(&fd, meta, xattrs, owner)?;
    set_mode(&fd, meta.mode)?;
    set_mtime(&fd, meta.mtime)?;
    Ok(all)
}

/// As [`set_metadata`], of what was made in a stage and may be written by this process, whose new files belong to `own`:
/// owner and mode that it has already aren't set again. The time is set before the mode, by which [`is_finished`] tells.
///
/// Returns whether every attribute was taken, and what it has now.
pub fn finish(
    fd: impl AsFd,
    meta: &Metadata,
    xattrs: &Xattrs,
    owner: OwnerRule,
    own: Owner,
) -> rustix::io::Result<(bool, Metadata)> {
    let is_own = own == Owner { uid: meta.uid, gid: meta.gid };
    let first = if is_own { OwnerRule::Leave } else { owner };
    let mut all = set_attributes(&fd, meta, xattrs, first)?;
    set_mtime(&fd, meta.mtime)?;
    let mut now = meta_of(&fd)?;
    // Folders and drives may hand down a group, or give all to one user.
    if first != owner && (now.uid, now.gid) != (meta.uid, meta.gid) {
        make_writable(&fd, now.mode)?;
        all = set_attributes(&fd, meta, xattrs, owner)?;
        now = meta_of(&fd)?;
    }
    if now.mode != meta.mode {
        set_mode(&fd, meta.mode)?;
        now = meta_of(&fd)?;
    }
    Ok((all, now))
}

/// Lets the owner of what `fd` stands for, of this mode, set attributes, which a mode or a list of who may do what can forbid.
pub fn make_writable(fd: impl AsFd, mode: u32) -> rustix::io::Result<()> {
    if mode & 0o200 == 0 { set_mode(fd, born_mode(mode)) } else { Ok(()) }
}

fn meta_of(fd: impl AsFd) -> rustix::io::Result<Metadata> {
    Metadata::from_statx(&stat_fd(fd)?).ok_or(Errno::IO)
}

/// As [`set_metadata`], but for the mode and the time: the owner first, since a change of it strips setuid bits and
/// capabilities.
fn set_attributes(
    fd: impl AsFd,
    meta: &Metadata,
    xattrs: &Xattrs,
    owner: OwnerRule,
) -> rustix::io::Result<bool> {
    let (uid, gid) = (Uid::from_raw(meta.uid), Gid::from_raw(meta.gid));
    match owner {
        OwnerRule::Leave => {}
        OwnerRule::Set => rustix::fs::fchown(&fd, Some(uid), Some(gid))?,
        OwnerRule::Try => match rustix::fs::fchown(&fd, None, Some(gid)) {
            Ok(()) | Err(Errno::PERM) => {}
            Err(errno) => return Err(errno),
        },
    }
    xattrs.write(&fd)
}

/// Sets the mode of what `fd` stands for.
fn set_mode(fd: impl AsFd, mode: u32) -> rustix::io::Result<()> {
    rustix::fs::fchmod(fd, Mode::from_raw_mode(mode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::meta::{FileTime, Kind};

    #[test]
    fn a_file_with_the_mode_it_was_made_with_is_not_finished() {
        let meta = |mode, sec| Metadata {
            kind: Kind::File,
            mode,
            uid: 0,
            gid: 0,
            size_bytes: 1,
            mtime: FileTime { sec, nsec: 0 },
            device: (0, 0),
        };
        for (name, wanted, found, is_done) in [
            ("all is there", 0o644, meta(0o644, 7), true),
            ("another time", 0o644, meta(0o644, 8), false),
            ("read-only, as it was made", 0o444, meta(0o644, 7), false),
            ("setuid, as it was made", 0o4755, meta(0o755, 7), false),
            ("as the process's mask made it", 0o664, meta(0o644, 7), false),
            ("a drive that gives all the same mode", 0o644, meta(0o777, 7), true),
        ] {
            assert_eq!(is_finished(&found, &meta(wanted, 7)), is_done, "{name}");
        }
    }
}
