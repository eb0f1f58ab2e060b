//! Random names, searched for by random texts, against a scan of all that every snapshot lists; also in an index that was made
//! again, and after snapshots were pruned.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use jiff::Timestamp;
use yore::engine::history::{Entry, History, Hit, KindFilter, Query};
use yore::engine::meta::Kind;
use yore::engine::monitor::Monitor;
use yore::engine::path::RelPath;

use super::all_pages;
use crate::common::chance::Chance;
use crate::common::engine::Rig;

/// Letters of which names are made: in both cases, of one to four bytes, what search languages take for their own, and no text.
const LETTERS: [&[u8]; 24] = [
    b"a",
    b"A",
    b"b",
    b"B",
    b"c",
    b".",
    b"-",
    b" ",
    b"_",
    b"%",
    b"*",
    b"\"",
    b"'",
    b"^",
    b"\x02",
    b"\xff",
    b"OR",
    b"NEAR",
    "é".as_bytes(),
    "É".as_bytes(),
    "\u{301}".as_bytes(),
    "ß".as_bytes(),
    "Ж".as_bytes(),
    "😀".as_bytes(),
];

/// What a snapshot has at each path.
type Listing = BTreeMap<RelPath, Entry>;

fn name(chance: &mut Chance) -> Vec<u8> {
    (0..=chance.below(7)).flat_map(|_| chance.of(&LETTERS).to_vec()).collect()
}

fn folder(chance: &mut Chance, folders: &[Vec<u8>]) -> Vec<u8> {
    (0..chance.below(3)).flat_map(|_| [chance.of(folders), b"/".to_vec()].concat()).collect()
}

/// Snapshots of a source in which names come and go.
fn past(rig: &Rig, chance: &mut Chance) {
    let folders = [b"Docs".to_vec(), b"a".to_vec(), name(chance), name(chance)].map(|mut name| {
        name.extend(b"+");
        name
    });
    let mut there: Vec<Vec<u8>> = Vec::new();
    for _ in 0..6 {
        for _ in 0..40 {
            let path = [folder(chance, &folders), name(chance)].concat();
            let at = rig.source.join(OsStr::from_bytes(&path));
            let made = fs::create_dir_all(at.parent().unwrap())
                .and_then(|()| fs::write(&at, chance.bytes(chance.clone().below(9))));
            if made.is_ok() {
                there.push(path);
            }
        }
        for _ in 0..15 {
            let gone = there.swap_remove(chance.below(there.len()));
            // It may be there twice, or lie below one that is gone.
            let _ = fs::remove_file(rig.source.join(OsStr::from_bytes(&gone)));
        }
        rig.back_up();
    }
}

/// Everything that the snapshots have, by their numbers.
fn listings(history: &History, root: &RelPath) -> Vec<(u64, Listing)> {
    let list = |seq| {
        let mut all = Listing::from([(root.clone(), history.entry(root, seq).unwrap().unwrap())]);
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in history.list(&folder, seq).unwrap() {
                let path = folder.join(&entry.name);
                if entry.kind == Kind::Directory {
                    folders.push(path.clone());
                }
                all.insert(path, entry);
            }
        }
        all
    };
    history.snapshots().unwrap().into_iter().map(|row| (row.seq, list(row.seq))).collect()
}

fn lower(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().flat_map(char::to_lowercase).collect()
}

/// How well a path fits a text without slashes at its ends; `None` if it doesn't.
fn rank(text: &str, path: &RelPath) -> Option<usize> {
    let (before, text) = text.rsplit_once('/').map_or((None, text), |(one, two)| (Some(one), two));
    let name = path.name().unwrap();
    let (low, wanted) = (lower(name), lower(text.as_bytes()));
    if let Some(before) = before {
        let folder = lower(path.parent().unwrap().as_bytes());
        if !folder.ends_with(&lower(before.as_bytes())) || !low.starts_with(&wanted) {
            return None;
        }
    }
    let letters: Vec<char> = String::from_utf8_lossy(name).chars().collect();
    let begins_word = |at: usize| {
        let steps = letters[at - 1].is_lowercase() && letters[at].is_uppercase();
        let rest: String = letters[at..].iter().collect();
        (steps || !letters[at - 1].is_alphanumeric()) && lower(rest.as_bytes()).starts_with(&wanted)
    };
    let fits = [
        name == text.as_bytes(),
        low == wanted,
        low.starts_with(&wanted),
        text.chars().count() > 2 && (1..letters.len()).any(begins_word),
        text.chars().count() > 2 && low.contains(&wanted),
    ];
    fits.iter().position(|fits| *fits)
}

