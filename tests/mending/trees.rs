//! What is lost from a tree, or was altered in it, is put back as it was wherever a good copy is, and nothing else changes.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;
use std::time::SystemTime;

use jiff::Timestamp;
use yore::engine::mend::{BroughtBack, GoodCopy, MendFailure, NotReturned, Returned, bring_back};
use yore::engine::monitor::Monitor;
use yore::engine::remove::remove_tree;
use yore::engine::verify::{Aspect, Fault, Pass, TreeFault, VerifyOptions, VerifyReport, verify};

use super::{Past, flip};
use crate::common::attribute;
use crate::common::drive::{KINDS, LoopDrive};
use crate::common::engine::Rig;
use crate::common::place::set_mode;
use crate::common::tree::{Facts, assert_same, without_inodes, write};

pub(super) const KEPT: &str = "locked/deep/kept";

/// What someone does to a stored file.
type Change = fn(&Path);

/// Entries of all kinds that last, in folders that nobody may write to.
pub(super) fn furnish(rig: &Rig) {
    super::mended::furnish(rig);
    let gone = rig.source.join("gone");
    write(&gone.join("below/file"), "below ".repeat(3000));
    write(&gone.join("empty"), "");
    fs::create_dir(gone.join("hollow")).unwrap();
    symlink("../other", gone.join("link")).unwrap();
    fs::hard_link(gone.join("below/file"), gone.join("second")).unwrap();
    attribute::set(&gone, "user.colour", b"green");
    set_mode(&gone.join("hollow"), 0o555);
    set_mode(&gone.join("below"), 0o500);
    set_mode(&gone, 0o555);
}

pub(super) fn past() -> Past {
    let rig = Rig::new();
    furnish(&rig);
    Past::of(rig, 3)
}

pub(super) fn verified(past: &Past) -> VerifyReport {
    let file = past.rig.path().join("pass");
    let options = VerifyOptions::default();
    let mut pass = Pass::take_up(&file, past.rig.id, &options, Timestamp::now());
    let report = verify(&past.rig.history(), &mut pass, &Monitor::new()).unwrap();
    pass.end();
    report
}

#[track_caller]
pub(super) fn try_back(past: &Past, faults: &[TreeFault]) -> BroughtBack {
    let monitor = Monitor::new();
    let mut writer = past.rig.writer(&monitor).unwrap();
    let outcome = bring_back(&mut writer, faults, &monitor).unwrap();
    drop(writer);
    past.assert_tidy();
    outcome
}

#[track_caller]
pub(super) fn put_back(past: &Past, faults: &[TreeFault]) -> Vec<Returned> {
    try_back(past, faults).returned
}

/// Finds what is wrong and puts it back; all must be as it was then, whatever inodes it has.
#[track_caller]
pub(super) fn assert_put_back(past: &Past, before: &[Facts], what: &str) -> Vec<Returned> {
    let report = verified(past);
    assert!(!report.faults.is_empty() && report.rots.is_empty(), "{what}: {report:#?}");
    let answers = past.rig.answers();
    let returned = put_back(past, &report.faults);
    let again = verified(past);
    assert!(again.is_good(), "{what}: {again:#?} after {returned:#?}");
    for (now, then) in past.stored_facts().into_iter().zip(before) {
        assert_same(&without_inodes(now), &without_inodes(then.clone()), what);
    }
    assert_eq!(past.rig.answers(), answers, "{what}");
    returned
}

/// Lets a folder be written to, removes an entry, and puts the folder's mode back. Its time is another then, but for
/// a source's own folder, which no mending changes.
pub(super) fn remove(path: &Path) {
    let folder = path.parent().unwrap();
    let meta = folder.metadata().unwrap();
    let mode = meta.mode() & 0o7777;
    set_mode(folder, 0o755);
    let dir = yore::engine::dir::Dir::open(folder).unwrap();
    remove_tree(&dir, path.file_name().unwrap().as_encoded_bytes()).unwrap();
    set_mode(folder, mode);
    if folder.ends_with("source") {
        fs::File::open(folder).unwrap().set_modified(meta.modified().unwrap()).unwrap();
    }
}

fn stored(past: &Past, at: usize, below: &str) -> Option<GoodCopy> {
    let (snapshot, path) = (past.names[at].clone(), past.rig.path_of(below));
    Some(GoodCopy::Stored { snapshot, path })
}

#[test]
fn a_lost_file_is_linked_again_in_a_folder_that_nobody_may_write_to() {
    let past = past();
    let before = past.stored_facts();
    remove(&past.stored(1, KEPT));
    let returned = assert_put_back(&past, &before, "lost");
    let file = returned.iter().find(|one| one.path == past.rig.path_of(KEPT)).unwrap();
    assert_eq!((&file.snapshot, &file.from), (&past.names[1], &stored(&past, 0, KEPT)));
    // No inode is another one.
    assert_eq!(past.stored_facts(), before);
}

