//! A run that was interrupted goes on: what it stored is proven by hash and linked, never believed, never lost.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use yore::engine::error::Error;
use yore::engine::monitor::{Event, Monitor};

use super::{assert_kept, is_about, kept, past};
use crate::common::drive::LoopDrive;
use crate::common::engine::Rig;
use crate::common::place::set_mode;
use crate::common::tree::{assert_same, facts, without_inodes, write};

/// Turns a committed snapshot back into what an interrupted run leaves.
fn interrupt(rig: &Rig, name: &str) -> PathBuf {
    let stage = rig.repository.join("stage").join(name);
    fs::rename(rig.snapshot(name), &stage).unwrap();
    fs::remove_file(stage.join("seal.json")).unwrap();
    fs::remove_file(rig.index()).unwrap();
    stage
}

fn staged(rig: &Rig) -> usize {
    fs::read_dir(rig.repository.join("stage")).unwrap().count()
}

fn fill(rig: &Rig) {
    write(&rig.source.join("folder/small"), "small");
    write(&rig.source.join("folder/deep/middle"), "middle ".repeat(20_000));
    write(&rig.source.join("large"), "large ".repeat(100_000));
}

/// Where an interrupted run left what it had stored.
fn fill_and_interrupt(rig: &Rig) -> PathBuf {
    fill(rig);
    let name = rig.back_up().snapshot;
    interrupt(rig, &name).join("files").join(rig.source.strip_prefix("/").unwrap())
}

#[test]
fn what_was_stored_is_linked_and_not_written_again() {
    let rig = Rig::new();
    fill(&rig);
    let name = rig.back_up().snapshot;
    let before = facts(&rig.stored(&name));
    interrupt(&rig, &name);
    write(&rig.source.join("added"), "added since");

    let (report, events) = rig.back_up_listening(&rig.options());
    assert!(events.iter().any(|event| is_about(event, "Resumed")), "{events:?}");
    assert_eq!((report.counts.linked, report.counts.copied), (3, 1), "{report:?}");
    assert_eq!(report.copied_bytes, 11);
    let after = facts(&rig.stored(&report.snapshot));
    for (path, fact) in before.iter().filter(|(_, fact)| fact.is_file()) {
        assert_eq!(after[path].inode, fact.inode, "{}", path.display());
    }
    assert_eq!(staged(&rig), 0);
    let (restored, _) = rig.restore(report.seq);
    assert_same(&without_inodes(facts(&restored)), &without_inodes(facts(&rig.source)), "after");
}

#[test]
fn a_file_that_a_run_ended_in_the_middle_of_is_written_again() {
    let rig = Rig::new();
    let stored = fill_and_interrupt(&rig);
    let large = fs::File::open(stored.join("large")).unwrap();
    set_mode(&stored.join("large"), 0o600);
    large.set_modified(SystemTime::now()).unwrap();

    let report = rig.back_up();
    assert_eq!((report.counts.linked, report.counts.copied), (2, 1), "{report:?}");
    let after = facts(&rig.stored(&report.snapshot));
    assert_same(&without_inodes(after), &without_inodes(facts(&rig.source)), "after");
}

#[test]
fn what_a_crash_spoiled_is_written_again() {
    let rig = Rig::new();
    let stored = fill_and_interrupt(&rig);
    // After a power cut a file may have its length, its times and its attributes, and no content.
    let large = fs::File::options().write(true).open(stored.join("large")).unwrap();
    let times = fs::FileTimes::new().set_modified(large.metadata().unwrap().modified().unwrap());
    large.set_len(0).unwrap();
    large.set_len(600_000).unwrap();
    large.set_times(times).unwrap();
    drop(large);

    let report = rig.back_up();
    assert_eq!((report.counts.linked, report.counts.copied), (2, 1), "{report:?}");
    let (restored, restore) = rig.restore(report.seq);
    assert_eq!(restore.problems, []);
    assert_same(&without_inodes(facts(&restored)), &without_inodes(facts(&rig.source)), "after");
}

#[test]
fn what_several_runs_left_is_gathered() {
    let rig = Rig::new();
    fill(&rig);
    let name = rig.back_up().snapshot;
    let first = interrupt(&rig, &name);
    let second = rig.repository.join("stage/2050-01-01T00-00-00Z");
    let below = PathBuf::from("files").join(rig.source.strip_prefix("/").unwrap());
    fs::create_dir_all(second.join(&below)).unwrap();
    // The newer run had come to another file, and to the place of a folder that is a file now.
    fs::rename(first.join(&below).join("large"), second.join(&below).join("large")).unwrap();
    fs::rename(first.join(&below).join("folder/deep"), second.join(&below).join("deep")).unwrap();
    write(&second.join(&below).join("folder/small/file"), "was a folder");
    fs::rename(rig.source.join("folder/deep"), rig.source.join("deep")).unwrap();

    assert_eq!(rig.recover(), []);
    assert_eq!(staged(&rig), 1);
    let report = rig.back_up();
    assert_eq!((report.counts.linked, report.counts.copied), (2, 1), "{report:?}");
    assert_eq!(staged(&rig), 0);
}

#[test]
fn a_stop_keeps_the_stage_and_the_past() {
    // Where little is free the run is still counting when it stops, and has stored nothing.
    let Some(drive) = LoopDrive::ext4(64) else { return };
    let rig = Rig::on(drive.path(), None);
    let names = past(&rig);
    let before = kept(&rig, &names);
    let monitor = Monitor::new();
    let mut writer = rig.writer(&monitor).unwrap();
    monitor.cancel().cancel();
    let (options, clock) = (rig.options(), rig.clock());
    let outcome = yore::engine::backup::backup(&mut writer, &options, &clock, &monitor);
    assert!(matches!(outcome, Err(Error::Cancelled)), "{outcome:?}");
    drop(writer);
    assert_eq!(staged(&rig), 1);
    assert_kept(&rig, &names, &before, "a stop");
    assert_eq!(rig.history().snapshots().unwrap().len(), 3);
    let (_, events) = rig.back_up_listening(&rig.options());
    assert!(events.iter().any(|event| matches!(event, Event::Resumed { .. })), "{events:?}");
    assert_eq!(staged(&rig), 0);
}
