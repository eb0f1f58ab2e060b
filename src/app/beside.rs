//! A folder of the past beside what is there now; beside the newest snapshot where that can't be told.

use super::error::{Error, Result};
use super::rules::compile;
use super::target::Target;
use crate::engine::error::Error as EngineError;
use crate::engine::history::{Compared, History, Side, SnapshotInfo};
use crate::engine::live::{Live, LiveSource};
use crate::engine::path::RelPath;

/// What a folder of the past was compared with.
#[derive(Debug)]
pub enum Beside {
    /// What is there now.
    Now,
    /// The newest snapshot: the folder lies in none of the configured sources.
    NoSource(SnapshotInfo),
    /// The newest snapshot: the folder can't be read now.
    OutOfReach(SnapshotInfo, Error),
}

/// Compares `folder` in the snapshot `at` with what is there now.
///
/// # Errors
/// A folder that is not there on either side, rules that can't be understood, or a history that can't be read.
pub fn compare_with_now(
    target: &Target,
    history: &History,
    folder: &RelPath,
    at: u64,
) -> Result<(Vec<Compared>, Beside)> {
    let source = target.sources.iter().find(|source| {
        RelPath::from_absolute(&source.path).is_ok_and(|root| folder.is_within(&root))
    });
    let newest = || history.snapshots()?.pop().ok_or(EngineError::NoSnapshots);
    let beside = match source {
        None => Beside::NoSource(newest()?),
        Some(source) => {
            let rules = compile(&target.rules)?;
            let cross_mounts = target.cross_mounts;
            match Live::read(
                &LiveSource { path: &source.path, rules: &rules, cross_mounts },
                folder,
            ) {
                Ok(live) => {
                    let compared = history.compare(folder, at, &Side::Now(&live))?;
                    return Ok((compared, Beside::Now));
                }
                Err(error) => Beside::OutOfReach(newest()?, error.into()),
            }
        }
    };
    let (Beside::NoSource(snapshot) | Beside::OutOfReach(snapshot, _)) = &beside else {
        return Ok((Vec::new(), beside));
    };
    let compared = history.compare(folder, at, &Side::Snapshot(snapshot.seq))?;
    Ok((compared, beside))
}
