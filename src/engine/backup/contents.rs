//! What this run has stored so far, by content, so that nothing is written twice. Remembers so many files and no more.

use std::collections::{HashMap, HashSet};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::places::{FolderNumber, Places, Staged};
use crate::engine::error::Result;
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;

/// Files that are remembered; after that only large ones are.
const PLACES_LIMIT: usize = 1 << 20;

/// A file of at least this many bytes is remembered however many there are.
const LARGE_FILE_BYTES: u64 = 1 << 20;

/// How often whoever waits for another thread's copy looks for a stop.
const WAIT: Duration = Duration::from_millis(50);

/// What a stored file is found by: its hash, mixed with its metadata where that must be the same, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Content(pub u64);

/// What is known of a content before it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// What it is found by.
    Known(Content),
    /// Its size alone: it is hashed while it is copied.
    Size(u64),
}

#[derive(Debug, Default)]
struct Inner {
    places: Places,
    sizes: HashSet<u64>,
    in_work: HashMap<Key, usize>,
    /// Threads that wait for another's copy.
    waiting: usize,
}

/// The contents of one run, shared by its threads.
#[derive(Debug, Default)]
pub(super) struct Contents {
    inner: Mutex<Inner>,
    done: Condvar,
}

/// What came of asking for a content.
pub(super) enum Answer<'a> {
    /// It is in the stage.
    Stored(Staged),
    /// It is not: whoever asked stores it, and the others wait until the claim is dropped.
    Yours(Claim<'a>),
}

/// The right to store a content; others who want the same one wait for its end.
pub(super) struct Claim<'a> {
    contents: &'a Contents,
    key: Key,
}

impl Contents {
    /// Whether a large file of this size was stored or is being stored by this run.
    pub fn has_size(&self, size_bytes: u64) -> bool {
        let inner = self.lock();
        inner.sizes.contains(&size_bytes) || inner.in_work.contains_key(&Key::Size(size_bytes))
    }

    /// Finds a stored content.
    pub fn find(&self, content: Content) -> Option<Staged> {
        self.lock().places.find(content)
    }

    /// Finds a stored content, or claims it. Waits while another thread is storing what may be the same.
    pub fn ask(&self, content: Content, key: Key, monitor: &Monitor) -> Result<Answer<'_>> {
        let mut inner = self.lock();
        loop {
            if let Some(staged) = inner.places.find(content) {
                return Ok(Answer::Stored(staged));
            }
            if !inner.in_work.contains_key(&key) {
                return Ok(Answer::Yours(self.begin(inner, key)));
            }
            monitor.check_cancelled()?;
            inner.waiting += 1;
            let waited = self.done.wait_timeout(inner, WAIT);
            inner = waited.unwrap_or_else(PoisonError::into_inner).0;
            inner.waiting -= 1;
        }
    }

    /// Claims a content of which nothing but the key is known.
    pub fn claim(&self, key: Key) -> Claim<'_> {
        self.begin(self.lock(), key)
    }

    fn begin(&self, mut inner: MutexGuard<'_, Inner>, key: Key) -> Claim<'_> {
        *inner.in_work.entry(key).or_default() += 1;
        Claim { contents: self, key }
    }

    /// Remembers a file that was stored; a later one of the same content takes its place. Its folder gets a number
    /// with the first of its files.
    pub fn add(
        &self,
        (number, path): (&OnceLock<FolderNumber>, &RelPath),
        name: &[u8],
        size_bytes: u64,
        content: Content,
    ) {
        let mut inner = self.lock();
        let is_large = size_bytes >= LARGE_FILE_BYTES;
        if inner.places.len() >= PLACES_LIMIT && !is_large {
            return;
        }
        let known = number.get().copied();
        let Some(folder) = known.or_else(|| inner.places.number(path)) else { return };
        inner.places.add(content, *number.get_or_init(|| folder), name);
        if size_bytes > crate::engine::copy::BUFFER_BYTES as u64 {
            inner.sizes.insert(size_bytes);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut inner = self.contents.lock();
        if let Some(count) = inner.in_work.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                inner.in_work.remove(&self.key);
            }
        }
        if inner.waiting > 0 {
            self.contents.done.notify_all();
        }
    }
}

impl Key {
    /// The key of a file that is found by `content`, known before it is written.
    pub fn of(content: Content) -> Self {
        Self::Known(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_is_found_once_it_is_stored_and_the_latest_place_counts() {
        let contents = Contents::default();
        let monitor = Monitor::new();
        let hash = Content(7);
        let (number, path) = (OnceLock::new(), RelPath::parse(b"home/ann").unwrap());
        let Answer::Yours(claim) = contents.ask(hash, Key::of(hash), &monitor).unwrap() else {
            panic!("nothing was stored yet");
        };
        contents.add((&number, &path), b"one", 1, hash);
        contents.add((&number, &path), b"two", 1, hash);
        drop(claim);
        let Answer::Stored(found) = contents.ask(hash, Key::of(hash), &monitor).unwrap() else {
            panic!("it is stored");
        };
        assert_eq!(
            (found.name.as_slice(), found.path.to_string()),
            (&b"two"[..], "/home/ann".into())
        );
    }

    #[test]
    fn who_wants_what_is_being_stored_waits_for_it() {
        let contents = Contents::default();
        let monitor = Monitor::new();
        let hash = Content(7);
        let claim = contents.claim(Key::Size(7));
        assert!(contents.has_size(7));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                matches!(contents.ask(hash, Key::Size(7), &monitor), Ok(Answer::Stored(_)))
            });
            contents.add((&OnceLock::new(), &RelPath::root()), b"one", 7, hash);
            drop(claim);
            assert!(waiting.join().unwrap());
        });
        assert!(!contents.has_size(7));
    }
}
