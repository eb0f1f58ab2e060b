//! Whole trees that are removed: every shape goes, nothing outside is touched, and what can't go is said.

mod bounds;
mod program;

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use rustix::fs::IFlags;
use rustix::io::Errno;
use yore::engine::dir::Dir;
use yore::engine::monitor::{Monitor, Phase};
use yore::engine::path::{EntryName, RelPath};
use yore::engine::remove::{Removal, remove_trees};

use crate::common::attribute;
use crate::common::bound::Bound;
use crate::common::busy::Busy;
use crate::common::drive::{KINDS, LoopDrive};
use crate::common::node;
use crate::common::place::{is_root, scratch, set_mode};
use crate::common::tree::{assert_same, facts, named, write};

/// Removes trees and says of each how that ended.
fn remove(paths: &[&Path], monitor: &Monitor) -> Vec<Removal> {
    let root = |path: &&Path| {
        let holder = Dir::open(path.parent().unwrap()).unwrap();
        (Arc::new(holder), EntryName::from_slice(path.file_name().unwrap().as_bytes()))
    };
    remove_trees(paths.iter().map(root).collect(), monitor)
}

/// Removes a tree that must be gone then.
#[track_caller]
fn must_go(path: &Path) {
    assert_eq!(remove(&[path], &Monitor::new()), [Removal::Gone]);
    assert!(path.symlink_metadata().is_err(), "{path:?} is still there");
}

fn stuck(path: &str, errno: Errno) -> Removal {
    Removal::Stuck { path: RelPath::parse(path.as_bytes()).unwrap(), errno }
}

/// Fills a folder with `count` empty files.
fn fill(folder: &Path, count: usize) {
    fs::create_dir_all(folder).unwrap();
    for number in 0..count {
        fs::File::create(folder.join(format!("file {number}"))).unwrap();
    }
}

#[test]
fn every_kind_of_entry_goes_and_nothing_outside_is_touched() {
    for kind in KINDS {
        let Some(drive) = LoopDrive::of_kind(kind) else { return };
        let (outside, tree) = (drive.path().join("outside"), drive.path().join("tree"));
        write(&outside.join("shared"), "precious");
        write(&outside.join("folder/file"), "not mine");
        attribute::set(&outside.join("shared"), "user.note", b"kept");
        set_mode(&outside.join("shared"), 0o400);
        node::set_mtime(&outside.join("shared"), 1_000_000_000, 123_456_700).unwrap();
        let before = facts(&outside);

        for name in [b"new\nline".as_slice(), b"\xff\xfe", b"..."] {
            write(&named(&tree, name).join("file"), "x");
            write(&named(&named(&tree, name), name), "x");
        }
        fs::hard_link(outside.join("shared"), tree.join("linked")).unwrap();
        symlink(outside.join("folder"), tree.join("to folder")).unwrap();
        symlink("../outside/shared", tree.join("to file")).unwrap();
        node::fifo(&tree.join("pipe"));
        node::socket(&tree.join("socket"));
        fs::create_dir(tree.join("empty")).unwrap();
        set_mode(&tree, 0o555);
        must_go(&tree);
        // The second name went, and with it a link; of the rest nothing may differ.
        assert_same(&facts(&outside), &before, kind);
    }
}

#[test]
fn what_is_no_folder_and_what_is_not_there_is_gone() {
    let folder = scratch();
    let [file, link, missing] = ["file", "link", "missing"].map(|name| folder.path().join(name));
    write(&file, "x");
    write(&folder.path().join("target/file"), "x");
    symlink("target", &link).unwrap();
    for path in [&file, &link, &missing] {
        must_go(path);
    }
    assert!(folder.path().join("target/file").exists());
}

#[test]
fn no_name_leads_out_of_the_folder() {
    let folder = scratch();
    write(&folder.path().join("holder/file"), "x");
    let holder = Arc::new(Dir::open(&folder.path().join("holder")).unwrap());
    for name in ["", ".", "..", "../holder", "/"] {
        let roots = vec![(Arc::clone(&holder), EntryName::from_slice(name.as_bytes()))];
        assert_eq!(remove_trees(roots, &Monitor::new()), [stuck("", Errno::INVAL)], "{name:?}");
    }
    assert!(folder.path().join("holder/file").exists());
}

#[test]
fn what_is_gone_is_counted_and_the_room_is_told() {
    let folder = scratch();
    let tree = folder.path().join("tree");
    fill(&tree.join("one"), 30);
    fill(&tree.join("two/three"), 12);
    let monitor = Monitor::new();
    assert_eq!(remove(&[&tree], &monitor), [Removal::Gone]);
    let progress = monitor.progress();
    assert_eq!((progress.phase, progress.done_entries), (Phase::Deleting, 46));
    assert!(progress.free_bytes > 0);
}

