//! The days that have snapshots, and which snapshot a typed text means. Plain data: no widget and no words.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::app::day::{dated, day};
use crate::app::moment::{end_of, resolve};
use crate::engine::error::Error;
use crate::engine::history::SnapshotInfo;

/// Shades of a day by how much changed in it; 0 is none.
pub const SHADES: u64 = 3;

/// A day with snapshots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Day {
    /// How many snapshots were begun in it.
    pub snapshots: u64,
    /// The number of the last one.
    pub last: u64,
    /// How many entries changed in it where the person looks.
    pub changes: u64,
}

/// All days with snapshots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Days {
    days: BTreeMap<Date, Day>,
    changes_max: u64,
}

/// What a typed text means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// This snapshot.
    There(u64),
    /// A day without a snapshot; this snapshot is the nearest.
    Nearest(Date, u64),
    /// A time before this snapshot, which is the oldest.
    TooEarly(u64),
    /// Nothing that can be understood.
    Nothing,
}

impl Days {
    /// The days of `snapshots`; `changes` tells how many entries differ from the snapshot before.
    pub fn new(snapshots: &[SnapshotInfo], changes: &BTreeMap<u64, u64>, zone: &TimeZone) -> Self {
        let mut days = BTreeMap::<Date, Day>::new();
        for info in snapshots {
            let day = days.entry(info.started.to_zoned(zone.clone()).date()).or_default();
            day.snapshots += 1;
            day.last = day.last.max(info.seq);
            day.changes += changes.get(&info.seq).copied().unwrap_or_default();
        }
        let changes_max = days.values().map(|day| day.changes).max().unwrap_or_default();
        Self { days, changes_max }
    }

    /// What is known of `date`; `None` without a snapshot.
    pub fn day(&self, date: Date) -> Option<Day> {
        self.days.get(&date).copied()
    }

    /// How strongly a day is shaded: few changes can be told from none, and much from little.
    pub fn shade(&self, day: Day) -> u64 {
        let length = |changes: u64| u64::from(changes.checked_ilog2().map_or(0, |log| log + 1));
        (length(day.changes) * SHADES).div_ceil(length(self.changes_max).max(1))
    }

    /// Whether there is a snapshot in a month before that of `month`, and in one after it.
    pub fn around(&self, month: Date) -> (bool, bool) {
        let (first, last) = (month.first_of_month(), month.last_of_month());
        let before = self.days.range(..first).next_back().is_some();
        (before, self.days.keys().next_back().is_some_and(|newest| *newest > last))
    }

    /// The month that lies `by` months from `month`, by its first day; `None` if nothing is there any more.
    pub fn month(&self, month: Date, by: i32) -> Option<Date> {
        let (oldest, newest) = (self.days.keys().next()?, self.days.keys().next_back()?);
        let wanted = month.first_of_month().checked_add(by.months()).ok()?;
        (oldest.first_of_month()..=newest.first_of_month()).contains(&wanted).then_some(wanted)
    }
}

/// What `text` means; `snapshots` are oldest first.
pub fn meaning(text: &str, snapshots: &[SnapshotInfo], zone: &TimeZone, today: Date) -> Meaning {
    if text.trim().is_empty() {
        return Meaning::Nothing;
    }
    if let Some(date) = day(text, today) {
        return of_day(date, snapshots, zone);
    }
    let dated = dated(text, today);
    let text = dated.as_deref().unwrap_or(text);
    match resolve(Some(text), snapshots, zone) {
        Ok(resolved) => Meaning::There(resolved.snapshot.seq),
        // The beginning of several names, such as a month: the last of them.
        Err(Error::AmbiguousSnapshot { names, .. }) => {
            let last = snapshots.iter().rfind(|info| names.contains(&info.name));
            last.map_or(Meaning::Nothing, |info| Meaning::There(info.seq))
        }
        Err(_) => too_early(text, snapshots, zone),
    }
}

