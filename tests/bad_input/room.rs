//! Drives without room: for bytes, for inodes; found out before the run or in the middle of it.

use std::fs;
use std::path::Path;

use crate::common::cli::{Answer, Home};
use crate::common::drive::{LoopDrive, Make};
use crate::common::tree::{Facts, assert_same, facts, write};

/// A small drive with one snapshot on it.
struct Nearly {
    drive: LoopDrive,
    home: Home,
    source: std::path::PathBuf,
    repository: std::path::PathBuf,
    before: Facts,
}

impl Nearly {
    fn full(options: &[&str]) -> Option<Self> {
        let drive = LoopDrive::make(&Make { kind: "ext4", size_mib: 64, options })?;
        let home = Home::new();
        let source = home.path().join("documents");
        write(&source.join("letter.txt"), "all is well\n");
        let answer = home.set_up(drive.path(), &[&source]);
        home.back_up();
        let repository = std::path::PathBuf::from(answer["repository"].as_str().unwrap());
        let before = facts(&repository.join("snapshots"));
        Some(Self { drive, home, source, repository, before })
    }

    /// A run that fails for want of room and leaves everything as it was.
    #[track_caller]
    fn backup_fails(&self, words: &[&str]) -> Answer {
        let answer = self.home.run(["backup"]);
        let path = self.drive.path().to_str().unwrap();
        answer.says(1, &[&[path], words].concat());
        assert_same(&facts(&self.repository.join("snapshots")), &self.before, "the snapshots");
        assert!(is_empty(&self.repository.join("stage")), "a stage is left");
        assert_eq!(self.home.snapshots().len(), 1);
        assert_eq!(self.home.json(["status"])["health"], "failed");
        answer
    }

    /// With room again the next run is as if nothing had happened.
    #[track_caller]
    fn next_run_works(&self) {
        self.home.back_up();
        assert_eq!(self.home.snapshots().len(), 2);
        assert_eq!(self.home.json(["status"])["health"], "protected");
    }
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

/// Fails unless the answer tells an amount that is missing.
#[track_caller]
fn tells_how_much(answer: &Answer) {
    let (_, after) = answer.err.split_once("full: about ").unwrap_or_else(|| panic!("{answer:?}"));
    let amount: f64 = after.split(' ').next().unwrap().parse().unwrap();
    assert!(amount > 0.0 && after.contains("more are needed"), "{answer:?}");
}

#[test]
fn a_source_that_does_not_fit_is_refused_beforehand() {
    let Some(nearly) = Nearly::full(&["-m", "0"]) else { return };
    let large = nearly.home.path().join("films");
    write(&large.join("film"), vec![b'x'; 100 << 20]);
    nearly.home.set_up(nearly.drive.path(), &[&nearly.source, &large]);
    let answer = nearly.backup_fails(&["is full", "larger drive", "untouched"]);
    tells_how_much(&answer);
    fs::remove_file(large.join("film")).unwrap();
    nearly.next_run_works();
}

#[test]
fn a_drive_that_runs_full_in_the_middle_loses_nothing() {
    let Some(nearly) = Nearly::full(&["-m", "0"]) else { return };
    for number in 0..20_u8 {
        write(&nearly.source.join(format!("film-{number}")), vec![number; 5 << 20]);
    }
    let answer = nearly.backup_fails(&["is full", "larger drive", "untouched"]);
    tells_how_much(&answer);
    for number in 1..20 {
        fs::remove_file(nearly.source.join(format!("film-{number}"))).unwrap();
    }
    nearly.next_run_works();
}

#[test]
fn a_drive_without_inodes_is_told_from_one_without_space() {
    let Some(nearly) = Nearly::full(&["-m", "0", "-N", "200"]) else { return };
    let many = nearly.source.join("many");
    for number in 0..400 {
        write(&many.join(number.to_string()), "x");
    }
    let answer = nearly.backup_fails(&["can’t hold more files", "more are needed", "inodes"]);
    assert!(!answer.err.contains("is full"), "{answer:?}");
    fs::remove_dir_all(&many).unwrap();
    nearly.next_run_works();
}

#[test]
fn a_source_with_too_many_entries_is_refused_beforehand() {
    let Some(nearly) = Nearly::full(&["-m", "0", "-N", "200"]) else { return };
    let many = nearly.home.path().join("many");
    for number in 0..400 {
        write(&many.join(number.to_string()), "x");
    }
    nearly.home.set_up(nearly.drive.path(), &[&nearly.source, &many]);
    let answer = nearly.backup_fails(&["can’t hold more files", "more are needed", "inodes"]);
    let count = answer.err.split("more files: ").nth(1).unwrap().split(' ').next().unwrap();
    assert!((200..=420).contains(&count.parse::<u32>().unwrap()), "{answer:?}");
    fs::remove_dir_all(&many).unwrap();
    fs::create_dir(&many).unwrap();
    nearly.next_run_works();
}
