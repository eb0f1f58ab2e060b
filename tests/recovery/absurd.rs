//! An index with absurd values in every column of every table: answered or refused, never a panic, never a path that leaves
//! its folder, and never without an end.

use std::fs;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::unistd::geteuid;
use rusqlite::Connection;
use uuid::Uuid;
use yore::engine::error::Error;
use yore::engine::history::{DeletedQuery, History, Query};
use yore::engine::monitor::Monitor;
use yore::engine::path::{RelPath, is_name};

use super::past;
use crate::common::drive::LoopDrive;
use crate::common::engine::Rig;

/// What may stand where a number, a name or a text should.
const VALUES: [&str; 6] = [
    "-1",
    "9223372036854775807",
    "'../../etc'",
    "x'2e2e'",
    "x'ffffffffffffffffff7f'",
    "zeroblob(300000)",
];

/// Longer than any question takes.
const GUARD: Duration = Duration::from_secs(60);

/// Fails if `work` does, or has no end.
#[track_caller]
fn guarded(what: &str, work: impl FnOnce() + Send) {
    let (done, waiting) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            work();
            let _ = done.send(());
        });
        match waiting.recv_timeout(GUARD) {
            Ok(()) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => panic!("{what}: panicked"),
            // The thread can't be ended but with the process.
            Err(mpsc::RecvTimeoutError::Timeout) => {
                eprintln!("{what}: no end");
                std::process::abort();
            }
        }
    });
}

/// Asks everything about a folder and a file; what is answered must be paths, and an error is an answer.
fn ask(rig: &Rig) -> Result<(), Error> {
    let scratch = rig.repository.with_file_name(format!("{}.sqlite", Uuid::new_v4()));
    let history = History::open(rig.open()?, None, &scratch, &Monitor::new())?;
    let all = history.snapshots()?;
    for under in [rig.path_of(""), rig.path_of("folder/file-03")] {
        let _ = history.versions(&under);
        let _ = history.timeline(&under);
        let query = DeletedQuery { under: under.clone(), limit: 20, ..DeletedQuery::default() };
        let _ = history.deleted(&query);
        for row in &all {
            let listed = history.list(&under, row.seq).unwrap_or_default();
            assert!(listed.iter().all(|entry| is_name(&entry.name)), "{listed:?}");
            let _ = history.folder_usage(&under, row.seq);
            let _ = history.changes(1, row.seq, &under, None, 20);
            let _ = history.change_totals(1, row.seq, &under);
        }
    }
    let _ = history.usage();
    let _ = history.growth();
    for text in ["a", "file", "/folder/fi"] {
        for hit in history.search(&Query::new(text)).map(|found| found.hits).unwrap_or_default() {
            assert!(RelPath::parse(hit.path.as_bytes()).is_ok(), "{:?}", hit.path);
        }
    }
    Ok(())
}

/// The tables of an index and their columns, those behind the search included.
fn columns(connection: &Connection) -> Vec<(String, String)> {
    let mut statement = connection
        .prepare(
            "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%'",
        )
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn absurd_values_are_answered_or_refused() {
    let drive = geteuid().is_root().then(|| LoopDrive::in_memory(200).unwrap());
    let rig = drive.as_ref().map_or_else(Rig::new, |drive| Rig::on(drive.path(), None));
    past(&rig);
    let good = fs::read(rig.index()).unwrap();
    let columns = columns(&Connection::open(rig.index()).unwrap());
    assert!(columns.len() > 50, "{columns:?}");
    let mut spoiled = 0;
    for (table, column) in columns {
        for value in VALUES {
            let _ = fs::remove_file(rig.index());
            fs::write(rig.index(), &good).unwrap();
            let connection = Connection::open(rig.index()).unwrap();
            connection.pragma_update(None, "synchronous", "OFF").unwrap();
            // All rows if they may be equal, else the last ones that there are.
            let sql = format!("UPDATE OR REPLACE \"{table}\" SET \"{column}\" = {value}");
            if connection.execute(&sql, []).is_err() {
                continue;
            }
            drop(connection);
            spoiled += 1;
            let what = format!("{table}.{column} = {value}");
            guarded(&what, || drop(ask(&rig)));
        }
    }
    assert!(spoiled > 200, "{spoiled}");
}

#[test]
fn folders_in_circles_have_an_end() {
    let rig = Rig::new();
    past(&rig);
    let good = fs::read(rig.index()).unwrap();
    for sql in [
        "UPDATE OR IGNORE node SET parent = id",
        "UPDATE OR IGNORE node SET parent = id + 1 WHERE id > 1",
        "UPDATE OR IGNORE node SET parent = (SELECT max(id) FROM node)",
        "UPDATE change SET children = NULL",
        "UPDATE change SET children = x'01'",
        "UPDATE change SET children = x'0101010101010101'",
        "UPDATE OR IGNORE change SET folder = 1",
        "UPDATE OR IGNORE version SET node = 1",
        "UPDATE OR IGNORE version SET first = 0, last = 9223372036854775807",
    ] {
        fs::write(rig.index(), &good).unwrap();
        Connection::open(rig.index()).unwrap().execute(sql, []).unwrap();
        guarded(sql, || drop(ask(&rig)));
        // And what writes to it goes on, or makes it again.
        guarded(sql, || drop(rig.try_back_up(&rig.options(), &Monitor::new())));
    }
}
