//! Bringing back that is killed, or whose drive fails: nothing but what was wrong changes, and the next one ends it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus};

use yore::engine::error::Error;
use yore::engine::mend::bring_back;
use yore::engine::monitor::{Event, Monitor};
use yore::engine::path::RelPath;
use yore::engine::recover::Writer;
use yore::engine::repository::Repository;
use yore::engine::verify::{Aspect, Fault, TreeFault};

use super::Past;
use super::crashed::{impatient, journal};
use super::trees::{KEPT, furnish, past, put_back, remove, verified};
use crate::common::attribute;
use crate::common::drive::LoopDrive;
use crate::common::engine::{Rig, identity};
use crate::common::place::set_mode;
use crate::common::trace::can_inject;
use crate::common::tree::{Facts, assert_same, without_inodes};

/// Names the repository whose trees the child puts right.
const REPOSITORY: &str = "YORE_TEST_BRINGS_BACK";

/// Where the source lies in it.
const SOURCE: &str = "YORE_TEST_SOURCE";

/// The calls by which something is changed: the child is killed at each of them.
const CALLS: [&str; 14] = [
    "fchmod",
    "fchown",
    "fremovexattr",
    "fsetxattr",
    "fsync",
    "linkat",
    "mkdirat",
    "renameat",
    "renameat2",
    "symlinkat",
    "syncfs",
    "unlinkat",
    "utimensat",
    "write",
];

/// More often the child does none of them.
const MOST: usize = 60;

/// What the child puts back: see [`spoil`].
fn faults(names: &[String], source: &Path) -> Vec<TreeFault> {
    let fault = |below: &str, fault: Fault, snapshots: &[String]| TreeFault {
        path: RelPath::from_absolute(&source.join(below)).unwrap(),
        fault,
        snapshots: snapshots.to_vec(),
    };
    vec![
        fault("gone", Fault::Lost, &names[2..]),
        fault(KEPT, Fault::Lost, &names[1..2]),
        fault("other", Fault::Altered(vec![Aspect::Mode]), names),
        fault("gone/link", Fault::Lost, &names[..2]),
        fault("gone/hollow", Fault::Altered(vec![Aspect::Mode]), &names[..1]),
    ]
}

/// Loses and alters something in each snapshot.
fn spoil(past: &Past) {
    remove(&past.stored(1, KEPT));
    remove(&past.stored(2, "gone"));
    set_mode(&past.stored(0, "other"), 0o604);
    remove(&past.stored(0, "gone/link"));
    remove(&past.stored(1, "gone/link"));
    set_mode(&past.stored(0, "gone/hollow"), 0o777);
    attribute::set(&past.stored(0, "gone/hollow"), "user.colour", b"red");
}

