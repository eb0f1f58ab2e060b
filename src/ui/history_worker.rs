//! The thread that holds the history. SQLite's connection is `Send` but not `Sync`, and a query may wait for a
//! drive to spin up: the main thread only sends requests and gets messages back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

use relm4::gtk::glib;

use crate::app::error::{Error, Result};
use crate::app::status::{self, Status};
use crate::app::target::Target;
use crate::engine::error::Error as EngineError;
use crate::engine::history::{Difference, Entry, History, SnapshotInfo, Tick, Turn};
use crate::engine::meta::Kind;
use crate::engine::monitor::Monitor;
use crate::engine::path::{self, RelPath};
use crate::engine::seal::Problem;

/// What the history can be asked for.
#[derive(Debug)]
pub enum Request {
    /// All snapshots; the history is opened again first, so that one made by another process is seen.
    Snapshots,
    /// Whether the person is safe.
    Status,
    /// A folder at a snapshot. The ticket comes back with the answer: only the newest one counts.
    Folder {
        /// Which folder.
        folder: RelPath,
        /// The snapshot's sequence number.
        at: u64,
        /// The asker's number for this request.
        ticket: u64,
    },
    /// When something was another. The ticket is as that of a folder.
    Timeline {
        /// What.
        of: Subject,
        /// The asker's number for this request.
        ticket: u64,
    },
    /// What could not be read when the snapshot with this number was made.
    Problems(u64),
}

/// What a timeline is about.
#[derive(Debug)]
pub enum Subject {
    /// A folder with all below it.
    Folder(RelPath),
    /// A file, or anything else that is no folder.
    File(RelPath),
}

/// A snapshot, as a folder or file sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The snapshot's number.
    pub seq: u64,
    /// How many entries differ from the snapshot before.
    pub changes: u64,
    /// Another state begins with it, or what is known begins.
    pub begins: bool,
    /// How a file differs from the snapshot before, where it is another.
    pub difference: Option<Difference>,
}

/// What comes back.
#[derive(Debug)]
pub enum Answer {
    /// All snapshots.
    Snapshots(Result<Past>),
    /// Whether the person is safe; nothing if finding out broke down.
    Status(Option<Box<Status>>),
    /// A folder's entries as they are shown: folders first, then by name as people sort names.
    Folder {
        /// From the request.
        ticket: u64,
        /// The entries.
        entries: Result<Vec<Entry>>,
    },
    /// When something was another.
    Timeline {
        /// From the request.
        ticket: u64,
        /// The snapshots that show a folder, or those in which a file is another than before; oldest first.
        moments: Result<Vec<Moment>>,
    },
    /// What could not be read.
    Problems(Result<Vec<Problem>>),
}

/// What there is to choose from.
#[derive(Debug)]
pub struct Past {
    /// All snapshots, newest first.
    pub snapshots: Vec<SnapshotInfo>,
    /// The sources of the newest one.
    pub sources: Vec<RelPath>,
}

/// The asking end. Dropping it ends the thread.
#[derive(Debug)]
pub struct HistoryWorker {
    requests: mpsc::Sender<Request>,
    monitor: Monitor,
}

impl HistoryWorker {
    /// Starts the thread; `answer` turns each answer into a message for `sender`.
    pub fn start<M: Send + 'static>(
        target: Target,
        sender: &relm4::Sender<M>,
        answer: impl Fn(Answer) -> M + Send + 'static,
    ) -> Self {
        let (requests, incoming) = mpsc::channel();
        let monitor = Monitor::new();
        let (sender, monitor_there) = (sender.clone(), monitor.clone());
        std::thread::spawn(move || {
            let mut desk = Desk { target, monitor: monitor_there, held: None };
            let mut waiting = Vec::new();
            while let Some(request) = next(&incoming, &mut waiting) {
                if sender.send(answer(desk.serve(request))).is_err() {
                    break;
                }
            }
        });
        Self { requests, monitor }
    }

    /// Asks; the answer comes as a message. What was asked before and waits still is only answered once.
    pub fn ask(&self, request: Request) {
        let _thread_gone = self.requests.send(request);
    }
}

impl Drop for HistoryWorker {
    fn drop(&mut self) {
        self.monitor.cancel().cancel();
    }
}

/// The next request to serve. Of each kind only the newest counts: whoever holds a key down while the drive spins up
/// doesn't wait for all the folders in between.
fn next(incoming: &mpsc::Receiver<Request>, waiting: &mut Vec<Request>) -> Option<Request> {
    if waiting.is_empty() {
        waiting.push(incoming.recv().ok()?);
    }
    for request in incoming.try_iter() {
        let kind = std::mem::discriminant(&request);
        waiting.retain(|older| std::mem::discriminant(older) != kind);
        waiting.push(request);
    }
    Some(waiting.remove(0))
}

/// What the thread works with.
struct Desk {
    target: Target,
    monitor: Monitor,
    /// The open history, for as long as it answers.
    held: Option<History>,
}

impl Desk {
    fn serve(&mut self, request: Request) -> Answer {
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
            Request::Folder { folder, at, ticket } => {
                let entries = self.ask(|history| {
                    let mut entries = history.list(&folder, at)?;
                    sort_for_people(&mut entries);
                    Ok(entries)
                });
                Answer::Folder { ticket, entries }
            }
            Request::Timeline { of, ticket } => {
                Answer::Timeline { ticket, moments: self.ask(|history| moments(history, &of)) }
            }
            Request::Problems(at) => {
                Answer::Problems(self.ask(|history| Ok(history.problems(at)?)))
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

fn moments(history: &History, of: &Subject) -> Result<Vec<Moment>> {
    match of {
        Subject::Folder(folder) => {
            let moment = |tick: Tick| {
                let changes = tick.counts.map_or(0, |counts| counts.entries());
                let begins = changes > 0 || tick.counts.is_none();
                Moment { seq: tick.seq, changes, begins, difference: None }
            };
            Ok(history.timeline(folder)?.into_iter().map(moment).collect())
        }
        Subject::File(file) => {
            let moment = |turn: Turn| Moment {
                seq: turn.seq,
                changes: turn.difference.is_some().into(),
                begins: true,
                difference: turn.difference,
            };
            Ok(history.turns(file)?.into_iter().map(moment).collect())
        }
    }
}

/// Whether the history is fine and only has nothing to show.
pub fn is_answer(error: &Error) -> bool {
    matches!(
        error,
        Error::Engine(
            EngineError::NotInSnapshot { .. }
                | EngineError::NeverSeen(_)
                | EngineError::NoSnapshots
                | EngineError::Cancelled
        )
    )
}

/// Folders first, then names in the order of the person's language, "2" before "10".
fn sort_for_people(entries: &mut [Entry]) {
    entries.sort_by_cached_key(|entry| {
        let name = path::display(&entry.name);
        (entry.kind != Kind::Directory, glib::FilenameCollationKey::from(name))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_waiting_requests_of_a_kind_only_the_newest_is_served() {
        let (requests, incoming) = mpsc::channel();
        let folder = |ticket| Request::Folder { folder: RelPath::root(), at: 1, ticket };
        for request in [folder(1), Request::Status, folder(2), Request::Snapshots, folder(3)] {
            requests.send(request).unwrap();
        }
        drop(requests);
        let mut waiting = Vec::new();
        let mut served = Vec::new();
        while let Some(request) = next(&incoming, &mut waiting) {
            served.push(request);
        }
        assert!(matches!(
            served.as_slice(),
            [Request::Status, Request::Snapshots, Request::Folder { ticket: 3, .. }]
        ));
    }
}
