//! The thread that holds the history. SQLite's connection is `Send` but not `Sync`, and a query may wait for a
//! drive to spin up: the main thread only sends requests and gets messages back.

use std::sync::mpsc;

use relm4::gtk::glib;

use crate::app::error::Result;
use crate::app::target::Target;
use crate::engine::history::{Entry, History, SnapshotInfo};
use crate::engine::meta::Kind;
use crate::engine::monitor::Monitor;
use crate::engine::path::{self, RelPath};

/// What the history can be asked for.
#[derive(Debug)]
pub enum Request {
    /// All snapshots; the history is opened again first, so that one made by another process is seen.
    Snapshots,
    /// A folder at a snapshot. The ticket comes back with the answer: only the newest one counts.
    Folder {
        /// Which folder.
        folder: RelPath,
        /// The snapshot's sequence number.
        at: u64,
        /// The asker's number for this request.
        ticket: u64,
    },
}

/// What comes back.
#[derive(Debug)]
pub enum Answer {
    /// All snapshots.
    Snapshots(Result<Past>),
    /// A folder's entries as they are shown: folders first, then by name as people sort names.
    Folder {
        /// From the request.
        ticket: u64,
        /// The entries.
        entries: Result<Vec<Entry>>,
    },
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
        let (sender, shared) = (sender.clone(), monitor.clone());
        std::thread::spawn(move || {
            let mut held = None;
            for request in incoming {
                let reply = serve(&target, &mut held, &shared, request);
                if sender.send(answer(reply)).is_err() {
                    break;
                }
            }
        });
        Self { requests, monitor }
    }

    /// Asks; the answer comes as a message.
    pub fn ask(&self, request: Request) {
        let _thread_gone = self.requests.send(request);
    }
}

impl Drop for HistoryWorker {
    fn drop(&mut self) {
        self.monitor.cancel().cancel();
    }
}

fn serve(
    target: &Target,
    held: &mut Option<History>,
    monitor: &Monitor,
    request: Request,
) -> Answer {
    match request {
        Request::Snapshots => {
            *held = None;
            Answer::Snapshots(with_history(target, held, monitor, |history| {
                let mut snapshots = history.snapshots()?;
                snapshots.reverse();
                let newest = snapshots.first().map(|newest| history.sources(newest.seq));
                Ok(Past { snapshots, sources: newest.transpose()?.unwrap_or_default() })
            }))
        }
        Request::Folder { folder, at, ticket } => {
            let entries = with_history(target, held, monitor, |history| {
                let mut entries = history.list(&folder, at)?;
                sort_for_people(&mut entries);
                Ok(entries)
            });
            Answer::Folder { ticket, entries }
        }
    }
}

fn with_history<T>(
    target: &Target,
    held: &mut Option<History>,
    monitor: &Monitor,
    query: impl FnOnce(&History) -> Result<T>,
) -> Result<T> {
    let history = match held.take() {
        Some(history) => history,
        None => target.open_history(monitor)?,
    };
    let answer = query(&history)?;
    *held = Some(history);
    Ok(answer)
}

/// Folders first, then names in the order of the person's language, "2" before "10".
fn sort_for_people(entries: &mut [Entry]) {
    entries.sort_by_cached_key(|entry| {
        let name = path::display(&entry.name);
        (entry.kind != Kind::Directory, glib::FilenameCollationKey::from(name))
    });
}
