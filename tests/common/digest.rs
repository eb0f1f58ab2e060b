//! The digest of a tree as the format describes it, counted anew from the source itself.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use super::attribute::flags;
use super::sealed::Sealed;

/// Synchronous, immutable, append only, no dump, no access time, synchronous folder, no copy-on-write.
pub const KEPT_FLAGS: u32 = 0x8 | 0x10 | 0x20 | 0x40 | 0x80 | 0x1_0000 | 0x80_0000;

/// What a seal says of its only source.
#[track_caller]
pub fn sealed(sealed: &Sealed) -> String {
    let tree = sealed.seal["tree"].as_object().unwrap();
    assert_eq!(tree.len(), 1, "{tree:?}");
    tree.values().next().unwrap().as_str().unwrap().to_owned()
}

/// The digest of a folder as it is now. Which files are links of each other is taken from the overrides,
/// where it has names that the source doesn't know.
#[track_caller]
pub fn of(folder: &Path, sealed: &Sealed) -> String {
    blake3::Hash::from_bytes(digest(folder, sealed)).to_hex().to_string()
}

fn digest(folder: &Path, sealed: &Sealed) -> [u8; 32] {
    let children = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let children: BTreeMap<Vec<u8>, _> =
        children.map(|entry| (entry.file_name().as_bytes().to_vec(), entry.path())).collect();
    let mut hasher = blake3::Hasher::new_derive_key("yore 1 directory");
    for (name, path) in children {
        let meta = path.symlink_metadata().unwrap();
        let kind = meta.file_type();
        let (letter, content) = if kind.is_dir() {
            (b'd', digest(&path, sealed).to_vec())
        } else if kind.is_file() {
            (b'f', blake3::hash(&std::fs::read(&path).unwrap()).as_bytes().to_vec())
        } else if kind.is_symlink() {
            let target = path.read_link().unwrap();
            (b'l', blake3::hash(target.as_os_str().as_bytes()).as_bytes().to_vec())
        } else if kind.is_fifo() {
            (b'p', Vec::new())
        } else if kind.is_socket() {
            (b's', Vec::new())
        } else {
            let (major, minor) = (rustix::fs::major(meta.rdev()), rustix::fs::minor(meta.rdev()));
            let letter = if kind.is_block_device() { b'b' } else { b'c' };
            (letter, [major.to_le_bytes(), minor.to_le_bytes()].concat())
        };
        hasher.update(&[letter]).update(&(name.len() as u16).to_le_bytes()).update(&name);
        for number in [meta.mode() & 0o7777, meta.uid(), meta.gid()] {
            hasher.update(&number.to_le_bytes());
        }
        hasher.update(&meta.mtime().to_le_bytes());
        hasher.update(&(meta.mtime_nsec() as u32).to_le_bytes());
        hasher.update(&(flags(&path).bits() & KEPT_FLAGS).to_le_bytes());
        hasher.update(&link_group(&path, sealed));
        hasher.update(&attributes(&path)).update(&content);
    }
    *hasher.finalize().as_bytes()
}

fn link_group(path: &Path, sealed: &Sealed) -> Vec<u8> {
    let meta = path.symlink_metadata().unwrap();
    let group = sealed.said(path, "link_group");
    if meta.is_dir() || meta.nlink() == 1 || group.is_null() {
        return vec![0];
    }
    let device = group[0].as_u64().unwrap();
    [vec![1], device.to_le_bytes().to_vec(), meta.ino().to_le_bytes().to_vec()].concat()
}

/// The digest of all attributes but our own and the labels of security systems; zeros if there are none.
fn attributes(path: &Path) -> [u8; 32] {
    let left_out: [&[u8]; 6] = [
        b"user.yore.",
        b"security.selinux",
        b"security.ima",
        b"security.evm",
        b"security.SMACK",
        // What XFS shows of an access list beside the list itself.
        b"trusted.SGI_ACL_",
    ];
    let mut names = vec![0_u8; 65_536];
    let length = rustix::fs::llistxattr(path, &mut names[..]).unwrap();
    let mut names: Vec<&[u8]> = names[..length].split(|byte| *byte == 0).collect();
    names.retain(|name| !name.is_empty() && !left_out.iter().any(|start| name.starts_with(start)));
    names.sort_unstable();
    if names.is_empty() {
        return [0; 32];
    }
    let mut hasher = blake3::Hasher::new();
    for name in names {
        let mut value = vec![0_u8; 65_536];
        let length = rustix::fs::lgetxattr(path, OsStr::from_bytes(name), &mut value[..]).unwrap();
        hasher.update(&(name.len() as u16).to_le_bytes()).update(name);
        hasher.update(&(length as u32).to_le_bytes()).update(&value[..length]);
    }
    *hasher.finalize().as_bytes()
}
