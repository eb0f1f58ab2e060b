//! Bringing things back: planned and shown first, staged beside the target, verified, published by rename.

mod adjust;
mod apply;
mod flags;
mod journal;
mod lift;
mod links;
mod loose;
mod moves;
mod owner;
mod parted;
mod place;
mod plan;
mod publish;
mod put;
mod resume;
mod since;
mod stage;
mod steps;
mod swap;
mod target;
mod undo;
mod workspace;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::meta::FileTime;
use super::path::RelPath;
use super::problem::Reason;

pub use apply::apply;
pub use journal::{JournalInfo, JournalState, Journals, KEPT_DAYS};
pub use plan::plan_restore;
pub use resume::resume;
pub use undo::{UndoProblem, UndoReport, undo};

/// What to do where something else is in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum OnConflict {
    /// Leave it, and restore beside it under a name with the snapshot's date.
    #[default]
    KeepBoth,
    /// Set it aside and take its place.
    Replace,
    /// Leave it, and don't restore.
    Skip,
    /// Make a folder exactly as it was: as [`OnConflict::Replace`], and what was not in it is set aside, too.
    Exact,
}

/// Where to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Target {
    /// Where it came from.
    #[default]
    Original,
    /// Into this folder, under its own name.
    Folder(#[serde(with = "journal::encoded::absolute")] PathBuf),
}

/// A file or folder that a person wants back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Its path.
    #[serde(with = "journal::encoded::relative")]
    pub path: RelPath,
    /// Number of the snapshot that it comes from.
    pub at: u64,
}

/// Whose restored entries become, other than by the names in the snapshot: former owner to new one, each a name or a
/// number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OwnerChoices {
    /// Users.
    pub users: Vec<(String, String)>,
    /// Groups.
    pub groups: Vec<(String, String)>,
}

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RestoreRequest {
    /// Files and folders, each as it was in a snapshot.
    pub wanted: Vec<Wanted>,
    /// Where to.
    pub target: Target,
    /// What to do where something is in the way.
    pub on_conflict: OnConflict,
    /// Bring back setuid and setgid of programs, capabilities and devices, too. For root.
    pub privileges: bool,
    /// Bring back files whose stored copy is damaged, too, each with a warning.
    pub damaged: bool,
    /// Take nothing from other stored copies where a file's own is damaged or lost: a drill wants to know that it is.
    #[serde(default)]
    pub own_copies: bool,
    /// Whose the entries become.
    pub owners: OwnerChoices,
    /// The program's own folders: nothing is restored into them, and nothing in them or around them is moved away.
    pub spared: Vec<PathBuf>,
    /// Folders that rules leave out though no snapshot tells where they are: nothing in them is removed.
    #[serde(default)]
    pub left_out: Vec<PathBuf>,
}

impl RestoreRequest {
    /// Asks for `paths` as they were in the snapshot `at`.
    pub fn of(at: u64, paths: impl IntoIterator<Item = RelPath>) -> Self {
        let wanted = paths.into_iter().map(|path| Wanted { path, at }).collect();
        Self { wanted, ..Self::default() }
    }
}

/// What becomes of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Nothing is there: it is made.
    Create,
    /// Something else is there and stays; the restored one gets the name in `target`.
    KeepBoth,
    /// What is there is set aside and replaced.
    Replace,
    /// What is there was not in the snapshot, and is set aside.
    Remove,
    /// A folder that is there gets the owner, permissions, attributes and time that it had.
    Adjust,
    /// What is there stays, and nothing is restored.
    Skip,
    /// Nothing of it is stored.
    Impossible,
    /// A device, which only root gets back who asks for it.
    LeaveOut,
}

/// What is at an item's place now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct There {
    /// Entries, all below a folder included.
    pub entries: u64,
    /// Bytes of content.
    pub bytes: u64,
    /// When it was changed last.
    pub mtime: FileTime,
}

