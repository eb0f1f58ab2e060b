//! Moments as headings and clock times, in this computer's zone and language.

use jiff::Timestamp;
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

fn local(time: Timestamp, format: &str) -> String {
    glib::DateTime::from_unix_local(time.as_second())
        .and_then(|local| local.format(format))
        .map_or_else(|_| time.to_string(), |text| text.to_string())
}
