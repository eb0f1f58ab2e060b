//! A person whose drive goes back for seven weeks: letters, pictures, and a thesis that changed, lost files and got them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::picture::picture;
use crate::common::engine::Rig;
use crate::common::tree::write;

/// Since when there are backups, in days.
const DAYS: i64 = 49;
/// From here on there are four a day.
const OFTEN: i64 = 7;
/// The hours of a day's backups.
const HOURS: [i64; 4] = [9, 12, 15, 18];
/// How long ago the newest backup was.
const LATELY: SignedDuration = SignedDuration::from_mins(12);

/// A home of which there is a history, and what else lies beside it.
pub struct Person {
    rig: Rig,
    work: PathBuf,
}

impl Person {
    /// Makes the history of somebody whose drive this is; `work` gets the home, `anna`, and the configuration.
    pub fn make(drive: &Path, work: &Path) {
        let home = work.join("anna");
        let person = Self { rig: Rig::on(drive, Some(&home)), work: work.to_owned() };
        person.begin();
        for day in (OFTEN + 1..=DAYS).rev().step_by(2) {
            person.work_on(day);
            person.back_up(day, 9);
        }
        for day in (1..=OFTEN).rev() {
            for hour in HOURS {
                person.work_hard_on(day, hour);
                person.back_up(day, hour);
            }
        }
        person.rig.back_up_at(lately());
        person.go_on();
        person.configure();
    }

    fn path(&self, below: &str) -> PathBuf {
        self.rig.source.join(below)
    }

    fn thesis(&self, name: &str) -> PathBuf {
        self.path("Documents/Thesis").join(name)
    }

    /// What was there before the first backup.
    fn begin(&self) {
        for folder in ["Desktop", "Downloads", "Music", "Videos"] {
            fs::create_dir_all(self.path(folder)).unwrap();
        }
        let old = days_ago(DAYS + 10, 16);
        for number in 1..=6 {
            let path = self.path(&format!("Pictures/Summer/Lake {number}.jpg"));
            picture(&path, number);
            date(&path, old);
        }
        for number in 1..=3 {
            let path = self.path(&format!("Pictures/Garden/Rose {number}.jpg"));
            picture(&path, 20 + number);
            date(&path, old);
        }
        let texts = [
            ("Documents/Letters/Landlord.txt", "Dear landlord,\nthe heating is broken.\n"),
            ("Documents/Shopping.txt", "milk\nbread\n"),
            (
                "Documents/Thesis/Outline.md",
                "# Outline\n\n1. Introduction\n2. Method\n3. Results\n",
            ),
            (
                "Documents/Thesis/Interview notes.md",
                "# Interviews\n\nAnna: prefers the older method.\n",
            ),
            (
                "Documents/Thesis/references.bib",
                "@book{mill1863,\n  title = {Utilitarianism},\n  year = 1863\n}\n",
            ),
        ];
        for (path, text) in texts {
            write_dated(&self.path(path), text, old);
        }
        write_dated(&self.thesis("Chapter 1 – Introduction.md"), &paragraphs(40, "first"), old);
        write_dated(&self.thesis("Supervisor comments.pdf"), &"%PDF-1.4\n".repeat(90_000), old);
        write_dated(&self.path("Downloads/Manual.pdf"), &"%PDF-1.4\n".repeat(9_000), old);
        write_dated(&self.path("Music/Song.ogg"), &"OggS".repeat(80_000), old);
        for (name, seed) in
            [("cover draft.jpg", 40), ("figures/plot 1.jpg", 41), ("figures/plot 2.jpg", 42)]
        {
            picture(&self.thesis(name), seed);
            date(&self.thesis(name), old);
        }
    }

    /// What was done on a day of the first weeks, before its backup.
    fn work_on(&self, day: i64) {
        let at = days_ago(day, 8);
        match day % 6 {
            0 => {
                let text = paragraphs(60 - day as usize, &format!("draft {day}"));
                write_dated(&self.thesis("Chapter 2 – Method.md"), &text, at);
            }
            2 => {
                let notes = self.thesis("Interview notes.md");
                let text = fs::read_to_string(&notes).unwrap();
                write_dated(&notes, &format!("{text}Note of day {day}.\n"), at);
            }
            _ => {}
        }
    }

    /// What was done before a backup of the last week.
    fn work_hard_on(&self, day: i64, hour: i64) {
        let at = days_ago(day, hour - 1);
        let text = paragraphs(70 - day as usize, &format!("day {day}, {hour} o’clock"));
        write_dated(&self.thesis("Chapter 3 – Results.md"), &text, at);
        match (day, hour) {
            (5, 12) => {
                let text = "@article{new, year = 2026}\n";
                write_dated(&self.thesis("references.bib"), text, at);
            }
            (4, 15) => {
                picture(&self.thesis("cover draft.jpg"), 50);
                date(&self.thesis("cover draft.jpg"), at);
            }
            (3, 18) => {
                fs::remove_file(self.thesis("Interview notes.md")).unwrap();
                let letters = self.path("Documents/Letters");
                fs::rename(letters.join("Landlord.txt"), letters.join("Landlord 2025.txt"))
                    .unwrap();
            }
            (2, 9) => fs::remove_file(self.path("Pictures/Garden/Rose 2.jpg")).unwrap(),
            (1, 12) => {
                fs::remove_file(self.thesis("cover draft.jpg")).unwrap();
                write_dated(&self.thesis("To do.txt"), "figures\nbibliography\n", at);
            }
            _ => {}
        }
    }

    /// What happened since the last backup.
    fn go_on(&self) {
        write(&self.thesis("Acknowledgements.md"), "# Thanks\n");
        fs::remove_file(self.path("Documents/Shopping.txt")).unwrap();
    }

    fn back_up(&self, day: i64, hour: i64) {
        self.rig.back_up_at(timestamp(days_ago(day, hour)));
    }

    fn configure(&self) {
        let path = self.work.join("xdg/config/yore/config.toml");
        write(&path, self.rig.configuration("[retention]\nall = \"until room is needed\"\n"));
        let folders = [
            ("DESKTOP", "Desktop"),
            ("DOCUMENTS", "Documents"),
            ("DOWNLOAD", "Downloads"),
            ("MUSIC", "Music"),
            ("PICTURES", "Pictures"),
            ("VIDEOS", "Videos"),
        ];
        let line = |(what, name)| format!("XDG_{what}_DIR=\"$HOME/{name}\"\n");
        write(&self.work.join("xdg/config/user-dirs.dirs"), folders.map(line).concat());
    }
}

fn paragraphs(count: usize, what: &str) -> String {
    let line = |number| {
        format!("Paragraph {number}: trial {number} supports the second hypothesis ({what}).\n")
    };
    (1..=count).map(line).collect()
}

/// An hour of a day before today, by the clock of the tests' zone.
fn days_ago(days: i64, hour: i64) -> SystemTime {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).start_of_day().unwrap().timestamp();
    let at = today - SignedDuration::from_hours(24 * days) + SignedDuration::from_hours(hour);
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(at.as_second()).unwrap())
}

/// The moment of the newest backup. It is of today also right after midnight: what day it is must change nothing.
fn lately() -> Timestamp {
    let midnight = timestamp(days_ago(0, 0));
    midnight.max(Timestamp::now() - LATELY)
}

fn timestamp(at: SystemTime) -> Timestamp {
    Timestamp::try_from(at).unwrap()
}

fn write_dated(path: &Path, text: &str, at: SystemTime) {
    write(path, text);
    date(path, at);
}

fn date(path: &Path, at: SystemTime) {
    File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
}