/// One item of a plan: a file, or a folder with all below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanItem {
    /// The path in the snapshot; of what is removed, the one that it would have there.
    #[serde(with = "journal::encoded::relative")]
    pub path: RelPath,
    /// Number of the snapshot.
    pub at: u64,
    /// The path that it gets.
    #[serde(with = "journal::encoded::absolute")]
    pub target: PathBuf,
    /// What becomes of it.
    pub action: Action,
    /// Entries that are restored, the item itself included.
    pub entries: u64,
    /// Bytes of content that are restored.
    pub bytes: u64,
    /// What is there, and is replaced, removed or stays.
    pub there: Option<There>,
}

impl PlanItem {
    /// Whether something is written for it.
    pub fn is_written(&self) -> bool {
        matches!(self.action, Action::Create | Action::KeepBoth | Action::Replace)
    }

    /// Whether anything is done for it.
    pub fn is_changed(&self) -> bool {
        self.is_written() || matches!(self.action, Action::Remove | Action::Adjust)
    }
}

/// What a person should know before a restore begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// There is not enough room where it is going to be written.
    NoRoom {
        /// A folder on that file system.
        path: PathBuf,
        /// Bytes that are needed there.
        needed_bytes: u64,
        /// Bytes that are free there.
        free_bytes: u64,
    },
    /// Entries of others, which only root could give them, will belong to this user.
    BecomesOwn {
        /// How many entries.
        count: u64,
        /// Their owners, by name or else by number.
        owners: Vec<String>,
    },
    /// Users and groups whom nobody here is called like; their entries keep the numbers that they had.
    UnknownOwners {
        /// How many entries.
        count: u64,
        /// Their users and groups, by name or else by number.
        owners: Vec<String>,
    },
    /// Setuid and setgid bits of programs, and capabilities, are left off: they are root's to restore, if asked to.
    PrivilegesLeftOff {
        /// How many files.
        count: u64,
    },
    /// Devices are left out: they are root's to restore, if asked to.
    DevicesLeftOut {
        /// How many.
        count: u64,
    },
    /// The stored copies of these files are known to be damaged.
    Damaged {
        /// How many files.
        count: u64,
        /// One of them.
        first: RelPath,
    },
    /// The snapshot's seal is missing or broken, or tells of more or fewer entries than there are: some of it may be
    /// missing, or metadata wrong; nothing is removed.
    DamagedSnapshot {
        /// Its name.
        name: String,
    },
}

/// What a restore is going to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestorePlan {
    /// What was asked for.
    pub request: RestoreRequest,
    /// Names of the snapshots that it takes from, by number.
    pub snapshots: BTreeMap<u64, String>,
    /// Every item that something is to be said about; folders that are there already are split into what is in them.
    pub items: Vec<PlanItem>,
    /// Entries that are there already, the same.
    pub same: u64,
    /// Entries that will be written.
    pub entries: u64,
    /// Bytes that will be written.
    pub bytes: u64,
    /// Bytes that are free where they will be written; `None` if that is not known.
    pub free_bytes: Option<u64>,
    /// What to know before.
    pub warnings: Vec<Warning>,
}

impl RestorePlan {
    /// How many items have this action.
    pub fn count(&self, action: Action) -> u64 {
        self.items.iter().filter(|item| item.action == action).count() as u64
    }

    /// Entries and bytes that are there now and will be set aside.
    pub fn set_aside(&self) -> (u64, u64) {
        let is_set_aside =
            |item: &&PlanItem| matches!(item.action, Action::Replace | Action::Remove);
        let there = self.items.iter().filter(is_set_aside).filter_map(|item| item.there);
        there.fold((0, 0), |(entries, bytes), there| {
            (entries.saturating_add(there.entries), bytes.saturating_add(there.bytes))
        })
    }
}

/// What a restore did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RestoreReport {
    /// By which it can be undone.
    pub id: Uuid,
    /// Entries that were put in place.
    pub entries: u64,
    /// Bytes of content that were put in place.
    pub bytes: u64,
    /// Items that took the place of something.
    pub replaced: u64,
    /// What was not in the snapshot and was set aside.
    pub removed: u64,
    /// What could not be restored, or not in full, and why.
    pub problems: Vec<(RelPath, Reason)>,
    /// Folders that keep what was replaced or removed.
    pub kept: Vec<PathBuf>,
    /// What was put in place.
    pub restored: Vec<PathBuf>,
}
