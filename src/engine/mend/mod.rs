//! Puts a good copy in the place of a damaged stored file, under every name that the file has in the repository, and brings
//! back what is lost from, or was altered in, the trees.
//!
//! What a content is, its hash says; nothing is ever made up. The one place besides adoption that changes committed
//! trees, journaled as FORMAT.md says.

mod batch;
mod failure;
mod finish;
mod fresh;
mod journal;
mod known;
mod locate;
mod stage;
mod survey;
mod swap;
mod tree;

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use super::damage::{Damage, DamageState, DamagedFile};
use super::error::Result;
use super::index::is_full;
use super::meta::ContentHash;
use super::monitor::{Event, Monitor, Phase};
use super::path::RelPath;
use super::recover::Writer;
use super::remove::remove_tree;
use super::repository::Repository;
use batch::Batch;
pub use failure::MendFailure;
pub(super) use finish::finish;
pub use finish::is_interrupted;
use known::Known;
use locate::{Located, locate, look_again};
pub(super) use stage::{STAGE_NAME, new_inodes};
use survey::survey_all;
pub use tree::{BroughtBack, NotReturned, Returned, bring_back, can_bring_back};

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
    /// Why it could not be mended; `None` if it was.
    pub failure: Option<MendFailure>,
}

/// How many damaged files are mended by one journal.
const BATCH: usize = 64;

/// Contents are staged together up to so much: the damaged ones take their room until then.
const STAGED_BYTES: u64 = 256 << 20;

/// A line of the journal without its path takes about so much.
const LINE_BYTES: usize = 200;

/// How long those who read are waited for: meanwhile no backup is made.
const PATIENCE: Duration = Duration::from_secs(30);

/// Mends what can be mended of `rots` and of what is remembered as damaged, and remembers the rest.
///
/// Each is looked at again before: what is not there any more, or turns out to be good, is left out of the answer.
/// Nobody may hold a reader's lock by this process: readers are waited for, half a minute.
///
/// # Errors
/// The drive is gone, or a stop; what was mended until then is, and the rest is remembered.
pub fn mend(writer: &mut Writer, rots: Vec<Rot>, monitor: &Monitor) -> Result<Vec<Mending>> {
    mend_within(writer, rots, PATIENCE, monitor)
}

/// As [`mend`], with another patience for those who read.
///
/// # Errors
/// As of [`mend`].
pub fn mend_within(
    writer: &mut Writer,
    rots: Vec<Rot>,
    patience: Duration,
    monitor: &Monitor,
) -> Result<Vec<Mending>> {
    monitor.enter(Phase::Mending);
    let repository = &writer.repository;
    // Before anything is waited for or tried: what ends this early must not make it unknown.
    let mut damage = Damage::read(repository)?;
    rots.iter().for_each(|rot| damage.add(rot.damaged_file()));
    note(&damage, repository, monitor)?;
    let blocked = finish::finish_within(repository, patience, monitor)?;
    let mut damage = Damage::read(repository)?;
    let said = all_once(rots, &damage);
    let known = Known::gather(&writer.index, &said)?;
    let found = look_again(writer, &known, said, &mut damage, monitor)?;
    note(&damage, repository, monitor)?;
    let surveys = survey_all(repository, &known, &found.rots, monitor)?;
    let mut batch = Batch::new(repository, &mut damage, patience, monitor, blocked);
    let mut mendings = batch.mend_all(&found.rots, &surveys)?;
    mendings.extend(found.hidden);
    Ok(mendings)
}

/// What was found now and what is remembered, each inode once.
fn all_once(rots: Vec<Rot>, damage: &Damage) -> Vec<Rot> {
    let mut seen = HashSet::new();
    let remembered = damage.files().map(Rot::remembered);
    rots.into_iter().chain(remembered).filter(|rot| seen.insert((rot.hash, rot.inode))).collect()
}

/// Writes what is known to be damaged; what can't be noted for want of room is said.
fn note(damage: &Damage, repository: &Repository, monitor: &Monitor) -> Result<()> {
    let left_out = match damage.write(repository) {
        Ok(left_out) => left_out,
        Err(error) if is_full(&error) => damage.files().len() as u64,
        Err(error) => return Err(error),
    };
    if left_out > 0 {
        monitor.emit(&Event::DamageNotNoted { count: left_out });
    }
    Ok(())
}

/// Names what is remembered of snapshots that were deleted by others that still have it, or forgets it; `before` is
/// what was known while they were there.
pub(super) fn follow_deletion(
    writer: &Writer,
    before: &Damage,
    deleted: &[String],
    monitor: &Monitor,
) -> Result<()> {
    let deleted: HashSet<&String> = deleted.iter().collect();
    let is_gone = |file: &&DamagedFile| deleted.contains(&file.snapshot);
    let gone: Vec<Rot> = before.files().filter(is_gone).map(Rot::remembered).collect();
    if gone.is_empty() {
        return Ok(());
    }
    let known = Known::gather(&writer.index, &gone)?;
    let mut damage = before.clone();
    for rot in gone {
        let (hash, inode) = (rot.hash, rot.inode);
        match locate(&writer.repository, &known, &rot, monitor)? {
            Located::Here(rot) => damage.rename(hash, inode, &rot.snapshot, &rot.path),
            Located::Hidden((name, _)) => damage.rename(hash, inode, &name.snapshot, &name.path),
            Located::Nowhere => damage.forget(hash, inode),
        }
    }
    note(&damage, &writer.repository, monitor)
}

impl From<&DamagedFile> for Rot {
    fn from(file: &DamagedFile) -> Self {
        Self::remembered(file)
    }
}

impl Rot {
    fn remembered(file: &DamagedFile) -> Self {
        Self {
            snapshot: file.snapshot.clone(),
            path: file.path.clone(),
            inode: file.inode,
            hash: file.hash,
            state: file.state,
        }
    }

    fn damaged_file(&self) -> DamagedFile {
        DamagedFile {
            hash: self.hash,
            snapshot: self.snapshot.clone(),
            path: self.path.clone(),
            inode: self.inode,
            seen: jiff::Timestamp::now(),
            state: self.state,
        }
    }
}
