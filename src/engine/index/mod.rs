//! The SQLite database that answers questions about versions. A cache: it can be made again from the trees.

mod changes;
mod copies;
mod differing;
mod draft;
mod gone;
mod head;
mod held;
mod import;
mod local;
mod mirror;
mod moves;
mod names;
mod prune;
mod random;
mod read;
mod search;
mod snapshot;
mod spool;
mod state;
mod summary;
mod twin;
mod usage;
mod vacuum;
mod write;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, ffi};
use uuid::Uuid;

use super::error::{Error, Result};

pub use copies::{Place, StoredCopy};
pub use differing::Below;
pub use draft::Draft;
pub use head::Head;
pub use held::{HeldOnly, LargeContent, Others};
pub use import::{Imported, import};
pub(crate) use import::{NOTHING, end_below, treeless};
pub use local::{Built, LocalCopy};
pub(crate) use mirror::Journal;
pub use moves::Moved;
pub use read::{Child, children_of};
pub use search::{Link, NameId, NamedPath, PastVersion};
pub use snapshot::{SnapshotRow, SnapshotState, StateChange};
pub use spool::{Change, Spool, SpoolWriter};
pub use state::State;
pub use summary::ChangeCounts;
pub use twin::Twin;
pub use usage::FolderSums;

/// The index's file in a repository.
pub const INDEX_NAME: &str = "index.sqlite";

/// Number of an interned path.
pub type NodeId = i64;

/// The root of every tree.
pub const ROOT_NODE: NodeId = 1;

/// The `last` of a version that still holds in the newest snapshot.
pub const OPEN: i64 = i64::MAX;

/// The tables.
const SCHEMA: &str = include_str!("schema.sql");

/// The indexes by which a content and the paths of a name are found, apart: they are made faster after the rows than with them.
const LATE_INDEXES: &str = include_str!("late.sql");

/// Takes them away, so that a first snapshot's rows are written without them.
const DROP_LATE_INDEXES: &str = "DROP INDEX content; DROP INDEX named";

/// Changed with every change of these: another number means that the index is made again.
const SCHEMA_VERSION: i32 = 4;

/// Marks an SQLite file as Yore's.
const APPLICATION_ID: i32 = 0x596f_7265;

/// Memory for SQLite's pages, in KiB.
const CACHE_KIB: i32 = 32 * 1024;

/// The same for one of several threads that go from folder to folder, where hardly a page is wanted again.
const WALK_CACHE_KIB: i32 = 4 * 1024;

/// The same while an index is made of rows that are there, which takes as much again for sorting.
const SORT_CACHE_KIB: i32 = 8 * 1024;

/// How long a reader or the writer waits for the other.
const BUSY_MS: u32 = 10_000;

/// How an index is opened by whoever only reads.
const READ_ONLY: OpenFlags = OpenFlags::SQLITE_OPEN_READ_ONLY
    .union(OpenFlags::SQLITE_OPEN_NO_MUTEX)
    .union(OpenFlags::SQLITE_OPEN_NOFOLLOW);

/// An open index.
#[derive(Debug)]
pub struct Index {
    path: PathBuf,
    connection: Connection,
}

