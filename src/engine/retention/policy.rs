//! What a person says about what is kept, as plain data: the table `[retention]` of the configuration holds it.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use jiff::{Span, Timestamp, Zoned};
use serde::Serialize;

use super::table::Reaches;
use super::tag::{self, Eligible, Local, Tag};

const UNTIL_ROOM: &str = "until room is needed";

/// What is read as that, without blanks and hyphens.
const UNTIL_ROOM_LETTERS: [&str; 2] = ["untilroom", "untilroomisneeded"];

/// How far back the bearers of a tag are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// So many of them, those of the newest periods.
    Newest(NonZeroU32),
    /// Those of which the hour, day, week or month is not wholly older: else the next of the same day would take the place
    /// of the first when that grows too old.
    For(Age),
    /// All of them, until room is needed.
    UntilRoom,
}

/// A length of time by the calendar: a month is as long as the months are, a day as long as the local days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Age {
    /// How many units.
    pub number: NonZeroU32,
    /// Of what.
    pub unit: AgeUnit,
}

/// What an age is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AgeUnit {
    /// Sixty minutes.
    Hour,
    /// A local day.
    Day,
    /// Seven local days.
    Week,
    /// A calendar month.
    Month,
    /// A calendar year.
    Year,
}

/// Keeps the bearers of a tag, as far back as it reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule {
    /// Which ones.
    pub tag: Tag,
    /// How far back.
    pub reach: Reach,
}

/// The rules that are in force: what any of them keeps is kept. Without rules everything is.
///
/// As text it is a table of tags with one reach or a list of them: `all = [10, "1 year"]`, `daily = "30 days"`,
/// `weekly = "until room is needed"`. It replaces the default as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "BTreeMap<Tag, Reaches>")]
pub struct Policy {
    /// In any order.
    pub rules: Vec<Rule>,
}

/// A reach that can't be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no number from 1 to {max}, no age such as \"30 days\", and not \"{UNTIL_ROOM}\"", max = u32::MAX)]
pub struct BadReach(pub String);

impl Default for Policy {
    /// Time Machine's: all of the last 24 hours, daily ones of the last 30 days, weekly ones until room is needed.
    fn default() -> Self {
        let ages = [(Tag::All, 24, AgeUnit::Hour), (Tag::Daily, 30, AgeUnit::Day)];
        let mut rules: Vec<Rule> = ages
            .into_iter()
            .filter_map(|(tag, number, unit)| {
                let number = NonZeroU32::new(number)?;
                Some(Rule { tag, reach: Reach::For(Age { number, unit }) })
            })
            .collect();
        rules.push(Rule { tag: Tag::Weekly, reach: Reach::UntilRoom });
        Self { rules }
    }
}

impl FromIterator<Rule> for Policy {
    /// These rules in their order; what is given twice counts once.
    fn from_iter<I: IntoIterator<Item = Rule>>(given: I) -> Self {
        let mut rules = Vec::new();
        for rule in given {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        Self { rules }
    }
}

impl Rule {
    /// Those of `eligible`, which are in the order of their numbers, that it keeps.
    pub(super) fn kept<'e>(self, eligible: &'e [Eligible], now: &Zoned) -> Vec<&'e Eligible> {
        let mut bearers = tag::bearers(self.tag, eligible);
        match self.reach {
            Reach::UntilRoom => {}
            Reach::Newest(number) => {
                let number = usize::try_from(number.get()).unwrap_or(usize::MAX);
                bearers.drain(..bearers.len().saturating_sub(number));
            }
            Reach::For(age) => {
                let oldest = Local::new(age.before(now), now.time_zone()).period(self.tag);
                bearers.retain(|bearer| bearer.started.period(self.tag) >= oldest);
            }
        }
        bearers
    }
}

impl Age {
    /// The moment that is as long ago; before all others if there is no such date.
    fn before(self, now: &Zoned) -> Timestamp {
        let number = i64::from(self.number.get());
        let span = match self.unit {
            AgeUnit::Hour => Span::new().try_hours(number),
            AgeUnit::Day => Span::new().try_days(number),
            AgeUnit::Week => Span::new().try_weeks(number),
            AgeUnit::Month => Span::new().try_months(number),
            AgeUnit::Year => Span::new().try_years(number),
        };
        let moment = span.and_then(|span| now.checked_sub(span));
        moment.map_or(Timestamp::MIN, |moment| moment.timestamp())
    }
}

impl AgeUnit {
    const ALL: [Self; 5] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Year];

    /// The name of one of them.
    fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// Whether `word`, in lower case, means it: one of them, several, or its first letter.
    fn is_meant_by(self, word: &str) -> bool {
        let name = self.name();
        let is_short = word.len() == 1 && name.starts_with(word);
        is_short || word == name || word.strip_suffix('s') == Some(name)
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.number.get() == 1 { "" } else { "s" };
        write!(f, "{} {}{plural}", self.number, self.unit.name())
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newest(number) => number.fmt(f),
            Self::For(age) => age.fmt(f),
            Self::UntilRoom => f.write_str(UNTIL_ROOM),
        }
    }
}

impl FromStr for Age {
    type Err = BadReach;

    /// Reads what is displayed, in any case, with or without a blank, and short: "30 days", "1day", "24h", "6m" for months.
    fn from_str(text: &str) -> Result<Self, BadReach> {
        let read = || {
            let lower = text.trim().to_lowercase();
            let (number, unit) = lower.split_at(lower.find(|c: char| !c.is_ascii_digit())?);
            let unit = unit.trim_start();
            let unit = AgeUnit::ALL.into_iter().find(|known| known.is_meant_by(unit))?;
            Some(Self { number: number.parse().ok()?, unit })
        };
        read().ok_or_else(|| BadReach(text.to_owned()))
    }
}

impl FromStr for Reach {
    type Err = BadReach;

    /// Reads what is displayed, in any case; of an age as [`Age`] does, and also "until room" and "until-room".
    fn from_str(text: &str) -> Result<Self, BadReach> {
        let letters = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let letters = letters.collect::<String>().to_lowercase();
        if UNTIL_ROOM_LETTERS.contains(&letters.as_str()) {
            return Ok(Self::UntilRoom);
        }
        let number = text.trim();
        if number.bytes().all(|byte| byte.is_ascii_digit()) {
            let read = number.parse().map(Self::Newest);
            return read.map_err(|_| BadReach(text.to_owned()));
        }
        text.parse().map(Self::For)
    }
}
