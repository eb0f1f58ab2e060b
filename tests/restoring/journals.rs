//! What is known of restores, whom it is believed, and how it is forgotten.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use serde_json::{Value, json};
use uuid::Uuid;
use yore::engine::error::Error;
use yore::engine::monitor::Monitor;
use yore::engine::restore::{
    self, JournalState, Journals, OnConflict, RestoreReport, RestoreRequest, Target,
};

use super::apply::journals;
use super::{Scene, mode, workspaces};
use crate::common::cli::{Answer, NOBODY};
use crate::common::drive::{LoopDrive, Make};
use crate::common::place::set_mode;
use crate::common::small::Small;
use crate::common::trace;
use crate::common::tree::{assert_same, write};

fn file(journals: &Journals, id: Uuid, ending: &str) -> PathBuf {
    journals.folder().join(format!("{id}.{ending}"))
}

/// Changes what the journal says.
fn edit(journals: &Journals, id: Uuid, change: impl FnOnce(&mut Value)) {
    let path = file(journals, id, "json");
    let mut header = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut header);
    fs::write(path, header.to_string()).unwrap();
}

fn in_days(days: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(24 * days)
}

/// Lets a restore have ended long ago.
fn age(journals: &Journals, id: Uuid) {
    edit(journals, id, |header| {
        header["ended"] = json!(in_days(-40));
        header["days_seen"] = json!(7);
    });
}

/// Restores two files into a folder in which there is something else of their names.
fn replace_in(scene: &Scene, to: &std::path::Path) -> RestoreReport {
    write(&to.join("lost.txt"), "another");
    let request = RestoreRequest {
        target: Target::Folder(to.to_owned()),
        on_conflict: OnConflict::Replace,
        ..RestoreRequest::of(1, ["lost.txt", "album"].map(|below| scene.rig.path_of(below)))
    };
    let history = scene.rig.history();
    let plan = restore::plan_restore(&history, &request, &Monitor::new()).unwrap();
    scene.apply(&plan)
}

#[test]
fn the_folder_of_journals_is_this_user_s_alone() {
    let scene = Scene::new();
    let report = scene.apply(&scene.whole_plan());
    let journals = scene.rig.journals();
    set_mode(journals.folder(), 0o777);
    assert!(journals.list().is_err() && journals.give_up(report.id).is_err());
    write(&scene.at("letter.txt"), "newest letter");
    assert!(scene.try_apply(&scene.plan(OnConflict::Replace)).is_err());
    assert_eq!(mode(journals.folder()), 0o777);
    set_mode(journals.folder(), 0o700);
    assert_eq!(journals.list().unwrap().len(), 1);

    let away = journals.folder().with_extension("away");
    fs::rename(journals.folder(), &away).unwrap();
    symlink(&away, journals.folder()).unwrap();
    assert!(journals.list().is_err() && journals.tidy(in_days(40)).is_err());
    assert!(journals.give_up(report.id).is_err());
    assert_eq!(scene.workspaces(), report.kept);
}

#[test]
fn a_journal_that_others_could_have_written_is_no_journal() {
    let scene = Scene::new();
    let report = scene.apply(&scene.whole_plan());
    let journals = scene.rig.journals();
    let header = file(&journals, report.id, "json");
    set_mode(&header, 0o620);
    assert_eq!(journals.list().unwrap(), []);
    set_mode(&header, 0o600);
    let other = scene.rig.path().join("other");
    fs::hard_link(&header, &other).unwrap();
    assert_eq!(journals.list().unwrap(), []);
    fs::remove_file(other).unwrap();
    if nix::unistd::geteuid().is_root() {
        std::os::unix::fs::chown(&header, Some(NOBODY), None).unwrap();
        assert_eq!(journals.list().unwrap(), []);
        std::os::unix::fs::chown(&header, Some(0), None).unwrap();
    }
    set_mode(&file(&journals, report.id, "steps.jsonl"), 0o622);
    assert!(restore::undo(&journals, report.id, &Monitor::new()).is_err());
    set_mode(&file(&journals, report.id, "steps.jsonl"), 0o600);
    assert_eq!(scene.undo(report.id).problems, []);
}

#[test]
fn nothing_but_a_workspace_is_ever_emptied() {
    let scene = Scene::new();
    let report = scene.apply(&scene.whole_plan());
    let journals = scene.rig.journals();
    write(&scene.at("private/diary"), "dear");
    set_mode(&scene.at("private"), 0o700);
    edit(&journals, report.id, |header| {
        header["workspaces"][0]["name"] = json!("private");
        header["workspaces"][0]["inode"] = json!(scene.at("private").metadata().unwrap().ino());
    });
    assert!(matches!(journals.give_up(report.id), Err(Error::NoSuchRestore(_))));
    age(&journals, report.id);
    assert_eq!(journals.tidy(Timestamp::now()).unwrap(), [] as [Uuid; 0]);
    assert_eq!(scene.text("private/diary"), "dear");
}

