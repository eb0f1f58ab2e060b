//! A run that finds more than was to be expected: it ends before the drive is full, and goes on once there is room.

use std::fs;
use std::os::unix::fs::FileExt as _;

use jiff::SignedDuration;
use yore::engine::error::Error;
use yore::engine::monitor::{Event, Monitor};

use super::{Weekly, space, total_bytes};
use crate::common::drive::{KINDS, LoopDrive};
use crate::common::engine::listener;
use crate::common::tree::{assert_same, facts, without_inodes};

const MIB: u64 = 1 << 20;

/// Nine weeks of films and six hours of nothing much, so that the next run is expected to be small; a bit more than a tenth
/// of the drive is free.
fn misleading(drive: LoopDrive) -> Weekly {
    let film_bytes = space(&drive).0 / 100 * 8;
    let mut weekly = Weekly::of(drive, 9, film_bytes);
    fs::remove_file(weekly.rig.source.join("film")).unwrap();
    for hours in (1..=6).rev() {
        weekly.write("letter", hours, 100);
        let moment = weekly.now - SignedDuration::from_hours(hours.cast_signed());
        let made = weekly.back_up_at(&weekly.options(None), moment, &Monitor::new()).unwrap();
        weekly.names.push(made.snapshot);
    }
    weekly.leave(total_bytes(&weekly.drive) / 10 + 2 * MIB);
    let free = space(&weekly.drive).0;
    assert!(free > total_bytes(&weekly.drive) / 10, "the next run counts beforehand: {free}");
    weekly
}

/// Files of 1 MiB each that don't fit, by 4 to 5 MiB.
fn too_many(weekly: &Weekly) -> u64 {
    let number = space(&weekly.drive).0 / MIB + 4;
    for file in 0..number {
        weekly.write(&format!("clip-{file}"), file, MIB);
    }
    number
}

#[test]
fn a_run_that_finds_too_much_begins_anew_with_what_it_has() {
    for kind in KINDS {
        let Some(drive) = LoopDrive::sized(kind, 128) else { continue };
        let weekly = misleading(drive);
        let number = too_many(&weekly);
        let rules = "all = 7\nweekly = \"until room is needed\"";
        let (monitor, heard) = listener();
        let options = weekly.options(Some(rules));
        let made = weekly.back_up_at(&options, weekly.now, &monitor).unwrap();
        let events = heard.lock().unwrap().clone();
        let resumed = events.iter().filter(|event| matches!(event, Event::Resumed { .. }));
        assert_eq!(resumed.count(), 1, "{kind}: {events:?}");
        assert!((1..=3).contains(&made.deleted.len()), "{kind}: {made:?}");
        assert_eq!(made.deleted, weekly.names[..made.deleted.len()], "{kind}");
        let written = monitor.progress().copied_bytes;
        assert_eq!(written, number * MIB, "{kind}: nothing is written twice");
        assert!(made.copied_bytes < number * MIB, "{kind}: {made:?}");
        let stored = weekly.rig.stored(&made.snapshot);
        let source = without_inodes(facts(&weekly.rig.source));
        assert_same(&without_inodes(facts(&stored)), &source, kind);
        assert_eq!(weekly.rig.recover(), [], "{kind}");
    }
}

#[test]
fn a_run_that_can_never_fit_leaves_nothing() {
    let Some(drive) = LoopDrive::ext4(128) else { return };
    let weekly = misleading(drive);
    too_many(&weekly);
    let (before, there) = (space(&weekly.drive).0, weekly.there());
    for rules in [None, Some("all = \"10 years\"")] {
        let (monitor, heard) = listener();
        let error = weekly.back_up_at(&weekly.options(rules), weekly.now, &monitor).unwrap_err();
        let Error::NoRoom(refusal) = error else { panic!("{error:?}") };
        assert!((4 * MIB..8 * MIB).contains(&refusal.missing.bytes), "{refusal:?}");
        assert!(monitor.progress().copied_bytes > 0, "it had begun");
        let events = heard.lock().unwrap().clone();
        assert!(!events.iter().any(|event| matches!(event, Event::SnapshotDeleted { .. })));
        assert_eq!(weekly.there(), there);
        assert!(before.abs_diff(space(&weekly.drive).0) < MIB, "what it wrote is gone");
    }
}

