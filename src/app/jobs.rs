//! A long operation on a thread of its own, watched and stopped through its monitor.

use std::thread::JoinHandle;

use crate::engine::monitor::Monitor;

/// A running operation.
#[derive(Debug)]
pub struct Job<T> {
    monitor: Monitor,
    thread: JoinHandle<T>,
}

impl<T: Send + 'static> Job<T> {
    /// Starts `work` on a new thread.
    pub fn start(monitor: Monitor, work: impl FnOnce(&Monitor) -> T + Send + 'static) -> Self {
        let shared = monitor.clone();
        Self { monitor, thread: std::thread::spawn(move || work(&shared)) }
    }

    /// The counters, and the switch that stops it.
    pub fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// Whether it has ended, so that [`Job::join`] won't wait.
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the end; `None` if the operation broke down.
    pub fn join(self) -> Option<T> {
        self.thread.join().ok()
    }
}
