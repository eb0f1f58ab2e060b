//! Room on the drive: checked before a run, and explained after one that ran out of it.

use std::sync::Arc;

use super::folder::Base;
use super::{BackupOptions, measure, source_path};
use crate::engine::error::{Error, Result, Room};
use crate::engine::monitor::{Monitor, Phase};
use crate::engine::probe;
use crate::engine::recover::Writer;

/// Finds out how much there is to do, and refuses a drive that can't hold it.
///
/// A later run trusts the last one's counts: walking everything twice would cost as much as the run.
pub(super) fn measure(
    writer: &Writer,
    options: &BackupOptions,
    bases: &[Option<Base>],
    monitor: &Monitor,
) -> Result<()> {
    monitor.enter(Phase::Measuring);
    let last = writer.index.snapshots()?.into_iter().next_back();
    match last.filter(|_| bases.iter().all(Option::is_some)) {
        Some(last) => {
            monitor.set_totals(last.entries, last.total_bytes);
            let needed = last.entries.saturating_mul(measure::LINK_COST_BYTES);
            check_room(writer, needed, 0)
        }
        None => {
            let found = count(writer, options, bases, monitor)?;
            check_room(writer, found.needed_bytes(), found.new_inodes)
        }
    }
}

fn count(
    writer: &Writer,
    options: &BackupOptions,
    bases: &[Option<Base>],
    monitor: &Monitor,
) -> Result<measure::Found> {
    let mut sources = Vec::new();
    for (source, base) in options.sources.iter().zip(bases) {
        let place = source_path(source)?;
        let known = writer.index.node_of(&place)?.zip(base.as_ref().map(|base| base.seq));
        let leftover = writer.leftover.as_ref().and_then(|left| left.files(&writer.repository));
        let leftover = leftover.and_then(|files| files.beneath(&place).ok()).map(Arc::new);
        sources.push(measure::Walked { path: source.path.clone(), place, known, leftover });
    }
    measure::measure(&sources, options, writer.index.path(), monitor)
}

/// Refuses a drive with too little room, saying what is missing.
fn check_room(writer: &Writer, needed_bytes: u64, needed_inodes: u64) -> Result<()> {
    let repository = &writer.repository;
    let space = probe::space(repository.dir(), repository.path())?;
    let path = || repository.path().to_owned();
    let wanted = needed_bytes.saturating_add(measure::reserve_bytes(&space));
    if wanted > space.free_bytes {
        let missing = wanted - space.free_bytes;
        return Err(Error::DriveFull { path: path(), room: Room::Bytes, missing });
    }
    match space.free_inodes {
        Some(free) if free < needed_inodes => {
            let missing = needed_inodes - free;
            Err(Error::DriveFull { path: path(), room: Room::Inodes, missing })
        }
        _ => Ok(()),
    }
}

/// Says how much room the run would have needed, now that its stage is gone.
pub(super) fn explain_full(
    error: Error,
    writer: &Writer,
    options: &BackupOptions,
    bases: &[Option<Base>],
    monitor: &Monitor,
) -> Error {
    if !matches!(error, Error::DriveFull { room: Room::Bytes | Room::Inodes, .. }) {
        return error;
    }
    let found = count(writer, options, bases, monitor);
    match found.and_then(|found| check_room(writer, found.needed_bytes(), found.new_inodes)) {
        Err(exact @ Error::DriveFull { .. }) => exact,
        _ => error,
    }
}
