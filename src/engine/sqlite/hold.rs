//! A read transaction on somebody's database, as other programs see it: the locks that a reader has.
//!
//! The database is not opened by SQLite for this. So nothing of it is parsed, nothing is written (not even a
//! read mark), no path is resolved again, and since the locks belong to open file descriptions and not to the
//! process, closing any other descriptor of the same file doesn't drop them. The bytes are those that every
//! SQLite has to agree on with every other: <https://sqlite.org/fileformat2.html#the_lock_byte_page> and
//! <https://sqlite.org/walformat.html#wal_locks>.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

/// Bytes of the database: who holds the first waits for readers to leave, the second is the one writer's,
/// and every reader holds all of the rest.
const PENDING: Range = Range { start: 0x4000_0000, length: 1 };
const RESERVED: Range = Range { start: 0x4000_0001, length: 1 };
const SHARED: Range = Range { start: 0x4000_0002, length: 510 };

/// Bytes of the `-shm` file, one per read mark: the log is reset only by who gets all of them. The last mark is
/// the one that others miss least.
const READ_MARKS: [Range; 4] = [
    Range { start: 127, length: 1 },
    Range { start: 126, length: 1 },
    Range { start: 125, length: 1 },
    Range { start: 124, length: 1 },
];

/// How often a lock that another program has at the moment is tried, and the pause between.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(5);

/// How long a writer may have to wait for the end of a [`Hold`] that blocks writers.
pub(super) const PATIENCE: Duration = Duration::from_millis(900);

#[derive(Clone, Copy)]
struct Range {
    start: libc::off_t,
    length: libc::off_t,
}

impl Range {
    fn with(self, operation: libc::c_int) -> libc::flock {
        libc::flock {
            l_type: operation as libc::c_short,
            l_whence: libc::SEEK_SET as libc::c_short,
            l_start: self.start,
            l_len: self.length,
            l_pid: 0,
        }
    }

    fn share(self, file: impl AsFd) -> nix::Result<()> {
        fcntl(file, FcntlArg::F_OFD_SETLK(&self.with(libc::F_RDLCK))).map(drop)
    }

    fn leave(self, file: impl AsFd) {
        let _ = fcntl(file, FcntlArg::F_OFD_SETLK(&self.with(libc::F_UNLCK)));
    }
}

/// A database that is held still as a reader does, until dropped.
#[derive(Debug)]
pub(super) struct Hold<'a> {
    database: &'a OwnedFd,
    /// The `-shm` file: with it the log is kept from being reset and writers go on, without it they wait.
    marks: Option<OwnedFd>,
    is_let_go: AtomicBool,
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.let_go();
    }
}

impl<'a> Hold<'a> {
    /// Becomes a reader of the database; `None` if it is written, or locked, for longer than a moment.
    pub fn take(database: &'a OwnedFd) -> Option<Self> {
        let take = || {
            // In the order of every reader, so that a writer who waits for readers to leave isn't starved.
            let shared = PENDING.share(database).and_then(|()| SHARED.share(database));
            PENDING.leave(database);
            shared
        };
        eventually(take).then(|| Self { database, marks: None, is_let_go: AtomicBool::new(false) })
    }

    /// Keeps the log from being reset, too, by way of its `-shm` file; `None` if that can't be.
    pub fn with_marks(mut self, marks: OwnedFd) -> Option<Self> {
        let mut last_to_first = READ_MARKS.iter().cycle();
        if !eventually(|| last_to_first.next().map_or(Ok(()), |mark| mark.share(&marks))) {
            return None;
        }
        self.marks = Some(marks);
        Some(self)
    }

    /// Whether a program is in the middle of writing a rollback journal, which then is not for rolling back.
    pub fn has_writer(&self) -> bool {
        let mut answer = RESERVED.with(libc::F_WRLCK);
        fcntl(self.database, FcntlArg::F_OFD_GETLK(&mut answer)).is_ok()
            && answer.l_type != libc::F_UNLCK as libc::c_short
    }

    /// Does `work`, but lets go before its end if that takes longer than [`PATIENCE`] and writers must wait.
    pub fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        if self.marks.is_some() {
            return work();
        }
        thread::scope(|scope| {
            let (done, wait) = mpsc::channel::<()>();
            let watch = move || {
                if wait.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                    self.let_go();
                }
            };
            // The work may stand still in one call of the kernel, so that it can't look at a clock itself.
            if thread::Builder::new().spawn_scoped(scope, watch).is_err() {
                self.let_go();
            }
            let outcome = work();
            drop(done);
            outcome
        })
    }

    /// The `-shm` file, if the log is kept from being reset.
    pub fn marks(&self) -> Option<&OwnedFd> {
        self.marks.as_ref()
    }

    /// Whether the database has been held from the beginning until now.
    pub fn has_lasted(&self) -> bool {
        !self.is_let_go.load(SeqCst)
    }

    /// Unlocks instead of only closing: a child that was just forked may share the descriptors until its exec.
    fn let_go(&self) {
        self.is_let_go.store(true, SeqCst);
        SHARED.leave(self.database);
        for mark in self.marks.iter().flat_map(|marks| READ_MARKS.map(|mark| (marks, mark))) {
            mark.1.leave(mark.0);
        }
    }
}

