//! What the rules say of one entry, and which of them says so.

use super::preset::Preset;
use crate::engine::path::RelPath;

/// What becomes of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is backed up; of what is in it, each is asked for in turn.
    In,
    /// It is a folder that would be left out, but an include names something below it: it is kept without the
    /// rest of what is in it.
    OnTheWay(Why),
    /// It is left out, with all below it.
    Out(Why),
}

/// The rule that leaves an entry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// A ready-made list.
    Preset(Preset),
    /// A pattern, as it was typed.
    Pattern(String),
    /// An excluded path.
    Path(RelPath),
    /// The file is larger than this many bytes.
    LargerThan(u64),
    /// The folder in which it lies is marked as a cache.
    CacheTag(RelPath),
    /// The folder in which it lies holds a file `.nobackup`.
    NoBackup(RelPath),
    /// A folder in which a restore works, or that holds what it replaced. Always left out.
    RestoreFolder,
    /// The folder in which the program keeps its own notes. Always left out.
    OwnFolder,
}

/// The outcome for a whole path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What becomes of the path.
    pub decision: Decision,
    /// The entry that decided it: the path itself or a folder above it.
    pub at: RelPath,
}
