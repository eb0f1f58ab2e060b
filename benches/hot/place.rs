//! A folder of files to measure with, and a repository beside it. It goes away on drop.

use std::cell::Cell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::TempDir;
use uuid::Uuid;
use yore::engine::backup::{BackupOptions, Source, backup};
use yore::engine::clock::FixedClock;
use yore::engine::copy::{ReadFile, hash_file};
use yore::engine::dir::Dir;
use yore::engine::monitor::Monitor;
use yore::engine::recover::Writer;
use yore::engine::repository::{Identity, Repository};
use yore::engine::seal::SnapshotKind;
use yore::engine::xattr::Labels;

/// How many files lie in the folder.
pub const FILES: usize = 1_000;

/// On the disk of this computer: file systems in memory know no inode flags.
pub struct Place {
    root: TempDir,
    made: Cell<usize>,
}

/// A folder that goes away with all in it.
pub struct Empty {
    pub dir: Dir,
    path: PathBuf,
}

impl Drop for Empty {
    fn drop(&mut self) {
        // What stays goes away with the place.
        let _ = fs::remove_dir_all(&self.path);
    }
}

impl Place {
    pub fn new() -> Self {
        let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let place = Self { root, made: Cell::new(0) };
        let folder = place.source().join("folder");
        fs::create_dir_all(&folder).unwrap();
        for at in 0..FILES {
            fs::write(folder.join(format!("file number {at}.txt")), at.to_string()).unwrap();
        }
        place
    }

    /// What is backed up.
    pub fn source(&self) -> PathBuf {
        self.root.path().join("source")
    }

    pub fn root(&self) -> Dir {
        Dir::open(self.root.path()).unwrap()
    }

    /// The folder, by a new descriptor.
    pub fn folder(&self) -> Dir {
        Dir::open(&self.source().join("folder")).unwrap()
    }

    /// A new folder without anything in it.
    pub fn empty(&self) -> Empty {
        let number = self.made.replace(self.made.get() + 1);
        let path = self.root.path().join(format!("empty {number}"));
        fs::create_dir(&path).unwrap();
        Empty { dir: Dir::open(&path).unwrap(), path }
    }

    /// Makes a file of so many bytes that are no hole.
    pub fn write(&self, name: &str, bytes: u64) {
        fs::write(self.path(name), vec![b'y'; bytes as usize]).unwrap();
    }

    /// Makes a file that is nothing but a hole.
    pub fn write_hole(&self, name: &str, bytes: u64) {
        File::create(self.path(name)).unwrap().set_len(bytes).unwrap();
    }

    pub fn hash(&self, name: &str, buffer: &mut [u8], monitor: &Monitor) -> ReadFile {
        hash_file(&self.root(), name.as_bytes(), buffer, Labels::Leave, monitor).unwrap()
    }

    /// Backs the source up; gives the path of the index and the number of the snapshot.
    pub fn backed_up(&self) -> (PathBuf, u64) {
        let drive = self.path("drive");
        fs::create_dir(&drive).unwrap();
        let euid = nix::unistd::geteuid().as_raw();
        let identity = Identity {
            host: "computer".to_owned(),
            user: "ann".to_owned(),
            machine_id: b"0123456789abcdef".to_vec(),
            euid,
        };
        let repository = Repository::create(&drive, &identity, false).unwrap();
        let monitor = Monitor::new();
        let mut writer = Writer::open(repository, euid, false, None, &monitor).unwrap();
        let sources = vec![Source { id: Uuid::new_v4(), path: self.source() }];
        let options = BackupOptions::new(sources, SnapshotKind::Manual);
        let clock = FixedClock(Timestamp::now());
        let report = backup(&mut writer, &options, &clock, &monitor).unwrap();
        (writer.index.path().to_owned(), report.seq)
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(self.root.path()).join(name)
    }
}
