//! The program killed, its system calls failing, the power cut: nothing that was committed is lost, and
//! nothing is called backed up that isn't.

mod error;
mod first;
mod flush;
mod kill;
mod mend;
mod points;
mod power;
mod prune;
mod restore;
mod scene;
mod undo;

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::cli::{Answer, Home};
use crate::common::drive::LoopDrive;
use crate::common::place::set_mode;
use crate::common::trace;
use crate::common::tree::{Facts, assert_same, facts, stored, without_inodes, write};

/// A drive with a first snapshot, and a source that is changed before each fault.
struct Victim {
    drive: LoopDrive,
    home: Home,
    source: PathBuf,
    repository: PathBuf,
    rounds: usize,
}

impl Victim {
    fn new() -> Option<Self> {
        if !trace::can_inject() {
            return None;
        }
        let drive = LoopDrive::ext4(256)?;
        let home = Home::new();
        let source = home.path().join("documents");
        for number in 0..40 {
            write(&source.join(format!("folder-{}/file-{number}", number % 4)), "x".repeat(number));
        }
        write(&source.join("large"), "x".repeat(300_000));
        std::os::unix::fs::symlink("large", source.join("link")).unwrap();
        let answer = home.set_up(drive.path(), &[&source]);
        let repository = PathBuf::from(answer["repository"].as_str().unwrap());
        home.back_up();
        Some(Self { drive, home, source, repository, rounds: 0 })
    }

    /// Changes a little of everything.
    fn change(&mut self) {
        self.rounds += 1;
        let round = self.rounds;
        let text = format!("round {round}");
        write(&self.source.join("folder-1/file-1"), &text);
        let fresh = self.source.join(format!("round-{}", round % 3));
        write(&fresh.join("new"), &text);
        // What can't be made with its mode at once.
        for (name, mode) in [("read-only", 0o444), ("program", 0o4755)] {
            write(&fresh.join(name), format!("{name} of {text}").repeat(10_000));
            set_mode(&fresh.join(name), mode);
        }
        write(&fresh.join("closed/file"), &text);
        set_mode(&fresh.join("closed"), 0o555);
        write(&self.source.join("large"), text.repeat(10_000));
        let _ = fs::remove_dir_all(self.source.join(format!("round-{}", (round + 1) % 3)));
        fs::remove_file(self.source.join("link")).unwrap();
        std::os::unix::fs::symlink(&text, self.source.join("link")).unwrap();
    }

    /// Runs a backup in which strace does something to one of its system calls.
    fn back_up_under(&self, injection: &str) -> Answer {
        trace::back_up_under(&self.home, injection, None)
    }

    /// Every folder that looks like a snapshot, by name.
    fn committed(&self) -> Vec<(String, Facts)> {
        let folder = self.repository.join("snapshots");
        let mut names: Vec<String> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names.into_iter().map(|name| (name.clone(), facts(&folder.join(name)))).collect()
    }

    fn stage_is_empty(&self) -> bool {
        fs::read_dir(self.repository.join("stage")).unwrap().next().is_none()
    }

    /// Fails unless all that was committed is as it was, and what was added is the source as it is;
    /// gives how many were added.
    #[track_caller]
    fn check(&self, before: &[(String, Facts)], what: &str) -> usize {
        let now = self.committed();
        for (name, facts) in before {
            let found = now.iter().find(|(found, _)| found == name);
            let (_, found) = found.unwrap_or_else(|| panic!("{what}: {name} is gone"));
            assert_same(found, facts, &format!("{what}: {name}"));
        }
        for (name, _) in now.iter().filter(|(name, _)| !before.iter().any(|(old, _)| old == name)) {
            self.check_complete(name, what);
        }
        now.len() - before.len()
    }

    /// Fails unless the snapshot is the source as it is now.
    #[track_caller]
    fn check_complete(&self, name: &str, what: &str) {
        let tree = |path: &Path| without_inodes(facts(path));
        let found = tree(&stored(&self.repository, name, &self.source));
        assert_same(&found, &tree(&self.source), &format!("{what}: {name} is not complete"));
        let seal = self.repository.join("snapshots").join(name).join("seal.json");
        assert!(seal.is_file(), "{what}: {name} has no seal");
    }

    /// The next run is as if nothing had happened.
    #[track_caller]
    fn recovers(&mut self, before: &[(String, Facts)], what: &str) {
        let answer = self.home.run(["backup"]);
        assert_eq!(answer.code, Some(0), "{what}: {answer:?}");
        assert!(self.check(before, what) > 0, "{what}");
        assert!(self.stage_is_empty(), "{what}: a stage is left");
        let on_drive: Vec<String> = self.committed().into_iter().map(|(name, _)| name).collect();
        let mut listed = self.home.snapshots();
        listed.sort();
        assert_eq!(listed, on_drive, "{what}");
        self.forget_all_but(2);
    }

    /// Starts over where many snapshots would only make the comparing slow.
    fn forget_all_but(&mut self, keep: usize) {
        let committed = self.committed();
        if committed.len() < 10 {
            return;
        }
        for (name, _) in &committed[..committed.len() - keep] {
            fs::remove_dir_all(self.repository.join("snapshots").join(name)).unwrap();
        }
        fs::remove_file(self.repository.join("index.sqlite")).unwrap();
        self.home.json(["rebuild"]);
    }
}
