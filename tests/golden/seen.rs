//! A tree that came back, in the words of what must be found.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::expected::encode;
use crate::common::attribute::flags;
use crate::common::digest::KEPT_FLAGS;

/// Everything below a folder, sorted by path.
#[track_caller]
pub fn tree(root: &Path) -> Vec<(String, Value)> {
    let mut found = BTreeMap::new();
    let mut inodes = BTreeMap::<(u64, u64), Vec<String>>::new();
    let children = |path: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let mut waiting = children(root);
    while let Some(path) = waiting.pop() {
        let meta = path.symlink_metadata().unwrap();
        let name = encode(path.strip_prefix(root).unwrap().as_os_str().as_bytes());
        if meta.is_dir() {
            waiting.extend(children(&path));
        } else if meta.nlink() > 1 {
            inodes.entry((meta.dev(), meta.ino())).or_default().push(name.clone());
        }
        found.insert(name, entry(&path));
    }
    for names in inodes.into_values() {
        let first = names.iter().min().unwrap();
        for name in &names {
            found.get_mut(name).unwrap()["links"] = json!(first);
        }
    }
    found.into_iter().collect()
}

fn entry(path: &Path) -> Value {
    let meta = path.symlink_metadata().unwrap();
    let kind = meta.file_type();
    let mut said = json!({
        "mode": format!("{:04o}", meta.mode() & 0o7777),
        "uid": meta.uid(),
        "gid": meta.gid(),
        "mtime": [meta.mtime(), meta.mtime_nsec()],
    });
    let name = if kind.is_dir() {
        "directory"
    } else if kind.is_file() {
        said["size"] = meta.size().into();
        said["blake3"] = blake3::hash(&std::fs::read(path).unwrap()).to_hex().as_str().into();
        "file"
    } else if kind.is_symlink() {
        said["target"] = encode(path.read_link().unwrap().as_os_str().as_bytes()).into();
        "symlink"
    } else if kind.is_fifo() {
        "fifo"
    } else if kind.is_socket() {
        "socket"
    } else {
        said["device"] = json!([rustix::fs::major(meta.rdev()), rustix::fs::minor(meta.rdev())]);
        if kind.is_block_device() { "block" } else { "character" }
    };
    said["kind"] = name.into();
    let attributes = attributes(path);
    if !attributes.is_empty() {
        said["xattrs"] = attributes.into();
    }
    let flags = flags(path).bits() & KEPT_FLAGS;
    if flags != 0 {
        said["flags"] = flags.into();
    }
    said
}

fn attributes(path: &Path) -> Map<String, Value> {
    let mut names = vec![0_u8; 65_536];
    let length = rustix::fs::llistxattr(path, &mut names[..]).unwrap();
    let names = names[..length].split(|byte| *byte == 0);
    let names = names.filter(|name| !name.is_empty() && *name != b"security.selinux");
    let hex = |name: &[u8]| {
        let mut value = vec![0_u8; 65_536];
        let length = rustix::fs::lgetxattr(path, OsStr::from_bytes(name), &mut value[..]).unwrap();
        value[..length].iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    names.map(|name| (encode(name), hex(name).into())).collect()
}
