//! Brings what is staged to its place, step by step as the journal says, and ends the restore.

use std::collections::{HashMap, HashSet};

use rustix::io::Errno;

use super::journal::{Adjust, Journal, Standing, Steps, Swap};
use super::swap::{Mover, is_it, lift};
use super::workspace::{Workspace, slot_name};
use super::{RestoreReport, adjust, flags, moves, target};
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result};
use crate::engine::monitor::{Event, Monitor, Phase};
use crate::engine::problem::Reason;

/// Does the steps that are not done yet. A stop, or what can't be put in its place, ends it: what is in its place by
/// then stays, and can be undone.
///
/// # Errors
/// As of [`super::apply`].
pub fn publish(
    mut journal: Journal,
    mut steps: Steps,
    workspaces: Vec<Option<Workspace>>,
    monitor: &Monitor,
) -> Result<RestoreReport> {
    monitor.enter(Phase::Publishing);
    let before = steps.swaps.clone();
    let mut mover = Mover::new(&workspaces);
    let outcome = put_all(&mut mover, &mut steps, &journal, monitor);
    let kept = match &outcome {
        Ok(()) => Ok(steps.swaps.clone()),
        // What went wrong may have done so after an item was moved.
        Err(_) => published(&mut mover, &steps.swaps),
    };
    let lowered = lift(&steps.lifts, false);
    // Where it can't be known what is in its place, all is left so that it can be gone on with.
    steps.swaps = kept?;
    if outcome.is_ok() {
        adjust_all(&mut steps, monitor);
    } else {
        steps.adjusts.clear();
    }
    if steps.swaps != before {
        // Before anything of what is staged is removed: nobody must look for that then.
        journal.write_steps(&steps)?;
    }
    if outcome.is_err() && steps.swaps.is_empty() {
        sweep(&mut journal, &steps, &workspaces)?;
        remove_empty(&mut journal, &workspaces)?;
        journal.forget()?;
        return outcome.map(|()| RestoreReport::default());
    }
    let swept = sweep(&mut journal, &steps, &workspaces);
    // Only now: another name of what is immutable can't be removed any more.
    set_flags(&mut mover, &mut steps, monitor);
    let settled = settle(&mut journal, &workspaces, &steps.adjusts);
    let removed = remove_empty(&mut journal, &workspaces);
    let report = report(&journal, &steps);
    journal.header.standing = Standing::Done;
    count(&mut journal, &steps);
    journal.save()?;
    let ended = outcome.and(lowered).and(swept).and(settled).and(removed);
    if ended.is_err() {
        // The answer is an error, which can't tell where replaced files are.
        for path in &report.kept {
            monitor.emit(&Event::ReplacedKept { path: path.clone() });
        }
    }
    ended.map(|()| report)
}

/// Moves every item, and notes what was in its place.
fn put_all(
    mover: &mut Mover<'_>,
    steps: &mut Steps,
    journal: &Journal,
    monitor: &Monitor,
) -> Result<()> {
    lift(&steps.lifts, true)?;
    for path in &steps.made {
        target::make(path)?;
    }
    for swap in &mut steps.swaps {
        monitor.check_cancelled()?;
        mover.publish(swap, journal)?;
    }
    Ok(())
}

/// Those of `swaps` that were done.
fn published(mover: &mut Mover<'_>, swaps: &[Swap]) -> Result<Vec<Swap>> {
    let mut done = Vec::new();
    for swap in swaps {
        mover.settle(swap)?;
        let (place, slot) = mover.look(swap)?;
        let is_done = match &swap.fresh {
            Some(fresh) => is_it(place.as_ref(), Some(fresh)),
            None => slot.is_some(),
        };
        if is_done {
            done.push(swap.clone());
        }
    }
    Ok(done)
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

/// Removes what was staged and is not needed any more.
fn sweep(journal: &mut Journal, steps: &Steps, workspaces: &[Option<Workspace>]) -> Result<()> {
    let keeps = |number: usize| {
        let swaps = steps.swaps.iter().filter(move |swap| swap.workspace == number);
        swaps.filter(|swap| swap.former.is_some()).map(|swap| slot_name(swap.slot))
    };
    for (number, workspace) in workspaces.iter().enumerate() {
        let kept: HashSet<Vec<u8>> = keeps(number).collect();
        let Some(place) = journal.header.workspaces.get_mut(number) else { continue };
        let Some(workspace) = workspace else {
            place.is_gone |= kept.is_empty();
            continue;
        };
        let failed = |errno: Errno| Error::io("tidy up", workspace.path(), errno);
        workspace
            .sweep(|name| kept.contains(name) || name.ends_with(moves::ASIDE))
            .map_err(failed)?;
    }
    Ok(())
}

/// Removes the workspaces that keep nothing.
pub fn remove_empty(journal: &mut Journal, workspaces: &[Option<Workspace>]) -> Result<()> {
    for (place, workspace) in journal.header.workspaces.iter_mut().zip(workspaces) {
        let Some(workspace) = workspace else { continue };
        let removed = workspace.remove();
        place.is_gone = removed.map_err(|errno| Error::io("tidy up", workspace.path(), errno))?;
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
    let fresh = || steps.swaps.iter().filter(|swap| swap.fresh.is_some());
    let former = |swap: &&Swap| swap.former.is_some();
    let replaced = fresh().filter(former).count();
    RestoreReport {
        id: journal.header.id,
        entries: steps.entries,
        bytes: steps.bytes,
        replaced: replaced as u64,
        removed: (steps.swaps.iter().filter(former).count() - replaced) as u64,
        problems: steps.problems.clone(),
        kept: kept(journal),
        restored: fresh().map(Swap::place).collect(),
    }
}

/// The workspaces that keep something.
pub fn kept(journal: &Journal) -> Vec<std::path::PathBuf> {
    let places = journal.header.workspaces.iter();
    places.filter(|place| !place.is_gone).map(super::journal::Place::path).collect()
}
