//! What is stored, read again: every damage is found and named, each content is read once, and a stopped pass goes on.

mod drill;
mod hostile;
mod put_back;
mod reading;
mod remembered;
mod trees;

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use yore::engine::monitor::Monitor;
use yore::engine::verify::{Pass, VerifyOptions, VerifyReport, verify};

use crate::common::chance::Chance;
use crate::common::engine::Rig;
use crate::common::tree::write;

/// Verifies everything.
#[track_caller]
fn verify_all(rig: &Rig) -> VerifyReport {
    verify_with(rig, &VerifyOptions::default())
}

#[track_caller]
fn verify_with(rig: &Rig, options: &VerifyOptions) -> VerifyReport {
    let file = rig.path().join("pass");
    let mut pass = Pass::take_up(&file, rig.id, options, Timestamp::now());
    let report = verify(&rig.history(), &mut pass, &Monitor::new()).unwrap();
    assert!(file.exists(), "what was found is kept until someone has taken it");
    pass.end();
    assert!(!file.exists(), "what is done is still kept");
    report
}

/// Turns one bit of a file over and puts its time back, as a drive does that forgets.
fn flip(path: &Path, chance: &mut Chance) {
    let mut content = fs::read(path).unwrap();
    let at = chance.below(content.len());
    content[at] ^= 1 << chance.below(8);
    keep_time(path, || fs::write(path, content).unwrap());
}

/// Puts the time of a file or folder back after `change`.
fn keep_time(path: &Path, change: impl FnOnce()) {
    let before = fs::metadata(path).unwrap().modified().unwrap();
    change();
    fs::File::open(path).unwrap().set_modified(before).unwrap();
}

/// Files of many sizes in folders, backed up three times with a change in between. Gives the snapshots' names.
fn three(rig: &Rig, files: usize) -> Vec<String> {
    let mut chance = Chance::new(7);
    for number in 0..files {
        let length = 1 + chance.below(9000);
        let content = chance.bytes(length);
        write(&rig.source.join(format!("folder-{}/file-{number}", number % 7)), content);
    }
    let mut names = Vec::new();
    for run in 0..3 {
        write(&rig.source.join("changing/file"), format!("run {run}"));
        names.push(rig.back_up().snapshot);
    }
    names
}

fn found(report: &VerifyReport) -> Vec<PathBuf> {
    report.rots.iter().map(|rot| rot.path.to_absolute()).collect()
}

#[test]
fn all_is_well_where_nothing_was_damaged() {
    let rig = Rig::new();
    three(&rig, 60);
    let report = verify_all(&rig);
    assert!(report.is_good(), "{report:#?}");
    assert_eq!((report.tally.snapshots, report.tally.files), (3, 63));
}

#[test]
fn every_flipped_bit_is_found_and_nothing_else() {
    let rig = Rig::new();
    let names = three(&rig, 150);
    let mut chance = Chance::new(41);
    let mut flipped: Vec<PathBuf> = Vec::new();
    for number in (0..150).step_by(9) {
        let below = format!("folder-{}/file-{number}", number % 7);
        flip(&rig.stored(&names[chance.below(3)]).join(&below), &mut chance);
        flipped.push(rig.source.join(below));
    }
    flipped.sort();
    let report = verify_all(&rig);
    let mut paths = found(&report);
    paths.sort();
    assert_eq!(paths, flipped);
    assert!(report.faults.is_empty(), "{:#?}", report.faults);
    assert!(report.rots.iter().all(|rot| rot.snapshot == names[0]), "{:#?}", report.rots);
}

#[test]
fn only_what_is_asked_for_is_looked_at() {
    let rig = Rig::new();
    let names = three(&rig, 10);
    flip(&rig.stored(&names[0]).join("changing/file"), &mut Chance::new(1));
    let of = |name: &String| VerifyOptions { names: vec![name.clone()], ..Default::default() };
    assert!(verify_with(&rig, &of(&names[2])).is_good());
    let report = verify_with(&rig, &of(&names[0]));
    assert_eq!(found(&report), [rig.source.join("changing/file")]);
}

#[test]
fn a_sample_reads_about_as_many_as_were_asked_for() {
    let rig = Rig::new();
    for number in 0..1000 {
        write(&rig.source.join(format!("{number}")), format!("{number}"));
    }
    rig.back_up();
    let options = VerifyOptions { sample_percent: 20, ..Default::default() };
    let (one, two) = (verify_with(&rig, &options), verify_with(&rig, &options));
    for report in [one, two] {
        assert!(report.is_good(), "{report:#?}");
        assert!((120..=280).contains(&report.tally.files), "{:?}", report.tally);
    }
}
