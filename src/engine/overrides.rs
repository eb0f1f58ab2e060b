//! Overrides: what an entry's stored inode can't carry, one JSON object a line (FORMAT.md).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use super::meta::{FileTime, Kind, Metadata, NO_ID};
use super::path::{RelPath, encode};
use super::xattr::{Xattrs, is_kept};

/// A snapshot, named so that it is still known after it was pruned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotRef {
    /// Its identity.
    pub id: uuid::Uuid,
    /// When it was started.
    pub started: jiff::Timestamp,
}

/// A special file: nothing is created for it in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Special {
    /// Fifo, socket, block or character device.
    pub kind: Kind,
    /// Major number of a device.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub major: u32,
    /// Minor number of a device.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub minor: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn is_false(flag: &bool) -> bool {
    !*flag
}

/// What is different from the stored inode; a field that isn't there is as the inode says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Override {
    /// Permission bits, the low 12.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// Owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// Group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gid: Option<u32>,
    /// Modification time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtime: Option<FileTime>,
    /// The whole set of extended attributes: encoded name to base64 value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xattrs: Option<BTreeMap<String, String>>,
    /// Inode flags, of those in [`super::meta::KEPT_FLAGS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flags: Option<u32>,
    /// A special file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub special: Option<Special>,
    /// Device and inode in the source, the same for all names of one file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link_group: Option<(u64, u64)>,
    /// The source could not be read: the content is still that of this snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale: Option<SnapshotRef>,
    /// The source changed each time it was read.
    #[serde(skip_serializing_if = "is_false")]
    pub torn: bool,
    /// The entry is there but has never been read: nothing is stored.
    #[serde(skip_serializing_if = "is_false")]
    pub absent: bool,
    /// It was read while a program was using it, in a way that keeps it consistent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captured: Option<Captured>,
}

/// What a file in use was captured as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Captured {
    /// An SQLite database or its write-ahead log, read within one transaction.
    Sqlite,
}

/// One line of `overrides.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverrideLine {
    /// The entry's path, percent-encoded.
    pub path: String,
    /// What differs.
    #[serde(flatten)]
    pub change: Override,
}

impl Override {
    /// Whether nothing differs, so that no line is needed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What must be said so that a reader of the `stored` inode learns of `wanted`.
    ///
    /// Owners are compared only where `stored` carries them in truth (the repository's `owners`).
    pub fn between(wanted: &Metadata, stored: &Metadata) -> Self {
        let differs = |wanted: u32, stored: u32| (wanted != stored).then_some(wanted);
        Self {
            // A symbolic link's mode can't be set and means nothing.
            mode: differs(wanted.mode, stored.mode).filter(|_| wanted.kind != Kind::Symlink),
            uid: differs(wanted.uid, stored.uid),
            gid: differs(wanted.gid, stored.gid),
            mtime: (wanted.mtime != stored.mtime).then_some(wanted.mtime),
            ..Self::default()
        }
    }

    /// The override of a special file, which has no inode to differ from.
    pub fn special(meta: &Metadata) -> Self {
        Self {
            mode: Some(meta.mode),
            uid: Some(meta.uid),
            gid: Some(meta.gid),
            mtime: Some(meta.mtime),
            special: Some(Special { kind: meta.kind, major: meta.device.0, minor: meta.device.1 }),
            ..Self::default()
        }
    }

    /// Says the whole set of attributes.
    pub fn set_xattrs(&mut self, xattrs: &Xattrs) {
        let pairs = xattrs.iter().map(|(name, value)| (encode(name), BASE64.encode(value)));
        self.xattrs = Some(pairs.collect());
    }

    /// The whole set of attributes, if the override says one; what is unreadable, or no attribute that is kept, is
    /// left out.
    pub fn xattrs(&self) -> Option<Xattrs> {
        self.xattrs.as_ref().map(|pairs| {
            Xattrs::new(
                pairs
                    .iter()
                    .filter_map(|(name, value)| {
                        let name = percent_decode_str(name).collect::<Vec<u8>>();
                        is_kept(&name).then_some((name, BASE64.decode(value).ok()?))
                    })
                    .collect(),
            )
        })
    }

