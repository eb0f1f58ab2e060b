//! How much room the next backup wants at least, before anybody has looked at what changed.

use crate::engine::backup::{LINK_COST_BYTES, reserve_bytes};
use crate::engine::history::SnapshotInfo;
use crate::engine::probe::Space;
use crate::engine::retention::Amount;

/// Inodes that are always left free: for the folders and files of the repository itself.
const RESERVE_INODES: u64 = 128;

/// Room for one more snapshot with all that `newest` has, none of it changed, and what is always left free.
pub fn room_for_next(newest: Option<&SnapshotInfo>, space: &Space) -> Amount {
    let (entries, files) = newest.map_or((0, 0), |newest| (newest.entries, newest.files));
    let links = Amount {
        bytes: entries.saturating_mul(LINK_COST_BYTES),
        // Each snapshot has folders of its own; what else is no file is rare.
        inodes: entries.saturating_sub(files),
    };
    links.plus(Amount { bytes: reserve_bytes(space), inodes: RESERVE_INODES })
}
