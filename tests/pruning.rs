//! Snapshots deleted by rules: the right ones go, the rest stays as it was, and the index tells what the trees tell.

mod damaged;
mod full;
mod kept;
mod readers;
mod trash;

use std::fs;

use jiff::{SignedDuration, Timestamp};
use yore::engine::backup::Source;
use yore::engine::error::Result;
use yore::engine::monitor::Monitor;
use yore::engine::prune::{PruneReport, PruneRequest, Wanted, prune};
use yore::engine::retention::{Policy, Reason, Retention};

use crate::common::engine::Rig;
use crate::common::tree::{Facts, facts, write};

/// A person whose sources were backed up at certain moments.
struct Past {
    rig: Rig,
    /// The names of all snapshots that were made, oldest first.
    names: Vec<String>,
    /// The moment of the newest.
    now: Timestamp,
}

impl Past {
    /// A snapshot on each of `days` before now, each with a file of its own, one that lasts and one that changes.
    fn of_days(rig: Rig, days: &[i64]) -> Self {
        let now: Timestamp = "2026-03-31T12:00:00Z".parse().unwrap();
        let mut names = Vec::new();
        write(&rig.source.join("folder/lasting"), "there from the first to the last");
        for (at, day) in days.iter().enumerate() {
            write(&rig.source.join(format!("folder/own-{}", at % 2)), format!("of {day}"));
            let _ = fs::remove_file(rig.source.join(format!("folder/own-{}", (at + 1) % 2)));
            write(
                &rig.source.join("changing"),
                format!("as it was {day} days ago\n").repeat(at + 1),
            );
            names.push(rig.back_up_at(now - SignedDuration::from_hours(24 * day)).snapshot);
        }
        Self { rig, names, now }
    }

    fn prune(&self, rules: &str, wanted: Wanted) -> PruneReport {
        self.try_prune(rules, wanted, &Monitor::new()).unwrap()
    }

    fn try_prune(&self, rules: &str, wanted: Wanted, monitor: &Monitor) -> Result<PruneReport> {
        let policy: Policy = toml::from_str(rules).unwrap();
        let retention = Retention { policy, zone: jiff::tz::TimeZone::UTC };
        let sources: Vec<Source> = self.rig.options().sources;
        let request = PruneRequest {
            retention: &retention,
            sources: &sources,
            accept_empty: false,
            now: self.now,
            wanted,
            with_sizes: false,
        };
        prune(&mut self.rig.writer(&Monitor::new())?, &request, monitor)
    }

    /// Which of the snapshots are on the drive, by where they stand in the past.
    fn left(&self) -> Vec<usize> {
        let is_there = |at: &usize| self.rig.snapshot(&self.names[*at]).exists();
        (0..self.names.len()).filter(is_there).collect()
    }

    /// All that is stored in the snapshots at these places.
    fn stored(&self, places: &[usize]) -> Vec<Facts> {
        places.iter().map(|at| facts(&self.rig.snapshot(&self.names[*at]))).collect()
    }

    /// Fails unless the index tells the same as one that is made from the trees, of the snapshots that are there.
    #[track_caller]
    fn assert_index(&self, what: &str) {
        let history = self.rig.history();
        let listed: Vec<String> =
            history.snapshots().unwrap().into_iter().map(|snapshot| snapshot.name).collect();
        let left: Vec<String> = self.left().iter().map(|at| self.names[*at].clone()).collect();
        assert_eq!(listed, left, "{what}");
        let (told, usage) = (self.rig.answers(), history.usage().unwrap());
        self.rig.writer(&Monitor::new()).unwrap().rebuild(&Monitor::new()).unwrap();
        assert_eq!(self.rig.answers(), told, "{what}");
        assert_eq!(self.rig.history().usage().unwrap(), usage, "{what}");
    }
}

/// The names of what was deleted, with why.
fn deleted(report: &PruneReport) -> Vec<(&str, &Reason)> {
    report.deleted.iter().map(|(name, reason)| (name.as_str(), reason)).collect()
}

fn trash_is_empty(rig: &Rig) -> bool {
    fs::read_dir(rig.repository.join("trash")).unwrap().next().is_none()
}
