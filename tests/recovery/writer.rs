//! One writer at a time, on the right drive, and what an interrupted one left behind.

use std::fs;

use uuid::Uuid;
use yore::engine::error::Error;
use yore::engine::monitor::Monitor;
use yore::engine::recover::Writer;
use yore::engine::repository::Repository;

use super::{assert_kept, assert_stored, is_about, kept, past};
use crate::common::engine::{Rig, identity};
use crate::common::place::set_mode;
use crate::common::tree::{assert_same, facts, write};

#[test]
fn what_is_no_snapshot_in_the_making_is_removed() {
    let rig = Rig::new();
    let names = past(&rig);
    let before = kept(&rig, &names);
    let stage = rig.repository.join("stage/made");
    write(&stage.join("files/deep/er/file"), "half");
    fs::hard_link(rig.stored(&names[2]).join("large"), stage.join("files/deep/large")).unwrap();
    std::os::unix::fs::symlink(&rig.source, stage.join("files/link")).unwrap();
    set_mode(&stage.join("files/deep/er"), 0o555);
    set_mode(&stage.join("files/deep"), 0o000);
    write(&rig.repository.join("stage/stray"), "a file");
    let source = facts(&rig.source);

    let events = rig.recover();
    let told = |e: &_| is_about(e, "StageRemoved") && is_about(e, "made");
    assert!(events.iter().any(told), "{events:?}");
    assert_eq!(fs::read_dir(rig.repository.join("stage")).unwrap().count(), 0);
    assert_kept(&rig, &names, &before, "clearing the stage");
    assert_same(&facts(&rig.source), &source, "the source");
    assert_eq!(rig.recover(), []);
}

#[test]
fn a_second_writer_is_refused_and_told_who_is_first() {
    let rig = Rig::new();
    past(&rig);
    let monitor = Monitor::new();
    let first = rig.writer(&monitor).unwrap();
    let pid = std::process::id().to_string();
    match rig.writer(&monitor) {
        Err(Error::Locked { path, holder }) => {
            assert_eq!(path, rig.repository);
            assert!(holder.contains(&pid), "{holder}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(rig.history().snapshots().unwrap().len(), 3, "readers are not kept out");
    drop(first);
    rig.back_up();
}

#[test]
fn the_lock_of_a_dead_holder_is_free() {
    let rig = Rig::new();
    let holder = r#"{"host":"laptop","pid":1,"since":"2026-01-01T00:00:00Z"}"#;
    fs::write(rig.repository.join("LOCK"), holder).unwrap();
    write(&rig.source.join("file"), "x");
    rig.back_up();
    fs::write(rig.repository.join("LOCK"), [0xff; 5_000]).unwrap();
    rig.back_up();
}

#[test]
fn another_repository_at_the_same_place_is_not_written_to() {
    let (rig, other) = (Rig::new(), Rig::new());
    past(&other);
    let before = facts(&other.repository);
    match Repository::open(&other.repository, Some(rig.id)) {
        Err(Error::OtherRepository { expected, found, .. }) => {
            assert_eq!((expected, found), (rig.id, other.id));
        }
        outcome => panic!("{outcome:?}"),
    }
    let empty = rig.path().join("empty");
    fs::create_dir(&empty).unwrap();
    assert!(matches!(Repository::open(&empty, Some(rig.id)), Err(Error::NotRepository(_))));
    let missing = rig.path().join("mount/point");
    assert!(matches!(Repository::open(&missing, Some(rig.id)), Err(Error::DriveMissing(_))));
    assert!(!rig.path().join("mount").exists());
    assert_same(&facts(&other.repository), &before, "the other repository");
}

#[test]
fn a_repository_of_someone_else_is_not_written_to() {
    let rig = Rig::new();
    past(&rig);
    let before = facts(&rig.repository);
    let stranger = identity().euid + 1;
    let outcome = Writer::open(rig.open().unwrap(), stranger, false, None, &Monitor::new());
    assert!(matches!(outcome, Err(Error::OtherOwner { .. })), "{outcome:?}");
    assert_same(&facts(&rig.repository), &before, "the repository");
}

#[test]
fn a_repository_is_known_wherever_it_is_moved() {
    let mut moved = Rig::new();
    past(&moved);
    let answers = moved.answers();
    let place = moved.path().join("elsewhere");
    fs::rename(&moved.repository, &place).unwrap();
    moved.repository = place;
    assert_eq!(moved.answers(), answers);
    let report = moved.back_up();
    assert_eq!(report.counts.copied, 0);
    assert_stored(&moved, &report.snapshot);
    assert_eq!(Repository::open(&moved.repository, None).unwrap().marker().id, moved.id);
    assert_ne!(moved.id, Uuid::nil());
}
