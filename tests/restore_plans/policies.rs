//! What a plan says of a folder in which all kinds of things happened, by policy.

use std::fs;

use yore::engine::error::Error;
use yore::engine::monitor::Monitor;
use yore::engine::restore::{Action, OnConflict, RestoreRequest, Wanted, plan_restore};

use super::{actions, asked, into, item, pairs, planned};
use crate::common::engine::Rig;
use crate::common::tree::write;

/// A folder with an entry for everything that can have happened since the snapshot.
fn changed() -> Rig {
    let rig = Rig::new();
    for name in ["changed", "deleted", "equal", "kind", "sub/deep"] {
        write(&rig.source.join("f").join(name), format!("{name} as it was"));
    }
    rig.back_up();
    write(&rig.source.join("f/changed"), "another");
    fs::remove_file(rig.source.join("f/deleted")).unwrap();
    fs::remove_file(rig.source.join("f/kind")).unwrap();
    write(&rig.source.join("f/kind/inner"), "12345");
    write(&rig.source.join("f/new"), "not in the snapshot");
    rig
}

#[test]
fn each_policy_plans_for_what_is_in_the_way() {
    let rig = changed();
    for (policy, action) in [
        (OnConflict::KeepBoth, Action::KeepBoth),
        (OnConflict::Replace, Action::Replace),
        (OnConflict::Skip, Action::Skip),
    ] {
        let plan = planned(&rig, &asked(&rig, 1, policy, ["f"]));
        let wanted = [("f/changed", action), ("f/deleted", Action::Create), ("f/kind", action)];
        assert_eq!(actions(&rig, &plan), pairs(&wanted), "{policy:?}");
        assert_eq!(plan.same, 2, "{policy:?}");
        let there = item(&rig, &plan, "f/changed").there.unwrap();
        assert_eq!((there.entries, there.bytes), (1, 7), "{policy:?}");
        let there = item(&rig, &plan, "f/kind").there.unwrap();
        assert_eq!((there.entries, there.bytes), (2, 5), "{policy:?}");
        let written = if policy == OnConflict::Skip { 1 } else { 3 };
        assert_eq!(plan.entries, written, "{policy:?}");
        let aside = if policy == OnConflict::Replace { (3, 12) } else { (0, 0) };
        assert_eq!(plan.set_aside(), aside, "{policy:?}");
        let own = item(&rig, &plan, "f/changed").target != rig.source.join("f/changed");
        assert_eq!(own, policy == OnConflict::KeepBoth);
    }
}

#[test]
fn exactly_means_that_what_is_newer_goes() {
    let rig = changed();
    let plan = planned(&rig, &asked(&rig, 1, OnConflict::Exact, ["f"]));
    let wanted = [
        ("f/changed", Action::Replace),
        ("f/deleted", Action::Create),
        ("f/kind", Action::Replace),
        ("f/new", Action::Remove),
        ("f", Action::Adjust),
    ];
    assert_eq!(actions(&rig, &plan), pairs(&wanted));
    assert_eq!(plan.set_aside(), (4, 31));
}

#[test]
fn what_lies_on_no_way_is_made_and_the_root_is_no_hindrance() {
    let rig = changed();
    fs::remove_dir_all(rig.source.join("f")).unwrap();
    let plan = planned(&rig, &asked(&rig, 1, OnConflict::Replace, ["f/sub/deep"]));
    assert_eq!(actions(&rig, &plan), pairs(&[("f/sub/deep", Action::Create)]));
    assert_eq!(item(&rig, &plan, "f/sub/deep").target, rig.source.join("f/sub/deep"));
    // A whole snapshot means its sources.
    let whole = RestoreRequest::of(1, [yore::engine::path::RelPath::root()]);
    let plan = planned(&rig, &whole);
    assert_eq!(actions(&rig, &plan), pairs(&[("f", Action::Create)]));
    assert_eq!(item(&rig, &plan, "f").entries, 7);
    let to = rig.path().join("not/yet");
    let plan = planned(&rig, &into(to.clone(), whole));
    assert_eq!(plan.items[0].target, to.join("source"));
}

#[test]
fn a_link_on_the_way_is_refused() {
    let rig = changed();
    fs::rename(rig.source.join("f"), rig.path().join("away")).unwrap();
    std::os::unix::fs::symlink(rig.path().join("away"), rig.source.join("f")).unwrap();
    let request = asked(&rig, 1, OnConflict::Replace, ["f/deleted"]);
    let refused = plan_restore(&rig.history(), &request, &Monitor::new());
    assert!(matches!(refused, Err(Error::BadTarget { .. })), "{refused:?}");
    // The folder itself is something else now.
    let plan = planned(&rig, &asked(&rig, 1, OnConflict::Replace, ["f"]));
    assert_eq!(actions(&rig, &plan), pairs(&[("f", Action::Replace)]));
    assert_eq!(plan.items[0].there.unwrap().entries, 1);
}

#[test]
fn several_snapshots_give_each_what_was_deleted() {
    let rig = Rig::new();
    write(&rig.source.join("one"), "1");
    write(&rig.source.join("stays"), "s");
    rig.back_up();
    fs::remove_file(rig.source.join("one")).unwrap();
    write(&rig.source.join("two"), "22");
    rig.back_up();
    fs::remove_file(rig.source.join("two")).unwrap();
    rig.back_up();
    let wanted =
        [(1, "one"), (2, "two")].map(|(at, name)| Wanted { path: rig.path_of(name), at }).to_vec();
    let plan = planned(&rig, &RestoreRequest { wanted, ..RestoreRequest::default() });
    let both = [("one", Action::Create), ("two", Action::Create)];
    assert_eq!(actions(&rig, &plan), pairs(&both));
    assert_eq!((plan.snapshots.len(), plan.entries, plan.bytes), (2, 2, 3));
    let unknown =
        plan_restore(&rig.history(), &asked(&rig, 3, OnConflict::Skip, ["two"]), &Monitor::new());
    assert!(matches!(unknown, Err(Error::NotInSnapshot { .. })));
}

#[test]
fn a_stop_is_heard() {
    let rig = changed();
    let monitor = Monitor::new();
    monitor.cancel().cancel();
    let stopped = plan_restore(&rig.history(), &asked(&rig, 1, OnConflict::Exact, ["f"]), &monitor);
    assert!(matches!(stopped, Err(Error::Cancelled)));
}
