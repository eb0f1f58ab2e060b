//! What stays and what goes on real drives, and that what stays is untouched.

use std::fs;

use jiff::SignedDuration;
use yore::engine::error::Error;
use yore::engine::monitor::Monitor;
use yore::engine::pin::{PinChange, change};
use yore::engine::prune::{Wanted, forget};
use yore::engine::retention::{Amount, Reason};

use super::{Past, deleted, trash_is_empty};
use crate::common::drive::{KINDS, LoopDrive};
use crate::common::engine::Rig;
use crate::common::tree::{assert_same, write};

/// Days before now, the oldest first.
const DAYS: [i64; 9] = [70, 63, 56, 35, 9, 8, 2, 1, 0];

/// Time Machine's.
const RULES: &str = "all = \"24 hours\"\ndaily = \"30 days\"\nweekly = \"until room is needed\"";

#[test]
fn what_no_rule_keeps_goes_and_the_rest_stays_as_it_was() {
    for kind in KINDS {
        let Some(drive) = LoopDrive::of_kind(kind) else { return };
        let past = Past::of_days(Rig::on(drive.path(), None), &DAYS);
        for (rules, left) in [
            (RULES, &[0_usize, 1, 2, 3, 4, 5, 6, 7, 8][..]),
            ("all = \"60 days\"", &[2, 3, 4, 5, 6, 7, 8]),
            ("weekly = 3\nall = 2", &[4, 5, 7, 8]),
            ("all = 2", &[7, 8]),
            ("all = 1", &[8]),
        ] {
            let what = format!("{kind}: {rules}");
            let before = past.left();
            let stored = past.stored(left);
            let report = past.prune(rules, Wanted::Nothing);
            assert_eq!(past.left(), left, "{what}");
            let gone: Vec<(&str, &Reason)> = before
                .iter()
                .filter(|at| !left.contains(at))
                .map(|at| (past.names[*at].as_str(), &Reason::Thinned))
                .collect();
            assert_eq!(deleted(&report), gone, "{what}");
            assert_eq!((report.stuck.as_slice(), report.missing), (&[][..], Amount::default()));
            assert!(trash_is_empty(&past.rig), "{what}");
            for (found, wanted) in past.stored(left).iter().zip(&stored) {
                assert_same(found, wanted, &what);
            }
            past.assert_index(&what);
            assert_eq!(past.prune(rules, Wanted::Nothing).deleted, [], "{what}: again");
        }
        // What is left is whole, and the next snapshot goes on from it.
        let (restored, _) = past.rig.restore(9);
        assert!(fs::read(restored.join("folder/lasting")).unwrap().starts_with(b"there from"));
        let next = past.rig.back_up_at(past.now + SignedDuration::from_hours(1));
        assert_eq!(next.seq, 10, "a number is never used twice");
    }
}

#[test]
fn room_that_is_wanted_takes_the_least_valuable_alone() {
    for kind in KINDS {
        let Some(drive) = LoopDrive::of_kind(kind) else { return };
        let rig = Rig::on(drive.path(), None);
        let now = "2026-03-31T12:00:00Z".parse::<jiff::Timestamp>().unwrap();
        let mut names = Vec::new();
        for (weeks, mib) in [(9, 1), (8, 6), (7, 1), (0, 1)] {
            write(&rig.source.join("film"), format!("{weeks}").repeat(mib << 20));
            names.push(rig.back_up_at(now - SignedDuration::from_hours(24 * 7 * weeks)).snapshot);
        }
        let past = Past { rig, names, now };
        let free = past.prune(RULES, Wanted::Nothing).free;
        // A backup gets nothing while a tenth is free.
        let bytes = free.bytes + (1 << 20);
        let wanted = Amount { bytes, inodes: 0 };
        let report = past.prune(RULES, Wanted::ForBackup(wanted));
        // What is free moves by a block now and then.
        assert_eq!(
            (report.deleted.len(), report.missing.bytes),
            (0, bytes - report.free.bytes),
            "{kind}"
        );
        // A person gets what they ask for: the one that frees most goes, and that is enough.
        let report = past.prune(RULES, Wanted::Free(wanted));
        assert_eq!(deleted(&report), [(past.names[1].as_str(), &Reason::Room)], "{kind}");
        assert_eq!((past.left(), report.missing.bytes), (vec![0, 2, 3], 0), "{kind}");
        assert!(report.free.bytes > free.bytes + (5 << 20), "{kind}: {report:?}");
        past.assert_index(kind);
        // All that may go is not enough, and that is told.
        let report = past.prune(RULES, Wanted::Free(Amount::of_bytes(1 << 40)));
        assert_eq!(past.left(), [3], "{kind}");
        assert_eq!(report.missing.bytes, (1 << 40) - report.free.bytes, "{kind}");
        past.assert_index(kind);
    }
}

