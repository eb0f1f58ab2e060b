//! Days as a person names them: "today", "yesterday", "monday", "2026-11-03".

use jiff::civil::{Date, Weekday};

use crate::i18n::gettext;

/// The fewest letters that stand for the name of a weekday.
const LETTERS_MIN: usize = 3;

/// The day that `text` names as seen from `today`, and nothing but a day. A weekday is the last one of that name, which
/// today may be.
pub fn day(text: &str, today: Date) -> Option<Date> {
    let text = text.trim().to_lowercase();
    if let Ok(date) = text.parse::<Date>() {
        // What begins with a date may go on with a time.
        return (!text.contains([':', 't', ' '])).then_some(date);
    }
    if text == "today" || text == gettext("today").to_lowercase() {
        return Some(today);
    }
    if text == "yesterday" || text == gettext("yesterday").to_lowercase() {
        return today.yesterday().ok();
    }
    let weekday = weekdays().into_iter().find(|(english, own, _)| {
        text.chars().count() >= LETTERS_MIN
            && (english.starts_with(&text) || own.starts_with(&text))
    });
    let (_, _, weekday) = weekday?;
    if today.weekday() == weekday { Some(today) } else { today.nth_weekday(-1, weekday).ok() }
}

/// The same where a time follows the day's name, or is all there is and today's: the text with a date in place of the name.
pub fn dated(text: &str, today: Date) -> Option<String> {
    let text = text.trim();
    let is_time = |text: &str| text.split(':').all(|part| part.parse::<u8>().is_ok());
    let (date, time) = match text.split_once(' ') {
        Some((name, time)) => (day(name.trim_end_matches(','), today)?, time.trim()),
        None if text.contains(':') && is_time(text) => (today, text),
        None => return None,
    };
    let is_short = time.split_once(':').is_some_and(|(hour, _)| hour.len() == 1);
    Some(format!("{date} {}{time}", if is_short { "0" } else { "" }))
}

/// The weekdays in English and in the person's language, in small letters.
fn weekdays() -> [(&'static str, String, Weekday); 7] {
    [
        ("monday", gettext("Monday").to_lowercase(), Weekday::Monday),
        ("tuesday", gettext("Tuesday").to_lowercase(), Weekday::Tuesday),
        ("wednesday", gettext("Wednesday").to_lowercase(), Weekday::Wednesday),
        ("thursday", gettext("Thursday").to_lowercase(), Weekday::Thursday),
        ("friday", gettext("Friday").to_lowercase(), Weekday::Friday),
        ("saturday", gettext("Saturday").to_lowercase(), Weekday::Saturday),
        ("sunday", gettext("Sunday").to_lowercase(), Weekday::Sunday),
    ]
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_are_found_by_the_names_that_people_give_them() {
        // A Saturday.
        let today = date(2026, 11, 21);
        for (text, wanted) in [
            ("today", Some(today)),
            (" Yesterday ", Some(date(2026, 11, 20))),
            ("monday", Some(date(2026, 11, 16))),
            ("Sat", Some(today)),
            ("sunday", Some(date(2026, 11, 15))),
            ("2026-11-03", Some(date(2026, 11, 3))),
            ("2026-11-03 14:00", None),
            ("mo", None),
            ("2026-11", None),
            ("someday", None),
            ("", None),
        ] {
            assert_eq!(day(text, today), wanted, "{text}");
        }
    }

    #[test]
    fn a_time_may_follow() {
        let today = date(2026, 11, 21);
        assert_eq!(dated("yesterday 14:00", today).as_deref(), Some("2026-11-20 14:00"));
        assert_eq!(dated("Monday, 9:05", today).as_deref(), Some("2026-11-16 09:05"));
        assert_eq!(dated("08:30", today).as_deref(), Some("2026-11-21 08:30"));
        assert_eq!(dated("yesterday", today), None);
        assert_eq!(dated("2026-11-21T08:30:00Z", today), None);
        assert_eq!(dated("about noon", today), None);
    }
}
