//! SQLite databases that are in use while they are backed up: what is stored opens and holds what was committed.

mod odd;
mod writer;

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tempfile::TempDir;
use yore::engine::backup::BackupReport;
use yore::engine::monitor::{Event, Monitor};
use yore::engine::overrides::{Captured, OverrideLine};

use crate::common::engine::Rig;
use crate::common::place::scratch;
use crate::common::tree::{assert_same, fact, facts, write};
use writer::Writer;

/// Everything that may lie beside a database, itself included.
const SUFFIXES: [&str; 4] = ["", "-wal", "-journal", "-shm"];

fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// A database in which each row is counted in another table within the same transaction.
fn create(path: &Path, mode: &str) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", mode).unwrap();
    // Closing must not tidy away what is to be backed up.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    let schema = "CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, content BLOB);
        CREATE INDEX IF NOT EXISTS by_content ON rows (content);
        CREATE TABLE IF NOT EXISTS total (count INTEGER);
        INSERT INTO total SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM total);";
    connection.execute_batch(schema).unwrap();
    connection
}

fn add_row(connection: &Connection) -> rusqlite::Result<u64> {
    connection.execute_batch(
        "BEGIN IMMEDIATE;
        INSERT INTO rows (content) VALUES (randomblob(700));
        UPDATE rows SET content = randomblob(700) WHERE id % 23 = (SELECT count % 23 FROM total);
        UPDATE total SET count = count + 1;
        COMMIT;",
    )?;
    connection.query_row("SELECT count FROM total", [], |row| row.get(0))
}

/// Copies a database as it is stored out of its snapshot.
fn fetch(stored: &Path) -> (TempDir, PathBuf) {
    let folder = scratch();
    let copy = folder.path().join("copy");
    for suffix in SUFFIXES {
        if beside(stored, suffix).exists() {
            fs::copy(beside(stored, suffix), beside(&copy, suffix)).unwrap();
        }
    }
    (folder, copy)
}

/// Opens what is stored in place, proves it whole, and gives the number of its rows.
#[track_caller]
fn rows_of(stored: &Path) -> u64 {
    let (_folder, copy) = fetch(stored);
    let connection = Connection::open(copy).unwrap();
    let text = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(text("PRAGMA integrity_check"), "ok");
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, u64>(0)).unwrap();
    let rows = number("SELECT count(*) FROM rows");
    assert_eq!(number("SELECT count FROM total"), rows);
    assert_eq!(number("SELECT coalesce(max(id), 0) FROM rows"), rows);
    rows
}

/// The names of what a snapshot says was captured while in use.
fn captured(rig: &Rig, report: &BackupReport) -> Vec<String> {
    let path = rig.snapshot(&report.snapshot).join("overrides.jsonl");
    let lines = fs::read_to_string(path).unwrap_or_default();
    let lines = lines.lines().map(|line| serde_json::from_str::<OverrideLine>(line).unwrap());
    let captured = lines.filter(|line| line.change.captured == Some(Captured::Sqlite));
    captured.map(|line| line.path.rsplit('/').next().unwrap().to_owned()).collect()
}

/// The names of what is stored of the source.
fn names(rig: &Rig, report: &BackupReport) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(rig.stored(&report.snapshot)).unwrap();
    let mut names: Vec<Vec<u8>> =
        entries.map(|entry| entry.unwrap().file_name().as_bytes().to_vec()).collect();
    names.sort();
    names
}

