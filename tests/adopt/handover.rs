//! Root gives a repository to another user: owners change, and nothing else does.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::XattrFlags;
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;
use yore::engine::history::History;
use yore::engine::monitor::Monitor;
use yore::engine::repository::Repository;

use crate::common::cli::{Home, NOBODY};
use crate::common::place::{is_root, scratch, set_mode};
use crate::common::tree::{Fact, Facts, fact, facts, stored, write};

/// A user that no computer knows.
pub const FORMER: u32 = 54_321;

/// What `setcap cap_net_raw+ep` writes.
const CAPABILITY: [u8; 20] = [1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// A repository of a person whose number was another one.
pub struct Estate {
    pub former: Home,
    folder: TempDir,
    pub source: PathBuf,
    pub drive: PathBuf,
    pub repository: PathBuf,
    pub names: Vec<String>,
}

impl Estate {
    /// `None`, loudly, without root.
    pub fn new() -> Option<Self> {
        if !is_root() {
            return None;
        }
        let folder = scratch();
        let (source, drive) = (folder.path().join("documents"), folder.path().join("drive"));
        fs::create_dir(&drive).unwrap();
        set_mode(&drive, 0o777);
        for number in 0..5 {
            write(&source.join(format!("folder/file-{number}")), format!("{number}"));
        }
        write(&source.join("program"), "#!/bin/sh\n");
        write(&source.join("capable"), "#!/bin/sh\n");
        set_mode(&source.join("program"), 0o755);
        symlink("folder", source.join("link")).unwrap();
        std::os::unix::fs::chown(source.join("folder/file-1"), Some(FORMER), Some(FORMER)).unwrap();
        let former = Home::of_user(FORMER);
        let answer = former.set_up(&drive, &[&source]);
        let repository = PathBuf::from(answer["repository"].as_str().unwrap());
        let mut names = vec![former.back_up()];
        write(&source.join("folder/file-1"), "changed");
        set_mode(&source.join("folder"), 0o555);
        names.push(former.back_up());
        let estate = Self { former, folder, source, drive, repository, names };
        for name in &estate.names {
            let program = estate.stored(name).join("program");
            set_mode(&program, 0o6755);
        }
        let capable = estate.stored(&estate.names[0]).join("capable");
        set_capability(&capable);
        // What the seals say of them changed with that, so the index is made of what there is.
        estate.former.json(["rebuild"]);
        Some(estate)
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn stored(&self, name: &str) -> PathBuf {
        stored(&self.repository, name, &self.source)
    }

    pub fn repository_arg(&self) -> &str {
        self.repository.to_str().unwrap()
    }

    /// All that is told of the snapshots, whoever reads.
    pub fn told(&self) -> Vec<Value> {
        let home = Home::new();
        let list = |name: &String, below: &str| {
            let path = self.source.join(below);
            home.json([
                "--repository",
                self.repository_arg(),
                "ls",
                "--at",
                name,
                path.to_str().unwrap(),
            ])
        };
        let lists = self.names.iter().flat_map(|name| [list(name, ""), list(name, "folder")]);
        lists.collect()
    }
}

pub fn set_capability(path: &Path) {
    rustix::fs::setxattr(path, "security.capability", &CAPABILITY, XattrFlags::empty()).unwrap();
}

pub fn capability(path: &Path) -> Option<Vec<u8>> {
    let mut value = [0; 64];
    let length = rustix::fs::getxattr(path, "security.capability", &mut value[..]).ok()?;
    Some(value[..length].to_vec())
}

/// What lies in a repository, but for the files that adopting and indexing write.
pub fn committed(repository: &Path) -> Facts {
    facts(&repository.join("snapshots"))
}

fn owned_by(facts: Facts, user: u32) -> Facts {
    let give = |(path, fact)| (path, Fact { owner: (user, user), ..fact });
    facts.into_iter().map(give).collect()
}

/// Fails unless everything is the new owner's, and as it was before.
#[track_caller]
pub fn assert_handed_over(repository: &Path, before: &Facts, what: &str) {
    let wanted: Facts = before
        .iter()
        .map(|(path, fact)| {
            let group = nobody_group();
            (path.clone(), Fact { owner: (NOBODY, group), ..fact.clone() })
        })
        .collect();
    crate::common::tree::assert_same(&committed(repository), &wanted, what);
    for (path, fact) in facts(repository) {
        assert_eq!(fact.owner.0, NOBODY, "{what}: {path:?}");
    }
    let journal = fs::read_dir(repository.join("journal")).unwrap();
    assert_eq!(journal.count(), 0, "{what}");
    let marker = super::marker(repository);
    assert_eq!((&marker["euid"], &marker["owners"]), (&NOBODY.into(), &"seal".into()), "{what}");
}

fn nobody_group() -> u32 {
    let user = nix::unistd::User::from_uid(NOBODY.into()).unwrap();
    user.expect("a user nobody").gid.as_raw()
}

#[test]
fn everything_changes_its_owner_and_nothing_else_changes() {
    let Some(estate) = Estate::new() else { return };
    let (before, told) = (committed(&estate.repository), estate.told());
    assert_eq!(owned_by(before.clone(), FORMER), before, "made by one user");
    let root = Home::new();
    let drive = estate.drive.to_str().unwrap();
    root.run(["adopt", "--drive", drive]).says(2, &["54321", "--for"]);
    root.run(["adopt", "--drive", drive, "--for", "nobody"])
        .says(0, &["nobody", estate.repository_arg()]);
    assert!(!root.config().exists());
    assert_handed_over(&estate.repository, &before, "adopted");
    for name in &estate.names {
        assert_eq!(fact(&estate.stored(name).join("program")).mode & 0o7777, 0o6755);
        assert_eq!(capability(&estate.stored(name).join("capable")), Some(CAPABILITY.to_vec()));
    }
    assert_eq!(estate.told(), told);
    // Again, and nothing happens.
    root.run(["adopt", "--drive", drive, "--for", "nobody"]).says(0, &["nobody"]);
    assert_handed_over(&estate.repository, &before, "adopted twice");

    let heir = Home::of_nobody();
    heir.run(["adopt", "--drive", drive]).says(0, &["will be backed up"]);
    heir.json(["rebuild"]);
    assert_eq!(estate.told(), told, "of an index that was made again by the new owner");
    let backup = heir.json(["backup"]);
    assert_eq!(backup["counts"]["problems"], 0, "{backup:#}");
    assert_eq!(heir.snapshots().len(), 3);
    let letter = estate.source.join("folder/file-1");
    let to = heir.path().join("back");
    let words = ["restore", "--at", &estate.names[0], letter.to_str().unwrap(), "--to"];
    heir.run(words.into_iter().chain([to.to_str().unwrap()])).says(0, &["1 entry restored"]);
    assert_eq!(fs::read(to.join("file-1")).unwrap(), b"1");

    let refused = ["belongs to the user with the number 65534", "sudo yore adopt", "--for 54321"];
    estate.former.run(["backup"]).says(1, &refused);
    estate.former.run(["snapshots"]).says(1, &refused);
    let repository = Repository::open(&estate.repository, None).unwrap();
    let scratch = estate.path().join(Uuid::new_v4().to_string());
    let history = History::open(repository, None, &scratch, &Monitor::new()).unwrap();
    let entry = |at: u64| {
        let path = yore::engine::path::RelPath::from_absolute(&letter).unwrap();
        history.entry(&path, at).unwrap().unwrap()
    };
    assert_eq!((entry(1).uid, entry(2).uid), (FORMER, FORMER), "the seal tells whose it was");
}

#[test]
fn a_person_is_told_how_to_get_at_the_own_backups() {
    let Some(estate) = Estate::new() else { return };
    let heir = Home::of_nobody();
    let way = ["the number 54321", "sudo yore adopt --repository", "--for nobody"];
    heir.run(["adopt", "--drive", estate.drive.to_str().unwrap()]).says(1, &way);
    heir.run(["--repository", estate.repository_arg(), "snapshots"]).says(1, &way);
    let before = committed(&estate.repository);
    // A person can't give away, either.
    let words = ["adopt", "--repository", estate.repository_arg(), "--for", "nobody"];
    estate.former.run(words).says(1, &["the number 54321"]);
    assert_eq!(committed(&estate.repository), before);
}

#[test]
fn a_repository_that_nobody_wrote_to_yet_can_be_given_away() {
    let Some(estate) = Estate::new() else { return };
    let lock = estate.repository.join("LOCK");
    let heir = Home::of_nobody();
    for folder in ["journal", "trash"] {
        fs::remove_dir(estate.repository.join(folder)).unwrap();
    }
    for _ in ["to another", "to the same"] {
        fs::remove_file(&lock).unwrap();
        let words = ["adopt", "--repository", estate.repository_arg(), "--for", "nobody"];
        Home::new().run(words).says(0, &["nobody"]);
        assert_eq!(fact(&lock).owner.0, NOBODY);
    }
    heir.run(["adopt", "--repository", estate.repository_arg()]).says(0, &[]);
    heir.run(["backup"]).says(0, &["is complete"]);
}

#[test]
fn what_root_backed_up_is_not_given_to_a_person() {
    if !is_root() {
        return;
    }
    let small = crate::common::small::Small::new();
    small.home.back_up();
    let before = facts(&small.repository);
    let drive = small.drive.to_str().unwrap();
    Home::new()
        .run(["adopt", "--drive", drive, "--for", "nobody"])
        .says(1, &["made by root", "yore restore"]);
    let after = facts(&small.repository);
    let but_lock = |facts: Facts| {
        let entries = facts.into_iter().filter(|(path, _)| path.as_path() != Path::new("LOCK"));
        entries.collect::<Facts>()
    };
    assert_eq!(but_lock(after), but_lock(before));
}
