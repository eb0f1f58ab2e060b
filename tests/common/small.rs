//! A small sample that is set up and ready to be backed up by the real program.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::cli::Home;
use super::place::{is_root, scratch};
use super::tree::{facts, write};

/// A person with a few files and a drive.
#[derive(Debug)]
pub struct Small {
    pub home: Home,
    folder: TempDir,
    pub source: PathBuf,
    pub drive: PathBuf,
    pub repository: PathBuf,
}

impl Small {
    /// The drive is a folder on the disk.
    pub fn new() -> Self {
        let folder = scratch();
        let drive = folder.path().join("drive");
        std::fs::create_dir(&drive).unwrap();
        Self::with(Home::new(), folder, drive)
    }

    /// The drive is mounted somewhere.
    pub fn on(drive: &Path) -> Self {
        Self::with(Home::new(), scratch(), drive.to_owned())
    }

    /// Of somebody without any privilege, on a drive that is a folder on the disk.
    pub fn of_person() -> Self {
        let home = if is_root() { Home::of_nobody() } else { Home::new() };
        let folder = scratch();
        let drive = folder.path().join("drive");
        std::fs::create_dir(&drive).unwrap();
        home.own(folder.path());
        home.own(&drive);
        Self::with(home, folder, drive)
    }

    fn with(home: Home, folder: TempDir, drive: PathBuf) -> Self {
        let source = folder.path().join("documents");
        write(&source.join("letter.txt"), "all is well\n");
        write(&source.join("photos/summer.jpg"), "sun ".repeat(30_000));
        write(&source.join("photos/winter.jpg"), "snow");
        write(&source.join("photos/old/first.jpg"), "");
        symlink("photos/summer.jpg", source.join("newest")).unwrap();
        for path in facts(&source).keys() {
            home.own(&source.join(path));
        }
        let answer = home.set_up(&drive, &[&source]);
        let repository = PathBuf::from(answer["repository"].as_str().unwrap());
        Self { home, folder, source, drive, repository }
    }

    /// A folder for whatever else a test needs.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A path below the source, as an argument.
    pub fn arg(&self, below: &str) -> String {
        self.source.join(below).to_str().unwrap().to_owned()
    }

    /// The names in the answer of `yore ls`.
    #[track_caller]
    pub fn ls(&self, at: &str, below: &str) -> Vec<String> {
        let answer = self.home.json(["ls", "--at", at, &self.arg(below)]);
        names(&answer)
    }
}

/// The names of the entries that `yore ls` gave.
pub fn names(answer: &Value) -> Vec<String> {
    let name = |entry: &Value| entry["name"].as_str().unwrap().to_owned();
    answer["entries"].as_array().unwrap().iter().map(name).collect()
}
