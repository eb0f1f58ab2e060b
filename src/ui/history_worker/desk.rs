//! Where requests are served: on the thread that holds the history.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::comparison::compare;
use super::gone::gone;
use super::listing::list;
use super::moments::moments;
use super::{Answer, Past, Request, Versions, Wanted, is_answer};
use crate::app::diff::diff;
use crate::app::error::{Error, Result};
use crate::app::status;
use crate::app::target::Target;
use crate::app::unread::unread;
use crate::engine::history::{History, Missing};
use crate::engine::meta::Kind;
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::ui::why::Absence;

/// What the thread works with.
pub struct Desk {
    target: Target,
    monitor: Monitor,
    /// The open history, for as long as it answers.
    held: Option<History>,
}

impl Desk {
    /// A desk without an open history.
    pub fn new(target: Target, monitor: Monitor) -> Self {
        Self { target, monitor, held: None }
    }

    /// Answers a request.
    pub fn serve(&mut self, request: Request) -> Answer {
        match request {
            Request::Snapshots => {
                self.held = None;
                Answer::Snapshots(self.ask(past))
            }
            Request::Status => {
                let target = &self.target;
                let status = catch_unwind(AssertUnwindSafe(|| status::status(target)));
                Answer::Status(status.ok().map(Box::new))
            }
            Request::Folder { folder, at, order, ticket } => {
                let entries = self.ask(|history| {
                    let mut entries = history.list(&folder, at)?;
                    order.sort(&mut entries);
                    Ok(entries)
                });
                Answer::Folder { ticket, entries }
            }
            Request::Timeline { of, ticket } => {
                Answer::Timeline { ticket, moments: self.ask(|history| moments(history, &of)) }
            }
            Request::Gone { folder, at, after, ticket } => {
                let page = self.ask(|history| gone(history, &folder, at, after.as_ref()));
                Answer::Gone { ticket, page }
            }
            Request::Problems(at) => {
                let problems = self.ask(|history| Ok(history.problems(at)?));
                Answer::Problems(problems.map(|problems| unread(&self.target, problems)))
            }
            Request::Compare(wanted @ Wanted { lists: Some(order), .. }, now) => {
                let listed =
                    now.and_then(|now| self.ask(|history| list(history, &wanted, order, &now)));
                Answer::Listed { ticket: wanted.ticket, listed }
            }
            Request::Compare(wanted, now) => {
                let comparison = now.and_then(|now| {
                    self.ask(|history| compare(history, &wanted.folder, wanted.at, &now))
                });
                Answer::Compared { ticket: wanted.ticket, comparison }
            }
            Request::Versions(path) => Answer::Versions(self.ask(|history| {
                let (versions, snapshots) = (history.versions(&path)?, history.snapshots()?);
                Ok(Versions { versions, snapshots })
            })),
            Request::Why { path, at } => Answer::Why(self.ask(|history| why(history, &path, at))),
            Request::Difference { earlier, later, ticket } => {
                let difference = self
                    .ask(|history| Ok(diff(history, (&earlier.0, earlier.1), (&later.0, later.1))));
                Answer::Difference { ticket, difference }
            }
            Request::Stored { path, at, ticket } => Answer::Stored {
                ticket,
                stored: self.ask(|history| Ok(history.stored(&path, at)?)),
            },
            Request::Search { query, ticket } => {
                Answer::Search { ticket, found: self.ask(|history| Ok(history.search(&query)?)) }
            }
            Request::Deleted { query, ticket } => {
                Answer::Deleted { ticket, page: self.ask(|history| Ok(history.deleted(&query)?)) }
            }
            Request::Present(folders) => {
                Answer::Present(self.ask(|history| present(history, &folders)))
            }
            Request::Look { path, at, ticket } => {
                let entry = self.ask(|history| Ok(history.entry(&path, at)?));
                Answer::Look { ticket, path, entry }
            }
        }
    }

    /// Asks the history. One that was open for a while may belong to a drive that was taken away since: it is opened
    /// again before its failure is told.
    fn ask<T>(&mut self, query: impl Fn(&History) -> Result<T>) -> Result<T> {
        let was_open = self.held.is_some();
        match self.try_asking(&query) {
            Err(error) if was_open && !is_answer(&error) => self.try_asking(&query),
            answer => answer,
        }
    }

    /// A fault in the engine ends this question, not the thread: the screen would wait for ever.
    fn try_asking<T>(&mut self, query: impl Fn(&History) -> Result<T>) -> Result<T> {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let history = match self.held.take() {
                Some(history) => history,
                None => self.target.open_history(&self.monitor)?,
            };
            let answer = query(&history);
            if answer.as_ref().err().is_none_or(is_answer) {
                self.held = Some(history);
            }
            answer
        }));
        outcome.unwrap_or(Err(Error::BrokenDown))
    }
}

fn past(history: &History) -> Result<Past> {
    let mut snapshots = history.snapshots()?;
    snapshots.reverse();
    let newest = snapshots.first().map(|newest| history.sources(newest.seq));
    Ok(Past { snapshots, sources: newest.transpose()?.unwrap_or_default() })
}

fn why(history: &History, path: &RelPath, at: u64) -> Result<Box<Absence>> {
    let missing = history.why_missing(path, at)?;
    let stored_in = missing.stored_in(at);
    let good = stored_in.map(|seq| history.good_with(path, seq)).transpose()?.flatten();
    let (at, snapshots) = (history.snapshot(at)?, history.snapshots()?);
    let is_new =
        matches!(missing, Missing::NeverSeen) && path.to_absolute().symlink_metadata().is_ok();
    Ok(Box::new(Absence { path: path.clone(), at, missing, snapshots, good, is_new }))
}

/// Those of `folders` that the newest snapshot has.
fn present(history: &History, folders: &[RelPath]) -> Result<Vec<RelPath>> {
    let Some(newest) = history.snapshots()?.last().map(|newest| newest.seq) else {
        return Ok(Vec::new());
    };
    let mut present = Vec::new();
    for folder in folders {
        let entry = history.entry(folder, newest)?;
        present.extend(entry.filter(|entry| entry.kind == Kind::Directory).map(|_| folder.clone()));
    }
    Ok(present)
}
