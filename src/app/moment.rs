//! Which snapshot a person means by a name, the beginning of one, `latest`, or a time.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, Zoned};

use super::day::{dated, day};
use crate::engine::error::{Error, Result};
use crate::engine::history::SnapshotInfo;

/// A time that a clock change made ambiguous or skipped, and the one that was taken for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockChange {
    /// The local time that was typed.
    pub typed: String,
    /// The moment that was taken, with its offset.
    pub taken: String,
}

/// The snapshot that is meant.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// Which one.
    pub snapshot: SnapshotInfo,
    /// What has to be said about the typed time, if anything.
    pub clock_change: Option<ClockChange>,
}

/// Finds the snapshot that `text` means; without text, the newest.
pub fn resolve(
    text: Option<&str>,
    snapshots: &[SnapshotInfo],
    zone: &TimeZone,
) -> Result<Resolved> {
    let newest = snapshots.last().ok_or(Error::NoSnapshots)?;
    let plain =
        |snapshot: &SnapshotInfo| Resolved { snapshot: snapshot.clone(), clock_change: None };
    let text = match text.map(str::trim) {
        None | Some("latest") => return Ok(plain(newest)),
        Some(text) => text,
    };
    match called(text, snapshots)? {
        Some(one) => Ok(plain(one)),
        None => by_time(text, snapshots, zone),
    }
}

/// Finds the snapshot with the name `text`, or the only one whose name begins so; `None` if no name does.
///
/// # Errors
/// Several names begin so.
pub fn called<'s>(text: &str, snapshots: &'s [SnapshotInfo]) -> Result<Option<&'s SnapshotInfo>> {
    let text = text.trim();
    if let Some(exact) = snapshots.iter().find(|snapshot| snapshot.name == text) {
        return Ok(Some(exact));
    }
    let begun: Vec<&SnapshotInfo> = match text {
        "" => Vec::new(),
        text => snapshots.iter().filter(|snapshot| snapshot.name.starts_with(text)).collect(),
    };
    match begun.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        many => Err(Error::AmbiguousSnapshot {
            text: text.to_owned(),
            names: many.iter().map(|snapshot| snapshot.name.clone()).collect(),
        }),
    }
}

fn by_time(text: &str, snapshots: &[SnapshotInfo], zone: &TimeZone) -> Result<Resolved> {
    let unknown = || Error::NoSuchSnapshot(text.to_owned());
    let (moment, clock_change) = parse(text, zone).ok_or_else(unknown)?;
    let not_later = snapshots.iter().rev().find(|snapshot| snapshot.started <= moment);
    Ok(Resolved { snapshot: not_later.ok_or_else(unknown)?.clone(), clock_change })
}

fn parse(text: &str, zone: &TimeZone) -> Option<(Timestamp, Option<ClockChange>)> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some((moment, None));
    }
    let today = Timestamp::now().to_zoned(zone.clone()).date();
    if let Some(day) = day(text, today) {
        return Some((end_of(day, zone)?, None));
    }
    let dated = dated(text, today);
    let typed: DateTime = dated.as_deref().unwrap_or(text).parse().ok()?;
    // "10:00" means up to the end of that minute: a snapshot of 10:00:20 is "at 10:00" for a person.
    let whole_minute = typed.second() == 0 && text.matches(':').count() == 1;
    let typed = if whole_minute { typed.with().second(59).build().ok()? } else { typed };
    let ambiguous = zone.to_ambiguous_zoned(typed);
    let is_plain = matches!(ambiguous.offset(), AmbiguousOffset::Unambiguous { .. });
    let taken: Zoned = ambiguous.compatible().ok()?;
    let clock_change = (!is_plain).then(|| ClockChange {
        typed: text.to_owned(),
        taken: taken.strftime("%Y-%m-%d %H:%M %:z").to_string(),
    });
    Some((taken.timestamp(), clock_change))
}

/// The last moment of `day`.
pub fn end_of(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    let next = day.tomorrow().ok()?.to_zoned(zone.clone()).ok()?;
    next.timestamp().checked_sub(SignedDuration::from_nanos(1)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshots() -> Vec<SnapshotInfo> {
        ["2026-03-29T00:30:00Z", "2026-10-25T00:30:20Z", "2026-10-25T01:30:00Z"]
            .iter()
            .enumerate()
            .map(|(at, time)| SnapshotInfo::taken(at as u64 + 1, time.parse().unwrap()))
            .collect()
    }

    fn seq(text: &str) -> (u64, bool) {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let found = resolve(Some(text), &snapshots(), &zone).unwrap();
        (found.snapshot.seq, found.clock_change.is_some())
    }

    #[test]
    fn names_beginnings_and_times_find_their_snapshot() {
        for (text, wanted) in [
            ("latest", (3, false)),
            ("2026-03", (1, false)),
            ("2026-10-25T00-30-20Z", (2, false)),
            ("2026-10-25T01", (3, false)),
            ("2026-06-01 12:00", (1, false)),
            // A day is over when it is over.
            ("2026-06-01", (1, false)),
            ("2026-10-25T00:30:20Z", (2, false)),
            // Half past two happens twice that night; the first is taken, and it is said.
            ("2026-10-25 02:30", (2, true)),
            // And not at all on this one.
            ("2026-03-29 02:30", (1, true)),
        ] {
            assert_eq!(seq(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_name_is_no_time() {
        let called = |text| called(text, &snapshots()).map(|found| found.map(|one| one.seq));
        for (text, wanted) in [
            ("2026-03", Some(1)),
            ("2026-10-25T00-30-20Z", Some(2)),
            (" 2026-10-25T01 ", Some(3)),
            ("latest", None),
            ("2026-06-01 12:00", None),
            ("2026-10-25T00:30:20Z", None),
            ("", None),
        ] {
            assert_eq!(called(text).unwrap(), wanted, "{text}");
        }
        assert!(
            matches!(called("2026"), Err(Error::AmbiguousSnapshot { names, .. }) if names.len() == 3)
        );
    }

    #[test]
    fn what_means_none_or_several_is_refused() {
        let refuse = |text| resolve(Some(text), &snapshots(), &TimeZone::UTC).unwrap_err();
        assert!(
            matches!(refuse("2026-10"), Error::AmbiguousSnapshot { names, .. } if names.len() == 2)
        );
        assert!(matches!(refuse("2020-01-01 00:00"), Error::NoSuchSnapshot(_)));
        assert!(matches!(refuse("yesterday-ish"), Error::NoSuchSnapshot(_)));
        assert!(matches!(refuse(""), Error::NoSuchSnapshot(_)));
        assert!(matches!(resolve(None, &[], &TimeZone::UTC), Err(Error::NoSnapshots)));
    }
}
