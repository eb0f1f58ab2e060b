//! Which moments belong together for a person: days at first, then a week, months and years. No words, no clock.

use jiff::civil::Date;

/// The span of time that a moment is told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// The present day.
    Today,
    /// The day before.
    Yesterday,
    /// A day of the last week.
    Day(Date),
    /// The seven days before those.
    LastWeek,
    /// A month, by the year and its number.
    Month(i16, i8),
    /// A year.
    Year(i16),
}

/// Months that go by their names; the same name a year before would be taken for the nearer one.
const MONTHS_BY_NAME: i32 = 10;

impl Group {
    /// The group of `day`, as seen from `today`; a day to come belongs to today.
    pub fn of(day: Date, today: Date) -> Self {
        let days = today.since(day).map_or(i32::MAX, |span| span.get_days());
        let years = i32::from(today.year()) - i32::from(day.year());
        let months = years * 12 + i32::from(today.month()) - i32::from(day.month());
        match days {
            ..=0 => Self::Today,
            1 => Self::Yesterday,
            2..=6 => Self::Day(day),
            7..=13 => Self::LastWeek,
            _ if months <= MONTHS_BY_NAME => Self::Month(day.year(), day.month()),
            _ => Self::Year(day.year()),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_nearer_the_finer() {
        let today = date(2026, 11, 21);
        let group = |day| Group::of(day, today);
        assert_eq!(group(date(2026, 11, 22)), Group::Today);
        assert_eq!(group(today), Group::Today);
        assert_eq!(group(date(2026, 11, 20)), Group::Yesterday);
        assert_eq!(group(date(2026, 11, 15)), Group::Day(date(2026, 11, 15)));
        assert_eq!(group(date(2026, 11, 14)), Group::LastWeek);
        assert_eq!(group(date(2026, 11, 8)), Group::LastWeek);
        assert_eq!(group(date(2026, 11, 7)), Group::Month(2026, 11));
        assert_eq!(group(date(2026, 1, 1)), Group::Month(2026, 1));
        assert_eq!(group(date(2025, 12, 31)), Group::Year(2025));
        assert_eq!(group(date(1999, 1, 1)), Group::Year(1999));
    }

    #[test]
    fn a_group_is_one_stretch_of_days() {
        for today in [date(2026, 11, 21), date(2026, 1, 3), date(2024, 2, 29)] {
            let mut seen: Vec<Group> = Vec::new();
            for day in (0..1500).map(|days| today - days.days()) {
                let group = Group::of(day, today);
                if seen.last() != Some(&group) {
                    assert!(!seen.contains(&group), "{group:?} comes twice before {today}");
                    seen.push(group);
                }
            }
        }
    }
}
