//! Flushes a drive while it is filled: it writes what is copied already while more is read, and is not idle until the flush at
//! the end, which alone says that all is on the drive. What is copied is never far ahead, so that a stop waits for little.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::dir::Dir;
use super::monitor::{Cancel, Monitor};

/// How much is copied before the first flush, when nothing is known of the drive, and the least and the most later.
const FIRST_BYTES: u64 = 16 << 20;
const LEAST_BYTES: u64 = 16 << 20;
const MOST_BYTES: u64 = 256 << 20;

/// How long a flush is meant to take.
const FLUSH_MILLISECONDS: u128 = 2000;

/// How many such steps what is copied may be ahead of the last flush: with one the drive would wait for the next.
const STEPS_AHEAD: u64 = 3;

/// How soon whoever waits for the drive hears a stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Counts the bytes that are copied, and holds back whoever would get too far ahead of the drive.
#[derive(Debug)]
pub(super) struct Lead {
    copied_bytes: AtomicU64,
    /// The count at which the flusher wants to be woken.
    due_bytes: AtomicU64,
    /// The count above which everybody waits.
    limit_bytes: AtomicU64,
    has_failed: AtomicBool,
    /// Whether the work that is flushed has ended.
    has_ended: Mutex<bool>,
    changed: Condvar,
}

impl Default for Lead {
    fn default() -> Self {
        Self {
            copied_bytes: AtomicU64::new(0),
            due_bytes: AtomicU64::new(u64::MAX),
            limit_bytes: AtomicU64::new(u64::MAX),
            has_failed: AtomicBool::new(false),
            has_ended: Mutex::default(),
            changed: Condvar::new(),
        }
    }
}

impl Lead {
    /// How many bytes were copied.
    pub fn copied_bytes(&self) -> u64 {
        self.copied_bytes.load(SeqCst)
    }

    /// Whether the last flush failed, so that what was copied is in doubt.
    pub fn has_failed(&self) -> bool {
        self.has_failed.load(SeqCst)
    }

    /// Counts copied bytes.
    pub fn add(&self, bytes: u64) {
        let copied = self.copied_bytes.fetch_add(bytes, SeqCst).saturating_add(bytes);
        if copied >= self.due_bytes.load(SeqCst) {
            let _state = self.lock();
            self.changed.notify_all();
        }
    }

