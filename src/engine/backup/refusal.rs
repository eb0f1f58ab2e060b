//! A run that is refused for want of room: what it needs, what there is, and who has the rest.

use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use rustix::io::Errno;

use super::freed::freed_together;
use super::measure::{FolderCost, Found};
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result};
use crate::engine::history::SnapshotState;
use crate::engine::index::{INDEX_NAME, SnapshotRow};
use crate::engine::meta::Metadata;
use crate::engine::monitor::Monitor;
use crate::engine::path::EntryName;
use crate::engine::recover::Writer;
use crate::engine::repository::{YORE_DIR, is_repository};
use crate::engine::retention::Amount;

/// What the last block of a stored file leaves unused, on average.
const LOST_IN_BLOCK_BYTES: u64 = 2048;

/// Other repositories beyond these are not named.
const NAMED: usize = 8;

/// Why a drive can't take a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoRoom {
    /// The repository's folder.
    pub path: PathBuf,
    /// What has to be free for the run, with what is always left free.
    pub needed: Amount,
    /// What is free.
    pub free: Amount,
    /// What dropping all that the rules let go for room would free.
    pub freeable: Amount,
    /// What would still be missing then.
    pub missing: Amount,
    /// What deleting all snapshots but the newest good one would free, whatever the rules say.
    pub history: Amount,
    /// The size of the drive in bytes.
    pub total_bytes: u64,
    /// About how many of its bytes this repository uses.
    pub own_bytes: u64,
    /// About how many of its bytes are used by others than this repository.
    pub others_bytes: u64,
    /// The names of other repositories on the drive, as they are there: not to be trusted.
    pub others: Vec<Vec<u8>>,
    /// The source that is missing, so that nothing goes.
    pub missing_source: Option<PathBuf>,
    /// Names of the snapshots that were deleted before it was known that this is not enough.
    pub deleted: Vec<String>,
}

impl NoRoom {
    /// Whether deleting history by hand would be enough.
    pub fn is_held_by_history(&self) -> bool {
        self.free.plus(self.history).lacking(self.needed).is_none()
    }

    /// Whether others hold more than is missing, and more than this repository does.
    pub fn is_held_by_others(&self) -> bool {
        // File systems keep a few percent for themselves.
        let least = self.missing.bytes.max(self.total_bytes / 20).max(self.own_bytes);
        self.missing.bytes > 0 && self.others_bytes > least
    }

    /// The size of a drive in bytes that would do with nothing deleted and all else as it is.
    pub fn enough_bytes(&self) -> u64 {
        self.total_bytes.saturating_add(self.free.lacking(self.needed).bytes)
    }
}

/// What all snapshots but the newest good one hold.
pub(super) fn history(writer: &Writer, monitor: &Monitor) -> Result<Amount> {
    let rows = writer.index.snapshots()?;
    let newest = rows.iter().rev().find(|row| row.state == SnapshotState::Good);
    let others = rows.iter().filter(|row| newest.is_none_or(|newest| newest.seq != row.seq));
    let others: Vec<u64> = others.filter(|row| is_here(row)).map(|row| row.seq).collect();
    freed_together(writer, &others, monitor)
}

pub(super) fn is_here(row: &SnapshotRow) -> bool {
    matches!(row.state, SnapshotState::Good | SnapshotState::Damaged)
}

/// About how many bytes of the drive are used by this repository, and by anything else.
pub(super) fn shares(writer: &Writer, found: &Found) -> Result<(u64, u64)> {
    let (files, bytes) = writer.index.all_contents()?;
    let cost = FolderCost::on(writer.repository.dir());
    let rows = writer.index.snapshots()?;
    let entries: u64 = rows
        .iter()
        .filter(|row| is_here(row))
        .fold(0, |sum: u64, row| sum.saturating_add(row.entries));
    let index = writer.repository.dir().stat_child(INDEX_NAME.as_bytes()).ok();
    let index = index.as_ref().and_then(Metadata::from_statx).map_or(0, |meta| meta.size_bytes);
    let own = bytes
        .saturating_add(files.saturating_mul(LOST_IN_BLOCK_BYTES))
        .saturating_add(entries.saturating_mul(cost.entry_bytes))
        .saturating_add(index)
        .saturating_add(found.left_bytes);
    // What is reserved for root is used by nobody.
    let repository = &writer.repository;
    let stat = rustix::fs::fstatvfs(repository.dir())
        .map_err(|errno| Error::drive("examine", repository.path(), errno))?;
    let used = stat.f_blocks.saturating_sub(stat.f_bfree).saturating_mul(stat.f_frsize);
    Ok((own.min(used), used.saturating_sub(own)))
}

/// The names of the repositories beside this one, sorted; those that can't be looked into are left out.
pub(super) fn other_repositories(writer: &Writer) -> Vec<Vec<u8>> {
    let path = writer.repository.path();
    let home = path.parent().filter(|home| home.file_name() == Some(YORE_DIR.as_ref()));
    let Some(home) = home.and_then(|home| Dir::open(home).ok()) else { return Vec::new() };
    let own = path.file_name().map(|name| name.as_bytes().to_vec());
    let is_other = |name: &EntryName| {
        Some(name.as_slice()) != own.as_deref()
            && match home.child(name).and_then(|dir| Ok((dir.names()?, dir))) {
                Ok((names, dir)) => is_repository(&dir, &names),
                // Another person's is closed: that it is there is all that can be told.
                Err(errno) => errno == Errno::ACCESS,
            }
    };
    let names = home.names().unwrap_or_default();
    names.into_iter().filter(is_other).take(NAMED).map(EntryName::into_vec).collect()
}
