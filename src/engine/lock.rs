//! The repository's `LOCK`: open-file-description locks on single bytes, so that a dead holder's lock is free.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::dir::{Dir, read_some, write_all};
use super::error::{Error, Result};
use super::meta::Kind;

/// The file's name.
pub const LOCK_NAME: &[u8] = b"LOCK";

/// How long a wait for a lock lasts before it is tried again.
const TICK: Duration = Duration::from_millis(20);

/// How long a reader waits for a deleter, who has the lock only while snapshots are renamed.
const READER_PATIENCE: Duration = Duration::from_secs(60);

/// Which byte of the file is locked, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockKind {
    /// Byte 0, exclusive: the one writer.
    Writer,
    /// Byte 1, shared: readers of content, who keep prune and mend waiting.
    Reader,
    /// Byte 1, exclusive: whoever deletes snapshots.
    Deleter,
}

/// Who holds the writer's lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Holder {
    host: String,
    pid: u32,
    since: jiff::Timestamp,
}

/// A lock, held until dropped.
#[derive(Debug)]
pub struct Lock {
    file: OwnedFd,
    kind: LockKind,
}

impl Drop for Lock {
    /// Unlocks instead of only closing: a child that was just forked may share the descriptor until its exec.
    fn drop(&mut self) {
        let _ = fcntl(&self.file, FcntlArg::F_OFD_SETLK(&region(self.kind, libc::F_UNLCK)));
    }
}

/// The byte that stands for `kind`, with what is to be done to it.
fn region(kind: LockKind, operation: libc::c_int) -> libc::flock {
    libc::flock {
        l_type: operation as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: if kind == LockKind::Writer { 0 } else { 1 },
        l_len: 1,
        l_pid: 0,
    }
}

impl Lock {
    /// Takes the lock in the repository `dir`, or says who has it.
    pub fn take(dir: &Dir, path: &Path, kind: LockKind) -> Result<Self> {
        let writes = kind == LockKind::Writer;
        let is_shared = kind == LockKind::Reader;
        let is_there = is_plain(dir).map_err(|errno| Error::drive("lock", path, errno))?;
        let create = if is_there { OFlags::empty() } else { OFlags::CREATE | OFlags::EXCL };
        let access = if !is_shared { OFlags::RDWR | create } else { OFlags::RDONLY };
        let flags = access | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let open = |flags| rustix::fs::openat(dir, LOCK_NAME, flags, Mode::from_raw_mode(0o600));
        let file = match open(flags) {
            // Another process made it just now.
            Err(Errno::EXIST) => open(flags.difference(create)),
            opened => opened,
        };
        let file = file.map_err(|errno| Error::drive("lock", path, errno))?;
        let operation = if is_shared { libc::F_RDLCK } else { libc::F_WRLCK };
        match fcntl(&file, FcntlArg::F_OFD_SETLK(&region(kind, operation))) {
            Ok(_) => {}
            Err(nix::Error::EAGAIN | nix::Error::EACCES) => {
                // Only the writer says who it is.
                let holder = match kind {
                    LockKind::Writer => holder_text(&file),
                    LockKind::Reader => "another process, which deletes".to_owned(),
                    LockKind::Deleter => "another process, which reads".to_owned(),
                };
                return Err(Error::Locked { path: path.to_owned(), holder });
            }
            Err(errno) => return Err(Error::io("lock", path, errno)),
        }
        if writes {
            match write_holder(&file) {
                // Who holds it is only said: a drive without any room left has to be tidied up, too.
                Ok(()) | Err(Errno::NOSPC | Errno::DQUOT) => {}
                Err(errno) => return Err(Error::drive("lock", path, errno)),
            }
        }
        Ok(Self { file, kind })
    }

    /// Takes a reader's lock, for which a deleter is waited; `None` on a drive that can't be locked.
    ///
    /// # Errors
    /// [`Error::Locked`] if the wait was in vain.
    pub fn for_reading(dir: &Dir, path: &Path) -> Result<Option<Self>> {
        let until = Instant::now() + READER_PATIENCE;
        loop {
            match Self::take(dir, path, LockKind::Reader) {
                Err(Error::Locked { .. }) if Instant::now() < until => std::thread::sleep(TICK),
                Err(held @ Error::Locked { .. }) => return Err(held),
                taken => return Ok(taken.ok()),
            }
        }
    }

    /// As [`Lock::take`], but waits for whoever has it until `go_on` refuses, which is asked before each wait and told
    /// who has it.
    pub fn wait(
        dir: &Dir,
        path: &Path,
        kind: LockKind,
        mut go_on: impl FnMut(Error) -> Result<()>,
    ) -> Result<Self> {
        loop {
            match Self::take(dir, path, kind) {
                Err(held @ Error::Locked { .. }) => go_on(held)?,
                taken => return taken,
            }
            std::thread::sleep(TICK);
        }
    }
}

impl Lock {
    /// Whether another holds the lock, as far as can be told without taking it.
    pub fn is_held(dir: &Dir, kind: LockKind) -> bool {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let Ok(file) = rustix::fs::openat(dir, LOCK_NAME, flags, Mode::empty()) else {
            return false;
        };
        let mut found = region(kind, libc::F_WRLCK);
        let asked = fcntl(&file, FcntlArg::F_OFD_GETLK(&mut found));
        asked.is_ok() && libc::c_int::from(found.l_type) != libc::F_UNLCK
    }
}

/// Whether the lock's file is there; anything but a plain file with one name is refused: it would be written to.
fn is_plain(dir: &Dir) -> rustix::io::Result<bool> {
    match dir.stat_child(LOCK_NAME) {
        Ok(stat) if Kind::from_mode(stat.stx_mode.into()) != Some(Kind::File) => Err(Errno::INVAL),
        Ok(stat) if stat.stx_nlink != 1 => Err(Errno::MLINK),
        Ok(_) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(errno) => Err(errno),
    }
}

fn write_holder(file: &OwnedFd) -> rustix::io::Result<()> {
    let holder =
        Holder { host: host_name(), pid: std::process::id(), since: jiff::Timestamp::now() };
    let text = serde_json::to_vec(&holder).unwrap_or_default();
    rustix::fs::ftruncate(file, 0)?;
    write_all(file, &text)
}

fn holder_text(file: &OwnedFd) -> String {
    let mut buffer = [0; 1024];
    let read = read_some(file, &mut buffer).unwrap_or(0);
    match serde_json::from_slice::<Holder>(&buffer[..read]) {
        Ok(holder) => format!(
            "process {} on {} since {}",
            holder.pid,
            super::path::display(holder.host.as_bytes()),
            holder.since
        ),
        Err(_) => "another process".to_owned(),
    }
}

/// This computer's name.
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
