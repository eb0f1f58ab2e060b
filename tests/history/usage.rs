//! What takes the room.

use std::collections::{BTreeMap, BTreeSet};

use yore::engine::history::{Difference, FolderUsage, SnapshotUsage};
use yore::engine::meta::{ContentHash, Kind};
use yore::engine::monitor::Monitor;

use super::past::{Full, difference, each_fate, folders, full, past, prune};
use crate::common::engine::Rig;
use crate::common::tree::write;

/// Of a snapshot, each content once.
fn contents(list: &Full) -> BTreeMap<ContentHash, u64> {
    let files = list.values().filter(|entry| entry.kind == Kind::File && entry.size_bytes > 0);
    files.map(|entry| (entry.hash.unwrap(), entry.size_bytes)).collect()
}

#[test]
fn a_snapshot_holds_alone_what_no_other_has() {
    for seed in 30..32 {
        each_fate(seed, |history, what| {
            let numbers: Vec<u64> = history.snapshots().unwrap().iter().map(|s| s.seq).collect();
            let held: Vec<_> = numbers.iter().map(|at| contents(&full(history, *at))).collect();
            let wanted: Vec<SnapshotUsage> = numbers
                .iter()
                .enumerate()
                .map(|(at, seq)| {
                    let others: BTreeSet<_> = (0..held.len())
                        .filter(|other| *other != at)
                        .flat_map(|other| held[other].keys())
                        .collect();
                    let only: Vec<u64> = held[at]
                        .iter()
                        .filter(|(hash, _)| !others.contains(hash))
                        .map(|(_, bytes)| *bytes)
                        .collect();
                    let (files, bytes) = (only.len() as u64, only.iter().sum());
                    SnapshotUsage { seq: *seq, only_files: files, only_bytes: bytes }
                })
                .collect();
            assert!(wanted.iter().filter(|usage| usage.only_files > 0).count() > 1, "{what}");
            assert_eq!(history.usage().unwrap(), wanted, "{what}");
        });
    }
}

#[test]
fn one_snapshot_alone_holds_everything_once() {
    let rig = Rig::new();
    assert_eq!(rig.history().usage().unwrap(), []);
    for name in ["a", "b", "c/d"] {
        write(&rig.source.join(name), "the same");
    }
    write(&rig.source.join("e"), "12345");
    write(&rig.source.join("empty"), "");
    rig.back_up();
    let all = SnapshotUsage { seq: 1, only_files: 2, only_bytes: 13 };
    assert_eq!(rig.history().usage().unwrap(), [all]);
    // A second one takes all of it over, until it is alone.
    rig.back_up();
    let nothing = |seq| SnapshotUsage { seq, only_files: 0, only_bytes: 0 };
    assert_eq!(rig.history().usage().unwrap(), [nothing(1), nothing(2)]);
    write(&rig.source.join("e"), "123456");
    write(&rig.source.join("a"), "123456");
    rig.back_up();
    let newest = SnapshotUsage { seq: 3, only_files: 1, only_bytes: 6 };
    assert_eq!(rig.history().usage().unwrap(), [nothing(1), nothing(2), newest]);
    prune(&rig, 1);
    prune(&rig, 2);
    let alone = SnapshotUsage { seq: 3, only_files: 2, only_bytes: 14 };
    assert_eq!(rig.history().usage().unwrap(), [alone]);
    rig.writer(&Monitor::new()).unwrap().rebuild(&Monitor::new()).unwrap();
    assert_eq!(rig.history().usage().unwrap(), [alone]);
}

#[test]
fn folders_are_told_by_what_all_their_states_took() {
    each_fate(40, |history, what| {
        let numbers: Vec<u64> = history.snapshots().unwrap().iter().map(|s| s.seq).collect();
        let lists: Vec<_> = numbers.iter().map(|at| full(history, *at)).collect();
        let source = &history.sources(numbers[0]).unwrap()[0];
        let at = lists.len() - 2;
        let inside = folders(&lists).into_iter().filter(|path| path.is_within(source));
        for folder in inside.filter(|path| lists[at].contains_key(path)) {
            if lists[at][&folder].kind != Kind::Directory {
                continue;
            }
            let mut usage = history.folder_usage(&folder, numbers[at]).unwrap();
            let order = |u: &FolderUsage| (u64::MAX - u.kept_bytes, u64::MAX - u.bytes);
            assert!(usage.is_sorted_by_key(|u| (order(u), u.name.clone())), "{what}: {folder}");
            usage.sort_by(|one, other| one.name.cmp(&other.name));
            let wanted: Vec<FolderUsage> = history
                .list(&folder, numbers[at])
                .unwrap()
                .into_iter()
                .map(|entry| {
                    let path = folder.join(&entry.name);
                    let within = |p: &yore::engine::path::RelPath| p.is_within(&path);
                    let below = || lists[at].iter().filter(|(p, _)| within(p));
                    FolderUsage {
                        kind: entry.kind,
                        entries: below().count() as u64 - 1,
                        bytes: below().map(|(_, entry)| bytes(entry)).sum(),
                        kept_bytes: kept(&lists, within),
                        name: entry.name,
                    }
                })
                .collect();
            assert_eq!(usage, wanted, "{what}: {folder}");
        }
    });
    let rig = past(44, 1);
    assert!(rig.history().folder_usage(&rig.path_of("never"), 1).is_err());
}

fn bytes(entry: &yore::engine::history::Entry) -> u64 {
    if entry.kind == Kind::File { entry.size_bytes } else { 0 }
}

/// The sizes of every new content that any path had.
fn kept(lists: &[Full], within: impl Fn(&yore::engine::path::RelPath) -> bool) -> u64 {
    let mut sum = 0;
    for (at, list) in lists.iter().enumerate() {
        for (path, entry) in list.iter().filter(|(path, _)| within(path)) {
            let before = at.checked_sub(1).and_then(|before| lists[before].get(path));
            if let Some(Difference::Added | Difference::Changed) = difference(before, Some(entry)) {
                sum += bytes(entry);
            }
        }
    }
    sum
}
