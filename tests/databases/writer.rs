//! A program of its own that writes to a database without a pause: this binary once more, with one test of it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{add_row, create};
use crate::common::wait::poll;

/// Where the program finds what it is to do; the test is nothing without.
const DATABASE: &str = "YORE_TEST_WRITES_TO";
const MODE: &str = "YORE_TEST_JOURNAL_MODE";
const COMMITTED: &str = "committed ";

/// The running program.
pub struct Writer {
    program: Child,
    committed: Arc<AtomicU64>,
    listener: JoinHandle<()>,
}

impl Writer {
    pub fn start(database: &Path, mode: &str) -> Self {
        let mut program = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "databases::writer::writes_if_told_to"])
            .env(DATABASE, database)
            .env(MODE, mode)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let committed = Arc::new(AtomicU64::new(0));
        let (out, count) = (program.stdout.take().unwrap(), Arc::clone(&committed));
        let listener = std::thread::spawn(move || listen(out, &count));
        Self { program, committed, listener }
    }

    /// How many rows there are, once there are more than `before`.
    #[track_caller]
    pub fn committed_after(&self, before: u64) -> u64 {
        poll("the writer", || {
            let committed = self.committed.load(SeqCst);
            (committed > before).then_some(committed)
        })
    }

    /// Ends it; it must not have failed to write a single time.
    #[track_caller]
    pub fn stop(mut self) {
        drop(self.program.stdin.take());
        let status = self.program.wait().unwrap();
        self.listener.join().unwrap();
        assert!(status.success(), "{status}");
    }
}

fn listen(out: ChildStdout, count: &AtomicU64) {
    for line in BufReader::new(out).lines() {
        if let Some(rows) = line.unwrap().strip_prefix(COMMITTED) {
            count.store(rows.parse().unwrap(), SeqCst);
        }
    }
}

#[test]
fn writes_if_told_to() {
    let Some(database) = std::env::var_os(DATABASE) else { return };
    let mode = std::env::var(MODE).unwrap();
    let connection = create(Path::new(&database), &mode);
    connection.busy_timeout(Duration::from_secs(60)).unwrap();
    // The log is moved into the database, and begins anew, again and again; little is kept in memory.
    connection.pragma_update(None, "wal_autocheckpoint", 20).unwrap();
    connection.pragma_update(None, "cache_size", 10).unwrap();
    connection.pragma_update(None, "synchronous", "OFF").unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    std::thread::spawn(move || {
        let _ = std::io::stdin().read(&mut [0]);
        told.store(true, SeqCst);
    });
    while !stop.load(SeqCst) {
        let rows = add_row(&connection).unwrap();
        writeln!(std::io::stdout(), "{COMMITTED}{rows}").unwrap();
    }
}
