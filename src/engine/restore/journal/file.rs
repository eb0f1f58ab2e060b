//! One journal, held by whoever is at work on its restore.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use rustix::fs::{Mode, OFlags, Statx};
use rustix::io::Errno;
use uuid::Uuid;

use super::header::{FORMAT, Header, Place, Standing};
use super::steps::{Line, Steps};
use crate::engine::dir::{Dir, read_all, stat_fd, write_all};
use crate::engine::error::{Error, Result};
use crate::engine::restore::PlanItem;
use crate::engine::restore::workspace::PREFIX;

/// The longest header, and the longest list of items or steps.
const HEADER_LIMIT_BYTES: u64 = 64 << 20;
const LIST_LIMIT_BYTES: u64 = 4 << 30;

/// The endings of a journal's files.
pub const HEADER: &str = "json";
const ITEMS: &str = "items.jsonl";
const STEPS: &str = "steps.jsonl";
const LOCK: &str = "lock";

/// All that there may be of a journal, its header first, without which nothing is known of the restore, and its lock
/// last.
const ALL: [&str; 7] =
    [HEADER, "json.new", STEPS, "steps.jsonl.new", ITEMS, "items.jsonl.new", LOCK];

/// The lock of a journal, held.
#[derive(Debug)]
struct Lock(OwnedFd);

impl Drop for Lock {
    /// Unlocks instead of only closing: a child that was just forked may share the descriptor until its exec.
    fn drop(&mut self) {
        let _ = fcntl(&self.0, FcntlArg::F_OFD_SETLK(&region(libc::F_UNLCK)));
    }
}

