//! Sizes, times and durations in words, the same in every face.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use humansize::{DECIMAL, format_size};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit};

use crate::engine::meta::FileTime;
use crate::engine::monitor::Progress;
use crate::engine::path::display;
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

/// A number of days in the unit that fits it, such as "5 days", "3 weeks", "14 months" or "3 years".
pub fn days(days: u32) -> String {
    let days = u64::from(days);
    // A month is 30.4 days long.
    let (weeks, months, years) = (days / 7, days * 10 / 304, days * 100 / 36_525);
    if days < 14 {
        ngettext_f("{count} day", "{count} days", days, &[])
    } else if months < 2 {
        ngettext_f("{count} week", "{count} weeks", weeks, &[])
    } else if years < 2 {
        ngettext_f("{count} month", "{count} months", months, &[])
    } else {
        ngettext_f("{count} year", "{count} years", years, &[])
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

/// A path as a shell takes it, without a byte that could do anything to the screen.
pub fn quoted(path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes();
    let shown = display(bytes);
    if shown.as_bytes() != bytes {
        return escaped(bytes);
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@".contains(c);
    if !shown.is_empty() && shown.chars().all(is_plain) {
        shown
    } else {
        format!("'{}'", shown.replace('\'', "'\\''"))
    }
}

/// Bytes between `$'` and `'`, where a shell knows escapes for what can't be shown.
fn escaped(bytes: &[u8]) -> String {
    let mut text = "$'".to_owned();
    let hex = |text: &mut String, bytes: &[u8]| {
        for byte in bytes {
            // Writing to a text can't fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    };
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let mut buffer = [0; 4];
            let encoded = c.encode_utf8(&mut buffer);
            match c {
                '\n' => text.push_str("\\n"),
                '\\' | '\'' => text.extend(['\\', c]),
                _ if *display(encoded.as_bytes()) != *encoded => hex(&mut text, encoded.as_bytes()),
                _ => text.push(c),
            }
        }
        hex(&mut text, chunk.invalid());
    }
    text.push('\'');
    text
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
    fn a_shell_takes_every_path_as_it_is() {
        use std::ffi::OsStr;
        use std::process::Command;

        for (bytes, wanted) in [
            (&b"/a/b-c_d.e+f@g"[..], "/a/b-c_d.e+f@g"),
            (b"", "''"),
            (b"/it's $HOME\\n", "'/it'\\''s $HOME\\n'"),
            ("/über *".as_bytes(), "'/über *'"),
            (b"/it's\n\x1b[1m\\", "$'/it\\'s\\n\\x1b[1m\\\\'"),
            (b"/\xff1 \xc3\xbc", "$'/\\xff1 ü'"),
            ("/\u{202e}a\u{85}".as_bytes(), "$'/\\xe2\\x80\\xaea\\xc2\\x85'"),
        ] {
            let found = quoted(Path::new(OsStr::from_bytes(bytes)));
            assert_eq!(found, wanted);
            let told = Command::new("bash").arg("-c").arg(format!("printf %s {found}")).output();
            assert_eq!(told.unwrap().stdout, bytes, "{found}");
        }
    }

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
    fn days_are_told_in_the_unit_that_fits_them() {
        for (number, wanted) in [
            (0, "0 days"),
            (1, "1 day"),
            (13, "13 days"),
            (14, "2 weeks"),
            (60, "8 weeks"),
            (61, "2 months"),
            (427, "14 months"),
            (730, "24 months"),
            (731, "2 years"),
            (36_525, "100 years"),
        ] {
            assert_eq!(days(number), wanted, "{number}");
        }
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
