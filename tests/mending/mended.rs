//! A damaged file gets a good inode under all its names, and nothing else changes.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use yore::engine::mend::{GoodCopy, MendFailure};

use super::{Past, flip};
use crate::common::attribute;
use crate::common::digest;
use crate::common::engine::Rig;
use crate::common::place::{is_root, set_mode};
use crate::common::tree::write;

/// A source with a file that lasts, another of the same content, and folders that nobody may write to.
fn rig() -> Rig {
    let rig = Rig::new();
    furnish(&rig);
    rig
}

pub(super) fn furnish(rig: &Rig) {
    write(&rig.source.join("locked/deep/kept"), "kept ".repeat(40_000));
    write(&rig.source.join("other"), "something else");
    attribute::set(&rig.source.join("locked/deep/kept"), "user.note", b"mine");
    set_mode(&rig.source.join("locked/deep/kept"), 0o640);
    set_mode(&rig.source.join("locked/deep"), 0o555);
    set_mode(&rig.source.join("locked"), 0o555);
}

const KEPT: &str = "locked/deep/kept";

#[test]
fn all_names_get_the_new_inode_and_the_digests_stay() {
    let past = Past::of(rig(), 3);
    let before = past.stored_facts();
    let rot = past.flip(1, KEPT);
    let mendings = past.mend(vec![rot.clone()]);
    assert_eq!(mendings.len(), 1);
    assert_eq!(mendings[0].rot, rot);
    let live = past.rig.source.join(KEPT);
    assert_eq!(mendings[0].mended_from, Some(GoodCopy::Source(live)));
    assert_eq!(mendings[0].hits.len(), 1);
    assert_eq!(mendings[0].hits[0].path, past.rig.path_of(KEPT));
    assert_eq!(mendings[0].hits[0].snapshots, past.names);
    past.assert_mended(&before, &[KEPT], "mended");
    let inodes: Vec<u64> = (0..3).map(|at| past.inode(at, KEPT)).collect();
    assert!(inodes.iter().all(|inode| *inode == inodes[0] && *inode != rot.inode), "{inodes:?}");
    assert_eq!(past.stored(0, KEPT).metadata().unwrap().nlink(), 3);
    assert_eq!(super::carried(&past.stored(0, KEPT)), rot.hash);
    for (at, name) in past.names.iter().enumerate() {
        let sealed = past.rig.sealed(name);
        let counted = digest::of(&past.rig.stored(name), &sealed);
        assert_eq!(digest::sealed(&sealed), counted, "snapshot {at}");
    }
    assert!(past.damage().is_empty());
    assert!(!past.rig.repository.join("damage.jsonl").exists());
    past.assert_tidy();
    // The index knows nothing of inodes on the drive: it is right as it was.
    let answers = past.rig.answers();
    past.rig.writer(&Default::default()).unwrap().rebuild(&Default::default()).unwrap();
    assert_eq!(past.rig.answers(), answers);
}

#[test]
fn another_stored_file_of_the_same_content_is_taken_first() {
    let past = Past::of(rig(), 2);
    fs::copy(past.rig.source.join(KEPT), past.rig.source.join("copy")).unwrap();
    set_mode(&past.rig.source.join("copy"), 0o600);
    let with_copy = past.rig.back_up().snapshot;
    let past = Past { names: [past.names, vec![with_copy]].concat(), rig: past.rig };
    // So large, with another mode: a link and an override, or a clone. A copy of its own by hand makes sure.
    let copy = past.stored(2, "copy");
    let own = past.rig.path().join("own");
    crate::common::drive::copy_tree(&copy, &own);
    fs::remove_file(&copy).unwrap();
    crate::common::drive::copy_tree(&own, &copy);
    fs::remove_file(past.rig.source.join("copy")).unwrap();
    set_mode(&past.rig.source.join("locked/deep"), 0o755);
    fs::remove_file(past.rig.source.join(KEPT)).unwrap();
    let before = past.stored_facts();
    let rot = past.flip(0, KEPT);
    let mendings = past.mend(vec![rot]);
    let stored =
        GoodCopy::Stored { snapshot: past.names[2].clone(), path: past.rig.path_of("copy") };
    assert_eq!(mendings[0].mended_from, Some(stored));
    past.assert_mended(&before, &[KEPT], "mended");
}

#[test]
fn a_bad_copy_is_not_taken_for_a_good_one() {
    let past = Past::of(rig(), 2);
    let rot = past.flip(0, KEPT);
    // The live file has the size and the time, but not the content any more.
    flip(&past.rig.source.join(KEPT));
    let before = past.stored_facts();
    // Said twice, it is tried once.
    let mendings = past.mend(vec![rot.clone(), rot.clone()]);
    assert_eq!(mendings.len(), 1);
    assert_eq!(mendings[0].mended_from, None);
    assert_eq!(mendings[0].failure, Some(MendFailure::NoGoodCopy));
    assert_eq!(mendings[0].hits[0].snapshots, past.names);
    assert_eq!(past.stored_facts(), before);
    assert!(past.damage().is_damaged(rot.hash, rot.inode));
    past.assert_tidy();
}

#[test]
fn a_file_that_is_good_after_all_is_left_alone() {
    let past = Past::of(rig(), 2);
    let before = past.stored_facts();
    assert_eq!(past.mend(vec![past.rot(0, KEPT)]), []);
    let gone = yore::engine::mend::Rot { inode: 1, ..past.rot(0, KEPT) };
    assert_eq!(past.mend(vec![gone]), []);
    assert_eq!(past.stored_facts(), before);
    assert!(past.damage().is_empty());
}

