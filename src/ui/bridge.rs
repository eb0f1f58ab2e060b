//! Between threads and messages: starts work off the main thread and turns what comes of it into messages.
//! Counters are polled ten times a second; no operation sends a message per file.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use relm4::gtk::glib;

use crate::app::jobs::Job;
use crate::engine::monitor::{Event, Monitor, Progress};
use crate::engine::path::RelPath;

/// How often a running operation's counters are read.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// How far back the rate looks.
const RATE_WINDOW: Duration = Duration::from_secs(5);
/// How many events of one run are kept in full; the rest is counted.
const EVENTS_MAX: usize = 5_000;

/// One look at a running operation.
#[derive(Debug, Clone)]
pub struct Tick {
    /// The counters.
    pub progress: Progress,
    /// What is being worked on.
    pub current: RelPath,
    /// Since the start.
    pub elapsed: Duration,
    /// Content written per second of late; `None` while it can't be told.
    pub bytes_per_second: Option<u64>,
}

/// The events of one run, collected on its thread and read when it is over.
#[derive(Debug, Clone, Default)]
pub struct Events(Arc<Mutex<Collected>>);

#[derive(Debug, Default)]
struct Collected {
    events: Vec<Event>,
    left_out: u64,
}

impl Events {
    /// A monitor whose events land here.
    pub fn monitor(&self) -> Monitor {
        let shared = self.clone();
        Monitor::with_listener(move |event| shared.add(event))
    }

    fn add(&self, event: &Event) {
        let mut collected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if collected.events.len() < EVENTS_MAX {
            collected.events.push(event.clone());
        } else {
            collected.left_out += 1;
        }
    }

    /// How many of those that were kept so far are such.
    pub fn count(&self, is_such: impl Fn(&Event) -> bool) -> u64 {
        let collected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        collected.events.iter().filter(|event| is_such(event)).count() as u64
    }

    /// Takes what was collected, and how many more there were.
    pub fn take(&self) -> (Vec<Event>, u64) {
        let mut collected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut collected.events), std::mem::take(&mut collected.left_out))
    }
}

/// A handle on a running operation. Dropping it stops the operation: none outlives its screen.
#[derive(Debug)]
pub struct Running {
    monitor: Monitor,
}

impl Running {
    /// Asks the operation to stop.
    pub fn stop(&self) {
        self.monitor.cancel().cancel();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Runs `work` on a thread of its own. `sender` gets `tick` messages while it runs and one `done` message after;
/// `None` means that the thread died.
pub fn start<T, M>(
    sender: &relm4::Sender<M>,
    monitor: Monitor,
    work: impl FnOnce(&Monitor) -> T + Send + 'static,
    tick: impl Fn(Tick) -> M + 'static,
    done: impl FnOnce(Option<T>) -> M + 'static,
) -> Running
where
    T: Send + 'static,
    M: 'static,
{
    let running = Running { monitor: monitor.clone() };
    let mut over = Some((Job::start(monitor, work), done));
    let sender = sender.clone();
    let started = Instant::now();
    let mut rate = Rate::default();
    glib::timeout_add_local(POLL_INTERVAL, move || {
        if over.as_ref().is_some_and(|(job, _)| !job.is_finished()) {
            if let Some((job, _)) = &over {
                let _closed = sender.send(tick(look(job.monitor(), started, &mut rate)));
            }
            return glib::ControlFlow::Continue;
        }
        if let Some((job, done)) = over.take() {
            let _closed = sender.send(done(job.join()));
        }
        glib::ControlFlow::Break
    });
    running
}

fn look(monitor: &Monitor, started: Instant, rate: &mut Rate) -> Tick {
    let progress = monitor.progress();
    let elapsed = started.elapsed();
    rate.add(elapsed, progress.copied_bytes);
    Tick {
        progress,
        current: monitor.current(),
        elapsed,
        bytes_per_second: rate.bytes_per_second(),
    }
}

/// Runs something short that may block (a drive that spins up) and sends what comes of it; `None` means that the
/// thread died, or could not even be started.
pub fn once<T, M>(
    sender: &relm4::Sender<M>,
    work: impl FnOnce() -> T + Send + 'static,
    done: impl FnOnce(Option<T>) -> M + Send + 'static,
) where
    T: 'static,
    M: Send + 'static,
{
    let sender = sender.clone();
    let mut answer = Owed::new(move |outcome| {
        let _closed = sender.send(done(outcome));
    });
    // A thread that can't be started drops what it was given, and that answers.
    let _not_started = std::thread::Builder::new().spawn(move || {
        let outcome = work();
        answer.give(Some(outcome));
    });
}

/// An answer that somebody waits for: given once, and `None` at the latest when it is dropped.
struct Owed<T, F: FnOnce(Option<T>)>(Option<F>, PhantomData<fn(T)>);

impl<T, F: FnOnce(Option<T>)> Owed<T, F> {
    fn new(give: F) -> Self {
        Self(Some(give), PhantomData)
    }

    fn give(&mut self, outcome: Option<T>) {
        if let Some(give) = self.0.take() {
            give(outcome);
        }
    }
}

impl<T, F: FnOnce(Option<T>)> Drop for Owed<T, F> {
    fn drop(&mut self) {
        self.give(None);
    }
}

/// The rate of the last few seconds.
#[derive(Debug, Default)]
struct Rate(VecDeque<(Duration, u64)>);

impl Rate {
    fn add(&mut self, at: Duration, bytes: u64) {
        self.0.push_back((at, bytes));
        while self.0.front().is_some_and(|(first, _)| at.saturating_sub(*first) > RATE_WINDOW) {
            self.0.pop_front();
        }
    }

    fn bytes_per_second(&self) -> Option<u64> {
        let ((from, first), (to, last)) = (self.0.front()?, self.0.back()?);
        let seconds = to.saturating_sub(*from).as_secs_f64();
        let bytes = last.saturating_sub(*first);
        (seconds >= 1.0 && bytes > 0).then(|| (bytes as f64 / seconds) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_looks_at_the_last_seconds_only() {
        let mut rate = Rate::default();
        assert_eq!(rate.bytes_per_second(), None);
        for second in 0..20_u64 {
            rate.add(Duration::from_secs(second), if second < 10 { 0 } else { (second - 9) * 100 });
        }
        assert_eq!(rate.bytes_per_second(), Some(100));
    }

    #[test]
    fn whoever_asked_gets_an_answer_even_if_the_thread_dies() {
        let (sender, receiver) = relm4::channel();
        once(&sender, || 7, |answer: Option<i32>| answer);
        assert_eq!(receiver.recv_sync(), Some(Some(7)));
        once(&sender, || std::panic::resume_unwind(Box::new("a fault")), |answer| answer);
        assert_eq!(receiver.recv_sync(), Some(None));
    }

    #[test]
    fn a_flood_of_events_is_counted_not_kept() {
        let events = Events::default();
        for _ in 0..EVENTS_MAX + 3 {
            events.add(&Event::SnapshotMissing { name: String::new() });
        }
        let (kept, left_out) = events.take();
        assert_eq!((kept.len(), left_out), (EVENTS_MAX, 3));
    }
}
