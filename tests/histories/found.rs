//! What a search finds is what a look at all names of all snapshots finds.

use std::collections::BTreeMap;

use yore::engine::history::{History, Query};
use yore::engine::path::RelPath;

use super::model::Past;

/// Texts that are names, parts of names, and characters that mean something to databases.
const TEXTS: [&str; 9] = ["a", "B", "ab", "c.tmp", "tmp", "lwAy", "%", "two", "\u{e4}\u{1}%"];

/// More than there is.
const ALL: usize = 500;

pub fn check(history: &History, past: &Past, when: &str) {
    let newest = past.moments.keys().next_back().copied();
    for text in TEXTS {
        for deleted_only in [false, true] {
            let query = Query { deleted_only, limit: ALL, ..Query::new(text) };
            let found = history.search(&query).unwrap();
            assert!(found.is_complete && found.next.is_none(), "{when}: search {text}");
            let found: BTreeMap<RelPath, (u64, u64)> =
                found.hits.into_iter().map(|hit| (hit.path, (hit.first, hit.last))).collect();
            let mut wanted = lives(past, text);
            wanted.retain(|_, (_, last)| !deleted_only || Some(*last) != newest);
            assert_eq!(found, wanted, "{when}: search {text:?}, deleted only: {deleted_only}");
        }
    }
}

/// The paths whose names match, with the first and the last snapshot that has them.
fn lives(past: &Past, text: &str) -> BTreeMap<RelPath, (u64, u64)> {
    let mut lives: BTreeMap<RelPath, (u64, u64)> = BTreeMap::new();
    for (at, moment) in &past.moments {
        for path in moment.entries.keys().filter(|path| is_match(path, text)) {
            lives.entry(path.clone()).or_insert((*at, *at)).1 = *at;
        }
    }
    lives
}

/// One or two characters count at the beginning only.
fn is_match(path: &RelPath, text: &str) -> bool {
    let name = String::from_utf8_lossy(path.name().unwrap_or_default()).to_lowercase();
    let text = text.to_lowercase();
    if text.chars().count() < 3 { name.starts_with(&text) } else { name.contains(&text) }
}