#[test]
fn a_lost_folder_comes_back_with_all_that_was_in_it() {
    for lost in [&[1][..], &[0, 1, 2]] {
        let past = past();
        let before = past.stored_facts();
        for at in lost {
            remove(&past.stored(*at, "gone"));
        }
        assert_put_back(&past, &before, "folder");
        let names = ["gone/below/file", "gone/second"];
        let inodes: BTreeSet<u64> =
            (0..3).flat_map(|at| names.map(|name| past.inode(at, name))).collect();
        assert_eq!(inodes.len(), 1, "all names share it, as before");
    }
}

#[test]
fn a_lost_link_and_a_lost_source_come_back() {
    let past = past();
    let before = past.stored_facts();
    for at in 0..3 {
        remove(&past.stored(at, "gone/link"));
    }
    assert_put_back(&past, &before, "link, from the source");
    remove(&past.stored(2, "gone/link"));
    assert_put_back(&past, &before, "link, from another snapshot");
    // Of the newest snapshot, since its own file is in the source alone.
    let top = past.stored(2, "");
    let above = fs::File::open(top.parent().unwrap()).unwrap();
    // What lies above the sources is in no index: it is left as it is found.
    let time = above.metadata().unwrap().modified().unwrap();
    remove(top.components().as_path());
    above.set_modified(time).unwrap();
    assert_put_back(&past, &before, "all of a source");
}

#[test]
fn what_was_altered_on_a_shared_file_is_as_it_was_in_every_snapshot() {
    let past = past();
    let changes: [(&str, Change); 6] = [
        ("mode", |file| set_mode(file, 0o604)),
        ("time", |file| {
            let opened = fs::File::open(file).unwrap();
            opened.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }),
        ("another attribute", |file| attribute::set(file, "user.colour", b"red")),
        ("an attribute's value", |file| attribute::set(file, "user.note", b"yours")),
        ("another hash", |file| attribute::set(file, "user.yore.blake3", &[7; 32])),
        ("no hash", |file| {
            rustix::fs::removexattr(file, "user.yore.blake3").unwrap();
        }),
    ];
    for (what, change) in changes {
        let (before, old) = (past.stored_facts(), past.inode(0, KEPT));
        change(&past.stored(1, KEPT));
        assert_put_back(&past, &before, what);
        let inodes: BTreeSet<u64> = (0..3).map(|at| past.inode(at, KEPT)).collect();
        assert!(inodes.len() == 1 && !inodes.contains(&old), "{what}: {inodes:?}");
    }
}

#[test]
fn a_folder_is_put_right_where_it_is() {
    let past = past();
    let before = past.stored_facts();
    let folder = past.stored(1, "gone");
    let inode = past.inode(1, "gone");
    set_mode(&folder, 0o777);
    attribute::set(&folder, "user.colour", b"red");
    attribute::set(&folder, "user.other", b"more");
    fs::File::open(past.stored(0, "locked/deep"))
        .unwrap()
        .set_modified(SystemTime::UNIX_EPOCH)
        .unwrap();
    assert_put_back(&past, &before, "folders");
    assert_eq!(past.inode(1, "gone"), inode);
}

#[test]
fn what_is_nowhere_else_stays_named_and_untouched() {
    let past = past();
    // The source has another content since, of the same size and time.
    flip(&past.rig.source.join("other"));
    for at in 0..3 {
        remove(&past.stored(at, "other"));
    }
    attribute::set(&past.stored(0, KEPT), "user.note", b"yours");
    attribute::set(&past.rig.source.join(KEPT), "user.note", b"yours");
    let report = verified(&past);
    let BroughtBack { returned, failures } = try_back(&past, &report.faults);
    assert_eq!(returned, []);
    let lost = past.rig.path_of("other");
    let paths = [past.rig.path_of(KEPT), lost.clone()];
    let refused = paths.iter().flat_map(|path| past.names.iter().map(move |name| (name, path)));
    let refused: Vec<NotReturned> = refused
        .map(|(snapshot, path)| NotReturned {
            snapshot: snapshot.clone(),
            path: path.clone(),
            failure: MendFailure::NoGoodCopy,
        })
        .collect();
    assert_eq!(failures, refused);
    let again = verified(&past);
    let mut faults: Vec<_> = again.faults.iter().map(|one| (&one.path, &one.fault)).collect();
    faults.sort();
    let attributes = Fault::Altered(vec![Aspect::Attributes]);
    assert_eq!(faults, [(&past.rig.path_of(KEPT), &attributes), (&lost, &Fault::Lost)]);
    assert!(again.faults.iter().all(|one| one.snapshots == past.names), "{again:#?}");
}

