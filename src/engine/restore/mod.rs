//! Bringing things back: planned and shown first, staged beside the target, verified, published by rename.

mod apply;
mod flags;
mod links;
mod owner;
mod place;
mod plan;
mod stage;
mod target;

use std::path::PathBuf;

use super::path::RelPath;
use super::problem::Reason;

pub use apply::apply;
pub use plan::plan_restore;

/// What to do where something else is in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnConflict {
    /// Leave it, and restore beside it under a name with the snapshot's date.
    #[default]
    KeepBoth,
    /// Set it aside and take its place.
    Replace,
    /// Leave it, and don't restore.
    Skip,
}

/// Where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Where it came from.
    Original,
    /// Into this folder, under its own name.
    Folder(PathBuf),
}

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreRequest {
    /// Number of the snapshot.
    pub at: u64,
    /// Files and folders.
    pub paths: Vec<RelPath>,
    /// Where to.
    pub target: Target,
    /// What to do where something is in the way.
    pub on_conflict: OnConflict,
    /// Bring back setuid and setgid of programs, capabilities and devices, too. For root.
    pub privileges: bool,
}

/// What becomes of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing is there: it is made.
    Create,
    /// Something else is there and stays; the restored one gets the name in `target`.
    KeepBoth,
    /// What is there is set aside and replaced.
    Replace,
    /// What is there stays, and nothing is restored.
    Skip,
    /// The same content is there already.
    Same,
    /// Nothing of it is stored, or it can't be made.
    Impossible,
}

/// One item of a plan: a file, or a folder with all below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanItem {
    /// The path in the snapshot.
    pub path: RelPath,
    /// The path that it gets.
    pub target: PathBuf,
    /// What becomes of it.
    pub action: Action,
    /// Entries, the item itself included.
    pub entries: u64,
    /// Bytes of content.
    pub bytes: u64,
}

impl PlanItem {
    /// Whether something is written for it.
    pub fn is_written(&self) -> bool {
        matches!(self.action, Action::Create | Action::KeepBoth | Action::Replace)
    }
}

/// What a restore is going to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestorePlan {
    /// Number of the snapshot.
    pub at: u64,
    /// Whether what gives power over the computer is brought back, too.
    pub privileges: bool,
    /// Its name.
    pub snapshot: String,
    /// Every item; folders that are there already are split into what is in them.
    pub items: Vec<PlanItem>,
    /// Entries that will be written.
    pub entries: u64,
    /// Bytes that will be written.
    pub bytes: u64,
    /// Bytes that are free where they will be written; `None` if that is not known.
    pub free_bytes: Option<u64>,
}

impl RestorePlan {
    /// How many items have this action.
    pub fn count(&self, action: Action) -> u64 {
        self.items.iter().filter(|item| item.action == action).count() as u64
    }
}

/// What a restore did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RestoreReport {
    /// Entries that were put in place.
    pub entries: u64,
    /// Bytes of content that were put in place.
    pub bytes: u64,
    /// What could not be restored, and why.
    pub problems: Vec<(RelPath, Reason)>,
    /// Folders that keep what was replaced.
    pub undo: Vec<PathBuf>,
    /// What was put in place.
    pub restored: Vec<PathBuf>,
}
