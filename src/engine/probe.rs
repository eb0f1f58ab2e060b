//! Finds out, by trying, whether a drive's file system can hold a repository and what more it can do.

use std::path::Path;

use rustix::fs::{Mode, XattrFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::dir::{Dir, set_mtime, stat_fd};
use super::error::{Ability, Error, Result, Room};
use super::meta::FileTime;
use super::path::{NAME_MAX_BYTES, has_name};
use super::remove::remove_tree;
use super::retention::Amount;

/// What a drive's file system gives beyond what every repository needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// POSIX access control lists.
    pub acls: bool,
    /// Files that share their blocks (FICLONE).
    pub reflink: bool,
}

/// Space and inodes of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes that this user can still write.
    pub free_bytes: u64,
    /// Bytes in all.
    pub total_bytes: u64,
    /// Files that can still be made; `None` where inodes are not counted.
    pub free_inodes: Option<u64>,
    /// Files that it can hold in all; `None` where inodes are not counted.
    pub total_inodes: Option<u64>,
}

impl Space {
    /// What can still be used.
    pub fn free(&self) -> Amount {
        Amount { bytes: self.free_bytes, inodes: self.free_inodes.unwrap_or(u64::MAX) }
    }

    /// What there is in all.
    pub fn total(&self) -> Amount {
        Amount { bytes: self.total_bytes, inodes: self.total_inodes.unwrap_or(u64::MAX) }
    }
}

/// File systems whose `syncfs` proves nothing or that keep nothing, by `statfs` magic number.
const REFUSED: [(u32, &str); 13] = [
    (0x0102_1994, "tmpfs"),
    (0x8584_58f6, "ramfs"),
    (0x794c_7630, "overlayfs"),
    (0x6573_5546, "FUSE"),
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "SMB"),
    (0xfe53_4d42, "SMB"),
    (0x0102_1997, "9p"),
    (0x4d44, "FAT"),
    (0x2011_bab0, "exFAT"),
    (0x7366_746e, "NTFS"),
    (0x5346_544e, "NTFS"),
];

const KNOWN: [(u32, &str); 6] = [
    (0xef53, "ext4"),
    (0x5846_5342, "XFS"),
    (0x9123_683e, "btrfs"),
    (0xf2f5_2010, "F2FS"),
    (0xca45_1a4e, "bcachefs"),
    (0x2fc1_2fc1, "ZFS"),
];

fn magic(dir: &Dir) -> rustix::io::Result<u32> {
    // The field's width differs between architectures; magic numbers have 32 bits.
    rustix::fs::fstatfs(dir).map(|stat| stat.f_type as u32)
}

/// The name of the file system that `dir` is on, as far as it is known.
pub fn file_system_name(dir: &Dir) -> &'static str {
    magic(dir)
        .ok()
        .and_then(|magic| KNOWN.iter().chain(&REFUSED).find(|(known, _)| *known == magic))
        .map_or("unknown", |(_, name)| name)
}

/// Whether inode numbers and change times of a source's file system mean the same tomorrow.
pub fn has_stable_inodes(dir: &Dir) -> bool {
    magic(dir).is_ok_and(|magic| {
        !REFUSED.iter().any(|(known, name)| {
            *known == magic && matches!(*name, "FUSE" | "FAT" | "exFAT" | "SMB" | "9p")
        })
    })
}

/// Whether a source lies in memory, where changes through memory maps move no clock.
pub fn is_in_memory(dir: &Dir) -> bool {
    magic(dir).is_ok_and(|magic| {
        REFUSED.iter().any(|(known, name)| *known == magic && matches!(*name, "tmpfs" | "ramfs"))
    })
}

/// Refuses kinds of file system that can't promise that data is on the platter.
pub fn check_kind(dir: &Dir, path: &Path) -> Result<()> {
    let magic = magic(dir).map_err(|errno| Error::drive("examine", path, errno))?;
    match REFUSED.iter().find(|(known, _)| *known == magic) {
        Some((_, kind)) => Err(Error::DriveRefused { path: path.to_owned(), kind }),
        None => Ok(()),
    }
}

/// Space and inodes of the file system that `dir` is on.
pub fn space(dir: &Dir, path: &Path) -> Result<Space> {
    let stat = rustix::fs::fstatvfs(dir).map_err(|errno| Error::drive("examine", path, errno))?;
    Ok(Space {
        free_bytes: stat.f_bavail.saturating_mul(stat.f_frsize),
        total_bytes: stat.f_blocks.saturating_mul(stat.f_frsize),
        free_inodes: (stat.f_files > 0).then_some(stat.f_favail),
        total_inodes: (stat.f_files > 0).then_some(stat.f_files),
    })
}

