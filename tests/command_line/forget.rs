//! `yore forget`: deleting what a person names.

use std::fs;

use jiff::{SignedDuration, Timestamp};
use rustix::fs::IFlags;
use serde_json::Value;

use crate::common::aged::Aged;
use crate::common::attribute;
use crate::common::drive::LoopDrive;

fn ago(hours: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(hours)
}

/// Four snapshots, each with 2000 bytes of its own.
fn four() -> Aged {
    let mut aged = Aged::new();
    for hours in [300, 200, 100, 1] {
        aged.back_up_at(ago(hours), 2000);
    }
    aged
}

#[test]
fn nothing_is_deleted_unasked() {
    let aged = four();
    let first = aged.made[0].0.as_str();
    let preview = "2 kB in 1 file that no other has";
    aged.home.run(["forget", first]).says(2, &[first, preview, "--yes"]);
    let refused = aged.home.json_of(2, ["forget", first]);
    assert!(refused["error"]["advice"].as_str().unwrap().contains("--yes"), "{refused:#}");
    aged.home.run(["forget", first, "--dry-run"]).says(0, &[first, preview]);
    let plan = aged.home.json(["forget", first, first, "--dry-run"]);
    assert_eq!(plan["snapshots"].as_array().unwrap().len(), 1);
    assert_eq!(plan["snapshots"][0]["only_bytes"], 2000);
    assert!(plan["deleted"].is_null() && plan["free"].is_null(), "{plan:#}");
    assert_eq!(aged.on_drive(), aged.names());
}

#[test]
fn what_is_named_is_deleted_and_nothing_else() {
    let aged = four();
    let names = aged.names();
    aged.home.run(["pin", &names[1], "--label", "the move"]).says(0, &[]);
    aged.home.run(["unpin", &names[1]]).says(0, &[]);
    let answer = aged.home.run(["forget", &names[1], &names[0], "--yes"]);
    answer.says(0, &["“the move”", "2 snapshots were deleted"]);
    assert_eq!(aged.on_drive(), names[2..]);
    assert_eq!(aged.home.snapshots(), names[2..]);

    let only = aged.rig.source.join("only").into_os_string().into_string().unwrap();
    aged.home.run(["forget", &names[2], "--dry-run"]).says(0, &[&only]);
    let answer = aged.home.json(["forget", &names[2], "--yes"]);
    assert_eq!(answer["snapshots"][0]["largest"][0]["path"], only.as_str());
    assert_eq!(answer["deleted"][0]["name"], names[2].as_str());
    assert_eq!(answer["deleted"][0]["reason"], "forgotten");
    assert!(answer["free"]["bytes"].as_u64().unwrap() > 0, "{answer:#}");
    assert_eq!(answer["stuck"], Value::Array(Vec::new()));
    assert_eq!(aged.on_drive(), names[3..]);
}

#[test]
fn what_nobody_may_delete_is_refused_whole() {
    let aged = four();
    let names = aged.names();
    aged.home.json(["pin", &names[1]]);
    for (code, name, said) in [
        (1, names[1].as_str(), &[names[1].as_str(), "is pinned", "yore unpin"][..]),
        (1, names[3].as_str(), &[names[3].as_str(), "newest good one", "yore backup"]),
        (2, "1999", &["No snapshot is called “1999”", "yore snapshots"]),
    ] {
        aged.home.run(["forget", &names[0], name, "--yes"]).says(code, said);
        aged.home.run(["forget", &names[0], name]).says(code, said);
    }
    let hidden = aged.hide_source();
    let path = aged.rig.source.to_str().unwrap();
    aged.home.run(["forget", &names[0], "--yes"]).says(1, &[path, "nothing is deleted"]);
    fs::rename(hidden, &aged.rig.source).unwrap();
    assert_eq!(aged.on_drive(), names);
    aged.home.run(["forget", &names[0], "--yes"]).says(0, &["1 snapshot was deleted"]);
    assert_eq!(aged.on_drive(), names[1..]);
}

#[test]
fn only_names_say_what_is_deleted() {
    let aged = four();
    let names = aged.names();
    let later = aged.made[1].1 + SignedDuration::from_hours(1);
    let time = later.to_string();
    for text in ["latest", "", &time, &time[..16]] {
        let answer = aged.home.run(["forget", text, "--yes"]);
        answer.says(2, &["No snapshot is called", "“yore snapshots” lists them"]);
    }
    aged.home.run(["forget", "2", "--yes"]).says(2, &["more than one snapshot", &names[0]]);
    assert_eq!(aged.on_drive(), names);
    let beginning = &names[1][..16];
    aged.home.run(["forget", beginning, "--yes"]).says(0, &["1 snapshot was deleted"]);
    assert_eq!(aged.on_drive(), [&names[0][..], &names[2], &names[3]]);
    let help = ["never deleted", "asks before"];
    aged.home.run(["forget", "--help"]).says(0, &help);
}

#[test]
fn what_is_missing_from_the_drive_ceases_to_be_listed() {
    let aged = four();
    let names = aged.names();
    fs::remove_dir_all(aged.rig.snapshot(&names[1])).unwrap();
    aged.rig.recover();
    aged.home
        .run(["forget", &names[1], "--dry-run"])
        .says(0, &[&names[1], "only ceases to be listed"]);
    aged.home.run(["forget", &names[1], "--yes"]).says(0, &["1 snapshot was deleted"]);
    assert_eq!(aged.home.snapshots(), [&names[0][..], &names[2], &names[3]]);
}

#[test]
fn what_could_not_be_removed_is_told() {
    let Some(drive) = LoopDrive::ext4(64) else { return };
    let mut aged = Aged::on(drive.path());
    for hours in [200, 100] {
        aged.back_up_at(ago(hours), 2000);
    }
    let first = aged.made[0].0.as_str();
    let source = aged.rig.source.strip_prefix("/").unwrap();
    let held = aged.rig.snapshot(first).join("files").join(source).join("only");
    attribute::change_flags(&held, IFlags::IMMUTABLE, IFlags::empty()).unwrap();
    let answer = aged.home.run(["forget", first, "--yes"]);
    let stuck = format!("Something of the snapshot {first} could not be removed");
    answer.says(0, &["1 snapshot was deleted", &stuck, "trash"]);
    assert_eq!(aged.on_drive(), aged.names()[1..]);
}

#[test]
fn on_a_full_drive_only_what_is_named_goes() {
    let Some(drive) = LoopDrive::ext4(64) else { return };
    let mut aged = Aged::on(drive.path());
    for days in [50, 49, 48] {
        aged.back_up_at(ago(24 * days), 8 << 20);
    }
    let names = aged.names();
    let mut filler = fs::File::create(drive.path().join("filler")).unwrap();
    assert!(std::io::copy(&mut std::io::repeat(b'x'), &mut filler).is_err());
    aged.home.run(["pin", "latest"]).says(1, &["is full"]);
    let answer = aged.home.json(["forget", &names[1], "--yes"]);
    assert_eq!(answer["deleted"].as_array().unwrap().len(), 1, "{answer:#}");
    assert_eq!(answer["deleted"][0]["name"], names[1].as_str());
    assert_eq!(aged.on_drive(), [names[0].clone(), names[2].clone()]);
    assert_eq!(aged.home.snapshots(), [names[0].clone(), names[2].clone()]);
}
