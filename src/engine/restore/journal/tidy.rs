//! Forgets restores that are too old to be undone, or whose room is needed. Removes nothing but their own workspaces.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rustix::io::Errno;
use uuid::Uuid;

use super::{Journal, JournalInfo, JournalState, Journals, Standing, file};
use crate::engine::error::{Error, Result};
use crate::engine::probe;
use crate::engine::restore::target;
use crate::engine::restore::workspace::Workspace;

/// How long what a restore set aside is kept, in days.
pub const KEPT_DAYS: u32 = 30;

impl Journals {
    /// Forgets the restores that began more than [`KEPT_DAYS`] before `now`; says which. One that was interrupted while
    /// things were moved is kept, since it can still be gone on with.
    ///
    /// # Errors
    /// As of [`Journals::list`]. What can't be removed stays until the next time.
    pub fn tidy(&self, now: Timestamp) -> Result<Vec<Uuid>> {
        let kept = SignedDuration::from_hours(24 * i64::from(KEPT_DAYS));
        let is_old = |info: &JournalInfo| now.duration_since(info.started) > kept;
        self.remove_orphans()?;
        let old = self.list()?.into_iter().filter(is_old);
        Ok(old.map(|info| info.id).filter(|id| self.give_up(*id).is_ok()).collect())
    }

    /// Removes the files of journals that were interrupted before they had a header, or after it was removed: nothing is
    /// known of their restores, and nothing was made for them.
    fn remove_orphans(&self) -> Result<()> {
        let Some(folder) = self.open()? else { return Ok(()) };
        for name in folder.names().map_err(|errno| self.failed(errno))? {
            let id = name
                .split(|&byte| byte == b'.')
                .next()
                .and_then(|id| Uuid::try_parse_ascii(id).ok());
            if let Some(id) = id {
                file::remove_orphan(&folder, id).map_err(|errno| self.failed(errno))?;
            }
        }
        Ok(())
    }

    /// Removes what the restore `id` set aside, and forgets it.
    ///
    /// # Errors
    /// [`Error::NoSuchRestore`], [`Error::Locked`] while a process is at work on it or it was interrupted while things
    /// were moved, and what the system says.
    pub fn give_up(&self, id: Uuid) -> Result<()> {
        let journal = self.take(id)?;
        match journal.header.standing {
            Standing::Done | Standing::Undone | Standing::Staging => {}
            Standing::Publishing | Standing::Undoing | Standing::Redoing => {
                let holder = "a restore that was interrupted".to_owned();
                return Err(Error::Locked { path: journal.header.first.clone(), holder });
            }
        }
        remove_workspaces(&journal)?;
        journal.forget()
    }

    /// Gives up the oldest restores that keep things on the file system of the folder `path`, until `wanted_bytes` are free
    /// there; none if all of them would not be enough. Says how many bytes are free then.
    ///
    /// # Errors
    /// As of [`Journals::list`], and a path that can't be examined.
    pub fn make_room(&self, path: &Path, wanted_bytes: u64) -> Result<u64> {
        let (dir, _) = target::nearest(path)?;
        let device = |dir: &crate::engine::dir::Dir| {
            dir.stat().map(|stat| (stat.stx_dev_major, stat.stx_dev_minor)).ok()
        };
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
        here.retain(|info| !matches!(info.state, JournalState::Unfinished { .. }) && is_here(info));
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

/// Removes all that a restore staged or keeps.
pub fn remove_workspaces(journal: &Journal) -> Result<()> {
    for place in &journal.header.workspaces {
        let Some(workspace) = Workspace::open(place)? else { continue };
        let failed = |errno: Errno| Error::io("tidy up", workspace.path(), errno);
        workspace.sweep(|_| false).map_err(failed)?;
        workspace.remove().map_err(failed)?;
    }
    Ok(())
}
