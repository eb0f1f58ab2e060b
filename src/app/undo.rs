//! The restores that were made on this computer: which there are, until when they can be undone, and undoing them.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::error::{Error, Result};
use super::explain::{Explanation, shown};
use super::target::{Target, journals};
use crate::engine::error::Error as EngineError;
use crate::engine::monitor::Monitor;
use crate::engine::path::display;
use crate::engine::restore::{
    self, JournalInfo, JournalState, KEPT_DAYS, RestoreReport, UndoProblem, UndoReport,
};
use crate::i18n::{gettext, gettext_f};

/// All restores that are known of, oldest first.
pub fn restores() -> Result<Vec<JournalInfo>> {
    Ok(journals().list()?)
}

/// Until when what a restore set aside is kept, unless its room is needed before.
pub fn kept_until(restore: &JournalInfo) -> Timestamp {
    let kept = SignedDuration::from_hours(24 * i64::from(KEPT_DAYS));
    let since = restore.ended.unwrap_or(restore.started);
    since.saturating_add(kept).unwrap_or(Timestamp::MAX)
}

/// The restore whose number begins with `text`; without it, the last one that was not undone.
///
/// # Errors
/// [`Error::NoSuchRestore`], [`Error::NothingToUndo`].
pub fn find(text: Option<&str>) -> Result<JournalInfo> {
    let restores = restores()?;
    let Some(text) = text else {
        let is_open = |restore: &JournalInfo| {
            !matches!(restore.state, JournalState::Undone | JournalState::Discarding)
        };
        return restores.into_iter().rfind(is_open).ok_or(Error::NothingToUndo);
    };
    let wanted = text.to_lowercase();
    let mut found = restores.into_iter().filter(|one| one.id.to_string().starts_with(&wanted));
    match (found.next(), found.next()) {
        (Some(restore), None) if !wanted.is_empty() => Ok(restore),
        _ => Err(Error::NoSuchRestore(text.to_owned())),
    }
}

/// The newest restore that was interrupted, if no process is at it; perhaps while it was being undone, and then undoing
/// goes on with it.
///
/// # Errors
/// [`Error::NothingToResume`].
pub fn interrupted() -> Result<JournalInfo> {
    restores()?.into_iter().rfind(JournalInfo::is_interrupted).ok_or(Error::NothingToResume)
}

/// The newest restore that was interrupted before it was done, if no process is at it.
///
/// # Errors
/// [`Error::NothingToResume`].
pub fn resumable() -> Result<JournalInfo> {
    let is_resumable = |restore: &JournalInfo| restore.is_interrupted() && !restore.is_undoing;
    restores()?.into_iter().rfind(is_resumable).ok_or(Error::NothingToResume)
}

/// Takes a restore back.
pub fn undo(id: Uuid, monitor: &Monitor) -> Result<UndoReport> {
    Ok(restore::undo(&journals(), id, monitor)?)
}

/// Gives up what a restore set aside.
pub fn discard(id: Uuid) -> Result<()> {
    Ok(journals().give_up(id)?)
}

/// As [`discard`], also of a restore that was interrupted half-way: that stays as it is, which a person agreed to.
pub fn abandon(id: Uuid) -> Result<()> {
    Ok(journals().abandon(id)?)
}

/// Gives up what is kept for longer than was promised. What can't be tidied up now is tidied up later.
pub fn tidy() {
    let _ = journals().tidy(Timestamp::now());
}

/// Why one item was not taken back, in words.
pub fn problem_words(path: &Path, problem: &UndoProblem) -> String {
    let path = shown(path);
    match problem {
        UndoProblem::ChangedSince { kept: Some(kept) } => gettext_f(
            "{path} was changed after it was restored and stays as it is; what it replaced is {kept}.",
            &[("path", &path), ("kept", &shown(kept))],
        ),
        UndoProblem::ChangedSince { kept: None } => gettext_f(
            "{path} was changed after it was restored and stays as it is.",
            &[("path", &path)],
        ),
        UndoProblem::Taken { kept } => gettext_f(
            "Something else is called {path} now and stays; what was there before is {kept}.",
            &[("path", &path), ("kept", &shown(kept))],
        ),
        UndoProblem::Gone => {
            gettext_f("{path}: what was set aside is not there any more.", &[("path", &path)])
        }
        UndoProblem::Failed(reason) => gettext_f(
            "{path} could not be put back: {reason}.",
            &[("path", &path), ("reason", reason)],
        ),
    }
}

impl Target {
    /// Goes on with a restore that was interrupted.
    pub fn resume_restore(&self, id: Uuid, monitor: &Monitor) -> Result<RestoreReport> {
        let history = self.open_attached(monitor)?;
        Ok(restore::resume(&history, &journals(), id, monitor)?)
    }
}

/// The words for an error about which restore is meant.
pub(super) fn explain(error: &Error) -> Option<Explanation> {
    Some(match error {
        Error::NoSuchRestore(number) => unknown(number),
        Error::Engine(EngineError::NoSuchRestore(id)) => unknown(&id.to_string()),
        Error::NothingToUndo => Explanation::new(
            gettext("There is no restore to undo."),
            gettext("“yore undo --list” shows those of the last 30 days."),
        ),
        Error::Engine(EngineError::WorkspaceAway(path)) => Explanation::new(
            gettext_f(
                "What the restore copied and set aside is in {path}, which is not there.",
                &[("path", &shown(path))],
            ),
            gettext("Attach what it is on, and try again. Nothing was changed."),
        ),
        Error::Engine(EngineError::DamagedJournal { path, reason }) => Explanation::new(
            gettext_f(
                "What was noted of the restore in {path} is damaged: {reason}.",
                &[("path", &shown(path)), ("reason", reason)],
            ),
            gettext(
                "What it set aside is still in the folder “.yore-restore-…” beside what was restored; copy it from there by hand.",
            ),
        ),
        Error::Engine(EngineError::RestoreStopped(_)) => Explanation::new(
            gettext("Stopped."),
            gettext("“yore restore --resume” goes on, “yore undo” takes back what was moved."),
        ),
        Error::NothingToResume => {
            Explanation { what: gettext("No restore was interrupted."), advice: None }
        }
        Error::HalfDone => Explanation::new(
            gettext("That restore was interrupted half-way, and given up it would stay so."),
            gettext("Say --yes to give it up; “yore undo” takes it back instead."),
        ),
        _ => return None,
    })
}

fn unknown(number: &str) -> Explanation {
    Explanation::new(
        gettext_f(
            "No restore has the number “{number}”, or more than one begins so.",
            &[("number", &display(number.as_bytes()))],
        ),
        gettext("“yore undo --list” shows those of the last 30 days."),
    )
}
