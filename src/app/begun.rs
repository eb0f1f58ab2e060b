//! How far a first backup has come, noted while it runs: whoever is killed can't say it any more.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::state::{LastRun, Outcome, last_run};
use super::{config, places};
use crate::engine::backup::boot;
use crate::engine::monitor::{Monitor, Phase, Progress};

/// How often it is noted.
const INTERVAL: Duration = Duration::from_secs(3);

/// What was copied so many notes ago is on the drive itself, also where the computer lost its power: the system
/// writes within half a minute what a program has written.
const SETTLED_NOTES: usize = 20;

/// A first backup that was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// How much of it is done; `None` if that can't be told.
    pub percent: Option<u8>,
}

/// What stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// The boot of the computer in which it was written.
    boot: Option<Uuid>,
    /// How much was done.
    percent: u8,
    /// How much was done long enough before that no loss of power takes it away.
    settled_percent: u8,
}

impl Note {
    /// How much is still done in this boot.
    fn safe_percent(self, boot: Option<Uuid>) -> u8 {
        if boot.is_some() && self.boot == boot { self.percent } else { self.settled_percent }
    }
}

/// Notes how far a first backup is, for as long as this is held. What is noted stays if the run was stopped, and goes if
/// it ended by itself: then there is a snapshot, or a reason to say instead.
#[derive(Debug)]
pub struct Noting {
    repository: Uuid,
    monitor: Monitor,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Noting {
    /// Begins. The run goes on with what earlier ones left, so that it is never further back than these were. Where no
    /// thread can be had nothing is noted.
    pub fn start(repository: Uuid, monitor: &Monitor) -> Self {
        let (stop, stopped) = channel();
        let watched = monitor.clone();
        let mut notes = Notes::after(begun(repository).percent.unwrap_or(0));
        let work = move || {
            let mut goes_on = true;
            while goes_on {
                goes_on = stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout);
                if let Some(note) = notes.next(watched.progress())
                    && let Ok(text) = serde_json::to_vec(&note)
                {
                    let _ = config::write_private(&file(repository), &text);
                }
            }
        };
        let thread = std::thread::Builder::new().spawn(work).ok();
        Self { repository, monitor: monitor.clone(), stop: Some(stop), thread }
    }
}

impl Drop for Noting {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ended = self.thread.take().map(JoinHandle::join);
        if !self.monitor.cancel().is_cancelled() {
            forget(self.repository);
        }
    }
}

/// What was noted in this run, oldest first.
struct Notes {
    boot: Option<Uuid>,
    percents: VecDeque<u8>,
    last: Option<Note>,
}

impl Notes {
    fn after(percent: u8) -> Self {
        Self { boot: boot(), percents: VecDeque::from([percent]), last: None }
    }

    /// What is to be noted now, unless that stands there.
    fn next(&mut self, progress: Progress) -> Option<Note> {
        let copying = Some(progress).filter(|progress| progress.phase == Phase::Copying);
        let percent = copying.and_then(|progress| progress.percent()).unwrap_or(0);
        let percent = self.percents.back().map_or(percent, |last| percent.max(*last));
        self.percents.push_back(percent);
        if self.percents.len() > SETTLED_NOTES + 1 {
            self.percents.pop_front();
        }
        let settled_percent = self.percents.front().copied().unwrap_or(0);
        let note = Note { boot: self.boot, percent, settled_percent };
        (percent > 0 && self.last.replace(note) != Some(note)).then_some(note)
    }
}

/// How far the first backup to `repository` was when it was interrupted, by a person or by force.
pub fn begun(repository: Uuid) -> Begun {
    let text = std::fs::read(file(repository)).ok();
    let note: Option<Note> = text.and_then(|text| serde_json::from_slice(&text).ok());
    let noted = note.map(|note| note.safe_percent(boot()));
    let stopped = match last_run(repository) {
        Some(LastRun { outcome: Outcome::Stopped { percent }, .. }) => percent,
        _ => None,
    };
    Begun { percent: noted.max(stopped).filter(|percent| *percent > 0) }
}

fn forget(repository: Uuid) {
    let _ = std::fs::remove_file(file(repository));
}

fn file(repository: Uuid) -> PathBuf {
    places::state_dir().join(format!("begun-{repository}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(phase: Phase, done_entries: u64) -> Progress {
        Progress { phase, done_entries, total_entries: 100, ..Progress::default() }
    }

    #[test]
    fn a_run_is_never_further_back_than_the_one_that_it_goes_on_with() {
        let mut notes = Notes::after(0);
        assert_eq!(notes.next(at(Phase::Measuring, 50)), None);
        assert_eq!(notes.next(at(Phase::Copying, 7)).map(|note| note.percent), Some(7));
        assert_eq!(notes.next(at(Phase::Copying, 7)), None, "that stands there");
        let mut notes = Notes::after(62);
        assert_eq!(notes.next(at(Phase::Copying, 3)).map(|note| note.percent), Some(62));
        assert_eq!(notes.next(at(Phase::Copying, 70)).map(|note| note.percent), Some(70));
    }

    #[test]
    fn after_a_power_cut_only_what_was_copied_long_before_counts() {
        let mut notes = Notes::after(0);
        let noted = (1..=30).filter_map(|done| notes.next(at(Phase::Copying, done))).last();
        let note = noted.unwrap();
        assert_eq!((note.percent, note.settled_percent), (30, 30 - SETTLED_NOTES as u8));
        assert_eq!(note.safe_percent(notes.boot), 30);
        assert_eq!(note.safe_percent(Some(Uuid::new_v4())), note.settled_percent);
        assert_eq!(note.safe_percent(None), note.settled_percent);
    }
}
