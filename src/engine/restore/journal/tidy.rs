//! Forgets restores that are too old to be undone, or whose room is needed. Removes nothing but their own workspaces.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use rustix::io::Errno;
use uuid::Uuid;

use super::{Journal, JournalInfo, JournalState, Journals, Standing, file};
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result};
use crate::engine::path::EntryName;
use crate::engine::probe;
use crate::engine::restore::lift::lift;
use crate::engine::restore::swap::Mover;
use crate::engine::restore::target;
use crate::engine::restore::workspace::Workspace;

impl Journals {
    /// Forgets the restores that ended more than [`super::KEPT_DAYS`] before `now`, and those that were being given up;
    /// says which. One that was interrupted while things were moved is kept, since it can still be gone on with.
    ///
    /// # Errors
    /// As of [`Journals::list`]. What can't be removed stays until the next time.
    pub fn tidy(&self, now: Timestamp) -> Result<Vec<Uuid>> {
        let Some(folder) = self.open()? else { return Ok(Vec::new()) };
        self.remove_rests(&folder)?;
        let is_over = |info: &JournalInfo| match info.state {
            JournalState::Discarding => true,
            _ => self.is_over(&folder, info.id, now).unwrap_or(false),
        };
        let over = self.list()?.into_iter().filter(is_over);
        Ok(over.map(|info| info.id).filter(|id| self.give_up(*id).is_ok()).collect())
    }

    /// Whether the restore `id` was kept for long enough. That it was seen today is noted.
    fn is_over(&self, folder: &Dir, id: Uuid, now: Timestamp) -> Result<bool> {
        let mut header = file::read_header(folder, id).ok_or(Error::NoSuchRestore(id))?;
        // Only for that it is locked, once a day.
        if header.note_day(now) {
            let mut journal = self.take(id)?;
            if journal.header.note_day(now) {
                journal.save()?;
            }
            header = journal.header.clone();
        }
        Ok(header.is_over(now))
    }

    /// Removes what is left of journals that have no header: not yet when they were interrupted, or not any more.
    fn remove_rests(&self, folder: &Dir) -> Result<()> {
        let names = folder.names().map_err(|errno| self.failed(errno))?;
        let id = |name: &EntryName| {
            let (stem, _) = std::str::from_utf8(name).ok()?.split_once('.')?;
            Uuid::parse_str(stem).ok()
        };
        for id in names.iter().filter_map(id).collect::<BTreeSet<Uuid>>() {
            if !folder.has(&file::name_of(id, file::HEADER)).unwrap_or(true) {
                file::remove_rest(folder, id).map_err(|errno| self.failed(errno))?;
            }
        }
        Ok(())
    }

    /// Removes what the restore `id` set aside, and forgets it.
    ///
    /// # Errors
    /// [`Error::NoSuchRestore`], [`Error::Locked`] while a process is at work on it or it was interrupted while things
    /// were moved, [`Error::WorkspaceAway`], and what the system says.
    pub fn give_up(&self, id: Uuid) -> Result<()> {
        let journal = self.take(id)?;
        if journal.header.standing.is_half_done() {
            let holder = "a restore that was interrupted".to_owned();
            return Err(Error::Locked { path: journal.header.first.clone(), holder });
        }
        discard(journal)
    }

    /// As [`Journals::give_up`], also of a restore that was interrupted while things were moved: half of it stays as it
    /// is, and can be neither gone on with nor taken back. For a person who agreed to that.
    ///
    /// # Errors
    /// [`Error::NoSuchRestore`], [`Error::Locked`] while a process is at work on it, [`Error::WorkspaceAway`], and
    /// what the system says.
    pub fn abandon(&self, id: Uuid) -> Result<()> {
        let journal = self.take(id)?;
        if journal.header.standing.is_half_done() {
            leave(&journal)?;
        }
        discard(journal)
    }

    /// Gives up the oldest restores that keep things on the file system of the folder `path`, until `wanted_bytes` are free
    /// there; none if all of them would not be enough. Says how many bytes are free then.
    ///
    /// # Errors
    /// As of [`Journals::list`], and a path that can't be examined.
    pub fn make_room(&self, path: &Path, wanted_bytes: u64) -> Result<u64> {
        let (dir, _) = target::nearest(path)?;
        let device =
            |dir: &Dir| dir.stat().map(|stat| (stat.stx_dev_major, stat.stx_dev_minor)).ok();
        let free = || probe::space(&dir, path).map(|space| space.free_bytes);
        let mut free_bytes = free()?;
        if free_bytes >= wanted_bytes {
            return Ok(free_bytes);
        }
        let is_here = |info: &JournalInfo| {
            info.kept.iter().any(|kept| {
                target::open(kept).ok().flatten().and_then(|kept| device(&kept)) == device(&dir)
            })
        };
        let mut here = self.list()?;
        let is_ended =
            |info: &JournalInfo| matches!(info.state, JournalState::Done | JournalState::Undone);
        here.retain(|info| is_ended(info) && is_here(info));
        let kept = here.iter().fold(0_u64, |sum, info| sum.saturating_add(info.kept_bytes));
        if free_bytes.saturating_add(kept) < wanted_bytes {
            // Nothing is given up where that would not be enough.
            return Ok(free_bytes);
        }
        for info in here {
            if free_bytes >= wanted_bytes {
                break;
            }
            if self.give_up(info.id).is_ok() {
                free_bytes = free()?;
            }
        }
        Ok(free_bytes)
    }
}

/// Puts right what is between two places, and what was made movable or writable for the moment.
fn leave(journal: &Journal) -> Result<()> {
    // Without its steps nobody could ever go on with it: that must not keep anybody from giving it up.
    let Ok(steps) = journal.steps() else { return Ok(()) };
    let workspaces = open_workspaces(journal)?;
    let mut mover = Mover::new(&workspaces);
    let lifted = lift(&steps.lifts, true);
    let settled = lifted.and_then(|()| {
        steps.swaps.iter().try_for_each(|swap| {
            mover.settle(swap)?;
            for thing in [swap.fresh.as_ref(), swap.former.as_ref()] {
                // Whichever is at the place; one that does not get it back must not keep the rest from being given up.
                let _ = mover.fasten(swap, thing, None);
            }
            Ok(())
        })
    });
    settled.and(lift(&steps.lifts, false))
}

/// Removes what a restore keeps, and forgets it. Once that began it can't be undone: half of what it kept is no good.
///
/// # Errors
/// As of [`remove_workspaces`].
pub fn discard(mut journal: Journal) -> Result<()> {
    let workspaces = open_workspaces(&journal)?;
    journal.header.standing = Standing::Discarding;
    journal.save()?;
    remove_all(&workspaces)?;
    journal.forget()
}

/// The workspaces; `None` for those that are gone.
fn open_workspaces(journal: &Journal) -> Result<Vec<Option<Workspace>>> {
    let find = |place: &super::Place| match place.is_gone {
        true => Ok(None),
        false => Workspace::open(place),
    };
    journal.header.workspaces.iter().map(find).collect()
}

/// Removes all that a restore staged or keeps.
///
/// # Errors
/// [`Error::WorkspaceAway`] before anything is removed, and what the system says.
pub fn remove_workspaces(journal: &Journal) -> Result<()> {
    remove_all(&open_workspaces(journal)?)
}

fn remove_all(workspaces: &[Option<Workspace>]) -> Result<()> {
    for workspace in workspaces.iter().flatten() {
        let failed = |errno: Errno| Error::io("tidy up", workspace.path(), errno);
        workspace.sweep(|_| false).map_err(failed)?;
        workspace.remove().map_err(failed)?;
    }
    Ok(())
}
