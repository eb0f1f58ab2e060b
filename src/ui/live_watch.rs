//! Watches a folder of live files, on a thread of its own: a mount that hangs must not hold the window. What can't be
//! watched just isn't.

use std::io::{PipeReader, PipeWriter, Result};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

/// So long after a change it is told: most come together with others.
const SETTLING: Duration = Duration::from_millis(500);
/// So long nothing is told after that, however much changes.
const PAUSE: Duration = Duration::from_secs(2);
/// The most threads that watch; all but the newest may hang.
const THREADS_MAX: usize = 4;
/// The most events that are taken at once: a little more than the system keeps.
const EVENTS_MAX: usize = 20_000;

/// The folder that is watched, if one is. Dropping it ends that.
#[derive(Debug, Default)]
pub struct LiveWatch {
    watched: Option<Watched>,
    /// Shared with each thread that there still is, to count them.
    threads: Arc<()>,
}

#[derive(Debug)]
struct Watched {
    folder: PathBuf,
    /// The thread has ended, or is about to.
    is_over: Arc<AtomicBool>,
    /// Nothing is ever written to it: its end is the word.
    _end: PipeWriter,
}

impl LiveWatch {
    /// Has `changed` called whenever something in `folder` may be another than before. It is as if nothing changed where
    /// that can't be told.
    pub fn watch(&mut self, folder: PathBuf, changed: impl Fn() + Send + 'static) {
        let is_it = |watched: &Watched| watched.folder == folder && !watched.is_over.load(Relaxed);
        if self.watched.as_ref().is_some_and(is_it) {
            return;
        }
        self.stop();
        // One of the counted is this one's own.
        if Arc::strong_count(&self.threads) > THREADS_MAX {
            return;
        }
        let Ok((ended, end)) = std::io::pipe() else { return };
        let is_over = Arc::new(AtomicBool::new(false));
        let (place, over, counted) = (folder.clone(), is_over.clone(), self.threads.clone());
        let thread = std::thread::Builder::new().spawn(move || {
            let _not_watched = watch(&place, &ended, &over, changed);
            over.store(true, Relaxed);
            drop(counted);
        });
        self.watched = thread.ok().map(|_| Watched { folder, is_over, _end: end });
    }

    /// Watches nothing any more.
    pub fn stop(&mut self) {
        self.watched = None;
    }
}

/// Watches until the other side of `ended` is closed, or the folder is gone.
fn watch(
    folder: &Path,
    ended: &PipeReader,
    is_over: &AtomicBool,
    changed: impl Fn(),
) -> Result<()> {
    let watch = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
    let wanted = WatchFlags::CREATE
        | WatchFlags::DELETE
        | WatchFlags::MOVE
        | WatchFlags::CLOSE_WRITE
        | WatchFlags::ATTRIB
        | WatchFlags::DELETE_SELF
        | WatchFlags::MOVE_SELF;
    inotify::add_watch(&watch, folder, wanted | WatchFlags::ONLYDIR | WatchFlags::DONT_FOLLOW)?;
    let mut told: Option<Instant> = None;
    while !is_over.load(Relaxed) {
        let mut both = [PollFd::new(ended, PollFlags::IN), PollFd::new(&watch, PollFlags::IN)];
        poll(&mut both, None)?;
        if !both[0].revents().is_empty() || has_ended(ended, wait(told, Instant::now()))? {
            return Ok(());
        }
        is_over.store(!take(&watch)?, Relaxed);
        changed();
        told = Some(Instant::now());
    }
    Ok(())
}

/// How long it takes from a change until it is told.
fn wait(told: Option<Instant>, now: Instant) -> Duration {
    let pause = told.map(|told| PAUSE.saturating_sub(now.saturating_duration_since(told)));
    pause.unwrap_or_default().max(SETTLING)
}

/// Whether the other side of `ended` is closed within this time.
fn has_ended(ended: &PipeReader, within: Duration) -> Result<bool> {
    let within = Timespec::try_from(within).map_err(std::io::Error::other)?;
    Ok(poll(&mut [PollFd::new(ended, PollFlags::IN)], Some(&within))? > 0)
}

/// Takes what happened since; whether the folder still is where it was.
fn take(watch: &OwnedFd) -> Result<bool> {
    let mut room = [std::mem::MaybeUninit::uninit(); 4096];
    let mut events = inotify::Reader::new(watch, &mut room);
    for _ in 0..EVENTS_MAX {
        match events.next() {
            Ok(event) if event.events().intersects(ReadFlags::IGNORED | ReadFlags::MOVE_SELF) => {
                return Ok(false);
            }
            Ok(_) => {}
            Err(Errno::AGAIN) => break,
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{RecvTimeoutError, TryRecvError, channel};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn changes_are_told_soon_and_a_storm_is_told_slowly() {
        let now = Instant::now();
        assert_eq!(wait(None, now), SETTLING);
        assert_eq!(wait(Some(now), now), PAUSE);
        assert_eq!(wait(Some(now), now + PAUSE / 2), PAUSE / 2);
        assert_eq!(wait(Some(now), now + PAUSE * 2), SETTLING);
    }

    #[test]
    fn what_happens_in_the_folder_is_told_until_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("watched");
        std::fs::create_dir(&place).unwrap();
        let (told, tells) = channel();
        let mut watch = LiveWatch::default();
        watch.watch(place.clone(), move || told.send(()).unwrap());
        // What happens before the watch begins isn't seen: it is done until it is.
        let mut number = 0;
        while tells.recv_timeout(SETTLING).is_err() {
            std::fs::write(place.join(number.to_string()), "new").unwrap();
            number += 1;
            assert!(number < 100, "nothing was told");
        }
        std::fs::remove_dir_all(&place).unwrap();
        while tells.recv_timeout(LONG).is_ok() {}
        // The thread has ended, and with it what it was given.
        assert_eq!(tells.try_recv(), Err(TryRecvError::Disconnected));
    }

    #[test]
    fn a_watch_ends_at_once_and_what_is_no_folder_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let (told, tells) = channel::<()>();
        let mut watch = LiveWatch::default();
        let alive = told.clone();
        watch.watch(folder.path().to_owned(), move || alive.send(()).unwrap());
        watch.watch(folder.path().join("none"), move || told.send(()).unwrap());
        assert_eq!(tells.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
        watch.stop();
        assert!(watch.watched.is_none());
    }
}
