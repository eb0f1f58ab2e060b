//! Where nothing is restored to: repositories and the program's own folders.

use std::fs;
use std::path::{Path, PathBuf};

use yore::engine::error::{Error, TargetProblem};
use yore::engine::monitor::Monitor;
use yore::engine::restore::{Action, OnConflict, RestoreRequest, plan_restore};

use super::{actions, asked, into, pairs, planned};
use crate::common::bound::Bound;
use crate::common::engine::Rig;
use crate::common::place::is_root;
use crate::common::tree::write;

#[track_caller]
fn refused(rig: &Rig, request: &RestoreRequest, wanted: TargetProblem) {
    let answer = plan_restore(&rig.history(), request, &Monitor::new());
    let is_it = matches!(&answer, Err(Error::BadTarget { reason, .. }) if *reason == wanted);
    assert!(is_it, "{answer:?}");
}

/// What makes a folder a repository.
fn make_repository(of: &Rig, path: &Path) {
    for name in ["snapshots", "stage"] {
        fs::create_dir_all(path.join(name)).unwrap();
    }
    fs::copy(of.repository.join("repository.json"), path.join("repository.json")).unwrap();
}

fn backed_up() -> Rig {
    let rig = Rig::new();
    write(&rig.source.join("f/x"), "x");
    rig.back_up();
    rig
}

#[test]
fn nothing_is_restored_into_a_repository() {
    let rig = backed_up();
    let to = |folder: PathBuf| into(folder, asked(&rig, 1, OnConflict::KeepBoth, ["f"]));
    let name = rig.history().snapshots().unwrap()[0].name.clone();
    let committed = rig.stored(&name);
    for folder in [rig.repository.clone(), rig.repository.join("new/one"), committed.clone()] {
        refused(&rig, &to(folder), TargetProblem::Repository);
    }
    let link = rig.path().join("link");
    std::os::unix::fs::symlink(&committed, &link).unwrap();
    refused(&rig, &to(link.join("f")), TargetProblem::Repository);
    let others = rig.path().join("others");
    make_repository(&rig, &others);
    refused(&rig, &to(others.join("snapshots/one")), TargetProblem::Repository);
    fs::rename(others.join("repository.json"), others.join("gone")).unwrap();
    planned(&rig, &to(others));
    planned(&rig, &to(rig.repository.parent().unwrap().to_owned()));
}

#[test]
fn a_repository_is_known_by_any_path() {
    if !is_root() {
        return;
    }
    let rig = backed_up();
    let elsewhere = rig.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let Some(_bound) = Bound::to(&rig.repository, &elsewhere) else { return };
    // Not even what makes it a repository is needed.
    let history = rig.history();
    fs::rename(rig.repository.join("stage"), rig.repository.join("away")).unwrap();
    let folder = elsewhere.join("snapshots");
    let request = into(folder, asked(&rig, 1, OnConflict::KeepBoth, ["f"]));
    let answer = plan_restore(&history, &request, &Monitor::new());
    assert!(matches!(answer, Err(Error::BadTarget { .. })), "{answer:?}");
}

#[test]
fn nothing_is_restored_into_the_program_s_own_folders() {
    let rig = backed_up();
    let own = rig.path().join("state");
    let to = |folder: PathBuf| {
        let asked = asked(&rig, 1, OnConflict::KeepBoth, ["f"]);
        into(folder, RestoreRequest { spared: vec![own.clone()], ..asked })
    };
    // It need not be there yet.
    refused(&rig, &to(own.join("restores")), TargetProblem::Own);
    fs::create_dir(&own).unwrap();
    refused(&rig, &to(own.clone()), TargetProblem::Own);
    planned(&rig, &to(rig.path().join("state of things")));
    let link = rig.path().join("link");
    std::os::unix::fs::symlink(rig.path(), &link).unwrap();
    let mut request = to(own.join("restores"));
    request.spared = vec![link.join("state")];
    refused(&rig, &request, TargetProblem::Own);
}

#[test]
fn what_came_from_such_a_place_does_not_go_back_there() {
    let rig = backed_up();
    make_repository(&rig, &rig.source.join("f"));
    fs::remove_file(rig.source.join("f/x")).unwrap();
    for below in ["f", "f/x"] {
        let request = asked(&rig, 1, OnConflict::KeepBoth, [below]);
        refused(&rig, &request, TargetProblem::Repository);
    }
    // With all around it, the rest comes back.
    for policy in [OnConflict::KeepBoth, OnConflict::Exact] {
        let plan = planned(&rig, &asked(&rig, 1, policy, [""]));
        let mut found = actions(&rig, &plan);
        found.retain(|(_, action)| *action != Action::Adjust);
        assert_eq!(found, pairs(&[("f", Action::Impossible)]), "{policy:?}");
    }
}
