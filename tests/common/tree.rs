//! Trees as they lie on a file system: made, written down, compared.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::drive::must;

/// Everything about one entry that must not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub mode: u32,
    pub owner: (u32, u32),
    pub mtime: (i64, i64),
    /// A file's or link's; folders take what their file system likes.
    pub size: u64,
    pub inode: u64,
    /// A file's bytes as their hash, a link's target, nothing for a folder.
    pub content: Vec<u8>,
    /// Extended attributes but our own, as the names and values one after the other.
    pub attributes: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Fact {
    pub fn is_file(&self) -> bool {
        self.mode & 0o170_000 == 0o100_000
    }

    pub fn is_folder(&self) -> bool {
        self.mode & 0o170_000 == 0o040_000
    }
}

/// Every entry below a folder by its path, the folder itself as the empty one.
pub type Facts = BTreeMap<PathBuf, Fact>;

/// Writes down a tree.
pub fn facts(root: &Path) -> Facts {
    walk(root, fact)
}

/// Writes down a tree but for what is in its files.
pub fn facts_without_content(root: &Path) -> Facts {
    walk(root, |path| fact_with(path, |_| Vec::new()))
}

fn walk(root: &Path, fact: impl Fn(&Path) -> Fact) -> Facts {
    let mut all = Facts::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(relative) = waiting.pop() {
        let path = root.join(&relative);
        let fact = fact(&path);
        if fact.is_folder() {
            let children = std::fs::read_dir(&path).unwrap();
            waiting.extend(children.map(|child| relative.join(child.unwrap().file_name())));
        }
        all.insert(relative, fact);
    }
    all
}

pub fn fact(path: &Path) -> Fact {
    fact_with(path, |path| blake3::hash(&std::fs::read(path).unwrap()).as_bytes().to_vec())
}

fn fact_with(path: &Path, content_of: impl Fn(&Path) -> Vec<u8>) -> Fact {
    let meta = path.symlink_metadata().unwrap();
    let content = if meta.is_file() {
        content_of(path)
    } else if meta.is_symlink() {
        path.read_link().unwrap().as_os_str().as_bytes().to_vec()
    } else {
        Vec::new()
    };
    Fact {
        mode: meta.mode(),
        owner: (meta.uid(), meta.gid()),
        mtime: (meta.mtime(), meta.mtime_nsec()),
        size: if meta.is_dir() { 0 } else { meta.size() },
        inode: meta.ino(),
        content,
        attributes: attributes(path),
    }
}

/// The extended attributes of a file, folder or link that a person can set.
pub fn attributes(path: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut names = vec![0_u8; 65_536];
    let length = rustix::fs::llistxattr(path, &mut names[..]).unwrap();
    let is_theirs = |name: &&[u8]| name.starts_with(b"user.") && !name.starts_with(b"user.yore.");
    let mut attributes: Vec<_> = names[..length]
        .split(|byte| *byte == 0)
        .filter(is_theirs)
        .map(|name| {
            let mut value = vec![0_u8; 65_536];
            let length = rustix::fs::lgetxattr(path, name, &mut value[..]).unwrap();
            (name.to_vec(), value[..length].to_vec())
        })
        .collect();
    attributes.sort();
    attributes
}

/// The same facts without inode numbers, for trees that are copies of each other.
pub fn without_inodes(facts: Facts) -> Facts {
    facts.into_iter().map(|(path, fact)| (path, Fact { inode: 0, ..fact })).collect()
}

/// Fails, naming the first differences, unless both trees tell the same.
#[track_caller]
pub fn assert_same(found: &Facts, wanted: &Facts, what: &str) {
    let differs = |path: &&PathBuf| found.get(*path) != wanted.get(*path);
    let mut paths: Vec<&PathBuf> = found.keys().chain(wanted.keys()).filter(differs).collect();
    paths.sort();
    paths.dedup();
    let shown: Vec<String> = paths
        .iter()
        .take(10)
        .map(|path| format!("{path:?}: {:?} is not {:?}", found.get(*path), wanted.get(*path)))
        .collect();
    assert!(shown.is_empty(), "{what}: {} paths differ\n{}", paths.len(), shown.join("\n"));
}

/// What rsync would have to do to make `copy` equal to `original`: one line per difference.
pub fn differences(original: &Path, copy: &Path) -> Vec<String> {
    let with_slash = |path: &Path| {
        let mut path = path.as_os_str().to_owned();
        path.push("/");
        path
    };
    let mut command = Command::new("rsync");
    command.args(["-aHAXnc", "--filter=-x user.yore.*", "--delete", "--itemize-changes", "--"]);
    command.arg(with_slash(original)).arg(with_slash(copy));
    must(&mut command).lines().map(str::to_owned).collect()
}

/// Where a source lies in a snapshot of the repository in `repository`.
pub fn stored(repository: &Path, snapshot: &str, source: &Path) -> PathBuf {
    let below_root = source.strip_prefix("/").unwrap();
    repository.join("snapshots").join(snapshot).join("files").join(below_root)
}

/// Writes a file, making the folders above it.
pub fn write(path: &Path, content: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// A path whose last name is any bytes.
pub fn named(folder: &Path, name: &[u8]) -> PathBuf {
    folder.join(OsStr::from_bytes(name))
}
