//! How often the program reads each stored content, stopped or not, and what it says of one that can't be read.

use std::collections::HashSet;
use std::fs;

use crate::common::place::has_program;
use crate::common::small::Small;
use crate::common::trace::{can_inject, run_under};
use crate::common::tree::write;

/// Runs `yore verify` under strace; gives the exit code and how often a stored content was read to its end.
fn reads(small: &Small, injection: &[&str]) -> (Option<i32>, usize) {
    let log = small.path().join("trace");
    let mut words = vec!["strace", "-f", "-y", "-qq", "-e", "trace=read,fadvise64"];
    words.extend(injection);
    words.extend(["-o", log.to_str().unwrap()]);
    let answer = small.home.run_under(&words, ["verify"]);
    (answer.code, ends(&fs::read_to_string(&log).unwrap()))
}

/// How many calls in the log met the end of a stored file. Where another thread's call came in between, one is told in two lines.
fn ends(log: &str) -> usize {
    let (mut cut, mut count) = (HashSet::new(), 0);
    for line in log.lines() {
        let (thread, call) = line.split_once(' ').unwrap();
        let is_stored = call.trim_start().starts_with("read(") && call.contains("/files/");
        if is_stored && call.ends_with("<unfinished ...>") {
            cut.insert(thread);
        } else if is_stored || (call.contains("<... read resumed>") && cut.remove(thread)) {
            count += usize::from(call.ends_with("= 0"));
        }
    }
    count
}

/// A home with 200 files in two snapshots.
fn many() -> Small {
    let small = Small::new();
    for number in 0..196 {
        write(&small.source.join(format!("many/{number}")), format!("{number}"));
    }
    small.home.back_up();
    small.home.back_up();
    small
}

#[test]
fn each_content_is_read_once() {
    if !has_program("strace") || !can_inject() {
        return;
    }
    assert_eq!(reads(&many(), &[]), (Some(0), 200));
}

#[test]
fn a_stopped_pass_goes_on_and_reads_nothing_twice() {
    if !can_inject() {
        return;
    }
    let small = many();
    let (code, first) = reads(&small, &["-e", "inject=fadvise64:signal=SIGINT:when=60"]);
    assert_eq!(code, Some(1));
    let (code, second) = reads(&small, &[]);
    assert_eq!(code, Some(0));
    assert!(first > 0 && second > 0, "{first} and {second}");
    assert_eq!(first + second, 200);
    assert_eq!(reads(&small, &[]), (Some(0), 200), "the next pass is a new one");
}

#[test]
fn a_killed_pass_costs_nothing_but_itself() {
    if !can_inject() {
        return;
    }
    let small = many();
    let (code, _) = reads(&small, &["-e", "inject=fadvise64:signal=SIGKILL:when=60"]);
    assert_ne!(code, Some(0));
    assert_eq!(reads(&small, &[]).0, Some(0));
}

#[test]
fn what_the_drive_cannot_read_is_named() {
    if !can_inject() {
        return;
    }
    let small = Small::new();
    let name = small.home.back_up();
    let stored = crate::common::tree::stored(&small.repository, &name, &small.source);
    let letter = stored.join("letter.txt");
    let words = ["--json", "verify", "--no-mend"];
    let answer = run_under(&small.home, "read:error=EIO:when=1+", Some(&letter), &words);
    assert_eq!(answer.code, Some(3), "{answer:?}");
    let told = answer.json();
    assert_eq!(told["damaged"][0]["state"], "unreadable", "{told:#}");
    assert_eq!(told["damaged"][0]["path"], small.arg("letter.txt").as_str());
    assert_eq!(told["damaged"].as_array().unwrap().len(), 1);
}
