//! Files and folders that nobody may touch, and whether somebody did.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, chown, symlink};
use std::path::{Path, PathBuf};

use super::attribute;
use super::place::set_mode;
use super::tree::write;

/// What is in every secret file; it must never be found anywhere else.
pub const SECRET: &str = "the secret of the canary 7f3a91";

/// Everything about an entry that can change without a trace elsewhere; its time of change tells of all that was
/// changed and changed back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feather {
    mode: u32,
    owner: (u32, u32),
    inode: u64,
    names: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    /// Of a file's bytes, or a link's target.
    content: String,
    attributes: String,
}

/// A cage of them, by their paths.
pub type Canaries = BTreeMap<PathBuf, Feather>;

/// Fills the new folder `at` with canaries of every kind.
pub fn settle(at: &Path) {
    write(&at.join("secret"), SECRET);
    set_mode(&at.join("secret"), 0o600);
    write(&at.join("folder/inner/file"), SECRET);
    write(&at.join("program"), SECRET);
    write(&at.join("owned"), SECRET);
    fs::create_dir(at.join("empty")).unwrap();
    set_mode(&at.join("folder"), 0o711);
    symlink("secret", at.join("link")).unwrap();
    attribute::set(&at.join("secret"), "user.note", b"kept");
    if nix::unistd::geteuid().is_root() {
        chown(at.join("owned"), Some(1234), Some(1234)).unwrap();
        set_mode(&at.join("program"), 0o4755);
    }
}

/// Writes them down.
pub fn look(at: &Path) -> Canaries {
    let mut all = Canaries::new();
    let mut waiting = vec![at.to_owned()];
    while let Some(path) = waiting.pop() {
        let feather = feather(&path);
        if feather.mode & 0o170_000 == 0o040_000 {
            waiting.extend(fs::read_dir(&path).unwrap().map(|child| child.unwrap().path()));
        }
        all.insert(path, feather);
    }
    all
}

fn feather(path: &Path) -> Feather {
    let meta = path.symlink_metadata().unwrap();
    let content = if meta.is_file() {
        fs::read(path).unwrap()
    } else if meta.is_symlink() {
        path.read_link().unwrap().as_os_str().as_bytes().to_vec()
    } else {
        Vec::new()
    };
    let mut attributes = vec![0_u8; 65_536];
    let length = rustix::fs::llistxattr(path, &mut attributes[..]).unwrap();
    attributes.truncate(length);
    attributes.extend(attribute::get(path, "user.note").unwrap_or_default());
    Feather {
        mode: meta.mode(),
        owner: (meta.uid(), meta.gid()),
        inode: meta.ino(),
        names: meta.nlink(),
        modified: (meta.mtime(), meta.mtime_nsec()),
        changed: (meta.ctime(), meta.ctime_nsec()),
        content: hash(&content),
        attributes: hash(&attributes),
    }
}

/// The beginning of a hash, for people to read.
fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().chars().take(12).collect()
}

/// What is not as it was; where `loses_names`, losing a name elsewhere is nothing.
pub fn ruffled(before: &Canaries, now: &Canaries, loses_names: bool) -> Vec<String> {
    let plain = |feather: Option<&Feather>| {
        let mut feather = feather.cloned()?;
        if loses_names {
            (feather.names, feather.changed) = (1, (0, 0));
        }
        Some(feather)
    };
    let mut paths: Vec<&PathBuf> = before.keys().chain(now.keys()).collect();
    paths.sort();
    paths.dedup();
    paths.retain(|path| plain(before.get(*path)) != plain(now.get(*path)));
    let told =
        |path: &&PathBuf| format!("{path:?}: {:?} -> {:?}", before.get(*path), now.get(*path));
    paths.iter().map(told).collect()
}

/// The files at or below `at` in which a secret is.
pub fn leaks(at: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![at.to_owned()];
    while let Some(path) = waiting.pop() {
        let Ok(meta) = path.symlink_metadata() else { continue };
        if meta.is_dir() {
            let Ok(children) = fs::read_dir(&path) else { continue };
            waiting.extend(children.flatten().map(|child| child.path()));
        } else if meta.is_file() && meta.len() < 16 << 20 {
            let content = fs::read(&path).unwrap_or_default();
            if content.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()) {
                found.push(path);
            }
        }
    }
    found
}
