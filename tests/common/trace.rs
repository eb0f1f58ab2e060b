//! The program run under strace, which makes a system call of it fail.

use std::collections::BTreeMap;
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
    run_under(home, injection, path, &["backup"])
}

/// As [`back_up_under`], of any command.
pub fn run_under(home: &Home, injection: &str, path: Option<&Path>, arguments: &[&str]) -> Answer {
    let call = injection.split(':').next().unwrap();
    let trace = format!("trace={call}");
    let inject = format!("inject={injection}");
    let mut words = vec!["strace", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
    if let Some(path) = path {
        words.extend(["-P", path.to_str().unwrap()]);
    }
    home.run_under(&words, arguments)
}

/// Runs `yore` with `arguments` and gives a line for each of its system calls that takes the name of a file.
pub fn calls_of_files(home: &Home, arguments: &[&str]) -> Vec<String> {
    calls(home, "%file", arguments)
}

/// The most often that one thread of `yore` makes each of its system calls, by the names of these.
pub fn counts(home: &Home, arguments: &[&str]) -> BTreeMap<String, usize> {
    let mut by_thread: BTreeMap<(String, String), usize> = BTreeMap::new();
    for line in calls(home, "all", arguments) {
        let mut words = line.split_whitespace();
        let thread = words.next().unwrap_or_default().to_owned();
        let Some((name, _)) = words.next().and_then(|word| word.split_once('(')) else { continue };
        *by_thread.entry((name.to_owned(), thread)).or_default() += 1;
    }
    let mut most: BTreeMap<String, usize> = BTreeMap::new();
    for ((name, _), count) in by_thread {
        let known = most.entry(name).or_default();
        *known = count.max(*known);
    }
    most
}

/// Runs `yore` and gives a line for each of its system calls of this class.
fn calls(home: &Home, class: &str, arguments: &[&str]) -> Vec<String> {
    let log = home.path().join("trace");
    let class = format!("trace={class}");
    let words = ["strace", "-f", "-qq", "-e", &class, "-o", log.to_str().unwrap()];
    let answer = home.run_under(&words, arguments);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    std::fs::read_to_string(&log).unwrap().lines().map(str::to_owned).collect()
}
