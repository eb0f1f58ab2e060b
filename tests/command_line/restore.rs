//! `yore restore`: what it does where something is in the way, and that it never destroys anything.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::small::Small;
use crate::common::tree::{Facts, assert_same, facts, without_inodes, write};

/// A sample that was backed up and then changed.
fn changed() -> (Small, Facts) {
    let small = Small::new();
    small.home.back_up();
    let before = facts(&small.source);
    write(&small.source.join("letter.txt"), "things have changed\n");
    fs::remove_file(small.source.join("photos/winter.jpg")).unwrap();
    write(&small.source.join("photos/old/new.txt"), "not in the snapshot\n");
    (small, before)
}

fn actions(answer: &Value) -> Vec<&str> {
    let items = answer["plan"]["items"].as_array().unwrap();
    let mut actions: Vec<_> = items.iter().map(|item| item["action"].as_str().unwrap()).collect();
    actions.sort_unstable();
    actions.dedup();
    actions
}

fn read(small: &Small, below: &str) -> String {
    fs::read_to_string(small.source.join(below)).unwrap()
}

#[test]
fn both_are_kept_unless_something_else_is_said() {
    let (small, _) = changed();
    let answer = small.home.json(["restore", &small.arg("letter.txt")]);
    assert_eq!(actions(&answer), ["keep-both"]);
    let beside = PathBuf::from(answer["report"]["restored"][0].as_str().unwrap());
    assert_eq!(beside.parent().unwrap(), small.source);
    assert_eq!(fs::read_to_string(&beside).unwrap(), "all is well\n");
    assert_eq!(read(&small, "letter.txt"), "things have changed\n");

    // Asked again, the first copy is in the way as well and stays.
    let again = small.home.json(["restore", &small.arg("letter.txt")]);
    let second = PathBuf::from(again["report"]["restored"][0].as_str().unwrap());
    assert_ne!(second, beside);
    assert_eq!(fs::read_to_string(&beside).unwrap(), "all is well\n");
    assert_eq!(read(&small, "letter.txt"), "things have changed\n");
}

#[test]
fn a_replaced_file_is_kept_aside() {
    let (small, _) = changed();
    let letter = small.arg("letter.txt");
    let answer = small.home.json(["restore", "--on-conflict", "replace", &letter]);
    assert_eq!(actions(&answer), ["replace"]);
    assert_eq!(read(&small, "letter.txt"), "all is well\n");
    let kept = facts(Path::new(answer["report"]["kept"][0].as_str().unwrap()));
    let hash = blake3::hash(b"things have changed\n");
    assert!(kept.values().any(|fact| fact.content == hash.as_bytes()), "{kept:?}");

    // What is kept aside is no part of the next snapshot.
    let name = small.home.back_up();
    assert_eq!(small.ls(&name, ""), ["letter.txt", "newest", "photos"]);
}

#[test]
fn what_is_in_the_way_can_be_skipped() {
    let (small, _) = changed();
    let answer = small.home.json(["restore", "--on-conflict", "skip", &small.arg("letter.txt")]);
    assert_eq!(actions(&answer), ["skip"]);
    assert_eq!(read(&small, "letter.txt"), "things have changed\n");
    assert_eq!(answer["report"]["entries"], 0);
}

#[test]
fn a_folder_is_filled_up_and_nothing_in_it_is_lost() {
    let (small, before) = changed();
    let answer = small.home.json(["restore", &small.arg("")]);
    assert_eq!(actions(&answer), ["create", "keep-both"]);
    assert_eq!(answer["plan"]["same"], 3, "{answer:#}");
    assert_eq!(read(&small, "photos/winter.jpg"), "snow");
    assert_eq!(read(&small, "photos/old/new.txt"), "not in the snapshot\n");
    assert_eq!(read(&small, "letter.txt"), "things have changed\n");
    let after = facts(&small.source);
    let untouched = Path::new("photos/summer.jpg");
    assert_eq!(after[untouched].inode, before[untouched].inode);
}

#[test]
fn a_plan_alone_changes_nothing() {
    let (small, _) = changed();
    let before = (facts(small.path()), facts(&small.repository));
    for policy in ["keep-both", "replace", "skip"] {
        let to = small.arg("../nowhere");
        let in_place = ["restore", "--dry-run", "--on-conflict", policy, &small.arg("")];
        let answer = small.home.json(in_place);
        assert!(answer.get("report").is_none() && actions(&answer).contains(&"create"));
        let elsewhere =
            ["restore", "--dry-run", "--on-conflict", policy, &small.arg(""), "--to", &to];
        assert_eq!(actions(&small.home.json(elsewhere)), ["create"]);
    }
    assert_same(&facts(small.path()), &before.0, "the person's folder");
    assert_same(&facts(&small.repository), &before.1, "the repository");
}

#[test]
fn a_whole_state_comes_back_to_an_empty_folder() {
    let (small, before) = changed();
    let to = small.path().join("to/be made");
    let words = ["restore", &small.arg(""), "--to", to.to_str().unwrap()];
    small.home.json(words);
    let restored = without_inodes(facts(&to.join("documents")));
    assert_same(&restored, &without_inodes(before), "the restored state");
    let left: Vec<_> = fs::read_dir(&to).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn several_paths_come_back_at_once() {
    let (small, _) = changed();
    let to = small.path().join("back");
    let paths = [small.arg("letter.txt"), small.arg("photos/old"), small.arg("newest")];
    let words = ["restore", &paths[0], &paths[1], &paths[2], "--to", to.to_str().unwrap()];
    small.home.json(words);
    let names: Vec<_> =
        facts(&to).into_keys().filter(|path| path.components().count() == 1).collect();
    assert_eq!(names, ["letter.txt", "newest", "old"].map(PathBuf::from));
}

#[test]
fn restoring_into_what_is_no_folder_is_refused() {
    let (small, _) = changed();
    let letter = small.arg("letter.txt");
    let answer = small.home.run(["restore", &small.arg("photos"), "--to", &letter]);
    answer.says(1, &[&letter, "Choose another folder"]);
    assert_eq!(read(&small, "letter.txt"), "things have changed\n");
}

#[test]
fn content_that_rotted_on_the_drive_is_told_and_not_restored() {
    let small = Small::new();
    let name = small.home.back_up();
    let stored = crate::common::tree::stored(&small.repository, &name, &small.source);
    let path = stored.join("letter.txt");
    let mtime = path.metadata().unwrap().modified().unwrap();
    fs::write(&path, "all is lost\n").unwrap();
    let times = fs::FileTimes::new().set_modified(mtime);
    fs::File::options().write(true).open(&path).unwrap().set_times(times).unwrap();

    let to = small.path().join("back");
    let words = ["restore", &small.arg(""), "--to", to.to_str().unwrap()];
    let answer = small.home.json_of(3, words);
    let problem = &answer["report"]["problems"][0];
    assert_eq!(problem["path"], small.arg("letter.txt").as_str(), "{answer:#}");
    assert!(!to.join("documents/letter.txt").exists());
    assert_eq!(fs::read(to.join("documents/photos/winter.jpg")).unwrap(), b"snow");
}