    /// Waits while the drive is too far behind, and no stop is asked for.
    pub fn wait_for_drive(&self, cancel: &Cancel) {
        let is_ahead =
            || self.copied_bytes() > self.limit_bytes.load(SeqCst) && !cancel.is_cancelled();
        if !is_ahead() {
            return;
        }
        let mut state = self.lock();
        while is_ahead() {
            let woken = self.changed.wait_timeout(state, LOOK_EVERY);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until so many bytes are copied, letting nobody go beyond `limit` until the next call; `None` if the work ended
    /// before.
    fn wait_until_due(&self, due: u64, limit: u64) -> Option<u64> {
        let state = self.lock();
        self.due_bytes.store(due, SeqCst);
        self.limit_bytes.store(limit, SeqCst);
        self.changed.notify_all();
        let state = self
            .changed
            .wait_while(state, |has_ended| !*has_ended && self.copied_bytes() < due)
            .unwrap_or_else(PoisonError::into_inner);
        self.due_bytes.store(u64::MAX, SeqCst);
        (!*state).then(|| self.copied_bytes())
    }

    /// Begins a work, and gives the count then.
    fn begin(&self) -> u64 {
        let mut has_ended = self.lock();
        let begun_at = self.copied_bytes();
        *has_ended = false;
        self.has_failed.store(false, SeqCst);
        self.due_bytes.store(u64::MAX, SeqCst);
        self.limit_bytes.store(begun_at + STEPS_AHEAD * FIRST_BYTES, SeqCst);
        begun_at
    }

    fn end(&self) {
        let mut has_ended = self.lock();
        *has_ended = true;
        self.due_bytes.store(u64::MAX, SeqCst);
        self.limit_bytes.store(u64::MAX, SeqCst);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.has_ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the flushing when dropped, so that neither a failure nor a panic leaves anybody waiting.
struct End<'a>(&'a Lead);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Does `work`, which fills the file system of `dir`, and flushes that meanwhile; what is copied last is left to the caller's
/// own flush. One at a time for a monitor.
///
/// The second answer is how the flushing ended: if it failed, what was copied is in doubt, whatever came of the work.
pub(super) fn beside<T>(
    dir: &Dir,
    monitor: &Monitor,
    work: impl FnOnce() -> T,
) -> (T, rustix::io::Result<()>) {
    // On a descriptor of its own, so that the caller's tells of a failure once more.
    match Dir::opened(dir) {
        Ok(own) => beside_flushes(|| own.sync_file_system(), monitor, work),
        Err(_) => (work(), Ok(())),
    }
}

fn beside_flushes<T>(
    flush: impl FnMut() -> rustix::io::Result<()> + Send,
    monitor: &Monitor,
    work: impl FnOnce() -> T,
) -> (T, rustix::io::Result<()>) {
    let lead = monitor.lead();
    let begun_at = lead.begin();
    thread::scope(|scope| {
        let end = End(lead);
        let flusher = thread::Builder::new().spawn_scoped(scope, || {
            let _end = End(lead);
            let flushed = flush_as_it_fills(flush, lead, begun_at, monitor.cancel());
            lead.has_failed.store(flushed.is_err(), SeqCst);
            flushed
        });
        let Ok(flusher) = flusher else {
            drop(end);
            return (work(), Ok(()));
        };
        let done = work();
        drop(end);
        (done, flusher.join().unwrap_or(Ok(())))
    })
}

fn flush_as_it_fills(
    mut flush: impl FnMut() -> rustix::io::Result<()>,
    lead: &Lead,
    begun_at: u64,
    cancel: &Cancel,
) -> rustix::io::Result<()> {
    let (mut flushed, mut step) = (begun_at, FIRST_BYTES);
    while let Some(copied) = lead.wait_until_due(flushed + step, flushed + STEPS_AHEAD * step) {
        if cancel.is_cancelled() {
            break;
        }
        let begun = Instant::now();
        flush()?;
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
    use rustix::io::Errno;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::AtomicUsize;

    /// More than may be copied without a flush.
    const MUCH_BYTES: u64 = 10 * MOST_BYTES;

    #[test]
    fn nobody_waits_unless_someone_flushes() {
        let lead = Lead::default();
        lead.add(u64::MAX / 2);
        lead.wait_for_drive(&Cancel::default());
        assert_eq!(lead.copied_bytes(), u64::MAX / 2);
    }

    #[test]
    fn who_is_ahead_waits_until_the_drive_has_caught_up() {
        let (monitor, flushes) = (Monitor::new(), AtomicUsize::new(0));
        let flush = || {
            flushes.fetch_add(1, SeqCst);
            Ok(())
        };
        let (seen, flushed) = beside_flushes(flush, &monitor, || {
            monitor.add_copied_bytes(MUCH_BYTES);
            monitor.add_copied_bytes(1);
            flushes.load(SeqCst)
        });
        assert!(seen > 0, "who was ahead did not wait");
        assert_eq!(flushed, Ok(()));
    }

    #[test]
    fn a_stop_is_heard_by_who_waits_and_nothing_is_flushed_after_it() {
        let (monitor, flushes) = (Monitor::new(), AtomicUsize::new(0));
        let flush = || {
            flushes.fetch_add(1, SeqCst);
            Ok(())
        };
        let ((), flushed) = beside_flushes(flush, &monitor, || {
            monitor.cancel().cancel();
            monitor.add_copied_bytes(MUCH_BYTES);
            monitor.add_copied_bytes(1);
        });
        assert_eq!((flushed, flushes.load(SeqCst)), (Ok(()), 0));
    }

    #[test]
    fn a_failed_flush_lets_everybody_go_and_is_told() {
        let monitor = Monitor::new();
        let ((), flushed) = beside_flushes(
            || Err(Errno::IO),
            &monitor,
            || {
                monitor.add_copied_bytes(MUCH_BYTES);
                monitor.add_copied_bytes(1);
                while !monitor.lead().has_failed() {
                    thread::yield_now();
                }
                monitor.cancel().cancel();
            },
        );
        assert_eq!(flushed, Err(Errno::IO));
    }

    #[test]
    fn work_that_panics_leaves_nobody_waiting() {
        let monitor = Monitor::new();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            beside_flushes(|| Ok(()), &monitor, || -> () { panic!("as a thread of the work may") })
        }));
        assert!(panicked.is_err());
        monitor.add_copied_bytes(u64::MAX / 2);
        monitor.add_copied_bytes(1);
    }

    #[test]
    fn a_flush_takes_about_as_long_as_it_may() {
        let second = Duration::from_secs(1);
        let mib = 1 << 20;
        for (bytes, took, step) in [
            (64 * mib, second, 128 * mib),
            (64 * mib, 4 * second, 32 * mib),
            (64 * mib, 100 * second, LEAST_BYTES),
            (64 * mib, Duration::ZERO, MOST_BYTES),
            (u64::MAX, Duration::ZERO, MOST_BYTES),
        ] {
            assert_eq!(step_after(bytes, took), step, "{bytes} in {took:?}");
        }
    }
}
