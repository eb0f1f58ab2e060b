//! A database and its log are one unit in every plan.

use std::fs;

use yore::engine::restore::{Action, OnConflict, RestorePlan};

use super::{actions, asked, into, item, pairs, planned};
use crate::common::engine::Rig;
use crate::common::tree::write;

/// What is in a file then and now; `None` where there is none.
type Sides = (Option<&'static str>, Option<&'static str>);

const GONE: Option<&str> = None;

/// A folder `d` in which a database and its logs were `then` and are `now`.
fn changed(parts: &[(&str, Sides)]) -> Rig {
    let rig = Rig::new();
    write(&rig.source.join("d/other"), "o");
    for (name, (then, _)) in parts {
        if let Some(then) = then {
            write(&rig.source.join("d").join(name), then);
        }
    }
    rig.back_up();
    for (name, (then, now)) in parts {
        let path = rig.source.join("d").join(name);
        match now {
            Some(now) if *then != Some(*now) => write(&path, now),
            None if then.is_some() => fs::remove_file(path).unwrap(),
            _ => {}
        }
    }
    rig
}

#[track_caller]
fn check(parts: &[(&str, Sides)], policy: OnConflict, wanted: &[(&str, Action)]) -> RestorePlan {
    let rig = changed(parts);
    // The same whether the folder is asked for or any part of the database.
    let whole = planned(&rig, &asked(&rig, 1, policy, ["d"]));
    let mut found = actions(&rig, &whole);
    found.retain(|(_, action)| *action != Action::Adjust);
    assert_eq!(found, pairs(wanted), "{policy:?}");
    for (name, _) in parts.iter().filter(|(_, (then, _))| then.is_some()) {
        let part = planned(&rig, &asked(&rig, 1, policy, [format!("d/{name}").as_str()]));
        assert_eq!(actions(&rig, &part), pairs(wanted), "{policy:?} of {name}");
    }
    whole
}

#[test]
fn a_log_that_differs_makes_the_whole_unit_differ() {
    let parts = [
        ("x", (Some("database"), Some("database"))),
        ("x-wal", (Some("log"), Some("a newer log"))),
        ("x-shm", (None, Some("shared"))),
    ];
    let wanted = [
        ("d/x-wal", Action::Remove),
        ("d/x-shm", Action::Remove),
        ("d/x", Action::Replace),
        ("d/x-wal", Action::Create),
    ];
    for policy in [OnConflict::Replace, OnConflict::Exact] {
        let plan = check(&parts, policy, &wanted);
        assert_eq!((plan.same, plan.items[3].there), (1, None));
    }
    check(&parts, OnConflict::Skip, &[("d/x-wal", Action::Skip)]);
    let both = [("d/x", Action::KeepBoth), ("d/x-wal", Action::KeepBoth)];
    let plan = check(&parts, OnConflict::KeepBoth, &both);
    let names: Vec<_> = plan.items.iter().map(|item| item.target.to_str().unwrap()).collect();
    assert_eq!(names[1], format!("{}-wal", names[0]));
    assert!(names[0].contains(" ("), "{names:?}");
}

#[test]
fn a_log_that_is_only_there_now_goes_first() {
    let parts =
        [("x", (Some("database"), Some("database"))), ("x-journal", (None, Some("a journal")))];
    for policy in [OnConflict::Replace, OnConflict::Exact] {
        let plan =
            check(&parts, policy, &[("d/x-journal", Action::Remove), ("d/x", Action::Replace)]);
        assert_eq!(plan.items[0].there.unwrap().bytes, 9);
    }
    check(&parts, OnConflict::KeepBoth, &[("d/x", Action::KeepBoth)]);
    check(&parts, OnConflict::Skip, &[]);
    let parts = [
        ("x", (Some("database"), Some("another"))),
        ("x-wal", (None, Some("log"))),
        ("x-journal", (Some("journal"), None)),
    ];
    let wanted =
        [("d/x-wal", Action::Remove), ("d/x", Action::Replace), ("d/x-journal", Action::Create)];
    check(&parts, OnConflict::Replace, &wanted);
    check(&parts, OnConflict::Exact, &wanted);
    let parts = [("x", (Some("database"), None)), ("x-wal", (None, Some("left over")))];
    let wanted = [("d/x-wal", Action::Remove), ("d/x", Action::Create)];
    check(&parts, OnConflict::Replace, &wanted);
    check(&parts, OnConflict::KeepBoth, &[("d/x", Action::KeepBoth)]);
    check(&parts, OnConflict::Skip, &[("d/x", Action::Skip)]);
}

#[test]
fn a_log_that_is_only_stored_is_missed() {
    let parts = [("x", (Some("database"), Some("database"))), ("x-wal", (Some("log"), GONE))];
    let wanted = [("d/x", Action::Replace), ("d/x-wal", Action::Create)];
    check(&parts, OnConflict::Replace, &wanted);
    check(&parts, OnConflict::Exact, &wanted);
    check(&parts, OnConflict::Skip, &[("d/x-wal", Action::Skip)]);
    let both = [("d/x", Action::KeepBoth), ("d/x-wal", Action::KeepBoth)];
    check(&parts, OnConflict::KeepBoth, &both);
}

#[test]
fn a_log_without_its_database_is_put_beside_no_other() {
    let parts = [("x", (None, Some("database"))), ("x-wal", (Some("log"), Some("newer")))];
    check(&parts, OnConflict::Replace, &[("d/x-wal", Action::KeepBoth)]);
    check(&parts, OnConflict::KeepBoth, &[("d/x-wal", Action::KeepBoth)]);
    let wanted =
        [("d/x-wal", Action::Remove), ("d/x", Action::Remove), ("d/x-wal", Action::Create)];
    check(&parts, OnConflict::Exact, &wanted);
}

#[test]
fn what_programs_share_in_memory_and_empty_logs_make_no_difference() {
    let parts = [
        ("x", (Some("database"), Some("database"))),
        ("x-shm", (None, Some("shared"))),
        ("x-journal", (None, Some(""))),
    ];
    for policy in [OnConflict::KeepBoth, OnConflict::Replace, OnConflict::Skip, OnConflict::Exact] {
        let plan = check(&parts, policy, &[]);
        assert_eq!(plan.same, 2, "{policy:?}");
    }
    // No database: just names.
    let parts = [("x-wal", (Some("log"), Some("other"))), ("y-shm", (None, Some("shared")))];
    check(&parts, OnConflict::Replace, &[("d/x-wal", Action::Replace)]);
}

#[test]
fn a_database_brings_its_log_to_another_folder() {
    let rig = changed(&[("x", (Some("database"), None)), ("x-wal", (Some("log"), None))]);
    let to = rig.path().join("to");
    let request = into(to.clone(), asked(&rig, 1, OnConflict::KeepBoth, ["d/x"]));
    let plan = planned(&rig, &request);
    let both = [("d/x", Action::Create), ("d/x-wal", Action::Create)];
    assert_eq!(actions(&rig, &plan), pairs(&both));
    assert_eq!(item(&rig, &plan, "d/x-wal").target, to.join("x-wal"));
}
