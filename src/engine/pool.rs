//! A few threads that share one stack of tasks; a task may push more.
//!
//! The newest task is taken first, so a tree is walked depth first and few directories are open at once.

use std::num::NonZero;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::error::{Error, Result};

struct State<T> {
    tasks: Vec<T>,
    busy: usize,
    /// Threads that wait for a task: waking nobody is a system call, too.
    waiting: usize,
    failure: Option<Error>,
}

/// The shared stack.
pub struct Pool<T> {
    state: Mutex<State<T>>,
    wake: Condvar,
}

impl<T: Send> Pool<T> {
    /// Runs `tasks` and all that they push on `threads` threads, each with what `local` makes for it.
    ///
    /// The first error stops everything and is returned.
    pub fn run<L>(
        threads: usize,
        tasks: Vec<T>,
        local: impl Fn() -> Result<L> + Sync,
        work: impl Fn(&mut L, T, &Self) -> Result<()> + Sync,
        finish: impl Fn(L) -> Result<()> + Sync,
    ) -> Result<()> {
        let pool = Self {
            state: Mutex::new(State { tasks, busy: 0, waiting: 0, failure: None }),
            wake: Condvar::new(),
        };
        thread::scope(|scope| {
            for _ in 0..threads.max(1) {
                scope.spawn(|| {
                    let outcome = local().and_then(|mut local| {
                        pool.drain(&mut local, &work)?;
                        finish(local)
                    });
                    if let Err(error) = outcome {
                        pool.fail(error);
                    }
                });
            }
        });
        match pool.state.into_inner().unwrap_or_else(PoisonError::into_inner).failure {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Adds tasks; the last of them is taken first.
    pub fn push(&self, tasks: impl IntoIterator<Item = T>) {
        let mut state = self.lock();
        state.tasks.extend(tasks);
        if state.waiting > 0 {
            self.wake.notify_all();
        }
    }

    fn drain<L>(
        &self,
        local: &mut L,
        work: &(impl Fn(&mut L, T, &Self) -> Result<()> + Sync),
    ) -> Result<()> {
        while let Some(task) = self.next() {
            let busy = Busy(self);
            work(local, task, self)?;
            drop(busy);
        }
        Ok(())
    }

    fn next(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if state.failure.is_some() {
                return None;
            }
            if let Some(task) = state.tasks.pop() {
                state.busy += 1;
                return Some(task);
            }
            if state.busy == 0 {
                return None;
            }
            state.waiting += 1;
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
    }

    fn fail(&self, error: Error) {
        let mut state = self.lock();
        state.failure.get_or_insert(error);
        state.tasks.clear();
        self.wake.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts its thread as busy until dropped, so that a panic can't leave the others waiting.
struct Busy<'a, T: Send>(&'a Pool<T>);

impl<T: Send> Drop for Busy<'_, T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.busy -= 1;
        if state.busy == 0 && state.tasks.is_empty() {
            self.0.wake.notify_all();
        }
    }
}

/// The most threads that a walk gets.
pub const MOST_WALK_THREADS: usize = 8;

/// How many threads a walk that writes profits from; `turns` tells whether one of its disks says so. One for each core then,
/// else two, since a thread that waits for a disk without a head is in no other's way. More wait for each other to write.
pub fn walk_threads(turns: bool) -> usize {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    if turns { cores } else { 2 * cores }.clamp(2, MOST_WALK_THREADS)
}

/// The same of a walk that only reads.
pub fn reading_threads(turns: bool) -> usize {
    if turns { walk_threads(turns) } else { MOST_WALK_THREADS }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    #[test]
    fn tasks_that_push_tasks_are_all_run() {
        let sum = AtomicU64::new(0);
        Pool::run(
            3,
            vec![5_u64, 7],
            || Ok(()),
            |(), task, pool| {
                sum.fetch_add(1, Relaxed);
                pool.push((0..task).map(|_| 0));
                Ok(())
            },
            Ok,
        )
        .unwrap();
        assert_eq!(sum.into_inner(), 14);
    }

    #[test]
    fn the_first_error_ends_the_run() {
        let outcome =
            Pool::run(2, vec![0_u64; 1000], || Ok(()), |(), _, _| Err(Error::Cancelled), Ok);
        assert!(matches!(outcome, Err(Error::Cancelled)));
    }
}
