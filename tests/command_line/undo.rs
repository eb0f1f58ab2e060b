//! `yore undo`, and `yore restore` where something is replaced or removed.

use std::fs;

use serde_json::Value;

use crate::common::small::Small;

/// A letter that was "dear" in the first snapshot and "other" in the second.
fn rewritten() -> (Small, String) {
    let small = Small::new();
    fs::write(small.source.join("letter.txt"), "dear").unwrap();
    let first = small.home.back_up();
    fs::write(small.source.join("letter.txt"), "other").unwrap();
    fs::write(small.source.join("newer.txt"), "new").unwrap();
    small.home.back_up();
    (small, first)
}

fn letter(small: &Small) -> String {
    fs::read_to_string(small.source.join("letter.txt")).unwrap()
}

#[test]
fn what_was_replaced_comes_back_and_goes_again() {
    let (small, first) = rewritten();
    let path = small.arg("letter.txt");
    small.home.run(["undo"]).says(2, &["There is no restore to undo"]);
    let answer = small.home.run(["restore", "--at", &first, &path, "--on-conflict", "replace"]);
    answer.says(0, &["replace", "keeping aside", "yore undo"]);
    assert_eq!(letter(&small), "dear");
    small.home.run(["status"]).says(0, &["1 restore can be undone", "5 B"]);
    small.home.run(["undo"]).says(0, &["Taking back", "1 item is back"]);
    assert_eq!(letter(&small), "other");
    let list = small.home.json(["undo", "--list"]);
    assert_eq!(list["restores"][0]["state"], "undone", "{list:#}");
    let id = list["restores"][0]["id"].as_str().unwrap().to_owned();
    small.home.run(["undo"]).says(2, &["There is no restore to undo"]);
    small.home.run(["undo", &id[..8]]).says(0, &["again"]);
    assert_eq!(letter(&small), "dear");
    small.home.run(["undo", "ffffffffffff"]).says(2, &["--list"]);
}

#[test]
fn what_was_changed_since_is_left() {
    let (small, first) = rewritten();
    let path = small.arg("letter.txt");
    small.home.run(["restore", "--at", &first, &path, "--on-conflict", "replace"]).says(0, &[]);
    fs::write(small.source.join("letter.txt"), "edited").unwrap();
    let answer = small.home.json_of(3, ["undo"]);
    assert!(answer["report"]["problems"][0]["reason"].as_str().unwrap().contains("changed"));
    assert_eq!(letter(&small), "edited");
}

#[test]
fn a_folder_is_made_exactly_as_it_was_after_a_backup() {
    let (small, first) = rewritten();
    fs::write(small.source.join("newest.txt"), "never backed up").unwrap();
    let source = small.arg("");
    let plan = small.home.json(["restore", "--at", &first, &source, "--exact", "--dry-run"]);
    let actions: Vec<&Value> =
        plan["plan"]["items"].as_array().unwrap().iter().map(|item| &item["action"]).collect();
    assert!(actions.contains(&&Value::from("remove")), "{plan:#}");
    let before = small.home.snapshots().len();
    let answer = small.home.run(["restore", "--at", &first, &source, "--exact"]);
    answer.says(0, &["A backup of what is there now", "is complete", "removed"]);
    assert_eq!(small.home.snapshots().len(), before + 1);
    assert_eq!(letter(&small), "dear");
    assert!(!small.source.join("newer.txt").exists() && !small.source.join("newest.txt").exists());
    let after = small.home.json(["restore", "--at", &first, &source, "--exact", "--dry-run"]);
    assert_eq!(after["plan"]["items"], Value::Array(Vec::new()), "{after:#}");

    small.home.run(["undo"]).says(0, &[]);
    assert_eq!(letter(&small), "other");
    assert_eq!(fs::read(small.source.join("newest.txt")).unwrap(), b"never backed up");
    let answer = small.home.json(["restore", "--at", &first, &source, "--exact", "--no-before"]);
    assert_eq!(answer["before"], Value::Null);
    assert_eq!(small.home.snapshots().len(), before + 1);
    let newest = small.home.json(["find", "newest.txt"]);
    assert!(newest["hits"].as_array().is_some_and(|hits| !hits.is_empty()), "{newest:#}");
}

#[test]
fn what_is_gone_comes_from_the_last_snapshot_that_has_it() {
    let (small, _) = rewritten();
    fs::remove_file(small.source.join("newer.txt")).unwrap();
    small.home.back_up();
    let path = small.arg("newer.txt");
    small.home.run(["restore", &path]).says(0, &["in the newest snapshot no more"]);
    assert_eq!(fs::read(small.source.join("newer.txt")).unwrap(), b"new");
    small.home.run(["restore", "--at", "latest", &path]).says(1, &["The last one that has it"]);
}

#[test]
fn room_is_given_back() {
    let (small, first) = rewritten();
    let path = small.arg("letter.txt");
    let answer = small.home.json(["restore", "--at", &first, &path, "--on-conflict", "replace"]);
    let kept = answer["report"]["kept"][0].as_str().unwrap().to_owned();
    assert!(fs::exists(&kept).unwrap());
    let id = answer["report"]["id"].as_str().unwrap();
    small.home.run(["undo", "--discard", id]).says(0, &["5 B are free again"]);
    assert!(!fs::exists(&kept).unwrap());

    small.home.run(["undo", id]).says(2, &["--list"]);
    assert_eq!(letter(&small), "dear");
}
