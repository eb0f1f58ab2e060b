//! Folders that are in the way and stay: what they hold is moved nowhere.

use std::fs;

use uuid::Uuid;
use yore::engine::backup::{BackupOptions, Source};
use yore::engine::monitor::Monitor;
use yore::engine::restore::{Action, OnConflict, RestoreRequest};
use yore::engine::rules::{Exclusion, RuleSet, Rules};

use super::{asked, item, planned};
use crate::common::bound::Bound;
use crate::common::engine::Rig;
use crate::common::place::is_root;
use crate::common::tree::write;

/// A source in which `x` was a file and is a folder that holds `inner` now.
fn became_folder(inner: &str) -> Rig {
    let rig = Rig::new();
    write(&rig.source.join("x"), "a file");
    let set = RuleSet { exclude: vec![Exclusion::Pattern("*.tmp".into())], ..RuleSet::default() };
    let options = BackupOptions { rules: Rules::compile(set, None).unwrap(), ..rig.options() };
    rig.try_back_up(&options, &Monitor::new()).unwrap();
    fs::remove_file(rig.source.join("x")).unwrap();
    write(&rig.source.join("x").join(inner), "newer");
    rig
}

#[track_caller]
fn check(rig: &Rig, request: &RestoreRequest, wanted: [Action; 2]) {
    for (on_conflict, wanted) in [OnConflict::Exact, OnConflict::Replace].into_iter().zip(wanted) {
        let plan = planned(rig, &RestoreRequest { on_conflict, ..request.clone() });
        assert_eq!(item(rig, &plan, "x").action, wanted, "{on_conflict:?}");
    }
}

#[test]
fn what_rules_leave_out_is_not_moved_away_with_the_folder_around_it() {
    use Action::{KeepBoth, Replace};
    let rig = became_folder("deep/y.tmp");
    for below in ["", "x"] {
        check(&rig, &asked(&rig, 1, OnConflict::Exact, [below]), [KeepBoth, Replace]);
    }
    let rig = became_folder("deep/y");
    check(&rig, &asked(&rig, 1, OnConflict::Exact, [""]), [Replace, Replace]);
}

#[test]
fn what_holds_a_folder_of_the_program_or_a_repository_is_never_moved_away() {
    use Action::KeepBoth;
    let rig = became_folder("state/restores/1.json");
    for own in ["x", "x/state"] {
        let mut request = asked(&rig, 1, OnConflict::Exact, [""]);
        request.spared.push(rig.source.join(own));
        check(&rig, &request, [KeepBoth; 2]);
    }
    let mut request = asked(&rig, 1, OnConflict::Exact, ["x"]);
    request.left_out.push(rig.source.join("x/state"));
    check(&rig, &request, [KeepBoth; 2]);
    let repository = rig.source.join("x/repository");
    fs::create_dir_all(repository.join("snapshots")).unwrap();
    fs::create_dir_all(repository.join("stage")).unwrap();
    fs::copy(rig.repository.join("repository.json"), repository.join("repository.json")).unwrap();
    check(&rig, &asked(&rig, 1, OnConflict::Exact, [""]), [KeepBoth; 2]);
}

#[test]
fn a_folder_of_the_program_is_known_by_any_path() {
    if !is_root() {
        return;
    }
    let rig = became_folder("state/restores/1.json");
    write(&rig.source.join("newer/state/1.json"), "newer");
    let elsewhere = rig.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let Some(_bound) = Bound::to(&rig.source, &elsewhere) else { return };
    let mut request = asked(&rig, 1, OnConflict::Exact, [""]);
    request.spared.extend(["x/state", "newer/state"].map(|below| elsewhere.join(below)));
    check(&rig, &request, [Action::KeepBoth; 2]);
    assert_eq!(planned(&rig, &request).count(Action::Remove), 0);
}

#[test]
fn the_folder_of_another_source_is_not_moved_away() {
    let rig = became_folder("source/doc");
    let other = Source { id: Uuid::new_v4(), path: rig.source.join("x/source") };
    let options = BackupOptions { sources: vec![other], ..rig.options() };
    rig.try_back_up(&options, &Monitor::new()).unwrap();
    check(&rig, &asked(&rig, 1, OnConflict::Exact, [""]), [Action::KeepBoth; 2]);
}
