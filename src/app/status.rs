//! The one look at everything: is the person safe, how far back, and how much room is left.

use std::collections::HashSet;
use std::path::PathBuf;

use jiff::Timestamp;

use super::begun::{Begun, begun};
use super::drill::{LastDrill, last_drill};
use super::error::{Error, Result};
use super::explain::{Explanation, explain};
use super::health::{Known, health};
use super::last_verify::{LastVerify, OpenFaults, last_verify};
use super::reach::outlook;
use super::state::{LastRun, last_run};
use super::target::Target;
use super::undo::restores;
use super::unread::{Unread, unread};
use crate::engine::damage::Damage;
use crate::engine::history::{History, SnapshotInfo, SnapshotState};
use crate::engine::leftover;
use crate::engine::monitor::Monitor;
use crate::engine::probe;
use crate::engine::recover::snapshot_names;
use crate::engine::restore::{JournalInfo, JournalState};

pub use super::health::Health;
pub use super::reach::Outlook;

/// What there is to say.
#[derive(Debug, Clone)]
pub struct Status {
    /// How well the person is protected.
    pub health: Health,
    /// Why the drive or the history can't be reached, if it can't.
    pub unreachable: Option<Explanation>,
    /// The newest snapshot; with the drive away, the newest that this computer knows.
    pub newest: Option<SnapshotInfo>,
    /// The oldest snapshot.
    pub oldest: Option<SnapshotInfo>,
    /// How many there are.
    pub snapshots: u64,
    /// Bytes that can still be written to the drive.
    pub free_bytes: Option<u64>,
    /// Bytes of the drive.
    pub total_bytes: Option<u64>,
    /// What could not be read when the newest snapshot was made, and what the person said to it.
    pub problems: Vec<Unread>,
    /// What a first backup copied before it was interrupted; `None` if there is a snapshot, or nothing of one.
    pub begun: Option<Begun>,
    /// How the last run ended.
    pub last_run: Option<LastRun>,
    /// A folder that is missing or was emptied, so that nothing is deleted; not known while the drive is away.
    pub missing_source: Option<PathBuf>,
    /// What the rules make of the history; `None` if none were agreed to, or if the drive is away.
    pub outlook: Option<Outlook>,
    /// Restores that can be undone, or were interrupted, oldest first.
    pub restores: Vec<JournalInfo>,
    /// How many stored files are known to be damaged.
    pub damaged: u64,
    /// What else verifications found in snapshots that still are, and nobody put right.
    pub open_faults: OpenFaults,
    /// The last time that what is stored was read again.
    pub last_verify: Option<LastVerify>,
    /// The last time that bringing files back was tried.
    pub last_drill: Option<LastDrill>,
}

/// Reads the status. Touches the drive, so not for a thread that draws.
pub fn status(target: &Target) -> Status {
    let opened = target.open_history(&Monitor::new()).and_then(|history| {
        let snapshots = history.snapshots()?;
        let away = target.away(&history)?.map(Error::DriveAway);
        Ok((history, snapshots, away))
    });
    let (history, snapshots, unreachable) = match opened {
        Ok((history, snapshots, away)) => (Some(history), snapshots, away),
        Err(error) => (None, Vec::new(), Some(error)),
    };
    let repository = history.as_ref().and_then(|history| history.repository().ok());
    let id = target.repository_id.or_else(|| repository.map(|there| there.marker().id));
    let last_run = id.and_then(last_run);
    let space = repository.and_then(|there| probe::space(there.dir(), there.path()).ok());
    let problems = match (&history, snapshots.last()) {
        (Some(history), Some(newest)) if newest.problems > 0 => {
            unread(target, history.problems(newest.seq).unwrap_or_default())
        }
        _ => Vec::new(),
    };
    let settled = problems.iter().filter(|problem| problem.settled.is_some()).count() as u64;
    let attached = history.as_ref().filter(|history| !history.is_away());
    let missing_source =
        attached.and_then(|history| history.missing_source(&target.sources).ok().flatten());
    let outlook = attached.and_then(|history| outlook(target, history).ok().flatten());
    let damage = repository.and_then(|there| Damage::read(there).ok()).unwrap_or_default();
    let last_verify = id.and_then(last_verify);
    let damaged = damage.files().len() as u64;
    let there = history.as_ref().and_then(|history| snapshots_there(history).ok());
    let is_there = |name: &String| there.as_ref().is_none_or(|names| names.contains(name));
    let open_faults = last_verify.as_ref().map(|last| last.open(is_there)).unwrap_or_default();
    // What isn't known can't be undone: that is no reason to say nothing of the rest.
    let mut restores = restores().unwrap_or_default();
    restores.retain(|restore| restore.state != JournalState::Undone);
    let is_begun = snapshots.is_empty() && repository.is_some_and(leftover::is_there);
    Status {
        health: health(&Known {
            attached: repository.is_some(),
            newest: snapshots.last(),
            last_run: last_run.as_ref(),
            damaged: damaged.saturating_add(open_faults.count()),
            missing_source: missing_source.as_deref(),
            settled,
            now: Timestamp::now(),
        }),
        begun: id.filter(|_| is_begun).map(begun),
        open_faults,
        last_verify,
        last_drill: id.and_then(last_drill),
        restores,
        damaged,
        problems,
        missing_source,
        outlook,
        unreachable: unreachable.as_ref().map(explain),
        newest: snapshots.last().cloned(),
        oldest: snapshots.first().cloned(),
        snapshots: snapshots.len() as u64,
        free_bytes: space.map(|space| space.free_bytes),
        total_bytes: space.map(|space| space.total_bytes),
        last_run,
    }
}

/// Names of the snapshots that lie on the drive, or that the index knows and nobody deleted.
fn snapshots_there(history: &History) -> Result<HashSet<String>> {
    let rows = history.snapshots()?.into_iter();
    let rows = rows.filter(|row| row.state != SnapshotState::Pruned).map(|row| row.name);
    let on_drive = history.repository().ok().map(snapshot_names).transpose()?;
    Ok(rows.chain(on_drive.unwrap_or_default()).collect())
}
