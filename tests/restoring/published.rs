//! What a publish that failed or was killed half-way leaves: nothing that a person has, or had, is ever removed.

use std::fs;
use std::path::{Path, PathBuf};

use yore::engine::error::Error;
use yore::engine::history::History;
use yore::engine::monitor::Monitor;
use yore::engine::path::RelPath;
use yore::engine::problem::Reason;
use yore::engine::repository::Repository;
use yore::engine::restore::{self, RestoreReport, UndoProblem, UndoReport};

use super::apply::journals;
use super::workspaces;
use crate::common::cli::Answer;
use crate::common::small::Small;
use crate::common::trace;
use crate::common::tree::write;

/// Files that were changed after they were backed up.
fn changed(names: &[&str]) -> Small {
    let small = Small::new();
    let at = |name: &str| small.source.join(name);
    names.iter().for_each(|name| write(&at(name), format!("old {name}")));
    small.home.back_up();
    names.iter().for_each(|name| write(&at(name), format!("new {name}")));
    small
}

fn text(small: &Small, name: &str) -> String {
    fs::read_to_string(small.source.join(name)).unwrap()
}

/// Restores it all with something done to system calls.
fn restore_under(small: &Small, injection: &str) -> Answer {
    let source = small.arg("");
    let words = ["restore", "--on-conflict", "replace", source.as_str()];
    trace::run_under(&small.home, injection, None, &words)
}

fn resume(small: &Small) -> Result<RestoreReport, Error> {
    let monitor = Monitor::new();
    let repository = Repository::open(&small.repository, None).unwrap();
    let scratch = small.path().join("scratch.sqlite");
    let history = History::open(repository, None, &scratch, &monitor).unwrap();
    let journals = journals(small);
    let id = journals.list().unwrap().pop().unwrap().id;
    restore::resume(&history, &journals, id, &monitor)
}

fn undo(small: &Small) -> Result<UndoReport, Error> {
    let journals = journals(small);
    let id = journals.list().unwrap().pop().unwrap().id;
    restore::undo(&journals, id, &Monitor::new())
}

/// The file `name` is saved as programs do.
fn save(small: &Small, name: &str) {
    write(&small.source.join("saving"), format!("saved {name}"));
    fs::rename(small.source.join("saving"), small.source.join(name)).unwrap();
}

/// Whether something that was set aside reads so.
fn is_kept(small: &Small, content: &str) -> bool {
    let slots = |workspace: &PathBuf| fs::read_dir(workspace).unwrap();
    let all = workspaces(&small.source);
    let mut slots = all.iter().flat_map(slots).map(|slot| slot.unwrap().path());
    slots.any(|slot| fs::read_to_string(slot).is_ok_and(|text| text == content))
}

fn path_of(small: &Small, name: &str) -> RelPath {
    RelPath::from_absolute(&small.source.join(name)).unwrap()
}

const FILES: [&str; 6] = ["f0", "f1", "f2", "f3", "f4", "f5"];

#[test]
fn what_is_saved_while_a_restore_is_interrupted_stays_and_so_does_what_it_replaced() {
    if !trace::can_inject() {
        return;
    }
    let small = changed(&FILES);
    restore_under(&small, "renameat2:signal=SIGKILL:when=4");
    assert_eq!(text(&small, "f1"), "old f1");
    save(&small, "f1");
    let report = resume(&small).unwrap();
    assert_eq!(report.problems, [(path_of(&small, "f1"), Reason::ChangedMeanwhile)]);
    assert_eq!(text(&small, "f1"), "saved f1");
    for name in FILES.iter().filter(|name| **name != "f1") {
        assert_eq!(text(&small, name), format!("old {name}"));
    }
    assert!(FILES.iter().all(|name| is_kept(&small, &format!("new {name}"))));
}

#[test]
fn what_is_written_while_a_restore_is_interrupted_stays_when_that_is_taken_back() {
    if !trace::can_inject() {
        return;
    }
    let small = changed(&FILES);
    restore_under(&small, "renameat2:signal=SIGKILL:when=4");
    assert_eq!(text(&small, "f1"), "old f1");
    write(&small.source.join("f1"), "edited f1");
    let report = resume(&small).unwrap();
    assert_eq!(report.problems, [(path_of(&small, "f1"), Reason::ChangedMeanwhile)]);
    let undone = undo(&small).unwrap();
    assert_eq!(text(&small, "f1"), "edited f1");
    let [(place, UndoProblem::ChangedSince { kept: Some(_) })] = &*undone.problems else {
        panic!("{undone:?}")
    };
    assert_eq!(*place, small.source.join("f1"));
    for name in FILES.iter().filter(|name| **name != "f1") {
        assert_eq!(text(&small, name), format!("new {name}"));
    }
}

