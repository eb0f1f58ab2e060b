//! Trees and papers that were changed: what exactly is found and named.

use std::fs;
use std::path::Path;

use rustix::fs::{Mode, mkfifoat};
use yore::engine::verify::{Aspect, Fault, VerifyReport};

use super::{flip, keep_time, three, verify_all};
use crate::common::attribute;
use crate::common::chance::Chance;
use crate::common::engine::Rig;
use crate::common::place::set_mode;
use crate::common::tree::write;

fn faults(report: &VerifyReport) -> Vec<(String, Fault)> {
    let told = |path: &yore::engine::path::RelPath| path.to_string();
    report.faults.iter().map(|one| (told(&one.path), one.fault.clone())).collect()
}

/// Changes the tree of the newest of three snapshots; what is found there must be `wanted`.
#[track_caller]
fn check(change: impl FnOnce(&Path), wanted: &[(&str, Fault)]) {
    let rig = Rig::new();
    let names = three(&rig, 20);
    change(&rig.stored(&names[2]));
    let report = verify_all(&rig);
    let wanted: Vec<(String, Fault)> = wanted
        .iter()
        .map(|(below, fault)| (rig.path_of(below).to_string(), fault.clone()))
        .collect();
    assert_eq!(faults(&report), wanted);
    assert!(report.faults.iter().all(|one| one.snapshots == names[2..]), "{report:#?}");
    assert!(report.rots.is_empty(), "{report:#?}");
}

fn altered(aspect: Aspect) -> Fault {
    Fault::Altered(vec![aspect])
}

#[test]
fn what_is_lost_is_named() {
    check(
        |tree| {
            let folder = tree.join("folder-1");
            keep_time(&folder, || fs::remove_file(folder.join("file-8")).unwrap());
        },
        &[("folder-1/file-8", Fault::Lost)],
    );
}

#[test]
fn what_was_added_is_named() {
    check(
        |tree| {
            keep_time(tree, || fs::create_dir(tree.join("new")).unwrap());
            let folder = tree.join("folder-2");
            keep_time(&folder, || {
                std::os::unix::fs::symlink("/etc/passwd", folder.join("link")).unwrap();
            });
        },
        &[("folder-2/link", Fault::Added), ("new", Fault::Added)],
    );
}

#[test]
fn what_was_altered_is_named() {
    // Of a file that this snapshot alone has, and of folders, which every snapshot has for itself.
    check(
        |tree| set_mode(&tree.join("changing/file"), 0o600),
        &[("changing/file", altered(Aspect::Mode))],
    );
    check(
        |tree| attribute::set(&tree.join("folder-3"), "user.colour", b"red"),
        &[("folder-3", altered(Aspect::Attributes))],
    );
    check(
        |tree| {
            let folder = fs::File::open(tree.join("folder-3")).unwrap();
            folder.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        },
        &[("folder-3", altered(Aspect::Time))],
    );
    check(
        |tree| attribute::set(&tree.join("changing/file"), "user.yore.blake3", &[7; 32]),
        &[("changing/file", altered(Aspect::Hash))],
    );
}

#[test]
fn the_folder_that_is_backed_up_is_compared_itself() {
    check(|tree| set_mode(tree, 0o700), &[("", altered(Aspect::Mode))]);
}

#[test]
fn what_is_altered_in_every_snapshot_is_told_of_each() {
    let rig = Rig::new();
    let names = three(&rig, 20);
    attribute::set(&rig.stored(&names[1]).join("folder-3/file-3"), "user.colour", b"red");
    fs::remove_file(rig.stored(&names[2]).join("folder-1/file-1")).unwrap();
    let report = verify_all(&rig);
    let told = |below: &str, fault: Fault| {
        let found = report.faults.iter();
        let mut found = found.filter(|one| one.path == rig.path_of(below) && one.fault == fault);
        found.next().map(|one| one.snapshots.clone()).unwrap_or_default()
    };
    assert_eq!(told("folder-3/file-3", altered(Aspect::Attributes)), names);
    assert_eq!(told("folder-1/file-1", Fault::Lost), names[2..]);
}

#[test]
fn a_snapshot_that_vanished_is_found() {
    let rig = Rig::new();
    let names = three(&rig, 5);
    fs::remove_dir_all(rig.snapshot(&names[1])).unwrap();
    rig.recover();
    let history = rig.history();
    for asked in [Vec::new(), vec![names[1].clone()]] {
        let options = yore::engine::verify::VerifyOptions { names: asked, ..Default::default() };
        let file = rig.path().join("pass");
        let mut pass =
            yore::engine::verify::Pass::take_up(&file, rig.id, &options, jiff::Timestamp::now());
        let report = yore::engine::verify::verify(&history, &mut pass, &Default::default());
        let report = report.unwrap();
        pass.end();
        assert_eq!(report.faults.len(), 1, "{report:#?}");
        assert_eq!(report.faults[0].fault, Fault::Vanished, "{report:#?}");
        assert_eq!(report.faults[0].snapshots, names[1..2]);
    }
}

#[test]
fn a_bit_in_a_snapshots_papers_is_found() {
    for paper in ["seal.json", "overrides.jsonl"] {
        let rig = Rig::new();
        let fifo = rig.source.join("fifo");
        mkfifoat(rustix::fs::CWD, &fifo, Mode::from_raw_mode(0o600)).unwrap();
        let names = three(&rig, 5);
        assert!(verify_all(&rig).is_good());
        flip(&rig.snapshot(&names[1]).join(paper), &mut Chance::new(3));
        let report = verify_all(&rig);
        assert_eq!(report.faults.len(), 1, "{report:#?}");
        assert!(matches!(report.faults[0].fault, Fault::Papers(_)), "{report:#?}");
        assert_eq!(report.faults[0].snapshots, names[1..2]);
    }
}

#[test]
fn a_snapshot_that_the_index_does_not_know_is_verified_by_its_seal() {
    let rig = Rig::new();
    let names = three(&rig, 5);
    write(&rig.stored(&names[1]).join("new"), "added");
    let history = rig.history();
    rusqlite::Connection::open(rig.index())
        .unwrap()
        .execute("DELETE FROM snapshot WHERE name = ?1", [&names[1]])
        .unwrap();
    let file = rig.path().join("pass");
    let options = Default::default();
    let now = jiff::Timestamp::now();
    let mut pass = yore::engine::verify::Pass::take_up(&file, rig.id, &options, now);
    let report = yore::engine::verify::verify(&history, &mut pass, &Default::default()).unwrap();
    assert!(faults(&report).contains(&(rig.path_of("").to_string(), Fault::Below)), "{report:#?}");
}