#[test]
fn a_restore_is_kept_for_thirty_days_from_its_end_and_seven_on_which_it_was_seen() {
    let scene = Scene::new();
    let report = scene.apply(&scene.whole_plan());
    let journals = scene.rig.journals();
    let info = scene.info(report.id).unwrap();
    assert!(info.ended.unwrap() >= info.started);
    // A clock that jumps ahead, and one that is set back.
    let days = [4000, 4000, 4000, -4000, 1, 2, 3, 4, 5, 29];
    for moment in days.map(in_days) {
        assert_eq!(journals.tidy(moment).unwrap(), [] as [Uuid; 0], "{moment}");
    }
    assert_eq!(journals.tidy(in_days(31)).unwrap(), [report.id]);
    assert_eq!(scene.workspaces(), [] as [PathBuf; 0]);

    let report = scene.apply(&scene.whole_plan());
    age(&journals, report.id);
    scene.undo(report.id);
    assert_eq!(journals.tidy(Timestamp::now()).unwrap(), [] as [Uuid; 0]);
    age(&journals, report.id);
    assert_eq!(journals.tidy(Timestamp::now()).unwrap(), [report.id]);
}

#[test]
fn what_is_away_is_not_forgotten() {
    let Some(drive) = LoopDrive::ext4(16) else { return };
    let scene = Scene::new();
    let (journals, to) = (scene.rig.journals(), drive.path().join("to"));
    let report = replace_in(&scene, &to);
    assert_eq!((report.replaced, workspaces(&to)), (1, report.kept.clone()));
    age(&journals, report.id);
    drive.detach();
    assert_eq!(journals.tidy(Timestamp::now()).unwrap(), [] as [Uuid; 0]);
    let given_up = journals.give_up(report.id);
    assert!(matches!(given_up, Err(Error::WorkspaceAway(_))), "{given_up:?}");
    assert_eq!(scene.info(report.id).unwrap().state, JournalState::Done);
    assert!(drive.attach("rw"));
    assert_eq!(journals.tidy(Timestamp::now()).unwrap(), [report.id]);
    assert_eq!(workspaces(&to), [] as [PathBuf; 0]);

    // What somebody removed there is gone for good.
    let report = replace_in(&scene, &to);
    fs::remove_dir_all(&to).unwrap();
    journals.give_up(report.id).unwrap();
    assert_eq!(journals.list().unwrap(), []);
}

/// A letter and more that a restore replaced; and its number.
fn replaced() -> (Small, Uuid) {
    let (small, answer) = replaced_under(None);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let id = journals(&small).list().unwrap().pop().unwrap().id;
    (small, id)
}

/// As [`replaced`]; strace does something to the restore.
fn replaced_under(injection: Option<&str>) -> (Small, Answer) {
    let small = Small::new();
    small.home.back_up();
    for name in ["letter.txt", "photos/summer.jpg", "photos/winter.jpg"] {
        write(&small.source.join(name), "changed");
    }
    let source = small.arg("");
    let words = ["restore", "--on-conflict", "replace", source.as_str()];
    let answer = match injection {
        Some(injection) => trace::run_under(&small.home, injection, None, &words),
        None => small.home.run(words),
    };
    (small, answer)
}

#[test]
fn what_is_half_given_up_is_never_put_back() {
    if !trace::can_inject() {
        return;
    }
    let mut is_half = 0;
    for when in 1..10 {
        let (small, id) = replaced();
        let injection = format!("unlinkat:signal=SIGKILL:when={when}");
        let number = id.to_string();
        let words = ["undo", "--discard", &number];
        if trace::run_under(&small.home, &injection, None, &words).code.is_some() {
            break;
        }
        let journals = journals(&small);
        let Some(info) = journals.list().unwrap().pop() else { continue };
        let undone = restore::undo(&journals, id, &Monitor::new());
        if info.state == JournalState::Done {
            assert_eq!(undone.unwrap().problems, [], "{when}");
            continue;
        }
        is_half += 1;
        assert_eq!(info.state, JournalState::Discarding, "{when}");
        assert!(matches!(undone, Err(Error::NoSuchRestore(_))), "{when}: {undone:?}");
        let text = fs::read_to_string(small.source.join("letter.txt")).unwrap();
        assert_eq!(text, "all is well\n", "{when}");
        small.home.run(["undo"]).says(2, &["There is no restore to undo"]);
        small.home.run(["undo", "--list"]).says(0, &["being given up"]);
        assert_eq!(journals.tidy(Timestamp::now()).unwrap(), [id], "{when}");
        assert_eq!(workspaces(&small.source), [] as [PathBuf; 0], "{when}");
    }
    assert!(is_half >= 3, "{is_half}");
}

