//! A mending that is killed or stopped: each name has the old or the new inode, and the next opening makes all of them
//! have the new one, or all the old.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex, OnceLock};

use yore::engine::damage::{Damage, DamageState, DamagedFile};
use yore::engine::error::Error;
use yore::engine::mend::{Rot, mend};
use yore::engine::monitor::{Cancel, Event, Monitor};
use yore::engine::recover::Writer;
use yore::engine::repository::Repository;

use super::mended::furnish;
use super::{Past, flip};
use crate::common::drive::LoopDrive;
use crate::common::engine::{Rig, identity};
use crate::common::trace::can_inject;
use crate::common::tree::{Facts, facts};

pub(super) const KEPT: &str = "locked/deep/kept";

/// Names the repository that the child mends.
const REPOSITORY: &str = "YORE_TEST_MENDS";

/// The calls by which something is changed, and how often at most one thread is killed at each.
const CALLS: [(&str, usize); 12] = [
    ("fchmod", 4),
    ("fsetxattr", 3),
    ("fsync", 8),
    ("linkat", 3),
    ("mkdirat", 3),
    ("openat2", 12),
    ("renameat", 6),
    ("syncfs", 3),
    ("unlinkat", 8),
    ("utimensat", 4),
    ("write", 9),
    ("statx", 60),
];

/// Stops as soon as a reader is waited for.
pub(super) fn impatient() -> Monitor {
    let switch = Arc::new(OnceLock::<Cancel>::new());
    let cancel = Arc::clone(&switch);
    let monitor = Monitor::with_listener(move |event| {
        if *event == Event::MendingWaits {
            cancel.get().unwrap().cancel();
        }
    });
    switch.set(monitor.cancel().clone()).unwrap();
    monitor
}

/// A journal and a staged file, with nothing renamed yet: a reader was waited for until a stop.
pub(super) fn interrupted(past: &Past, rots: Vec<Rot>) {
    let reader = past.rig.open().unwrap();
    let _lock = reader.lock_for_reading().unwrap();
    let monitor = impatient();
    let mut writer = past.rig.writer(&Monitor::new()).unwrap();
    let stopped = mend(&mut writer, rots, &monitor);
    assert!(matches!(stopped, Err(Error::Cancelled)), "{stopped:?}");
    drop(writer);
    assert!(journal(past).exists());
}

pub(super) fn journal(past: &Past) -> PathBuf {
    past.rig.repository.join("journal/mend.jsonl")
}

pub(super) fn past() -> Past {
    let rig = Rig::new();
    furnish(&rig);
    Past::of(rig, 3)
}

pub(super) fn inodes(past: &Past) -> Vec<u64> {
    (0..past.names.len()).map(|at| past.inode(at, KEPT)).collect()
}

#[test]
fn what_waited_for_readers_waits_on_and_is_then_finished() {
    let past = past();
    let before = past.stored_facts();
    let rot = past.flip(0, KEPT);
    let lock = past.rig.open().unwrap().lock_for_reading().unwrap();
    interrupted(&past, vec![rot.clone()]);
    assert!(past.damage().is_damaged(rot.hash, rot.inode));
    // Someone is reading: a backup goes on without it, and what is staged is left alone.
    assert_eq!(past.rig.recover(), []);
    let made = past.rig.back_up();
    assert_eq!(inodes(&past), [rot.inode; 3]);
    assert_ne!(past.rig.stored(&made.snapshot).join(KEPT).metadata().unwrap().ino(), rot.inode);
    drop(lock);
    assert_eq!(past.rig.recover(), [Event::MendingFinished]);
    past.assert_mended(&before, &[KEPT], "finished");
    assert!(past.damage().is_empty());
    past.assert_tidy();
    assert_eq!(past.rig.recover(), []);
}

#[test]
fn a_mending_waits_for_readers_itself() {
    let past = past();
    let rot = past.flip(0, KEPT);
    let reader = past.rig.open().unwrap();
    let lock = Mutex::new(reader.lock_for_reading().unwrap());
    let stored = past.stored(0, KEPT);
    let was_old = Arc::new(OnceLock::new());
    let seen = Arc::clone(&was_old);
    let monitor = Monitor::with_listener(move |event| {
        if *event == Event::MendingWaits {
            seen.set(stored.metadata().unwrap().ino()).unwrap();
            lock.lock().unwrap().take();
        }
    });
    let mut writer = past.rig.writer(&Monitor::new()).unwrap();
    assert!(mend(&mut writer, vec![rot.clone()], &monitor).unwrap()[0].mended_from.is_some());
    assert_eq!(was_old.get(), Some(&rot.inode));
}

