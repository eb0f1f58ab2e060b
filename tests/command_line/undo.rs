//! `yore undo`, and `yore restore` where something is replaced or removed.

use std::fs;

use serde_json::Value;

use crate::common::cli::{Home, NOBODY};
use crate::common::place::is_root;
use crate::common::small::Small;
use crate::common::tree::write;

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

#[test]
fn the_list_says_how_much_more_there_is_and_an_undo_of_nothing_says_so() {
    let (small, first) = rewritten();
    fs::write(small.source.join("photos/winter.jpg"), "thaw").unwrap();
    let source = small.arg("");
    let words = ["restore", "--at", &first, &source, "--on-conflict", "replace"];
    small.home.run(words).says(0, &["2 entries restored"]);
    small.home.run(["undo", "--list"]).says(0, &["letter.txt and 1 more  kept until"]);
    fs::write(small.source.join("letter.txt"), "edited").unwrap();
    fs::write(small.source.join("photos/winter.jpg"), "edited").unwrap();
    let answer = small.home.run(["undo"]);
    answer.says(3, &["Nothing was put back.", "was changed after it was restored"]);
    assert!(!answer.out.contains("0 items"), "{answer:?}");
}

#[test]
fn a_person_is_told_which_options_are_root_s() {
    if !is_root() {
        return;
    }
    let home = Home::of_user(NOBODY);
    let (source, drive) = (home.path().join("source"), home.path().join("drive"));
    write(&source.join("letter"), "dear");
    fs::create_dir(&drive).unwrap();
    for path in [&source, &source.join("letter"), &drive] {
        home.own(path);
    }
    home.set_up(&drive, &[&source]);
    home.back_up();
    let letter = source.join("letter");
    let words = ["restore", "--dry-run", letter.to_str().unwrap()];
    assert!(!home.run(words).err.contains("only root"));
    let user = format!("{NOBODY}:1");
    for option in [&["--privileged"][..], &["--map-user", &user], &["--map-group", &user]] {
        home.run([&words[..], option].concat()).says(0, &[option[0], "only root"]);
    }
}
