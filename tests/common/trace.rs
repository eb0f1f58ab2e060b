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

/// A command that runs `yore` under strace, which does something to its system calls, as a process that can be killed.
pub fn spawn_under(home: &Home, injection: &str, arguments: &[&str]) -> Command {
    let call = injection.split(':').next().unwrap();
    let mut command = home.command("strace");
    command
        .args(["-D", "-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={injection}"), env!("CARGO_BIN_EXE_yore")])
        .args(arguments);
    command
}

/// Runs `yore` with `arguments` and gives a line for each of its system calls that takes the name of a file.
pub fn calls_of_files(home: &Home, arguments: &[&str]) -> Vec<String> {
    calls(home, "%file", arguments)
}

/// The most often that one thread of `yore` makes each of its system calls, by the names of these.
pub fn counts(home: &Home, arguments: &[&str]) -> BTreeMap<String, usize> {
    let mut most: BTreeMap<String, usize> = BTreeMap::new();
    for ((name, _), count) in counts_by_thread(home, arguments) {
        let known = most.entry(name).or_default();
        *known = count.max(*known);
    }
    most
}

/// How often `yore` makes each system call, in all threads together, but for those in which they wait for each other.
pub fn totals(home: &Home, arguments: &[&str]) -> BTreeMap<String, usize> {
    let mut totals = BTreeMap::new();
    for ((name, _), count) in counts_by_thread(home, arguments) {
        *totals.entry(name).or_default() += count;
    }
    totals.remove("futex");
    totals
}

/// How often each thread makes each call.
fn counts_by_thread(home: &Home, arguments: &[&str]) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    // Unoptimised, the standard library asks that of each descriptor before it closes it.
    for line in calls(home, "all", arguments).iter().filter(|line| !line.contains("F_GETFD")) {
        let mut words = line.split_whitespace();
        let thread = words.next().unwrap_or_default().to_owned();
        let Some((name, _)) = words.next().and_then(|word| word.split_once('(')) else { continue };
        *counts.entry((name.to_owned(), thread)).or_default() += 1;
    }
    counts
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
