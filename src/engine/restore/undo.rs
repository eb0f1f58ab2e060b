//! Takes a restore back: what it set aside returns to its place, and what it put there is set aside in turn.
//!
//! Whatever was changed since stays as it is. Taking back what was taken back does the restore again.

mod look;

use std::collections::HashSet;
use std::path::PathBuf;

use rustix::fs::Statx;
use rustix::io::Errno;
use uuid::Uuid;

use super::journal::{
    Adjust, Flag, Journal, Place, Seen, Standing, Steps, Swap, Thing, remove_workspaces,
};
use super::lift::{lift, raise};
use super::publish::{count, set_flags, settle};
use super::swap::{Mover, is_general, is_it};
use super::workspace::{self, Workspace, slot_name};
use super::{Journals, adjust, target};
use crate::engine::error::{Error, Result};
use crate::engine::monitor::{Monitor, Phase};
use crate::engine::overrides::Override;

/// Why one item was not taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoProblem {
    /// It was changed after it was restored: it stays, and what it replaced is here.
    ChangedSince {
        /// Where the former one is kept; `None` if there was none.
        kept: Option<PathBuf>,
    },
    /// Something else has come to its place: that stays, and what belongs there is here.
    Taken {
        /// Where the former one is kept.
        kept: PathBuf,
    },
    /// What was set aside is gone.
    Gone,
    /// What the system said.
    Failed(String),
}

/// What undoing did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UndoReport {
    /// Items that are back in their place.
    pub put_back: u64,
    /// Restored items that were taken away again.
    pub taken_away: u64,
    /// What was left as it is, and why.
    pub problems: Vec<(PathBuf, UndoProblem)>,
}

/// Takes the restore `id` back; what it had restored is kept in its turn, so that undoing once more does it again. One
/// that was interrupted is taken back as far as it came. An undo that was stopped or interrupted is gone on with.
///
/// # Errors
/// [`Error::NoSuchRestore`], [`Error::WorkspaceAway`], [`Error::Locked`] while a process is at work on it, a stop, and what keeps all of it from
/// being undone; what concerns one item is a problem in the report.
pub fn undo(journals: &Journals, id: Uuid, monitor: &Monitor) -> Result<UndoReport> {
    let mut journal = journals.take(id)?;
    let (is_back, is_resumed) = match journal.header.standing {
        Standing::Staging => {
            remove_workspaces(&journal)?;
            journal.forget()?;
            return Ok(UndoReport::default());
        }
        Standing::Publishing | Standing::Done => (true, false),
        Standing::Undoing => (true, true),
        Standing::Undone => (false, false),
        Standing::Redoing => (false, true),
        Standing::Discarding => return Err(Error::NoSuchRestore(id)),
    };
    refuse_if_away(&journal)?;
    monitor.enter(Phase::Undoing);
    let mut steps = journal.steps()?;
    monitor.set_totals(steps.swaps.len() as u64, 0);
    let workspaces = prepare(&mut journal)?;
    let places = journal.header.workspaces.clone();
    let mut undo = Undo {
        is_back,
        is_resumed,
        mover: Mover::new(&workspaces),
        places: &places,
        report: UndoReport::default(),
        seen: journal.header.seen.take(),
        moved: HashSet::new(),
        edited: journal.header.edited.clone(),
        failed: None,
    };
    undo.look(&steps)?;
    journal.header.seen.clone_from(&undo.seen);
    let was_raised = is_resumed || journal.header.standing == Standing::Publishing;
    journal.header.standing = if is_back { Standing::Undoing } else { Standing::Redoing };
    journal.header.edited =
        undo.seen.iter().flat_map(|seen| seen.changed.iter().copied()).collect();
    journal.save()?;
    let outcome =
        raise(&mut steps, &journal, was_raised).and_then(|()| undo.turn_all(&mut steps, monitor));
    let lowered = lift(&steps.lifts, false);
    if outcome.is_ok() {
        undo.adjust_all(&steps);
        if !is_back {
            set_flags(&mut undo.mover, &mut steps, monitor);
        }
    }
    let (report, failed) = (undo.report, undo.failed);
    let settled = settle(&mut journal, &workspaces, &steps.adjusts);
    outcome.and(lowered).and(failed.map_or(Ok(()), Err)).and(settled)?;
    end(journal, &steps, &workspaces, is_back)?;
    Ok(report)
}

