//! What can't be mended is remembered on the drive: it is stored anew and never linked to, and mended once it can be.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use yore::engine::backup::BackupOptions;
use yore::engine::monitor::Monitor;
use yore::engine::seal::SnapshotKind;

use super::{Past, flip};
use crate::common::drive::copy_tree;
use crate::common::engine::Rig;
use crate::common::tree::write;

const KEPT: &str = "folder/kept";

/// Two snapshots of a file that is damaged in both, and was touched in the source since: nothing can mend it.
fn past() -> (Past, yore::engine::mend::Rot) {
    let rig = Rig::new();
    write(&rig.source.join(KEPT), "kept ".repeat(40_000));
    let past = Past::of(rig, 2);
    let rot = past.flip(0, KEPT);
    let live = past.rig.source.join(KEPT);
    let aside = past.rig.source.with_extension("aside");
    fs::rename(&live, &aside).unwrap();
    let mendings = past.mend(vec![rot.clone()]);
    assert_eq!(mendings[0].mended_from, None);
    fs::rename(&aside, &live).unwrap();
    (past, rot)
}

#[test]
fn it_has_a_line_by_which_it_is_found_again() {
    let (past, rot) = past();
    let text = fs::read_to_string(past.rig.repository.join("damage.jsonl")).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(past.damage().has_hash(rot.hash));
    assert!(past.damage().is_damaged(rot.hash, rot.inode));
    assert!(!past.damage().is_damaged(rot.hash, rot.inode + 1));
    // Said twice, it is remembered once, as it was found first.
    let seen = past.damage().files().next().unwrap().seen;
    let live = past.rig.source.join(KEPT);
    fs::rename(&live, past.rig.path().join("aside")).unwrap();
    past.mend(vec![rot]);
    assert_eq!(past.damage().files().len(), 1);
    assert_eq!(past.damage().files().next().unwrap().seen, seen);
}

#[test]
fn a_backup_stores_it_anew_once_and_links_to_that() {
    let (past, rot) = past();
    let options = BackupOptions::new(past.rig.options().sources, SnapshotKind::Scheduled);
    let report = past.rig.try_back_up(&options, &Monitor::new()).unwrap();
    assert!(report.is_new, "what is damaged is not in this snapshot, so it is another one");
    assert_eq!(report.counts.copied, 1);
    let names = [past.names.clone(), vec![report.snapshot]].concat();
    let past = Past { rig: past.rig, names };
    assert_ne!(past.inode(2, KEPT), rot.inode);
    let content = fs::read(past.stored(2, KEPT)).unwrap();
    assert_eq!(content, fs::read(past.rig.source.join(KEPT)).unwrap());
    let again = past.rig.try_back_up(&options, &Monitor::new()).unwrap();
    assert!(!again.is_new, "{again:?}");
    write(&past.rig.source.join("moved/kept"), content);
    let moved = past.rig.back_up().snapshot;
    let linked = past.rig.stored(&moved);
    let inode = |below: &str| linked.join(below).metadata().unwrap().ino();
    assert_eq!(inode(KEPT), past.inode(2, KEPT));
    assert_ne!(inode("moved/kept"), rot.inode);
    // The good copy that is stored now mends the others.
    fs::remove_dir_all(&past.rig.source).unwrap();
    let mendings = past.mend(Vec::new());
    assert_eq!(mendings.len(), 1);
    assert!(mendings[0].mended_from.is_some(), "{mendings:?}");
    assert_ne!(past.inode(0, KEPT), rot.inode);
    assert_eq!(past.inode(0, KEPT), past.inode(1, KEPT));
    assert_eq!(past.inode(0, KEPT), past.inode(2, KEPT), "that one itself took its place");
    assert!(past.damage().is_empty());
}

