//! A removal in a program of its own: this binary once more, with one test of it.

use std::path::Path;
use std::process::Command;

use yore::engine::monitor::Monitor;

use super::remove;
use crate::common::cli::NOBODY;
use crate::common::drive::must;
use crate::common::place::{copy_this_program, scratch};

/// Where the program finds what it is to remove; the test is nothing without.
const TREE: &str = "YORE_TEST_REMOVES";

/// Removes a tree with far fewer descriptors than it is deep or wide, but enough for eight threads.
#[track_caller]
pub fn remove_with_few_descriptors(tree: &Path) -> String {
    let program = std::env::current_exe().unwrap();
    remove_by(Command::new("prlimit").arg("--nofile=192").arg(program), tree)
}

/// Removes a tree as a person without any privilege.
#[track_caller]
pub fn remove_as_nobody(tree: &Path) -> String {
    let folder = scratch();
    let program = copy_this_program(folder.path());
    let user = NOBODY.to_string();
    let person = ["--clear-groups", "--reuid", &user, "--regid", &user];
    remove_by(Command::new("setpriv").args(person).arg(&program), tree)
}

#[track_caller]
fn remove_by(command: &mut Command, tree: &Path) -> String {
    let test = ["--exact", "--nocapture", "removal::program::removes_if_told_to"];
    must(command.args(test).env(TREE, tree))
}

#[test]
fn removes_if_told_to() {
    if let Some(tree) = std::env::var_os(TREE) {
        println!("{:?}", remove(&[Path::new(&tree)], &Monitor::new()));
    }
}
