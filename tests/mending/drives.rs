//! On drives of each kind, at the limit of links, without room, and as a person who is not root.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use yore::engine::mend::MendFailure;

use super::mended::furnish;
use super::{Past, flip};
use crate::common::chance::Chance;
use crate::common::drive::{KINDS, LoopDrive, must};
use crate::common::engine::Rig;
use crate::common::place::{has_program, is_root};
use crate::common::tree::write;

const KEPT: &str = "locked/deep/kept";

#[test]
fn each_kind_of_drive_is_mended() {
    for kind in KINDS {
        let Some(drive) = LoopDrive::of_kind(kind) else { continue };
        let rig = Rig::on(drive.path(), None);
        furnish(&rig);
        let past = Past::of(rig, 3);
        let before = past.stored_facts();
        let rot = past.flip(1, KEPT);
        let mendings = past.mend(vec![rot]);
        assert!(mendings[0].mended_from.is_some(), "{kind}");
        past.assert_mended(&before, &[KEPT], kind);
        past.assert_tidy();
    }
}

#[test]
fn a_file_with_as_many_names_as_there_can_be_gets_two_new_inodes() {
    let Some(drive) = LoopDrive::sized("ext4", 128) else { return };
    let rig = Rig::on(drive.path(), None);
    write(&rig.source.join("kept"), "kept");
    let past = Past::of(rig, 1);
    let stored = past.stored(0, "kept");
    let beside = past.stored(0, "");
    for number in 1..65_000 {
        fs::hard_link(&stored, beside.join(format!("{number}"))).unwrap();
    }
    assert_eq!(stored.metadata().unwrap().nlink(), 65_000);
    let rot = past.flip(0, "kept");
    let mendings = past.mend(vec![rot.clone()]);
    assert!(mendings[0].mended_from.is_some());
    assert_eq!(mendings[0].hits.len(), 65_000);
    let mut inodes: Vec<u64> = fs::read_dir(&beside)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name() != "new")
        .map(|entry| entry.metadata().unwrap().ino())
        .collect();
    inodes.sort_unstable();
    inodes.dedup();
    assert!(inodes.len() == 2 && !inodes.contains(&rot.inode), "{inodes:?}");
    past.assert_tidy();
}

#[test]
fn without_room_it_is_remembered_and_mended_later() {
    let Some(drive) = LoopDrive::sized("ext4", 64) else { return };
    let rig = Rig::on(drive.path(), None);
    write(&rig.source.join("kept"), Chance::new(1).bytes(8 << 20));
    write(&rig.source.join("small"), Chance::new(2).bytes(8 << 10));
    let past = Past::of(rig, 2);
    let rots = vec![past.flip(0, "kept"), past.flip(0, "small")];
    let rot = rots[0].clone();
    let filler = drive.path().join("filler");
    let free = || {
        let space = rustix::fs::statvfs(drive.path()).unwrap();
        space.f_bavail * space.f_frsize
    };
    fs::write(&filler, vec![1; usize::try_from(free() - (4 << 20)).unwrap()]).unwrap();
    let mendings = past.mend(rots);
    let failures: Vec<_> = mendings.iter().map(|mending| mending.failure).collect();
    assert_eq!(failures, [Some(MendFailure::NoRoom), None]);
    let content = |path: std::path::PathBuf| fs::read(path).unwrap();
    assert_eq!(content(past.stored(1, "small")), content(past.rig.source.join("small")));
    assert_eq!(past.inode(0, "kept"), rot.inode);
    assert!(past.damage().is_damaged(rot.hash, rot.inode));
    past.assert_tidy();
    fs::remove_file(filler).unwrap();
    assert!(past.mend(Vec::new())[0].mended_from.is_some());
}

#[test]
fn many_are_mended_at_once() {
    let rig = Rig::new();
    for number in 0..150 {
        write(&rig.source.join(format!("{number}/file")), format!("content {number}"));
    }
    let past = Past::of(rig, 2);
    let before = past.stored_facts();
    let paths: Vec<String> = (0..150).map(|number| format!("{number}/file")).collect();
    let rots = paths.iter().map(|path| past.flip(0, path)).collect();
    let mendings = past.mend(rots);
    assert_eq!(mendings.len(), 150);
    assert!(mendings.iter().all(|mending| mending.mended_from.is_some()));
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    past.assert_mended(&before, &paths, "many");
    past.assert_tidy();
    flip(&past.stored(0, paths[0]));
}

#[test]
fn a_person_without_privileges_mends_their_own() {
    if !is_root() || !has_program("setpriv") {
        return;
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=2345", "--regid=2345", "--clear-groups"]);
    command.arg(std::env::current_exe().unwrap());
    command.args([
        "mending::mended::",
        "mending::forged::",
        "mending::stuck::",
        "mending::trees::",
        "--skip",
        "capabilities",
    ]);
    command.env_remove("CI");
    must(&mut command);
}
