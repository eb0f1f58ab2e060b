//! The snapshots that history knows, in their order. Versions may begin or end with one that was pruned since: the nearest that
//! is left stands for it.

use super::SnapshotInfo;
use crate::engine::error::{Error, Result};

/// All snapshots that are not pruned, oldest first.
#[derive(Debug, Clone)]
pub struct Chain(Vec<SnapshotInfo>);

impl Chain {
    /// A chain of `snapshots`, which are in order.
    pub fn new(snapshots: Vec<SnapshotInfo>) -> Self {
        Self(snapshots)
    }

    /// The snapshots.
    pub fn all(&self) -> &[SnapshotInfo] {
        &self.0
    }

    /// The number of the newest one.
    pub fn newest(&self) -> Option<u64> {
        self.0.last().map(|row| row.seq)
    }

    /// The snapshot with the number `seq`.
    pub fn get(&self, seq: u64) -> Result<&SnapshotInfo> {
        let found = self.0.binary_search_by_key(&seq, |row| row.seq).ok();
        found.and_then(|at| self.0.get(at)).ok_or_else(|| Error::NoSuchSnapshot(seq.to_string()))
    }

    /// The one before `seq`.
    pub fn before(&self, seq: u64) -> Option<u64> {
        self.up_to(seq.checked_sub(1)?)
    }

    /// The one after `seq`.
    pub fn after(&self, seq: u64) -> Option<u64> {
        self.from(seq.checked_add(1)?)
    }

    /// The oldest one from `seq` on.
    pub fn from(&self, seq: u64) -> Option<u64> {
        let at = self.0.partition_point(|row| row.seq < seq);
        self.0.get(at).map(|row| row.seq)
    }

    /// The newest one up to `seq`.
    pub fn up_to(&self, seq: u64) -> Option<u64> {
        let at = self.0.partition_point(|row| row.seq <= seq);
        at.checked_sub(1).and_then(|at| self.0.get(at)).map(|row| row.seq)
    }

    /// The snapshots from the one after `earlier` up to `later`.
    pub fn between(&self, earlier: u64, later: u64) -> &[SnapshotInfo] {
        let start = self.0.partition_point(|row| row.seq <= earlier);
        let end = self.0.partition_point(|row| row.seq <= later).max(start);
        self.0.get(start..end).unwrap_or_default()
    }

    /// The snapshots that a version from `first` to `last` is still in, as the first and the last of them; `None` if none is left.
    pub fn clip(&self, first: i64, last: i64) -> Option<(u64, u64)> {
        let bounds = (self.from(first.max(0) as u64)?, self.up_to(last.max(0) as u64)?);
        (bounds.0 <= bounds.1).then_some(bounds)
    }
}