#[test]
fn another_path_that_has_the_content_is_enough_and_damage_is_not() {
    let past = past();
    let before = past.stored_facts();
    set_mode(&past.rig.source.join("locked/deep"), 0o755);
    fs::rename(past.rig.source.join(KEPT), past.rig.source.join("moved")).unwrap();
    let moved = past.rig.back_up().snapshot;
    for at in 0..3 {
        remove(&past.stored(at, KEPT));
    }
    assert_put_back(&past, &before, "from another path");
    let now = past.rig.stored(&moved).join("moved").metadata().unwrap();
    assert_eq!(now.ino(), past.inode(0, KEPT));
    // All names of it are damaged now, and the source is gone.
    fs::remove_file(past.rig.source.join("moved")).unwrap();
    flip(&past.stored(0, KEPT));
    remove(&past.stored(1, KEPT));
    let faults = verified(&past).faults;
    put_back(&past, &faults);
    assert!(!past.stored(1, KEPT).exists());
}

#[test]
fn what_lies_there_unexpected_stays() {
    let past = past();
    let tree = past.stored(1, "");
    remove(&tree.join("other"));
    fs::create_dir(tree.join("other")).unwrap();
    write(&tree.join("other/inside"), "by hand");
    write(&tree.join("added"), "by hand");
    let opened = fs::File::open(&tree).unwrap();
    let time = past.stored(0, "").metadata().unwrap().modified().unwrap();
    opened.set_modified(time).unwrap();
    let before = past.stored_facts();
    let faults = verified(&past).faults;
    let kind = Fault::Altered(vec![Aspect::Kind]);
    assert_eq!(put_back(&past, &faults), []);
    // One that is said to be lost, and is there by now.
    let (path, snapshots) = (past.rig.path_of("other"), vec![past.names[1].clone()]);
    put_back(&past, &[TreeFault { path: path.clone(), fault: Fault::Lost, snapshots }]);
    let now = past.stored_facts();
    assert_eq!(now[1].len(), before[1].len());
    assert_eq!(fs::read(tree.join("other/inside")).unwrap(), b"by hand");
    let again = verified(&past).faults;
    let told: Vec<_> = again.iter().map(|one| (one.path.clone(), one.fault.clone())).collect();
    assert_eq!(told, [(past.rig.path_of("added"), Fault::Added), (path, kind)]);
}

#[test]
fn a_tree_that_a_newer_version_sealed_is_not_touched() {
    let past = past();
    let seal = past.rig.snapshot(&past.names[1]).join("seal.json");
    let text = fs::read_to_string(&seal).unwrap();
    let newer = text.replacen(r#""write": []"#, r#""write": ["later"]"#, 1);
    fs::write(&seal, &newer).unwrap();
    attribute::set(&seal, "user.yore.blake3", blake3::hash(newer.as_bytes()).as_bytes());
    remove(&past.stored(1, KEPT));
    set_mode(&past.stored(1, "gone"), 0o777);
    let before = past.stored_facts();
    let faults = verified(&past).faults;
    assert!(!faults.is_empty());
    let BroughtBack { returned, failures } = try_back(&past, &faults);
    assert_eq!(returned, []);
    assert!(failures.iter().all(|one| one.failure == MendFailure::UnknownFeature), "{failures:#?}");
    assert_eq!(failures.len(), faults.len());
    assert_eq!(past.stored_facts(), before);
}

#[test]
fn each_kind_of_drive_gets_its_entries_back() {
    for kind in KINDS {
        let Some(drive) = LoopDrive::of_kind(kind) else { continue };
        let rig = Rig::on(drive.path(), None);
        furnish(&rig);
        let past = Past::of(rig, 3);
        let before = past.stored_facts();
        remove(&past.stored(0, "locked"));
        remove(&past.stored(1, "gone"));
        remove(&past.stored(2, "gone/empty"));
        set_mode(&past.stored(2, "other"), 0o640);
        assert_put_back(&past, &before, kind);
    }
}

#[test]
fn folders_nested_deeper_than_a_path_can_be_told_come_back() {
    let rig = Rig::new();
    let tree = yore::engine::dir::Dir::open(&rig.source).unwrap();
    let mut at = tree.create(b"deep", 0o755).unwrap();
    for _ in 0..600 {
        at = at.create(&[b'd'; 10], 0o755).unwrap();
    }
    at.create_file(b"end", 0o600).unwrap();
    let names = vec![rig.back_up().snapshot, rig.back_up().snapshot];
    let past = Past { rig, names };
    let stored = yore::engine::dir::Dir::open(&past.stored(1, "")).unwrap();
    remove_tree(&stored, b"deep").unwrap();
    let top = fs::File::open(past.stored(1, "")).unwrap();
    top.set_modified(past.stored(0, "").metadata().unwrap().modified().unwrap()).unwrap();
    let faults = verified(&past).faults;
    put_back(&past, &faults);
    assert!(verified(&past).is_good());
    for dir in [&tree, &stored] {
        remove_tree(dir, b"deep").unwrap();
    }
}
