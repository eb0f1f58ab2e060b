//! Somebody who does something again and again while a test runs, until they are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;

use super::wait::poll;

/// A thread that works until it is dropped.
#[derive(Debug)]
pub struct Busy {
    stop: Arc<AtomicBool>,
    rounds: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Busy {
    /// Begins, and waits until the work was done once; the work is told which round it is.
    pub fn with(mut work: impl FnMut(u64) + Send + 'static) -> Self {
        let (stop, rounds) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let (until, count) = (Arc::clone(&stop), Arc::clone(&rounds));
        let thread = std::thread::spawn(move || {
            while !until.load(Relaxed) {
                work(count.fetch_add(1, Relaxed));
            }
        });
        let busy = Self { stop, rounds, thread: Some(thread) };
        poll("the first round", || (busy.rounds() > 1).then_some(()));
        busy
    }

    /// How often the work was begun.
    pub fn rounds(&self) -> u64 {
        self.rounds.load(Relaxed)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(ended.is_none_or(|ended| ended.is_ok()) || std::thread::panicking());
    }
}
