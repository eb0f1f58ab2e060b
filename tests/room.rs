//! Room for a backup on drives that are full of history: made as the rules allow, or refused before anything is lost.

mod made;
mod refused;
mod short;
mod thinned;

use std::fs;
use std::path::PathBuf;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use yore::engine::backup::{BackupOptions, BackupReport, NoRoom, Source, backup};
use yore::engine::clock::FixedClock;
use yore::engine::error::{Error, Result};
use yore::engine::monitor::Monitor;
use yore::engine::retention::{Policy, Retention};

use crate::common::drive::LoopDrive;
use crate::common::engine::{Rig, listener};
use crate::common::tree::write;

/// All of a week's snapshots but the first go when room is needed; five weeks are firm.
const RULES: &str = "all = \"24 hours\"\ndaily = \"30 days\"\nweekly = \"until room is needed\"";

/// How many weeks of history fill a drive.
const WEEKS: u64 = 12;

/// A drive with one snapshot a week, each of which has a film of its own.
struct Weekly {
    rig: Rig,
    drive: LoopDrive,
    now: Timestamp,
    /// A source beside the usual one.
    second: PathBuf,
    second_id: Uuid,
    film_bytes: u64,
    /// The snapshots, oldest first.
    names: Vec<String>,
}

impl Weekly {
    /// So many weeks until now, on a drive that [`WEEKS`] of them would fill.
    fn new(drive: LoopDrive, weeks: u64) -> Self {
        let film_bytes = space(&drive).0 / WEEKS;
        Self::of(drive, weeks, film_bytes)
    }

    fn of(drive: LoopDrive, weeks: u64, film_bytes: u64) -> Self {
        let rig = Rig::on(drive.path(), None);
        let second = rig.path().join("second");
        write(&second.join("note"), "something");
        write(&rig.source.join("letter"), "all is well");
        let (now, second_id) = (Timestamp::now(), Uuid::new_v4());
        let mut weekly = Self { rig, drive, now, second, second_id, film_bytes, names: Vec::new() };
        for week in (1..=weeks).rev() {
            weekly.film(week);
            let moment = now - SignedDuration::from_hours(i64::try_from(week).unwrap() * 7 * 24);
            let options = weekly.options(None);
            let made = weekly.back_up_at(&options, moment, &Monitor::new()).unwrap();
            weekly.names.push(made.snapshot);
        }
        weekly
    }

    /// Makes a snapshot as of so many weeks ago.
    fn back_up_weeks_ago(&mut self, weeks: u64) {
        let moment = self.now - SignedDuration::from_hours(weeks.cast_signed() * 7 * 24);
        let made = self.back_up_at(&self.options(None), moment, &Monitor::new()).unwrap();
        self.names.push(made.snapshot);
    }

    /// Puts another film in the place of the last one.
    fn film(&self, number: u64) {
        self.write("film", number, self.film_bytes);
    }

    /// Writes a file that nothing else equals.
    fn write(&self, name: &str, number: u64, bytes: u64) {
        let line = format!("{name} {number} ");
        let bytes = usize::try_from(bytes).unwrap();
        let mut content = line.repeat(bytes / line.len() + 1).into_bytes();
        content.truncate(bytes);
        write(&self.rig.source.join(name), content);
    }

    /// Fills the drive with something else until so much is free.
    fn leave(&self, bytes: u64) {
        let filler = usize::try_from(space(&self.drive).0 - bytes).unwrap();
        write(&self.drive.path().join("filler"), vec![b'x'; filler]);
    }

    fn options(&self, rules: Option<&str>) -> BackupOptions {
        let mut options = self.rig.options();
        options.sources.push(Source { id: self.second_id, path: self.second.clone() });
        let policy = rules.map(|rules| toml::from_str::<Policy>(rules).unwrap());
        options.retention = policy.map(|policy| Retention { policy, zone: TimeZone::UTC });
        options
    }

    fn back_up_at(
        &self,
        options: &BackupOptions,
        moment: Timestamp,
        monitor: &Monitor,
    ) -> Result<BackupReport> {
        let mut writer = self.rig.writer(monitor).unwrap();
        backup(&mut writer, options, &FixedClock(moment), monitor)
    }

    /// Makes a snapshot now, by these rules.
    fn back_up(&self, rules: &str) -> Result<BackupReport> {
        self.back_up_at(&self.options(Some(rules)), self.now, &Monitor::new())
    }

    /// The names of the snapshots that are on the drive, sorted.
    fn there(&self) -> Vec<String> {
        let folder = fs::read_dir(self.rig.repository.join("snapshots")).unwrap();
        let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    /// A run that is refused, and changes nothing.
    #[track_caller]
    fn refused(&self, options: &BackupOptions) -> NoRoom {
        let (monitor, heard) = listener();
        let before = self.there();
        let error = self.back_up_at(options, self.now, &monitor).unwrap_err();
        assert_eq!(self.there(), before, "nothing is deleted");
        assert_eq!(*heard.lock().unwrap(), []);
        assert_eq!(monitor.progress().copied_bytes, 0, "nothing is written");
        let mut staged = fs::read_dir(self.rig.repository.join("stage")).unwrap();
        assert!(staged.next().is_none(), "a stage is left");
        match error {
            Error::NoRoom(refusal) => *refusal,
            other => panic!("{other:?}"),
        }
    }
}

/// Bytes and inodes that are free once all is written out.
fn space(drive: &LoopDrive) -> (u64, u64) {
    drive.used_bytes();
    let space = rustix::fs::statvfs(drive.path()).unwrap();
    (space.f_bavail * space.f_frsize, space.f_favail)
}

fn total_bytes(drive: &LoopDrive) -> u64 {
    let space = rustix::fs::statvfs(drive.path()).unwrap();
    space.f_blocks * space.f_frsize
}