/// Not a test of its own: what is killed by the others.
#[test]
fn child() {
    let (Some(path), Some(source)) = (std::env::var_os(REPOSITORY), std::env::var_os(SOURCE))
    else {
        return;
    };
    let repository = Repository::open(Path::new(&path), None).unwrap();
    let monitor = Monitor::new();
    let mut names: Vec<String> = fs::read_dir(Path::new(&path).join("snapshots"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut writer = Writer::open(repository, identity().euid, false, None, &monitor).unwrap();
    bring_back(&mut writer, &faults(&names, Path::new(&source)), &monitor).unwrap();
}

/// Brings back by a process of its own, to which strace does something.
fn bring_back_under(past: &Past, injection: &str) -> ExitStatus {
    let call = injection.split(':').next().unwrap();
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null"]);
    command.args(["-e", &format!("trace={call}"), "-e", &format!("inject={injection}")]);
    command.arg(std::env::current_exe().unwrap());
    command.args(["--exact", "mending::halfway::child", "--test-threads=1"]);
    command.env(REPOSITORY, &past.rig.repository).env(SOURCE, &past.rig.source);
    command.output().unwrap().status
}

/// Fails unless what is there was there before, and has the content that it had: only what was spoilt may be another.
#[track_caller]
fn check_untouched(past: &Past, before: &[Facts], what: &str) {
    for (now, then) in past.stored_facts().iter().zip(before) {
        for (path, fact) in now {
            let was = then.get(path).unwrap_or_else(|| panic!("{what}: {path:?} is new"));
            assert_eq!(fact.content, was.content, "{what}: {path:?}");
            let is_file = fact.is_file() && !path.ends_with("other");
            assert!(!is_file || fact.mode == was.mode, "{what}: {path:?}");
        }
    }
}

/// Fails unless the next opening and the next bringing back make all as it was.
#[track_caller]
fn check(past: &Past, before: &[Facts], what: &str) {
    check_untouched(past, before, what);
    past.rig.recover();
    past.assert_tidy();
    check_untouched(past, before, what);
    put_back(past, &verified(past).faults);
    let again = verified(past);
    assert!(again.is_good(), "{what}: {again:#?}");
    assert!(past.damage().is_empty(), "{what}");
    for (now, then) in past.stored_facts().into_iter().zip(before) {
        assert_same(&without_inodes(now), &without_inodes(then.clone()), what);
    }
}

#[test]
fn a_kill_at_any_call_leaves_nothing_that_the_next_does_not_end() {
    if !can_inject() {
        return;
    }
    let past = past();
    let before = past.stored_facts();
    let mut hits: BTreeMap<&str, usize> = BTreeMap::new();
    for call in CALLS {
        for time in 1..=MOST {
            spoil(&past);
            let status = bring_back_under(&past, &format!("{call}:signal=SIGKILL:when={time}"));
            let was_killed = status.signal().is_some() || status.code() == Some(137);
            assert!(was_killed || status.success(), "{call} {time}: {status:?}");
            *hits.entry(call).or_default() += usize::from(was_killed);
            check(&past, &before, &format!("killed at {call} number {time}"));
            if !was_killed {
                break;
            }
            assert!(time < MOST, "{call} is called more often");
        }
    }
    assert!(hits.values().all(|hits| *hits > 0), "{hits:?}");
}

#[test]
fn a_stop_while_readers_are_waited_for_changes_nothing() {
    let past = past();
    spoil(&past);
    let spoilt = past.stored_facts();
    let faults = verified(&past).faults;
    let reader = past.rig.open().unwrap();
    let lock = reader.lock_for_reading().unwrap();
    let monitor = impatient();
    let mut writer = past.rig.writer(&Monitor::new()).unwrap();
    let stopped = bring_back(&mut writer, &faults, &monitor);
    assert!(matches!(stopped, Err(Error::Cancelled)), "{stopped:?}");
    drop((writer, lock));
    past.assert_tidy();
    assert_eq!(past.stored_facts(), spoilt);
    put_back(&past, &faults);
    assert!(verified(&past).is_good());
}

#[test]
fn a_drive_that_fails_meanwhile_costs_nothing_but_the_try() {
    if !can_inject() {
        return;
    }
    let past = past();
    let before = past.stored_facts();
    for injection in [
        "syncfs:error=EIO:when=1",
        "syncfs:error=EIO:when=2",
        "fsync:error=EIO:when=2",
        "fsync:error=EIO:when=4",
        "linkat:error=EMLINK:when=2",
        "linkat:error=EIO:when=1",
        "renameat2:error=EIO:when=1",
        "renameat:error=ENOSPC:when=3",
        "utimensat:error=EIO:when=9",
        "mkdirat:error=ENOSPC:when=3",
        "fchmod:error=EPERM:when=6",
        "write:error=ENOSPC:when=2",
    ] {
        spoil(&past);
        bring_back_under(&past, injection);
        check(&past, &before, injection);
    }
}

#[test]
fn a_power_cut_leaves_nothing_that_the_next_does_not_end() {
    if !can_inject() {
        return;
    }
    let Some(drive) = LoopDrive::sized("ext4", 64) else { return };
    let rig = Rig::on(drive.path(), None);
    furnish(&rig);
    let past = Past::of(rig, 3);
    let before = past.stored_facts();
    for at in [
        "syncfs:when=1",
        "syncfs:when=2",
        "fsync:when=2",
        "fsync:when=4",
        "renameat2:when=1",
        "renameat2:when=2",
        "renameat:when=4",
        "unlinkat:when=2",
    ] {
        let (call, when) = at.split_once(':').unwrap();
        spoil(&past);
        rustix::fs::syncfs(fs::File::open(drive.path()).unwrap()).unwrap();
        bring_back_under(&past, &format!("{call}:signal=SIGKILL:{when}"));
        drive.cut_power();
        check(&past, &before, &format!("power cut at {at}"));
    }
    // What was said to be put back is.
    spoil(&past);
    put_back(&past, &verified(&past).faults);
    drive.cut_power();
    assert!(verified(&past).is_good());
}

#[test]
fn a_journal_of_entries_gives_folders_back_their_time_and_no_other_mode() {
    let past = past();
    let before = past.stored_facts();
    let folder = past.stored(1, "locked/deep");
    let is_then = |facts: &[Facts]| {
        let path = folder.strip_prefix(past.rig.snapshot(&past.names[1])).unwrap();
        let (now, then) = (&facts[1][path], &before[1][path]);
        (now.mode == then.mode, now.mtime == then.mtime)
    };
    let meta = folder.metadata().unwrap();
    let line = |mode: u32| {
        use std::os::unix::fs::MetadataExt as _;
        let hash = "ab".repeat(32);
        let path = past.rig.path_of(KEPT).encode();
        let (sec, nsec) = (meta.mtime(), meta.mtime_nsec());
        format!(
            "{{\"hash\":\"{hash}\",\"inode\":0,\"staged\":1,\"path\":\"snapshots/{}/files/{path}\",\
             \"mtime\":[{sec},{nsec}],\"mode\":{mode}}}\n",
            past.names[1]
        )
    };
    // As a cut leaves it: writable, with another time, and the name gone.
    for (mode, is_put_back) in [(0o555, true), (0o4777, false)] {
        remove(&past.stored(1, KEPT));
        set_mode(&folder, 0o755);
        fs::write(journal(&past), line(mode)).unwrap();
        assert_eq!(past.rig.recover(), [Event::MendingFinished]);
        past.assert_tidy();
        assert!(past.damage().is_empty());
        assert_eq!(is_then(&past.stored_facts()), (is_put_back, is_put_back), "{mode:o}");
        put_back(&past, &verified(&past).faults);
        assert!(verified(&past).is_good());
    }
}
