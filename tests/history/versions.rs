//! The versions of a path, and of a file that was moved.

use std::fs;

use yore::engine::error::Error;
use yore::engine::monitor::Monitor;

use crate::common::engine::Rig;
use crate::common::tree::write;

/// The versions of a path, newest first, as the path below the source and the snapshots.
fn versions(rig: &Rig, path: &str) -> Vec<(String, u64, u64)> {
    let versions = rig.history().versions(&rig.path_of(path)).unwrap();
    let below = |version: &yore::engine::history::Version| {
        let path = version.path.to_absolute();
        path.strip_prefix(&rig.source).unwrap().to_str().unwrap().to_owned()
    };
    versions.iter().map(|version| (below(version), version.first, version.last)).collect()
}

#[track_caller]
fn check(rig: &Rig, path: &str, wanted: &[(&str, u64, u64)]) {
    let wanted: Vec<_> =
        wanted.iter().map(|(path, first, last)| ((*path).to_owned(), *first, *last)).collect();
    assert_eq!(versions(rig, path), wanted, "{path}");
}

fn rename(rig: &Rig, from: &str, to: &str) {
    fs::create_dir_all(rig.source.join(to).parent().unwrap()).unwrap();
    fs::rename(rig.source.join(from), rig.source.join(to)).unwrap();
}

#[test]
fn a_file_is_followed_to_where_it_came_from_and_went() {
    let rig = Rig::new();
    write(&rig.source.join("stays"), "stays");
    write(&rig.source.join("a"), "first");
    rig.back_up();
    write(&rig.source.join("a"), "second");
    rig.back_up();
    rename(&rig, "a", "folder/b");
    rig.back_up();
    write(&rig.source.join("folder/b"), "third, longer");
    rig.back_up();
    rename(&rig, "folder", "other");
    rig.back_up();
    let all = [("other/b", 5, 5), ("folder/b", 4, 4), ("folder/b", 3, 3), ("a", 2, 2), ("a", 1, 1)];
    for rebuilt in [false, true] {
        if rebuilt {
            rig.writer(&Monitor::new()).unwrap().rebuild(&Monitor::new()).unwrap();
        }
        for path in ["a", "folder/b", "other/b"] {
            check(&rig, path, &all);
        }
        check(&rig, "stays", &[("stays", 1, 5)]);
        check(&rig, "folder", &[("folder", 3, 4)]);
    }
}

#[test]
fn what_proves_nothing_is_no_move() {
    let rig = Rig::new();
    for name in ["copied", "changed", "empty"] {
        write(&rig.source.join(name), if name == "empty" { "" } else { name });
    }
    rig.back_up();
    write(&rig.source.join("copy"), "copied");
    rename(&rig, "changed", "moved");
    write(&rig.source.join("moved"), "changed!");
    rename(&rig, "empty", "void");
    rig.back_up();
    fs::remove_file(rig.source.join("copied")).unwrap();
    rig.back_up();
    check(&rig, "copy", &[("copy", 2, 3)]);
    check(&rig, "copied", &[("copied", 1, 2)]);
    check(&rig, "moved", &[("moved", 2, 3)]);
    check(&rig, "void", &[("void", 2, 3)]);
    let never = rig.history().versions(&rig.path_of("never"));
    assert!(matches!(never, Err(Error::NeverSeen(_))), "{never:?}");
}

#[test]
fn names_that_were_exchanged_stay_where_they_were() {
    let rig = Rig::new();
    write(&rig.source.join("a"), "one");
    write(&rig.source.join("b"), "other");
    rig.back_up();
    rename(&rig, "a", "c");
    rename(&rig, "b", "a");
    rename(&rig, "c", "b");
    rig.back_up();
    check(&rig, "a", &[("a", 2, 2), ("a", 1, 1)]);
    check(&rig, "b", &[("b", 2, 2), ("b", 1, 1)]);
}

#[test]
fn equal_files_are_paired_one_to_one() {
    let rig = Rig::new();
    for path in ["old/a", "old/b", "old/z"] {
        write(&rig.source.join(path), "the same");
    }
    rig.back_up();
    for name in ["b", "z"] {
        rename(&rig, &format!("old/{name}"), &format!("new/{name}"));
    }
    rename(&rig, "old/a", "new/c");
    fs::remove_file(rig.source.join("new/z")).unwrap();
    rig.back_up();
    check(&rig, "new/b", &[("new/b", 2, 2), ("old/b", 1, 1)]);
    check(&rig, "old/b", &[("new/b", 2, 2), ("old/b", 1, 1)]);
    check(&rig, "new/c", &[("new/c", 2, 2), ("old/a", 1, 1)]);
    check(&rig, "old/z", &[("old/z", 1, 1)]);
}

#[test]
fn a_path_that_lived_twice_has_all_its_lives() {
    let rig = Rig::new();
    write(&rig.source.join("stays"), "stays");
    write(&rig.source.join("a"), "one");
    rig.back_up();
    rename(&rig, "a", "b");
    rig.back_up();
    rename(&rig, "b", "a");
    rig.back_up();
    fs::remove_file(rig.source.join("a")).unwrap();
    rig.back_up();
    write(&rig.source.join("a"), "another one");
    rig.back_up();
    check(&rig, "a", &[("a", 5, 5), ("a", 3, 3), ("a", 1, 1)]);
    check(&rig, "b", &[("a", 3, 3), ("b", 2, 2), ("a", 1, 1)]);
}

#[test]
fn a_move_is_still_proven_when_snapshots_between_are_gone() {
    let rig = Rig::new();
    write(&rig.source.join("a"), "one");
    rig.back_up();
    rename(&rig, "a", "b");
    let middle = rig.back_up().snapshot;
    rename(&rig, "b", "c");
    rig.back_up();
    check(&rig, "c", &[("c", 3, 3), ("b", 2, 2), ("a", 1, 1)]);
    fs::rename(rig.snapshot(&middle), rig.repository.join("trash").join(&middle)).unwrap();
    rig.recover();
    for rebuilt in [false, true] {
        if rebuilt {
            rig.writer(&Monitor::new()).unwrap().rebuild(&Monitor::new()).unwrap();
        }
        check(&rig, "c", &[("c", 3, 3), ("a", 1, 1)]);
    }
}