impl Index {
    /// Makes a new, empty index of the repository with the identity `repository` at `path`, where nothing may be.
    pub fn create(path: &Path, repository: Uuid) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let index = Self::connect(path, flags, BUSY_MS)?;
        index.run(|connection| {
            connection
                .execute_batch("PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL;")?;
            connection.execute_batch("BEGIN;")?;
            make_tables(connection)?;
            head::begin(connection, repository)?;
            connection.pragma_update(None, "application_id", APPLICATION_ID)?;
            connection.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            connection.execute_batch("COMMIT;")
        })?;
        Ok(index)
    }

    /// Opens the index for the writer; `None` if it is not one of this version and must be made again.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        Self::open_checked(path, flags, BUSY_MS)
    }

    /// Opens the index for reading only; `None` if it is not one of this version.
    pub fn open_read_only(path: &Path) -> Result<Option<Self>> {
        Self::open_checked(path, READ_ONLY, BUSY_MS)
    }

    /// As [`Index::open_read_only`], but neither this nor a question waits for a writer.
    pub fn open_at_once(path: &Path) -> Result<Option<Self>> {
        Self::open_checked(path, READ_ONLY, 0)
    }

    /// Lets questions wait for a writer, if they didn't until now.
    pub fn wait_from_now_on(&self) -> Result<()> {
        self.set_busy_ms(BUSY_MS)
    }

    fn set_busy_ms(&self, busy_ms: u32) -> Result<()> {
        let timeout = std::time::Duration::from_millis(busy_ms.into());
        self.run(|connection| connection.busy_timeout(timeout))
    }

    /// Opens one more connection to an index that is known to be good, for one of the threads that walk.
    pub fn reader(path: &Path) -> Result<Self> {
        let reader = Self::open_read_only(path)?
            .ok_or_else(|| Error::index(path, rusqlite::Error::InvalidQuery))?;
        reader.run(|connection| set_cache(connection, WALK_CACHE_KIB))?;
        Ok(reader)
    }

    /// As [`Index::reader`], for whoever asks much of one and the same state while nobody may write: the file is locked
    /// once, not for each question, and a writer waits until this is dropped.
    pub fn steady_reader(path: &Path) -> Result<Self> {
        let reader = Self::reader(path)?;
        reader.run(|connection| connection.execute_batch("BEGIN"))?;
        Ok(reader)
    }

    fn open_checked(path: &Path, flags: OpenFlags, busy_ms: u32) -> Result<Option<Self>> {
        let opened = Self::connect(path, flags, busy_ms);
        match opened.and_then(|index| Ok((index.is_current()?, index))) {
            Ok((true, index)) => Ok(Some(index)),
            Ok((false, _)) => Ok(None),
            Err(Error::Index { source, .. }) if is_missing_or_broken(&source) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn connect(path: &Path, flags: OpenFlags, busy_ms: u32) -> Result<Self> {
        let wrap = |error| Error::index(path, error);
        let connection = Connection::open_with_flags(path, flags).map_err(wrap)?;
        let index = Self { path: path.to_owned(), connection };
        // First of all, as what follows reads from the file.
        index.set_busy_ms(busy_ms)?;
        index.run(|connection| {
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
            // Else each question is planned anew for the values at hand.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
            set_cache(connection, CACHE_KIB)?;
            connection.pragma_update(None, "cell_size_check", true)?;
            connection.pragma_update(None, "synchronous", "FULL")
        })?;
        Ok(index)
    }

    /// Whether the file is Yore's, of this schema, and its tables are those that this program makes.
    fn is_current(&self) -> Result<bool> {
        self.run(|connection| {
            let number =
                |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
            if number("application_id")? != APPLICATION_ID
                || number("user_version")? != SCHEMA_VERSION
            {
                return Ok(false);
            }
            Ok(schema_of(connection)? == *expected_schema()?)
        })
    }

    /// Where the index lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Asks several questions of one and the same state, which is also much faster than one by one.
    pub(crate) fn at_once<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let behavior = TransactionBehavior::Deferred;
        // Nothing was written, so it makes no difference how it ends.
        let _reading = self.run(|connection| Transaction::new_unchecked(connection, behavior))?;
        work()
    }

    /// Runs `work` on the connection and says which index failed if it does.
    pub(crate) fn run<'a, T>(
        &'a self,
        work: impl FnOnce(&'a Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        work(&self.connection).map_err(|error| Error::index(&self.path, error))
    }
}

fn make_tables(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(SCHEMA)?;
    connection.execute_batch(LATE_INDEXES)
}

/// Sets how much memory there is for pages; what is above that is given back.
fn set_cache(connection: &Connection, kib: i32) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -kib)
}

/// What SQLite says of the tables in a database, those behind the search included.
fn schema_of(connection: &Connection) -> rusqlite::Result<Vec<(String, String, Option<String>)>> {
    let mut statement = connection
        .prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY name, type LIMIT 100")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

/// What it says of those that this program makes.
fn expected_schema() -> rusqlite::Result<&'static Vec<(String, String, Option<String>)>> {
    static EXPECTED: OnceLock<Vec<(String, String, Option<String>)>> = OnceLock::new();
    if let Some(expected) = EXPECTED.get() {
        return Ok(expected);
    }
    let connection = Connection::open_in_memory()?;
    make_tables(&connection)?;
    let expected = schema_of(&connection)?;
    Ok(EXPECTED.get_or_init(|| expected))
}

