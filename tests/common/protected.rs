//! Folders that are protected: set up on a drive, backed up and restored by the real program.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::cli::Home;
use super::place::{is_root, scratch};
use super::sealed::Sealed;
use super::tree::{self, write};

/// A person, a drive, and a source that the test fills.
#[derive(Debug)]
pub struct Protected {
    pub home: Home,
    pub source: PathBuf,
    pub repository: PathBuf,
    folder: Option<TempDir>,
}

impl Protected {
    /// The drive is mounted somewhere; the source is a folder on the disk.
    pub fn on(drive: &Path) -> Self {
        let folder = scratch();
        let mut made = Self::at(Home::new(), drive, &folder.path().join("source"));
        made.folder = Some(folder);
        made
    }

    /// Of a person without privileges, who is in these groups too; drive and source are in their home.
    pub fn of_person(groups: &[u32]) -> Option<Self> {
        if !is_root() {
            return None;
        }
        let home = Home::of_member(groups);
        let (drive, source) = (home.path().join("drive"), home.path().join("source"));
        std::fs::create_dir(&drive).unwrap();
        home.own(&drive);
        Some(Self::at(home, &drive, &source))
    }

    /// Everything is where it is said to be. A source that isn't there yet is made, with one file in it.
    #[track_caller]
    pub fn at(home: Home, drive: &Path, source: &Path) -> Self {
        if !source.exists() {
            // So that nothing a test removes leaves it empty.
            write(&source.join("always"), "here");
            home.own(source);
            home.own(&source.join("always"));
        }
        let answer = home.set_up(drive, &[source]);
        let repository = PathBuf::from(answer["repository"].as_str().unwrap());
        Self { home, source: source.to_owned(), repository, folder: None }
    }

    /// A folder beside the source.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.source.parent().unwrap().join(name)
    }

    /// Makes a snapshot in which all is well, and gives its name.
    #[track_caller]
    pub fn back_up(&self) -> String {
        self.back_up_with(0)
    }

    /// Makes a snapshot; the exit code must be `code`.
    #[track_caller]
    pub fn back_up_with(&self, code: i32) -> String {
        name_of(&self.home.json_of(code, ["backup"]))
    }

    pub fn snapshot(&self, name: &str) -> PathBuf {
        self.repository.join("snapshots").join(name)
    }

    /// What a snapshot says of itself.
    #[track_caller]
    pub fn sealed(&self, name: &str) -> Sealed {
        Sealed::read(&self.snapshot(name))
    }

    /// The source as it is stored in a snapshot.
    pub fn stored(&self, name: &str) -> PathBuf {
        tree::stored(&self.repository, name, &self.source)
    }

    /// Restores the source as it was into a new folder beside it, with all that this user may set.
    #[track_caller]
    pub fn restore(&self, at: &str) -> PathBuf {
        self.restore_with(0, at, &self.privilege(), &[&self.source])
    }

    /// Restores these paths into a new folder beside the source, and says where the first is.
    #[track_caller]
    pub fn restore_with(&self, code: i32, at: &str, with: &[&str], paths: &[&Path]) -> PathBuf {
        let number = (1..).find(|n| !self.beside(&format!("back-{n}")).exists()).unwrap();
        let to = self.beside(&format!("back-{number}"));
        std::fs::create_dir(&to).unwrap();
        self.home.own(&to);
        let mut words: Vec<OsString> = ["restore", "--at", at].map(Into::into).into();
        words.extend(with.iter().map(Into::into));
        words.extend(paths.iter().map(|path| path.as_os_str().to_owned()));
        words.extend([OsStr::new("--to").to_owned(), to.clone().into()]);
        self.home.json_of(code, words);
        to.join(paths[0].file_name().unwrap())
    }

    /// What asks for setuid bits, capabilities, devices and the like to be brought back.
    pub fn privilege(&self) -> Vec<&'static str> {
        if self.home.is_privileged() { vec!["--privileged"] } else { Vec::new() }
    }
}

/// The name of the snapshot that `yore --json backup` made.
#[track_caller]
pub fn name_of(answer: &Value) -> String {
    answer["snapshot"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}