#[test]
fn half_a_restore_is_given_up_by_a_person_alone() {
    if !trace::can_inject() {
        return;
    }
    for is_damaged in [false, true] {
        let (small, answer) = replaced_under(Some("renameat2:signal=SIGKILL:when=2"));
        assert_eq!(answer.code, None, "{answer:?}");
        let journals = journals(&small);
        let info = journals.list().unwrap().pop().unwrap();
        assert!(info.is_half_done && info.is_interrupted(), "{info:?}");
        age(&journals, info.id);
        assert_eq!(journals.tidy(Timestamp::now()).unwrap(), [] as [Uuid; 0]);
        assert!(matches!(journals.give_up(info.id), Err(Error::Locked { .. })));
        if is_damaged {
            fs::write(file(&journals, info.id, "steps.jsonl"), "").unwrap();
        }
        let before = super::plain(crate::common::tree::facts(&small.source));
        let number = info.id.to_string();
        small.home.run(["undo", "--discard", &number]).says(2, &["--yes"]);
        assert_eq!(journals.list().unwrap().len(), 1);
        small.home.run(["undo", "--discard", "--yes", &number]).says(0, &["as far as it came"]);
        assert_eq!(journals.list().unwrap(), []);
        assert_eq!(workspaces(&small.source), [] as [PathBuf; 0]);
        let after = super::plain(crate::common::tree::facts(&small.source));
        assert_same(&after, &before, "half a restore");
    }
}

#[test]
fn an_interrupted_undo_is_gone_on_with_by_undo() {
    if !trace::can_inject() {
        return;
    }
    let (small, id) = replaced();
    trace::run_under(&small.home, "renameat2:signal=SIGKILL:when=2", None, &["undo"]);
    let info = journals(&small).list().unwrap().pop().unwrap();
    assert!(info.is_undoing && info.is_half_done, "{info:?}");
    small.home.run(["restore", "--resume"]).says(2, &["No restore was interrupted"]);
    let told = format!("“yore undo {}” goes on with it", &id.to_string()[..8]);
    small.home.run(["status"]).says(0, &[&told]);
    small.home.run(["undo", "--list"]).says(0, &["interrupted: “yore undo” goes on"]);
    small.home.run(["undo"]).says(0, &["Taking back"]);
    assert_eq!(fs::read_to_string(small.source.join("letter.txt")).unwrap(), "changed");
}

#[test]
fn a_file_system_without_modes_is_restored_to() {
    let make = Make { kind: "exfat", size_mib: 32, options: &[] };
    let Some(drive) = LoopDrive::make(&make) else { return };
    let scene = Scene::new();
    let to = drive.path().join("to");
    let report = replace_in(&scene, &to);
    assert_eq!(fs::read_to_string(to.join("lost.txt")).unwrap(), "old lost");
    assert!(report.kept.iter().all(|kept| mode(kept) != 0o700), "the file system keeps modes");
    assert_eq!(scene.undo(report.id).problems, []);
    assert_eq!(fs::read_to_string(to.join("lost.txt")).unwrap(), "another");
    scene.rig.journals().give_up(report.id).unwrap();
    assert_eq!(workspaces(&to), [] as [PathBuf; 0]);
}

#[test]
fn what_lies_about_without_a_header_is_removed_unless_it_is_in_use() {
    let scene = Scene::new();
    let report = scene.apply(&scene.whole_plan());
    let journals = scene.rig.journals();
    let count = || fs::read_dir(journals.folder()).unwrap().count();
    let before = count();
    let (left, held) = (Uuid::new_v4(), Uuid::new_v4());
    for ending in ["json.new", "items.jsonl", "steps.jsonl", "lock"] {
        for id in [left, held] {
            write(&file(&journals, id, ending), "");
        }
    }
    write(&journals.folder().join("notes.txt"), "mine");
    let lock = fs::File::options().write(true).open(file(&journals, held, "lock")).unwrap();
    let region = |kind: libc::c_int| libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 1,
        l_pid: 0,
    };
    fcntl(&lock, FcntlArg::F_OFD_SETLK(&region(libc::F_WRLCK))).unwrap();
    journals.tidy(Timestamp::now()).unwrap();
    assert_eq!(count(), before + 4 + 1);
    // Not only closed: a child that another test just forked may share it until its exec.
    fcntl(&lock, FcntlArg::F_OFD_SETLK(&region(libc::F_UNLCK))).unwrap();
    journals.tidy(Timestamp::now()).unwrap();
    assert_eq!(count(), before + 1);
    assert_eq!(scene.undo(report.id).problems, []);
}
