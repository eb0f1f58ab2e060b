//! Room on the drive: made or refused before a run, and explained after one that ran out of it.

use std::collections::HashSet;
use std::time::Duration;

use super::freed::freed_together;
use super::gauge::Rewritten;
use super::measure::{FolderCost, Found, reserve};
use super::need::{count, count_if_needed};
use super::refusal::{self, NoRoom};
use super::{BackupOptions, bases_of, trim};
use crate::engine::clock::Clock;
use crate::engine::error::{Error, Result, Room};
use crate::engine::index::SnapshotRow;
use crate::engine::leftover::Leftover;
use crate::engine::monitor::{Monitor, Phase};
use crate::engine::probe;
use crate::engine::prune::{self, PruneRequest, Wanted};
use crate::engine::recover::Writer;
use crate::engine::retention::{self, Amount};
use crate::engine::trash::Patience;

/// What is missing is made in so many parts, so that a promise that isn't kept is noticed early.
const PARTS: u64 = 8;

/// After so many deletions it is asked whether they gave what was promised.
const TRIED: usize = 3;

/// Less than this part of what was promised is a broken promise, as a divisor.
const BROKEN_PART: u64 = 4;

/// How long a run waits for whoever is reading before it deletes anything.
const READERS: Duration = Duration::from_secs(30);

/// Whether the drive can take a run.
enum Verdict {
    Fits,
    /// If room is made, which the rules allow.
    FitsThen(Promise),
    Never(Box<NoRoom>),
}

/// Room that can be made.
struct Promise {
    /// What has to be free.
    needed: Amount,
    /// What was free before anything was deleted.
    free: Amount,
    /// Numbers of all that may go.
    going: Vec<u64>,
    /// Whether what is kept until room is needed is among them.
    for_room: bool,
    /// What they free together.
    frees: Amount,
}

