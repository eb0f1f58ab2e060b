//! What history says of one path: an entry at a moment, and how long it stayed as it was.

use super::{SnapshotInfo, SnapshotState};
use crate::engine::index::State;
use crate::engine::meta::{ContentHash, FileTime, Kind, Metadata};
use crate::engine::path::RelPath;

/// One entry at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Permission bits, the low 12.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Length of its content in bytes.
    pub size_bytes: u64,
    /// When its content was changed.
    pub mtime: FileTime,
    /// Hash of a file's content, or of a symbolic link's target.
    pub hash: Option<ContentHash>,
    /// It could not be read in that run: an older state was carried forward.
    pub stale: bool,
    /// It changed each time that it was read: its content may be inconsistent.
    pub torn: bool,
    /// It was there but has never been read: nothing of it is stored.
    pub absent: bool,
}

impl Entry {
    pub(in crate::engine) fn new(name: &[u8], state: &State) -> Self {
        let change = state.change();
        let Metadata { kind, mode, uid, gid, size_bytes, mtime, .. } = state.meta;
        Self {
            name: name.to_vec(),
            kind,
            mode,
            uid,
            gid,
            size_bytes,
            mtime,
            hash: state.hash,
            stale: change.stale.is_some(),
            torn: change.torn,
            absent: change.absent,
        }
    }

    /// What is called `name`: a folder above the sources if it has no state.
    pub(in crate::engine) fn of(name: &[u8], state: &Option<State>) -> Self {
        state.as_ref().map_or_else(|| Self::scaffold(name), |state| Self::new(name, state))
    }

    /// A folder above the sources, of which nothing but its name is kept.
    pub(in crate::engine) fn scaffold(name: &[u8]) -> Self {
        Self {
            name: name.to_vec(),
            kind: Kind::Directory,
            mode: 0o755,
            uid: 0,
            gid: 0,
            size_bytes: 0,
            mtime: FileTime::default(),
            hash: None,
            stale: false,
            torn: false,
            absent: false,
        }
    }
}

#[cfg(test)]
impl Entry {
    /// A file of which nothing is special.
    pub(crate) fn plain(name: &str) -> Self {
        Self {
            name: name.as_bytes().to_vec(),
            kind: Kind::File,
            mode: 0o644,
            uid: 0,
            gid: 0,
            size_bytes: 1,
            mtime: FileTime::default(),
            hash: None,
            stale: false,
            torn: false,
            absent: false,
        }
    }
}

/// One state of a path and the snapshots that it lasted through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Under which path: a file that was moved has versions under several.
    pub path: RelPath,
    /// What it was.
    pub entry: Entry,
    /// Number of the first snapshot, of those that are left.
    pub first: u64,
    /// Number of the last snapshot, of those that are left; the newest one's if it still lasts.
    pub last: u64,
}

impl Version {
    /// The newest good one of `snapshots`, which are in order, that has the version; `None` if there is none.
    pub fn newest_good<'a>(&self, snapshots: &'a [SnapshotInfo]) -> Option<&'a SnapshotInfo> {
        let mut newest_first = snapshots.iter().rev();
        newest_first.find(|snapshot| {
            snapshot.state == SnapshotState::Good
                && (self.first..=self.last).contains(&snapshot.seq)
        })
    }
}
