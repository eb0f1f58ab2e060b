//! What is known of one entry: its kind, its metadata and how a change of it is noticed.

use std::fmt;

use rustix::fs::{FileType, Statx};
use serde::{Deserialize, Serialize};

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// A symbolic link.
    Symlink,
    /// A named pipe.
    Fifo,
    /// A Unix domain socket.
    Socket,
    /// A block device.
    Block,
    /// A character device.
    Character,
}

impl Kind {
    /// The letter that stands for it in digests and in the index.
    pub fn code(self) -> u8 {
        match self {
            Self::Directory => b'd',
            Self::File => b'f',
            Self::Symlink => b'l',
            Self::Fifo => b'p',
            Self::Socket => b's',
            Self::Character => b'c',
            Self::Block => b'b',
        }
    }

    /// The kind that `code` stands for.
    pub fn from_code(code: u8) -> Option<Self> {
        [
            Self::Directory,
            Self::File,
            Self::Symlink,
            Self::Fifo,
            Self::Socket,
            Self::Character,
            Self::Block,
        ]
        .into_iter()
        .find(|kind| kind.code() == code)
    }

    /// The kind in the type bits of a `st_mode`; `None` for one that Linux doesn't have.
    pub fn from_mode(mode: u32) -> Option<Self> {
        Self::from_type(FileType::from_raw_mode(mode))
    }

    /// The kind that a listing or a mode tells of; `None` if it doesn't.
    pub fn from_type(told: FileType) -> Option<Self> {
        Some(match told {
            FileType::Directory => Self::Directory,
            FileType::RegularFile => Self::File,
            FileType::Symlink => Self::Symlink,
            FileType::Fifo => Self::Fifo,
            FileType::Socket => Self::Socket,
            FileType::BlockDevice => Self::Block,
            FileType::CharacterDevice => Self::Character,
            FileType::Unknown => return None,
        })
    }

    /// Whether nothing of it is created in a snapshot's tree: an override alone tells of it.
    pub fn is_special(self) -> bool {
        matches!(self, Self::Fifo | Self::Socket | Self::Block | Self::Character)
    }
}

/// A moment as file systems keep it: seconds since 1970 and nanoseconds after them.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(from = "(i64, u32)", into = "(i64, u32)")]
pub struct FileTime {
    /// Seconds since 1970-01-01 00:00 UTC, negative before.
    pub sec: i64,
    /// Nanoseconds after `sec`, below 1,000,000,000.
    pub nsec: u32,
}

impl From<(i64, u32)> for FileTime {
    fn from((sec, nsec): (i64, u32)) -> Self {
        Self { sec, nsec }
    }
}

impl From<FileTime> for (i64, u32) {
    fn from(time: FileTime) -> Self {
        (time.sec, time.nsec)
    }
}

/// BLAKE3 of a file's content (32 bytes), shown as hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ContentHash(pub [u8; 32]);

impl ContentHash {
    /// The hash of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Takes the 32 bytes of a hash; `None` if they are not 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The number that is no user's and no group's: to the system it means "leave it".
pub const NO_ID: u32 = u32::MAX;

/// Inode flags that belong to an entry: synchronous, immutable, append only, no dump, no atime, synchronous
/// directory, no copy-on-write (`FS_*_FL` of `linux/fs.h`).
pub const KEPT_FLAGS: u32 = 0x8 | 0x10 | 0x20 | 0x40 | 0x80 | 0x1_0000 | 0x80_0000;

/// No copy-on-write, which only a file without content takes.
pub const NOCOW_FLAG: u32 = 0x80_0000;

/// Immutable and append only, which only root can set.
pub const ROOT_FLAGS: u32 = 0x10 | 0x20;

/// The metadata of one entry that a `stat` gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// What it is.
    pub kind: Kind,
    /// Permission bits with setuid, setgid and sticky: the low 12.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Content's length in bytes; 0 for what has no content of its own.
    pub size_bytes: u64,
    /// When the content was last changed, by the file system's word.
    pub mtime: FileTime,
    /// Major and minor number of a device, else zeros.
    pub device: (u32, u32),
}

impl Metadata {
    /// Reads it from a `statx` answer; `None` for a file type that Linux doesn't have.
    pub fn from_statx(stat: &Statx) -> Option<Self> {
        let kind = Kind::from_mode(u32::from(stat.stx_mode))?;
        let has_content = matches!(kind, Kind::File | Kind::Symlink);
        let is_device = matches!(kind, Kind::Block | Kind::Character);
        Some(Self {
            kind,
            mode: u32::from(stat.stx_mode) & 0o7777,
            uid: stat.stx_uid,
            gid: stat.stx_gid,
            size_bytes: if has_content { stat.stx_size } else { 0 },
            mtime: FileTime { sec: stat.stx_mtime.tv_sec, nsec: stat.stx_mtime.tv_nsec },
            device: if is_device { (stat.stx_rdev_major, stat.stx_rdev_minor) } else { (0, 0) },
        })
    }
}

/// What, beside size and mtime, tells that an entry was changed. It lives only in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Inode number in the source.
    pub inode: u64,
    /// Change time in the source: it moves even when a program puts the mtime back.
    pub ctime: FileTime,
}

impl Fingerprint {
    /// Of an entry that changed so recently that it must be read again: its inode number alone is known.
    pub fn unsettled(inode: u64) -> Self {
        Self { inode, ctime: FileTime { sec: i64::MIN, nsec: 0 } }
    }

    /// Whether more than the inode number is known.
    pub fn is_settled(&self) -> bool {
        self.ctime.sec != i64::MIN
    }

    /// Reads it from a `statx` answer.
    pub fn from_statx(stat: &Statx) -> Self {
        Self {
            inode: stat.stx_ino,
            ctime: FileTime { sec: stat.stx_ctime.tv_sec, nsec: stat.stx_ctime.tv_nsec },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_for_one_kind_each() {
        for code in 0..=255 {
            if let Some(kind) = Kind::from_code(code) {
                assert_eq!(kind.code(), code);
            }
        }
        assert_eq!(Kind::from_code(b'f'), Some(Kind::File));
        assert_eq!(Kind::from_code(0), None);
    }
}
