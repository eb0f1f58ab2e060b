//! Repositories that older versions of Yore made, one of everything in each: they open, tell what they told then, prove
//! to be whole, come back, and can be gone on with. What they are and how they were made: `golden/README.md`.

mod expected;
mod seen;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::common::attribute::get;
use crate::common::cli::Home;
use crate::common::drive::{LoopDrive, copy_tree, must};
use crate::common::place::is_root;
use crate::common::sealed::Sealed;
use crate::common::tree::{assert_same, facts, write};
use expected::{Expected, Listed, absolute};

/// The person whose repository one of them is.
const ANN: u32 = 4242;

/// What was backed up.
const SOURCES: [&str; 2] = ["/home/ann/Documents", "/home/ann/Pictures"];

/// A golden repository on a drive of its own, and another drive that takes what comes back: of a kind that can hold every
/// time and attribute.
struct Golden {
    home: Home,
    repository: PathBuf,
    expected: Expected,
    back: LoopDrive,
    /// Unmounted last.
    _drive: LoopDrive,
}

impl Golden {
    fn open(who: &str) -> Option<Self> {
        if !is_root() {
            return None;
        }
        let (drive, back) = (LoopDrive::ext4(96)?, LoopDrive::of_kind("btrfs")?);
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1");
        let yore = drive.path().join("Yore");
        fs::create_dir(&yore).unwrap();
        let mut tar = Command::new("tar");
        tar.args(["--xattrs", "--xattrs-include=*", "--acls", "--numeric-owner", "-xpzf"]);
        must(tar.arg(golden.join(format!("{who}.tar.gz"))).arg("-C").arg(&yore));
        let repository = fs::read_dir(&yore).unwrap().next().unwrap().unwrap().path();
        let home = if who == "person" { Home::of_user(ANN) } else { Home::new() };
        let expected = Expected::read(&golden.join(format!("{who}.json")));
        Some(Self { home, repository, expected, back, _drive: drive })
    }

    fn each() -> impl Iterator<Item = Self> {
        ["person", "root"].into_iter().filter_map(Self::open)
    }

    fn snapshot(&self, name: &str) -> PathBuf {
        self.repository.join("snapshots").join(name)
    }

    /// What `yore` answers who has no configuration.
    #[track_caller]
    fn ask(&self, words: &[&std::ffi::OsStr]) -> Value {
        let named = ["--repository".as_ref(), self.repository.as_os_str()];
        self.home.json(named.iter().chain(words))
    }

    /// Puts what the interrupted run was to back up below `to`, and the run's tree where it would have been had the folders
    /// been there then. Gives the inode of a file that it had stored.
    fn leave_behind(&self, to: &Path) -> u64 {
        let stage = fs::read_dir(self.repository.join("stage")).unwrap().next().unwrap().unwrap();
        let files = stage.path().join("files");
        copy_tree(files.join("home/ann/Documents/new"), to.join("Documents"));
        let mut place = files.clone();
        for name in to.parent().unwrap().strip_prefix("/").unwrap() {
            place.push(name);
            fs::create_dir_all(&place).unwrap();
            self.home.own(&place);
        }
        place.push(to.file_name().unwrap());
        fs::rename(files.join("home/ann"), &place).unwrap();
        place.join("Documents/new/large").metadata().unwrap().ino()
    }

    /// Fails unless snapshots, listings and versions are those that were made.
    #[track_caller]
    fn answers_as_it_did(&self, what: &str) {
        let found = self.ask(&["snapshots".as_ref()]);
        let found = found["snapshots"].as_array().unwrap().iter();
        let told = |s: &Value| json!([s["name"], s["seq"], s["pinned"], s["label"], s["state"]]);
        // Until a writer opens it, an index still tells of what is in the trash.
        let is_kept = |s: &&Value| s["name"] != self.expected.trash.as_str();
        let found: Vec<Value> = found.filter(is_kept).map(told).collect();
        let good = |s: &Listed| json!([s.name, s.seq, s.pinned, s.label, "good"]);
        let wanted: Vec<Value> = self.expected.snapshots.iter().map(good).collect();
        assert_eq!(found, wanted, "{what}");
        for snapshot in &self.expected.snapshots {
            for folder in snapshot.folders() {
                let words = ["ls", "--at", &snapshot.name].map(std::ffi::OsStr::new);
                let path = absolute(folder);
                let found = self.ask(&[&words[..], &[path.as_os_str()]].concat());
                let wanted = snapshot.listing(folder);
                assert_eq!(expected::told(&found), wanted, "{what}: {} {folder}", snapshot.name);
            }
        }
        for path in ["letter.txt", "notes/large.txt", "moves/after", "gone"] {
            let path = Path::new(SOURCES[0]).join(path);
            let found = self.ask(&["versions".as_ref(), path.as_os_str()]);
            let wanted = self.expected.versions(path.to_str().unwrap());
            assert_eq!(expected::hashes(&found), wanted, "{what}: {path:?}");
        }
    }
}

#[test]
fn it_opens_and_lists_with_and_without_its_index() {
    for golden in Golden::each() {
        golden.answers_as_it_did("as it was found");
        let index = golden.repository.join("index.sqlite");
        fs::remove_file(&index).unwrap();
        golden.answers_as_it_did("rebuilt");
        assert!(index.exists());
    }
}

