//! Marking a snapshot: pinned or not, and what the person calls it.

use super::error::Result;
use super::target::Target;
use crate::engine::history::SnapshotInfo;
use crate::engine::monitor::Monitor;
use crate::engine::pin::{self, Pin, PinChange};

impl Target {
    /// Changes what a person said of `snapshot`.
    pub fn mark(
        &self,
        snapshot: &SnapshotInfo,
        change: &PinChange,
        monitor: &Monitor,
    ) -> Result<Pin> {
        let mut writer = self.open_writer(monitor)?;
        // Opening may have made the index again and numbered a damaged snapshot anew: names stay.
        let rows = writer.index.snapshots()?;
        let row = rows.iter().find(|row| row.name == snapshot.name);
        Ok(pin::change(&mut writer, row.map_or(snapshot.seq, |row| row.seq), change)?)
    }
}
