//! Room on the drive: made or refused before a run, and explained after one that ran out of it.

use super::measure::{FolderCost, Found, reserve};
use super::need::{count, count_if_needed};
use super::refusal::{self, NoRoom};
use super::{BackupOptions, bases_of};
use crate::engine::clock::Clock;
use crate::engine::error::{Error, Result, Room};
use crate::engine::leftover::Leftover;
use crate::engine::monitor::{Monitor, Phase};
use crate::engine::probe;
use crate::engine::prune::{self, PruneRequest, Wanted};
use crate::engine::recover::Writer;
use crate::engine::retention::Amount;
use crate::engine::trash::Patience;

/// Whether the drive can take a run.
enum Verdict {
    Fits,
    /// If so much room is made, which the rules allow.
    FitsThen(Amount),
    Never(Box<NoRoom>),
}

/// Finds out how much there is to do, and makes room for it as far as the rules allow; gives the names of the snapshots
/// that were deleted.
///
/// # Errors
/// [`Error::NoRoom`] if the drive can't hold it: then nothing was deleted.
pub(super) fn prepare(
    writer: &mut Writer,
    options: &BackupOptions,
    clock: &dyn Clock,
    monitor: &Monitor,
) -> Result<Vec<String>> {
    monitor.enter(Phase::Measuring);
    let bases = bases_of(&writer.index, options)?;
    match count_if_needed(writer, options, &bases, monitor)? {
        Some(found) => make(writer, options, &found, clock, monitor),
        None => Ok(Vec::new()),
    }
}

/// Goes on after a run that ended before the drive was full: counts what is left to do, and makes room for that.
///
/// # Errors
/// As of [`prepare`]: then what the run had stored is gone.
pub(super) fn prepare_again(
    writer: &mut Writer,
    options: &BackupOptions,
    clock: &dyn Clock,
    monitor: &Monitor,
) -> Result<Vec<String>> {
    monitor.enter(Phase::Measuring);
    writer.leftover = Leftover::gather(&writer.repository, monitor)?;
    super::resume(writer, monitor)?;
    let bases = bases_of(&writer.index, options)?;
    let found = count(writer, options, &bases, monitor)?;
    let made = make(writer, options, &found, clock, monitor);
    if matches!(made, Err(Error::NoRoom(_)))
        && let Some(leftover) = writer.leftover.take()
    {
        leftover.remove(&writer.repository)?;
    }
    made
}

fn make(
    writer: &mut Writer,
    options: &BackupOptions,
    found: &Found,
    clock: &dyn Clock,
    monitor: &Monitor,
) -> Result<Vec<String>> {
    let mut deleted = Vec::new();
    loop {
        let needed = match judge(writer, options, found, clock)? {
            Verdict::Fits => return Ok(deleted),
            Verdict::FitsThen(needed) => needed,
            Verdict::Never(refusal) => {
                return Err(Error::NoRoom(Box::new(NoRoom { deleted, ..*refusal })));
            }
        };
        let Some(request) = request(options, needed, clock) else { return Ok(deleted) };
        let report = prune::prune(writer, &request, monitor)?;
        if report.deleted.is_empty() && !report.missing.is_none() {
            let refusal = refuse(writer, found, needed, Amount::default())?;
            return Err(Error::NoRoom(Box::new(NoRoom { deleted, ..refusal })));
        }
        // What was deleted may have had its blocks in common with what is kept: then more has to go.
        deleted.extend(report.deleted.into_iter().map(|(name, _)| name));
    }
}

fn request<'a>(
    options: &'a BackupOptions,
    needed: Amount,
    clock: &dyn Clock,
) -> Option<PruneRequest<'a>> {
    let retention = options.retention.as_ref()?;
    Some(PruneRequest {
        retention,
        sources: &options.sources,
        now: clock.now().timestamp(),
        wanted: Wanted::ForBackup(needed),
        with_sizes: false,
    })
}

/// Decides whether a run fits that has to store `found`. Changes nothing.
fn judge(
    writer: &Writer,
    options: &BackupOptions,
    found: &Found,
    clock: &dyn Clock,
) -> Result<Verdict> {
    let repository = &writer.repository;
    let space = probe::space(repository.dir(), repository.path())?;
    let needed = found.needed(FolderCost::on(repository.dir())).plus(reserve(&space));
    if space.free().lacking(needed).is_none() {
        return Ok(Verdict::Fits);
    }
    let Some(request) = request(options, needed, clock) else {
        let refusal = refuse(writer, found, needed, Amount::default())?;
        return Ok(Verdict::Never(Box::new(refusal)));
    };
    let plan = prune::plan(&writer.index, repository, &request, &Monitor::new())?;
    let mut freeable = plan.frees;
    if !plan.missing.is_none() {
        // What several of them share is freed by deleting all of them.
        let going = plan.judged.iter().filter(|one| one.goes()).map(|one| one.snapshot.seq);
        let together = refusal::freed_together(writer, &going.collect::<Vec<_>>())?;
        freeable.bytes = freeable.bytes.max(together.bytes);
        freeable.inodes = freeable.inodes.max(together.inodes);
    }
    if space.free().plus(freeable).lacking(needed).is_none() {
        return Ok(Verdict::FitsThen(needed));
    }
    let refusal = refuse(writer, found, needed, freeable)?;
    Ok(Verdict::Never(Box::new(NoRoom { missing_source: plan.missing_source, ..refusal })))
}

fn refuse(writer: &Writer, found: &Found, needed: Amount, freeable: Amount) -> Result<NoRoom> {
    let repository = &writer.repository;
    let space = probe::space(repository.dir(), repository.path())?;
    Ok(NoRoom {
        path: repository.path().to_owned(),
        needed,
        free: space.free(),
        freeable,
        missing: space.free().plus(freeable).lacking(needed),
        history: refusal::history(writer)?,
        total_bytes: space.total_bytes,
        others_bytes: refusal::others_bytes(writer, &space, found)?,
        others: refusal::other_repositories(writer),
        missing_source: None,
        deleted: Vec::new(),
    })
}

/// Says how much room the run would have needed, now that its stage is gone; `deleted` is what went for it.
pub(super) fn explain_full(
    error: Error,
    mut deleted: Vec<String>,
    writer: &Writer,
    options: &BackupOptions,
    clock: &dyn Clock,
    monitor: &Monitor,
) -> Error {
    match &error {
        Error::DriveFull { room: Room::Bytes | Room::Inodes, .. } => {}
        Error::NoRoom(refusal) => deleted.extend_from_slice(&refusal.deleted),
        _ => return error,
    }
    let found =
        bases_of(&writer.index, options).and_then(|bases| count(writer, options, &bases, monitor));
    match found.and_then(|found| judge(writer, options, &found, clock)) {
        Ok(Verdict::Never(exact)) => Error::NoRoom(Box::new(NoRoom { deleted, ..*exact })),
        _ => error,
    }
}

/// Deletes what the rules no longer keep, unless someone is just reading from the repository; gives the names of what
/// is deleted.
///
/// # Errors
/// [`Error::Locked`] if someone is reading; a stop; a drive that fails.
pub fn thin(
    writer: &mut Writer,
    options: &BackupOptions,
    clock: &dyn Clock,
    monitor: &Monitor,
) -> Result<Vec<String>> {
    let Some(request) = request(options, Amount::default(), clock) else { return Ok(Vec::new()) };
    let request = PruneRequest { wanted: Wanted::Nothing, ..request };
    let report = prune::prune_with(writer, &request, Patience::GiveUp, monitor)?;
    Ok(report.deleted.into_iter().map(|(name, _)| name).collect())
}