#[test]
fn what_cannot_be_read_again_is_there_but_absent() {
    let (past, rot) = past();
    let away = past.rig.source.with_extension("away");
    fs::rename(&past.rig.source, &away).unwrap();
    let report = past.rig.try_back_up(&past.rig.options(), &Monitor::new()).unwrap();
    assert!(report.is_partial());
    let stored = past.rig.stored(&report.snapshot);
    assert!(!stored.join(KEPT).exists());
    let path = past.rig.source.join(KEPT);
    let sealed = past.rig.sealed(&report.snapshot);
    assert_eq!(sealed.said(&path, "absent"), true);
    assert!(sealed.has_problem(&path));
    assert!(stored.join("new").exists());
    let listed = past.rig.history().list(&past.rig.path_of("folder"), report.seq).unwrap();
    assert_eq!(listed.len(), 1, "history calls it deleted");
    let names = [past.names.clone(), vec![report.snapshot]].concat();
    let past = Past { rig: past.rig, names };
    fs::rename(&away, &past.rig.source).unwrap();
    let back = past.rig.back_up().snapshot;
    let inode = past.rig.stored(&back).join(KEPT).metadata().unwrap().ino();
    assert_ne!(inode, rot.inode);
}

#[test]
fn a_copy_of_the_repository_knows_it_by_its_path() {
    let (past, rot) = past();
    let copy = past.rig.path().join("copy");
    copy_tree(&past.rig.repository, &copy);
    fs::remove_dir_all(&past.rig.repository).unwrap();
    // So that no inode has the number that it had.
    write(&past.rig.path().join("filler"), "");
    copy_tree(&copy, &past.rig.repository);
    let inode = past.inode(1, KEPT);
    assert_ne!(inode, rot.inode);
    assert!(past.damage().is_damaged(rot.hash, inode));
    let report = past.rig.back_up();
    assert_ne!(past.rig.stored(&report.snapshot).join(KEPT).metadata().unwrap().ino(), inode);
}

#[test]
fn it_is_named_by_another_snapshot_once_the_first_is_deleted() {
    let (past, rot) = past();
    let last = past.rig.back_up().snapshot;
    delete(&past, &[0]);
    assert_eq!(past.damage().files().next().unwrap().snapshot, past.names[1]);
    assert!(past.damage().is_damaged(rot.hash, rot.inode));
    delete(&past, &[1]);
    assert!(past.damage().is_empty(), "nothing has that inode any more");
    assert!(past.rig.stored(&last).join(KEPT).exists());
}

fn delete(past: &Past, which: &[usize]) {
    let names: Vec<String> = which.iter().map(|at| past.names[*at].clone()).collect();
    let mut writer = past.rig.writer(&Monitor::new()).unwrap();
    let sources = past.rig.options().sources;
    yore::engine::prune::forget(&mut writer, &names, &sources, &Monitor::new()).unwrap();
}

#[test]
fn lines_that_make_no_sense_are_passed_over() {
    let (past, rot) = past();
    let path = past.rig.repository.join("damage.jsonl");
    let good = fs::read_to_string(&path).unwrap();
    let outside = good.replace(&past.names[0], "..");
    let up = good.replace("folder/kept", "folder/../../../x");
    fs::write(&path, format!("{outside}{up}{{}}\n\u{0}\n[1,2]\n{good}{good}")).unwrap();
    assert_eq!(past.damage().files().len(), 1);
    assert!(past.damage().is_damaged(rot.hash, rot.inode));
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
    assert!(!past.rig.back_up().is_partial());
}

#[test]
fn a_stored_file_that_is_only_suspected_is_used_again_once_it_proves_good() {
    let (past, rot) = past();
    flip(&past.stored(0, KEPT));
    assert_eq!(past.mend(Vec::new()), []);
    assert!(past.damage().is_empty());
    let report = past.rig.back_up();
    let inode = past.rig.stored(&report.snapshot).join(KEPT).metadata().unwrap().ino();
    assert_eq!(inode, rot.inode);
}
