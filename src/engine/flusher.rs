//! Flushes file systems while they are filled: the drive writes what is copied already while more is read, and is not idle until
//! the flush at the end. What is copied is never far ahead of that, so that a stop waits for little.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::dir::Dir;
use super::monitor::{Cancel, Monitor};

/// How much is copied before the first flush, when nothing is known of the drive.
const FIRST_BYTES: u64 = 64 << 20;

/// The least and the most that is copied between two flushes, and how long one may take.
const LEAST_BYTES: u64 = 16 << 20;
const MOST_BYTES: u64 = 256 << 20;
const FLUSH_MILLISECONDS: u128 = 2000;

/// How far ahead of the last flush what is copied may be, in such steps: with one the drive would wait for the next.
const STEPS_AHEAD: u64 = 3;

/// How soon whoever waits for the drive hears a stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Counts the bytes that are copied, and holds back whoever would get too far ahead of the drive.
#[derive(Debug)]
pub(super) struct Pace {
    copied: AtomicU64,
    /// The count at which the flusher wants to be woken.
    due: AtomicU64,
    /// The count above which everybody waits.
    limit: AtomicU64,
    /// Whether the work that is flushed has ended.
    has_ended: Mutex<bool>,
    changed: Condvar,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            copied: AtomicU64::new(0),
            due: AtomicU64::new(u64::MAX),
            limit: AtomicU64::new(u64::MAX),
            has_ended: Mutex::default(),
            changed: Condvar::new(),
        }
    }
}

impl Pace {
    /// How many bytes were copied.
    pub fn copied(&self) -> u64 {
        self.copied.load(Relaxed)
    }

    /// Counts bytes that are about to be written; waits while the drive is too far behind, and no stop is asked for.
    pub fn add(&self, bytes: u64, cancel: &Cancel) {
        let copied = self.copied.fetch_add(bytes, Relaxed).saturating_add(bytes);
        if copied < self.due.load(Relaxed) && copied <= self.limit.load(Relaxed) {
            return;
        }
        let mut state = self.lock();
        self.changed.notify_all();
        while copied > self.limit.load(Relaxed) && !cancel.is_cancelled() {
            let woken = self.changed.wait_timeout(state, LOOK_EVERY);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until so many bytes are `due`, letting nobody beyond `limit` until the next call; `None` if the work ended before.
    fn wait(&self, due: u64, limit: u64) -> Option<u64> {
        let state = self.lock();
        self.due.store(due, Relaxed);
        self.limit.store(limit, Relaxed);
        self.changed.notify_all();
        let state = self
            .changed
            .wait_while(state, |has_ended| !*has_ended && self.copied() < due)
            .unwrap_or_else(PoisonError::into_inner);
        self.due.store(u64::MAX, Relaxed);
        (!*state).then(|| self.copied())
    }

    fn set_ended(&self, has_ended: bool) {
        let mut state = self.lock();
        *state = has_ended;
        self.due.store(u64::MAX, Relaxed);
        self.limit.store(u64::MAX, Relaxed);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.has_ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the flushing when dropped, so that a panic leaves nobody waiting.
struct End<'a>(&'a Pace);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.set_ended(true);
    }
}

/// Does `work`, which fills the file systems of `dirs`, and flushes them meanwhile; what is copied last is left to the caller's
/// own flush.
///
/// The second answer is how the flushing ended: what was written is in doubt if that failed.
pub(super) fn beside<T>(
    dirs: &[&Dir],
    monitor: &Monitor,
    work: impl FnOnce() -> T,
) -> (T, rustix::io::Result<()>) {
    // The caller's descriptors have to tell of a failure once more.
    let own: rustix::io::Result<Vec<Dir>> = dirs.iter().map(Dir::opened).collect();
    let Ok(own) = own else { return (work(), Ok(())) };
    let pace = monitor.pace();
    pace.set_ended(false);
    thread::scope(|scope| {
        let flusher = thread::Builder::new().spawn_scoped(scope, || {
            let _end = End(pace);
            flush_as_it_fills(&own, pace)
        });
        let Ok(flusher) = flusher else { return (work(), Ok(())) };
        let end = End(pace);
        let done = work();
        drop(end);
        (done, flusher.join().unwrap_or(Ok(())))
    })
}

fn flush_as_it_fills(dirs: &[Dir], pace: &Pace) -> rustix::io::Result<()> {
    let (mut flushed, mut step) = (pace.copied(), FIRST_BYTES);
    while let Some(copied) = pace.wait(flushed + step, flushed + STEPS_AHEAD * step) {
        let begun = Instant::now();
        for dir in dirs {
            dir.sync_file_system()?;
        }
        step = step_after(copied - flushed, begun.elapsed());
        flushed = copied;
    }
    Ok(())
}

/// How much is copied until the next flush, after one of so many bytes took so long.
fn step_after(bytes: u64, took: Duration) -> u64 {
    let step = u128::from(bytes) * FLUSH_MILLISECONDS / took.as_millis().max(1);
    u64::try_from(step).unwrap_or(MOST_BYTES).clamp(LEAST_BYTES, MOST_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn with_room(limit: u64) -> Pace {
        let pace = Pace::default();
        pace.limit.store(limit, Relaxed);
        pace
    }

    #[test]
    fn nobody_waits_unless_someone_flushes() {
        let pace = Pace::default();
        pace.add(u64::MAX / 2, &Cancel::default());
        assert_eq!(pace.copied(), u64::MAX / 2);
    }

    #[test]
    fn who_is_ahead_waits_until_the_drive_has_caught_up() {
        let (pace, cancel) = (with_room(10), Cancel::default());
        thread::scope(|scope| {
            let ahead = scope.spawn(|| {
                pace.add(11, &cancel);
                pace.limit.load(Relaxed)
            });
            while pace.copied() < 11 {
                thread::yield_now();
            }
            // Wakes at once, since so much was copied already.
            assert_eq!(pace.wait(5, 20), Some(11));
            assert_eq!(ahead.join().unwrap(), 20);
        });
    }

    #[test]
    fn a_stop_is_heard_by_who_waits() {
        let (pace, cancel) = (with_room(0), Cancel::default());
        thread::scope(|scope| {
            scope.spawn(|| pace.add(1, &cancel));
            cancel.cancel();
        });
    }

    #[test]
    fn work_that_ends_or_panics_leaves_nobody_waiting() {
        let (place, monitor) = (tempfile::tempdir().unwrap(), Monitor::new());
        let dir = Dir::open(place.path()).unwrap();
        for round in 1..=2 {
            let (done, flushed) = beside(&[&dir], &monitor, || {
                monitor.add_copied_bytes(3 * FIRST_BYTES);
                7
            });
            assert_eq!((done, flushed), (7, Ok(())), "{round}");
        }
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            beside(&[&dir], &monitor, || -> () { panic!("as a thread of the work may") })
        }));
        assert!(panicked.is_err());
        monitor.add_copied_bytes(u64::MAX / 2);
    }

    #[test]
    fn a_flush_takes_about_as_long_as_it_may() {
        let second = Duration::from_secs(1);
        for (bytes, took, step) in [
            (FIRST_BYTES, second, 2 * FIRST_BYTES),
            (FIRST_BYTES, 4 * second, FIRST_BYTES / 2),
            (FIRST_BYTES, 100 * second, LEAST_BYTES),
            (FIRST_BYTES, Duration::ZERO, MOST_BYTES),
            (u64::MAX, Duration::ZERO, MOST_BYTES),
        ] {
            assert_eq!(step_after(bytes, took), step, "{bytes} in {took:?}");
        }
    }
}
