//! The questions, each asked a number of times.

use std::time::Instant;

use yore::engine::history::{History, KnownUsage, Query};
use yore::engine::path::RelPath;

use super::tree::{Chance, LARGE, Tree};
use super::{Result, print_times};

/// How many times each question is asked.
const ASKED: usize = 50;

/// Texts that are looked for: common, rare, of few letters, and nowhere.
const TEXTS: [&str; 8] =
    ["garten", "common-1.html", "Waldturm Zeitraum", "jpg", "wal", "w", "no such thing", "99999"];

/// How many changes and hits are on a page.
const PAGE: usize = 50;

/// Asks everything, of a history up to the snapshot `newest`, and says how long it took.
pub fn ask(history: &History, tree: &mut Tree, newest: u64) -> Result<()> {
    let (folders, files) = tree.sample(ASKED);
    let paths = |texts: Vec<String>| {
        texts
            .iter()
            .map(|text| RelPath::parse(text.as_bytes()))
            .collect::<std::result::Result<Vec<_>, _>>()
    };
    let (folders, files) = (paths(folders)?, paths(files)?);
    let (home, large) =
        (RelPath::parse(b"home/ann")?, RelPath::parse(tree.large_folder().as_bytes())?);
    assert!(history.list(&large, newest)?.len() >= LARGE / 2);
    let mut chance = Chance::new(2);
    let mut moment = || 1 + chance.next() % newest;
    time("list of 10,000", |_| Ok(history.list(&large, moment()).map(drop)?))?;
    time("list of a folder", |turn| Ok(history.list(&folders[turn], newest).map(drop)?))?;
    time("versions of a file", |turn| Ok(history.versions(&files[turn]).map(drop)?))?;
    time("timeline of a folder", |turn| Ok(history.timeline(&folders[turn]).map(drop)?))?;
    time("timeline of 10,000", |_| Ok(history.timeline(&large).map(drop)?))?;
    time("timeline of all", |_| Ok(history.timeline(&home).map(drop)?))?;
    let changes = |under: &RelPath, a, b| {
        history.changes(a, b, under, None, PAGE)?;
        Ok(history.change_totals(a, b, under).map(drop)?)
    };
    time("changes of a folder", |turn| changes(&folders[turn], moment(), moment()))?;
    time("changes of 10,000", |_| changes(&large, moment(), moment()))?;
    time("changes of all, near", |_| {
        let at = moment().max(2);
        changes(&home, at - 1, at)
    })?;
    for text in TEXTS {
        let query = Query { limit: PAGE, ..Query::new(text) };
        time(&format!("search “{text}”"), |_| Ok(history.search(&query).map(drop)?))?;
    }
    let query = Query { limit: PAGE, deleted_only: true, ..Query::new("haus") };
    time("search what is gone", |_| Ok(history.search(&query).map(drop)?))?;
    let mut known = KnownUsage::default();
    for what in ["usage of all snapshots", "usage, as it is known"] {
        let started = Instant::now();
        history.usage_with(&mut known)?;
        print_times(what, &mut [started.elapsed()])?;
    }
    Ok(())
}

fn time(what: &str, mut question: impl FnMut(usize) -> Result<()>) -> Result<()> {
    let mut times = Vec::with_capacity(ASKED);
    for turn in 0..ASKED {
        let started = Instant::now();
        question(turn)?;
        times.push(started.elapsed());
    }
    print_times(what, &mut times)
}
