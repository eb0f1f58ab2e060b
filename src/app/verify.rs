//! Verifying what is stored, mending what is damaged, and the fire drill; and what is remembered of the last ones.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::{Error, Result};
use super::explain::explain;
use super::moment::called;
use super::target::Target;
use super::{config, places};
use crate::engine::error::Error as EngineError;
use crate::engine::history::History;
use crate::engine::mend::{self, Mending};
use crate::engine::monitor::Monitor;
use crate::engine::recover::snapshot_names;
use crate::engine::remove::remove_tree;
use crate::engine::verify::{self, DrillReport, Pass, VerifyOptions, VerifyReport};

/// How many files a drill restores.
const DRILL_FILES: u64 = 20;

/// What a verification is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyAsk {
    /// What is looked at; names may be beginnings of names.
    pub options: VerifyOptions,
    /// Only tell what is damaged.
    pub no_mend: bool,
}

/// What came of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What was found.
    pub report: VerifyReport,
    /// What became of each damaged file; `None` if nothing was to be mended.
    pub mendings: Option<Vec<Mending>>,
    /// Why the repository could not be opened for mending, in words.
    pub not_mended: Option<String>,
}

impl Verified {
    /// How many damaged files were mended.
    pub fn mended(&self) -> u64 {
        let mendings = self.mendings.iter().flatten();
        mendings.filter(|mending| mending.mended_from.is_some()).count() as u64
    }

    /// How many damaged files are left.
    pub fn damaged(&self) -> u64 {
        match &self.mendings {
            // What was pruned or proved good since is not among them, and what was known before is.
            Some(mendings) => {
                mendings.iter().filter(|one| one.mended_from.is_none()).count() as u64
            }
            None => self.report.rots.len() as u64,
        }
    }

    /// Whether everything is as it was backed up, now.
    pub fn is_good(&self) -> bool {
        self.report.faults.is_empty() && self.damaged() == 0
    }
}

/// The last verification, as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastVerify {
    /// When it ended.
    pub finished: Timestamp,
    /// Snapshots that were looked at.
    pub snapshots: u64,
    /// Stored files that were read.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Of how many files in a hundred the content was read.
    pub sample_percent: u8,
    /// Damaged files that were found.
    pub found: u64,
    /// How many of them were mended.
    pub mended: u64,
    /// What else is wrong.
    pub faults: u64,
}

/// The last fire drill, as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastDrill {
    /// When it ended.
    pub finished: Timestamp,
    /// Files that were chosen.
    pub files: u64,
    /// How many of them came back as they were.
    pub came_back: u64,
    /// Whether the folder did; `None` if none was chosen.
    pub folder: Option<bool>,
    /// Entries that did not come back as they were.
    pub failures: u64,
}

impl Target {
    /// Verifies what is stored, going on with a pass that was stopped; `begun` is told when that was begun. Then mends what is
    /// damaged, unless told not to.
    ///
    /// # Errors
    /// A stop, or a drive that is gone: the next time goes on. A name that no snapshot has.
    pub fn verify(
        &self,
        ask: &VerifyAsk,
        monitor: &Monitor,
        resumed: impl FnOnce(Timestamp),
    ) -> Result<Verified> {
        let mut history = self.open_attached(monitor)?;
        if !ask.no_mend && mend::is_interrupted(history.repository()?)? {
            // Its folders are not as they were yet, which would be taken for damage.
            drop(history);
            drop(self.open_writer(monitor)?);
            history = self.open_attached(monitor)?;
        }
        let id = history.repository()?.marker().id;
        let options =
            VerifyOptions { names: names(&history, &ask.options)?, ..ask.options.clone() };
        let folder = places::state_dir();
        // Where it can't be made, a stopped pass can't be gone on with.
        let _ = std::fs::create_dir_all(&folder);
        let file = folder.join(format!("verify-{id}.pass"));
        let mut pass = Pass::take_up(&file, id, &options, Timestamp::now());
        if pass.is_resumed() {
            resumed(pass.begun());
        }
        let report = verify::verify(&history, &mut pass, monitor)?;
        drop(history);
        let mut verified = Verified { report, mendings: None, not_mended: None };
        if !ask.no_mend && !verified.report.rots.is_empty() {
            match self.mend(&verified.report, monitor) {
                Ok(mendings) => verified.mendings = Some(mendings),
                Err(error) if error.is_cancelled() => {
                    remember_verify(id, &options, &verified);
                    return Err(error);
                }
                Err(error) => verified.not_mended = Some(explain(&error).text()),
            }
        }
        remember_verify(id, &options, &verified);
        Ok(verified)
    }