/// The hits of a scan.
fn scan(listings: &[(u64, Listing)], query: &Query) -> Vec<Hit> {
    let mut hits: BTreeMap<RelPath, Hit> = BTreeMap::new();
    for (seq, listing) in listings {
        for (path, entry) in listing.iter().filter(|(path, _)| rank(&query.text, path).is_some()) {
            let (path, entry) = (path.clone(), entry.clone());
            let hit = Hit { path: path.clone(), entry, first: *seq, last: *seq, is_gone: false };
            let hit = hits.entry(path).or_insert(hit);
            hit.last = *seq;
        }
    }
    let newest = listings.last().unwrap().0;
    let mut hits: Vec<Hit> = hits
        .into_values()
        .filter_map(|mut hit| {
            let in_time = |seq: &u64| {
                query.since.is_none_or(|since| *seq >= since)
                    && query.until.is_none_or(|until| *seq <= until)
            };
            let is_wanted = |entry: &&Entry| {
                query
                    .kind
                    .is_none_or(|kind| (kind == KindFilter::File) == (entry.kind == Kind::File))
                    && query.size_bytes.as_ref().is_none_or(|range| {
                        entry.kind == Kind::File && range.contains(&entry.size_bytes)
                    })
            };
            let states = listings.iter().filter(|(seq, _)| in_time(seq));
            let mut states = states.filter_map(|(_, listing)| listing.get(&hit.path));
            hit.entry = states.rfind(is_wanted)?.clone();
            hit.is_gone = hit.last != newest;
            let fits = hit.path.is_within(&query.under) && (hit.is_gone || !query.deleted_only);
            fits.then_some(hit)
        })
        .collect();
    hits.sort_by_key(|hit| {
        let bytes = hit.path.as_bytes().to_vec();
        (rank(&query.text, &hit.path), hit.is_gone, Reverse(hit.last), bytes.len(), bytes)
    });
    hits
}

/// A text that is in a name or a path, or nearly.
fn text(chance: &mut Chance, names: &[RelPath]) -> String {
    let of = match chance.below(4) {
        0 => name(chance),
        1 => {
            let path = chance.of(names);
            let all: Vec<&[u8]> = path.components().collect();
            all[all.len().saturating_sub(2)..].join(&b'/')
        }
        _ => chance.of(names).name().unwrap().to_vec(),
    };
    let letters: Vec<char> = String::from_utf8_lossy(&of).chars().collect();
    let start = chance.below(letters.len());
    let length = 1 + chance.below(letters.len() - start);
    let text: String = letters[start..start + length].iter().collect();
    match chance.below(6) {
        0 => text.to_uppercase().replace("SS", "ß"),
        1 => text.to_lowercase(),
        _ => text,
    }
}

fn query(chance: &mut Chance, names: &[RelPath], root: &RelPath) -> Query {
    let text = text(chance, names);
    let text = text.trim_matches('/');
    let mut query = Query::new(if text.is_empty() { "a" } else { text });
    query.limit = 1 + chance.below(60);
    query.deleted_only = chance.is(20);
    let seq = 1 + chance.below(6) as u64;
    query.since = chance.is(20).then_some(seq);
    query.until = chance.is(20).then_some(seq + chance.below(3) as u64);
    query.kind = chance.is(20).then(|| chance.of(&[KindFilter::File, KindFilter::Folder]));
    query.size_bytes = chance.is(20).then(|| 2..=2 + chance.below(5) as u64);
    query.under = if chance.is(20) { root.join(b"Docs+") } else { RelPath::root() };
    query
}

#[test]
fn a_search_finds_what_a_scan_finds() {
    for seed in 0..3 {
        let (rig, mut chance) = (Rig::new(), Chance::new(seed));
        past(&rig, &mut chance);
        for turn in ["at first", "made again", "pruned", "pruned and made again"] {
            match turn {
                "pruned" => prune(&rig, &[1, 4]),
                "at first" => {}
                _ => fs::remove_file(rig.index()).unwrap(),
            }
            rig.recover();
            check(&rig, &mut chance, &format!("seed {seed}, {turn}"));
        }
    }
}

fn check(rig: &Rig, chance: &mut Chance, turn: &str) {
    let (history, root) = (rig.history(), rig.path_of(""));
    let listings = listings(&history, &root);
    let mut names: Vec<RelPath> = listings.iter().flat_map(|(_, l)| l.keys().cloned()).collect();
    names.sort_unstable();
    names.dedup();
    let mut hits = 0;
    for _ in 0..250 {
        let query = query(chance, &names, &root);
        let (found, is_complete) = all_pages(&history, &query);
        assert!(is_complete, "{turn}: {query:?}");
        assert_eq!(found, scan(&listings, &query), "{turn}: {query:?}");
        hits += found.len();
    }
    assert!(hits > 500, "{turn}: only {hits} hits");
}

/// Deletes snapshots, from the drive and the index.
fn prune(rig: &Rig, numbers: &[u64]) {
    let mut writer = rig.writer(&Monitor::new()).unwrap();
    let rows = writer.index.snapshots().unwrap();
    writer.index.prune(numbers, Timestamp::now()).unwrap();
    for row in rows.iter().filter(|row| numbers.contains(&row.seq)) {
        let gone = rig.snapshot(&row.name);
        fs::rename(gone, rig.path().join(&row.name)).unwrap();
    }
}