/// Whether a failure means that the index must be made again, or another one asked.
pub fn concerns_index(error: &Error) -> bool {
    matches!(error, Error::Index { source, .. } if is_missing_or_broken(source))
}

/// Whether a failure says that someone else is just writing to the index.
pub fn is_busy(error: &Error) -> bool {
    matches!(error, Error::Index { source: rusqlite::Error::SqliteFailure(failure, _), .. }
        if matches!(failure.code, ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Whether a failure says that the drive has no room left.
pub fn is_full(error: &Error) -> bool {
    match error {
        Error::DriveFull { .. } => true,
        Error::Index { source: rusqlite::Error::SqliteFailure(failure, _), .. } => {
            failure.code == ErrorCode::DiskFull
        }
        _ => false,
    }
}

/// Whether an error of SQLite means that the index must be made again.
pub fn is_missing_or_broken(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            // A row that contradicts another one is as bad; a journal that can't be played back belongs to a lost index.
            let is_broken = matches!(
                failure.code,
                ErrorCode::NotADatabase
                    | ErrorCode::DatabaseCorrupt
                    | ErrorCode::CannotOpen
                    | ErrorCode::ConstraintViolation
            );
            let journal = [ffi::SQLITE_READONLY_ROLLBACK, ffi::SQLITE_READONLY_RECOVERY];
            is_broken || journal.contains(&failure.extended_code)
        }
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::QueryReturnedNoRows
        | rusqlite::Error::Utf8Error(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::pool::MOST_WALK_THREADS;

    fn cache_kib(index: &Index) -> i32 {
        let kib = |connection: &Connection| {
            connection.pragma_query_value(None, "cache_size", |row| row.get::<_, i32>(0))
        };
        -index.run(kib).unwrap()
    }

    #[test]
    fn all_that_walk_take_no_more_memory_than_the_one_that_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(INDEX_NAME);
        let writer = Index::create(&path, Uuid::new_v4()).unwrap();
        assert_eq!(cache_kib(&writer), CACHE_KIB);
        let reader = Index::reader(&path).unwrap();
        assert!(cache_kib(&reader) * MOST_WALK_THREADS as i32 <= CACHE_KIB);
    }

    #[test]
    fn connections_do_not_wait_for_each_other_to_count_memory() {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::create(&folder.path().join(INDEX_NAME), Uuid::new_v4()).unwrap();
        let options = |connection: &Connection| {
            let mut statement = connection.prepare("PRAGMA compile_options")?;
            let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        let options = index.run(options).unwrap();
        let is_set = options.iter().any(|option| option == "DEFAULT_MEMSTATUS=0");
        assert!(is_set, "not built with the flags of .cargo/config.toml: {options:?}");
    }

    #[test]
    fn two_versions_of_one_entry_at_once_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::create(&folder.path().join(INDEX_NAME), Uuid::new_v4()).unwrap();
        let add = |first: i64| {
            let sql = "INSERT INTO version (node, first, last, kind, mode, uid, gid, size, mtime, mtime_ns) \
                       VALUES (1000, ?1, 9, 102, 420, 0, 0, 0, 0, 0)";
            index.run(|connection| connection.execute(sql, [first])).unwrap();
        };
        let name = "INSERT INTO name (id, name) VALUES (1000, CAST('a' AS BLOB))";
        let node = "INSERT INTO node (id, parent, name) VALUES (1000, 1, 1000)";
        index.run(|connection| connection.execute_batch(&format!("{name}; {node};"))).unwrap();
        add(1);
        assert_eq!(index.children(ROOT_NODE, 5).unwrap().len(), 1);
        add(2);
        let refused = index.children(ROOT_NODE, 5).unwrap_err();
        assert!(matches!(&refused, Error::Index { source, .. } if is_missing_or_broken(source)));
    }

    #[test]
    fn the_writer_has_its_memory_back_when_the_late_indexes_are_made() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Index::create(&folder.path().join(INDEX_NAME), Uuid::new_v4()).unwrap();
        let make = |connection: &Connection| {
            connection.execute_batch(DROP_LATE_INDEXES)?;
            write::add_late_indexes(connection)
        };
        writer.run(make).unwrap();
        assert_eq!(cache_kib(&writer), CACHE_KIB);
        assert!(writer.is_current().unwrap());
    }
}