#[test]
fn holes_capabilities_and_several_names_in_a_snapshot_come_along() {
    if !is_root() {
        return;
    }
    let rig = Rig::new();
    let file = rig.source.join("program");
    write(&file, "");
    let sparse = fs::File::options().write(true).open(&file).unwrap();
    sparse.set_len(64 << 20).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&sparse, &[7; 5000], 32 << 20).unwrap();
    drop(sparse);
    set_mode(&file, 0o755);
    std::os::unix::fs::chown(&file, Some(1234), Some(4321)).unwrap();
    attribute::set(&file, "security.capability", &attribute::CAPABILITY);
    fs::hard_link(&file, rig.source.join("second-name")).unwrap();
    let past = Past::of(rig, 2);
    let rot = past.rot(0, "program");
    let stored = past.stored(0, "program");
    let mtime = stored.metadata().unwrap();
    flip_at(&stored, (32 << 20) + 100);
    let before = past.stored_facts();
    let mendings = past.mend(vec![rot]);
    assert!(mendings[0].mended_from.is_some());
    let paths: Vec<_> = mendings[0].hits.iter().map(|hit| hit.path.clone()).collect();
    assert_eq!(paths, [past.rig.path_of("program"), past.rig.path_of("second-name")]);
    assert_eq!(past.inode(1, "second-name"), past.inode(0, "program"));
    let now = stored.metadata().unwrap();
    assert_eq!((now.uid(), now.gid(), now.nlink()), (1234, 4321, 4));
    assert_eq!((now.mtime(), now.mtime_nsec()), (mtime.mtime(), mtime.mtime_nsec()));
    assert!(now.blocks() * 512 < 1 << 20, "{} blocks", now.blocks());
    let value = attribute::get(&stored, "security.capability");
    assert_eq!(value.as_deref(), Some(&attribute::CAPABILITY[..]));
    let sealed = past.rig.sealed(&past.names[1]);
    let counted = digest::of(&past.rig.source, &sealed);
    assert_eq!(digest::sealed(&sealed), counted);
    assert_ne!(past.stored_facts(), before);
}

fn flip_at(path: &std::path::Path, at: u64) {
    use std::os::unix::fs::FileExt as _;
    let time = path.metadata().unwrap().modified().unwrap();
    let value = attribute::get(path, "security.capability").unwrap();
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 4], at).unwrap();
    file.set_modified(time).unwrap();
    // Writing took it away.
    attribute::set(path, "security.capability", &value);
}

#[test]
fn names_that_the_index_does_not_know_are_found_by_a_walk() {
    let past = Past::of(rig(), 2);
    let stored = past.stored(0, KEPT);
    let extra = past.rig.snapshot(&past.names[0]).join("files/by-hand");
    fs::hard_link(&stored, &extra).unwrap();
    let rot = past.flip(0, KEPT);
    let mendings = past.mend(vec![rot]);
    assert_eq!(mendings[0].hits.len(), 2);
    assert!(mendings[0].mended_from.is_some());
    assert_eq!(extra.metadata().unwrap().ino(), past.inode(1, KEPT));
}

#[test]
fn a_file_that_was_edited_by_hand_gets_its_content_and_time_back() {
    let past = Past::of(rig(), 2);
    let before = past.stored_facts();
    let rot = past.rot(0, KEPT);
    fs::write(past.stored(0, KEPT), "edited by hand").unwrap();
    let mendings = past.mend(vec![rot]);
    assert!(mendings[0].mended_from.is_some());
    past.assert_mended(&before, &[KEPT], "edited");
}

#[test]
fn what_a_newer_version_sealed_is_not_touched() {
    let past = Past::of(rig(), 2);
    let rot = past.flip(0, KEPT);
    let seal = past.rig.snapshot(&past.names[1]).join("seal.json");
    let text = fs::read_to_string(&seal).unwrap();
    let newer = text.replacen(r#""write": []"#, r#""write": ["later"]"#, 1);
    assert_ne!(newer, text);
    fs::write(&seal, &newer).unwrap();
    let hash = blake3::hash(newer.as_bytes());
    attribute::set(&seal, "user.yore.blake3", hash.as_bytes());
    let before = past.stored_facts();
    let mendings = past.mend(vec![rot]);
    assert_eq!(mendings[0].mended_from, None);
    assert_eq!(mendings[0].failure, Some(MendFailure::UnknownFeature));
    assert_eq!(past.stored_facts(), before);
}

#[test]
fn what_the_drive_hands_down_by_default_is_not_taken_on() {
    let past = Past::of(rig(), 2);
    let before = past.stored_facts();
    let rot = past.flip(0, KEPT);
    // Owner, a named user, group, mask and others may do all.
    let entries = [(1, u32::MAX), (2, 1234), (4, u32::MAX), (16, u32::MAX), (32, u32::MAX)];
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, id) in entries {
        list.extend_from_slice(&u16::to_le_bytes(tag));
        list.extend_from_slice(&u16::to_le_bytes(7));
        list.extend_from_slice(&u32::to_le_bytes(id));
    }
    let stage = past.rig.repository.join("stage");
    attribute::set(&stage, "system.posix_acl_default", &list);
    let mendings = past.mend(vec![rot]);
    assert_eq!(mendings[0].failure, None);
    past.assert_mended(&before, &[KEPT], "mended");
}
