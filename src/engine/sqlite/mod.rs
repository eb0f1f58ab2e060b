//! A live SQLite database with its log or journal, read so that what is stored opens with all that was committed.
//!
//! With a write-ahead log the order makes it so: first the database, then the log. What is moved from the log
//! into the database meanwhile is in both, as long as the log isn't reset in between, and what a half-written
//! end of the log holds is not committed. With a rollback journal, the database must hold still.

mod hold;
mod reader;

use std::os::fd::OwnedFd;

use rustix::io::Errno;

use super::copy::{CopyError, ReadFile};
use super::dir::Dir;
use super::meta::Kind;
use super::monitor::Monitor;
use super::xattr::Labels;
use reader::{Reader, begins_as_database};

/// How often a database, or a log alone, is read that changed in a way that spoils it.
const TRIES: u32 = 3;

/// The end of the name of what the programs that use a database share in memory: of no use to anyone else.
pub const SHARED_MEMORY_SUFFIX: &[u8] = b"-shm";

/// A file of a database, in the order in which they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The database itself.
    Database,
    /// The write-ahead log.
    Log,
    /// The rollback journal.
    Journal,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Database, Self::Log, Self::Journal];

    /// What the name of the database has to be followed by.
    pub fn suffix(self) -> &'static [u8] {
        match self {
            Self::Database => b"",
            Self::Log => b"-wal",
            Self::Journal => b"-journal",
        }
    }

    /// The name of this part of `database`.
    pub fn name(self, database: &[u8]) -> Vec<u8> {
        [database, self.suffix()].concat()
    }

    /// Whether this part of `database` is there with something in it; if that can't be known, it is.
    pub fn is_in_use(self, dir: &Dir, database: &[u8]) -> bool {
        match dir.stat_child(&self.name(database)) {
            Ok(stat) => {
                Kind::from_mode(stat.stx_mode.into()) == Some(Kind::File) && stat.stx_size > 0
            }
            Err(errno) => errno != Errno::NOENT,
        }
    }
}

/// How far what was read belongs together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It does, though the database may have been in use: nothing that matters could happen meanwhile.
    Held,
    /// It does, since nothing changed.
    Steady,
    /// It was written each time that it was read, or for longer than a writer can be made to wait.
    Torn,
}

/// One file as it was read.
#[derive(Debug)]
pub struct PartRead {
    /// Which.
    pub part: Part,
    /// What was read; `torn` says of this file alone whether it changed meanwhile, be that harmless or not.
    pub read: ReadFile,
    /// The copy in the stage, without its metadata, if there is to be one.
    pub file: Option<OwnedFd>,
}

/// A database as it was read.
#[derive(Debug)]
pub struct Capture {
    /// Whether the files belong together.
    pub outcome: Outcome,
    /// The files, the database first; what was gone meanwhile is not among them.
    pub parts: Vec<PartRead>,
}

/// Whether `name` is a regular file that begins as a database does.
pub fn is_database(dir: &Dir, name: &[u8]) -> rustix::io::Result<bool> {
    begins_as_database(&dir.open_file(name)?.0)
}

