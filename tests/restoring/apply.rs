//! Carrying a plan out.

use std::fs;

use jiff::{SignedDuration, Timestamp};
use yore::engine::error::Error;
use yore::engine::monitor::Monitor;
use yore::engine::path::RelPath;
use yore::engine::problem::Reason;
use yore::engine::restore::{
    self, JournalState, Journals, OnConflict, RestoreRequest, Target, apply, plan_restore,
};

use super::{Scene, workspaces};
use crate::common::small::Small;
use crate::common::trace;
use crate::common::tree::{assert_same, facts, write};

/// The journals of whoever lives in this home.
pub fn journals(small: &Small) -> Journals {
    Journals::new(small.home.path().join("state/yore/restores"))
}

#[test]
fn a_plan_that_writes_nothing_leaves_no_journal() {
    let scene = Scene::new();
    let plan = scene.plan(OnConflict::Replace);
    scene.apply(&plan);
    let again = scene.plan(OnConflict::Skip);
    let report = scene.apply(&again);
    assert_eq!((report.entries, report.restored.len()), (0, 0));
    assert_eq!(scene.rig.journals().list().unwrap().len(), 1);
}

#[test]
fn the_journal_tells_of_the_restore() {
    let scene = Scene::new();
    let report = scene.apply(&scene.whole_plan());
    let journals = scene.rig.journals();
    let info = journals.list().unwrap().pop().unwrap();
    assert_eq!((info.id, info.repository), (report.id, scene.rig.id));
    assert_eq!((info.restored, info.replaced, info.removed), (3, 1, 1));
    assert_eq!((info.state, info.kept.clone()), (JournalState::Done, scene.workspaces()));
    assert_eq!(info.kept, report.kept);
    assert!(info.kept_bytes >= "new letter".len() as u64);
    assert_eq!(super::mode(journals.folder()), 0o700);
    assert!(info.kept.iter().all(|kept| super::mode(kept) == 0o700));
}

#[test]
fn what_came_since_the_plan_is_kept() {
    let scene = Scene::new();
    let plan = scene.whole_plan();
    write(&scene.at("lost.txt"), "came since");
    write(&scene.at("letter.txt.new"), "changed since");
    fs::rename(scene.at("letter.txt.new"), scene.at("letter.txt")).unwrap();
    let before = scene.facts();
    let report = scene.apply(&plan);
    assert_eq!(scene.text("lost.txt"), "came since");
    assert_eq!(scene.text("letter.txt"), "old letter");
    let beside = report.restored.iter().find(|path| path.to_string_lossy().contains("lost"));
    assert_eq!(fs::read_to_string(beside.unwrap()).unwrap(), "old lost");
    assert_eq!(scene.undo(report.id).problems, []);
    assert_same(&scene.facts(), &before, "after undoing");
}

#[test]
fn a_restore_that_is_stopped_leaves_nothing() {
    let scene = Scene::new();
    let (before, plan) = (scene.facts(), scene.whole_plan());
    let monitor = Monitor::new();
    monitor.cancel().cancel();
    let stopped = apply(&scene.rig.history(), &plan, &scene.rig.journals(), &monitor);
    assert!(matches!(stopped, Err(Error::Cancelled)), "{stopped:?}");
    assert_same(&scene.facts(), &before, "the source");
    assert!(scene.workspaces().is_empty());
    assert_eq!(scene.rig.journals().list().unwrap(), []);
}

#[test]
fn old_restores_are_forgotten_and_room_is_made() {
    let scene = Scene::new();
    let first = scene.apply(&scene.whole_plan());
    write(&scene.at("letter.txt"), "newest letter");
    let second = scene.apply(&scene.plan(OnConflict::Replace));
    let journals = scene.rig.journals();
    let in_days = |days: i64| Timestamp::now() + SignedDuration::from_hours(24 * days);
    for days in 20..30 {
        assert!(journals.tidy(in_days(days)).unwrap().is_empty());
    }
    assert_eq!(scene.workspaces().len(), 2);

    let free = journals.make_room(&scene.rig.source, 1).unwrap();
    assert_eq!(journals.list().unwrap().len(), 2);
    assert!(free >= 1);
    journals.give_up(first.id).unwrap();
    assert_eq!(scene.workspaces(), second.kept);
    assert_eq!(scene.info(first.id), None);
    // All of them would not be enough, so none is given up.
    journals.make_room(&scene.rig.source, u64::MAX).unwrap();
    assert_eq!(journals.list().unwrap().len(), 1);
    journals.give_up(second.id).unwrap();
    assert_eq!((journals.list().unwrap(), scene.workspaces()), (vec![], vec![]));
    assert_eq!(fs::read_dir(journals.folder()).unwrap().count(), 0);

    let third = scene.apply(&scene.plan(OnConflict::KeepBoth));
    assert_eq!(third.restored.len(), 0);
    fs::remove_file(scene.at("lost.txt")).unwrap();
    let fourth = scene.apply(&scene.plan(OnConflict::KeepBoth));
    for days in 31..37 {
        assert!(journals.tidy(in_days(days)).unwrap().is_empty());
    }
    assert_eq!(journals.tidy(in_days(37)).unwrap(), [fourth.id]);
}

