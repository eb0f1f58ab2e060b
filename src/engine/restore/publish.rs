//! Brings what is staged to its place, step by step as the journal says, and ends the restore.

use std::collections::{HashMap, HashSet};

use rustix::io::Errno;

use super::journal::{Adjust, Journal, Standing, Steps, Swap};
use super::lift::{lift, raise};
use super::put::Putting;
use super::swap::Mover;
use super::workspace::{Workspace, slot_name};
use super::{RestoreReport, adjust, flags, links, target};
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result};
use crate::engine::monitor::{Event, Monitor, Phase};
use crate::engine::problem::Reason;

/// Does the steps that are not done yet; `is_resumed` says that an interrupted run may have done some. What can't be put
/// in its place is a problem of that item alone. A stop, or what a file system as a whole can't do, ends it: then it can
/// be gone on with or undone, unless nothing was moved yet.
///
/// # Errors
/// As of [`super::apply`].
pub fn publish(
    mut journal: Journal,
    mut steps: Steps,
    workspaces: Vec<Option<Workspace>>,
    is_resumed: bool,
    monitor: &Monitor,
) -> Result<RestoreReport> {
    monitor.enter(Phase::Publishing);
    let raised = raise(&mut steps, &journal, is_resumed);
    let staged = staged(&steps);
    let mut mover = Mover::new(&workspaces);
    let staging_problems = steps.problems.len();
    let mut putting = Putting::new(&mut mover, &journal, &steps, monitor);
    let outcome = raised.and_then(|()| putting.put_all(&mut steps, is_resumed));
    let is_whole = outcome.is_ok() && !putting.has_left();
    let edited = putting.into_edited();
    journal.header.edited.extend(edited);
    // Of all of them, also to put right what is half-way, as long as folders are writable.
    let begun = match is_whole {
        true => 0,
        false => steps.swaps.iter().filter(|swap| mover.is_done(swap)).count(),
    };
    let lowered = lift(&steps.lifts, false);
    if lowered.is_err() || (outcome.is_err() && begun > 0) {
        // What could not be moved is tried again.
        steps.problems.truncate(staging_problems);
        let noted = if mover.has_noted { journal.write_steps(&steps) } else { Ok(()) };
        let ended = outcome.and(lowered).and(noted).and(journal.save());
        return ended.map_err(|error| pause(&journal, error)).map(|()| RestoreReport::default());
    }
    if let Err(error) = outcome {
        return Err(give_up(journal, error));
    }
    let count_before = steps.swaps.len();
    if !is_whole {
        keep_done(&mut mover, &mut steps);
    }
    steps.swaps.retain(|swap| swap.fresh.is_some() || swap.former.is_some());
    adjust_all(&mut steps, monitor);
    if mover.has_noted || steps.swaps.len() != count_before {
        journal.write_steps(&steps).map_err(|error| pause(&journal, error))?;
    }
    let swept = sweep(&staged, &workspaces);
    // Only now: another name of what is immutable can't be removed any more.
    set_flags(&mut mover, &mut steps, monitor);
    end(journal, &steps, &workspaces, monitor, swept)
}

/// Makes all of it durable, and ends the restore.
fn end(
    mut journal: Journal,
    steps: &Steps,
    workspaces: &[Option<Workspace>],
    monitor: &Monitor,
    swept: Result<()>,
) -> Result<RestoreReport> {
    let settled = settle(&mut journal, workspaces, &steps.adjusts);
    journal.end(Standing::Done);
    count(&mut journal, steps);
    let removed = remove_empty(&mut journal, workspaces);
    let report = report(&journal, steps);
    journal.save().map_err(|error| pause(&journal, error))?;
    let ended = swept.and(settled).and(removed);
    if ended.is_err() {
        // The answer is an error, which can't tell where replaced files are.
        for path in &report.kept {
            monitor.emit(&Event::ReplacedKept { path: path.clone() });
        }
    }
    ended.map(|()| report)
}

