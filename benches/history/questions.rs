//! The questions, each asked a number of times.

use std::time::Instant;

use yore::engine::history::History;
use yore::engine::path::RelPath;

use super::tree::{Chance, LARGE, Tree};
use super::{Result, print_times};

/// How many times each question is asked.
const ASKED: usize = 50;

/// Asks everything, of a history up to the snapshot `newest`, and says how long it took.
pub fn ask(history: &History, tree: &mut Tree, newest: u64) -> Result<()> {
    let (folders, files) = tree.sample(ASKED);
    let parse = |path: &str| RelPath::parse(path.as_bytes());
    let large = parse(tree.large_folder())?;
    assert!(history.list(&large, newest)?.len() >= LARGE / 2);
    let mut chance = Chance::new(2);
    time("list of 10,000", |_| Ok(history.list(&large, 1 + chance.next() % newest).map(drop)?))?;
    time("list of a folder", |turn| {
        Ok(history.list(&parse(&folders[turn])?, newest).map(drop)?)
    })?;
    time("versions of a file", |turn| Ok(history.versions(&parse(&files[turn])?).map(drop)?))
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
