//! What takes the room.

use std::collections::{BTreeMap, BTreeSet};

use yore::engine::error::Error;
use yore::engine::history::{
    Difference, FolderUsage, History, KnownUsage, Presence, SnapshotUsage, usage_of,
};
use yore::engine::index::Index;
use yore::engine::meta::{ContentHash, Kind};
use yore::engine::monitor::Monitor;
use yore::engine::path::RelPath;

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
            if let [one, _, ..] = wanted.as_slice() {
                let all = history.largest_only(one.seq, usize::MAX).unwrap();
                let sum: u64 = all.iter().map(|file| file.bytes).sum();
                assert_eq!((all.len() as u64, sum), (one.only_files, one.only_bytes), "{what}");
                let list = full(history, one.seq);
                for file in &all {
                    assert_eq!(list[&file.path].size_bytes, file.bytes, "{what}: {}", file.path);
                }
                assert!(all.is_sorted_by(|file, next| file.bytes >= next.bytes), "{what}");
                assert_eq!(history.largest_only(one.seq, 1).unwrap(), all[..all.len().min(1)]);
            }
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

/// What is known, with other numbers of files: whoever tells them believed it.
fn marked(known: &KnownUsage) -> KnownUsage {
    let mut value = serde_json::to_value(known).unwrap();
    for one in value.as_object_mut().unwrap().values_mut() {
        one["only_files"] = 999.into();
    }
    serde_json::from_value(value).unwrap()
}

/// The numbers of the snapshots that `known` is believed of.
fn believed(rig: &Rig, known: &KnownUsage) -> Vec<u64> {
    let usage = rig.history().usage_with(&mut marked(known)).unwrap();
    usage.iter().filter(|one| one.only_files == 999).map(|one| one.seq).collect()
}

#[test]
fn what_is_known_is_worked_out_again_where_the_neighbours_are_others() {
    let rig = past(46, 5);
    let mut known = KnownUsage::default();
    let exact = rig.history().usage().unwrap();
    assert_eq!(rig.history().usage_with(&mut known).unwrap(), exact);
    assert_eq!(believed(&rig, &known), [1, 2, 3, 4, 5]);
    // Made again, the index tells of the same snapshots.
    rig.writer(&Monitor::new()).unwrap().rebuild(&Monitor::new()).unwrap();
    assert_eq!(believed(&rig, &known), [1, 2, 3, 4, 5]);

    write(&rig.source.join("always"), "there");
    rig.back_up();
    assert_eq!(believed(&rig, &known), [1, 2, 3, 4]);
    prune(&rig, 2);
    assert_eq!(believed(&rig, &known), [4]);
    rig.history().usage_with(&mut known).unwrap();
    assert_eq!(believed(&rig, &known), [1, 3, 4, 5, 6]);
    let told = serde_json::to_value(&known).unwrap();
    assert!(told.get("1").is_some() && told.get("2").is_none(), "{told}");

    // Of another repository everything has other identities.
    assert!(believed(&past(46, 5), &known).is_empty());
}

