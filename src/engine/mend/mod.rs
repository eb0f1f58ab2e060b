//! Puts a good copy in the place of a damaged stored file, under every name that the file has in the repository.
//!
//! What a content is, its hash says; nothing is ever made up. The one place besides adoption that changes committed
//! trees, journaled as FORMAT.md says.

mod batch;
mod finish;
mod fresh;
mod journal;
mod survey;
mod swap;

use std::collections::HashMap;
use std::path::PathBuf;

use rustix::io::Errno;

use super::copy::{self, BUFFER_BYTES};
use super::damage::{Damage, DamageState, DamagedFile};
use super::error::Result;
use super::meta::ContentHash;
use super::monitor::{Monitor, Phase};
use super::path::RelPath;
use super::recover::Writer;
use super::remove::remove_tree;
pub(super) use batch::STAGE_NAME;
pub(super) use finish::finish;
pub use finish::is_interrupted;
use survey::{OnDrive, Survey, hits};

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

/// Why a damaged file could not be mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MendFailure {
    /// No good copy was found, neither in the repository nor in the source.
    NoGoodCopy,
    /// A good copy is there, but no room on the drive for it.
    NoRoom,
    /// A newer version of Yore wrote a snapshot that has it.
    UnknownFeature,
    /// Not every name took the good copy.
    NotTaken,
    /// The drive didn't let it be done; what the system said.
    Unreachable(Errno),
    /// Someone was reading all the time.
    Waiting,
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
    /// Why it could not be; `None` if it was.
    pub failure: Option<MendFailure>,
}

/// How many damaged files are mended by one journal.
const BATCH: usize = 64;

/// Mends what can be mended of `rots` and of what is remembered as damaged, and remembers the rest.
///
/// Each is looked at again before: what is not there any more, or turns out to be good, is left out of the answer.
/// Nobody may hold a reader's lock by this process: readers are waited for.
///
/// # Errors
/// The drive failed, or a stop; what was mended until then is, and the rest is remembered.
pub fn mend(writer: &mut Writer, rots: Vec<Rot>, monitor: &Monitor) -> Result<Vec<Mending>> {
    monitor.enter(Phase::Mending);
    finish::finish_when_free(&writer.repository, monitor)?;
    let mut damage = Damage::read(&writer.repository)?;
    let on_drive = OnDrive::read(&writer.index)?;
    let rots = look_again(writer, &on_drive, rots, &mut damage, monitor)?;
    // Before anything is tried: what ends this early must not make it unknown.
    damage.write(&writer.repository)?;
    let mut mendings = Vec::new();
    for rots in rots.chunks(BATCH) {
        let surveys = survey_all(writer, &on_drive, rots, monitor)?;
        mendings.extend(batch::mend_batch(writer, rots, &surveys, &mut damage, monitor)?);
    }
    Ok(mendings)
}

/// What is damaged still, `damage` being made to say the same.
fn look_again(
    writer: &Writer,
    on_drive: &OnDrive,
    mut rots: Vec<Rot>,
    damage: &mut Damage,
    monitor: &Monitor,
) -> Result<Vec<Rot>> {
    let is_known = |file: &DamagedFile| {
        rots.iter().any(|rot| rot.hash == file.hash && rot.inode == file.inode)
    };
    let remembered: Vec<Rot> =
        damage.files().iter().filter(|file| !is_known(file)).map(Rot::remembered).collect();
    rots.extend(remembered);
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut still = Vec::new();
    for rot in rots {
        monitor.check_cancelled()?;
        let found = locate(writer, on_drive, rot.clone(), monitor)?;
        let Some(found) = found.filter(|found| !is_in(&still, found)) else {
            damage.forget(rot.hash, rot.inode);
            continue;
        };
        if is_good(writer, &found, &mut buffer, monitor)? {
            damage.forget(rot.hash, rot.inode);
            continue;
        }
        damage.add(found.damaged_file());
        damage.rename(found.hash, found.inode, &found.snapshot, &found.path);
        still.push(found);
    }
    Ok(still)
}

