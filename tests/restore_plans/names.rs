//! No two items of a plan get the same target.

use std::fs;

use yore::engine::restore::{Action, OnConflict, RestoreRequest, Wanted};

use super::{actions, asked, into, item, pairs, planned};
use crate::common::engine::Rig;
use crate::common::tree::write;

fn of(rig: &Rig, wanted: &[(u64, &str)], on_conflict: OnConflict) -> RestoreRequest {
    let wanted = wanted.iter().map(|(at, below)| Wanted { path: rig.path_of(below), at: *at });
    RestoreRequest { wanted: wanted.collect(), on_conflict, ..RestoreRequest::default() }
}

#[test]
fn what_has_the_same_name_gets_another() {
    let rig = Rig::new();
    for name in ["a/x.txt", "b/x.txt", "c/x.txt"] {
        write(&rig.source.join(name), name);
    }
    rig.back_up();
    let to = rig.path().join("to");
    for policy in [OnConflict::KeepBoth, OnConflict::Replace, OnConflict::Skip, OnConflict::Exact] {
        let request = asked(&rig, 1, policy, ["a/x.txt", "b/x.txt", "c/x.txt"]);
        let plan = planned(&rig, &into(to.clone(), request));
        let wanted = [
            ("a/x.txt", Action::Create),
            ("b/x.txt", Action::KeepBoth),
            ("c/x.txt", Action::KeepBoth),
        ];
        assert_eq!(actions(&rig, &plan), pairs(&wanted), "{policy:?}");
        assert!(plan.items.iter().all(|item| item.target.parent() == Some(&to)));
    }
}

#[test]
fn a_name_with_a_date_is_no_other_entry_s() {
    let rig = Rig::new();
    write(&rig.source.join("x"), "one");
    rig.back_up();
    write(&rig.source.join("x"), "two");
    let plan = planned(&rig, &asked(&rig, 1, OnConflict::KeepBoth, [""]));
    let dated = item(&rig, &plan, "x").target.clone();
    // The snapshot has an entry that is called like that, too, and so has the next one.
    write(&dated, "one more");
    rig.back_up();
    fs::remove_file(&dated).unwrap();
    write(&rig.source.join("x"), "three");
    let whole = asked(&rig, 2, OnConflict::KeepBoth, [""]);
    let plan = planned(&rig, &whole);
    assert_eq!(plan.count(Action::KeepBoth), 1);
    assert!(plan.items.iter().any(|item| item.target == dated && item.action == Action::Create));
}

#[test]
fn two_versions_of_one_file_come_back_beside_each_other() {
    let rig = Rig::new();
    for content in ["one", "two", "three"] {
        write(&rig.source.join("x"), content);
        rig.back_up();
    }
    rig.back_up();
    let request = of(&rig, &[(1, "x"), (2, "x")], OnConflict::Replace);
    let plan = planned(&rig, &request);
    let wanted = [("x", Action::Replace), ("x", Action::KeepBoth)];
    assert_eq!(actions(&rig, &plan), pairs(&wanted));
    assert_eq!(plan.items[0].target, rig.source.join("x"));
    // The same version twice is one.
    let plan = planned(&rig, &of(&rig, &[(3, "x"), (4, "x")], OnConflict::Replace));
    assert_eq!((actions(&rig, &plan), plan.same), (Vec::new(), 2));
    let plan = planned(&rig, &of(&rig, &[(1, "x"), (1, "x"), (1, "")], OnConflict::Replace));
    assert_eq!(actions(&rig, &plan), pairs(&[("x", Action::Replace)]));
}

#[test]
fn an_older_file_in_a_folder_that_comes_back_too_stands_beside_the_newer() {
    let rig = Rig::new();
    write(&rig.source.join("a/b/x"), "one");
    write(&rig.source.join("a/y"), "y");
    rig.back_up();
    write(&rig.source.join("a/b/x"), "two");
    rig.back_up();
    for policy in [OnConflict::Replace, OnConflict::KeepBoth, OnConflict::Exact] {
        let plan = planned(&rig, &of(&rig, &[(1, "a/b/x"), (2, "a")], policy));
        let mut found = actions(&rig, &plan);
        found.retain(|(_, action)| *action != Action::Adjust);
        assert_eq!(found, pairs(&[("a/b/x", Action::KeepBoth)]), "{policy:?}");
        assert_eq!(item(&rig, &plan, "a/b/x").target.parent().unwrap(), rig.source.join("a/b"));
    }
    // Where the folder is made anew, nothing else may be put into it.
    fs::remove_dir_all(rig.source.join("a/b")).unwrap();
    let plan = planned(&rig, &of(&rig, &[(1, "a/b/x"), (2, "a")], OnConflict::Replace));
    let wanted = [("a/b", Action::Create), ("a/b/x", Action::KeepBoth)];
    assert_eq!(actions(&rig, &plan), pairs(&wanted));
    assert_eq!(item(&rig, &plan, "a/b/x").target.parent().unwrap(), rig.source.join("a"));
}