#[test]
fn a_folder_of_fifty_thousand_files_goes_in_two_halves() {
    for kind in KINDS {
        let Some(drive) = LoopDrive::sized(kind, 320) else { return };
        let tree = drive.path().join("tree");
        let count = if kind == "ext4" { 20_000 } else { 50_000 };
        fill(&tree.join("folder"), count);
        let monitor = Monitor::new();
        let removals = thread::scope(|scope| {
            scope.spawn(|| {
                while monitor.progress().done_entries < 100 {
                    thread::yield_now();
                }
                monitor.cancel().cancel();
            });
            remove(&[&tree], &monitor)
        });
        assert_eq!(removals, [Removal::Stopped], "{kind}");
        let left = fs::read_dir(tree.join("folder")).unwrap().count();
        assert!(left > 0 && left < count, "{kind}: {left}");
        assert_eq!(left as u64 + monitor.progress().done_entries, count as u64, "{kind}");
        must_go(&tree);
    }
}

#[test]
fn a_stop_before_the_first_entry_leaves_everything() {
    let folder = scratch();
    let tree = folder.path().join("tree");
    fill(&tree, 3);
    let monitor = Monitor::new();
    monitor.cancel().cancel();
    assert_eq!(remove(&[&tree, &tree], &monitor), [Removal::Stopped, Removal::Stopped]);
    assert_eq!(fs::read_dir(&tree).unwrap().count(), 3);
}

#[test]
fn a_tree_that_cannot_go_holds_up_no_other() {
    for kind in KINDS {
        let Some(drive) = LoopDrive::of_kind(kind) else { return };
        let [first, second, third] = ["1", "2", "3"].map(|name| drive.path().join(name));
        for tree in [&first, &second, &third] {
            fill(&tree.join("a/b"), 20);
            fill(&tree.join("c"), 20);
        }
        let held = second.join("a/b/file 7");
        attribute::change_flags(&held, IFlags::IMMUTABLE, IFlags::empty()).unwrap();
        assert_eq!(
            remove(&[&first, &second, &third], &Monitor::new()),
            [Removal::Gone, stuck("2/a/b/file 7", Errno::PERM), Removal::Gone],
            "{kind}"
        );
        // Of the tree itself nothing is left but the way to it.
        let left: Vec<_> = facts(&second).into_keys().collect();
        assert_eq!(left, ["", "a", "a/b", "a/b/file 7"].map(PathBuf::from), "{kind}");
        attribute::change_flags(&held, IFlags::empty(), IFlags::IMMUTABLE).unwrap();
        must_go(&second);
    }
}

#[test]
fn what_is_mounted_in_a_tree_is_not_entered() {
    let folder = scratch();
    let (outside, tree) = (folder.path().join("outside"), folder.path().join("tree"));
    write(&outside.join("file"), "precious");
    fill(&tree.join("a/inner"), 3);
    write(&tree.join("b/covered"), "x");
    set_mode(&outside, 0o555);
    let before = facts(&outside);
    {
        let Some(_folder) = Bound::to(&outside, &tree.join("a/inner")) else { return };
        assert_eq!(remove(&[&tree], &Monitor::new()), [stuck("tree/a/inner", Errno::XDEV)]);
        assert_same(&facts(&outside), &before, "a folder");
        assert!(!tree.join("b").exists(), "the rest goes");
    }
    write(&tree.join("covered"), "x");
    {
        let _file = Bound::to(&outside.join("file"), &tree.join("covered"));
        assert_eq!(remove(&[&tree], &Monitor::new()), [stuck("tree/covered", Errno::BUSY)]);
    }
    {
        let _top = Bound::to(&outside, &tree);
        assert_eq!(remove(&[&tree], &Monitor::new()), [stuck("tree", Errno::XDEV)]);
    }
    assert_same(&facts(&outside), &before, "a file, and the top");
    must_go(&tree);
}

#[test]
fn a_folder_in_which_files_are_made_meanwhile_is_given_up_or_gone() {
    let folder = scratch();
    let tree = folder.path().join("tree");
    fill(&tree.join("busy"), 200);
    let made = tree.join("busy");
    let busy = Busy::with(move |round| {
        let _ = fs::File::create(made.join(format!("made {round}")));
    });
    for _ in 0..20 {
        match remove(&[&tree], &Monitor::new()).as_slice() {
            [Removal::Gone] => fill(&tree.join("busy"), 200),
            [Removal::Stuck { path, errno: Errno::NOTEMPTY }] => {
                assert_eq!(*path, RelPath::parse(b"tree/busy").unwrap());
            }
            other => panic!("{other:?}"),
        }
    }
    drop(busy);
    must_go(&tree);
}

#[test]
fn a_file_keeps_its_mode_where_its_name_cannot_go() {
    if !is_root() {
        return;
    }
    let folder = scratch();
    let file = folder.path().join("tree/file");
    write(&file, "x");
    set_mode(&file, 0o000);
    attribute::change_flags(&file, IFlags::IMMUTABLE, IFlags::empty()).unwrap();
    let removals = remove(&[&folder.path().join("tree")], &Monitor::new());
    attribute::change_flags(&file, IFlags::empty(), IFlags::IMMUTABLE).unwrap();
    assert_eq!(removals, [stuck("tree/file", Errno::PERM)]);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o7777, 0);
}
