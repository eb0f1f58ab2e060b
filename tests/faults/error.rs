//! A system call of the program fails.

use super::Victim;
use crate::common::cli::Answer;
use crate::common::engine::Rig;
use crate::common::tree::{attributes, write};

/// What is wrong with how a run ended in which a call failed.
fn judge(victim: &Victim, answer: &Answer, added: usize) -> Option<&'static str> {
    let is_told = answer.err.contains("yore: ");
    match answer.code {
        Some(0) if added != 1 => Some("called backed up, but isn't"),
        Some(0) => None,
        Some(1) if answer.out.contains("is complete") => Some("failed, but called complete"),
        Some(1) if !is_told => Some("nothing was said"),
        Some(1) if !victim.stage_is_empty() => Some("a stage is left"),
        Some(1) => None,
        _ => Some("ended in an unknown way"),
    }
}

/// Runs with a call that fails: which, how, and at which of the calls of one thread.
fn fail(victim: &mut Victim, injection: &str, wrong: &mut Vec<String>) -> (Answer, usize) {
    victim.change();
    let before = victim.committed();
    let answer = victim.back_up_under(injection);
    let added = victim.check(&before, injection);
    let what = judge(victim, &answer, added).filter(|what| {
        // What is said is a write, too.
        *what != "nothing was said" || !injection.starts_with("write:")
    });
    wrong.extend(what.map(|what| format!("{injection}: {what}: {answer:?}")));
    victim.recovers(&before, injection);
    (answer, added)
}

#[track_caller]
fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn a_failed_call_is_never_called_backed_up() {
    let Some(mut victim) = Victim::new() else { return };
    let mut wrong = Vec::new();
    for call in ["write", "pwrite64", "linkat", "mkdirat", "symlinkat", "renameat2", "fsetxattr"] {
        for error in ["EIO", "ENOSPC", "EROFS"] {
            for when in ["1", "3", "9", "3+"] {
                fail(&mut victim, &format!("{call}:error={error}:when={when}"), &mut wrong);
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn a_failed_flush_discards_the_stage() {
    let Some(mut victim) = Victim::new() else { return };
    let mut wrong = Vec::new();
    for error in ["EIO", "ENOSPC", "EDQUOT"] {
        // The first is the probe's; from the second on it is the snapshot's own.
        for when in ["2", "1+"] {
            let injection = format!("syncfs:error={error}:when={when}");
            let (answer, added) = fail(&mut victim, &injection, &mut wrong);
            assert_eq!((answer.code, added), (Some(1), 0), "{injection}: {answer:?}");
        }
        for when in ["1", "2", "3", "1+"] {
            fail(&mut victim, &format!("fsync:error={error}:when={when}"), &mut wrong);
        }
    }
    assert_none(&wrong);
}

#[test]
fn attributes_that_do_not_fit_are_no_full_drive() {
    let rig = Rig::new();
    let path = rig.source.join("file");
    write(&path, "content");
    let none = rustix::fs::XattrFlags::empty();
    // As much as the file system takes; on the drive there is our own attribute besides.
    for size in [3_000, 500, 100, 30, 10] {
        let set = |number: u32| {
            let name = format!("user.{size}-{number}");
            rustix::fs::setxattr(&path, name, &vec![b'x'; size], none).is_ok()
        };
        (0..50).take_while(|number| set(*number)).count();
    }
    rig.back_up();
    let again = rig.back_up();
    assert_eq!((again.counts.linked, again.counts.copied), (1, 0));
    for at in [1, 2] {
        let (restored, report) = rig.restore(at);
        assert_eq!(report.problems, []);
        assert_eq!(attributes(&restored.join("file")), attributes(&path));
    }
}

#[test]
fn a_full_drive_is_called_so() {
    let Some(mut victim) = Victim::new() else { return };
    for (error, words) in [("ENOSPC", "is full"), ("EDQUOT", "quota"), ("EROFS", "only be read")] {
        let injection = format!("linkat:error={error}:when=2+");
        let (answer, added) = fail(&mut victim, &injection, &mut Vec::new());
        assert_eq!((answer.code, added), (Some(1), 0), "{error}: {answer:?}");
        assert!(answer.err.contains(words), "{error}: {answer:?}");
    }
}