/// The last snapshot of a day, or the nearest to it.
pub fn of_day(date: Date, snapshots: &[SnapshotInfo], zone: &TimeZone) -> Meaning {
    let Some(end) = end_of(date, zone) else { return Meaning::Nothing };
    let after = snapshots.partition_point(|info| info.started <= end);
    let before = after.checked_sub(1).and_then(|index| snapshots.get(index));
    let begun = before.map(|info| (info, info.started.to_zoned(zone.clone()).date()));
    match (begun, snapshots.get(after)) {
        (Some((info, on)), _) if on == date => Meaning::There(info.seq),
        (Some((info, _)), None) | (None, Some(info)) => Meaning::Nearest(date, info.seq),
        (Some((before, on)), Some(after)) => {
            let begins = after.started.to_zoned(zone.clone()).date();
            let is_later = days(date, begins) < days(on, date);
            Meaning::Nearest(date, if is_later { after.seq } else { before.seq })
        }
        (None, None) => Meaning::Nothing,
    }
}

fn days(from: Date, to: Date) -> i32 {
    to.since(from).map_or(i32::MAX, |span| span.get_days())
}

/// A time that can be read and that no snapshot is old enough for.
fn too_early(text: &str, snapshots: &[SnapshotInfo], zone: &TimeZone) -> Meaning {
    let Some(oldest) = snapshots.first() else { return Meaning::Nothing };
    // A snapshot that is older than any time tells whether the text is one.
    let always = SnapshotInfo { started: Timestamp::MIN, name: String::new(), ..oldest.clone() };
    match resolve(Some(text), &[always], zone) {
        Ok(_) => Meaning::TooEarly(oldest.seq),
        Err(_) => Meaning::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn snapshots() -> Vec<SnapshotInfo> {
        [
            "2026-10-30T09:00:00Z",
            "2026-11-16T09:00:00Z",
            "2026-11-16T14:00:00Z",
            "2026-11-20T08:00:00Z",
        ]
        .iter()
        .enumerate()
        .map(|(at, time)| SnapshotInfo::taken(at as u64 + 1, time.parse().unwrap()))
        .collect()
    }

    #[test]
    fn days_are_counted_and_shaded_by_what_changed() {
        let changes = BTreeMap::from([(1, 1), (2, 0), (3, 0), (4, 200)]);
        let days = Days::new(&snapshots(), &changes, &TimeZone::UTC);
        let monday = days.day(date(2026, 11, 16)).unwrap();
        assert_eq!(monday, Day { snapshots: 2, last: 3, changes: 0 });
        assert_eq!(days.day(date(2026, 11, 17)), None);
        let shade = |day| days.shade(days.day(day).unwrap());
        assert_eq!(
            [date(2026, 10, 30), date(2026, 11, 16), date(2026, 11, 20)].map(shade),
            [1, 0, SHADES]
        );
    }

    #[test]
    fn months_end_where_the_snapshots_do() {
        let days = Days::new(&snapshots(), &BTreeMap::new(), &TimeZone::UTC);
        let november = date(2026, 11, 21);
        assert_eq!(days.around(november), (true, false));
        assert_eq!(days.month(november, -1), Some(date(2026, 10, 1)));
        assert_eq!(days.month(november, -2), None);
        assert_eq!(days.month(november, 1), None);
    }

    #[test]
    fn what_is_typed_means_a_moment_or_the_one_nearest_to_it() {
        let today = date(2026, 11, 21);
        for (text, wanted) in [
            ("monday", Meaning::There(3)),
            ("monday 10:00", Meaning::There(2)),
            ("yesterday", Meaning::There(4)),
            ("2026-11-16", Meaning::There(3)),
            ("2026-11", Meaning::There(4)),
            ("latest", Meaning::There(4)),
            ("2026-11-17", Meaning::Nearest(date(2026, 11, 17), 3)),
            ("2026-11-19", Meaning::Nearest(date(2026, 11, 19), 4)),
            ("2020-01-01", Meaning::Nearest(date(2020, 1, 1), 1)),
            ("2020-01-01 10:00", Meaning::TooEarly(1)),
            ("2027-01-01", Meaning::Nearest(date(2027, 1, 1), 4)),
            ("soon", Meaning::Nothing),
            (" ", Meaning::Nothing),
        ] {
            assert_eq!(meaning(text, &snapshots(), &TimeZone::UTC, today), wanted, "{text}");
        }
        assert_eq!(meaning("today", &[], &TimeZone::UTC, today), Meaning::Nothing);
    }
}
