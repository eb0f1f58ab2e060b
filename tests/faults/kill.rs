//! The program killed at one of its system calls.

use super::Victim;

/// Every call that changes something, and those that the program can hang in between.
const CALLS: [&str; 15] = [
    "openat",
    "write",
    "pwrite64",
    "linkat",
    "mkdirat",
    "symlinkat",
    "renameat",
    "renameat2",
    "fsetxattr",
    "fchmod",
    "utimensat",
    "fsync",
    "fdatasync",
    "syncfs",
    "unlinkat",
];

/// At which of the calls of one thread.
const TIMES: [usize; 7] = [1, 2, 3, 7, 20, 50, 120];

/// Kills a backup at the given times of one call; gives how often it was hit.
fn kill_at(victim: &mut Victim, call: &str) -> usize {
    let mut hits = 0;
    for time in TIMES {
        victim.change();
        let before = victim.committed();
        let what = format!("killed at {call} number {time}");
        let answer = victim.back_up_under(&format!("{call}:signal=SIGKILL:when={time}"));
        if answer.code.is_some() {
            assert_eq!(answer.code, Some(0), "{what}: {answer:?}");
            break;
        }
        hits += 1;
        victim.check(&before, &what);
        assert!(!answer.out.contains("is complete"), "{what}: {answer:?}");
        victim.recovers(&before, &what);
    }
    hits
}

#[test]
fn a_killed_run_costs_nothing_but_itself() {
    let Some(mut victim) = Victim::new() else { return };
    let hits: Vec<usize> = CALLS.iter().map(|call| kill_at(&mut victim, call)).collect();
    // The C library decides under which of their names some are called.
    let never: Vec<_> =
        CALLS.iter().zip(&hits).filter(|(_, hits)| **hits == 0).map(|(call, _)| *call).collect();
    let wanted = [
        "openat",
        "write",
        "linkat",
        "mkdirat",
        "renameat2",
        "fsetxattr",
        "fchmod",
        "fsync",
        "syncfs",
    ];
    assert!(wanted.iter().all(|call| !never.contains(call)), "never called: {never:?}");
    assert!(hits.iter().sum::<usize>() >= 30, "{hits:?}");
}
