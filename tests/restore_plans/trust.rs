//! What a snapshot can't tell of is not removed: what it could not read, and what a damaged one may have lost.

use std::fs;

use rusqlite::Connection;
use serde_json::json;
use yore::engine::restore::{Action, OnConflict, RestorePlan, Warning};

use super::{actions, asked, pairs, planned};
use crate::common::engine::Rig;
use crate::common::tree::write;

/// What is removed, by paths below the source.
fn removed(rig: &Rig, plan: &RestorePlan) -> Vec<String> {
    let all = actions(rig, plan).into_iter();
    all.filter(|(_, action)| *action == Action::Remove).map(|(path, _)| path).collect()
}

/// Says in the index that an entry was carried forward.
fn make_stale(rig: &Rig, name: &str) {
    let mark = json!({"stale": {"id": rig.id, "started": "2026-01-01T00:00:00Z"}}).to_string();
    let sql = "UPDATE version SET override = ?1 WHERE node = \
         (SELECT n.id FROM node n JOIN name m ON m.id = n.name WHERE m.name = CAST(?2 AS BLOB))";
    Connection::open(rig.index()).unwrap().execute(sql, [&mark, name]).unwrap();
}

/// Two folders, one in another, with something newer in each.
fn deep() -> Rig {
    let rig = Rig::new();
    for name in ["outer/inner/a", "other/b"] {
        write(&rig.source.join(name), name);
    }
    rig.back_up();
    for name in ["outer/newer", "outer/inner/newer", "other/newer"] {
        write(&rig.source.join(name), name);
    }
    rig
}

#[test]
fn in_a_folder_that_was_carried_forward_nothing_is_removed() {
    let rig = deep();
    let exact = |below| planned(&rig, &asked(&rig, 1, OnConflict::Exact, [below]));
    assert_eq!(removed(&rig, &exact("")), ["other/newer", "outer/newer", "outer/inner/newer"]);
    make_stale(&rig, "outer");
    assert_eq!(removed(&rig, &exact("")), ["other/newer"]);
    // The mark is that of a folder above.
    assert_eq!(removed(&rig, &exact("outer/inner")), [""; 0]);
    assert_eq!(removed(&rig, &exact("other")), ["other/newer"]);
}

#[test]
fn a_database_in_a_folder_that_was_carried_forward_stays() {
    let rig = Rig::new();
    write(&rig.source.join("outer/inner/x-wal"), "log");
    rig.back_up();
    for name in ["x", "x-wal"] {
        write(&rig.source.join("outer/inner").join(name), "newer");
    }
    make_stale(&rig, "outer");
    for below in ["", "outer/inner/x-wal"] {
        let plan = planned(&rig, &asked(&rig, 1, OnConflict::Exact, [below]));
        let mut found = actions(&rig, &plan);
        found.retain(|(_, action)| *action != Action::Adjust);
        assert_eq!(found, pairs(&[("outer/inner/x-wal", Action::KeepBoth)]));
    }
}

#[test]
fn what_the_snapshot_could_not_read_is_not_removed() {
    let rig = deep();
    let name = rig.history().snapshots().unwrap()[0].name.clone();
    for path in ["newer/unread/x", "taken/unread", "both"] {
        write(&rig.source.join(path), path);
    }
    let line = |below: &str| {
        let path = rig.path_of(below).encode();
        format!("{}\n", json!({"path": path, "reason": "it could not be read"}))
    };
    let lines = ["newer/unread", "other", "both"].map(line).concat();
    let problems = rig.snapshot(&name).join("problems.jsonl");
    fs::write(&problems, lines).unwrap();
    let say = |count: u64| {
        let index = Connection::open(rig.index()).unwrap();
        index.execute("UPDATE snapshot SET problems = ?1", [count]).unwrap();
    };
    say(3);
    let plan = || planned(&rig, &asked(&rig, 1, OnConflict::Exact, [""]));
    assert_eq!(removed(&rig, &plan()), ["taken", "outer/newer", "outer/inner/newer"]);
    // A line is missing.
    say(4);
    assert_eq!(removed(&rig, &plan()), [""; 0]);
    say(3);
    fs::remove_file(problems).unwrap();
    assert_eq!(removed(&rig, &plan()), [""; 0]);
}

#[test]
fn for_a_damaged_snapshot_nothing_is_removed() {
    let damage: [fn(&Rig, &str); 2] = [
        |rig, name| fs::remove_file(rig.snapshot(name).join("seal.json")).unwrap(),
        // Under a good seal.
        |rig, name| fs::remove_dir_all(rig.stored(name).join("outer/inner")).unwrap(),
    ];
    for damage in damage {
        let rig = deep();
        let name = rig.history().snapshots().unwrap()[0].name.clone();
        rig.back_up();
        damage(&rig, &name);
        fs::remove_file(rig.index()).unwrap();
        rig.recover();
        let snapshots = rig.history().snapshots().unwrap();
        let at = snapshots.iter().find(|snapshot| snapshot.name == name).unwrap().seq;
        let plan = planned(&rig, &asked(&rig, at, OnConflict::Exact, [""]));
        assert_eq!(removed(&rig, &plan), [""; 0]);
        assert!(plan.warnings.contains(&Warning::DamagedSnapshot { name }), "{:?}", plan.warnings);
    }
}
