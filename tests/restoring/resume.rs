//! A restore that is killed: what is there is old or new at every moment, and it is gone on with or taken back.

use std::fs;
use std::path::Path;

use yore::engine::error::Error;
use yore::engine::history::History;
use yore::engine::monitor::Monitor;
use yore::engine::repository::Repository;
use yore::engine::restore::{self, JournalState};

use super::apply::journals;
use super::{plain, workspaces};
use crate::common::attribute;
use crate::common::place::set_mode;
use crate::common::protected::Protected;
use crate::common::small::Small;
use crate::common::trace;
use crate::common::tree::{Fact, Facts, assert_same, fact, facts, without_inodes, write};

const CALLS: [&str; 11] = [
    "openat",
    "mkdirat",
    "write",
    "fsync",
    "syncfs",
    "renameat",
    "renameat2",
    "fchmod",
    "utimensat",
    "unlinkat",
    "linkat",
];

const TIMES: [usize; 6] = [1, 2, 3, 5, 9, 20];

fn changed() -> (Small, Facts) {
    let small = Small::new();
    for number in 0..5 {
        write(&small.source.join(format!("many/{number}")), format!("old {number}"));
    }
    write(&small.source.join("photos/closed"), "old closed");
    attribute::set(&small.source.join("photos/closed"), "user.note", b"kept");
    set_mode(&small.source.join("photos/closed"), 0o444);
    fs::hard_link(small.source.join("many/1"), small.source.join("many/linked")).unwrap();
    small.home.back_up();
    let wanted = without_inodes(plain(facts(&small.source)));
    write(&small.source.join("letter.txt"), "things have changed\n");
    for number in 0..3 {
        write(&small.source.join(format!("many/{number}")), format!("new {number}"));
    }
    fs::remove_dir_all(small.source.join("photos")).unwrap();
    (small, wanted)
}

fn history(small: &Small) -> History {
    let repository = Repository::open(&small.repository, None).unwrap();
    let scratch = small.path().join("scratch.sqlite");
    History::open(repository, None, &scratch, &Monitor::new()).unwrap()
}

/// Every file has its old content or its new one.
#[track_caller]
fn is_whole(source: &Path, before: &Facts, wanted: &Facts, what: &str) {
    for (path, fact) in plain(facts(source)).into_iter().filter(|(_, fact)| fact.is_file()) {
        let is_in = |facts: &Facts| facts.get(&path).is_some_and(|f| f.content == fact.content);
        assert!(is_in(before) || is_in(wanted), "{what}: {path:?} is neither old nor new");
    }
    for (path, _) in before.iter().filter(|(_, fact)| fact.is_file()) {
        assert!(source.join(path).exists(), "{what}: {path:?} is gone");
    }
}

/// Kills a restore, and then goes on with it or takes it back; whether it was hit.
fn kill(call: &str, time: usize, without_flags: bool, is_undone: bool) -> bool {
    let (small, wanted) = changed();
    let before = plain(facts(&small.source));
    let source = small.arg("");
    let words = ["restore", "--on-conflict", "replace", source.as_str()];
    let injection = format!("{call}:signal=SIGKILL:when={time}");
    let what = format!("killed at {call} number {time}, without flags: {without_flags}");
    let answer = if without_flags {
        let inject = format!("inject={injection}");
        let trace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject];
        let plain = ["-e", "inject=renameat2:error=EINVAL"];
        small.home.run_under(&[&trace[..], &plain].concat(), words)
    } else {
        trace::run_under(&small.home, &injection, None, &words)
    };
    if answer.code.is_some() {
        assert_eq!(answer.code, Some(0), "{what}: {answer:?}");
        return false;
    }
    // Without them a folder or a file of several names may be gone for a moment, and is in the workspace then.
    if !without_flags {
        is_whole(&small.source, &before, &wanted, &what);
    }
    let journals = journals(&small);
    let Some(info) = journals.list().unwrap().pop() else {
        assert_same(&plain(facts(&small.source)), &before, &what);
        return true;
    };
    let monitor = Monitor::new();
    if is_undone {
        let undone = restore::undo(&journals, info.id, &monitor).unwrap();
        assert_eq!(undone.problems, [], "{what}");
        assert_same(&plain(facts(&small.source)), &before, &what);
        return true;
    }
    let report = restore::resume(&history(&small), &journals, info.id, &monitor).unwrap();
    assert_eq!(report.problems, [], "{what}");
    assert_same(&without_inodes(plain(facts(&small.source))), &wanted, &what);
    assert_eq!(workspaces(&small.source), report.kept, "{what}");
    if info.state != JournalState::Done {
        assert_eq!(restore::undo(&journals, info.id, &monitor).unwrap().problems, [], "{what}");
        assert_same(&plain(facts(&small.source)), &before, &what);
    }
    true
}