#[test]
fn a_file_that_is_too_large_is_not_begun() {
    let Some(drive) = LoopDrive::ext4(128) else { return };
    let weekly = misleading(drive);
    weekly.write("film", 1, space(&weekly.drive).0);
    let monitor = Monitor::new();
    let error = weekly.back_up_at(&weekly.options(None), weekly.now, &monitor).unwrap_err();
    assert!(matches!(error, Error::NoRoom(_)), "{error:?}");
    assert_eq!(monitor.progress().copied_bytes, 0);
}

#[test]
fn what_a_killed_run_left_makes_room_if_it_is_of_no_use() {
    let Some(drive) = LoopDrive::ext4(128) else { return };
    let mut weekly = Weekly::of(drive, 0, 0);
    weekly.back_up_weeks_ago(1);
    let free = space(&weekly.drive).0;
    // One of them is there no more, and one was not finished.
    let name = jiff::Timestamp::now().strftime("%Y-%m-%dT%H-%M-%SZ").to_string();
    let stage = weekly.rig.repository.join("stage").join(name);
    let source = weekly.rig.source.canonicalize().unwrap();
    let left = stage.join("files").join(source.strip_prefix("/").unwrap());
    for name in ["gone", "film"] {
        let bytes = usize::try_from(free / 100 * 30).unwrap();
        crate::common::tree::write(&left.join(name), vec![b'x'; bytes]);
    }
    weekly.write("film", 1, free / 100 * 70);
    let made = weekly.back_up("all = \"10 years\"").unwrap();
    assert_eq!(made.deleted, [""; 0]);
    assert_eq!(weekly.there().len(), 2);
}

/// Films of three weeks, which are gone from the source, and an image that is larger than what is free.
fn with_image() -> Option<Weekly> {
    let drive = LoopDrive::sized("xfs", 320)?;
    let film_bytes = total_bytes(&drive) / 8;
    let mut weekly = Weekly::of(drive, 0, film_bytes);
    for week in (9..=11).rev() {
        weekly.film(week);
        weekly.back_up_weeks_ago(week);
    }
    fs::remove_file(weekly.rig.source.join("film")).unwrap();
    weekly.write("image", 1, 60 * MIB);
    weekly.back_up_weeks_ago(1);
    weekly.leave(total_bytes(&weekly.drive) / 11);
    assert!(space(&weekly.drive).0 < 40 * MIB);
    Some(weekly)
}

const UNTIL_ROOM: &str = "all = 7\nweekly = \"until room is needed\"";

#[test]
fn a_large_file_that_changed_a_little_needs_little_room() {
    let Some(weekly) = with_image() else { return };
    let image = fs::File::options().write(true).open(weekly.rig.source.join("image")).unwrap();
    image.write_all_at(b"a little", 7 * MIB).unwrap();
    let made = weekly.back_up(UNTIL_ROOM).unwrap();
    assert_eq!(made.deleted, [""; 0]);
    assert!(made.copied_bytes < MIB, "{made:?}");
}

#[test]
fn a_large_file_that_is_written_anew_ends_the_run_before_the_drive_is_full() {
    let Some(weekly) = with_image() else { return };
    weekly.write("image", 2, 60 * MIB);
    let there = weekly.there();
    let error = weekly.back_up_at(&weekly.options(None), weekly.now, &Monitor::new()).unwrap_err();
    let Error::NoRoom(refusal) = error else { panic!("{error:?}") };
    assert!(refusal.missing.bytes > 20 * MIB, "{refusal:?}");
    assert_eq!(weekly.there(), there);
    let made = weekly.back_up("all = 1\nweekly = \"until room is needed\"").unwrap();
    assert_eq!(made.deleted, weekly.names[..made.deleted.len()]);
    assert!((1..=2).contains(&made.deleted.len()), "{made:?}");
}
