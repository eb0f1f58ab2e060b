//! A removal in a program of its own: this binary once more, with one test of it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use yore::engine::monitor::Monitor;

use super::remove;
use crate::common::drive::must;

/// Where the program finds what it is to remove; the test is nothing without.
const TREE: &str = "YORE_TEST_REMOVES";

/// Removes a tree by another program, which is started by `wrapper`, and gives what that said.
#[track_caller]
pub fn remove_under(wrapper: &[&str], tree: &Path) -> String {
    // The binary may lie where only its owner comes by.
    let folder = crate::common::place::scratch();
    let program = folder.path().join("program");
    must(Command::new("cp").arg("--").arg(std::env::current_exe().unwrap()).arg(&program));
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let test = ["--exact", "--nocapture", "removal::program::removes_if_told_to"];
    must(Command::new(wrapper[0]).args(&wrapper[1..]).arg(&program).args(test).env(TREE, tree))
}

#[test]
fn removes_if_told_to() {
    if let Some(tree) = std::env::var_os(TREE) {
        println!("{:?}", remove(&[Path::new(&tree)], &Monitor::new()));
    }
}
