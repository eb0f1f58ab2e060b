//! The thread that holds the history. SQLite's connection is `Send` but not `Sync`, and a query may wait for a
//! drive to spin up: the main thread only sends requests and gets messages back.

use std::sync::{OnceLock, mpsc};

pub use self::comparison::{Against, Comparison, Mark};
use self::desk::Desk;
pub use self::gone::{Gone, GonePage};
pub use self::listing::{Listed, Listing};
pub use self::live::Wanted;
use self::live::{LiveReader, Now, PATIENCE};
pub use self::moments::{Moment, Subject};
pub use self::order::{Column, Order};
use crate::app::diff::Diff;
use crate::app::error::{Error, Result};
use crate::app::status::Status;
use crate::app::target::Target;
use crate::app::unread::Unread;
use crate::engine::error::Error as EngineError;
use crate::engine::history::{
    DeletedCursor, DeletedPage, DeletedQuery, Entry, Found, Query, SnapshotInfo, Stored, Version,
};
use crate::engine::monitor::{Monitor, Progress};
use crate::engine::path::RelPath;
use crate::ui::why::Absence;

mod comparison;
mod desk;
mod gone;
mod listing;
mod live;
mod moments;
mod order;

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
        /// In which order its entries come.
        order: Order,
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
    /// What was in a folder before and isn't at a snapshot, a page of it. The ticket is as that of a folder.
    Gone {
        /// Which folder.
        folder: RelPath,
        /// The snapshot's sequence number.
        at: u64,
        /// Where the page begins.
        after: Option<DeletedCursor>,
        /// The asker's number for this request.
        ticket: u64,
    },
    /// What could not be read when the snapshot with this number was made.
    Problems(u64),
    /// How a folder differs from what is there now, which was looked for, or that itself: see [`HistoryWorker::compare`].
    Compare(Wanted, Result<Now>),
    /// The versions of a file.
    Versions(RelPath),
    /// Why a path is missing.
    Why {
        /// Which.
        path: RelPath,
        /// In the snapshot of this number.
        at: u64,
    },
    /// How two stored files differ. The ticket is as that of a folder.
    Difference {
        /// The earlier one's path, and its snapshot's number.
        earlier: (RelPath, u64),
        /// The same of the later one.
        later: (RelPath, u64),
        /// The asker's number for this request.
        ticket: u64,
    },
    /// A file of a snapshot, opened. The ticket is as that of a folder.
    Stored {
        /// Which.
        path: RelPath,
        /// The snapshot's sequence number.
        at: u64,
        /// The asker's number for this request.
        ticket: u64,
    },
    /// What was called so at any time. The ticket is as that of a folder.
    Search {
        /// What is looked for.
        query: Query,
        /// The asker's number for this request.
        ticket: u64,
    },
    /// What was deleted. The ticket is as that of a folder.
    Deleted {
        /// Which deletions.
        query: DeletedQuery,
        /// The asker's number for this request.
        ticket: u64,
    },
    /// Which of these folders are in the newest snapshot.
    Present(Vec<RelPath>),
    /// What is at a path that was typed. The ticket is as that of a folder.
    Look {
        /// The path.
        path: RelPath,
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
    /// Whether the person is safe; nothing if finding out broke down.
    Status(Option<Box<Status>>),
    /// A folder's entries in the order in which they are shown.
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
    /// What was in a folder before.
    Gone {
        /// From the request.
        ticket: u64,
        /// A page of it.
        page: Result<GonePage>,
    },
    /// What could not be read.
    Problems(Result<Vec<Unread>>),
    /// How a folder differs from what is there now. It may come twice: again when that could be read after all.
    Compared {
        /// From the request.
        ticket: u64,
        /// What differs.
        comparison: Result<Comparison>,
    },
    /// A folder as it is now. It may come twice, as a comparison.
    Listed {
        /// From the request.
        ticket: u64,
        /// What is in it.
        listed: Result<Listed>,
    },
    /// The versions of a file.
    Versions(Result<Versions>),
    /// Why a path is missing.
    Why(Result<Box<Absence>>),
    /// How two stored files differ.
    Difference {
        /// From the request.
        ticket: u64,
        /// What was found; none if that broke down.
        difference: Result<Diff>,
    },
    /// A stored file.
    Stored {
        /// From the request.
        ticket: u64,
        /// Open for reading.
        stored: Result<Stored>,
    },
    /// What was called so.
    Search {
        /// From the request.
        ticket: u64,
        /// A page of it.
        found: Result<Found>,
    },
    /// What was deleted.
    Deleted {
        /// From the request.
        ticket: u64,
        /// A page of it.
        page: Result<DeletedPage>,
    },
    /// The folders that are in the newest snapshot, in the order in which they were asked for.
    Present(Result<Vec<RelPath>>),
    /// What is at a path that was typed.
    Look {
        /// From the request.
        ticket: u64,
        /// The path.
        path: RelPath,
        /// What is there, if anything.
        entry: Result<Option<Entry>>,
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

/// The versions of a file.
#[derive(Debug)]
pub struct Versions {
    /// The versions, newest first.
    pub versions: Vec<Version>,
    /// All snapshots, oldest first.
    pub snapshots: Vec<SnapshotInfo>,
}

/// The asking end. Dropping it ends the thread.
#[derive(Debug)]
pub struct HistoryWorker {
    requests: mpsc::Sender<Request>,
    monitor: Monitor,
    target: Target,
    /// Begun when something is to be compared for the first time.
    live: OnceLock<LiveReader>,
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
        let target_there = target.clone();
        std::thread::spawn(move || {
            let mut desk = Desk::new(target_there, monitor_there);
            let mut waiting = Vec::new();
            while let Some(request) = next(&incoming, &mut waiting) {
                if sender.send(answer(desk.serve(request))).is_err() {
                    break;
                }
            }
        });
        Self { requests, monitor, target, live: OnceLock::new() }
    }

    /// Asks; the answer comes as a message. What was asked before and waits still is only answered once.
    pub fn ask(&self, request: Request) {
        let _thread_gone = self.requests.send(request);
    }

    /// How far the history's opening is.
    pub fn progress(&self) -> Progress {
        self.monitor.progress()
    }

    /// Asks how a folder differs from what is there now, or what is. The history answers other requests while that is read.
    pub fn compare(&self, wanted: Wanted) {
        let reader = self.live.get_or_init(|| {
            let (target, requests) = (self.target.clone(), self.requests.clone());
            LiveReader::start(
                PATIENCE,
                move |wanted| listing::read(&target, wanted),
                move |wanted, now| {
                    let _thread_gone = requests.send(Request::Compare(wanted, now));
                },
            )
        });
        reader.ask(wanted);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_waiting_requests_of_a_kind_only_the_newest_is_served() {
        let (requests, incoming) = mpsc::channel();
        let folder = |ticket| Request::Folder {
            folder: RelPath::root(),
            at: 1,
            order: Order::default(),
            ticket,
        };
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
