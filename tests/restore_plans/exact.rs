//! What becomes of a folder that is to be exactly as it was, and what is left alone all the same.

use std::fs;
use std::process::Command;

use yore::engine::backup::BackupOptions;
use yore::engine::monitor::Monitor;
use yore::engine::restore::{Action, OnConflict};
use yore::engine::rules::{Exclusion, RuleSet, Rules};

use super::{actions, asked, item, pairs, planned};
use crate::common::attribute;
use crate::common::bound::Bound;
use crate::common::drive::must;
use crate::common::engine::Rig;
use crate::common::place::{is_root, set_mode};
use crate::common::tree::write;

#[test]
fn a_folder_that_is_as_it_was_needs_nothing() {
    let rig = Rig::new();
    for name in ["a", "b/c", "b/d/e"] {
        write(&rig.source.join(name), name);
    }
    attribute::set(&rig.source.join("a"), "user.comment", b"kept");
    attribute::set(&rig.source.join("b"), "user.comment", b"kept, too");
    rig.back_up();
    let plan = planned(&rig, &asked(&rig, 1, OnConflict::Exact, [""]));
    assert_eq!(actions(&rig, &plan), []);
    assert_eq!((plan.same, plan.entries), (3, 0));
}

#[test]
fn metadata_alone_makes_a_difference_only_then() {
    let rig = Rig::new();
    for name in ["mode", "time", "attribute", "folder/inside", "dressed/inside"] {
        write(&rig.source.join(name), name);
    }
    rig.back_up();
    set_mode(&rig.source.join("mode"), 0o600);
    must(Command::new("touch").arg(rig.source.join("time")));
    let times = rig.source.join("attribute").metadata().unwrap().modified().unwrap();
    attribute::set(&rig.source.join("attribute"), "user.comment", b"new");
    assert_eq!(rig.source.join("attribute").metadata().unwrap().modified().unwrap(), times);
    set_mode(&rig.source.join("folder"), 0o700);
    attribute::set(&rig.source.join("dressed"), "user.comment", b"new");
    let plan = planned(&rig, &asked(&rig, 1, OnConflict::Replace, [""]));
    assert_eq!((actions(&rig, &plan), plan.same), (Vec::new(), 5));
    let plan = planned(&rig, &asked(&rig, 1, OnConflict::Exact, [""]));
    let wanted = [
        ("attribute", Action::Replace),
        ("mode", Action::Replace),
        ("time", Action::Replace),
        ("dressed", Action::Adjust),
        ("folder", Action::Adjust),
        ("", Action::Adjust),
    ];
    assert_eq!(actions(&rig, &plan), pairs(&wanted));
}

#[test]
fn a_folder_is_adjusted_after_all_that_is_in_it() {
    let rig = Rig::new();
    write(&rig.source.join("a/b/c"), "c");
    rig.back_up();
    write(&rig.source.join("a/b/new"), "n");
    write(&rig.source.join("a/newer/n"), "n");
    let plan = planned(&rig, &asked(&rig, 1, OnConflict::Exact, [""]));
    let wanted = [
        ("a/newer", Action::Remove),
        ("a/b/new", Action::Remove),
        ("a/b", Action::Adjust),
        ("a", Action::Adjust),
    ];
    assert_eq!(actions(&rig, &plan), pairs(&wanted));
    assert_eq!(item(&rig, &plan, "a/newer").there.unwrap().entries, 2);
}

#[test]
fn what_rules_leave_out_stays_with_the_folders_around_it() {
    let rig = Rig::new();
    write(&rig.source.join("kept"), "k");
    write(&rig.source.join("old.tmp"), "left out");
    let set = RuleSet {
        exclude: vec![Exclusion::Pattern("*.tmp".into()), Exclusion::Path(rig.path_of("big"))],
        ..RuleSet::default()
    };
    let rules = Rules::compile(set, None).unwrap();
    let options = BackupOptions { rules, ..rig.options() };
    rig.try_back_up(&options, &Monitor::new()).unwrap();
    write(&rig.source.join("new/doc"), "newer");
    write(&rig.source.join("new/x.tmp"), "left out");
    write(&rig.source.join("new/sub/doc"), "newer");
    write(&rig.source.join("big/disk"), "left out");
    write(&rig.source.join(".yore-restore-0123/replaced/x"), "kept aside");
    write(&rig.source.join("state/notes"), "the program's own");
    let mut request = asked(&rig, 1, OnConflict::Exact, [""]);
    request.spared.push(rig.source.join("state"));
    let plan = planned(&rig, &request);
    let mut removed = actions(&rig, &plan);
    removed.retain(|(_, action)| *action == Action::Remove);
    let wanted = [("new/doc", Action::Remove), ("new/sub", Action::Remove)];
    assert_eq!(removed, pairs(&wanted));
    assert_eq!(plan.items.iter().filter(|item| item.is_written()).count(), 0);
}

#[test]
fn what_is_mounted_and_repositories_stay() {
    if !is_root() {
        return;
    }
    let rig = Rig::new();
    write(&rig.source.join("kept"), "k");
    write(&rig.source.join("became"), "a file");
    rig.back_up();
    write(&rig.source.join("newer/doc"), "newer");
    fs::create_dir(rig.source.join("newer/mounted")).unwrap();
    fs::remove_file(rig.source.join("became")).unwrap();
    fs::create_dir_all(rig.source.join("became/mounted")).unwrap();
    fs::create_dir(rig.source.join("top")).unwrap();
    let elsewhere = rig.path().join("elsewhere");
    write(&elsewhere.join("data"), "on another mount");
    let mounts = ["newer/mounted", "became/mounted", "top"]
        .map(|name| Bound::to(&elsewhere, &rig.source.join(name)));
    if mounts.iter().any(Option::is_none) {
        return;
    }
    must(Command::new("cp").arg("-a").arg(&rig.repository).arg(rig.source.join("copied")));
    let plan = planned(&rig, &asked(&rig, 1, OnConflict::Exact, [""]));
    let wanted = [
        // What can't be moved is not replaced either.
        ("became", Action::KeepBoth),
        ("newer/doc", Action::Remove),
        ("", Action::Adjust),
    ];
    assert_eq!(actions(&rig, &plan), pairs(&wanted));
    assert_eq!(item(&rig, &plan, "became").there.unwrap().entries, 2);
}

#[test]
fn what_was_never_read_stays_as_it_is() {
    if !is_root() {
        return;
    }
    let rig = Rig::new();
    write(&rig.source.join("kept"), "k");
    write(&rig.source.join("unread"), "u");
    write(&rig.source.join("locked/inside"), "i");
    rig.back_up();
    let forge = |name: &str| {
        let sql = "UPDATE version SET override = '{\"absent\":true}' WHERE node = \
             (SELECT n.id FROM node n JOIN name m ON m.id = n.name WHERE m.name = CAST(?1 AS BLOB))";
        rusqlite::Connection::open(rig.index()).unwrap().execute(sql, [name]).unwrap();
    };
    forge("unread");
    forge("locked");
    write(&rig.source.join("locked/newer"), "n");
    let plan = planned(&rig, &asked(&rig, 1, OnConflict::Exact, [""]));
    assert_eq!(actions(&rig, &plan), pairs(&[("unread", Action::Impossible)]));
    assert_eq!(plan.items[0].there.unwrap().bytes, 1);
}
