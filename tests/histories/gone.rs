//! What was deleted, as of every snapshot.

use std::cmp::Reverse;

use yore::engine::history::{DeletedQuery, History};
use yore::engine::path::RelPath;

use super::model::{Moment, Past, bytes};
use super::moved::Moves;
use super::scope::Scope;

/// So few that there are several pages.
const PAGE: usize = 2;

/// A path with the first snapshot without it, the last one with it, how many entries were below it, and their bytes.
type Row = (Reverse<u64>, RelPath, u64, u64, u64);

/// What one snapshot lacks of what the one before it has.
struct Loss<'a> {
    last: u64,
    gone: u64,
    before: &'a Moment,
    after: &'a Moment,
    moves: Moves,
}

pub fn check(history: &History, past: &Past, when: &str) {
    let newest = past.moments.keys().next_back().unwrap();
    let first = &past.moments[newest].sources[0];
    for before in past.moments.keys() {
        for under in [&RelPath::root(), first] {
            let mut wanted = deleted(past, *before);
            wanted.retain(|row| row.1.is_within(under));
            let found = rows(history, *before, under);
            assert_eq!(found, wanted, "{when}: deleted under {under} before {before}");
        }
    }
}

/// All pages.
fn rows(history: &History, before: u64, under: &RelPath) -> Vec<Row> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let before = Some(before);
        let under = under.clone();
        let query = DeletedQuery { under, before, after, limit: PAGE, ..DeletedQuery::default() };
        let page = history.deleted(&query).unwrap();
        let rows = page.rows.into_iter();
        all.extend(rows.map(|r| (Reverse(r.gone), r.path, r.last, r.entries_below, r.bytes)));
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

/// The deletions as of the snapshot `as_of`, newest first.
fn deleted(past: &Past, as_of: u64) -> Vec<Row> {
    let now = &past.moments[&as_of];
    // The last snapshot that has a path which is gone now.
    let last_of = |path: &RelPath| {
        let mut before = past.moments.range(..as_of).rev();
        let is_gone = !now.entries.contains_key(path);
        is_gone.then(|| before.find(|(_, moment)| moment.entries.contains_key(path)))?
    };
    let mut rows = Vec::new();
    for path in &past.seen {
        let Some((last, before)) = last_of(path) else { continue };
        let above = path.parent().and_then(|parent| last_of(&parent));
        // What went with its folder is judged with it.
        if above.is_none_or(|(above, _)| above != last) {
            let (gone, after) = past.after(*last).unwrap();
            let moves = Moves::between(before, after);
            Loss { last: *last, gone, before, after, moves }.judge(path, &mut rows);
        }
    }
    rows.sort();
    rows
}

impl Loss<'_> {
    fn judge(&self, path: &RelPath, rows: &mut Vec<Row>) {
        let fact = &self.before.entries[path];
        let is_whole = match Scope::of(self.after, path, fact.is_folder()) {
            Scope::Out => return,
            Scope::Above => false,
            Scope::In if !fact.is_folder() => {
                if self.moves.to(path).is_some() {
                    return;
                }
                true
            }
            Scope::In => match self.below(path) {
                (_, false) => true,
                (false, true) => return,
                (true, true) => false,
            },
        };
        if is_whole {
            let (entries, below) = self.before.size(path);
            let total = below + bytes(Some(fact));
            rows.push((Reverse(self.gone), path.clone(), self.last, entries, total));
            return;
        }
        for name in self.before.children(path).keys() {
            let child = path.join(name);
            let is_gone = !self.after.entries.contains_key(&child);
            if is_gone && self.before.entries.contains_key(&child) {
                self.judge(&child, rows);
            }
        }
    }

    /// Whether anything in a folder was lost, and whether any file in it was moved or is left out.
    fn below(&self, folder: &RelPath) -> (bool, bool) {
        let (mut is_lost, mut is_left) = (false, false);
        for (path, fact) in self.before.below(folder) {
            let is_kept = Scope::of(self.after, path, fact.is_folder()) == Scope::In;
            if fact.is_folder() {
                is_lost |= is_kept && self.before.children(path).is_empty();
            } else if is_kept && self.moves.to(path).is_none() {
                is_lost = true;
            } else {
                is_left |= fact.is_file();
            }
        }
        (is_lost, is_left)
    }
}
