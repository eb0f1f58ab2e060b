//! What is lost or damaged where it is stored comes back from another stored copy, if one proves to be the same.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use yore::engine::history::History;
use yore::engine::monitor::{Event, Monitor};
use yore::engine::problem::Reason;
use yore::engine::repository::Repository;
use yore::engine::restore::{self, OnConflict, RestoreReport, RestoreRequest, Target};

use super::apply::journals;
use crate::common::attribute;
use crate::common::drive::must;
use crate::common::engine::{Rig, listener};
use crate::common::place::set_mode;
use crate::common::small::Small;
use crate::common::trace;
use crate::common::tree::{Facts, assert_same, fact, facts, stored, without_inodes, write};
use crate::mending::flip;

/// Restores `below` as it was in the first snapshot: where it is then, what is said of it, and how many of it were taken
/// from elsewhere.
#[track_caller]
fn bring_back(rig: &Rig, below: &str, damaged: bool) -> (PathBuf, RestoreReport, u64) {
    let to = rig.path().join(format!("to-{}", uuid::Uuid::new_v4()));
    let asked = RestoreRequest::of(1, [rig.path_of(below)]);
    let request = RestoreRequest { damaged, target: Target::Folder(to.clone()), ..asked };
    let (monitor, heard) = listener();
    let plan = restore::plan_restore(&rig.history(), &request, &monitor).unwrap();
    let report = restore::apply(&rig.history(), &plan, &rig.journals(), &monitor).unwrap();
    let taken = heard.lock().unwrap().iter().find_map(|event| match event {
        Event::TakenElsewhere { count, .. } => Some(*count),
        _ => None,
    });
    (to.join(rig.source.join(below).file_name().unwrap()), report, taken.unwrap_or(0))
}

/// Everything about a file, or about a folder and all below it, but inode numbers.
fn tree(root: &Path) -> Facts {
    let is_folder = root.symlink_metadata().unwrap().is_dir();
    let all = if is_folder { facts(root) } else { [(PathBuf::new(), fact(root))].into() };
    without_inodes(all)
}

/// Two files of one content that are stored apart, since their times differ.
fn write_twins(folder: &Path, one: &str, other: &str) {
    write(&folder.join(one), "the same content");
    write(&folder.join(other), "the same content");
    set_time(&folder.join(other), 1);
}

