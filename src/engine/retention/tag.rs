//! Tags that snapshots bear: computed from their times, and never stored.

use std::collections::HashSet;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::Candidate;
use crate::engine::path::display;

/// What a snapshot can be called by a rule. One snapshot can bear several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tag {
    /// Borne by each snapshot.
    All,
    /// The first of a local hour. The hour that a clock change repeats is two.
    Hourly,
    /// The first of a local day.
    Daily,
    /// The first of a local week, which begins on Monday.
    Weekly,
    /// The first of a local month.
    Monthly,
    /// The first after the computer was started.
    Boot,
}

/// A word that is no tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is none of {known}", known = Tag::ALL.map(Tag::name).join(", "))]
pub struct BadTag(pub String);

/// A moment with what a person's clock showed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Local {
    moment: Timestamp,
    civil: DateTime,
    offset: Offset,
}

/// What a tag tells apart. Those of one tag are ordered by the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Period {
    Moment(Timestamp),
    /// An hour that comes twice has the lower offset the second time, so offsets count downwards.
    Hour(Date, i8, i32),
    Day(Date),
    Week(i16, i8),
    Month(i16, i8),
}

/// A good snapshot that is not from the future.
#[derive(Debug)]
pub(super) struct Eligible {
    /// Where it stands among all.
    pub at: usize,
    /// When its run began.
    pub started: Local,
    boot: Option<Uuid>,
}

impl Tag {
    const ALL: [Self; 6] =
        [Self::All, Self::Hourly, Self::Daily, Self::Weekly, Self::Monthly, Self::Boot];

    fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Hourly => "hourly",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Boot => "boot",
        }
    }
}

impl FromStr for Tag {
    type Err = BadTag;

    /// Reads the name of a tag, in any case.
    fn from_str(text: &str) -> Result<Self, BadTag> {
        let word = text.trim().to_lowercase();
        let tag = Self::ALL.into_iter().find(|tag| tag.name() == word);
        tag.ok_or_else(|| BadTag(display(text.as_bytes())))
    }
}

impl Serialize for Tag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Local {
    pub fn new(moment: Timestamp, zone: &TimeZone) -> Self {
        let offset = zone.to_offset(moment);
        Self { moment, civil: offset.to_datetime(moment), offset }
    }

    /// The period of `tag` in which it lies. A boot is none; what bears that tag is told apart by its own time.
    pub fn period(&self, tag: Tag) -> Period {
        let date = self.civil.date();
        match tag {
            Tag::All | Tag::Boot => Period::Moment(self.moment),
            Tag::Hourly => Period::Hour(date, self.civil.hour(), -self.offset.seconds()),
            Tag::Daily => Period::Day(date),
            Tag::Weekly => {
                let week = date.iso_week_date();
                Period::Week(week.year(), week.week())
            }
            Tag::Monthly => Period::Month(date.year(), date.month()),
        }
    }
}

impl Eligible {
    pub fn new(at: usize, candidate: &Candidate, zone: &TimeZone) -> Self {
        Self { at, started: Local::new(candidate.started, zone), boot: candidate.boot }
    }
}

/// Those that bear `tag`, the oldest period first. `eligible` is in the order of their numbers.
///
/// Periods are ordered by the calendar and not by the numbers in them: what was dropped of a period then can't change
/// its place. A boot has no such place; but no boot begins before the last has ended.
pub(super) fn bearers(tag: Tag, eligible: &[Eligible]) -> Vec<&Eligible> {
    let mut bearers: Vec<&Eligible> = eligible.iter().collect();
    match tag {
        Tag::All => {}
        Tag::Boot => {
            let mut seen = HashSet::new();
            bearers.retain(|one| one.boot.is_some_and(|boot| seen.insert(boot)));
        }
        Tag::Hourly | Tag::Daily | Tag::Weekly | Tag::Monthly => {
            // Stable: within a period the lowest number stays first.
            bearers.sort_by_key(|one| one.started.period(tag));
            bearers.dedup_by_key(|one| one.started.period(tag));
        }
    }
    bearers
}
