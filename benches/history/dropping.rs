//! The index's part of dropping snapshots: single ones, and most of the others at once as thinning does.

use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;
use yore::engine::history::usage_of;
use yore::engine::index::Index;

use super::{Result, print_times, sizes};

/// Of so many snapshots one is kept in the end.
const ONE_OF: u64 = 24;

/// Drops snapshots of the index at `path`, whose newest has the number `newest`, and says how long it took.
pub fn drop_some(path: &Path, newest: u64) -> Result<()> {
    let mut index = Index::open(path)?.ok_or("no index")?;
    for (what, seq) in [
        ("dropping a middle one", newest / 2),
        ("dropping the oldest", 1),
        ("dropping newest but one", newest.saturating_sub(1)),
    ] {
        let started = Instant::now();
        usage_of(&index, &[seq])?;
        print_times("usage of one snapshot", &mut [started.elapsed()])?;
        time(&mut index, what, &[seq])?;
    }
    let thinned: Vec<u64> = (1..newest).filter(|seq| seq % ONE_OF != 0).collect();
    time(&mut index, &format!("dropping {} at once", thinned.len()), &thinned)?;
    drop(index);
    sizes(path)
}

fn time(index: &mut Index, what: &str, numbers: &[u64]) -> Result<()> {
    let started = Instant::now();
    index.prune(numbers, Timestamp::now())?;
    print_times(what, &mut [started.elapsed()])
}
