//! A copy of a whole index, page by page, so that whoever writes to it meanwhile never waits long.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, ffi};

use super::{BUSY_MS, Index};
use crate::engine::error::{Error, Result};
use crate::engine::monitor::Monitor;

/// Pages that are copied before whoever waits to write has a turn: 4 MiB.
const STEP_PAGES: i32 = 1024;

/// How an index survives a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Journal {
    /// As on a drive: nothing lies beside it but during a transaction.
    Delete,
    /// As on this computer: its readers and its writer never wait for each other.
    Wal,
}

impl Index {
    /// Copies this index into a new file at `path`, where nothing may be, and flushes it.
    ///
    /// # Errors
    /// A stop; a failed read or write; a source that stays locked. What is at `path` then is no index.
    pub(crate) fn mirror(&self, path: &Path, journal: Journal, monitor: &Monitor) -> Result<()> {
        make_private(path)?;
        let wrap = |error| Error::index(path, error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut to = Connection::open_with_flags(path, flags).map_err(wrap)?;
        // A copy that was broken off is thrown away, so nothing has to be able to be taken back.
        to.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;").map_err(wrap)?;
        let backup = Backup::new(&self.connection, &mut to).map_err(wrap)?;
        loop {
            monitor.check_cancelled()?;
            match backup.step(STEP_PAGES).map_err(wrap)? {
                StepResult::Done => break,
                StepResult::More => {}
                _ => {
                    let busy = ffi::Error::new(ffi::SQLITE_BUSY);
                    return Err(Error::index(
                        &self.path,
                        rusqlite::Error::SqliteFailure(busy, None),
                    ));
                }
            }
        }
        drop(backup);
        drop(to);
        keep_by(path, journal)
    }

    /// How large the index is, in bytes.
    pub(crate) fn size_bytes(&self) -> Result<u64> {
        self.run(|connection| {
            let number =
                |name| connection.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
            Ok(number("page_count")?.saturating_mul(number("page_size")?))
        })
    }

    /// Whether every page of it can be read and is where it should be. Reads them all.
    pub(crate) fn is_sound(&self) -> bool {
        let answer = self.run(|connection| {
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
        });
        answer.is_ok_and(|answer| answer == "ok")
    }
}

/// Makes an empty file that is this person's alone.
pub(super) fn make_private(path: &Path) -> Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map(drop).map_err(|source| Error::io("make", path, source))
}

/// Makes a closed index survive crashes in this way from now on, and flushes it.
pub(super) fn keep_by(path: &Path, journal: Journal) -> Result<()> {
    let word = match journal {
        Journal::Delete => "delete",
        Journal::Wal => "wal",
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let index = Index::connect(path, flags, BUSY_MS)?;
    let kept: String = index.run(|connection| {
        connection.pragma_update_and_check(None, "journal_mode", word, |row| row.get(0))
    })?;
    if kept != word {
        return Err(Error::index(path, rusqlite::Error::InvalidQuery));
    }
    drop(index);
    let flushed = File::open(path).and_then(|file| file.sync_all());
    flushed.map_err(|source| Error::io("flush", path, source))
}