#[test]
fn nothing_is_taken_back_while_its_folder_has_another_name() {
    let small = changed(&FILES);
    let answer = small.home.run(["restore", "--on-conflict", "replace", &small.arg("")]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let away = small.path().join("away");
    fs::rename(&small.source, &away).unwrap();
    let refused = undo(&small);
    assert!(matches!(refused, Err(Error::WorkspaceAway(_))), "{refused:?}");
    fs::rename(&away, &small.source).unwrap();
    assert_eq!(undo(&small).unwrap().problems, []);
    for name in FILES {
        assert_eq!(text(&small, name), format!("new {name}"));
    }
}

#[test]
fn what_was_set_aside_stays_when_the_rest_fails() {
    if !trace::can_inject() {
        return;
    }
    let small = changed(&FILES);
    restore_under(&small, "renameat2:signal=SIGKILL:when=4");
    save(&small, "f1");
    let words = ["restore", "--resume"];
    let answer = trace::run_under(&small.home, "renameat2:error=EIO:when=1", None, &words);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert_eq!(text(&small, "f1"), "saved f1");
    assert!(is_kept(&small, "new f1"));
    let id = journals(&small).list().unwrap().pop().unwrap().id;
    restore::undo(&journals(&small), id, &Monitor::new()).unwrap();
    assert_eq!((text(&small, "f0"), text(&small, "f1")), ("new f0".into(), "saved f1".into()));
    assert!(is_kept(&small, "new f1"));
}

#[test]
fn a_restore_whose_folder_is_away_waits_for_it() {
    if !trace::can_inject() {
        return;
    }
    for injection in ["renameat2:signal=SIGKILL:when=4", "syncfs:signal=SIGKILL:when=1"] {
        let small = changed(&FILES);
        restore_under(&small, injection);
        let away = small.path().join("away");
        fs::rename(&small.source, &away).unwrap();
        fs::create_dir(&small.source).unwrap();
        let refused = resume(&small);
        assert!(matches!(refused, Err(Error::WorkspaceAway(_))), "{refused:?}");
        assert_eq!(fs::read_dir(&small.source).unwrap().count(), 0);
        fs::remove_dir(&small.source).unwrap();
        fs::rename(&away, &small.source).unwrap();
        assert_eq!(resume(&small).unwrap().problems, []);
        assert!(FILES.iter().all(|name| text(&small, name) == format!("old {name}")));
    }
}

#[test]
fn what_can_not_be_moved_does_not_keep_the_rest() {
    if !trace::can_inject() {
        return;
    }
    for error in ["EBUSY", "EXDEV", "EPERM", "EACCES"] {
        let small = changed(&FILES);
        let answer = restore_under(&small, &format!("renameat2:error={error}:when=2"));
        let is_new = |name: &&&str| text(&small, name) == format!("new {name}");
        assert_eq!(FILES.iter().filter(is_new).count(), 1, "{error}");
        let told = "1 entry could not be restored";
        answer.says(3, &["it could not be put in its place", told, "5 entries restored, 30 B"]);
        assert_eq!(journals(&small).list().unwrap().pop().unwrap().replaced, 5);
    }
}

#[test]
fn a_database_comes_back_as_a_whole_or_not_at_all() {
    if !trace::can_inject() {
        return;
    }
    let parts = ["data.db", "data.db-wal"];
    let small = changed(&parts);
    let answer = restore_under(&small, "renameat2:error=EBUSY:when=2");
    assert_eq!(answer.code, Some(3), "{answer:?}");
    assert!(parts.iter().all(|name| text(&small, name) == format!("new {name}")), "{answer:?}");

    // One that a program wrote to meanwhile stays as that left it.
    let small = changed(&parts);
    restore_under(&small, "renameat2:signal=SIGKILL:when=3");
    let log = small.source.join(parts[1]);
    assert!(text(&small, parts[0]) == "old data.db" && !log.exists());
    write(&small.source.join(parts[0]), "written");
    let report = resume(&small).unwrap();
    for name in parts {
        let told = (path_of(&small, name), Reason::ChangedMeanwhile);
        assert!(report.problems.contains(&told), "{report:?}");
        assert!(is_kept(&small, &format!("new {name}")));
    }
    assert!(text(&small, parts[0]) == "written" && !log.exists());
}

#[test]
fn what_was_staged_waits_for_the_drive() {
    if !trace::can_inject() {
        return;
    }
    let small = changed(&FILES);
    restore_under(&small, "syncfs:signal=SIGKILL:when=1");
    let snapshots = small.repository.join("snapshots");
    let name = fs::read_dir(&snapshots).unwrap().map(|entry| entry.unwrap().path());
    let snapshot: PathBuf = name.filter(|path| path.is_dir()).max().unwrap();
    let away: &Path = &small.path().join("snapshot");
    fs::rename(&snapshot, away).unwrap();
    let ended = resume(&small);
    assert!(matches!(ended, Err(Error::RestoreKept(_))), "{ended:?}");
    assert!(is_kept(&small, "old f0"));
    fs::rename(away, &snapshot).unwrap();
    assert_eq!(resume(&small).unwrap().problems, []);
    assert!(FILES.iter().all(|name| text(&small, name) == format!("old {name}")));
}