    /// Lays the override over what the stored inode says.
    pub fn apply_to(&self, meta: &mut Metadata) {
        if let Some(special) = self.special.filter(|special| special.kind.is_special()) {
            meta.kind = special.kind;
            meta.device = (special.major, special.minor);
            meta.size_bytes = 0;
        }
        meta.mode = self.mode.map_or(meta.mode, |mode| mode & 0o7777);
        meta.uid = self.uid.filter(|id| *id != NO_ID).unwrap_or(meta.uid);
        meta.gid = self.gid.filter(|id| *id != NO_ID).unwrap_or(meta.gid);
        meta.mtime = self.mtime.filter(|time| time.nsec < 1_000_000_000).unwrap_or(meta.mtime);
    }

    /// As the index keeps it: JSON, `None` if there is nothing to say.
    pub fn to_text(&self) -> Option<String> {
        if self.is_empty() { None } else { serde_json::to_string(self).ok() }
    }

    /// Reads what [`Override::to_text`] wrote; unreadable text says nothing.
    pub fn from_text(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }
}

/// The overrides of one snapshot, to be written in the order of a tree walk.
#[derive(Debug, Default)]
pub struct OverrideList(Vec<(RelPath, String)>);

impl OverrideList {
    /// Adds the override of `path`, as JSON without the path.
    pub fn push(&mut self, path: RelPath, text: String) {
        self.0.push((path, text));
    }

    /// Adds all of another list.
    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The file's content.
    pub fn into_lines(mut self) -> Vec<u8> {
        self.0.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let mut lines = Vec::new();
        for (path, text) in self.0 {
            // `text` is an object with at least one field: the path goes in front of it.
            lines.extend_from_slice(b"{\"path\":");
            lines.extend_from_slice(
                serde_json::to_string(&path.encode()).unwrap_or_default().as_bytes(),
            );
            lines.push(b',');
            lines.extend_from_slice(text.get(1..).unwrap_or("}").as_bytes());
            lines.push(b'\n');
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn lines_are_sorted_and_come_back() {
        let mut list = OverrideList::default();
        let change = Override { mode: Some(0o600), torn: true, ..Override::default() };
        list.push(path("a-b"), change.to_text().unwrap());
        list.push(RelPath::root().join(b"a").join(b"\xff\"\\"), change.to_text().unwrap());
        let lines = String::from_utf8(list.into_lines()).unwrap();
        let read: Vec<OverrideLine> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read[0].path, "a/%FF%22\\");
        assert_eq!(read[1].path, "a-b");
        assert!(read.iter().all(|line| line.change == change));
    }

    #[test]
    fn attributes_of_any_bytes_come_back() {
        let xattrs =
            Xattrs::new(vec![(b"user.\xff".into(), vec![0, 255]), (b"user.a".into(), vec![])]);
        let mut change = Override::default();
        change.set_xattrs(&xattrs);
        let text = change.to_text().unwrap();
        assert_eq!(Override::from_text(&text).xattrs(), Some(xattrs));
    }

    #[test]
    fn a_forged_special_file_is_no_regular_one() {
        let text = r#"{"special":{"kind":"file"},"mode":4294967295,"uid":4294967295,"gid":4294967295,"mtime":[0,4000000000]}"#;
        let mut meta = Metadata {
            kind: Kind::File,
            mode: 0o644,
            uid: 1,
            gid: 1,
            size_bytes: 5,
            mtime: FileTime { sec: 7, nsec: 8 },
            device: (0, 0),
        };
        Override::from_text(text).apply_to(&mut meta);
        assert_eq!(meta.kind, Kind::File);
        assert_eq!(meta.mode, 0o7777);
        assert_eq!((meta.uid, meta.gid), (1, 1));
        assert_eq!(meta.mtime, FileTime { sec: 7, nsec: 8 });
    }
}
