//! What is said of the snapshots themselves: why and when they were made, and what they added.

use std::fs;

use uuid::Uuid;
use yore::engine::history::{History, KnownUsage, usage_of};
use yore::engine::index::Index;
use yore::engine::retention::Growth;

use super::model::Past;

pub fn check(history: &History, index: &Index, past: &Past, when: &str) {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let boot: Uuid = boot.trim().parse().unwrap();
    let (rows, growth) = (history.snapshots().unwrap(), history.growth().unwrap());
    for row in &rows {
        let made = &past.made[&row.seq];
        assert_eq!((row.kind, row.boot), (made.kind, Some(boot)), "{when}: {}", row.seq);
        let grown = Growth { seq: row.seq, started: row.started, copied_bytes: made.copied_bytes };
        assert!(growth.contains(&grown), "{when}: {grown:?} in {growth:?}");
    }
    let added: Vec<_> = growth.iter().map(|one| (one.seq, one.copied_bytes)).collect();
    let wanted: Vec<_> = past.made.iter().map(|(seq, made)| (*seq, made.copied_bytes)).collect();
    assert_eq!(added, wanted, "{when}: growth");
    assert!(growth.is_sorted_by_key(|one| one.started), "{when}: {growth:?}");

    // What is exact is checked elsewhere: each other way leads to the same.
    let exact = history.usage().unwrap();
    let some: Vec<u64> = rows.iter().rev().step_by(2).map(|row| row.seq).collect();
    let of_some: Vec<_> = exact.iter().rev().step_by(2).copied().collect();
    assert_eq!(usage_of(index, &some).unwrap(), of_some, "{when}: usage of {some:?}");
    let mut known = KnownUsage::default();
    for turn in 0..2 {
        assert_eq!(history.usage_with(&mut known).unwrap(), exact, "{when}: usage, turn {turn}");
    }
}