/// Backs up again and again a database that another program writes to without a pause.
#[track_caller]
fn is_stored_whole_while_written(mode: &str) {
    let rig = Rig::new();
    let path = rig.source.join("x");
    let mut connection = create(&path, mode);
    let fill = connection.transaction().unwrap();
    for _ in 0..500 {
        fill.execute_batch(
            "INSERT INTO rows (content) VALUES (randomblob(700));
            UPDATE total SET count = count + 1;",
        )
        .unwrap();
    }
    fill.commit().unwrap();
    drop(connection);

    let writer = Writer::start(&path, mode);
    let mut last = 0;
    for run in 0..6 {
        let committed = writer.committed_after(last);
        let report = rig.back_up();
        let rows = rows_of(&rig.stored(&report.snapshot).join("x"));
        assert!(rows >= committed, "{mode}, run {run}: {rows} of {committed} rows");
        let found = captured(&rig, &report);
        // Between two transactions nothing tells that a program uses a journal that it removes.
        let is_told = found.contains(&"x".to_owned()) || mode == "delete";
        assert!(is_told, "{mode}, run {run}: {found:?}");
        assert_eq!(found.contains(&"x-wal".to_owned()), mode == "wal", "run {run}");
        last = committed;
    }
    // No write failed for having to wait.
    writer.stop();
    let report = rig.back_up();
    assert!(rows_of(&rig.stored(&report.snapshot).join("x")) > last);
}

#[test]
fn with_a_log_it_is_stored_whole_while_written() {
    is_stored_whole_while_written("wal");
}

#[test]
fn with_a_journal_that_is_removed_it_is_stored_whole_while_written() {
    is_stored_whole_while_written("delete");
}

#[test]
fn with_a_journal_that_is_cut_it_is_stored_whole_while_written() {
    is_stored_whole_while_written("truncate");
}

#[test]
fn with_a_journal_that_stays_it_is_stored_whole_while_written() {
    is_stored_whole_while_written("persist");
}

/// Begins a transaction that is too large for its memory, so that the database holds a part of it.
fn write_half(connection: &Connection) {
    connection.execute_batch("PRAGMA cache_size = 1; BEGIN IMMEDIATE;").unwrap();
    for _ in 0..100 {
        connection.execute("INSERT INTO rows (content) VALUES (randomblob(700))", []).unwrap();
    }
}

/// Makes two empty files of which `first` is read first, by its name or, on a disk that turns, by its inode.
fn make_to_be_read_in_turn(first: &Path, second: &Path) {
    let inode = |path: &Path| path.metadata().unwrap().ino();
    for path in [first, second] {
        write(path, "");
    }
    if inode(first) > inode(second) {
        let aside = first.with_extension("aside");
        fs::rename(first, &aside).unwrap();
        fs::rename(second, first).unwrap();
        fs::rename(aside, second).unwrap();
    }
}

#[test]
fn a_database_that_comes_into_use_during_a_run_is_stored_whole() {
    for (mode, beside) in [("delete", "x-journal"), ("wal", "x-wal")] {
        let rig = Rig::new();
        let path = rig.source.join("x");
        make_to_be_read_in_turn(&rig.source.join("a"), &path);
        let connection = create(&path, mode);
        add_row(&connection).unwrap();
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).unwrap();
        drop(connection);
        write(&rig.source.join("a"), "is done before x");
        let first = rig.back_up();
        assert_eq!(names(&rig, &first), [&b"a"[..], b"x"]);
        // So that both are copied once more, and it is heard when "a" is.
        fs::File::open(&path).unwrap().set_modified(SystemTime::now()).unwrap();
        let stored = rig.stored(&first.snapshot).join("a");
        fs::File::open(stored).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();

        let used = Arc::new(Mutex::new(None));
        let (user, database) = (Arc::clone(&used), path.clone());
        let monitor = Monitor::with_listener(move |event| {
            if matches!(event, Event::StoredFileChanged { .. }) {
                let connection = create(&database, mode);
                add_row(&connection).unwrap();
                connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE)").unwrap();
                add_row(&connection).unwrap();
                write_half(&connection);
                *user.lock().unwrap() = Some(connection);
            }
        });
        let report = rig.try_back_up(&rig.options(), &monitor).unwrap();
        assert!(used.lock().unwrap().is_some() && !report.is_partial(), "{report:?}");
        assert_eq!(names(&rig, &report), [b"a", &b"x"[..], beside.as_bytes()]);
        assert_eq!(rows_of(&rig.stored(&report.snapshot).join("x")), 3, "{mode}");
    }
}