/// Refuses while the folder that a workspace was made in can't be reached: it has another name now, or what it is on is
/// not mounted. What is lost for good must not keep the rest from being taken back.
fn refuse_if_away(journal: &Journal) -> Result<()> {
    for place in journal.header.workspaces.iter().filter(|place| place.is_kept()) {
        if target::open(&place.parent)?.is_none() {
            return Err(Error::WorkspaceAway(place.path()));
        }
    }
    Ok(())
}

/// The workspaces: those that were empty and removed are made again.
fn prepare(journal: &mut Journal) -> Result<Vec<Option<Workspace>>> {
    let mut places = std::mem::take(&mut journal.header.workspaces);
    let workspaces = workspace::prepare(&mut places, |places| {
        journal.header.workspaces = places.to_vec();
        journal.save()
    });
    journal.header.workspaces = places;
    workspaces
}

/// Removes workspaces that keep nothing, and says that it is done.
fn end(
    mut journal: Journal,
    steps: &Steps,
    workspaces: &[Option<Workspace>],
    is_back: bool,
) -> Result<()> {
    super::publish::remove_empty(&mut journal, workspaces)?;
    journal.end(if is_back { Standing::Undone } else { Standing::Done });
    journal.header.seen = None;
    count(&mut journal, steps);
    journal.save()
}

struct Undo<'a> {
    /// Whether the restore is taken back, or else done again.
    is_back: bool,
    /// Whether an earlier run was interrupted at it.
    is_resumed: bool,
    mover: Mover<'a>,
    places: &'a [Place],
    report: UndoReport,
    /// What was changed since, once that was looked at.
    seen: Option<Seen>,
    /// Inodes that were moved before an interruption.
    moved: HashSet<u64>,
    /// The slots of items that somebody was found to have changed before: they stay from then on.
    edited: HashSet<u64>,
    /// What failed of a file system as a whole: what could not be done for that is done by the next try.
    failed: Option<Error>,
}

/// What became of one item.
enum Turned {
    /// Both sides are where they belong now.
    Done,
    /// They were before.
    Already,
    Problem(UndoProblem),
}

