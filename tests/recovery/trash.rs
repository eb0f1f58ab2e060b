//! The deletion of a snapshot goes on after it was interrupted, and concerns that snapshot alone.

use std::fs;

use yore::engine::error::Error;
use yore::engine::history::SnapshotState;
use yore::engine::monitor::Monitor;

use super::{assert_kept, assert_stored, is_about, kept, past};
use crate::common::drive::copy_tree;
use crate::common::engine::{Answers, Rig};
use crate::common::place::set_mode;
use crate::common::tree::write;

/// Puts a snapshot into the trash, as the beginning of its deletion does.
fn discard(rig: &Rig, name: &str) {
    fs::rename(rig.snapshot(name), rig.repository.join("trash").join(name)).unwrap();
}

fn trash_is_empty(rig: &Rig) -> bool {
    fs::read_dir(rig.repository.join("trash")).unwrap().next().is_none()
}

/// Five states; the names and all that is answered of them.
fn five() -> (Rig, Vec<String>, Answers) {
    let rig = Rig::new();
    let mut names = past(&rig);
    fs::remove_file(rig.source.join("added")).unwrap();
    set_mode(&rig.source.join("renamed"), 0o555);
    names.push(rig.back_up().snapshot);
    set_mode(&rig.source.join("renamed"), 0o755);
    write(&rig.source.join("renamed/file-03"), "changed again");
    write(&rig.source.join("last"), "only in the newest");
    names.push(rig.back_up().snapshot);
    let answers = rig.answers();
    (rig, names, answers)
}

#[track_caller]
fn assert_lists(found: &Answers, wanted: &Answers, gone: &[u64], what: &str) {
    let is_left = |seq: &u64| !gone.contains(seq);
    let found: Vec<_> = found.lists.iter().filter(|list| is_left(&list.0)).collect();
    let wanted: Vec<_> = wanted.lists.iter().filter(|list| is_left(&list.0)).collect();
    assert_eq!(found, wanted, "{what}");
}

#[test]
fn what_lies_in_the_trash_is_deleted_and_nothing_else_is() {
    for gone in [&[0_usize][..], &[1], &[2, 3], &[4], &[0, 4], &[0, 1, 2, 3], &[0, 1, 2, 3, 4]] {
        let what = format!("without {gone:?}");
        let (rig, names, answers) = five();
        let left: Vec<String> =
            (0..5).filter(|n| !gone.contains(n)).map(|n| names[n].clone()).collect();
        let numbers: Vec<u64> = gone.iter().map(|n| *n as u64 + 1).collect();
        let before = kept(&rig, &left);
        gone.iter().for_each(|n| discard(&rig, &names[*n]));

        let events = rig.recover();
        for n in gone {
            let told = |e: &_| is_about(e, "DeletionFinished") && is_about(e, &names[*n]);
            assert!(events.iter().any(told), "{what}: {events:?}");
        }
        assert_eq!(events.len(), gone.len(), "{what}: {events:?}");
        assert!(trash_is_empty(&rig), "{what}");
        assert_kept(&rig, &left, &before, &what);
        let listed: Vec<String> =
            rig.history().snapshots().unwrap().into_iter().map(|s| s.name).collect();
        assert_eq!(listed, left, "{what}");
        assert_lists(&rig.answers(), &answers, &numbers, &what);
        assert_eq!(rig.recover(), [], "{what}");

        let next = rig.back_up();
        assert_eq!(next.seq, 6, "{what}: a number is never used twice");
        assert_stored(&rig, &next.snapshot);
        let pruned = rig.answers();
        rig.writer(&Monitor::new()).unwrap().rebuild(&Monitor::new()).unwrap();
        assert_lists(&rig.answers(), &pruned, &[], &what);
    }
}

#[test]
fn a_version_that_is_in_no_snapshot_any_more_is_forgotten() {
    let (rig, names, _) = five();
    assert_eq!(rig.history().versions(&rig.path_of("last")).unwrap().len(), 1);
    discard(&rig, &names[4]);
    rig.recover();
    let versions = rig.history().versions(&rig.path_of("last"));
    assert!(matches!(versions, Err(Error::NeverSeen(_))), "{versions:?}");
    let path = rig.path_of("renamed/file-03");
    let versions = rig.history().versions(&path).unwrap();
    assert_eq!(versions.iter().filter(|version| version.path == path).count(), 1);
}

#[test]
fn a_deletion_goes_on_wherever_it_was_interrupted() {
    let (rig, names, answers) = five();
    let trash = rig.repository.join("trash");
    let (left, gone) = ([names[0].clone(), names[4].clone()], [2, 3, 4]);
    let before = kept(&rig, &left);
    // In the middle of the tree, just before the index, and without a seal that says which it is.
    discard(&rig, &names[1]);
    fs::remove_dir_all(trash.join(&names[1]).join("files")).unwrap();
    discard(&rig, &names[2]);
    for entry in fs::read_dir(trash.join(&names[2])).unwrap().flatten() {
        let _ = fs::remove_file(entry.path()).or_else(|_| fs::remove_dir_all(entry.path()));
    }
    discard(&rig, &names[3]);
    fs::write(trash.join(&names[3]).join("seal.json"), "{").unwrap();
    set_mode(&trash.join(&names[3]), 0o500);
    write(&trash.join("a stray file"), "x");
    rig.recover();
    assert!(trash_is_empty(&rig));
    assert_kept(&rig, &left, &before, "deleting");
    assert_lists(&rig.answers(), &answers, &gone, "deleting");
    assert_eq!(rig.history().snapshots().unwrap().len(), 2);

    // After the index, before the seal.
    copy_tree(rig.snapshot(&left[0]), trash.join("2020-01-01T00-00-00Z"));
    fs::remove_dir_all(trash.join("2020-01-01T00-00-00Z/files")).unwrap();
    rig.recover();
    assert!(trash_is_empty(&rig));
    assert_kept(&rig, &left, &before, "deleting a copy of a snapshot that is there");
    assert_eq!(rig.history().snapshots().unwrap().len(), 2);
}

#[test]
fn a_stopped_deletion_is_never_called_a_loss() {
    let (rig, names, _) = five();
    discard(&rig, &names[1]);
    let stopped = Monitor::new();
    stopped.cancel().cancel();
    assert!(matches!(rig.writer(&stopped), Err(Error::Cancelled)));
    assert!(!trash_is_empty(&rig));

    // Whoever is reading keeps it waiting.
    let reader = rig.open().unwrap();
    let lock = reader.lock_for_reading().unwrap();
    assert_eq!(rig.recover(), []);
    assert!(!trash_is_empty(&rig));
    let states = rig.history().snapshots().unwrap();
    assert!(states.iter().all(|row| row.state == SnapshotState::Good), "{states:?}");
    drop(lock);
    rig.recover();
    assert!(trash_is_empty(&rig));
    assert_eq!(rig.history().snapshots().unwrap().len(), 4);
}

#[test]
fn a_deleted_snapshot_that_is_put_back_is_there_again() {
    let (rig, names, answers) = five();
    let copy = rig.path().join("copy");
    copy_tree(rig.snapshot(&names[4]), &copy);
    discard(&rig, &names[4]);
    rig.recover();
    fs::rename(&copy, rig.snapshot(&names[4])).unwrap();
    rig.recover();
    assert_lists(&rig.answers(), &answers, &[], "put back");
    assert_eq!(rig.recover(), []);
}
