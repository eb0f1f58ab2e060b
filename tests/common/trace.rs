//! The program run under strace, which makes a system call of it fail.

use std::path::Path;
use std::process::Command;

use super::cli::{Answer, Home};
use super::place::{has_program, skip};

/// Whether strace is here and may trace.
pub fn can_inject() -> bool {
    if !has_program("strace") {
        return false;
    }
    let traced = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    let can = traced.is_ok_and(|output| output.status.success());
    if !can {
        skip("strace may not trace");
    }
    can
}

/// Runs a backup in which strace does something to some of its system calls, as
/// `read:error=EIO:when=1+` says; only to those that are about `path`, if there is one.
pub fn back_up_under(home: &Home, injection: &str, path: Option<&Path>) -> Answer {
    let call = injection.split(':').next().unwrap();
    let trace = format!("trace={call}");
    let inject = format!("inject={injection}");
    let mut words = vec!["strace", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
    if let Some(path) = path {
        words.extend(["-P", path.to_str().unwrap()]);
    }
    home.run_under(&words, ["backup"])
}

/// Runs `yore` with `arguments` and gives a line for each of its system calls that takes the name of a file.
pub fn calls_of_files(home: &Home, arguments: &[&str]) -> Vec<String> {
    let log = home.path().join("trace");
    let words = ["strace", "-f", "-qq", "-e", "trace=%file", "-o", log.to_str().unwrap()];
    let answer = home.run_under(&words, arguments);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    std::fs::read_to_string(&log).unwrap().lines().map(str::to_owned).collect()
}