#[test]
fn a_pin_on_the_drive_counts_whatever_the_index_says() {
    let past = Past::of_days(Rig::new(), &DAYS);
    let pin = |at: usize, text: &str| {
        fs::write(past.rig.snapshot(&past.names[at]).join("pin.json"), text).unwrap();
    };
    pin(0, r#"{"pinned":true}"#);
    pin(1, r#"{"pinned":false,"label":"before the move"}"#);
    pin(2, "not to be understood");
    pin(3, r#"{"pinned":false}"#);
    past.prune("all = 1", Wanted::Free(Amount::of_bytes(u64::MAX)));
    assert_eq!(past.left(), [0, 1, 2, 8]);
    past.assert_index("pinned");
}

#[test]
fn nothing_goes_while_a_source_is_missing() {
    let past = Past::of_days(Rig::new(), &DAYS);
    let (source, aside) = (past.rig.source.clone(), past.rig.path().join("aside"));
    let all: Vec<usize> = (0..DAYS.len()).collect();
    let wanted = Wanted::Free(Amount::of_bytes(u64::MAX));
    let sources = past.rig.options().sources;
    let assert_none_goes = |what: &str| {
        assert_eq!(past.prune("all = 1", wanted).deleted, [], "{what}");
        let mut writer = past.rig.writer(&Monitor::new()).unwrap();
        let refused = forget(&mut writer, &past.names[..1], &sources, &Monitor::new());
        assert!(matches!(refused, Err(Error::SourceMissing(path)) if path == source), "{what}");
        assert_eq!(past.left(), all, "{what}");
    };
    fs::rename(&source, &aside).unwrap();
    assert_none_goes("gone");
    fs::create_dir(&source).unwrap();
    assert_none_goes("emptied");
    write(&source.join("lost+found"), "another drive is mounted there");
    assert_none_goes("exchanged");
    fs::remove_dir_all(&source).unwrap();
    fs::rename(&aside, &source).unwrap();
    past.prune("all = 1", Wanted::Nothing);
    assert_eq!(past.left(), [8]);
}

#[test]
fn a_source_that_was_carried_forward_is_missing_until_the_next_run() {
    let past = Past::of_days(Rig::new(), &DAYS);
    let (source, aside) = (past.rig.source.clone(), past.rig.path().join("aside"));
    fs::rename(&source, &aside).unwrap();
    past.rig.back_up_at(past.now + SignedDuration::from_hours(1));
    fs::rename(&aside, &source).unwrap();
    assert_eq!(past.prune("all = 1", Wanted::Nothing).deleted, []);
    past.rig.back_up_at(past.now + SignedDuration::from_hours(2));
    assert_eq!(past.prune("all = 1", Wanted::Nothing).deleted.len(), 10 - 2);
}

#[test]
fn what_a_person_names_goes_unless_it_is_protected() {
    let past = Past::of_days(Rig::new(), &DAYS);
    let names = &past.names;
    let sources = past.rig.options().sources;
    let try_forget = |named: &[String]| {
        let mut writer = past.rig.writer(&Monitor::new()).unwrap();
        forget(&mut writer, named, &sources, &Monitor::new())
    };
    let mut writer = past.rig.writer(&Monitor::new()).unwrap();
    let pinned = PinChange { pinned: Some(true), label: None };
    change(&mut writer, 2, &pinned).unwrap();
    drop(writer);
    let refused = try_forget(&[names[0].clone(), names[1].clone()]);
    assert!(matches!(refused, Err(Error::SnapshotPinned(name)) if name == names[1]));
    let refused = try_forget(&[names[0].clone(), names[8].clone()]);
    assert!(matches!(refused, Err(Error::NewestGood(name)) if name == names[8]));
    let refused = try_forget(&[names[0].clone(), "2020-01-01T00-00-00Z".to_owned()]);
    assert!(matches!(refused, Err(Error::NoSuchSnapshot(_))));
    assert_eq!(past.left().len(), 9, "all or nothing");
    let report = try_forget(&[names[0].clone(), names[4].clone()]).unwrap();
    let gone = [(names[0].as_str(), &Reason::Forgotten), (names[4].as_str(), &Reason::Forgotten)];
    assert_eq!(deleted(&report), gone);
    assert_eq!(past.left(), [1, 2, 3, 5, 6, 7, 8]);
    past.assert_index("forgotten");
    // One that someone removed by hand is no longer listed.
    fs::remove_dir_all(past.rig.snapshot(&names[5])).unwrap();
    past.rig.recover();
    assert_eq!(past.rig.history().snapshots().unwrap().len(), 7);
    let report = try_forget(&names[5..6]).unwrap();
    assert!(report.stuck.is_empty(), "{report:?}");
    past.assert_index("missing");
}
