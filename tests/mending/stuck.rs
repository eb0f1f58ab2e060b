//! What can't be changed, read or looked at ends no mending and no backup, and stays remembered.

use std::fs;
use std::path::Path;
use std::process::Command;

use rustix::io::Errno;
use yore::engine::mend::MendFailure;
use yore::engine::monitor::Event;

use super::crashed::{KEPT, inodes, interrupted, past};
use crate::common::drive::must;
use crate::common::place::{has_program, is_root, set_mode};

/// A folder that nobody can change, until it is dropped.
struct Frozen<'a>(&'a Path);

impl<'a> Frozen<'a> {
    fn new(folder: &'a Path) -> Self {
        must(Command::new("chattr").arg("+i").arg(folder));
        Self(folder)
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        must(Command::new("chattr").arg("-i").arg(self.0));
    }
}

fn is_person() -> bool {
    !nix::unistd::geteuid().is_root()
}

#[test]
fn a_folder_that_cannot_be_changed_keeps_its_damage_and_nothing_else() {
    if is_person() || !is_root() || !has_program("chattr") {
        return;
    }
    let past = past();
    let before = past.stored_facts();
    let (rot, other) = (past.flip(0, KEPT), past.flip(0, "other"));
    let folder = past.stored(1, "locked/deep");
    let frozen = Frozen::new(&folder);
    let mendings = past.mend(vec![rot.clone(), other]);
    let failures: Vec<_> = mendings.iter().map(|mending| mending.failure).collect();
    assert_eq!(failures, [Some(MendFailure::Unreachable(Errno::PERM)), None]);
    past.assert_tidy();
    assert!(past.damage().is_damaged(rot.hash, rot.inode));
    assert_eq!(past.damage().files().len(), 1);
    drop(frozen);
    assert_eq!(past.mend(Vec::new())[0].failure, None);
    past.assert_mended(&before, &[KEPT, "other"], "thawed");
    assert!(past.damage().is_empty());
}

#[test]
fn an_interrupted_mending_that_cannot_be_finished_ends_no_backup() {
    if is_person() || !is_root() || !has_program("chattr") {
        return;
    }
    let past = past();
    let before = past.stored_facts();
    let rot = past.flip(0, KEPT);
    interrupted(&past, vec![rot.clone()]);
    let folder = past.stored(1, "locked/deep");
    let frozen = Frozen::new(&folder);
    past.rig.back_up();
    past.assert_tidy();
    assert_eq!(past.inode(1, KEPT), rot.inode);
    assert!(past.damage().is_damaged(rot.hash, rot.inode));
    assert!(!past.damage().is_damaged(rot.hash, past.inode(0, KEPT)));
    drop(frozen);
    assert_eq!(past.mend(Vec::new())[0].failure, None);
    past.assert_mended(&before, &[KEPT], "thawed");
    assert!(past.damage().is_empty());
}

#[test]
fn a_list_that_cannot_be_read_is_moved_aside_and_said() {
    let past = past();
    let list = past.rig.repository.join("damage.jsonl");
    let aside = past.rig.repository.join("damage.jsonl.old");
    for _ in 0..2 {
        fs::create_dir(&list).unwrap();
        fs::write(list.join("inside"), "something").unwrap();
        assert_eq!(past.rig.recover(), [Event::DamageSetAside]);
        assert!(!list.exists() && aside.join("inside").exists());
        assert_eq!(past.rig.recover(), []);
    }
    let rot = past.flip(0, KEPT);
    interrupted(&past, vec![rot]);
    fs::remove_file(&list).unwrap();
    fs::create_dir(&list).unwrap();
    // What would be in the way of the next list, too.
    fs::create_dir(past.rig.repository.join("damage.jsonl.new")).unwrap();
    assert_eq!(past.rig.recover(), [Event::DamageSetAside, Event::MendingFinished]);
    past.assert_tidy();
    assert!(past.damage().is_empty());
}

#[test]
fn a_file_in_the_place_of_the_stage_is_removed() {
    let past = past();
    let before = past.stored_facts();
    let rot = past.flip(0, KEPT);
    let stage = past.rig.repository.join("stage/mend");
    interrupted(&past, vec![rot.clone()]);
    fs::remove_dir_all(&stage).unwrap();
    fs::write(&stage, "in the way").unwrap();
    // The journal knows of the damage, too.
    fs::remove_file(past.rig.repository.join("damage.jsonl")).unwrap();
    past.rig.recover();
    past.assert_tidy();
    assert_eq!(inodes(&past), [rot.inode; 3]);
    assert!(past.damage().is_damaged(rot.hash, rot.inode));
    assert_eq!(past.mend(Vec::new())[0].failure, None);
    past.assert_mended(&before, &[KEPT], "mended later");
}

/// Runs by itself as a person: root may enter everything.
#[test]
fn what_cannot_be_looked_at_is_not_taken_for_gone() {
    if !is_person() {
        return;
    }
    let past = past();
    let before = past.stored_facts();
    let rot = past.flip(0, KEPT);
    let closed = past.stored(1, "locked/deep");
    let close = || set_mode(&closed, 0);
    close();
    let unreachable = Some(MendFailure::Unreachable(Errno::ACCESS));
    assert_eq!(past.mend(vec![rot.clone()])[0].failure, unreachable);
    assert!(past.damage().is_damaged(rot.hash, rot.inode));
    // The only name that is left is behind the door.
    let mendings = past.mend(Vec::new());
    assert_eq!((mendings.len(), mendings[0].failure), (1, unreachable));
    assert!(past.damage().is_damaged(rot.hash, rot.inode));
    assert!(!past.damage().is_damaged(rot.hash, past.inode(0, KEPT)));
    set_mode(&closed, 0o555);
    assert_eq!(past.mend(Vec::new())[0].failure, None);
    past.assert_mended(&before, &[KEPT], "opened");
    assert!(past.damage().is_empty());
}
