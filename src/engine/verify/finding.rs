//! What a verification found to be wrong, and what it holds for suspect until the index was asked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::meta::ContentHash;
use crate::engine::path::RelPath;

/// Different faults that are kept; more are only counted.
const LIMIT: usize = 10_000;

/// One side of an entry that isn't as the snapshot was sealed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// It is something else: a file that was a folder, say.
    Kind,
    /// Permissions.
    Mode,
    /// Owner or group.
    Owner,
    /// The modification time.
    Time,
    /// Extended attributes or access lists.
    Attributes,
    /// The hash that the stored file carries: it is missing or another one.
    Hash,
    /// Where a symbolic link points to.
    Target,
    /// What the overrides say of it: inode flags, names of the same file, the numbers of a device.
    Override,
}

/// What is wrong with an entry of a snapshot's tree, or with the snapshot itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The seal, the overrides or the list of problems are missing or damaged; in English.
    Papers(String),
    /// It was in the snapshot and is not there any more.
    Lost,
    /// It was not in the snapshot.
    Added,
    /// It is there, but not as it was.
    Altered(Vec<Aspect>),
    /// Something below this folder is not as it was, and the index can't tell what.
    Below,
    /// It could not be read; what the system said.
    Unreadable(String),
    /// Something is mounted over it.
    Mounted,
    /// Folders are nested deeper than any backup makes them.
    TooDeep,
    /// The whole snapshot is not on the drive any more, and nobody deleted it by Yore.
    Vanished,
}

/// A fault, and the snapshots that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFault {
    /// The path; the root stands for the snapshot itself.
    pub path: RelPath,
    /// What is wrong.
    pub fault: Fault,
    /// Names of the snapshots, oldest first.
    pub snapshots: Vec<String>,
}

/// A stored file whose content isn't what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Suspect {
    pub snapshot: String,
    pub path: RelPath,
    pub inode: u64,
    /// What the content hashes to, or what the system said when it was read.
    pub found: Result<ContentHash, String>,
    /// The hash that the file carries.
    pub carried: Option<ContentHash>,
}

/// All faults, each once.
#[derive(Debug, Default, Clone)]
pub(super) struct Faults {
    known: BTreeMap<(RelPath, Fault), Vec<String>>,
    /// How many more there are.
    pub more: u64,
}

impl Faults {
    /// Adds what is wrong in a snapshot.
    pub fn add(&mut self, snapshot: &str, path: RelPath, fault: Fault) {
        let is_full = self.known.len() >= LIMIT;
        let key = (path, fault);
        if is_full && !self.known.contains_key(&key) {
            self.more += 1;
            return;
        }
        let snapshots = self.known.entry(key).or_default();
        if !snapshots.iter().any(|known| known == snapshot) {
            snapshots.push(snapshot.to_owned());
        }
    }

    /// Forgets that `path` could not be read in a snapshot.
    pub fn drop_unreadable(&mut self, snapshot: &str, path: &RelPath) {
        self.known.retain(|(at, fault), snapshots| {
            if at == path && matches!(fault, Fault::Unreadable(_)) {
                snapshots.retain(|name| name != snapshot);
            }
            !snapshots.is_empty()
        });
    }

    /// Forgets what is wrong in other snapshots than these.
    pub fn retain(&mut self, is_kept: impl Fn(&String) -> bool) {
        self.known.retain(|_, snapshots| {
            snapshots.retain(&is_kept);
            !snapshots.is_empty()
        });
    }

    /// The snapshots in which something could not be read.
    pub fn unreadable(&self) -> impl Iterator<Item = &String> {
        let all = self.known.iter();
        let unreadable = all.filter(|((_, fault), _)| matches!(fault, Fault::Unreadable(_)));
        unreadable.flat_map(|(_, snapshots)| snapshots)
    }

    /// All of them, by path.
    pub fn list(&self) -> Vec<TreeFault> {
        let fault = |((path, fault), snapshots): (&(RelPath, Fault), &Vec<String>)| {
            let mut snapshots = snapshots.clone();
            snapshots.sort_by(|one, other| {
                let order = crate::engine::snapshot::name_order;
                order(one).cmp(&order(other))
            });
            TreeFault { path: path.clone(), fault: fault.clone(), snapshots }
        };
        self.known.iter().map(fault).collect()
    }
}
