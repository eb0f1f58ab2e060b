//! Moments as headings and clock times, in this computer's zone and language.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use relm4::gtk::glib;

use crate::i18n::{gettext, gettext_f};

/// The heading under which a snapshot of `time` is listed: "Today", "Yesterday", a weekday, a day or a month.
pub fn heading(time: Timestamp, now: Timestamp) -> String {
    let zone = TimeZone::system();
    let (day, today) = (time.to_zoned(zone.clone()).date(), now.to_zoned(zone).date());
    let days = today.since(day).map_or(i32::MAX, |span| span.get_days());
    match days {
        0 => gettext("Today"),
        1 => gettext("Yesterday"),
        2..=6 => weekday(time),
        _ if day.year() == today.year() => local(time, "%-d %B"),
        _ => local(time, "%-d %B %Y"),
    }
}

/// "3 Oct", or "3 Oct 2025" if that isn't this year.
pub fn short_day(time: Timestamp, now: Timestamp) -> String {
    let zone = TimeZone::system();
    let (year, this_year) = (time.to_zoned(zone.clone()).year(), now.to_zoned(zone).year());
    local(time, if year == this_year { "%-d %b" } else { "%-d %b %Y" })
}

/// "14:05", or "14:05:09".
pub fn clock(time: Timestamp, with_seconds: bool) -> String {
    local(time, if with_seconds { "%H:%M:%S" } else { "%H:%M" })
}

/// "Yesterday, 14:05"
pub fn heading_and_clock(time: Timestamp, now: Timestamp) -> String {
    exact(time, now, false)
}

/// "Yesterday, 14:05", or "Yesterday, 14:05:09".
pub fn exact(time: Timestamp, now: Timestamp, with_seconds: bool) -> String {
    let (day, clock) = (heading(time, now), clock(time, with_seconds));
    // Translators: a day and a time of that day, as "Yesterday, 14:05"
    gettext_f("{day}, {clock}", &[("day", &day), ("clock", &clock)])
}

/// "Monday"
pub fn weekday(time: Timestamp) -> String {
    local(time, "%A")
}

/// "October", as it stands alone.
pub fn month(time: Timestamp) -> String {
    local(time, "%OB")
}

/// "Monday, 16 November", or "Sunday, 16 November 2025" if that isn't this year.
pub fn day(date: Date, today: Date) -> String {
    of_date(date, if date.year() == today.year() { "%A, %-d %B" } else { "%A, %-d %B %Y" })
}

/// "November 2026"
pub fn month_and_year(date: Date) -> String {
    of_date(date, "%OB %Y")
}

/// "Mon"
pub fn short_weekday(date: Date) -> String {
    of_date(date, "%a")
}

fn of_date(date: Date, format: &str) -> String {
    let (year, month, day) = (date.year().into(), date.month().into(), date.day().into());
    glib::DateTime::from_utc(year, month, day, 12, 0, 0.0)
        .and_then(|noon| noon.format(format))
        .map_or_else(|_| date.to_string(), |text| text.to_string())
}

fn local(time: Timestamp, format: &str) -> String {
    glib::DateTime::from_unix_local(time.as_second())
        .and_then(|local| local.format(format))
        .map_or_else(|_| time.to_string(), |text| text.to_string())
}
