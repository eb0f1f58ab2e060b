//! The Merkle digest of a source's tree, by which a lost, added or altered entry is found from the tree alone.

use std::ops::Range;

use super::meta::{ContentHash, Kind, Metadata};
use super::overrides::Override;

/// BLAKE3's derive-key context for a directory's digest.
const CONTEXT: &str = "yore 1 directory";

/// What a child's record ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A file's hash; `None` if it is not known.
    File(Option<ContentHash>),
    /// The hash of a symbolic link's target.
    Symlink(ContentHash),
    /// A child directory's digest.
    Directory([u8; 32]),
    /// A special file.
    Special,
}

/// The children of one directory, gathered in any order.
#[derive(Debug, Default)]
pub struct DirectoryDigest {
    /// The records as they are hashed, one after the other.
    records: Vec<u8>,
    children: Vec<Record>,
}

/// Where a child's record is.
#[derive(Debug)]
struct Record {
    bytes: Range<usize>,
    name: Range<usize>,
}

/// What a child's record mostly takes, its name included.
const RECORD_BYTES: usize = 128;

impl DirectoryDigest {
    /// Makes room for so many children at once.
    pub fn reserve(&mut self, children: usize) {
        self.records.reserve(children * RECORD_BYTES);
        self.children.reserve(children);
    }

    /// Adds a child: its metadata after overrides, the digest of its attributes and its content. Of the
    /// override only inode flags and link group are taken, which are nowhere else.
    pub fn add(
        &mut self,
        name: &[u8],
        meta: &Metadata,
        change: &Override,
        xattrs: Option<[u8; 32]>,
        content: Content,
    ) {
        let record = &mut self.records;
        let start = record.len();
        record.push(meta.kind.code());
        record.extend_from_slice(&u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes());
        let name_start = record.len();
        record.extend_from_slice(name);
        let name = name_start..record.len();
        record.extend_from_slice(&meta.mode.to_le_bytes());
        record.extend_from_slice(&meta.uid.to_le_bytes());
        record.extend_from_slice(&meta.gid.to_le_bytes());
        record.extend_from_slice(&meta.mtime.sec.to_le_bytes());
        record.extend_from_slice(&meta.mtime.nsec.to_le_bytes());
        record.extend_from_slice(&change.flags.unwrap_or(0).to_le_bytes());
        match change.link_group {
            Some((device, inode)) => {
                record.push(1);
                record.extend_from_slice(&device.to_le_bytes());
                record.extend_from_slice(&inode.to_le_bytes());
            }
            None => record.push(0),
        }
        record.extend_from_slice(&xattrs.unwrap_or_default());
        match content {
            Content::File(hash) => {
                record.extend_from_slice(&hash.map_or([0; 32], |hash| hash.0));
            }
            Content::Symlink(hash) => record.extend_from_slice(&hash.0),
            Content::Directory(digest) => record.extend_from_slice(&digest),
            Content::Special if matches!(meta.kind, Kind::Block | Kind::Character) => {
                record.extend_from_slice(&meta.device.0.to_le_bytes());
                record.extend_from_slice(&meta.device.1.to_le_bytes());
            }
            Content::Special => {}
        }
        self.children.push(Record { bytes: start..record.len(), name });
    }

    /// The directory's digest.
    pub fn finish(mut self) -> [u8; 32] {
        let records = self.records;
        self.children.sort_unstable_by_key(|child| &records[child.name.clone()]);
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        for child in self.children {
            hasher.update(&records[child.bytes]);
        }
        *hasher.finalize().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::meta::FileTime;

    fn meta(mode: u32) -> Metadata {
        Metadata {
            kind: Kind::File,
            mode,
            uid: 1000,
            gid: 1000,
            size_bytes: 3,
            mtime: FileTime { sec: 1, nsec: 2 },
            device: (0, 0),
        }
    }

    #[test]
    fn the_order_of_adding_does_not_matter_and_every_field_does() {
        let hash = Content::File(Some(ContentHash::of(b"abc")));
        let changed = |names: &[&str], mode, change: &Override| {
            let mut digest = DirectoryDigest::default();
            for name in names {
                digest.add(name.as_bytes(), &meta(mode), change, None, hash);
            }
            digest.finish()
        };
        let digest = |names: &[&str], mode| changed(names, mode, &Override::default());
        assert_eq!(digest(&["a", "b"], 0o644), digest(&["b", "a"], 0o644));
        assert_ne!(digest(&["a", "b"], 0o644), digest(&["a", "b"], 0o600));
        assert_ne!(digest(&["a", "b"], 0o644), digest(&["a"], 0o644));
        assert_ne!(digest(&["ab"], 0o644), digest(&["a"], 0o644));
        for change in [
            Override { flags: Some(0x40), ..Override::default() },
            Override { link_group: Some((0, 7)), ..Override::default() },
        ] {
            assert_ne!(changed(&["a"], 0o644, &change), digest(&["a"], 0o644), "{change:?}");
        }
    }
}
