//! One reading of a database's files, with a look at whether they belong together.

use std::os::fd::OwnedFd;

use rustix::fs::{SeekFrom, Statx};
use rustix::io::Errno;

use super::hold::Hold;
use super::{Outcome, Part, PartRead, SHARED_MEMORY_SUFFIX, TRIES};
use crate::engine::copy::{CopyError, ReadFile};
use crate::engine::dir::{Dir, inode_flags, read_some, stat_fd, write_all};
use crate::engine::meta::{ContentHash, Fingerprint, Metadata};
use crate::engine::monitor::Monitor;
use crate::engine::xattr::{Labels, Xattrs};

/// What every database begins with that is not encrypted.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The header of a write-ahead log, which is another one after each reset.
const LOG_HEADER_BYTES: usize = 32;

/// Where a database says how it is written, and the value for a rollback journal.
const WRITE_VERSION_AT: usize = 18;
const WITH_JOURNAL: u8 = 1;

/// Whether an open file begins as a database does.
pub(super) fn begins_as_database(file: &OwnedFd) -> rustix::io::Result<bool> {
    Ok(header::<16>(file)?.as_slice() == MAGIC)
}

/// Up to `LENGTH` first bytes of a file.
fn header<const LENGTH: usize>(file: &OwnedFd) -> rustix::io::Result<Vec<u8>> {
    let mut bytes = vec![0; LENGTH];
    let mut found = 0;
    while found < LENGTH {
        match rustix::io::pread(file, &mut bytes[found..], found as u64) {
            Ok(0) => break,
            Ok(read) => found += read,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    bytes.truncate(found);
    Ok(bytes)
}

fn is_log_header(bytes: &[u8]) -> bool {
    bytes.len() == LOG_HEADER_BYTES
}

/// What changes with the content.
fn facts(stat: &Statx) -> (Option<Metadata>, Fingerprint) {
    (Metadata::from_statx(stat), Fingerprint::from_statx(stat))
}

fn inode(stat: &Statx) -> (u32, u32, u64) {
    (stat.stx_dev_major, stat.stx_dev_minor, stat.stx_ino)
}

/// A file of the database, open.
struct Open {
    part: Part,
    file: OwnedFd,
    stat: Statx,
}

/// Where a database is, and what becomes of what is read.
pub(super) struct Reader<'a> {
    dir: &'a Dir,
    name: &'a [u8],
    listed: &'a [Part],
    stage: Option<&'a Dir>,
    buffer: &'a mut [u8],
    labels: Labels,
    monitor: &'a Monitor,
    /// Whether writers may be kept waiting: once.
    may_block: bool,
}

/// What was read, and how far it belongs together.
pub(super) type Attempt = (Vec<PartRead>, Option<Outcome>);

impl<'a> Reader<'a> {
    pub fn new(
        dir: &'a Dir,
        name: &'a [u8],
        listed: &'a [Part],
        stage: Option<&'a Dir>,
        buffer: &'a mut [u8],
        labels: Labels,
        monitor: &'a Monitor,
    ) -> Self {
        Self { dir, name, listed, stage, buffer, labels, monitor, may_block: true }
    }

    /// Reads everything once; no outcome means that it doesn't belong together.
    pub fn try_once(&mut self) -> Result<Option<Attempt>, CopyError> {
        let (database, _) = self.dir.open_file(self.name).map_err(CopyError::Source)?;
        if !begins_as_database(&database).map_err(CopyError::Source)? {
            return Ok(None);
        }
        self.clear();
        let hold = self.hold(&database);
        // Only now: what is there while the database is held stays there.
        let stat = stat_fd(&database).map_err(CopyError::Source)?;
        let others = self.open_others()?;
        let log = others.iter().find(|other| other.part == Part::Log);
        let log_before = log.map(|log| header::<LOG_HEADER_BYTES>(&log.file));
        let log_before = log_before.transpose().map_err(CopyError::Source)?;
        let is_whole = self.has_all_that_matters(&others, hold.as_ref());

        let mut read = || -> Result<_, CopyError> {
            let mut parts = vec![self.read_part(Part::Database, &database, &stat)?];
            let mut log_after = None;
            for other in &others {
                if other.part == Part::Log {
                    let (read, header) = self.read_log(other)?;
                    parts.push(read);
                    log_after = header;
                } else {
                    parts.push(self.read_part(other.part, &other.file, &other.stat)?);
                }
            }
            Ok((parts, log_after))
        };
        let (parts, log_after) = match &hold {
            Some(hold) => hold.during(read),
            None => read(),
        }?;
        let is_held = match &hold {
            Some(hold) if hold.marks().is_some() => log_after.is_some(),
            Some(hold) => hold.has_lasted() && log_before.is_none(),
            // A log that was not reset from beginning to end is as good as one that could not be.
            None => log_after.is_some() && log_after == log_before.filter(|log| is_log_header(log)),
        };
        let is_steady = parts.iter().all(|part| !part.read.torn);
        self.may_block &= hold.as_ref().is_none_or(Hold::has_lasted);
        let outcome = if !is_whole || !self.is_still_there(&stat, &others, hold.as_ref()) {
            None
        } else if is_held && (hold.is_some() || !is_steady) {
            Some(Outcome::Held)
        } else {
            is_steady.then_some(Outcome::Steady)
        };
        Ok(Some((parts, outcome)))
    }

    /// Holds the database still, if that is of use and can be.
    fn hold<'d>(&self, database: &'d OwnedFd) -> Option<Hold<'d>> {
        let has = |name: &[u8]| self.dir.has(name).unwrap_or(false);
        let marks = [self.name, SHARED_MEMORY_SUFFIX].concat();
        if has(&Part::Log.name(self.name)) {
            // Without shared memory nobody has the database open, or one program alone.
            if !has(&marks) {
                return None;
            }
            let hold = Hold::take(database)?;
            return hold.with_marks(self.dir.open_file(&marks).ok()?.0);
        }
        let hold = if self.may_block { Hold::take(database)? } else { return None };
        // Who writes to a log doesn't wait for readers; but to begin with a log one has to.
        (header::<20>(database).ok()?.get(WRITE_VERSION_AT) == Some(&WITH_JOURNAL)).then_some(hold)
    }

    fn open_others(&self) -> Result<Vec<Open>, CopyError> {
        let mut others = Vec::new();
        for part in self.listed.iter().copied().filter(|part| *part != Part::Database) {
            match self.dir.open_file(&part.name(self.name)) {
                Ok((file, stat)) => others.push(Open { part, file, stat }),
                Err(Errno::NOENT) => {}
                Err(errno) => return Err(CopyError::Source(errno)),
            }
        }
        Ok(others)
    }

    /// Whether nothing is there without which the database would not be what was committed.
    fn has_all_that_matters(&self, others: &[Open], hold: Option<&Hold<'_>>) -> bool {
        [Part::Log, Part::Journal].into_iter().all(|part| {
            // The journal of a writer who has not begun to write the database takes nothing back.
            let is_of_no_use = || part == Part::Journal && hold.is_some_and(Hold::has_writer);
            others.iter().any(|other| other.part == part)
                || !part.is_in_use(self.dir, self.name)
                || is_of_no_use()
        })
    }

    /// Whether the names still stand for what was opened.
    fn is_still_there(&self, database: &Statx, others: &[Open], hold: Option<&Hold<'_>>) -> bool {
        let is = |suffix: &[u8], stat: &Statx| {
            let now = self.dir.stat_child(&[self.name, suffix].concat());
            now.is_ok_and(|now| inode(&now) == inode(stat))
        };
        is(Part::Database.suffix(), database)
            && others.iter().all(|other| is(other.part.suffix(), &other.stat))
            && hold.and_then(Hold::marks).is_none_or(|marks| {
                stat_fd(marks).is_ok_and(|stat| is(SHARED_MEMORY_SUFFIX, &stat))
            })
    }

    /// Reads the log until it was not reset meanwhile, and gives its header then; while the database is held that
    /// happens once at most.
    fn read_log(&mut self, log: &Open) -> Result<(PartRead, Option<Vec<u8>>), CopyError> {
        for attempt in 1.. {
            let before = header::<LOG_HEADER_BYTES>(&log.file).map_err(CopyError::Source)?;
            // As long as it is now: with all that was moved into the database before that was read.
            let stat = stat_fd(&log.file).map_err(CopyError::Source)?;
            let mut part = self.read_part(Part::Log, &log.file, &stat)?;
            part.read.torn |= facts(&log.stat) != facts(&stat);
            let after = header::<LOG_HEADER_BYTES>(&log.file).map_err(CopyError::Source)?;
            if after == before || attempt == TRIES {
                return Ok((part, (after == before).then_some(before)));
            }
        }
        Err(CopyError::Source(Errno::AGAIN))
    }

    /// Reads and copies one file, as long as it was when `before` was asked for: what is added later is not waited for.
    fn read_part(
        &mut self,
        part: Part,
        file: &OwnedFd,
        before: &Statx,
    ) -> Result<PartRead, CopyError> {
        let copy = match self.stage {
            Some(stage) => Some(self.create(stage, part).map_err(CopyError::Drive)?),
            None => None,
        };
        let (hash, length) = self.read_content(file, before.stx_size, copy.as_ref())?;
        let xattrs = Xattrs::read_with(file, self.labels).map_err(CopyError::Source)?;
        let flags = inode_flags(file);
        let after = stat_fd(file).map_err(CopyError::Source)?;
        let torn = facts(before) != facts(&after) || length != after.stx_size;
        let mut meta = Metadata::from_statx(&after).ok_or(CopyError::Source(Errno::INVAL))?;
        meta.size_bytes = length;
        let fingerprint = Fingerprint::from_statx(&after);
        let links = after.stx_nlink;
        let data_bytes = length;
        let read = ReadFile { meta, fingerprint, xattrs, flags, links, hash, data_bytes, torn };
        Ok(PartRead { part, read, file: copy })
    }

    fn read_content(
        &mut self,
        file: &OwnedFd,
        size: u64,
        copy: Option<&OwnedFd>,
    ) -> Result<(ContentHash, u64), CopyError> {
        let mut hasher = blake3::Hasher::new();
        rustix::fs::seek(file, SeekFrom::Start(0)).map_err(CopyError::Source)?;
        let mut left = size;
        while left > 0 {
            if self.monitor.cancel().is_cancelled() {
                return Err(CopyError::Cancelled);
            }
            let room = usize::try_from(left).unwrap_or(usize::MAX).min(self.buffer.len());
            let read = read_some(file, &mut self.buffer[..room]).map_err(CopyError::Source)?;
            if read == 0 {
                break;
            }
            let bytes = &self.buffer[..read];
            hasher.update(bytes);
            if let Some(copy) = copy {
                write_all(copy, bytes).map_err(CopyError::Drive)?;
                // Who writes to a database that is held waits for this.
                self.monitor.add_urgent_bytes(read as u64);
            }
            left -= read as u64;
        }
        Ok((ContentHash(*hasher.finalize().as_bytes()), size - left))
    }

    /// Makes the copy of a part anew, without what an earlier attempt left.
    fn create(&self, stage: &Dir, part: Part) -> rustix::io::Result<OwnedFd> {
        let name = part.name(self.name);
        match stage.unlink(&name) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno),
        }
        stage.create_file(&name, 0o600)
    }

    /// Leaves nothing in the stage.
    pub fn clear(&self) {
        for part in Part::ALL.iter().filter(|part| self.listed.contains(part)) {
            // The stage is thrown away if this fails too: the error that is returned says enough.
            let _ = self.stage.map(|stage| stage.unlink(&part.name(self.name)));
        }
    }
}
