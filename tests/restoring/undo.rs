//! Taking a restore back.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use yore::engine::error::Error;
use yore::engine::monitor::Monitor;
use yore::engine::restore::{self, JournalState, OnConflict, UndoProblem};

use super::{Scene, mode};
use crate::common::cli::NOBODY;
use crate::common::place::{copy_this_program, is_root, scratch, set_mode};
use crate::common::tree::{assert_same, write};

#[test]
fn every_step_is_taken_back_and_done_again() {
    let scene = Scene::new();
    let before = scene.facts();
    let report = scene.apply(&scene.whole_plan());
    assert_eq!((report.replaced, report.removed, report.restored.len()), (1, 1, 3), "{report:?}");
    assert_eq!(scene.text("letter.txt"), "old letter");
    assert_eq!(scene.text("album/inner/two.jpg"), "two");
    assert!(!scene.at("newer").exists());
    assert_eq!((mode(&scene.at("kept")), mode(&scene.at("album/inner"))), (0o750, 0o555));
    let after = scene.facts();

    let undone = scene.undo(report.id);
    assert_eq!(undone.problems, []);
    assert_eq!((undone.put_back, undone.taken_away), (3, 2));
    assert_same(&scene.facts(), &before, "after undoing");
    assert_eq!(scene.info(report.id).unwrap().state, JournalState::Undone);

    assert_eq!(scene.undo(report.id).problems, []);
    assert_same(&scene.facts(), &after, "after doing it again");
    assert_eq!(scene.undo(report.id).problems, []);
    assert_same(&scene.facts(), &before, "after undoing once more");
}

#[test]
fn what_was_restored_beside_something_is_taken_away_again() {
    let scene = Scene::new();
    let before = scene.facts();
    let report = scene.apply(&scene.plan(OnConflict::KeepBoth));
    assert_eq!(report.restored.len(), 3);
    assert!(scene.workspaces().is_empty());
    let undone = scene.undo(report.id);
    assert_eq!((undone.put_back, undone.taken_away, undone.problems), (0, 3, vec![]));
    assert_same(&scene.facts(), &before, "after undoing");
}

