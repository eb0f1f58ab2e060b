//! Threads that share what is left to do.

use std::num::NonZero;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{available_parallelism, scope};

use rustix::io::{Errno, Result};

struct Shared<T> {
    left: Mutex<Left<T>>,
    has_changed: Condvar,
}

struct Left<T> {
    /// The newest last, which goes first: so few folders are open at once.
    waiting: Vec<T>,
    busy: usize,
    failure: Option<Errno>,
}

/// More threads than this only wait for each other.
const MOST_THREADS: usize = 8;

/// Does all tasks, and those that come of them, on twice as many threads as there are cores, as Yore's backups
/// do where no disk turns.
///
/// # Errors
/// The first error of a task; the others are not begun then.
pub fn work_off<T: Send>(
    first: Vec<T>,
    work: impl Fn(T, &mut Vec<T>) -> Result<()> + Sync,
) -> Result<()> {
    let shared = Shared {
        left: Mutex::new(Left { waiting: first, busy: 0, failure: None }),
        has_changed: Condvar::new(),
    };
    let threads = (2 * available_parallelism().map_or(1, NonZero::get)).min(MOST_THREADS);
    scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| shared.help(&work));
        }
    });
    let left = shared.left.into_inner().unwrap_or_else(PoisonError::into_inner);
    left.failure.map_or(Ok(()), Err)
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, Left<T>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What one thread does until nothing is left.
    fn help(&self, work: &impl Fn(T, &mut Vec<T>) -> Result<()>) {
        let mut more = Vec::new();
        while let Some(task) = self.take() {
            let outcome = work(task, &mut more);
            let mut left = self.lock();
            left.busy -= 1;
            left.waiting.append(&mut more);
            if let Err(errno) = outcome {
                left.failure.get_or_insert(errno);
                left.waiting.clear();
            }
            drop(left);
            self.has_changed.notify_all();
        }
    }

    /// The next task; `None` once none is left and nobody can make one.
    fn take(&self) -> Option<T> {
        let mut left = self.lock();
        loop {
            if let Some(task) = left.waiting.pop() {
                left.busy += 1;
                return Some(task);
            }
            if left.busy == 0 {
                return None;
            }
            left = self.has_changed.wait(left).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
