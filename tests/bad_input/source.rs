//! Sources and files that can't be read.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::refused;
use crate::common::cli::{Home, NOBODY};
use crate::common::place::{is_root, scratch, set_mode};
use crate::common::small::Small;
use crate::common::tree::write;

/// A person without privileges, a source and a drive.
struct Person {
    home: Home,
    source: PathBuf,
    drive: PathBuf,
}

impl Person {
    fn new() -> Option<Self> {
        if !is_root() {
            return None;
        }
        let home = Home::of_nobody();
        let (source, drive) = (home.path().join("documents"), home.path().join("drive"));
        let person = Self { home, source, drive };
        fs::create_dir(&person.drive).unwrap();
        person.write("letter.txt", "all is well\n");
        person.write("secret.txt", "the first secret\n");
        person.write("folder/inside.txt", "inside\n");
        for path in [&person.drive, &person.source, &person.source.join("folder")] {
            own(path);
        }
        Some(person)
    }

    fn write(&self, below: &str, content: &str) {
        let path = self.source.join(below);
        write(&path, content);
        own(&path);
    }

    /// Makes a snapshot; the exit code must be `code`.
    #[track_caller]
    fn back_up(&self, code: i32) -> Value {
        self.home.json_of(code, ["backup"])
    }

    #[track_caller]
    fn entry(&self, below: &str) -> Value {
        let path = self.source.join(below);
        let folder = path.parent().unwrap().to_str().unwrap();
        let answer = self.home.json(["ls", folder]);
        let name = path.file_name().unwrap().to_str().unwrap();
        let entries = answer["entries"].as_array().unwrap();
        entries.iter().find(|entry| entry["name"] == name).unwrap().clone()
    }

    /// A file's bytes as a restore brings them back.
    #[track_caller]
    fn restored(&self, below: &str) -> Vec<u8> {
        let to = self.home.path().join("back");
        let path = self.source.join(below);
        let words = ["restore", path.to_str().unwrap(), "--to", to.to_str().unwrap()];
        self.home.json(words);
        let content = fs::read(to.join(path.file_name().unwrap())).unwrap();
        fs::remove_dir_all(to).unwrap();
        content
    }
}

fn own(path: &Path) {
    std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
}

#[test]
fn a_source_that_is_missing_or_a_file_is_refused() {
    let (home, folder) = (Home::new(), scratch());
    let drive = folder.path().join("drive");
    fs::create_dir(&drive).unwrap();
    let missing = folder.path().join("missing");
    refused(&home, &drive, &missing)
        .says(1, &[missing.to_str().unwrap(), "Check that it is there"]);
    let file = folder.path().join("file");
    write(&file, "x");
    refused(&home, &drive, &file).says(1, &[file.to_str().unwrap(), "can’t be read"]);
}

#[test]
fn sources_inside_each_other_are_refused() {
    let small = Small::new();
    let (drive, outer, inner) = (small.drive.to_str().unwrap(), small.arg(""), small.arg("photos"));
    let words = ["setup", "--drive", drive, "--source", &outer, "--source", &inner];
    small.home.run(words).says(1, &[&inner, "lies inside", "Choose only the outer"]);
}

#[test]
fn a_source_that_may_not_be_read_is_refused() {
    let Some(person) = Person::new() else { return };
    let secret = person.home.path().join("root-only");
    write(&secret.join("file"), "x");
    set_mode(&secret, 0o700);
    let answer = refused(&person.home, &person.drive, &secret);
    answer.says(1, &[secret.to_str().unwrap(), "Permission denied", "you may read it"]);
}

#[test]
fn a_source_that_becomes_unreadable_is_carried_forward() {
    let Some(person) = Person::new() else { return };
    person.home.set_up(&person.drive, &[&person.source]);
    person.back_up(0);
    let before = person.restored("letter.txt");
    set_mode(&person.source, 0o000);
    let report = person.back_up(3);
    assert_eq!(report["partial"], true);
    assert_eq!(person.restored("letter.txt"), before);
    assert_eq!(person.restored("folder/inside.txt"), b"inside\n");

    set_mode(&person.source, 0o755);
    person.back_up(0);
    assert_eq!(person.entry("letter.txt")["stale"], false);

    // The same if it is gone altogether, or only empty.
    let away = person.source.with_extension("away");
    fs::rename(&person.source, &away).unwrap();
    person.back_up(3);
    fs::create_dir(&person.source).unwrap();
    own(&person.source);
    let answer = person.home.run(["backup"]);
    answer.says(3, &[person.source.to_str().unwrap(), "--accept-empty"]);
    assert_eq!(person.restored("letter.txt"), before);
    assert_eq!(person.home.snapshots().len(), 5);
}

#[test]
fn a_file_that_becomes_unreadable_keeps_its_last_version() {
    let Some(person) = Person::new() else { return };
    person.home.set_up(&person.drive, &[&person.source]);
    person.back_up(0);
    person.write("secret.txt", "the second secret, not readable\n");
    let secret = person.source.join("secret.txt");
    set_mode(&secret, 0o000);
    let answer = person.home.run(["backup"]);
    answer.says(3, &[secret.to_str().unwrap(), "no permission to read it", "1 path could not"]);
    let entry = person.entry("secret.txt");
    assert_eq!((&entry["stale"], &entry["absent"]), (&true.into(), &false.into()));
    assert_eq!(person.restored("secret.txt"), b"the first secret\n");
    person.home.run(["ls", person.source.to_str().unwrap()]).says(0, &["older state"]);
    let status = person.home.json(["status"]);
    assert_eq!((&status["health"], &status["problems"]), (&"partial".into(), &1.into()));

    // Stale for as long as it lasts, and no longer.
    person.back_up(3);
    assert_eq!(person.restored("secret.txt"), b"the first secret\n");
    set_mode(&secret, 0o600);
    person.back_up(0);
    assert_eq!(person.entry("secret.txt")["stale"], false);
    assert_eq!(person.restored("secret.txt"), b"the second secret, not readable\n");
    assert_eq!(person.home.json(["status"])["health"], "protected");
}

#[test]
fn what_was_never_readable_is_there_but_absent() {
    let Some(person) = Person::new() else { return };
    person.home.set_up(&person.drive, &[&person.source]);
    let secret = person.source.join("secret.txt");
    set_mode(&secret, 0o000);
    set_mode(&person.source.join("folder"), 0o000);
    let answer = person.home.run(["backup"]);
    let folder = person.source.join("folder");
    answer.says(3, &[secret.to_str().unwrap(), folder.to_str().unwrap(), "2 paths could not"]);
    let before = person.home.json(["versions", secret.to_str().unwrap()]);
    for below in ["secret.txt", "folder"] {
        assert_eq!(person.entry(below)["absent"], true, "{below}");
    }
    person.home.run(["ls", person.source.to_str().unwrap()]).says(0, &["never readable"]);
    let to = person.home.path().join("back");
    let words = ["restore", secret.to_str().unwrap(), "--to", to.to_str().unwrap()];
    person.home.run(words).says(3, &["nothing is stored of it"]);
    assert!(!to.join("secret.txt").exists());

    // The index that is made from the trees says the same.
    person.home.json(["rebuild"]);
    assert_eq!(person.home.json(["versions", secret.to_str().unwrap()]), before);

    set_mode(&secret, 0o644);
    set_mode(&folder, 0o755);
    person.back_up(0);
    assert_eq!(person.entry("secret.txt")["absent"], false);
    assert_eq!(person.restored("secret.txt"), b"the first secret\n");
    assert_eq!(person.restored("folder/inside.txt"), b"inside\n");
}