/// Reads the database `name` with those of its parts that are `listed`, and copies them to `stage` if there is one,
/// under the same names; what is there under these names is replaced.
///
/// `None` if it is no database. Nothing is left in `stage` if it fails.
///
/// # Errors
/// [`CopyError::Source`] if one of the files can't be read, and if the database became something else meanwhile.
pub fn capture(
    dir: &Dir,
    name: &[u8],
    listed: &[Part],
    stage: Option<&Dir>,
    buffer: &mut [u8],
    labels: Labels,
    monitor: &Monitor,
) -> Result<Option<Capture>, CopyError> {
    let mut reader = Reader::new(dir, name, listed, stage, buffer, labels, monitor);
    for attempt in 1..=TRIES {
        match reader.try_once() {
            Ok(Some((parts, Some(outcome)))) => return Ok(Some(Capture { outcome, parts })),
            Ok(Some((parts, None))) if attempt == TRIES => {
                return Ok(Some(Capture { outcome: Outcome::Torn, parts }));
            }
            Ok(Some((_, None))) => {}
            Ok(None) if attempt == 1 => return Ok(None),
            Ok(None) => {
                reader.clear();
                return Err(CopyError::Source(Errno::AGAIN));
            }
            Err(error) => {
                reader.clear();
                return Err(error);
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use rusqlite::Connection;
    use tempfile::TempDir;

    use super::*;

    const NAME: &str = "x\n?%";

    /// A folder with a database of one row in it.
    fn database(mode: &str) -> (TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join(NAME)).unwrap();
        connection.pragma_update(None, "journal_mode", mode).unwrap();
        connection.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1);").unwrap();
        (folder, connection)
    }

    fn beside(folder: &Path, suffix: &str) -> PathBuf {
        folder.join(format!("{NAME}{suffix}"))
    }

    /// A copy of all that a crash would leave.
    fn crashed(from: &Path) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for suffix in ["", "-wal", "-journal"] {
            if beside(from, suffix).exists() {
                fs::copy(beside(from, suffix), beside(folder.path(), suffix)).unwrap();
            }
        }
        folder
    }

    fn capture_from(folder: &Path, listed: &[Part], stage: Option<&Path>) -> Option<Capture> {
        let dir = Dir::open(folder).unwrap();
        let stage = stage.map(|stage| Dir::open(stage).unwrap());
        let (mut buffer, monitor) = (vec![0; 4096], Monitor::new());
        let labels = Labels::Leave;
        capture(&dir, NAME.as_bytes(), listed, stage.as_ref(), &mut buffer, labels, &monitor)
            .unwrap()
    }

    /// Captures and checks what was read and that the copy is whole.
    #[track_caller]
    fn check(folder: &Path, outcome: Outcome, parts: &[Part]) {
        let before = fs::read_dir(folder).unwrap().count();
        let stage = tempfile::tempdir().unwrap();
        let captured = capture_from(folder, &Part::ALL, Some(stage.path())).unwrap();
        assert_eq!(fs::read_dir(folder).unwrap().count(), before);
        let found: Vec<Part> = captured.parts.iter().map(|read| read.part).collect();
        assert_eq!((captured.outcome, found.as_slice()), (outcome, parts));
        assert_eq!(fs::read_dir(stage.path()).unwrap().count(), parts.len());
        for part in captured.parts {
            let copy = fs::read(beside(stage.path(), str::from_utf8(part.part.suffix()).unwrap()));
            assert_eq!(part.read.hash, crate::engine::meta::ContentHash::of(&copy.unwrap()));
        }
        let copy = Connection::open(stage.path().join(NAME)).unwrap();
        let rows: i64 = copy.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        let verdict: String =
            copy.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!((rows, verdict.as_str()), (1, "ok"));
    }

    #[test]
    fn all_that_belongs_together_is_read() {
        use Part::{Database, Journal, Log};
        let (folder, connection) = database("wal");
        check(folder.path(), Outcome::Held, &[Database, Log]);
        check(crashed(folder.path()).path(), Outcome::Steady, &[Database, Log]);
        drop(connection);
        check(folder.path(), Outcome::Steady, &[Database]);

        for (mode, parts) in [("delete", &[Database][..]), ("truncate", &[Database, Journal])] {
            let (folder, connection) = database(mode);
            check(folder.path(), Outcome::Held, parts);
            // In the middle of a transaction that has reached the database already.
            connection.execute_batch("PRAGMA cache_size = 1; BEGIN;").unwrap();
            for _ in 0..50 {
                connection.execute("INSERT INTO t VALUES (randomblob(3000))", []).unwrap();
            }
            check(folder.path(), Outcome::Steady, &[Database, Journal]);
            check(crashed(folder.path()).path(), Outcome::Held, &[Database, Journal]);
        }
    }

    #[test]
    fn a_log_or_journal_that_is_left_out_is_missed() {
        let (folder, _connection) = database("wal");
        let captured = capture_from(folder.path(), &[Part::Database], None).unwrap();
        assert_eq!(captured.outcome, Outcome::Torn);

        let (folder, connection) = database("delete");
        connection.execute_batch("BEGIN; INSERT INTO t VALUES (2);").unwrap();
        // Nothing in the database yet: the journal takes nothing back, unless its writer is gone.
        let captured = capture_from(folder.path(), &[Part::Database], None).unwrap();
        assert_eq!(captured.outcome, Outcome::Held);
        let dead = crashed(folder.path());
        let captured = capture_from(dead.path(), &[Part::Database], None).unwrap();
        assert_eq!(captured.outcome, Outcome::Torn);
    }

    #[test]
    fn what_is_no_database_is_not_taken_for_one() {
        let folder = tempfile::tempdir().unwrap();
        for content in ["", "SQLite format 3", "SQLite format 4\0...."] {
            fs::write(folder.path().join(NAME), content).unwrap();
            fs::write(beside(folder.path(), "-wal"), "a log of something else").unwrap();
            let captured = capture_from(folder.path(), &Part::ALL, Some(folder.path()));
            assert!(captured.is_none(), "{content}");
        }
        // Broken, but not to be judged here.
        fs::write(folder.path().join(NAME), b"SQLite format 3\0 and nothing else").unwrap();
        let captured = capture_from(folder.path(), &Part::ALL, None).unwrap();
        assert_eq!((captured.outcome, captured.parts.len()), (Outcome::Steady, 2));
    }
}