/// Gives up a restore that was stopped before anything was moved; after a failure it can be gone on with.
fn give_up(journal: Journal, error: Error) -> Error {
    if !matches!(error, Error::Cancelled) {
        return Error::RestoreKept(Box::new(error));
    }
    // What can't be removed now is removed when old journals are.
    let _ = super::journal::discard(journal);
    error
}

/// What is said of a restore that ended half-way and can be gone on with.
fn pause(journal: &Journal, error: Error) -> Error {
    match error {
        Error::Cancelled => Error::RestoreStopped(journal.header.id),
        error => Error::RestoreHalfDone(Box::new(error)),
    }
}

/// The inodes of what is restored, by slot.
fn staged(steps: &Steps) -> HashMap<Vec<u8>, Option<u64>> {
    let inode = |swap: &Swap| swap.fresh.as_ref().map(|fresh| fresh.inode);
    steps.swaps.iter().map(|swap| (slot_name(swap.slot), inode(swap))).collect()
}

/// Drops the items of which nothing was done, and what was staged of them from the counts: what went wrong may have done
/// so after one was moved.
fn keep_done(mover: &mut Mover<'_>, steps: &mut Steps) {
    let (entries, bytes) = (&mut steps.entries, &mut steps.bytes);
    steps.swaps.retain_mut(|swap| {
        let is_done = mover.is_done(swap);
        // What can't be looked at stays as the steps have it.
        let _ = is_done && mover.note(swap).is_ok();
        if let Some(fresh) = swap.fresh.as_ref().filter(|_| !is_done) {
            *entries = entries.saturating_sub(fresh.entries);
            *bytes = bytes.saturating_sub(fresh.bytes);
        }
        is_done
    });
}

/// Gives folders their metadata, from the deepest up.
pub fn adjust_all(steps: &mut Steps, monitor: &Monitor) {
    for step in &steps.adjusts {
        if !adjust::set(step, &step.fresh, None).unwrap_or(false) {
            let (path, reason) = (step.path.clone(), Reason::MetadataNotRestored);
            monitor.emit(&Event::Problem { path: path.clone(), reason });
            steps.problems.push((path, reason));
        }
    }
}

/// Sets the flags of what is in its place, from the deepest up.
pub fn set_flags(mover: &mut Mover<'_>, steps: &mut Steps, monitor: &Monitor) {
    let swaps: HashMap<u64, usize> =
        steps.swaps.iter().enumerate().map(|(number, swap)| (swap.slot, number)).collect();
    for flag in &steps.flags {
        let swap = swaps.get(&flag.slot).and_then(|number| steps.swaps.get(*number));
        let Some(swap) = swap else { continue };
        let folder = mover.folder(&swap.folder).ok().flatten();
        if !folder.is_some_and(|folder| flags::set(&folder, &swap.name, flag)) {
            let (path, reason) = (flag.path.clone(), Reason::MetadataNotRestored);
            monitor.emit(&Event::Problem { path: path.clone(), reason });
            steps.problems.push((path, reason));
        }
    }
}

/// Makes all that was moved durable, and notes when that was.
pub fn settle(
    journal: &mut Journal,
    workspaces: &[Option<Workspace>],
    adjusts: &[Adjust],
) -> Result<()> {
    let mut flushed = HashSet::new();
    for (place, workspace) in journal.header.workspaces.iter_mut().zip(workspaces) {
        let Some(workspace) = workspace else { continue };
        let failed = |errno: Errno| Error::io("flush", workspace.path(), errno);
        place.settled = Some(workspace.clock().map_err(failed)?);
        flushed.insert(device_of(&workspace.dir).map_err(failed)?);
        workspace.dir.sync_file_system().map_err(failed)?;
    }
    // What only got other metadata may lie where nothing was moved.
    for adjust in adjusts {
        let Some(dir) = target::open(&adjust.place).ok().flatten() else { continue };
        let failed = |errno: Errno| Error::io("flush", &adjust.place, errno);
        if flushed.insert(device_of(&dir).map_err(failed)?) {
            dir.sync_file_system().map_err(failed)?;
        }
    }
    Ok(())
}