    fn mend(&self, report: &VerifyReport, monitor: &Monitor) -> Result<Vec<Mending>> {
        let mut writer = self.open_writer(monitor)?;
        Ok(mend::mend(&mut writer, report.rots.clone(), monitor)?)
    }

    /// Restores some files, chosen by chance, and a folder to a place of their own, compares them, and removes them.
    ///
    /// # Errors
    /// There is no good snapshot, the drive is away, or a stop.
    pub fn drill(&self, monitor: &Monitor) -> Result<DrillReport> {
        let history = self.open_attached(monitor)?;
        let id = history.repository()?.marker().id;
        let place = Place::make()?;
        let report = verify::drill(&history, &place.0, DRILL_FILES, monitor)?;
        write_state(
            drill_file(id),
            &LastDrill {
                finished: Timestamp::now(),
                files: report.files,
                came_back: report.came_back,
                folder: report.folder.as_ref().map(|(_, came_back)| *came_back),
                failures: report.failures.len() as u64,
            },
        );
        Ok(report)
    }
}

/// The whole names of the snapshots that are asked for: of those that the history knows, or that lie on the drive.
fn names(history: &History, options: &VerifyOptions) -> Result<Vec<String>> {
    let rows = history.snapshots()?;
    let on_drive = snapshot_names(history.repository()?)?;
    let mut names = Vec::new();
    for text in &options.names {
        let known = called(text, &rows)?.map(|row| row.name.clone());
        let known = known.or_else(|| on_drive.iter().find(|name| *name == text).cloned());
        names.push(known.ok_or_else(|| Error::NoSuchName(text.clone()))?);
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// A private folder that is removed in the end.
struct Place(PathBuf);

impl Place {
    fn make() -> Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let cache = places::cache_dir();
        let place = cache.join(format!("drill-{}", Uuid::new_v4().simple()));
        let made = std::fs::create_dir_all(&cache)
            .and_then(|()| std::fs::DirBuilder::new().mode(0o700).create(&place));
        made.map_err(|source| EngineError::Io { action: "make", path: place.clone(), source })?;
        Ok(Self(place))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        use std::os::unix::ffi::OsStrExt as _;
        if let (Some(above), Some(name)) = (self.0.parent(), self.0.file_name())
            && let Ok(above) = crate::engine::dir::Dir::open(above)
        {
            // What can't be removed lies in a folder of ours.
            let _ = remove_tree(&above, name.as_bytes());
        }
    }
}

fn verify_file(repository: Uuid) -> PathBuf {
    places::state_dir().join(format!("verify-{repository}.json"))
}

fn drill_file(repository: Uuid) -> PathBuf {
    places::state_dir().join(format!("drill-{repository}.json"))
}

/// What is remembered of the last verification of `repository`; anything unreadable is as good as nothing.
pub fn last_verify(repository: Uuid) -> Option<LastVerify> {
    serde_json::from_slice(&std::fs::read(verify_file(repository)).ok()?).ok()
}

/// What is remembered of the last fire drill of `repository`; anything unreadable is as good as nothing.
pub fn last_drill(repository: Uuid) -> Option<LastDrill> {
    serde_json::from_slice(&std::fs::read(drill_file(repository)).ok()?).ok()
}

fn remember_verify(repository: Uuid, options: &VerifyOptions, verified: &Verified) {
    let VerifyReport { tally, rots, faults, more_faults, .. } = &verified.report;
    write_state(
        verify_file(repository),
        &LastVerify {
            finished: Timestamp::now(),
            snapshots: tally.snapshots,
            files: tally.files,
            bytes: tally.bytes,
            sample_percent: options.sample_percent,
            found: rots.len() as u64,
            mended: verified.mended(),
            faults: more_faults.saturating_add(faults.len() as u64),
        },
    );
}

/// A state folder that can't be written to costs nothing but the memory.
fn write_state(file: PathBuf, state: &impl Serialize) {
    if let Ok(text) = serde_json::to_vec(state) {
        let _ = config::write_private(&file, &text);
    }
}