/// What an operation ran out of when it met `ENOSPC` below `dir`.
pub fn full(dir: &Dir, path: &Path, missing: u64) -> Error {
    let no_inodes = space(dir, path).is_ok_and(|space| space.free_inodes == Some(0));
    let room = if no_inodes { Room::Inodes } else { Room::Bytes };
    Error::DriveFull { path: path.to_owned(), room, missing: if no_inodes { 0 } else { missing } }
}

/// What the name of a probe's folder begins with.
const PROBE_PREFIX: &str = ".yore-probe-";

/// Removes what a probe that was killed left in `dir`, which no other probe may be using.
pub fn remove_leftovers(dir: &Dir) -> rustix::io::Result<()> {
    for name in dir.names()?.iter().filter(|name| name.starts_with(PROBE_PREFIX.as_bytes())) {
        remove_tree(dir, name)?;
    }
    Ok(())
}

/// Tries in a folder of its own below `dir` everything that format 1 needs, and removes the folder again.
pub fn probe(dir: &Dir, path: &Path) -> Result<Capabilities> {
    let name = format!("{PROBE_PREFIX}{}", uuid::Uuid::new_v4());
    let room = dir.create(name.as_bytes(), 0o700).map_err(|errno| match errno {
        Errno::ACCESS | Errno::PERM => Error::DriveNotWritable(path.to_owned()),
        Errno::NOSPC => full(dir, path, 0),
        errno => Error::drive("write to", path, errno),
    })?;
    let outcome = try_abilities(&room);
    let cleaned = remove_tree(dir, name.as_bytes());
    let (lacks, capabilities) = outcome.map_err(|errno| match errno {
        Errno::NOSPC => full(dir, path, 0),
        errno => Error::drive("test", path, errno),
    })?;
    cleaned.map_err(|errno| Error::drive("tidy up", path, errno))?;
    if lacks.is_empty() {
        Ok(capabilities)
    } else {
        Err(Error::DriveLacks { path: path.to_owned(), lacks })
    }
}

fn try_abilities(room: &Dir) -> rustix::io::Result<(Vec<Ability>, Capabilities)> {
    let mut lacks = Vec::new();
    let mut require = |ability, works: bool| {
        if !works {
            lacks.push(ability);
        }
    };
    let file = room.create_file(b"a", 0o600)?;
    super::dir::write_all(&file, b"probe")?;
    require(Ability::HardLinks, room.link_from(room, b"a", b"link").is_ok());
    require(Ability::Symlinks, room.create_link(b"symlink", b"a").is_ok());
    require(
        Ability::UserXattrs,
        rustix::fs::fsetxattr(&file, super::xattr::HASH_NAME, &[7; 32], XattrFlags::empty())
            .is_ok(),
    );
    let modes = [0o000, 0o640, 0o755];
    require(
        Ability::Modes,
        modes.iter().all(|&mode| {
            rustix::fs::fchmod(&file, Mode::from_raw_mode(mode)).is_ok()
                && stat_fd(&file).is_ok_and(|stat| u32::from(stat.stx_mode) & 0o7777 == mode)
        }),
    );
    require(Ability::CaseSensitiveNames, !room.has(b"A")?);
    require(Ability::RawNames, keeps_raw_names(room));
    let time = FileTime { sec: 1_000_000_000, nsec: 123_456_700 };
    require(
        Ability::SubsecondTimes,
        set_mtime(&file, time).is_ok()
            && stat_fd(&file).is_ok_and(|stat| stat.stx_mtime.tv_nsec == time.nsec),
    );
    require(Ability::Sync, room.sync_file_system().is_ok());
    let capabilities = Capabilities { acls: has_acls(&file), reflink: can_clone(room)? };
    Ok((lacks, capabilities))
}

fn keeps_raw_names(room: &Dir) -> bool {
    let mut name = b"\xff\xfe\n e\xcc\x81 \xc3\xa9".to_vec();
    name.resize(NAME_MAX_BYTES, b'x');
    room.create_file(&name, 0o600).is_ok()
        && room.names().is_ok_and(|names| has_name(&names, &name))
}

fn has_acls(file: &rustix::fd::OwnedFd) -> bool {
    let mut value = [0_u8; 256];
    let answer = rustix::fs::fgetxattr(file, "system.posix_acl_access", &mut value[..]);
    matches!(answer, Ok(_) | Err(Errno::NODATA))
}

fn can_clone(room: &Dir) -> rustix::io::Result<bool> {
    let source = rustix::fs::openat(
        room,
        "link",
        rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC,
        Mode::empty(),
    );
    let Ok(source) = source else { return Ok(false) };
    let clone = room.create_file(b"clone", 0o600)?;
    Ok(rustix::fs::ioctl_ficlone(&clone, &source).is_ok())
}
