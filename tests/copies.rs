//! The two copies of the index: the drive's and this computer's hold the same, and whichever is lost or spoiled, every
//! answer stays right.

mod away;
mod reading;
mod salvaged;
mod spoiled;

use std::fs;
use std::path::{Path, PathBuf};

use yore::engine::history::History;
use yore::engine::index::{Index, LocalCopy};
use yore::engine::monitor::Monitor;
use yore::engine::pin::{self, PinChange};

use crate::common::engine::{Answers, Rig};
use crate::common::small::{Small, names};
use crate::common::tree::write;
use crate::recovery::past;

/// More than any index of these tests needs.
const ENOUGH_BYTES: u64 = 64 << 20;

/// A rig on a computer that keeps a copy of the index.
fn rig() -> Rig {
    let mut rig = Rig::new();
    let folder = rig.path().join("history");
    rig.local = Some(LocalCopy { folder, limit_bytes: ENOUGH_BYTES });
    rig
}

fn folder(rig: &Rig) -> &Path {
    &rig.local.as_ref().unwrap().folder
}

/// This computer's copies.
fn copies(rig: &Rig) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder(rig)).into_iter().flatten();
    let mut paths: Vec<_> = listed.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "sqlite"));
    paths.sort();
    paths
}

/// The only copy of this computer.
#[track_caller]
fn copy(rig: &Rig) -> PathBuf {
    match <[PathBuf; 1]>::try_from(copies(rig)) {
        Ok([path]) => path,
        Err(paths) => panic!("{paths:?}"),
    }
}

/// What this computer tells of the repository while the drive is away.
fn away(rig: &Rig) -> Option<History> {
    History::open_away(&rig.repository, rig.id, rig.local.clone().unwrap())
}

/// What the drive's own index tells.
fn on_drive(rig: &Rig) -> Answers {
    let scratch = rig.path().join("must-not-be-made.sqlite");
    let history = History::open(rig.open().unwrap(), None, &scratch, &Monitor::new()).unwrap();
    assert!(!scratch.exists(), "the drive's index could not be read");
    rig.answers_of(&history)
}

fn are_equal(rig: &Rig) -> bool {
    let open = |path: &Path| Index::open_read_only(path).unwrap().unwrap();
    open(&rig.index()).equals(&open(&copy(rig))).unwrap()
}

/// Fails unless both copies hold and tell the same.
#[track_caller]
fn assert_equal(rig: &Rig, what: &str) {
    assert!(are_equal(rig), "{what}: the copies differ");
    let wanted = on_drive(rig);
    assert_eq!(rig.answers_of(&away(rig).unwrap()), wanted, "{what}: with the drive away");
    assert_eq!(rig.answers(), wanted, "{what}: with the drive there");
}

fn label(rig: &Rig, seq: u64, text: &str) {
    let mut writer = rig.writer(&Monitor::new()).unwrap();
    let change = PinChange { pinned: Some(true), label: Some(text.to_owned()) };
    pin::change(&mut writer, seq, &change).unwrap();
}

fn labels(history: &History) -> Vec<Option<String>> {
    history.snapshots().unwrap().into_iter().map(|snapshot| snapshot.label).collect()
}

#[test]
fn both_tell_the_same_after_every_change() {
    let rig = rig();
    let names = past(&rig);
    assert_equal(&rig, "after backups");
    let first = copy(&rig);

    label(&rig, 1, "kept");
    let kept = vec![Some("kept".to_owned()), None, None];
    assert_eq!(labels(&away(&rig).unwrap()), kept);
    assert_equal(&rig, "after a pin");

    let options = yore::engine::backup::BackupOptions { only_if_changed: true, ..rig.options() };
    assert!(!rig.try_back_up(&options, &Monitor::new()).unwrap().is_new);
    let same_at = |history: &History| history.snapshots().unwrap()[2].same_at;
    assert!(same_at(&away(&rig).unwrap()).is_some());
    assert_equal(&rig, "after a run that found nothing new");

    fs::rename(rig.snapshot(&names[1]), rig.repository.join("trash").join(&names[1])).unwrap();
    rig.recover();
    assert_eq!(labels(&away(&rig).unwrap()), [Some("kept".to_owned()), None]);
    assert_equal(&rig, "after a deletion");

    fs::rename(rig.snapshot(&names[2]), rig.path().join("elsewhere")).unwrap();
    rig.recover();
    assert_equal(&rig, "after a snapshot was lost");
    fs::rename(rig.path().join("elsewhere"), rig.snapshot(&names[2])).unwrap();
    rig.recover();
    assert_equal(&rig, "after it came back");
    assert_eq!(copy(&rig), first, "none of this needs another copy");

    let monitor = Monitor::new();
    rig.writer(&monitor).unwrap().rebuild(&monitor).unwrap();
    assert_equal(&rig, "after a rebuild");
    assert_ne!(copy(&rig), first);
}

#[test]
fn an_unchanged_index_is_not_copied_again() {
    let rig = rig();
    past(&rig);
    let before = copy(&rig);
    rig.answers();
    rig.recover();
    write(&rig.source.join("added"), "changed");
    rig.back_up();
    rig.answers();
    assert_eq!(copy(&rig), before);
    assert_equal(&rig, "after all");
}

#[test]
fn what_yore_itself_remembers_is_not_backed_up() {
    let small = Small::new();
    let home = &small.home;
    home.set_up(&small.drive, &[home.path()]);
    write(&home.path().join("letter.txt"), "all is well\n");
    home.back_up();
    assert_eq!(home.json(["backup", "--scheduled"])["new"], false, "nothing else has changed");
    let state = home.path().join("state");
    let listed = home.json(["ls", state.to_str().unwrap()]);
    assert_eq!(names(&listed), [""; 0]);
    home.run(["why", state.join("yore/history").to_str().unwrap()]).says(0, &["left out", "notes"]);
}

#[test]
fn only_the_person_can_read_the_copy() {
    use std::os::unix::fs::MetadataExt as _;
    let rig = rig();
    past(&rig);
    let mode = |path: &Path| path.metadata().unwrap().mode() & 0o777;
    assert_eq!((mode(folder(&rig)), mode(&copy(&rig))), (0o700, 0o600));
}