fn is_in(rots: &[Rot], found: &Rot) -> bool {
    rots.iter().any(|rot| rot.hash == found.hash && rot.inode == found.inode)
}

/// Finds an inode under the name that is known, else under another that it has; `None` if it has gone.
fn locate(writer: &Writer, on_drive: &OnDrive, rot: Rot, monitor: &Monitor) -> Result<Option<Rot>> {
    if rot.find(&writer.repository).is_some() {
        return Ok(Some(rot));
    }
    let survey = survey::survey(writer, on_drive, (rot.hash, rot.inode), None, &rot.path, monitor)?;
    let first = hits(survey.names.iter()).into_iter().next();
    Ok(first.and_then(|Hit { path, snapshots }| {
        let snapshot = snapshots.into_iter().next()?;
        Some(Rot { snapshot, path, ..rot })
    }))
}

/// Whether the drive gives the right content after all.
fn is_good(writer: &Writer, rot: &Rot, buffer: &mut [u8], monitor: &Monitor) -> Result<bool> {
    let repository = &writer.repository;
    let (Some((folder, _)), Some(name)) = (rot.find(repository), rot.path.name()) else {
        return Ok(false);
    };
    copy::is_proven(&folder, name, rot.hash, buffer, monitor)
        .map_err(|error| fresh::explain(repository, error))
}

/// Looks for all names of the damaged inodes; through all trees if the index doesn't know of enough.
fn survey_all(
    writer: &Writer,
    on_drive: &OnDrive,
    rots: &[Rot],
    monitor: &Monitor,
) -> Result<Vec<Survey>> {
    let mut surveys = Vec::new();
    let mut lacking = Vec::new();
    for (at, rot) in rots.iter().enumerate() {
        let stat = rot.find(&writer.repository).map(|(_, stat)| stat);
        let inode = (rot.hash, rot.inode);
        let size = stat.as_ref().map(|stat| stat.stx_size);
        let mut survey = survey::survey(writer, on_drive, inode, size, &rot.path, monitor)?;
        survey.names.insert(rot.name());
        survey.mtime = survey::recorded_mtime(&writer.index, on_drive, &rot.name(), rot.hash)?;
        if stat.is_some_and(|stat| (survey.names.len() as u64) < u64::from(stat.stx_nlink)) {
            lacking.push(at);
        }
        surveys.push(survey);
    }
    let mut wanted: HashMap<u64, &mut Survey> = surveys
        .iter_mut()
        .zip(rots)
        .enumerate()
        .filter(|(at, _)| lacking.binary_search(at).is_ok())
        .map(|(_, (survey, rot))| (rot.inode, survey))
        .collect();
    if !wanted.is_empty() {
        survey::look_everywhere(&writer.repository, &mut wanted, monitor)?;
    }
    Ok(surveys)
}

/// Names what is remembered of snapshots that were deleted by others that still have it, or forgets it; `before` is
/// what was known while they were there.
pub(super) fn follow_deletion(
    writer: &Writer,
    before: &Damage,
    deleted: &[String],
    monitor: &Monitor,
) -> Result<()> {
    let is_gone = |file: &&DamagedFile| deleted.contains(&file.snapshot);
    let gone: Vec<&DamagedFile> = before.files().iter().filter(is_gone).collect();
    if gone.is_empty() {
        return Ok(());
    }
    let on_drive = OnDrive::read(&writer.index)?;
    let mut damage = before.clone();
    for file in gone {
        match locate(writer, &on_drive, Rot::remembered(file), monitor)? {
            Some(rot) => damage.rename(rot.hash, rot.inode, &rot.snapshot, &rot.path),
            None => damage.forget(file.hash, file.inode),
        }
    }
    damage.write(&writer.repository)
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
