//! Waiting for something that will happen soon. The only place where a test may sleep.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// Longer than anything takes on a machine that is merely slow.
const DEADLINE: Duration = Duration::from_secs(120);

/// Asks again until there is an answer, and fails if there is none by the deadline.
#[track_caller]
pub fn poll<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < end, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until a change in `folder` gets another time than one that was made just now.
pub fn next_tick(folder: &Path) {
    let change = || {
        let probe = tempfile::NamedTempFile::new_in(folder).unwrap();
        let meta = probe.as_file().metadata().unwrap();
        (meta.ctime(), meta.ctime_nsec())
    };
    let before = change();
    poll("the file system's clock", || (change() != before).then_some(()));
}