#[test]
fn a_source_is_left_as_it_was() {
    for mode in ["wal", "truncate"] {
        let rig = Rig::new();
        let path = rig.source.join("x");
        let connection = create(&path, mode);
        add_row(&connection).unwrap();
        let before = facts(&rig.source);
        let report = rig.back_up();
        assert_same(&facts(&rig.source), &before, mode);
        assert_eq!(captured(&rig, &report).len(), 2, "{mode}");
        assert_eq!(report.counts.files, 2, "{mode}");

        // The same if nobody has it open, and nothing says so to others.
        drop(connection);
        let _ = fs::remove_file(beside(&path, "-shm"));
        let before = facts(&rig.source);
        let report = rig.back_up();
        assert_same(&facts(&rig.source), &before, mode);
        assert_eq!(report.copied_bytes, 0, "{mode}");
        assert_eq!(rows_of(&rig.stored(&report.snapshot).join("x")), 1);
    }
}

#[test]
fn a_log_that_nobody_has_open_is_copied_with_its_database() {
    let rig = Rig::new();
    let path = rig.source.join("x");
    add_row(&create(&path, "wal")).unwrap();
    fs::remove_file(beside(&path, "-shm")).unwrap();
    let before = facts(&rig.source);
    let report = rig.back_up();
    assert_same(&facts(&rig.source), &before, "the source");
    assert_eq!(captured(&rig, &report), [""; 0]);
    assert_eq!(names(&rig, &report), [&b"x"[..], b"x-wal"]);
    assert_eq!(rows_of(&rig.stored(&report.snapshot).join("x")), 1);
    let report = rig.back_up();
    assert_eq!((report.counts.linked, report.counts.copied), (2, 0));
}

#[test]
fn a_change_of_either_is_a_change_of_both() {
    let rig = Rig::new();
    let path = rig.source.join("x");
    let connection = create(&path, "wal");
    add_row(&connection).unwrap();
    let first = rig.back_up();
    assert_eq!(names(&rig, &first), [&b"x"[..], b"x-wal"]);
    assert_eq!(captured(&rig, &first), ["x", "x-wal"]);
    let inodes = |report: &BackupReport| {
        ["x", "x-wal"].map(|name| fact(&rig.stored(&report.snapshot).join(name)).inode)
    };

    // Nothing changed: both are linked, and both still tell that they were captured.
    let second = rig.back_up();
    assert_eq!((second.counts.linked, second.copied_bytes), (2, 0));
    assert_eq!(inodes(&second), inodes(&first));
    assert_eq!(captured(&rig, &second), ["x", "x-wal"]);

    // A row more is in the log alone.
    let database = fact(&path);
    add_row(&connection).unwrap();
    assert_eq!(fact(&path), database);
    let third = rig.back_up();
    assert_eq!(third.counts.copied, 2);
    assert!(inodes(&third).iter().zip(inodes(&second)).all(|(new, old)| *new != old));
    assert_eq!(rows_of(&rig.stored(&third.snapshot).join("x")), 2);

    // What only looks changed is read, and nothing is written.
    let log = fs::File::open(beside(&path, "-wal")).unwrap();
    let mode = log.metadata().unwrap().permissions();
    log.set_permissions(mode).unwrap();
    let fourth = rig.back_up();
    assert_eq!((fourth.counts.linked, fourth.copied_bytes), (2, 0));
    assert_eq!(inodes(&fourth), inodes(&third));

    // One that was removed on the drive is stored again, with the other.
    let stored = rig.stored(&fourth.snapshot).join("x-wal");
    fs::remove_file(stored).unwrap();
    let fifth = rig.back_up();
    assert_eq!(fifth.counts.copied, 2);
    assert_eq!(rows_of(&rig.stored(&fifth.snapshot).join("x")), 2);

    // Moved into the database, and the log removed.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).unwrap();
    drop(connection);
    let last = rig.back_up();
    assert_eq!(names(&rig, &last), [b"x"]);
    assert_eq!(rows_of(&rig.stored(&last.snapshot).join("x")), 2);
}
