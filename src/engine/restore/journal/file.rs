//! One journal, held by whoever is at work on its restore.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use uuid::Uuid;

use super::header::{FORMAT, Header, Standing};
use super::steps::{Line, Steps};
use crate::engine::dir::{Dir, write_all};
use crate::engine::error::{Error, Result};
use crate::engine::restore::PlanItem;

/// The longest header, and the longest list of items or steps.
const HEADER_LIMIT_BYTES: u64 = 64 << 20;
const LIST_LIMIT_BYTES: u64 = 4 << 30;

/// The endings of a journal's files.
pub const HEADER: &str = "json";
const ITEMS: &str = "items.jsonl";
const STEPS: &str = "steps.jsonl";
const LOCK: &str = "lock";

/// A journal whose lock is held.
#[derive(Debug)]
pub struct Journal {
    folder: Dir,
    path: PathBuf,
    lock: OwnedFd,
    /// What it says of the whole.
    pub header: Header,
}

impl Drop for Journal {
    /// Unlocks instead of only closing: a child that was just forked may share the descriptor until its exec.
    fn drop(&mut self) {
        let _ = fcntl(&self.lock, FcntlArg::F_OFD_SETLK(&region(libc::F_UNLCK)));
    }
}

fn region(operation: libc::c_int) -> libc::flock {
    libc::flock {
        l_type: operation as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 1,
        l_pid: 0,
    }
}

fn name_of(id: Uuid, ending: &str) -> Vec<u8> {
    format!("{id}.{ending}").into_bytes()
}

/// Takes the lock of the journal `id`; `None` if another process has it.
fn lock(folder: &Dir, id: Uuid) -> rustix::io::Result<Option<OwnedFd>> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mode = Mode::from_raw_mode(0o600);
    let file = rustix::fs::openat(folder, name_of(id, LOCK), flags, mode)?;
    match fcntl(&file, FcntlArg::F_OFD_SETLK(&region(libc::F_WRLCK))) {
        Ok(_) => Ok(Some(file)),
        Err(nix::Error::EAGAIN | nix::Error::EACCES) => Ok(None),
        Err(error) => Err(Errno::from_raw_os_error(error as i32)),
    }
}

/// Whether a process is at work on the restore `id`.
pub fn is_locked(folder: &Dir, id: Uuid) -> bool {
    let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let Ok(file) = rustix::fs::openat(folder, name_of(id, LOCK), flags, Mode::empty()) else {
        return false;
    };
    let mut found = region(libc::F_WRLCK);
    let asked = fcntl(&file, FcntlArg::F_OFD_GETLK(&mut found));
    asked.is_ok() && libc::c_int::from(found.l_type) != libc::F_UNLCK
}

/// Reads the header of the journal `id`; `None` if it is not there, not this user's or can't be understood.
pub fn read_header(folder: &Dir, id: Uuid) -> Option<Header> {
    let text = folder.read_file(&name_of(id, HEADER), HEADER_LIMIT_BYTES).ok()?;
    let mut header: Header = serde_json::from_slice(&text).ok()?;
    let is_sound = header.format == FORMAT && header.id == id;
    let has_steps = || folder.has(&name_of(id, STEPS)).unwrap_or(false);
    if header.standing == Standing::Staging && has_steps() {
        header.standing = Standing::Publishing;
    }
    is_sound.then_some(header)
}

