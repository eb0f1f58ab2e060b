//! A person whose history goes back for weeks: made by the engine at moments of the past, asked by the real program.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::cli::Home;
use super::engine::Rig;
use super::tree::write;

/// A configured home with a history.
#[derive(Debug)]
pub struct Aged {
    pub home: Home,
    pub rig: Rig,
    /// Names and moments of all snapshots, oldest first.
    pub made: Vec<(String, Timestamp)>,
}

impl Aged {
    pub fn new() -> Self {
        Self::of(Rig::new())
    }

    /// The drive is mounted somewhere.
    pub fn on(drive: &Path) -> Self {
        Self::of(Rig::on(drive, None))
    }

    fn of(rig: Rig) -> Self {
        write(&rig.source.join("always"), "here");
        let aged = Self { home: Home::new(), rig, made: Vec::new() };
        aged.configure("");
        aged
    }

    /// Every third day at noon from 75 days ago to 33, twice on two days of the last weeks, and twice today: what the
    /// usual rules thin out.
    pub fn of_weeks() -> Self {
        let mut aged = Self::new();
        let noon = |days: i64| {
            let ago = Timestamp::now() - SignedDuration::from_hours(24 * days);
            let day = ago.to_zoned(TimeZone::UTC).start_of_day().unwrap();
            day.timestamp() + SignedDuration::from_hours(12)
        };
        for days in (33..=75).rev().step_by(3) {
            aged.back_up_at(noon(days), 1000);
        }
        for days in [10, 5] {
            aged.back_up_at(noon(days), 1000);
            aged.back_up_at(noon(days) + SignedDuration::from_hours(1), 1000);
        }
        for hours in [2, 1] {
            aged.back_up_at(Timestamp::now() - SignedDuration::from_hours(hours), 1000);
        }
        aged
    }

    /// Makes a snapshot that alone has a file of so many bytes.
    #[track_caller]
    pub fn back_up_at(&mut self, moment: Timestamp, bytes: usize) -> String {
        let only = self.rig.source.join("only");
        let mut content = format!("{moment}\n").into_bytes();
        content.resize(bytes.max(content.len()), b'x');
        write(&only, &content);
        let name = self.rig.back_up_at(moment).snapshot;
        std::fs::remove_file(only).unwrap();
        self.made.push((name.clone(), moment));
        name
    }

    /// Writes the configuration, with this text at its end.
    pub fn configure(&self, end: &str) {
        let path = self.home.config();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        write(&path, self.rig.configuration(end));
    }

    /// What the usual rules keep of the snapshots, as a person would work it out with a calendar.
    pub fn usually_kept(&self) -> Vec<String> {
        let now = Timestamp::now();
        let (mut days, mut weeks) = (BTreeSet::new(), BTreeSet::new());
        let mut kept = Vec::new();
        for (name, moment) in &self.made {
            let hours = now.duration_since(*moment).as_hours();
            let date = moment.to_zoned(TimeZone::UTC).date();
            let week = date.iso_week_date();
            let is_first_of_week = weeks.insert((week.year(), week.week()));
            let is_first_of_day = days.insert(date);
            if hours < 24 || (hours < 30 * 24 && is_first_of_day) || is_first_of_week {
                kept.push(name.clone());
            }
        }
        kept
    }

    /// The names of all snapshots, oldest first.
    pub fn names(&self) -> Vec<String> {
        self.made.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The names of the folders on the drive, in order.
    pub fn on_drive(&self) -> Vec<String> {
        let folders = std::fs::read_dir(self.rig.repository.join("snapshots")).unwrap();
        let names = folders.map(|folder| folder.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    /// The source, put out of sight.
    pub fn hide_source(&self) -> PathBuf {
        let hidden = self.rig.source.with_extension("hidden");
        std::fs::rename(&self.rig.source, &hidden).unwrap();
        hidden
    }
}