/// Finds out how much there is to do, and makes room for it as far as the rules allow; adds the names of the snapshots
/// that were deleted to `deleted`.
///
/// # Errors
/// [`Error::NoRoom`] if the drive can't hold it: then nothing was deleted, unless deleting freed less than was to be
/// expected.
pub(super) fn prepare(
    writer: &mut Writer,
    options: &BackupOptions,
    clock: &dyn Clock,
    monitor: &Monitor,
    deleted: &mut Vec<String>,
) -> Result<()> {
    monitor.enter(Phase::Measuring);
    let bases = bases_of(&writer.index, options)?;
    match count_if_needed(writer, options, &bases, monitor)? {
        Some(found) => make(writer, options, &found, clock, monitor, deleted),
        None => Ok(()),
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
    rewritten: &Rewritten,
    deleted: &mut Vec<String>,
) -> Result<()> {
    monitor.enter(Phase::Measuring);
    writer.leftover = Leftover::gather(&writer.repository, monitor)?;
    super::resume(writer, monitor)?;
    let bases = bases_of(&writer.index, options)?;
    let found = count(writer, options, &bases, monitor)?.with_rewritten(rewritten);
    let made = make(writer, options, &found, clock, monitor, deleted);
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
    deleted: &mut Vec<String>,
) -> Result<()> {
    let mut verdict = judge(writer, options, found, clock, monitor)?;
    if !matches!(verdict, Verdict::Fits) && writer.leftover.is_some() {
        // What an interrupted run left may be what takes the room, and is of no use if the sources have changed.
        trim::trim_leftover(writer, options, monitor)?;
        verdict = judge(writer, options, found, clock, monitor)?;
    }
    match verdict {
        Verdict::Fits => Ok(()),
        Verdict::Never(refusal) => Err(Error::NoRoom(refusal)),
        Verdict::FitsThen(promise) => {
            free_up(writer, options, found, &promise, clock, monitor, deleted)?;
            monitor.set_totals(found.entries, found.bytes);
            Ok(())
        }
    }
}

/// Deletes until what is needed is free, little by little. Once it has begun a tenth of the drive is not enough: what
/// went would have gone for nothing.
fn free_up(
    writer: &mut Writer,
    options: &BackupOptions,
    found: &Found,
    promise: &Promise,
    clock: &dyn Clock,
    monitor: &Monitor,
    deleted: &mut Vec<String>,
) -> Result<()> {
    let mut is_over = false;
    loop {
        let space = probe::space(writer.repository.dir(), writer.repository.path())?;
        let free = space.free();
        if free.lacking(promise.needed).is_none() {
            return Ok(());
        }
        let rows = writer.index.snapshots()?;
        let rest = promise.rest(&rows);
        if is_over || promise.is_broken(free, &rest, freed_together(writer, &rest, monitor)?) {
            let refusal = refuse(writer, found, promise.needed, Amount::default(), monitor)?;
            return Err(Error::NoRoom(Box::new(refusal)));
        }
        let wanted = match promise.for_room {
            true => Wanted::Free(promise.next(free)),
            false => Wanted::Nothing,
        };
        let Some(request) = request(options, wanted, clock) else { return Ok(()) };
        let pruned = prune::prune_with(writer, &request, Patience::UpTo(READERS), monitor);
        let left: HashSet<u64> = writer.index.snapshots()?.iter().map(|row| row.seq).collect();
        let gone = rows.into_iter().filter(|row| !left.contains(&row.seq));
        deleted.extend(gone.map(|row| row.name));
        is_over = pruned?.deleted.is_empty() || !promise.for_room;
    }
}

impl Promise {
    /// What is to be free next.
    fn next(&self, free: Amount) -> Amount {
        // What was enough at first may be short by now.
        let (first, now) = (self.free.lacking(self.needed), free.lacking(self.needed));
        let missing =
            Amount { bytes: first.bytes.max(now.bytes), inodes: first.inodes.max(now.inodes) };
        let bytes = free.bytes.saturating_add(missing.bytes.div_ceil(PARTS));
        let inodes = free.inodes.saturating_add(missing.inodes.div_ceil(PARTS));
        Amount { bytes: bytes.min(self.needed.bytes), inodes: inodes.min(self.needed.inodes) }
    }

    /// The numbers of those that are still there.
    fn rest(&self, rows: &[SnapshotRow]) -> Vec<u64> {
        let there: HashSet<u64> = rows.iter().map(|row| row.seq).collect();
        self.going.iter().copied().filter(|seq| there.contains(seq)).collect()
    }

    /// Whether deleting frees so much less than was promised that the rest, which is said to free `more`, can't be enough.
    fn is_broken(&self, free: Amount, rest: &[u64], more: Amount) -> bool {
        if self.going.len() - rest.len() < TRIED {
            return false;
        }
        let (promised, gained) = (more.lacking(self.frees), self.free.lacking(free));
        let is_broken = |promised: u64, gained: u64, more: u64, free: u64, needed: u64| {
            let expected = u128::from(more) * u128::from(gained) / u128::from(promised.max(1));
            gained < promised / BROKEN_PART && u128::from(free) + expected < u128::from(needed)
        };
        is_broken(promised.bytes, gained.bytes, more.bytes, free.bytes, self.needed.bytes)
            || is_broken(
                promised.inodes,
                gained.inodes,
                more.inodes,
                free.inodes,
                self.needed.inodes,
            )
    }
}

fn request<'a>(
    options: &'a BackupOptions,
    wanted: Wanted,
    clock: &dyn Clock,
) -> Option<PruneRequest<'a>> {
    let retention = options.retention.as_ref()?;
    Some(PruneRequest {
        retention,
        sources: &options.sources,
        accept_empty: options.accept_empty,
        now: clock.now().timestamp(),
        wanted,
        with_sizes: false,
    })
}