fn kill_at_all(without_flags: bool, is_undone: bool) -> usize {
    let mut hits = 0;
    for call in CALLS {
        for time in TIMES {
            if !kill(call, time, without_flags, is_undone) {
                break;
            }
            hits += 1;
        }
    }
    hits
}

#[test]
fn a_killed_restore_is_gone_on_with() {
    if trace::can_inject() {
        assert!(kill_at_all(false, false) > 20);
    }
}

#[test]
fn a_killed_restore_is_taken_back() {
    if trace::can_inject() {
        assert!(kill_at_all(false, true) > 20);
    }
}

#[test]
fn a_killed_restore_without_flags_of_renames_loses_nothing() {
    if trace::can_inject() {
        for call in ["renameat", "linkat", "unlinkat"] {
            for time in 1..=8 {
                for is_undone in [false, true] {
                    kill(call, time, true, is_undone);
                }
            }
        }
    }
}

#[test]
fn only_the_repository_it_took_from_is_gone_on_with() {
    if !trace::can_inject() {
        return;
    }
    let (small, _) = changed();
    let source = small.arg("");
    let words = ["restore", "--on-conflict", "replace", source.as_str()];
    trace::run_under(&small.home, "renameat2:signal=SIGKILL:when=1", None, &words);
    let (other, _) = changed();
    let journals = journals(&small);
    let id = journals.list().unwrap().pop().unwrap().id;
    let gone_on = restore::resume(&history(&other), &journals, id, &Monitor::new());
    assert!(matches!(gone_on, Err(Error::OtherRepository { .. })), "{gone_on:?}");
    let stranger = uuid::Uuid::new_v4();
    let unknown = restore::resume(&history(&small), &journals, stranger, &Monitor::new());
    assert!(matches!(unknown, Err(Error::NoSuchRestore(_))), "{unknown:?}");
}

#[test]
fn a_restore_that_a_person_stops_is_gone_on_with_or_taken_back() {
    if !trace::can_inject() {
        return;
    }
    let mut stopped = 0;
    for time in 1..=6 {
        for is_undone in [false, true] {
            let (small, wanted) = changed();
            let before = plain(facts(&small.source));
            let source = small.arg("");
            let words = ["restore", "--on-conflict", "replace", source.as_str()];
            let injection = format!("renameat2:signal=SIGINT:when={time}");
            let answer = trace::run_under(&small.home, &injection, None, &words);
            let what = format!("stopped at number {time}: {answer:?}");
            is_whole(&small.source, &before, &wanted, &what);
            let listed = small.home.json(["undo", "--list"])["restores"].clone();
            if listed == serde_json::json!([]) {
                assert_same(&plain(facts(&small.source)), &before, &what);
                continue;
            }
            let is_stopped = listed[0]["state"] == "interrupted";
            if is_stopped {
                answer.says(1, &["Stopped.", "“yore restore --resume” goes on"]);
                stopped += 1;
            }
            if !is_undone {
                if is_stopped {
                    small.home.run(["restore", "--resume"]).says(0, &[]);
                }
                assert_same(&without_inodes(plain(facts(&small.source))), &wanted, &what);
            }
            small.home.run(["undo"]).says(0, &[]);
            assert_same(&plain(facts(&small.source)), &before, &what);
        }
    }
    assert!(stopped > 4, "{stopped}");
}

#[test]
fn a_persons_restore_goes_on_with_what_is_read_only_and_has_attributes() {
    if !trace::can_inject() {
        return;
    }
    let Some(person) = Protected::of_person(&[]) else { return };
    let closed = person.source.join("closed");
    write(&closed, "old closed");
    person.home.own(&closed);
    attribute::set(&closed, "user.note", b"kept");
    set_mode(&closed, 0o444);
    let (name, wanted) = (person.back_up(), fact(&closed));
    fs::remove_file(&closed).unwrap();
    // All is staged when that is flushed.
    let words = ["restore", "--at", &name, closed.to_str().unwrap()];
    let answer = trace::run_under(&person.home, "syncfs:signal=SIGKILL:when=1", None, &words);
    assert_eq!(answer.code, None, "{answer:?}");
    assert!(!closed.exists());
    person.home.run(["restore", "--resume"]).says(0, &[]);
    let found = fact(&closed);
    assert_eq!(found, Fact { inode: found.inode, ..wanted });
}
