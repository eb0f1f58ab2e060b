//! Bad input: each gets a sentence with the path and what to do, the right exit code, and nothing lost.

mod drive;
mod room;
mod source;

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::cli::{Answer, Home};
use crate::common::small::Small;
use crate::common::tree::{assert_same, facts};

/// Runs `setup` and gives the answer; nothing may be written to the drive or the configuration.
fn refused(home: &Home, drive: &Path, source: &Path) -> Answer {
    let before = fs::read(home.config()).ok();
    let words = ["setup".as_ref(), "--drive".as_ref(), drive.as_os_str()];
    let answer = home.run(words.into_iter().chain(["--source".as_ref(), source.as_os_str()]));
    assert_eq!(fs::read(home.config()).ok(), before, "the configuration was changed");
    assert!(!drive.join("Yore").exists(), "something was made on {drive:?}");
    answer
}

/// Changes `repository.json` of a repository with a snapshot; says what a backup answers then.
fn backup_with_marker(change: impl Fn(&mut Value)) -> (Small, Answer) {
    let small = Small::new();
    small.home.back_up();
    let marker = small.repository.join("repository.json");
    let mut value: Value = serde_json::from_slice(&fs::read(&marker).unwrap()).unwrap();
    change(&mut value);
    fs::write(&marker, value.to_string()).unwrap();
    let before = facts(&small.repository);
    let answer = small.home.run(["backup"]);
    assert_same(&facts(&small.repository), &before, "the repository");
    (small, answer)
}

#[test]
fn a_repository_of_a_newer_format_is_left_alone() {
    let (small, answer) = backup_with_marker(|value| value["format"] = 2.into());
    let path = small.repository.to_str().unwrap();
    answer.says(1, &[path, "newer Yore (format 2)", "Update Yore"]);
    let read = small.home.run(["--repository", path, "snapshots"]);
    read.says(1, &[path, "newer Yore (format 2)"]);
}

#[test]
fn a_repository_with_features_of_a_newer_version_is_not_written_to() {
    let features = |key: &'static str| {
        move |value: &mut Value| value["features"][key] = serde_json::json!(["encryption"])
    };
    let (small, answer) = backup_with_marker(features("write"));
    answer.says(1, &[small.repository.to_str().unwrap(), "encryption", "Update Yore"]);
    assert_eq!(small.home.snapshots().len(), 1, "reading goes on");
    let (small, answer) = backup_with_marker(features("read"));
    answer.says(1, &[small.repository.to_str().unwrap(), "encryption", "Update Yore"]);
}

#[test]
fn a_damaged_marker_is_told() {
    let small = Small::new();
    small.home.back_up();
    let marker = small.repository.join("repository.json");
    for content in ["", "{", "[]", r#"{"format": 1}"#, r#"{"format": "x"}"#] {
        fs::write(&marker, content).unwrap();
        let answer = small.home.run(["backup"]);
        answer.says(1, &[marker.to_str().unwrap(), "damaged", "copied by hand"]);
        assert_eq!(fs::read_to_string(&marker).unwrap(), content);
    }
}

#[test]
fn a_corrupt_configuration_is_told_and_kept() {
    let small = Small::new();
    let name = small.home.back_up();
    let good = fs::read_to_string(small.home.config()).unwrap();
    let lines = good.lines().count();
    let (drive, source) = (small.drive.to_str().unwrap(), small.arg(""));
    for (content, line, column) in [
        (format!("{good}[oops\n"), lines + 1, "column"),
        (format!("{good}\nspeling = 1\n"), lines + 2, "column 1"),
        (good.replace("format = 1", "format = one"), 2, "column 10"),
        (good.replace("format = 1", "format = 7"), 2, "column 1"),
        ("\u{0}\u{1}".to_owned(), 1, "column"),
    ] {
        fs::write(small.home.config(), &content).unwrap();
        let line = format!("line {line},");
        let said = [small.home.config().to_str().unwrap().to_owned(), line, column.to_owned()];
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        for words in [
            vec!["backup"],
            vec!["status"],
            vec!["snapshots"],
            vec!["setup", "--drive", drive, "--source", &source],
        ] {
            small.home.run(words).says(1, &[&said[..], &["text editor"]].concat());
            assert_eq!(fs::read_to_string(small.home.config()).unwrap(), content);
        }
    }
    fs::write(small.home.config(), good).unwrap();
    assert_eq!(small.home.snapshots(), [name]);
}

#[test]
fn a_configuration_that_is_no_text_is_told_and_kept() {
    let small = Small::new();
    fs::write(small.home.config(), b"format = 1 # \xff\n").unwrap();
    let config = small.home.config();
    small.home.run(["backup"]).says(1, &[config.to_str().unwrap(), "line 1, column 14"]);
    assert_eq!(fs::read(small.home.config()).unwrap(), b"format = 1 # \xff\n");
}

#[test]
fn another_drive_at_the_same_place_is_not_written_to() {
    let (small, other) = (Small::new(), Small::new());
    small.home.back_up();
    let away = small.drive.with_extension("away");
    fs::rename(&small.drive, &away).unwrap();

    // The place alone, as a mount point is without its drive.
    fs::create_dir(&small.drive).unwrap();
    let said = [small.repository.to_str().unwrap(), "Nothing was written"];
    small.home.run(["backup"]).says(1, &said[..1]);
    assert_eq!(fs::read_dir(&small.drive).unwrap().count(), 0);

    // Somebody else's drive, with a repository at the same path.
    fs::remove_dir(&small.drive).unwrap();
    fs::rename(&other.drive, &small.drive).unwrap();
    let before = facts(&small.drive);
    small.home.run(["backup"]).says(1, &[said[0], said[1], "another repository"]);
    assert_same(&facts(&small.drive), &before, "the other drive");

    fs::rename(&small.drive, &other.drive).unwrap();
    fs::rename(&away, &small.drive).unwrap();
    assert_eq!(small.home.snapshots().len(), 1);
}