impl Undo<'_> {
    fn turn_all(&mut self, steps: &mut Steps, monitor: &Monitor) -> Result<()> {
        let count = steps.swaps.len();
        for number in 0..count {
            monitor.check_cancelled()?;
            let number = if self.is_back { count - 1 - number } else { number };
            let Some(swap) = steps.swaps.get(number) else { break };
            let turned = match self.turn(swap, &steps.flags) {
                Ok(turned) => turned,
                Err(error) => self.failure(error),
            };
            let (outgoing, incoming) = self.sides(swap);
            let (goes, comes) = (outgoing.is_some(), incoming.is_some());
            match turned {
                Turned::Done => {
                    self.report.put_back += u64::from(comes);
                    self.report.taken_away += u64::from(goes && !comes);
                }
                Turned::Already => {}
                Turned::Problem(problem) => self.report.problems.push((swap.place(), problem)),
            }
            monitor.add_entries(1);
        }
        if self.is_back {
            for made in steps.made.iter().rev() {
                remove_empty(&made.path)?;
            }
        }
        Ok(())
    }

    /// What an adjusted folder was given last, and what it gets now.
    fn given<'a>(&self, step: &'a Adjust) -> (&'a Override, &'a Override) {
        if self.is_back { (&step.fresh, &step.former) } else { (&step.former, &step.fresh) }
    }

    /// Gives folders the metadata that they had, but for what somebody changed since.
    fn adjust_all(&mut self, steps: &Steps) {
        let folders = self.seen.take().unwrap_or_default().folders;
        for (step, since) in steps.adjusts.iter().zip(folders) {
            let outcome = match since {
                None => Err(Errno::NOENT),
                Some((true, _)) => Ok(Some(UndoProblem::ChangedSince { kept: None })),
                Some((false, mtime)) => adjust::set(step, self.given(step).1, mtime).map(|_| None),
            };
            let problem = match outcome {
                Ok(problem) => problem,
                Err(Errno::NOENT) => Some(UndoProblem::Gone),
                Err(errno) => match self.failure(Error::io("put back", &step.place, errno)) {
                    Turned::Problem(problem) => Some(problem),
                    _ => continue,
                },
            };
            match problem {
                None => self.report.put_back += 1,
                Some(problem) => self.report.problems.push((step.place.clone(), problem)),
            }
        }
    }

    /// What concerns one item is a problem of that; what a file system as a whole can't do now is tried again.
    fn failure(&mut self, error: Error) -> Turned {
        if is_general(&error) {
            self.failed.get_or_insert(error);
            return Turned::Already;
        }
        Turned::Problem(UndoProblem::Failed(error.to_string()))
    }

    /// What goes from the place to the slot, and what comes from there.
    fn sides<'a>(&self, swap: &'a Swap) -> (Option<&'a Thing>, Option<&'a Thing>) {
        let (fresh, former) = (swap.fresh.as_ref(), swap.former.as_ref());
        if self.is_back { (fresh, former) } else { (former, fresh) }
    }

    fn turn(&mut self, swap: &Swap, flags: &[Flag]) -> Result<Turned> {
        self.mover.settle(swap)?;
        let Some(workspace) = self.mover.workspace(swap) else {
            return Ok(Turned::Problem(UndoProblem::Gone));
        };
        let kept =
            || workspace.path().join(String::from_utf8_lossy(&slot_name(swap.slot)).as_ref());
        let (outgoing, incoming) = self.sides(swap);
        let (place, slot) = self.mover.look(swap)?;
        let is_at = |stat: &Option<Statx>, thing| is_it(stat.as_ref(), thing);
        if outgoing.is_some() && is_at(&slot, outgoing) {
            return self.refasten(swap, outgoing, incoming);
        }
        let kept_if = slot.is_some().then(kept);
        if self.seen.as_ref().is_some_and(|seen| seen.changed.contains(&swap.slot)) {
            return Ok(Turned::Problem(UndoProblem::ChangedSince { kept: kept_if }));
        }
        let mut goes = outgoing;
        if let Some(thing) = outgoing {
            match &place {
                // It was moved away or removed: that is as good as taken back.
                None => goes = None,
                Some(stat) if stat.stx_ino != thing.inode => {
                    return Ok(Turned::Problem(UndoProblem::ChangedSince { kept: kept_if }));
                }
                Some(_) => {}
            }
        }
        if incoming.is_some() && slot.is_none() {
            let is_there = goes.is_none() && is_at(&place, incoming);
            return if is_there {
                self.refasten(swap, outgoing, incoming)
            } else {
                Ok(Turned::Problem(UndoProblem::Gone))
            };
        }
        if goes.is_none() && incoming.is_none() {
            return Ok(Turned::Already);
        }
        let flags: Vec<Flag> =
            flags.iter().filter(|flag| flag.slot == swap.slot).cloned().collect();
        Ok(match self.mover.turn(swap, goes, incoming, &flags)? {
            Ok(()) => Turned::Done,
            Err(Errno::EXIST) => Turned::Problem(UndoProblem::Taken { kept: kept() }),
            Err(Errno::STALE) => Turned::Problem(UndoProblem::ChangedSince { kept: kept_if }),
            Err(errno) => self.failure(Error::io("put back", &swap.place(), errno)),
        })
    }

    /// What an interrupted undo had moved gets its mode.
    fn refasten(
        &mut self,
        swap: &Swap,
        outgoing: Option<&Thing>,
        incoming: Option<&Thing>,
    ) -> Result<Turned> {
        self.mover
            .fasten(swap, incoming, outgoing)
            .map_err(|errno| Error::io("change the permissions of", &swap.place(), errno))?;
        Ok(Turned::Already)
    }
}

fn remove_empty(path: &std::path::Path) -> Result<()> {
    let Some(parent) = path.parent() else { return Ok(()) };
    let Some(dir) = target::open(parent)? else { return Ok(()) };
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    match dir.remove(name) {
        // What somebody put there stays, and so does the folder.
        Ok(()) | Err(Errno::NOENT | Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => Ok(()),
        Err(errno) => Err(Error::io("remove", path, errno)),
    }
}