#[test]
fn every_stored_byte_is_proven() {
    for golden in Golden::each() {
        for snapshot in &golden.expected.snapshots {
            let folder = golden.snapshot(&snapshot.name);
            let (mut waiting, mut proven) = (vec![folder.clone()], 0);
            while let Some(path) = waiting.pop() {
                let kind = path.symlink_metadata().unwrap().file_type();
                if kind.is_dir() {
                    waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
                } else if kind.is_file() && !path.ends_with("pin.json") {
                    let hash = blake3::hash(&fs::read(&path).unwrap());
                    let said = get(&path, "user.yore.blake3");
                    assert_eq!(said.as_deref(), Some(&hash.as_bytes()[..]), "{path:?}");
                    proven += 1;
                }
            }
            assert!(proven > 40, "{proven} files");
            let sealed = Sealed::read(&folder);
            assert_eq!(sealed.seal["kind"], snapshot.kind);
            for name in ["overrides", "problems"] {
                let content = fs::read(folder.join(format!("{name}.jsonl")));
                let hash = content.ok().map(|bytes| blake3::hash(&bytes).to_hex().to_string());
                assert_eq!(sealed.seal[name].as_str(), hash.as_deref(), "{name}");
            }
            for source in sealed.seal["sources"].as_array().unwrap() {
                let path = format!("/{}", source["path"].as_str().unwrap());
                let said = &sealed.seal["tree"][source["id"].as_str().unwrap()];
                assert_eq!(said, &snapshot.digest(&path, &sealed), "{} {path}", snapshot.name);
            }
            snapshot.is_marked(&sealed);
        }
    }
}

#[test]
fn every_snapshot_comes_back() {
    for golden in Golden::each() {
        for snapshot in &golden.expected.snapshots {
            // Root alone can bring everything back, from anybody's repository.
            let to = golden.back.path().join(&snapshot.name);
            restore(&golden, &Home::new(), &["--privileged"], &snapshot.name, &to);
            assert_eq!(seen::tree(&to), snapshot.restored(), "{}", snapshot.name);

            let own = golden.back.path().join("own").join(&snapshot.name);
            fs::create_dir_all(&own).unwrap();
            golden.home.own(&own);
            restore(&golden, &golden.home, &[], &snapshot.name, &own);
            let content = |tree: Vec<(String, Value)>| -> Vec<_> {
                let files = tree.into_iter().filter(|(_, entry)| !entry["blake3"].is_null());
                files.map(|(path, entry)| (path, entry["blake3"].clone())).collect()
            };
            assert_eq!(content(seen::tree(&own)), content(snapshot.restored()));
        }
    }
}

/// Restores both sources into a folder. Of what was never readable nothing can come back, nor devices for a person.
#[track_caller]
fn restore(golden: &Golden, home: &Home, with: &[&str], at: &str, to: &Path) {
    let mut command: Vec<&std::ffi::OsStr> = vec!["--repository".as_ref()];
    command.extend([golden.repository.as_os_str(), "restore".as_ref(), "--at".as_ref()]);
    command.push(at.as_ref());
    command.extend(with.iter().map(std::ffi::OsStr::new));
    command.extend(SOURCES.map(std::ffi::OsStr::new));
    command.extend(["--to".as_ref(), to.as_os_str()]);
    let answer = home.run(command);
    assert!(matches!(answer.code, Some(0 | 3)), "{answer:?}");
}

#[test]
fn a_writer_goes_on_and_leaves_the_past_alone() {
    for golden in Golden::each() {
        let to = golden.back.path().join("home");
        fs::create_dir(&to).unwrap();
        golden.home.own(&to);
        let newest = &golden.expected.snapshots.last().unwrap().name;
        restore(&golden, &golden.home, &[], newest, &to);
        write(&to.join("Documents/later"), "from a later version");
        golden.home.own(&to.join("Documents/later"));
        let left = golden.leave_behind(&to);
        let past = || golden.expected.snapshots.iter().map(|s| golden.snapshot(&s.name));
        let before: Vec<_> = past().map(|path| facts(&path)).collect();

        let moved = SOURCES.map(|old| {
            let name = Path::new(old).file_name().unwrap();
            format!("--source={old}={}", to.join(name).display())
        });
        let repository = golden.repository.to_str().unwrap();
        golden.home.json(["adopt", "--repository", repository, &moved[0], &moved[1]]);
        let answer = golden.home.run(["--json", "backup"]);
        assert!(matches!(answer.code, Some(0 | 3)), "{answer:?}");
        let answer = answer.json();
        assert_eq!(answer["seq"], 5, "{answer:#}");
        let name = answer["snapshot"].as_str().unwrap();

        for (path, before) in past().zip(&before) {
            assert_same(&facts(&path), before, "a snapshot of the past");
        }
        for folder in ["trash", "stage", "journal"] {
            let left = fs::read_dir(golden.repository.join(folder)).unwrap().count();
            assert_eq!(left, 0, "{folder}");
        }
        let stored = |name: &str, below: &Path| {
            golden.snapshot(name).join("files").join(below.strip_prefix("/").unwrap())
        };
        // What was stored before is linked, and so is what the interrupted run had stored.
        let inode = |path: PathBuf| path.metadata().unwrap().ino();
        let old = inode(stored(newest, &Path::new(SOURCES[0]).join("same/one")));
        assert_eq!(inode(stored(name, &to.join("Documents/same/one"))), old, "copied again");
        assert_eq!(inode(stored(name, &to.join("Documents/new/large"))), left, "copied again");
    }
}