fn device_of(dir: &Dir) -> rustix::io::Result<(u32, u32)> {
    dir.stat().map(|stat| (stat.stx_dev_major, stat.stx_dev_minor))
}

/// Removes what was staged and is not needed any more: never what was anybody's.
fn sweep(staged: &HashMap<Vec<u8>, Option<u64>>, workspaces: &[Option<Workspace>]) -> Result<()> {
    for workspace in workspaces.iter().flatten() {
        let is_kept = |name: &[u8]| match staged.get(name) {
            Some(inode) => {
                let found = workspace.slot(name).map(|stat| stat.map(|stat| stat.stx_ino));
                found.map_or(true, |found| found.is_some() && found != *inode)
            }
            // One that is in no step was never in its place.
            None => !name.iter().all(u8::is_ascii_digit) && name != links::FOLDER,
        };
        let swept = workspace.sweep(is_kept);
        swept.map_err(|errno| Error::io("tidy up", workspace.path(), errno))?;
    }
    Ok(())
}

/// Removes the workspaces that keep nothing, which is noted before: one that is not there might be away.
pub fn remove_empty(journal: &mut Journal, workspaces: &[Option<Workspace>]) -> Result<()> {
    let failed = |workspace: &Workspace, errno| Error::io("tidy up", workspace.path(), errno);
    let mut is_any = false;
    for (place, workspace) in journal.header.workspaces.iter_mut().zip(workspaces) {
        let Some(workspace) = workspace else { continue };
        let names = workspace.dir.names().map_err(|errno| failed(workspace, errno))?;
        place.is_gone = names.is_empty();
        is_any |= place.is_gone;
    }
    if !is_any {
        return Ok(());
    }
    journal.save()?;
    for (place, workspace) in journal.header.workspaces.iter_mut().zip(workspaces) {
        let Some(workspace) = workspace.as_ref().filter(|_| place.is_gone) else { continue };
        let removed = workspace.remove();
        place.is_gone = matches!(removed, Ok(true));
        removed.map_err(|errno| failed(workspace, errno))?;
    }
    Ok(())
}

/// Counts what is done.
pub fn count(journal: &mut Journal, steps: &Steps) {
    let header = &mut journal.header;
    let both = |fresh: bool, former: bool| {
        let swaps = steps.swaps.iter();
        let are = |swap: &&Swap| swap.fresh.is_some() == fresh && swap.former.is_some() == former;
        swaps.filter(are).count() as u64
    };
    header.replaced = both(true, true);
    header.restored = both(true, false) + header.replaced;
    header.removed = both(false, true);
    let kept = steps.swaps.iter().filter_map(|swap| match header.standing {
        Standing::Undone => swap.fresh.as_ref(),
        _ => swap.former.as_ref(),
    });
    header.kept_bytes = kept.fold(0, |sum, thing| sum.saturating_add(thing.bytes));
}

fn report(journal: &Journal, steps: &Steps) -> RestoreReport {
    let fresh = steps.swaps.iter().filter(|swap| swap.fresh.is_some());
    RestoreReport {
        id: journal.header.id,
        entries: steps.entries,
        bytes: steps.bytes,
        replaced: journal.header.replaced,
        removed: journal.header.removed,
        problems: steps.problems.clone(),
        kept: kept(journal),
        restored: fresh.map(Swap::place).collect(),
    }
}

/// The workspaces that keep something.
pub fn kept(journal: &Journal) -> Vec<std::path::PathBuf> {
    let places = journal.header.workspaces.iter();
    places.filter(|place| place.is_kept()).map(super::journal::Place::path).collect()
}