#[test]
fn it_goes_on_from_a_name_that_has_the_new_inode() {
    let past = past();
    let before = past.stored_facts();
    let rot = past.flip(0, KEPT);
    interrupted(&past, vec![rot]);
    let staged = past.rig.repository.join("stage/mend/1");
    let one = past.stored(1, KEPT);
    fs::remove_file(&one).unwrap();
    fs::rename(&staged, &one).unwrap();
    assert_eq!(past.rig.recover(), [Event::MendingFinished]);
    past.assert_mended(&before, &[KEPT], "from a name");
    past.assert_tidy();
}

#[test]
fn without_a_good_file_it_is_undone() {
    let past = past();
    let rot = past.flip(0, KEPT);
    let before = past.stored_facts();
    interrupted(&past, vec![rot.clone()]);
    flip(&past.rig.repository.join("stage/mend/1"));
    // A folder was made writable already, and its time is another.
    crate::common::place::set_mode(past.stored(2, KEPT).parent().unwrap(), 0o755);
    let folder = fs::File::open(past.stored(2, KEPT).parent().unwrap()).unwrap();
    folder.set_modified(std::time::SystemTime::now()).unwrap();
    past.rig.recover();
    assert_eq!(past.stored_facts(), before);
    assert!(past.damage().is_damaged(rot.hash, rot.inode));
    past.assert_tidy();
}

#[test]
fn a_stage_without_a_journal_is_removed() {
    let past = past();
    let stage = past.rig.repository.join("stage/mend");
    fs::create_dir(&stage).unwrap();
    fs::write(stage.join("1"), "half").unwrap();
    assert_eq!(past.rig.recover(), []);
    past.assert_tidy();
}

/// Not a test of its own: what is killed by the others.
#[test]
fn child() {
    let Some(path) = std::env::var_os(REPOSITORY) else { return };
    let repository = Repository::open(Path::new(&path), None).unwrap();
    let monitor = Monitor::new();
    let mut writer = Writer::open(repository, identity().euid, false, None, &monitor).unwrap();
    mend(&mut writer, Vec::new(), &monitor).unwrap();
}

/// Mends by a process of its own, to which strace does something.
fn mend_under(past: &Past, injection: Option<&str>) -> ExitStatus {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null"]);
    if let Some(injection) = injection {
        let call = injection.split(':').next().unwrap();
        command.args(["-e", &format!("trace={call}"), "-e", &format!("inject={injection}")]);
    }
    command.arg(std::env::current_exe().unwrap());
    command.args(["--exact", "mending::crashed::child", "--test-threads=1"]);
    command.env(REPOSITORY, &past.rig.repository);
    command.output().unwrap().status
}

/// Damages the file, and has it remembered, so that the child mends it.
fn remember(past: &Past) -> Rot {
    let rot = past.flip(0, KEPT);
    let file = DamagedFile {
        hash: rot.hash,
        snapshot: rot.snapshot.clone(),
        path: rot.path.clone(),
        inode: rot.inode,
        seen: jiff::Timestamp::now(),
        state: DamageState::Rotten,
    };
    let mut damage = Damage::default();
    damage.add(file);
    damage.write(&past.rig.open().unwrap()).unwrap();
    rot
}

/// Fails unless each name has the old inode or one that is good.
#[track_caller]
fn check_names(past: &Past, old: &Rot, what: &str) {
    let is_new = |path: &Path| blake3::hash(&fs::read(path).unwrap()).as_bytes() == &old.hash.0;
    for (at, inode) in inodes(past).into_iter().enumerate() {
        assert!(inode == old.inode || is_new(&past.stored(at, KEPT)), "{what}: neither");
    }
}

