//! How far a removal is: entries that are gone, and how much is free by now.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use crate::engine::dir::Dir;
use crate::engine::monitor::Monitor;
use crate::engine::probe::space;

/// How often it is looked how much is free.
const LOOK_MS: u64 = 100;

/// Tells the monitor.
pub struct Pace<'a> {
    monitor: &'a Monitor,
    drive: Option<Arc<Dir>>,
    begun: Instant,
    next_look_ms: AtomicU64,
}

impl<'a> Pace<'a> {
    /// Nothing is gone yet; `drive` is a folder on the file system that is to have room.
    pub fn new(monitor: &'a Monitor, drive: Option<Arc<Dir>>) -> Self {
        Self { monitor, drive, begun: Instant::now(), next_look_ms: AtomicU64::new(0) }
    }

    /// Counts an entry that is gone.
    pub fn one_gone(&self) {
        self.monitor.add_entries(1);
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let due = self.next_look_ms.load(Relaxed);
        // One of the threads looks.
        if now >= due
            && self.next_look_ms.compare_exchange(due, now + LOOK_MS, Relaxed, Relaxed).is_ok()
        {
            self.look();
        }
    }

    /// Looks how much is free.
    pub fn look(&self) {
        // A face can do without; the path is only for an error that nobody sees.
        let space = self.drive.as_ref().and_then(|dir| space(dir, Path::new("")).ok());
        if let Some(space) = space {
            self.monitor.set_free_bytes(space.free_bytes);
        }
    }
}
