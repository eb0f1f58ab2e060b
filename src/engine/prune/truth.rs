//! What the drive itself says of a snapshot: an index may be behind, and only repeats what a person said.

use jiff::Timestamp;

use crate::engine::error::Result;
use crate::engine::history::{SnapshotInfo, SnapshotState};
use crate::engine::pin::Pin;
use crate::engine::repository::Repository;
use crate::engine::snapshot::Snapshot;

/// A snapshot as it is on the drive.
#[derive(Debug, Clone)]
pub(super) struct Truth {
    /// Whether it is there and can be relied on.
    pub state: SnapshotState,
    /// What a person said of it.
    pub pin: Pin,
}

/// Looks at the snapshot that the index knows as `row`.
pub(super) fn truth(repository: &Repository, row: &SnapshotInfo) -> Result<Truth> {
    let Some(snapshot) = Snapshot::open(repository, &row.name)? else {
        return Ok(Truth { state: SnapshotState::Missing, pin: Pin::default() });
    };
    let pin = Pin::read(snapshot.dir());
    let is_good = row.state != SnapshotState::Damaged && is_good(&snapshot, row);
    let state = if is_good { SnapshotState::Good } else { SnapshotState::Damaged };
    Ok(Truth { state, pin })
}

/// Whether its seal is there, its own, and known to this program, and vouches for its overrides.
fn is_good(snapshot: &Snapshot, row: &SnapshotInfo) -> bool {
    snapshot.read_seal().is_ok_and(|seal| {
        seal.id == row.id
            && seal.features.write.is_empty()
            && (seal.overrides.is_none() || seal.overrides == snapshot.proven_overrides())
    })
}

/// The newest snapshot that can be relied on, of those that began before `now`; `None` if there is none.
pub(super) fn newest_good<'a>(
    repository: &Repository,
    rows: &'a [SnapshotInfo],
    now: Timestamp,
) -> Result<Option<&'a SnapshotInfo>> {
    for row in rows.iter().rev().filter(|row| row.started <= now) {
        if row.state == SnapshotState::Good && truth(repository, row)?.state == SnapshotState::Good
        {
            return Ok(Some(row));
        }
    }
    Ok(None)
}