/// Removes the files of a journal, its header first, and the lock last: who has that is alone.
fn remove_files(folder: &Dir, id: Uuid) -> rustix::io::Result<()> {
    let drafts = [HEADER, STEPS, ITEMS].map(|ending| format!("{ending}.new"));
    let endings = [HEADER, STEPS, ITEMS].into_iter().chain(drafts.iter().map(String::as_str));
    for ending in endings.chain([LOCK]) {
        match folder.unlink(&name_of(id, ending)) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Removes what is left of the journal `id` if it has no header and no process is beginning it.
pub fn remove_orphan(folder: &Dir, id: Uuid) -> rustix::io::Result<()> {
    if folder.has(&name_of(id, HEADER))? {
        return Ok(());
    }
    let Some(_lock) = lock(folder, id)? else { return Ok(()) };
    // It may have been begun, or even have ended, since.
    if folder.has(&name_of(id, HEADER))? { Ok(()) } else { remove_files(folder, id) }
}

impl Journal {
    /// Begins a journal in `folder`.
    pub fn begin(folder: Dir, path: &Path, header: Header, items: &[PlanItem]) -> Result<Self> {
        let failed = |errno| Error::io("write the journal in", path, errno);
        let lock = lock(&folder, header.id).map_err(failed)?;
        let lock = lock.ok_or_else(|| failed(Errno::BUSY))?;
        let journal = Self { folder, path: path.to_owned(), lock, header };
        let mut lines = Vec::new();
        for item in items {
            serde_json::to_writer(&mut lines, item).map_err(|error| journal.odd(error))?;
            lines.push(b'\n');
        }
        journal.write(ITEMS, &lines)?;
        journal.save()?;
        Ok(journal)
    }

    /// Takes up the journal `id`.
    ///
    /// # Errors
    /// [`Error::NoSuchRestore`], [`Error::Locked`] if another process is at work on it.
    pub fn open(folder: Dir, path: &Path, id: Uuid) -> Result<Self> {
        // Only a restore that is known gets a lock.
        if read_header(&folder, id).is_none() {
            return Err(Error::NoSuchRestore(id));
        }
        let locked = lock(&folder, id).map_err(|errno| Error::io("lock", path, errno))?;
        let Some(lock) = locked else {
            let path = path.join(format!("{id}.{HEADER}"));
            return Err(Error::Locked { path, holder: "another process".to_owned() });
        };
        let header = read_header(&folder, id).ok_or(Error::NoSuchRestore(id))?;
        Ok(Self { folder, path: path.to_owned(), lock, header })
    }

    /// Makes the header durable.
    pub fn save(&self) -> Result<()> {
        let mut header = self.header.clone();
        if header.standing == Standing::Publishing {
            header.standing = Standing::Staging;
        }
        let text = serde_json::to_vec(&header).map_err(|error| self.odd(error))?;
        self.write(HEADER, &text)
    }

    /// The items of the plan.
    pub fn items(&self) -> Result<Vec<PlanItem>> {
        let text = self.read(ITEMS)?;
        let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).map_err(|error| self.odd(error))).collect()
    }

    /// Makes the steps durable, before the first of them is done.
    pub fn write_steps(&self, steps: &Steps) -> Result<()> {
        self.write(STEPS, &steps.to_lines().map_err(|error| self.odd(error))?)
    }

    /// The steps.
    pub fn steps(&self) -> Result<Steps> {
        let steps = Steps::from_lines(&self.read(STEPS)?);
        let count = self.header.workspaces.len();
        steps
            .filter(|steps| steps.swaps.iter().all(|swap| swap.workspace < count))
            .ok_or_else(|| self.odd("its steps can't be understood"))
    }

    /// Makes it durable that the item in `slot` gets another name.
    pub fn rename(&self, slot: u64, name: &[u8]) -> Result<()> {
        let failed = |errno| Error::io("write the journal in", &self.path, errno);
        let mut line = serde_json::to_vec(&Line::Name(slot, name.to_vec()))
            .map_err(|error| self.odd(error))?;
        line.push(b'\n');
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let steps = name_of(self.header.id, STEPS);
        let file = rustix::fs::openat(&self.folder, steps, flags, Mode::empty()).map_err(failed)?;
        write_all(&file, &line).map_err(failed)?;
        rustix::fs::fdatasync(&file).map_err(failed)
    }

    /// Removes the journal, its header first: without it nothing is known of the restore.
    pub fn forget(self) -> Result<()> {
        remove_files(&self.folder, self.header.id)
            .map_err(|errno| Error::io("remove the journal in", &self.path, errno))
    }

    fn write(&self, ending: &str, bytes: &[u8]) -> Result<()> {
        self.folder
            .replace_file(&name_of(self.header.id, ending), bytes, 0o600)
            .map_err(|errno| Error::io("write the journal in", &self.path, errno))
    }

    fn read(&self, ending: &str) -> Result<Vec<u8>> {
        self.folder
            .read_file(&name_of(self.header.id, ending), LIST_LIMIT_BYTES)
            .map_err(|errno| Error::io("read the journal in", &self.path, errno))
    }

    fn odd(&self, reason: impl ToString) -> Error {
        let path = self.path.join(format!("{}.{HEADER}", self.header.id));
        Error::Damaged { path, reason: reason.to_string() }
    }
}
