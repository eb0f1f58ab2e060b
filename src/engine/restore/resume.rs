//! Goes on with a restore that was interrupted: staging what is not staged yet, or putting the rest in its place.

use uuid::Uuid;

use super::RestoreReport;
use super::apply::stage_and_publish;
use super::journal::{Journal, Journals, Standing};
use super::publish::{kept, publish};
use super::workspace::Workspace;
use crate::engine::error::{Error, Result};
use crate::engine::history::History;
use crate::engine::monitor::Monitor;

/// Goes on with the restore `id`, which was interrupted. Once everything is staged the drive is not needed any more.
///
/// # Errors
/// [`Error::NoSuchRestore`], also of one that was being undone, which [`super::undo()`] goes on with;
/// [`Error::OtherRepository`]; [`Error::WorkspaceAway`]; [`Error::Locked`] while a process is at work on it; and as of [`super::apply`].
pub fn resume(
    history: &History,
    journals: &Journals,
    id: Uuid,
    monitor: &Monitor,
) -> Result<RestoreReport> {
    let journal = journals.take(id)?;
    let expected = journal.header.repository;
    if let Ok(repository) = history.repository()
        && repository.marker().id != expected
    {
        let (path, found) = (repository.path().to_owned(), repository.marker().id);
        return Err(Error::OtherRepository { path, expected, found });
    }
    if matches!(journal.header.standing, Standing::Staging | Standing::Publishing) {
        check_workspaces(&journal)?;
    }
    match journal.header.standing {
        Standing::Staging => {
            let plan = journal.header.plan(journal.items()?);
            stage_and_publish(history, journal, &plan, true, monitor)
        }
        Standing::Publishing => {
            let steps = journal.steps()?;
            let workspaces: Vec<Option<Workspace>> =
                journal.header.workspaces.iter().map(Workspace::open).collect::<Result<_>>()?;
            publish(journal, steps, workspaces, true, monitor)
        }
        Standing::Done => {
            Ok(RestoreReport { id, kept: kept(&journal), ..RestoreReport::default() })
        }
        Standing::Undoing | Standing::Undone | Standing::Redoing | Standing::Discarding => {
            Err(Error::NoSuchRestore(id))
        }
    }
}

/// Refuses to go on while what an earlier run made can't be reached: its file system is not mounted, perhaps.
fn check_workspaces(journal: &Journal) -> Result<()> {
    let mut made = journal.header.workspaces.iter().filter(|place| place.is_kept());
    match made.find(|place| !matches!(Workspace::open(place), Ok(Some(_)))) {
        Some(away) => Err(Error::WorkspaceAway(away.path())),
        None => Ok(()),
    }
}