#[test]
fn a_damaged_copy_comes_back_only_if_asked_for() {
    let scene = Scene::new();
    let name = scene.rig.history().snapshot(1).unwrap().name;
    let stored = scene.rig.stored(&name).join("lost.txt");
    let mtime = stored.metadata().unwrap().modified().unwrap();
    fs::write(&stored, "old lust").unwrap();
    let times = fs::FileTimes::new().set_modified(mtime);
    fs::File::options().write(true).open(&stored).unwrap().set_times(times).unwrap();
    let path: RelPath = scene.rig.path_of("lost.txt");
    for (damaged, reason) in [(false, Reason::StoredDamaged), (true, Reason::RestoredDamaged)] {
        let to = scene.rig.path().join(format!("to-{damaged}"));
        let request = RestoreRequest {
            damaged,
            target: Target::Folder(to.clone()),
            ..RestoreRequest::of(1, [path.clone()])
        };
        let plan = plan_restore(&scene.rig.history(), &request, &Monitor::new()).unwrap();
        match scene.try_apply(&plan) {
            Ok(report) => assert_eq!(report.problems, [(path.clone(), reason)]),
            Err(error) => panic!("{error}"),
        }
        assert_eq!(to.join("lost.txt").exists(), damaged);
    }
}

/// A home whose letter was changed, and its answer to a restore of it all under strace.
fn restore_under(injection: &str) -> (Small, super::Facts, crate::common::cli::Answer) {
    let small = Small::new();
    small.home.back_up();
    write(&small.source.join("letter.txt"), "things have changed\n");
    fs::remove_file(small.source.join("photos/winter.jpg")).unwrap();
    fs::remove_file(small.source.join("newest")).unwrap();
    write(&small.source.join("newest/inside"), "a folder in the way of a link");
    let before = super::plain(facts(&small.source));
    let source = small.arg("");
    let words = ["restore", "--on-conflict", "replace", source.as_str()];
    let answer = trace::run_under(&small.home, injection, None, &words);
    (small, before, answer)
}

#[test]
fn a_file_system_without_flags_of_renames_loses_nothing() {
    if !trace::can_inject() {
        return;
    }
    for error in ["EINVAL", "ENOSYS"] {
        let (small, before, answer) = restore_under(&format!("renameat2:error={error}"));
        assert_eq!(answer.code, Some(0), "{answer:?}");
        let text = fs::read_to_string(small.source.join("letter.txt")).unwrap();
        assert_eq!(text, "all is well\n");
        assert!(small.source.join("newest").is_symlink());
        let journals = journals(&small);
        let id = journals.list().unwrap().pop().unwrap().id;
        assert_eq!(restore::undo(&journals, id, &Monitor::new()).unwrap().problems, []);
        assert_same(&super::plain(facts(&small.source)), &before, "after undoing");
    }
}

#[test]
fn a_target_that_fails_is_left_as_it_was() {
    if !trace::can_inject() {
        return;
    }
    for call in ["write", "symlinkat", "fchmod", "syncfs", "renameat2"] {
        for error in ["ENOSPC", "EIO", "EDQUOT", "EROFS"] {
            // The first writes and flushes are the journal's.
            let (small, before, answer) = restore_under(&format!("{call}:error={error}:when=3+"));
            let what = format!("{call} {error}: {answer:?}");
            let journals = journals(&small);
            let list = journals.list().unwrap();
            for info in &list {
                let undone = restore::undo(&journals, info.id, &Monitor::new()).unwrap();
                assert_eq!(undone.problems, [], "{what}");
            }
            assert_same(&super::plain(facts(&small.source)), &before, &what);
            if list.is_empty() && answer.code == Some(1) {
                assert_eq!(workspaces(&small.source), Vec::<std::path::PathBuf>::new(), "{what}");
            }
        }
    }
}

#[test]
fn a_restore_that_is_stopped_while_publishing_can_be_undone() {
    if !trace::can_inject() {
        return;
    }
    for when in 1..=3 {
        let injection = format!("renameat2:signal=SIGINT:when={when}");
        let (small, before, answer) = restore_under(&injection);
        let journals = journals(&small);
        if let Some(info) = journals.list().unwrap().pop() {
            // A stop after the last step changes nothing any more.
            if info.state != JournalState::Done {
                assert!(info.is_interrupted() && info.is_half_done, "{answer:?}");
                let told = ["Stopped.", "“yore restore --resume” goes on", "“yore undo” takes"];
                answer.says(1, &told);
            }
            let undone = restore::undo(&journals, info.id, &Monitor::new()).unwrap();
            assert_eq!(undone.problems, []);
        }
        assert_same(&super::plain(facts(&small.source)), &before, "after undoing");
    }
}