/// Tries until it works; `false` if it doesn't within a moment, or never can on this file system.
fn eventually(mut take: impl FnMut() -> nix::Result<()>) -> bool {
    for _ in 0..TRIES {
        match take() {
            Ok(()) => return true,
            Err(Errno::EAGAIN | Errno::EACCES | Errno::EINTR) => thread::sleep(PAUSE),
            Err(_) => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::{Connection, ErrorCode};

    use super::*;
    use crate::engine::dir::Dir;

    fn connect(folder: &Path, mode: &str) -> Connection {
        let connection = Connection::open(folder.join("x")).unwrap();
        connection.busy_timeout(Duration::ZERO).unwrap();
        connection.pragma_update(None, "journal_mode", mode).unwrap();
        connection
            .execute_batch("CREATE TABLE IF NOT EXISTS t (a); INSERT INTO t VALUES (1);")
            .unwrap();
        connection
    }

    fn open(folder: &Path, name: &[u8]) -> OwnedFd {
        Dir::open(folder).unwrap().open_file(name).unwrap().0
    }

    fn write(connection: &Connection) -> Result<(), ErrorCode> {
        let done = connection.execute("INSERT INTO t VALUES (randomblob(5000))", []);
        done.map(drop).map_err(|error| error.sqlite_error_code().unwrap())
    }

    fn checkpoint(connection: &Connection, how: &str) -> (bool, i64, i64) {
        let sql = format!("PRAGMA wal_checkpoint({how})");
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        connection.query_row(&sql, [], row).unwrap()
    }

    #[test]
    fn a_held_log_grows_and_is_moved_but_never_reset() {
        let folder = tempfile::tempdir().unwrap();
        let writer = connect(folder.path(), "wal");
        let database = open(folder.path(), b"x");
        let log_start = || std::fs::read(folder.path().join("x-wal")).unwrap()[..32].to_vec();
        let before = log_start();
        let marks = open(folder.path(), b"x-shm");
        let hold = Hold::take(&database).unwrap().with_marks(marks).unwrap();
        for _ in 0..3 {
            write(&writer).unwrap();
            let (is_busy, frames, moved) = checkpoint(&writer, "PASSIVE");
            assert!(!is_busy && frames == moved, "{frames} {moved}");
            assert!(checkpoint(&writer, "TRUNCATE").0);
            assert_eq!(log_start(), before);
        }
        assert!(hold.has_lasted());
        drop(hold);
        write(&writer).unwrap();
        assert!(log_start() != before);
        assert!(!checkpoint(&writer, "TRUNCATE").0);
    }

    #[test]
    fn a_held_database_with_a_journal_is_not_written() {
        for mode in ["delete", "truncate", "persist"] {
            let folder = tempfile::tempdir().unwrap();
            let writer = connect(folder.path(), mode);
            let database = open(folder.path(), b"x");
            let hold = Hold::take(&database).unwrap();
            assert!(!hold.has_writer());
            writer.execute_batch("BEGIN IMMEDIATE").unwrap();
            assert!(hold.has_writer());
            write(&writer).unwrap();
            let failed = writer.execute_batch("COMMIT").unwrap_err();
            assert_eq!(failed.sqlite_error_code(), Some(ErrorCode::DatabaseBusy), "{mode}");
            // Who has waited for the end of it has the right of way.
            assert!(Hold::take(&database).is_none());
            assert!(hold.has_lasted());
            drop(hold);
            writer.execute_batch("COMMIT").unwrap();
            assert!(Hold::take(&database).is_some());
        }
    }

    #[test]
    fn a_writer_gets_through_though_the_work_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let writer = connect(folder.path(), "delete");
        writer.busy_timeout(Duration::from_secs(60)).unwrap();
        let database = open(folder.path(), b"x");
        let hold = Hold::take(&database).unwrap();
        assert_eq!(hold.during(|| write(&writer)), Ok(()));
        assert!(!hold.has_lasted());
        let hold = Hold::take(&database).unwrap();
        hold.during(|| {});
        assert!(hold.has_lasted());
    }
}