/// Gives a file a time long ago, in seconds.
fn set_time(path: &Path, seconds: u64) {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    fs::File::open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn a_file_that_is_gone_comes_from_another_snapshot() {
    let rig = Rig::new();
    write(&rig.source.join("kept"), "kept");
    let mut names = Vec::new();
    for number in 0..3 {
        write(&rig.source.join("new"), format!("{number}"));
        names.push(rig.back_up().snapshot);
    }
    // The newest one lacks it, too.
    for name in [&names[0], &names[2]] {
        fs::remove_file(rig.stored(name).join("kept")).unwrap();
    }
    let wanted = tree(&rig.source.join("kept"));
    let (path, report, taken) = bring_back(&rig, "kept", false);
    assert_eq!((report.problems, taken), (vec![], 1));
    assert_same(&tree(&path), &wanted, "the file");
}

#[test]
fn a_damaged_file_comes_from_another_path() {
    let rig = Rig::new();
    write_twins(&rig.source, "one", "other");
    write(&rig.source.join("good"), "good");
    let stored = rig.stored(&rig.back_up().snapshot);
    let inode = |name: &str| stored.join(name).metadata().unwrap().ino();
    assert_ne!(inode("one"), inode("other"));
    flip(&stored.join("one"));
    let wanted = tree(&rig.source);
    for damaged in [false, true] {
        let (path, report, taken) = bring_back(&rig, "", damaged);
        assert_eq!((report.problems, taken), (vec![], 1));
        assert_same(&tree(&path), &wanted, "the source");
    }
}

#[test]
fn copies_that_are_bad_too_are_passed_over() {
    let rig = Rig::new();
    let names = ["one", "rotten", "short", "other"];
    for (name, seconds) in names.iter().zip(1..) {
        write(&rig.source.join(name), "the same content");
        set_time(&rig.source.join(name), seconds);
    }
    let stored = rig.stored(&rig.back_up().snapshot);
    let wanted = tree(&rig.source.join("one"));
    flip(&stored.join("one"));
    flip(&stored.join("rotten"));
    write(&stored.join("short"), "the same");
    let (path, report, taken) = bring_back(&rig, "one", false);
    assert_eq!((report.problems, taken), (vec![], 1));
    assert_same(&tree(&path), &wanted, "the file");
    flip(&stored.join("other"));
    let (_, report, taken) = bring_back(&rig, "one", false);
    assert_eq!((report.problems, taken), (vec![(rig.path_of("one"), Reason::StoredDamaged)], 0));
}

#[test]
fn a_lost_folder_that_is_there_gets_its_metadata_back() {
    let rig = Rig::new();
    let folder = rig.source.join("folder");
    write(&folder.join("file"), "file");
    set_mode(&folder, 0o750);
    let first = rig.back_up().snapshot;
    let wanted = tree(&rig.source);
    set_mode(&folder, 0o700);
    fs::remove_dir_all(rig.stored(&first).join("folder")).unwrap();
    let on_conflict = OnConflict::Exact;
    let request = RestoreRequest { on_conflict, ..RestoreRequest::of(1, [rig.path_of("")]) };
    let monitor = Monitor::new();
    let plan = restore::plan_restore(&rig.history(), &request, &monitor).unwrap();
    let report = restore::apply(&rig.history(), &plan, &rig.journals(), &monitor).unwrap();
    assert_eq!(report.problems, []);
    assert_same(&tree(&rig.source), &wanted, "the source");
}

#[test]
fn what_was_in_a_lost_folder_comes_from_another_snapshot() {
    let rig = Rig::new();
    let album = rig.source.join("album");
    write(&album.join("one.jpg"), "one");
    fs::hard_link(album.join("one.jpg"), album.join("again.jpg")).unwrap();
    write(&album.join("empty"), "");
    symlink("one.jpg", album.join("link")).unwrap();
    write(&album.join("inner/two.jpg"), "two");
    attribute::set(&album.join("inner"), "user.color", b"blue");
    must(Command::new("mkfifo").arg(album.join("inner/pipe")));
    set_mode(&album.join("inner"), 0o750);
    write(&album.join("changing"), "then");
    attribute::set(&album, "user.color", b"red");
    let first = rig.back_up().snapshot;
    let mut wanted = tree(&album);
    write(&album.join("changing"), "later");
    rig.back_up();
    fs::remove_dir_all(rig.stored(&first).join("album")).unwrap();

    let lost = (rig.path_of("album/changing"), Reason::StoredMissing);
    wanted.remove(Path::new("changing"));
    let (path, report, taken) = bring_back(&rig, "album", false);
    assert_eq!((report.problems, taken), (vec![lost.clone()], 4));
    assert_same(&tree(&path), &wanted, "the folder");
    let inode = |name: &str| path.join(name).metadata().unwrap().ino();
    assert_eq!(inode("one.jpg"), inode("again.jpg"));

    let (path, report, taken) = bring_back(&rig, "album/inner/two.jpg", false);
    assert_eq!((report.problems, taken), (vec![], 1));
    assert_eq!(fs::read(path).unwrap(), b"two");
    let (path, report, _) = bring_back(&rig, "album/changing", false);
    assert_eq!((report.problems, path.exists()), (vec![lost], false));
}

#[test]
fn what_is_stored_nowhere_else_is_named() {
    let rig = Rig::new();
    for name in ["lost", "rotten"] {
        write(&rig.source.join(name), format!("{name} and unique"));
    }
    symlink("there", rig.source.join("link")).unwrap();
    let stored = rig.stored(&rig.back_up().snapshot);
    // Others of the same size and attributes have another content.
    write(&rig.source.join("lost"), "lust and unique");
    rig.back_up();
    fs::remove_file(stored.join("lost")).unwrap();
    flip(&stored.join("rotten"));
    fs::remove_file(stored.join("link")).unwrap();
    symlink("elsewhere", stored.join("link")).unwrap();
    fs::remove_file(rig.source.join("link")).unwrap();
    for (below, damaged, reason) in [
        ("lost", false, Reason::StoredMissing),
        ("lost", true, Reason::StoredMissing),
        ("rotten", false, Reason::StoredDamaged),
        ("rotten", true, Reason::RestoredDamaged),
    ] {
        let (path, report, taken) = bring_back(&rig, below, damaged);
        assert_eq!((report.problems, taken), (vec![(rig.path_of(below), reason)], 0));
        assert_eq!(path.exists(), reason == Reason::RestoredDamaged);
    }
}

#[test]
fn a_link_that_points_elsewhere_comes_from_another_snapshot() {
    let rig = Rig::new();
    for name in ["kept", "gone"] {
        symlink("there", rig.source.join(name)).unwrap();
    }
    let first = rig.stored(&rig.back_up().snapshot);
    fs::remove_file(rig.source.join("gone")).unwrap();
    write(&rig.source.join("new"), "new");
    rig.back_up();
    for name in ["kept", "gone"] {
        fs::remove_file(first.join(name)).unwrap();
        symlink("elsewhere", first.join(name)).unwrap();
    }
    let (path, report, taken) = bring_back(&rig, "kept", false);
    assert_eq!((report.problems, taken), (vec![], 1));
    assert_eq!(path.read_link().unwrap(), Path::new("there"));
    let gone = |reason| vec![(rig.path_of("gone"), reason)];
    let (path, report, _) = bring_back(&rig, "gone", false);
    assert_eq!((report.problems, path.is_symlink()), (gone(Reason::StoredDamaged), false));
    let (path, report, _) = bring_back(&rig, "gone", true);
    assert_eq!(report.problems, gone(Reason::RestoredDamaged));
    assert_eq!(path.read_link().unwrap(), Path::new("elsewhere"));
}

/// Twins of other modes and attributes, and what the one was.
fn dressed(rig: &Rig) -> (PathBuf, Facts) {
    write_twins(&rig.source, "one", "other");
    for (name, color, mode) in [("one", b"red", 0o640), ("other", b"tan", 0o600)] {
        attribute::set(&rig.source.join(name), "user.color", color);
        set_mode(&rig.source.join(name), mode);
    }
    let stored = rig.stored(&rig.back_up().snapshot);
    (stored.join("one"), tree(&rig.source.join("one")))
}

#[test]
fn attributes_of_another_file_are_not_taken() {
    let rig = Rig::new();
    let (own, wanted) = dressed(&rig);
    fs::remove_file(own).unwrap();
    let (path, report, taken) = bring_back(&rig, "one", false);
    let reason = Reason::MetadataNotRestored;
    assert_eq!((report.problems, taken), (vec![(rig.path_of("one"), reason)], 1));
    let mut found = tree(&path);
    let fact = found.get_mut(Path::new("")).unwrap();
    assert_eq!(fact.attributes, []);
    fact.attributes = vec![(b"user.color".to_vec(), b"red".to_vec())];
    assert_same(&found, &wanted, "all else");
}

#[test]
fn attributes_come_from_the_damaged_file_or_another_version() {
    for is_lost in [false, true] {
        let rig = Rig::new();
        let (own, wanted) = dressed(&rig);
        if is_lost {
            fs::write(rig.source.join("one"), "another content").unwrap();
            rig.back_up();
            fs::remove_file(own).unwrap();
        } else {
            flip(&own);
        }
        let (path, report, taken) = bring_back(&rig, "one", false);
        assert_eq!((report.problems, taken), (vec![], 1));
        assert_same(&tree(&path), &wanted, "the file");
    }
}

#[test]
fn what_is_known_to_be_damaged_is_not_read() {
    let rig = Rig::new();
    write_twins(&rig.source, "one", "other");
    let name = rig.back_up().snapshot;
    let stored = rig.stored(&name);
    fs::remove_file(stored.join("one")).unwrap();
    let line = json!({
        "hash": blake3::hash(b"the same content").to_hex().as_str(),
        "snapshot": name, "path": rig.path_of("other").encode(),
        "inode": stored.join("other").metadata().unwrap().ino(),
        "seen": "2026-11-20T10:00:00Z", "state": "unreadable",
    });
    fs::write(rig.repository.join("damage.jsonl"), format!("{line}\n")).unwrap();
    let (_, report, taken) = bring_back(&rig, "one", false);
    let lost = (rig.path_of("one"), Reason::StoredMissing);
    assert_eq!((report.problems, taken), (vec![lost], 0));
}

/// A person whose letter is stored twice, and the folder in which it is stored.
fn small() -> (Small, PathBuf) {
    let small = Small::new();
    write(&small.source.join("copy.txt"), "all is well\n");
    set_time(&small.source.join("copy.txt"), 1);
    let name = small.home.back_up();
    let stored = stored(&small.repository, &name, &small.source);
    (small, stored)
}

#[test]
fn what_the_drive_cannot_read_comes_from_another_copy() {
    if !trace::can_inject() {
        return;
    }
    let (small, stored) = small();
    let to = small.path().join("to");
    let (letter, to_arg) = (small.arg("letter.txt"), to.to_str().unwrap());
    let words = ["restore", "--to", to_arg, letter.as_str()];
    let unreadable = stored.join("letter.txt");
    let answer = trace::run_under(&small.home, "read:error=EIO:when=1+", Some(&unreadable), &words);
    answer.says(0, &["1 file was taken from another stored copy", "yore verify"]);
    assert_same(&tree(&to.join("letter.txt")), &tree(&small.source.join("letter.txt")), "it");
}

#[test]
fn a_restore_that_goes_on_keeps_what_it_took() {
    if !trace::can_inject() {
        return;
    }
    let (small, stored) = small();
    let wanted = tree(&small.source.join("letter.txt"));
    fs::remove_file(stored.join("letter.txt")).unwrap();
    fs::remove_file(small.source.join("letter.txt")).unwrap();
    let letter = small.arg("letter.txt");
    let words = ["restore", letter.as_str()];
    let answer = trace::run_under(&small.home, "syncfs:signal=SIGKILL:when=1", None, &words);
    assert_eq!(answer.code, None, "{answer:?}");
    // All that is left of it is what is staged.
    fs::remove_file(stored.join("copy.txt")).unwrap();
    let repository = Repository::open(&small.repository, None).unwrap();
    let scratch = small.path().join("scratch.sqlite");
    let history = History::open(repository, None, &scratch, &Monitor::new()).unwrap();
    let id = journals(&small).list().unwrap().pop().unwrap().id;
    let report = restore::resume(&history, &journals(&small), id, &Monitor::new()).unwrap();
    assert_eq!(report.problems, []);
    assert_same(&tree(&small.source.join("letter.txt")), &wanted, "the letter");
}

#[test]
fn a_drill_takes_nothing_from_elsewhere() {
    let (small, stored) = small();
    flip(&stored.join("letter.txt"));
    let told = small.home.json_of(3, ["verify", "--drill"]);
    assert_eq!((&told["files"], &told["came_back"]), (&json!(5), &json!(4)), "{told:#}");
    assert_eq!(told["failures"][0]["path"], small.arg("letter.txt").as_str());
}
