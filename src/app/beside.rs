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

/// A folder as it is now, if that can be told.
#[derive(Debug)]
pub enum Present {
    /// What is in it, perhaps nothing.
    Here(Live),
    /// It lies in none of the configured sources.
    NoSource,
    /// It can't be read.
    OutOfReach(Error),
}

/// Reads `folder` as it is now. On a network mount this may take for ever.
///
/// # Errors
/// Rules that can't be understood.
pub fn read_now(target: &Target, folder: &RelPath) -> Result<Present> {
    let source = target.sources.iter().find(|source| {
        RelPath::from_absolute(&source.path).is_ok_and(|root| folder.is_within(&root))
    });
    let Some(source) = source else { return Ok(Present::NoSource) };
    let rules = compile(&target.rules)?;
    let source =
        LiveSource { path: &source.path, rules: &rules, cross_mounts: target.cross_mounts };
    Ok(match Live::read(&source, folder) {
        Ok(live) => Present::Here(live),
        Err(error) => Present::OutOfReach(error.into()),
    })
}

/// Compares `folder` in the snapshot `at` with `live`, without it with the newest snapshot, which is told then.
///
/// # Errors
/// A folder that is not there on either side, or a history that can't be read.
pub fn compare(
    history: &History,
    folder: &RelPath,
    at: u64,
    live: Option<&Live>,
) -> Result<(Vec<Compared>, Option<SnapshotInfo>)> {
    if let Some(live) = live {
        return Ok((history.compare(folder, at, &Side::Now(live))?, None));
    }
    let newest = history.snapshots()?.pop().ok_or(EngineError::NoSnapshots)?;
    let compared = history.compare(folder, at, &Side::Snapshot(newest.seq))?;
    Ok((compared, Some(newest)))
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
    let present = read_now(target, folder)?;
    let live = match &present {
        Present::Here(live) => Some(live),
        Present::NoSource | Present::OutOfReach(_) => None,
    };
    let (compared, newest) = compare(history, folder, at, live)?;
    let beside = match (present, newest) {
        (Present::NoSource, Some(newest)) => Beside::NoSource(newest),
        (Present::OutOfReach(error), Some(newest)) => Beside::OutOfReach(newest, error),
        (Present::Here(_), _) | (_, None) => Beside::Now,
    };
    Ok((compared, beside))
}