/// Decides whether a run fits that has to store `found`. Changes nothing.
fn judge(
    writer: &Writer,
    options: &BackupOptions,
    found: &Found,
    clock: &dyn Clock,
    monitor: &Monitor,
) -> Result<Verdict> {
    let repository = &writer.repository;
    let space = probe::space(repository.dir(), repository.path())?;
    let free = space.free();
    let needed = found.needed(FolderCost::on(repository.dir())).plus(reserve(&space));
    if free.lacking(needed).is_none() {
        return Ok(Verdict::Fits);
    }
    let is_short = retention::Room::for_backup(needed, free, space.total()).is_short(free);
    // All that may go counts: what several of them share is freed by deleting all of them.
    let all = Amount { bytes: u64::MAX, inodes: u64::MAX };
    let wanted = if is_short { Wanted::Free(all) } else { Wanted::Nothing };
    let Some(request) = request(options, wanted, clock) else {
        let refusal = refuse(writer, found, needed, Amount::default(), monitor)?;
        return Ok(Verdict::Never(Box::new(refusal)));
    };
    let plan = prune::plan(&writer.index, repository, &request, monitor)?;
    let going = plan.judged.iter().filter(|one| one.goes());
    let going: Vec<u64> = going.map(|one| one.snapshot.seq).collect();
    let frees = freed_together(writer, &going, monitor)?;
    if free.plus(frees).lacking(needed).is_none() {
        return Ok(Verdict::FitsThen(Promise { needed, free, going, for_room: is_short, frees }));
    }
    let refusal = refuse(writer, found, needed, frees, monitor)?;
    Ok(Verdict::Never(Box::new(NoRoom { missing_source: plan.missing_source, ..refusal })))
}

fn refuse(
    writer: &Writer,
    found: &Found,
    needed: Amount,
    freeable: Amount,
    monitor: &Monitor,
) -> Result<NoRoom> {
    let repository = &writer.repository;
    let space = probe::space(repository.dir(), repository.path())?;
    let (own_bytes, others_bytes) = refusal::shares(writer, found)?;
    Ok(NoRoom {
        path: repository.path().to_owned(),
        needed,
        free: space.free(),
        freeable,
        missing: space.free().plus(freeable).lacking(needed),
        history: refusal::history(writer, monitor)?,
        total_bytes: space.total_bytes,
        own_bytes,
        others_bytes,
        others: refusal::other_repositories(writer),
        missing_source: None,
        deleted: Vec::new(),
    })
}

/// Says how much room the run would have needed, now that its stage is gone; `deleted` is what went for it.
///
/// Nothing that says that all snapshots are still there may be said once some are not.
pub(super) fn explain_full(
    error: Error,
    deleted: &[String],
    writer: &Writer,
    options: &BackupOptions,
    clock: &dyn Clock,
    monitor: &Monitor,
) -> Error {
    let deleted = deleted.to_vec();
    let (path, room) = match error {
        // Counted just now.
        Error::NoRoom(refusal) => return Error::NoRoom(Box::new(NoRoom { deleted, ..*refusal })),
        // What it stored is kept for the next run.
        Error::RoomShort(_) if deleted.is_empty() => return error,
        Error::DriveFull { path, room: room @ (Room::Bytes | Room::Inodes), .. } => (path, room),
        Error::RoomShort(path) => (path, Room::Bytes),
        error => return error,
    };
    let found =
        bases_of(&writer.index, options).and_then(|bases| count(writer, options, &bases, monitor));
    let judged =
        found.and_then(|found| Ok((found, judge(writer, options, &found, clock, monitor)?)));
    match judged {
        Ok((_, Verdict::Never(exact))) => Error::NoRoom(Box::new(NoRoom { deleted, ..*exact })),
        judged if !deleted.is_empty() => {
            let found = judged.map(|(found, _)| found).unwrap_or_default();
            match refuse(writer, &found, Amount::default(), Amount::default(), monitor) {
                Ok(refusal) => Error::NoRoom(Box::new(NoRoom { deleted, ..refusal })),
                Err(error) => error,
            }
        }
        // There is room for what was counted: how much more is needed isn't known.
        _ => Error::DriveFull { path, room, missing: 0 },
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
    let Some(request) = request(options, Wanted::Nothing, clock) else { return Ok(Vec::new()) };
    let report = prune::prune_with(writer, &request, Patience::GiveUp, monitor)?;
    Ok(report.deleted.into_iter().map(|(name, _)| name).collect())
}
