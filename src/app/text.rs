//! Sizes, times and durations in words, the same in every face.

use std::time::Duration;

use humansize::{DECIMAL, format_size};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit};

use crate::engine::meta::FileTime;
use crate::engine::monitor::Progress;
use crate::i18n::{gettext, gettext_f, ngettext_f};

/// A size such as "1.2 MB".
pub fn size(bytes: u64) -> String {
    format_size(bytes, DECIMAL.decimal_places(1))
}

/// A moment in this computer's zone, such as "21 Nov 2026, 10:00".
pub fn moment(time: Timestamp) -> String {
    time.to_zoned(TimeZone::system()).strftime("%-d %b %Y, %H:%M").to_string()
}

/// An entry's time in this computer's zone; what no calendar holds is said as such.
pub fn file_time(time: FileTime) -> String {
    let nanoseconds = i32::try_from(time.nsec).unwrap_or(0);
    match Timestamp::new(time.sec, nanoseconds) {
        Ok(time) => moment(time),
        Err(_) => gettext("unknown time"),
    }
}

/// How long ago a moment was, such as "3 minutes ago".
pub fn ago(time: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(time).as_secs().max(0) as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    if minutes == 0 {
        gettext("just now")
    } else if hours == 0 {
        ngettext_f("{count} minute ago", "{count} minutes ago", minutes, &[])
    } else if days == 0 {
        ngettext_f("{count} hour ago", "{count} hours ago", hours, &[])
    } else {
        ngettext_f("{count} day ago", "{count} days ago", days, &[])
    }
}

/// How long an operation will still take, such as "about 3 minutes left"; `None` while nothing can be said.
pub fn time_left(progress: &Progress, elapsed: Duration) -> Option<String> {
    let fraction = progress.fraction()?;
    if fraction <= 0.01 || elapsed < Duration::from_secs(2) {
        return None;
    }
    let left = elapsed.as_secs_f64() * (1.0 - fraction) / fraction;
    let minutes = (left / 60.0).round() as u64;
    Some(if left < 50.0 {
        let seconds = (left.ceil() as u64).max(1);
        ngettext_f("about {count} second left", "about {count} seconds left", seconds, &[])
    } else if minutes < 90 {
        ngettext_f("about {count} minute left", "about {count} minutes left", minutes.max(1), &[])
    } else {
        let hours = (left / 3600.0).round() as u64;
        ngettext_f("about {count} hour left", "about {count} hours left", hours, &[])
    })
}

/// A rate such as "12.5 MB/s"; `None` before anything can be said.
pub fn rate(bytes: u64, elapsed: Duration) -> Option<String> {
    let seconds = elapsed.as_secs_f64();
    if bytes == 0 || seconds < 0.5 {
        return None;
    }
    let per_second = size((bytes as f64 / seconds) as u64);
    Some(gettext_f("{size}/s", &[("size", &per_second)]))
}

/// A duration such as "2.4 s" or "3 min 12 s".
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        let tenths = format!("{:.1}", duration.as_secs_f64());
        return gettext_f("{seconds} s", &[("seconds", &tenths)]);
    }
    let (minutes, seconds) = ((seconds / 60).to_string(), (seconds % 60).to_string());
    gettext_f("{minutes} min {seconds} s", &[("minutes", &minutes), ("seconds", &seconds)])
}

/// The same moment to the second with its offset, for output that programs read.
pub fn precise(time: Timestamp) -> String {
    let zoned = time.to_zoned(TimeZone::system());
    let rounded = zoned.round(Unit::Second).unwrap_or(zoned);
    rounded.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_ages_read_well() {
        let at = |second| Timestamp::from_second(second).unwrap();
        for (seconds, wanted) in [
            (0, "just now"),
            (60, "1 minute ago"),
            (7_200, "2 hours ago"),
            (172_800, "2 days ago"),
            (-50, "just now"),
        ] {
            assert_eq!(ago(at(1_000_000), at(1_000_000 + seconds)), wanted);
        }
        assert_eq!(duration(Duration::from_millis(2_449)), "2.4 s");
        assert_eq!(duration(Duration::from_secs(192)), "3 min 12 s");
        assert_eq!(size(1_234_567), "1.2 MB");
    }

    #[test]
    fn the_time_left_waits_until_something_can_be_said() {
        let progress = Progress { total_entries: 100, done_entries: 50, ..Progress::default() };
        assert_eq!(time_left(&progress, Duration::from_secs(1)), None);
        assert_eq!(time_left(&Progress::default(), Duration::from_secs(9)), None);
        let text = time_left(&progress, Duration::from_secs(600));
        assert_eq!(text.as_deref(), Some("about 10 minutes left"));
    }
}
