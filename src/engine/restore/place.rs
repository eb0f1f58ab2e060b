//! The names of what is restored beside something that stays.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustix::io::Errno;

use crate::engine::dir::Dir;
use crate::engine::path::NAME_MAX_BYTES;

/// `name` with the snapshot's local date before its ending, and a number where that is taken in `dir`.
pub fn dated_name(name: &[u8], moment: Timestamp, dir: &Dir) -> rustix::io::Result<Vec<u8>> {
    free_name(name, moment, |candidate| dir.has(candidate))
}

/// As [`dated_name`], where `is_taken` knows which names are.
pub fn free_name(
    name: &[u8],
    moment: Timestamp,
    mut is_taken: impl FnMut(&[u8]) -> rustix::io::Result<bool>,
) -> rustix::io::Result<Vec<u8>> {
    let date = moment.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H-%M").to_string();
    for number in 1_u32.. {
        let mark = match number {
            1 => format!(" ({date})"),
            number => format!(" ({date}) {number}"),
        };
        let candidate = insert(name, &mark);
        if !is_taken(&candidate)? {
            return Ok(candidate);
        }
    }
    Err(Errno::EXIST)
}

/// Puts `mark` before the ending of `name`, cutting the middle where the whole would be too long.
fn insert(name: &[u8], mark: &str) -> Vec<u8> {
    let dot = name.iter().rposition(|&b| b == b'.').filter(|&at| at > 0 && name.len() - at <= 32);
    let (stem, ending) = name.split_at(dot.unwrap_or(name.len()));
    let mut room = NAME_MAX_BYTES.saturating_sub(mark.len() + ending.len()).min(stem.len());
    // Not in the middle of a character, if the name is UTF-8.
    while room > 0 && room < stem.len() && stem[room] & 0xc0 == 0x80 {
        room -= 1;
    }
    [&stem[..room], mark.as_bytes(), ending].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_goes_before_the_ending_and_the_name_stays_short_enough() {
        let text = |name: &str| String::from_utf8(insert(name.as_bytes(), " (x)")).unwrap();
        assert_eq!(text("letter.odt"), "letter (x).odt");
        assert_eq!(text("archive.tar.gz"), "archive.tar (x).gz");
        assert_eq!(text(".bashrc"), ".bashrc (x)");
        assert_eq!(text("Makefile"), "Makefile (x)");
        let long = format!("{}.odt", "ä".repeat(125));
        let cut = insert(long.as_bytes(), " (x)");
        assert!(cut.len() <= NAME_MAX_BYTES);
        assert!(String::from_utf8(cut).unwrap().ends_with(" (x).odt"));
    }
}