/// A journal whose lock is held.
#[derive(Debug)]
pub struct Journal {
    folder: Dir,
    path: PathBuf,
    _lock: Lock,
    /// What it says of the whole.
    pub header: Header,
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

/// What a journal's file with this ending is called.
pub fn name_of(id: Uuid, ending: &str) -> Vec<u8> {
    format!("{id}.{ending}").into_bytes()
}

/// Whether this is a regular file of this user, with one name, that no other user may write to. Nothing else is believed
/// or written to.
fn is_own(stat: &Statx) -> bool {
    stat.stx_uid == rustix::process::geteuid().as_raw()
        && stat.stx_nlink == 1
        && u32::from(stat.stx_mode) & 0o170_022 == 0o100_000
}

fn read_own(folder: &Dir, name: &[u8], limit_bytes: u64) -> rustix::io::Result<Vec<u8>> {
    let (file, stat) = folder.open_file(name)?;
    if is_own(&stat) { read_all(&file, &stat, limit_bytes) } else { Err(Errno::PERM) }
}

/// Takes the lock of the journal `id`; `None` if another process has it. With `waits` it is waited for.
fn lock(folder: &Dir, id: Uuid, waits: bool) -> rustix::io::Result<Option<Lock>> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mode = Mode::from_raw_mode(0o600);
    let whole = region(libc::F_WRLCK);
    loop {
        let file = rustix::fs::openat(folder, name_of(id, LOCK), flags, mode)?;
        let asked =
            if waits { FcntlArg::F_OFD_SETLKW(&whole) } else { FcntlArg::F_OFD_SETLK(&whole) };
        match fcntl(&file, asked) {
            Ok(_) => {}
            Err(nix::Error::EINTR) => continue,
            Err(nix::Error::EAGAIN | nix::Error::EACCES) => return Ok(None),
            Err(error) => return Err(Errno::from_raw_os_error(error as i32)),
        }
        let stat = stat_fd(&file)?;
        // Whoever had it may have removed it: then it locks nothing.
        if stat.stx_nlink > 0 {
            return if is_own(&stat) { Ok(Some(Lock(file))) } else { Err(Errno::PERM) };
        }
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
    let text = read_own(folder, &name_of(id, HEADER), HEADER_LIMIT_BYTES).ok()?;
    let mut header: Header = serde_json::from_slice(&text).ok()?;
    let is_workspace = |place: &Place| place.name.starts_with(PREFIX.as_bytes());
    let is_sound =
        header.format == FORMAT && header.id == id && header.workspaces.iter().all(is_workspace);
    // If that can't be told, nothing may be thrown away as if there were none.
    let has_steps = || folder.has(&name_of(id, STEPS)).unwrap_or(true);
    if header.standing == Standing::Staging && has_steps() {
        header.standing = Standing::Publishing;
    }
    is_sound.then_some(header)
}

/// Removes what lies about of a journal without a header, unless a process is at it.
pub fn remove_rest(folder: &Dir, id: Uuid) -> rustix::io::Result<()> {
    let Some(_lock) = lock(folder, id, false)? else { return Ok(()) };
    if folder.has(&name_of(id, HEADER))? { Ok(()) } else { remove_files(folder, id) }
}

fn remove_files(folder: &Dir, id: Uuid) -> rustix::io::Result<()> {
    for ending in ALL {
        match folder.unlink(&name_of(id, ending)) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// How long a file is without a last line that was cut off: what comes after that would be a part of it.
fn whole_bytes(file: &OwnedFd) -> rustix::io::Result<u64> {
    let mut end = stat_fd(file)?.stx_size;
    let mut buffer = [0; 4096];
    while end > 0 {
        let start = end.saturating_sub(buffer.len() as u64);
        let wanted = usize::try_from(end - start).unwrap_or(buffer.len());
        let count = rustix::io::pread(file, buffer.get_mut(..wanted).unwrap_or_default(), start)?;
        let read = buffer.get(..count).unwrap_or_default();
        if let Some(at) = read.iter().rposition(|&byte| byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

impl Journal {
    /// Begins a journal in `folder`.
    pub fn begin(folder: Dir, path: &Path, header: Header, items: &[PlanItem]) -> Result<Self> {
        let failed = |errno| Error::io("write the journal in", path, errno);
        // Whoever tidies up may hold it for a moment.
        let lock = lock(&folder, header.id, true).map_err(failed)?;
        let lock = lock.ok_or_else(|| failed(Errno::BUSY))?;
        let journal = Self { folder, path: path.to_owned(), _lock: lock, header };
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
        let locked = lock(&folder, id, false).map_err(|errno| Error::io("lock", path, errno))?;
        let Some(lock) = locked else {
            let path = path.join(format!("{id}.{HEADER}"));
            return Err(Error::Locked { path, holder: "another process".to_owned() });
        };
        let header = read_header(&folder, id).ok_or(Error::NoSuchRestore(id))?;
        Ok(Self { folder, path: path.to_owned(), _lock: lock, header })
    }

    /// Notes that it is done or undone now; not durable yet.
    pub fn end(&mut self, standing: Standing) {
        self.header.standing = standing;
        self.header.ended = Some(Timestamp::now());
        (self.header.days_seen, self.header.last_day) = (0, None);
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
        let flags = OFlags::RDWR | OFlags::APPEND | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let steps = name_of(self.header.id, STEPS);
        let file = rustix::fs::openat(&self.folder, steps, flags, Mode::empty()).map_err(failed)?;
        if !is_own(&stat_fd(&file).map_err(failed)?) {
            return Err(failed(Errno::PERM));
        }
        let whole = whole_bytes(&file).map_err(failed)?;
        rustix::fs::ftruncate(&file, whole).map_err(failed)?;
        if let Err(errno) = write_all(&file, &line) {
            // What is left of the line otherwise is cut off by the next one.
            let _ = rustix::fs::ftruncate(&file, whole);
            return Err(failed(errno));
        }
        rustix::fs::fdatasync(&file).map_err(failed)
    }

    /// Removes the journal.
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
        read_own(&self.folder, &name_of(self.header.id, ending), LIST_LIMIT_BYTES)
            .map_err(|errno| Error::io("read the journal in", &self.path, errno))
    }

    fn odd(&self, reason: impl ToString) -> Error {
        let path = self.path.join(format!("{}.{HEADER}", self.header.id));
        Error::DamagedJournal { path, reason: reason.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn a_line_that_was_cut_off_is_no_part_of_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let long = "x".repeat(10_000);
        for (text, whole) in [
            (String::new(), 0),
            ("cut".to_owned(), 0),
            ("one\ntwo\n".to_owned(), 8),
            ("one\ntwo\ncut".to_owned(), 8),
            (format!("one\n{long}"), 4),
            (format!("{long}\ncut"), 10_001),
        ] {
            std::fs::write(&path, text).unwrap();
            let file = OwnedFd::from(File::open(&path).unwrap());
            assert_eq!(whole_bytes(&file), Ok(whole));
        }
    }
}
