//! An adoption that is killed is finished, by whoever comes next and may.

use std::fs;

use yore::engine::error::Error;
use yore::engine::monitor::{Event, Monitor};
use yore::engine::recover::Writer;
use yore::engine::repository::Repository;

use super::handover::{Estate, FORMER, assert_handed_over, capability, committed};
use crate::common::cli::{Home, NOBODY};
use crate::common::drive::copy_tree;
use crate::common::engine::listener;
use crate::common::trace::can_inject;
use crate::common::tree::Facts;

/// At which of which calls.
const KILLS: [(&str, &[usize]); 9] = [
    ("fchownat", &[1, 2, 5, 20, 45]),
    ("fchmod", &[1, 2, 3, 4, 5, 6]),
    ("fsetxattr", &[1]),
    ("fsync", &[1, 2, 3, 4, 5, 6, 7, 8]),
    ("syncfs", &[1]),
    ("renameat", &[1, 2, 3]),
    ("unlinkat", &[1, 2, 3, 4, 5]),
    ("write", &[1, 2, 3, 4]),
    ("openat2", &[1, 10, 40, 80]),
];

fn open_for_writing(estate: &Estate, euid: u32) -> (Result<Writer, Error>, Vec<Event>) {
    let (monitor, heard) = listener();
    let repository = Repository::open(&estate.repository, None).unwrap();
    let outcome = Writer::open(repository, euid, false, None, &monitor);
    let events = heard.lock().unwrap().clone();
    (outcome, events)
}

#[test]
fn it_is_finished_wherever_it_was_killed() {
    let Some(estate) = Estate::new().filter(|_| can_inject()) else { return };
    let (before, whole) = (committed(&estate.repository), estate.path().join("whole"));
    fs::rename(&estate.repository, &whole).unwrap();
    let (root, mut killed, mut open) = (Home::new(), 0, 0);
    for (call, times) in KILLS {
        for time in times {
            let what = format!("killed at {call} number {time}");
            copy_tree(&whole, &estate.repository);
            let inject = format!("inject={call}:signal=SIGKILL:when={time}");
            let trace = format!("trace={call}");
            let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
            let words = ["adopt", "--repository", estate.repository_arg(), "--for", "nobody"];
            let answer = root.run_under(&strace, words);
            killed += usize::from(answer.code.is_none());
            let is_begun = estate.repository.join("journal/adopt.json").exists();
            if is_begun {
                open += 1;
                assert_refused(&estate, &what);
                finish(&estate, &root, open, &what);
            } else {
                root.run(words).says(0, &["nobody"]);
            }
            assert_handed_over(&estate.repository, &of_copy(&estate, &before), &what);
            for name in &estate.names {
                let stored = crate::common::tree::stored(&estate.repository, name, &estate.source);
                assert!(capability(&stored.join("capable")).is_some(), "{what}");
            }
            let (writer, _) = open_for_writing(&estate, NOBODY);
            drop(writer.unwrap());
            fs::remove_dir_all(&estate.repository).unwrap();
        }
    }
    assert!(killed > 20 && open > 10, "{killed} killed, {open} of them while it was open");
}

/// The same facts with the inode numbers of the copy that was adopted.
fn of_copy(estate: &Estate, before: &Facts) -> Facts {
    let now = committed(&estate.repository);
    let mut facts = before.clone();
    for (path, fact) in &mut facts {
        fact.inode = now.get(path).map_or(0, |fact| fact.inode);
    }
    facts
}

/// Neither the former owner nor the heir may write as long as it is half done.
#[track_caller]
fn assert_refused(estate: &Estate, what: &str) {
    let is_done = super::marker(&estate.repository)["euid"] == NOBODY;
    for euid in [FORMER, NOBODY].into_iter().filter(|euid| !is_done || *euid == FORMER) {
        let (outcome, _) = open_for_writing(estate, euid);
        assert!(matches!(outcome, Err(Error::AdoptionUnfinished(_))), "{what}: {outcome:?}");
    }
    let answer = estate.former.run(["backup"]);
    assert_eq!(answer.code, Some(1), "{what}: {answer:?}");
    assert!(answer.err.contains("sudo yore adopt --repository"), "{what}: {answer:?}");
}

#[track_caller]
fn finish(estate: &Estate, root: &Home, round: usize, what: &str) {
    let words = ["adopt", "--repository", estate.repository_arg(), "--for", "nobody"];
    match round % 3 {
        0 => {
            let (outcome, events) = open_for_writing(estate, 0);
            let refused = matches!(outcome, Err(Error::OtherOwner { owner: NOBODY, .. }));
            assert!(refused, "{what}: {outcome:?}");
            assert_eq!(events, [Event::AdoptionFinished], "{what}");
        }
        // The journal knows for whom it was.
        1 => root.run(&words[..3]).says(0, &["nobody"]),
        _ => root.run(words).says(0, &["nobody"]),
    }
}

#[test]
fn a_stop_before_it_began_changes_nothing() {
    let Some(estate) = Estate::new() else { return };
    let before = committed(&estate.repository);
    let heir = yore::engine::repository::Identity {
        euid: NOBODY,
        user: "nobody".to_owned(),
        ..crate::common::engine::identity()
    };
    let user = nix::unistd::User::from_uid(NOBODY.into()).unwrap().unwrap();
    let heir = yore::engine::adopt::Heir::new(&heir, user.gid.as_raw());
    let monitor = Monitor::new();
    monitor.cancel().cancel();
    let open = || Repository::open(&estate.repository, None).unwrap();
    let stopped = yore::engine::adopt::adopt(open(), 0, &heir, &monitor);
    assert!(matches!(stopped, Err(Error::Cancelled)), "{stopped:?}");
    assert_eq!(committed(&estate.repository), before, "stopped before it began");
    estate.former.run(["backup"]).says(0, &["is complete"]);
}
