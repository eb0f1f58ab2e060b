//! The entries of a folder, with large reads.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::fs::{FileType, Mode, OFlags, RawDir};
use rustix::io::Result;

const BUFFER_BYTES: usize = 32 * 1024;

/// Opens a folder below another one, or at a path.
pub fn open_folder(at: impl std::os::fd::AsFd, name: impl rustix::path::Arg) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(at, name, flags, Mode::empty())
}

/// Calls `each` with the name and type of every entry.
pub fn list(folder: &OwnedFd, mut each: impl FnMut(&CStr, FileType) -> Result<()>) -> Result<()> {
    let mut buffer = [MaybeUninit::<u8>::uninit(); BUFFER_BYTES];
    let mut entries = RawDir::new(folder, &mut buffer);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_bytes() != b"." && name.to_bytes() != b".." {
            each(name, entry.file_type())?;
        }
    }
    Ok(())
}