/// Fails unless each name has the old or the new inode, and all have one of them after an opening.
#[track_caller]
fn check(past: &Past, before: &[Facts], old: &Rot, what: &str) {
    check_names(past, old, what);
    past.rig.recover();
    let now = inodes(past);
    assert!(now.iter().all(|inode| *inode == now[0]), "{what}: {now:?}");
    past.assert_tidy();
    let is_old = now[0] == old.inode;
    assert_eq!(past.damage().is_damaged(old.hash, old.inode), is_old, "{what}");
    if is_old {
        assert!(past.mend(Vec::new())[0].mended_from.is_some(), "{what}");
    }
    assert!(past.damage().is_empty(), "{what}");
    past.assert_mended(before, &[KEPT], what);
}

#[test]
fn a_killed_mending_leaves_old_or_new_and_is_finished_by_the_next_opening() {
    if !can_inject() {
        return;
    }
    let past = past();
    let mut hits: BTreeMap<&str, usize> = BTreeMap::new();
    for (call, most) in CALLS {
        let step = if most > 20 { 7 } else { 1 };
        for time in (1..=most).step_by(step) {
            let before = past.stored_facts();
            let rot = remember(&past);
            let status = mend_under(&past, Some(&format!("{call}:signal=SIGKILL:when={time}")));
            let was_killed = status.signal().is_some() || status.code() == Some(137);
            assert!(was_killed || status.success(), "{call} {time}: {status:?}");
            *hits.entry(call).or_default() += usize::from(was_killed);
            check(&past, &before, &rot, &format!("killed at {call} number {time}"));
            if !was_killed {
                break;
            }
        }
    }
    assert!(hits.values().all(|hits| *hits > 0), "{hits:?}");
}

#[test]
fn a_drive_that_fails_meanwhile_leaves_old_or_new() {
    if !can_inject() {
        return;
    }
    let past = past();
    for injection in [
        "syncfs:error=EIO:when=1",
        "syncfs:error=EIO:when=2",
        "fsync:error=EIO:when=2",
        "fsync:error=EIO:when=4",
        "linkat:error=EIO:when=1",
        "linkat:error=ENOSPC:when=2",
        "renameat:error=EIO:when=3",
        "utimensat:error=EIO:when=2",
        "write:error=ENOSPC:when=3",
    ] {
        let before = past.stored_facts();
        let rot = remember(&past);
        mend_under(&past, Some(injection));
        // What one name was refused is tried again by the next mending.
        check_names(&past, &rot, injection);
        past.rig.recover();
        check_names(&past, &rot, injection);
        past.assert_tidy();
        let is_old = inodes(&past).contains(&rot.inode);
        assert_eq!(past.damage().is_damaged(rot.hash, rot.inode), is_old, "{injection}");
        past.mend(Vec::new());
        assert!(!inodes(&past).contains(&rot.inode), "{injection}");
        assert!(past.damage().is_empty(), "{injection}");
        past.assert_mended(&before, &[KEPT], injection);
    }
}

#[test]
fn a_power_cut_leaves_old_or_new() {
    if !can_inject() {
        return;
    }
    let Some(drive) = LoopDrive::sized("ext4", 64) else { return };
    let rig = Rig::on(drive.path(), None);
    furnish(&rig);
    let past = Past::of(rig, 3);
    for at in [
        "syncfs:when=1",
        "syncfs:when=2",
        "fsync:when=2",
        "fsync:when=3",
        "linkat:when=1",
        "linkat:when=3",
        "renameat:when=3",
        "renameat:when=4",
        "utimensat:when=2",
        "unlinkat:when=2",
        "unlinkat:when=4",
    ] {
        let (call, when) = at.split_once(':').unwrap();
        let before = past.stored_facts();
        let rot = remember(&past);
        mend_under(&past, Some(&format!("{call}:signal=SIGKILL:{when}")));
        drive.cut_power();
        check(&past, &before, &rot, &format!("power cut at {at}"));
    }
    // What was said to be mended is.
    let before = past.stored_facts();
    let rot = past.flip(0, KEPT);
    assert!(past.mend(vec![rot])[0].mended_from.is_some());
    drive.cut_power();
    past.assert_mended(&before, &[KEPT], "power cut afterwards");
    assert_eq!(facts(&past.rig.repository.join("journal")).len(), 1);
}