#[test]
fn what_was_changed_since_stays_and_what_it_replaced_is_told() {
    let scene = Scene::new();
    let report = scene.apply(&scene.whole_plan());
    write(&scene.at("letter.txt"), "edited in place");
    write(&scene.at("album/inner/../new.jpg"), "new");
    write(&scene.at("newer/file"), "made again");
    fs::remove_file(scene.at("lost.txt")).unwrap();
    let undone = scene.undo(report.id);
    assert_eq!(scene.text("letter.txt"), "edited in place");
    assert_eq!(scene.text("album/new.jpg"), "new");
    assert_eq!(scene.text("newer/file"), "made again");
    assert!(!scene.at("lost.txt").exists());
    let problem = |below: &str| {
        let path = scene.at(below);
        undone.problems.iter().find(|(place, _)| *place == path).map(|(_, problem)| problem.clone())
    };
    match problem("letter.txt") {
        Some(UndoProblem::ChangedSince { kept: Some(kept) }) => {
            assert_eq!(fs::read_to_string(kept).unwrap(), "new letter");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(problem("album"), Some(UndoProblem::ChangedSince { kept: None }));
    match problem("newer") {
        Some(UndoProblem::Taken { kept }) => {
            assert_eq!(fs::read_to_string(kept.join("file")).unwrap(), "newer");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(undone.problems.len(), 3);
}

#[test]
fn a_file_that_a_program_saved_anew_stays() {
    let scene = Scene::new();
    let report = scene.apply(&scene.plan(OnConflict::Replace));
    write(&scene.at("letter.tmp"), "saved");
    fs::rename(scene.at("letter.tmp"), scene.at("letter.txt")).unwrap();
    let undone = scene.undo(report.id);
    assert_eq!(scene.text("letter.txt"), "saved");
    assert!(matches!(undone.problems[0].1, UndoProblem::ChangedSince { kept: Some(_) }));
}

#[test]
fn a_restored_folder_that_was_adjusted_otherwise_since_stays() {
    let scene = Scene::new();
    let report = scene.apply(&scene.whole_plan());
    set_mode(&scene.at("kept"), 0o711);
    let undone = scene.undo(report.id);
    assert_eq!(mode(&scene.at("kept")), 0o711);
    assert_eq!(undone.problems, [(scene.at("kept"), UndoProblem::ChangedSince { kept: None })]);
}

#[test]
fn without_what_was_set_aside_nothing_is_touched() {
    type Spoil = fn(&Path);
    let spoils: [Spoil; 3] = [
        |workspace| fs::remove_dir_all(workspace).unwrap(),
        |workspace| {
            fs::rename(workspace, workspace.with_extension("away")).unwrap();
            symlink(workspace.with_extension("away"), workspace).unwrap();
        },
        |workspace| {
            fs::rename(workspace, workspace.with_extension("away")).unwrap();
            write(&workspace.join("1"), "forged");
            write(&workspace.join("2"), "forged");
            set_mode(workspace, 0o700);
        },
    ];
    for spoil in spoils {
        let scene = Scene::new();
        let report = scene.apply(&scene.whole_plan());
        let after = scene.facts();
        spoil(&report.kept[0]);
        let undone = scene.undo(report.id);
        assert_eq!(undone.problems.len(), 4, "{undone:?}");
        assert!(undone.problems.iter().all(|(_, problem)| *problem == UndoProblem::Gone));
        // The folder's metadata is in the journal itself.
        assert_eq!(undone.put_back, 1);
        set_mode(&scene.at("kept"), 0o750);
        assert_same(&scene.facts(), &after, "after undoing in vain");
    }
}

#[test]
fn folders_that_had_to_be_made_go_unless_somebody_uses_them() {
    let scene = Scene::new();
    for is_used in [false, true] {
        let to = scene.rig.path().join("to/be/made");
        let report = {
            let request = restore::RestoreRequest {
                target: restore::Target::Folder(to.clone()),
                ..restore::RestoreRequest::of(1, [scene.rig.path_of("lost.txt")])
            };
            let history = scene.rig.history();
            let plan = restore::plan_restore(&history, &request, &Monitor::new()).unwrap();
            scene.apply(&plan)
        };
        assert_eq!(fs::read_to_string(to.join("lost.txt")).unwrap(), "old lost");
        if is_used {
            write(&to.join("mine"), "mine");
        }
        assert_eq!(scene.undo(report.id).taken_away, 1);
        assert_eq!(scene.rig.path().join("to").exists(), is_used);
    }
}

#[test]
fn a_stopped_undo_is_gone_on_with() {
    let scene = Scene::new();
    let before = scene.facts();
    let report = scene.apply(&scene.whole_plan());
    let (monitor, journals) = (Monitor::new(), scene.rig.journals());
    monitor.cancel().cancel();
    let stopped = restore::undo(&journals, report.id, &monitor);
    assert!(matches!(stopped, Err(Error::Cancelled)), "{stopped:?}");
    let info = scene.info(report.id).unwrap();
    assert_eq!(info.state, JournalState::Unfinished { is_running: false });
    assert!(info.is_undoing);
    assert_eq!(scene.undo(report.id).problems, []);
    assert_same(&scene.facts(), &before, "after undoing");
}

#[test]
fn a_spoilt_journal_is_no_journal() {
    let scene = Scene::new();
    let report = scene.apply(&scene.whole_plan());
    let after = scene.facts();
    let journals = scene.rig.journals();
    let file = |ending: &str| journals.folder().join(format!("{}.{ending}", report.id));
    let steps = fs::read(file("steps.jsonl")).unwrap();
    for length in [0, 1, steps.len() / 2, steps.len() - 1] {
        fs::write(file("steps.jsonl"), &steps[..length]).unwrap();
        let undone = restore::undo(&journals, report.id, &Monitor::new());
        assert!(matches!(undone, Err(Error::DamagedJournal { .. })), "{length}: {undone:?}");
    }
    fs::write(file("steps.jsonl"), &steps).unwrap();
    let header = fs::read(file("json")).unwrap();
    for length in [0, 1, header.len() / 2, header.len() - 1] {
        fs::write(file("json"), &header[..length]).unwrap();
        assert_eq!(journals.list().unwrap(), []);
        let undone = restore::undo(&journals, report.id, &Monitor::new());
        assert!(matches!(undone, Err(Error::NoSuchRestore(_))), "{undone:?}");
    }
    let text = String::from_utf8(steps).unwrap();
    for (from, to) in [("\"workspace\":0", "\"workspace\":9"), ("letter.txt\"", "../letter.txt\"")]
    {
        fs::write(file("json"), &header).unwrap();
        fs::write(file("steps.jsonl"), text.replace(from, to)).unwrap();
        assert!(restore::undo(&journals, report.id, &Monitor::new()).is_err(), "{to}");
    }
    assert_same(&scene.facts(), &after, "after undoing in vain");
}

/// Runs one of these tests once more as a person without privileges; says whether this is that person.
fn is_person(test: &str) -> bool {
    if !nix::unistd::geteuid().is_root() {
        return true;
    }
    let folder = scratch();
    std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    let program = copy_this_program(folder.path());
    let user = NOBODY.to_string();
    let words = ["--clear-groups", "--reuid", &user, "--regid", &user];
    let output = Command::new("setpriv")
        .args(words)
        .arg(&program)
        .args(["--exact", test, "--nocapture"])
        .current_dir("/")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    false
}

#[test]
fn read_only_folders_of_a_person_stay_so() {
    let name = "restoring::undo::read_only_folders_of_a_person_stay_so";
    if nix::unistd::geteuid().as_raw() != NOBODY && !is_root() {
        return;
    }
    if !is_person(name) {
        return;
    }
    let scene = Scene::new();
    // A folder in the way of a file, and a folder around it all, both read-only.
    fs::remove_file(scene.at("letter.txt")).unwrap();
    write(&scene.at("letter.txt/inside"), "inside");
    set_mode(&scene.at("letter.txt"), 0o555);
    fs::create_dir(scene.at("album")).unwrap();
    set_mode(&scene.at("album"), 0o555);
    set_mode(&scene.rig.source, 0o555);
    let before = scene.facts();
    let report = scene.apply(&scene.whole_plan());
    assert_eq!(report.problems, []);
    assert_eq!(scene.text("letter.txt"), "old letter");
    let modes = ["", "album", "album/inner"].map(|below| mode(&scene.at(below)));
    assert_eq!(modes, [0o555; 3]);
    let after = scene.facts();
    for (state, what) in [(&before, "undone"), (&after, "done again"), (&before, "undone again")] {
        assert_eq!(scene.undo(report.id).problems, [], "{what}");
        assert_same(&scene.facts(), state, what);
    }
    set_mode(&scene.rig.source, 0o755);
}
