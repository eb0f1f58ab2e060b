//! Rot in the index, page by page: never a wrong answer, never a lost snapshot, never a run that fails.

use std::fs;

use serde_json::Value;

use crate::common::small::Small;
use crate::common::tree::{assert_same, facts, without_inodes, write};

const PAGE_BYTES: usize = 4096;

/// A sample with enough of a past to fill some dozen pages.
fn sample() -> (Small, String) {
    let small = Small::new();
    for number in 0..200 {
        write(&small.source.join(format!("many/file-{number:03}")), number.to_string());
    }
    let first = small.home.back_up();
    for number in (0..200).step_by(3) {
        write(&small.source.join(format!("many/file-{number:03}")), format!("{number} changed"));
    }
    small.home.back_up();
    (small, first)
}

/// Some of what a person may ask.
fn ask(small: &Small, first: &str) -> [Value; 4] {
    let many = small.arg("many");
    [
        small.home.json(["snapshots"]),
        small.home.json(["ls", "--at", first, &many]),
        small.home.json(["ls", &many]),
        small.home.json(["versions", &small.arg("many/file-003")]),
    ]
}

/// Every page of the index, spoiled as a dying drive does it.
fn spoiled(good: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..good.len() / PAGE_BYTES).map(|page| {
        let mut bytes = good.to_vec();
        bytes[page * PAGE_BYTES..(page + 1) * PAGE_BYTES].fill(0xa5);
        (page, bytes)
    })
}

#[test]
fn a_rotten_page_changes_no_answer() {
    let (small, first) = sample();
    let index = small.repository.join("index.sqlite");
    let (good, answers) = (fs::read(&index).unwrap(), ask(&small, &first));
    for (page, bytes) in spoiled(&good) {
        fs::write(&index, bytes).unwrap();
        assert_eq!(ask(&small, &first), answers, "page {page}");
    }
}

#[test]
fn a_rotten_page_stops_no_backup() {
    let (small, first) = sample();
    let index = small.repository.join("index.sqlite");
    let good = fs::read(&index).unwrap();
    let first_files = small.repository.join("snapshots").join(first);
    let before = facts(&first_files);
    let wanted = without_inodes(facts(&small.source));
    for (page, bytes) in spoiled(&good).step_by(3) {
        fs::write(&index, bytes).unwrap();
        let name = small.home.back_up();
        let stored = crate::common::tree::stored(&small.repository, &name, &small.source);
        assert_same(&without_inodes(facts(&stored)), &wanted, &format!("page {page}"));
        assert_same(&facts(&first_files), &before, &format!("page {page}"));
    }
}
