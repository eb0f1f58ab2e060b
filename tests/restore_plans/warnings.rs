//! What a person is told before a restore begins.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use rustix::fs::FileType;
use serde_json::json;
use yore::engine::monitor::Monitor;
use yore::engine::problem::Reason;
use yore::engine::restore::{Action, OnConflict, RestoreRequest, Warning, apply};

use super::{actions, asked, into, pairs, planned};
use crate::common::attribute::{self, CAPABILITY};
use crate::common::drive::LoopDrive;
use crate::common::engine::Rig;
use crate::common::node::device;
use crate::common::place::{is_root, set_mode};
use crate::common::tree::write;

#[test]
fn where_all_is_well_nothing_is_said() {
    let rig = Rig::new();
    write(&rig.source.join("x"), "x");
    rig.back_up();
    fs::remove_file(rig.source.join("x")).unwrap();
    let plan = planned(&rig, &asked(&rig, 1, OnConflict::Replace, [""]));
    assert_eq!(plan.warnings, []);
    assert!(plan.free_bytes.is_some_and(|free| free > 0));
}

#[test]
fn too_little_room_is_said_of_the_file_system_that_lacks_it() {
    let Some(drive) = LoopDrive::ext4(20) else { return };
    let rig = Rig::new();
    for name in ["one", "two"] {
        write(&rig.source.join(name), name.repeat(3 << 20));
    }
    rig.back_up();
    let to = |folder| into(folder, asked(&rig, 1, OnConflict::Replace, [""]));
    let plan = planned(&rig, &to(drive.path().join("new/folder")));
    let [Warning::NoRoom { path, needed_bytes, free_bytes }] = plan.warnings.as_slice() else {
        panic!("{:?}", plan.warnings);
    };
    assert_eq!(path, drive.path());
    assert_eq!(*needed_bytes, (18 << 20) + 3 * 4096);
    assert_eq!(Some(*free_bytes), plan.free_bytes);
    let plan = planned(&rig, &to(rig.path().join("here")));
    assert_eq!(plan.warnings, []);
}

#[test]
fn the_names_of_a_file_need_its_room_once() {
    let Some(drive) = LoopDrive::ext4(20) else { return };
    let rig = Rig::new();
    write(&rig.source.join("one"), "x".repeat(8 << 20));
    for name in ["two", "three"] {
        fs::hard_link(rig.source.join("one"), rig.source.join(name)).unwrap();
    }
    rig.back_up();
    let request = asked(&rig, 1, OnConflict::Replace, [""]);
    let plan = planned(&rig, &into(drive.path().to_owned(), request));
    assert_eq!((plan.warnings.len(), plan.bytes), (0, 24 << 20));
}

#[test]
fn power_and_devices_are_root_s_to_ask_for() {
    if !is_root() {
        return;
    }
    let rig = Rig::new();
    write(&rig.source.join("in/setuid"), "s");
    set_mode(&rig.source.join("in/setuid"), 0o4755);
    write(&rig.source.join("in/capable"), "c");
    attribute::set(&rig.source.join("in/capable"), "security.capability", &CAPABILITY);
    write(&rig.source.join("in/plain"), "p");
    set_mode(&rig.source.join("in"), 0o2755);
    device(&rig.source.join("in/device"), FileType::CharacterDevice, 1, 3);
    rig.back_up();
    fs::remove_dir_all(rig.source.join("in")).unwrap();
    let request = asked(&rig, 1, OnConflict::Replace, [""]);
    let plan = planned(&rig, &request);
    assert_eq!(actions(&rig, &plan), pairs(&[("in", Action::Create)]));
    let devices = Warning::DevicesLeftOut { count: 1 };
    assert!(plan.warnings.contains(&devices), "{:?}", plan.warnings);
    let power = |warning: &&Warning| matches!(warning, Warning::PrivilegesLeftOff { .. });
    let Some(Warning::PrivilegesLeftOff { count }) = plan.warnings.iter().find(power) else {
        panic!("{:?}", plan.warnings);
    };
    // What an inode carries itself, only the drive knows.
    assert!([1, 2].contains(count));
    assert_eq!(plan.entries, 4);
    let plan = planned(&rig, &RestoreRequest { privileges: true, ..request });
    assert_eq!((plan.warnings.as_slice(), plan.entries), (&[][..], 5));
}

#[test]
fn a_device_alone_is_left_out_for_what_it_is() {
    if !is_root() {
        return;
    }
    let rig = Rig::new();
    write(&rig.source.join("in/plain"), "p");
    device(&rig.source.join("in/device"), FileType::CharacterDevice, 1, 3);
    rig.back_up();
    fs::remove_file(rig.source.join("in/device")).unwrap();
    let plan = planned(&rig, &asked(&rig, 1, OnConflict::Replace, ["in/device"]));
    assert_eq!(actions(&rig, &plan), pairs(&[("in/device", Action::LeaveOut)]));
    assert_eq!(plan.warnings, [Warning::DevicesLeftOut { count: 1 }]);
    let report = apply(&rig.history(), &plan, &rig.journals(), &Monitor::new()).unwrap();
    assert_eq!(report.problems, [(rig.path_of("in/device"), Reason::Device)]);
}

#[test]
fn stored_files_that_are_known_to_be_damaged_are_named() {
    let rig = Rig::new();
    write(&rig.source.join("good"), "the same content");
    write(&rig.source.join("rotten"), "a content of its own");
    let name = rig.back_up().snapshot;
    fs::remove_file(rig.source.join("good")).unwrap();
    fs::remove_file(rig.source.join("rotten")).unwrap();
    write(&rig.source.join("keeps the source from being empty"), "x");
    let line = |inode: u64, below: &str, content: &str| {
        json!({
            "hash": blake3::hash(content.as_bytes()).to_hex().as_str(),
            "snapshot": name, "path": rig.path_of(below).encode(), "inode": inode,
            "seen": "2026-11-20T10:00:00Z", "state": "rotten",
        })
    };
    let inode = rig.stored(&name).join("rotten").metadata().unwrap().ino();
    let lines = [
        line(inode, "rotten", "a content of its own"),
        // Another copy of that content is the damaged one.
        line(inode + 1_000_000, "elsewhere", "the same content"),
    ];
    let text = lines.map(|line| format!("{line}\n")).concat();
    fs::write(rig.repository.join("damage.jsonl"), text).unwrap();
    let plan = planned(&rig, &asked(&rig, 1, OnConflict::Replace, [""]));
    let first = rig.path_of("rotten");
    assert_eq!(plan.warnings, [Warning::Damaged { count: 1, first }]);
}

#[test]
fn a_snapshot_without_a_seal_is_named() {
    let rig = Rig::new();
    write(&rig.source.join("x"), "x");
    let name = rig.back_up().snapshot;
    write(&rig.source.join("x"), "another");
    let good = rig.back_up().snapshot;
    fs::remove_file(rig.snapshot(&name).join("seal.json")).unwrap();
    fs::remove_file(rig.index()).unwrap();
    rig.recover();
    let seq = |name: &str| {
        let snapshots = rig.history().snapshots().unwrap();
        snapshots.iter().find(|snapshot| snapshot.name == name).unwrap().seq
    };
    let warned = |name: &str| {
        let plan = planned(&rig, &asked(&rig, seq(name), OnConflict::Skip, [""]));
        plan.warnings.contains(&Warning::DamagedSnapshot { name: name.to_owned() })
    };
    assert!(warned(&name) && !warned(&good));
}
