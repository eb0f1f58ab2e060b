//! Reads folders as they are now, on threads of their own: a network mount that hangs must hold neither the window nor
//! the history. What takes too long is told to be out of reach; if it comes after all, it still counts.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::order::Order;
use crate::app::beside::Present;
use crate::app::error::Result;
use crate::engine::path::RelPath;
use crate::engine::rules::Why;

/// How long a folder may take before it is told to be out of reach.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// The most folders that are read at once; all may hang.
const READERS_MAX: usize = 4;

/// What was found out about a folder as it is now.
#[derive(Debug)]
pub enum Now {
    /// That could be told.
    Read(Seen),
    /// It takes too long.
    NotRead,
}

/// A folder as it is now.
#[derive(Debug)]
pub struct Seen {
    /// What is in it, if that can be told.
    pub present: Present,
    /// Which rules leave out what is left out, by name, where its files are to be listed.
    pub rules: HashMap<Vec<u8>, Why>,
}

/// A folder that is to be compared, or listed.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which folder.
    pub folder: RelPath,
    /// The snapshot's sequence number.
    pub at: u64,
    /// Its live files are to be listed in this order; without it, only what differs is told.
    pub lists: Option<Order>,
    /// The asker's number for this request.
    pub ticket: u64,
}

type Read = dyn Fn(&Wanted) -> Result<Seen> + Send + Sync;
type Tell = dyn Fn(Wanted, Result<Now>) + Send;

enum News {
    Wanted(Wanted),
    /// The reader that was begun for this number is done.
    Read(u64, Result<Now>),
    Over,
}

/// The asking end. Dropping it ends its thread, whatever hangs.
#[derive(Debug)]
pub struct LiveReader {
    news: Sender<News>,
}

impl LiveReader {
    /// Starts the thread: it has folders read by `read`, and calls `tell` with each, and once more if it comes after
    /// `patience` is over.
    pub fn start(
        patience: Duration,
        read: impl Fn(&Wanted) -> Result<Seen> + Send + Sync + 'static,
        tell: impl Fn(Wanted, Result<Now>) + Send + 'static,
    ) -> Self {
        let (news, incoming) = channel();
        let sender = news.clone();
        std::thread::spawn(move || {
            let desk = Desk {
                patience,
                read: Arc::new(read),
                tell: Box::new(tell),
                news: sender,
                begun: 0,
                running: 0,
                waiting: None,
            };
            desk.serve(&incoming);
        });
        Self { news }
    }

    /// Asks for a folder; what was asked for before doesn't count any more.
    pub fn ask(&self, wanted: Wanted) {
        let _thread_gone = self.news.send(News::Wanted(wanted));
    }
}

impl Drop for LiveReader {
    fn drop(&mut self) {
        let _thread_gone = self.news.send(News::Over);
    }
}

/// Where it is kept what is waited for.
struct Desk {
    patience: Duration,
    read: Arc<Read>,
    tell: Box<Tell>,
    news: Sender<News>,
    /// How many readers were begun, and how many are at it.
    begun: u64,
    running: usize,
    waiting: Option<Waiting>,
}

/// What was asked for last.
struct Waiting {
    wanted: Wanted,
    /// The number of its reader, once there was room for one.
    reader: Option<u64>,
    /// When patience is over; `None` afterwards.
    until: Option<Instant>,
}

impl Desk {
    fn serve(mut self, incoming: &Receiver<News>) {
        loop {
            match self.next(incoming) {
                Ok(News::Wanted(wanted)) => {
                    let until = Instant::now().checked_add(self.patience);
                    self.waiting = Some(Waiting { wanted, reader: None, until });
                }
                Ok(News::Read(reader, now)) => {
                    self.running -= 1;
                    let is_wanted = |waiting: &mut Waiting| waiting.reader == Some(reader);
                    if let Some(waiting) = self.waiting.take_if(is_wanted) {
                        (self.tell)(waiting.wanted, now);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(waiting) = &mut self.waiting {
                        waiting.until = None;
                        (self.tell)(waiting.wanted.clone(), Ok(Now::NotRead));
                    }
                }
                Ok(News::Over) | Err(RecvTimeoutError::Disconnected) => return,
            }
            self.begin();
        }
    }

    fn next(&self, incoming: &Receiver<News>) -> std::result::Result<News, RecvTimeoutError> {
        match self.waiting.as_ref().and_then(|waiting| waiting.until) {
            Some(until) => incoming.recv_timeout(until.saturating_duration_since(Instant::now())),
            None => incoming.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    /// Begins to read what is waited for, as soon as not all readers hang.
    fn begin(&mut self) {
        let Some(waiting) = &mut self.waiting else { return };
        if waiting.reader.is_some() || self.running >= READERS_MAX {
            return;
        }
        self.begun += 1;
        self.running += 1;
        waiting.reader = Some(self.begun);
        let (number, wanted) = (self.begun, waiting.wanted.clone());
        let (read, news) = (self.read.clone(), self.news.clone());
        std::thread::spawn(move || {
            let read = catch_unwind(AssertUnwindSafe(|| read(&wanted)));
            let now = read.map_or(Ok(Now::NotRead), |seen| seen.map(Now::Read));
            let _over = news.send(News::Read(number, now));
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn wanted(folder: &str, ticket: u64) -> Wanted {
        Wanted { folder: RelPath::parse(folder.as_bytes()).unwrap(), at: 1, lists: None, ticket }
    }

    #[test]
    fn a_folder_that_hangs_is_out_of_reach_and_holds_no_other() {
        let (go_on, hang) = channel::<()>();
        let hang = Mutex::new(hang);
        let (told, tells) = channel();
        let read = move |wanted: &Wanted| {
            if wanted.folder.to_string().ends_with("hangs") {
                let _gone = hang.lock().unwrap().recv();
            }
            Ok(Seen { present: Present::NoSource, rules: HashMap::new() })
        };
        let tell = move |wanted: Wanted, now: Result<Now>| {
            told.send((wanted.ticket, matches!(now, Ok(Now::Read(_))))).unwrap();
        };
        let reader = LiveReader::start(Duration::from_millis(20), read, tell);
        for ticket in 1..=2 {
            reader.ask(wanted("hangs", ticket));
            assert_eq!(tells.recv().unwrap(), (ticket, false));
        }
        reader.ask(wanted("answers", 3));
        assert_eq!(tells.recv().unwrap(), (3, true));
        // What comes late counts if it is still waited for.
        reader.ask(wanted("hangs", 4));
        assert_eq!(tells.recv().unwrap(), (4, false));
        drop(go_on);
        assert_eq!(tells.recv().unwrap(), (4, true));
    }
}
