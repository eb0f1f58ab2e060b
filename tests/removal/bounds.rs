//! Shapes that no descriptor or stack is enough for, and folders that their owner may not enter.

use std::fs;
use std::os::unix::fs::lchown;
use std::path::Path;
use std::process::Command;

use super::program::{remove_as_nobody, remove_with_few_descriptors};
use super::{fill, must_go};
use crate::common::chain;
use crate::common::cli::NOBODY;
use crate::common::drive::{KINDS, LoopDrive, must};
use crate::common::place::{has_program, is_root, scratch, set_mode};
use crate::common::tree::write;

#[test]
fn a_tree_deeper_than_a_path_can_say_goes_with_few_descriptors() {
    for kind in KINDS {
        let Some(drive) = LoopDrive::of_kind(kind) else { return };
        let tree = drive.path().join("tree");
        fs::create_dir(&tree).unwrap();
        chain::make(&tree, b"deep", 1_500, b"leaf");
        let said = remove_with_few_descriptors(&tree);
        assert!(said.contains("[Gone]"), "{kind}: {said}");
        assert!(!tree.exists());
    }
}

#[test]
fn a_deep_tree_with_siblings_at_every_level_goes_with_few_descriptors() {
    if !has_program("prlimit") {
        return;
    }
    let folder = scratch();
    let tree = folder.path().join("tree");
    let mut path = tree.clone();
    for _ in 0..300 {
        for sibling in ["b", "c", "z"] {
            write(&path.join(sibling).join("file"), "x");
        }
        path.push("m");
    }
    let said = remove_with_few_descriptors(&tree);
    assert!(said.contains("[Gone]"), "{said}");
    assert!(!tree.exists());
}

#[test]
fn a_thousand_siblings_with_folders_in_them_go_with_few_descriptors() {
    if !has_program("prlimit") {
        return;
    }
    let folder = scratch();
    let tree = folder.path().join("tree");
    for number in 0..1_000 {
        fs::create_dir_all(tree.join(format!("{number}/inner"))).unwrap();
    }
    let said = remove_with_few_descriptors(&tree);
    assert!(said.contains("[Gone]"), "{said}");
    assert!(!tree.exists());
}

#[test]
fn folders_that_their_owner_may_not_enter_go() {
    if !is_root() || !has_program("setpriv") {
        return;
    }
    let folder = scratch();
    let tree = folder.path().join("tree");
    for mode in [0o000, 0o100, 0o300, 0o444, 0o555] {
        let inner = tree.join(format!("{mode:o}"));
        fill(&inner.join("below"), 3);
        fill(&inner, 3);
        set_mode(&inner.join("below"), mode);
        set_mode(&inner, mode);
    }
    set_mode(&tree, 0o555);
    own(folder.path());
    let said = remove_as_nobody(&tree);
    assert!(said.contains("[Gone]"), "{said}");
    assert!(!tree.exists());
}

#[test]
fn what_belongs_to_somebody_else_is_told_and_the_rest_goes() {
    if !is_root() || !has_program("setpriv") {
        return;
    }
    let folder = scratch();
    let tree = folder.path().join("tree");
    for name in ["a", "b", "c"] {
        fill(&tree.join(name), 3);
    }
    own(folder.path());
    lchown(tree.join("b"), Some(0), Some(0)).unwrap();
    let said = remove_as_nobody(&tree);
    assert!(said.contains("Stuck { path: /tree/b/file"), "{said}");
    assert!(!tree.join("a").exists() && !tree.join("c").exists());
    assert_eq!(fs::read_dir(tree.join("b")).unwrap().count(), 3);
    must_go(&tree);
}

/// Gives a tree to a person without any privilege.
fn own(folder: &Path) {
    must(Command::new("chown").args(["-R", "-h", &format!("{NOBODY}:{NOBODY}")]).arg(folder));
}
