//! Entries that aren't plain files: pipes, sockets, devices, files with holes; and times of any entry.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, Timespec, Timestamps, UTIME_OMIT};

/// A named pipe.
#[track_caller]
pub fn fifo(path: &Path) {
    make(path, FileType::Fifo, 0).unwrap();
}

/// A socket that nobody listens on.
#[track_caller]
pub fn socket(path: &Path) {
    make(path, FileType::Socket, 0).unwrap();
}

/// A device; only root can make one.
#[track_caller]
pub fn device(path: &Path, kind: FileType, major: u32, minor: u32) {
    make(path, kind, rustix::fs::makedev(major, minor)).unwrap();
}

/// Any special file.
pub fn make(path: &Path, kind: FileType, device: u64) -> rustix::io::Result<()> {
    rustix::fs::mknodat(CWD, path, kind, Mode::from_raw_mode(0o644), device)
}

/// A file of `size` bytes that has nothing but these pieces of data.
#[track_caller]
pub fn sparse(path: &Path, size: u64, data: &[(u64, &[u8])]) {
    let file = File::create(path).unwrap();
    file.set_len(size).unwrap();
    for (at, bytes) in data {
        file.write_all_at(bytes, *at).unwrap();
    }
}

/// Sets the modification time of any entry, a link's own included.
pub fn set_mtime(path: &Path, seconds: i64, nanoseconds: u32) -> rustix::io::Result<()> {
    let times = Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: seconds, tv_nsec: nanoseconds.into() },
    };
    rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)
}