#[test]
fn what_is_known_is_an_estimate_and_what_is_asked_for_is_exact() {
    let rig = Rig::new();
    for text in ["one", "two", "three", "four"] {
        write(&rig.source.join("file"), text);
        rig.back_up();
    }
    let mut known = KnownUsage::default();
    rig.history().usage_with(&mut known).unwrap();
    write(&rig.source.join("file"), "one");
    rig.back_up();
    let only = |seq, bytes: u64| SnapshotUsage {
        seq,
        only_files: u64::from(bytes > 0),
        only_bytes: bytes,
    };
    let exact = [only(1, 0), only(2, 3), only(3, 5), only(4, 4), only(5, 0)];
    assert_eq!(rig.history().usage().unwrap(), exact);
    // What came back far away is not noticed.
    let told = rig.history().usage_with(&mut known).unwrap();
    assert_eq!(told, [only(1, 3), only(2, 3), only(3, 5), only(4, 4), only(5, 0)]);

    let index = Index::open_read_only(&rig.index()).unwrap().unwrap();
    assert_eq!(usage_of(&index, &[4, 1]).unwrap(), [only(4, 4), only(1, 0)]);
    assert_eq!(usage_of(&index, &[]).unwrap(), []);
    assert!(matches!(usage_of(&index, &[6]), Err(Error::NoSuchSnapshot(_))));
    drop(index);
    prune(&rig, 3);
    let index = Index::open_read_only(&rig.index()).unwrap().unwrap();
    assert!(matches!(usage_of(&index, &[3]), Err(Error::NoSuchSnapshot(_))));
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
            let names: BTreeSet<Vec<u8>> = lists
                .iter()
                .flat_map(|list| list.keys())
                .filter(|path| path.parent().as_ref() == Some(&folder))
                .map(|path| path.name().unwrap().to_vec())
                .collect();
            let wanted: Vec<FolderUsage> = names
                .into_iter()
                .map(|name| child_usage(&lists, at, &folder.join(&name), name))
                .collect();
            assert_eq!(usage, wanted, "{what}: {folder}");
            // Of all that is in it, nothing is missing.
            let sum: u64 = usage.iter().map(|child| child.kept_bytes).sum();
            let was_file = kept(&lists, |path| *path == folder);
            assert_eq!(sum + was_file, kept(&lists, |path| path.is_within(&folder)), "{what}");
        }
        for (path, entry) in lists[at].iter().filter(|(_, entry)| entry.kind != Kind::Directory) {
            let wanted = child_usage(&lists, at, path, entry.name.clone());
            assert_eq!(history.folder_usage(path, numbers[at]).unwrap(), [wanted], "{path}");
        }
    });
    let rig = past(44, 1);
    assert!(rig.history().folder_usage(&rig.path_of("never"), 1).is_err());
}

/// What all snapshots say of one child, at one of them.
fn child_usage(lists: &[Full], at: usize, path: &RelPath, name: Vec<u8>) -> FolderUsage {
    let having = |list: &&Full| list.contains_key(path);
    let now = lists[at].get(path);
    let newest = lists.iter().rfind(having).map(|list| &list[path]);
    let presence = match now {
        Some(_) => Presence::There,
        None if lists[..at].iter().any(|list| having(&list)) => Presence::Gone,
        None => Presence::Later,
    };
    let below = || lists[at].iter().filter(|(below, _)| below.is_within(path));
    FolderUsage {
        name,
        kind: now.or(newest).unwrap().kind,
        presence,
        entries: below().filter(|(below, _)| *below != path).count() as u64,
        bytes: below().map(|(_, entry)| bytes(entry)).sum(),
        kept_bytes: kept(lists, |below| below.is_within(path)),
    }
}

#[test]
fn folders_above_the_sources_are_told_and_forged_sums_break_nothing() {
    let rig = past(45, 3);
    let above = RelPath::from_absolute(rig.path()).unwrap();
    let of_source = |history: &History| history.folder_usage(&above, 2).unwrap();
    let [source] = &of_source(&rig.history())[..] else { panic!("one child") };
    assert_eq!((&source.name[..], source.presence), (&b"source"[..], Presence::There));
    assert!(source.entries > 0 && source.kept_bytes > source.bytes && source.bytes > 0);
    let parent = above.parent().unwrap();
    let children = rig.history().folder_usage(&parent, 2).unwrap();
    assert_eq!(children[0].kept_bytes, source.kept_bytes);
    assert_eq!(children[0].presence, Presence::There);

    let index = rusqlite::Connection::open(rig.index()).unwrap();
    let max = i64::MAX;
    let sql = format!(
        "UPDATE change SET added = {max}, removed = 0, bytes_in = {max}, bytes_out = 0; \
         UPDATE version SET size = {max} WHERE kind = 102"
    );
    index.execute_batch(&sql).unwrap();
    drop(index);
    let history = rig.history();
    let source = of_source(&history).remove(0);
    assert_eq!((source.entries, source.kept_bytes), (2 * max as u64, u64::MAX));
    let index = Index::open_read_only(&rig.index()).unwrap().unwrap();
    let node = index.node_of(&rig.path_of("")).unwrap().unwrap();
    assert_eq!(index.size_of(node, 9).unwrap(), (u64::MAX, u64::MAX));
    assert!(history.change_totals(1, 3, &RelPath::root()).unwrap().bytes_in > max as u64);
    assert!(history.usage().is_ok());
}

fn bytes(entry: &yore::engine::history::Entry) -> u64 {
    if entry.kind == Kind::File { entry.size_bytes } else { 0 }
}

/// The sizes of every new content that any path had.
fn kept(lists: &[Full], within: impl Fn(&RelPath) -> bool) -> u64 {
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
