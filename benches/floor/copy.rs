//! The copy of a tree by reading, hashing and writing, as a first backup and a whole restore have to.

use std::cell::RefCell;
use std::ffi::{CStr, CString};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use blake3::Hasher;
use rustix::fs::{
    FileType, Mode, OFlags, Timespec, Timestamps, XattrFlags, fchmod, fsetxattr, fstat, futimens,
    openat, readlinkat, symlinkat,
};
use rustix::io::{Result, read, write};

use super::crew::work_off;
use super::listing::list;
use super::pair::Pair;

/// Files beyond it may be another thread's.
const LARGE_BYTES: i64 = 1 << 20;

const BUFFER_BYTES: usize = 256 * 1024;

/// The hash is kept with the file, as Yore does.
const HASH_NAME: &str = "user.floor.blake3";

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; BUFFER_BYTES]);
}

enum Task {
    Folder(Arc<Pair>, CString),
    File(Arc<Pair>, CString, OwnedFd),
}

/// Copies the tree `from` to the new folder `to`, with times and modes of files; what is no file, folder or link is left out.
/// The copies of a backup keep their hashes, `keeps_hashes`; those of a restore are only hashed.
pub fn copy_tree(from: &Path, to: &Path, keeps_hashes: bool) -> Result<()> {
    let mut first = Vec::new();
    copy_folder(Pair::top(from, to)?, keeps_hashes, &mut first)?;
    work_off(first, |task, more| match task {
        Task::Folder(parent, name) => copy_folder(parent.child(&name)?, keeps_hashes, more),
        Task::File(pair, name, file) => copy_file(&file, &pair, &name, keeps_hashes),
    })
}

fn copy_folder(pair: Pair, keeps_hashes: bool, more: &mut Vec<Task>) -> Result<()> {
    let pair = Arc::new(pair);
    list(&pair.from, |name, kind| match kind {
        FileType::Directory => {
            more.push(Task::Folder(pair.clone(), name.to_owned()));
            Ok(())
        }
        FileType::Symlink => symlinkat(readlinkat(&pair.from, name, Vec::new())?, &pair.to, name),
        FileType::RegularFile => {
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = openat(&pair.from, name, flags, Mode::empty())?;
            if fstat(&file)?.st_size > LARGE_BYTES {
                more.push(Task::File(pair.clone(), name.to_owned(), file));
                return Ok(());
            }
            copy_file(&file, &pair, name, keeps_hashes)
        }
        _ => Ok(()),
    })
}

fn copy_file(file: &OwnedFd, pair: &Pair, name: &CStr, keeps_hash: bool) -> Result<()> {
    let stat = fstat(file)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let copy = openat(&pair.to, name, flags, Mode::RUSR | Mode::WUSR)?;
    let mut hasher = Hasher::new();
    BUFFER.with_borrow_mut(|buffer| pour(file, &copy, buffer, &mut hasher))?;
    let hash = hasher.finalize();
    if keeps_hash {
        fsetxattr(&copy, HASH_NAME, hash.as_bytes(), XattrFlags::empty())?;
    }
    fchmod(&copy, Mode::from_raw_mode(stat.st_mode))?;
    let time = |tv_sec, nsec| Timespec { tv_sec, tv_nsec: i64::try_from(nsec).unwrap_or(0) };
    let times = Timestamps {
        last_access: time(stat.st_atime, stat.st_atime_nsec),
        last_modification: time(stat.st_mtime, stat.st_mtime_nsec),
    };
    futimens(&copy, &times)
}

fn pour(from: &OwnedFd, to: &OwnedFd, buffer: &mut [u8], hasher: &mut Hasher) -> Result<()> {
    loop {
        let count = read(from, &mut *buffer)?;
        let mut rest = buffer.get(..count).unwrap_or_default();
        if rest.is_empty() {
            return Ok(());
        }
        hasher.update(rest);
        while !rest.is_empty() {
            let written = write(to, rest)?;
            rest = rest.get(written..).unwrap_or_default();
        }
    }
}
