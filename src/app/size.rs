//! Sizes as a person types them: a number and a unit, exact in both directions.

/// Units that are understood, the decimal ones first, each with its bytes.
const UNITS: [(&str, u64); 13] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("PB", 1_000_000_000_000_000),
    ("EB", 1_000_000_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("PiB", 1 << 50),
    ("EiB", 1 << 60),
];

/// Units as people shorten them: like all sizes that are shown, they are decimal.
const SHORT_UNITS: [(&str, u64); 6] = [
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("P", 1_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000),
];

/// Why a text is no size that can be meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSize {
    /// It is no number with a unit.
    #[error("it is no size such as \"4 GB\", \"700 MiB\" or 5000000")]
    Unclear,
    /// It is nothing, or less than that.
    #[error("a size is from 1 byte on")]
    Nothing,
    /// More bytes than can be counted.
    #[error("it is too large")]
    TooLarge,
}

/// The bytes that a text such as "4 GB", "1.5 MiB" or "50G" means. A unit is needed, its case is not heeded.
///
/// # Errors
/// Anything else, and nothing at all, for which no unit is needed.
pub fn parse(text: &str) -> Result<u64, BadSize> {
    let text = text.trim();
    let (is_negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let are_digits =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(part) || part.len() > 3 {
        return Err(BadSize::Unclear);
    }
    let factor = factor(unit.trim_start());
    let is_nothing = number.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    if (is_nothing && unit.is_empty()) || (is_negative && factor.is_some()) {
        return Err(BadSize::Nothing);
    }
    let factor = factor.ok_or(BadSize::Unclear)?;
    match bytes(whole, part, factor).ok_or(BadSize::TooLarge)? {
        0 => Err(BadSize::Nothing),
        bytes => Ok(bytes),
    }
}

/// The bytes of a unit.
fn factor(unit: &str) -> Option<u64> {
    let mut units = UNITS.iter().chain(&SHORT_UNITS);
    units.find(|(name, _)| name.eq_ignore_ascii_case(unit)).map(|(_, factor)| *factor)
}

/// So many units, of which `whole` and `part` are the digits before and after the point; `None` if that is too much.
fn bytes(whole: &str, part: &str, factor: u64) -> Option<u64> {
    let scale = 10_u64.pow(u32::try_from(part.len()).ok()?);
    let part = part.parse::<u64>().ok()?.checked_mul(factor)? / scale;
    whole.parse::<u64>().ok()?.checked_mul(factor)?.checked_add(part)
}

/// The shortest text that [`parse`] takes for exactly these bytes.
pub fn exact(bytes: u64) -> String {
    let whole = UNITS.iter().filter(|(_, factor)| bytes.is_multiple_of(*factor));
    let (name, factor) = whole.max_by_key(|(_, factor)| *factor).unwrap_or(&UNITS[0]);
    format!("{} {name}", bytes / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_exactly_or_not_at_all() {
        for (text, bytes) in [
            ("4 GB", Ok(4_000_000_000)),
            ("4GiB", Ok(4 << 30)),
            (" 700 kb ", Ok(700_000)),
            ("1.5 MB", Ok(1_500_000)),
            ("0.001 kB", Ok(1)),
            ("12 B", Ok(12)),
            ("12", Err(BadSize::Unclear)),
            ("GB", Err(BadSize::Unclear)),
            (".5 GB", Err(BadSize::Unclear)),
            ("5. GB", Err(BadSize::Unclear)),
            ("1.2.3 GB", Err(BadSize::Unclear)),
            ("4 G", Ok(4_000_000_000)),
            ("1.5t", Ok(1_500_000_000_000)),
            ("4 Gi", Err(BadSize::Unclear)),
            ("4 GB more", Err(BadSize::Unclear)),
            ("0 GB more", Err(BadSize::Unclear)),
            ("--1 GB", Err(BadSize::Unclear)),
            ("-1", Err(BadSize::Unclear)),
            ("", Err(BadSize::Unclear)),
            ("-", Err(BadSize::Unclear)),
            ("0", Err(BadSize::Nothing)),
            ("0.0", Err(BadSize::Nothing)),
            ("0 GB", Err(BadSize::Nothing)),
            ("0.1 B", Err(BadSize::Nothing)),
            ("-1 GB", Err(BadSize::Nothing)),
            ("1 PB", Ok(1_000_000_000_000_000)),
            ("2 EiB", Ok(2 << 60)),
            ("100 E", Err(BadSize::TooLarge)),
            ("99999999999 TB", Err(BadSize::TooLarge)),
            ("99999999999999999999999 B", Err(BadSize::TooLarge)),
        ] {
            assert_eq!(parse(text), bytes, "{text:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (bytes, text) in [
            (4_000_000_000, "4 GB"),
            (4 << 30, "4 GiB"),
            (1_500_000, "1500 kB"),
            (1_234_567, "1234567 B"),
            (u64::MAX, "18446744073709551615 B"),
        ] {
            assert_eq!(exact(bytes), text);
            assert_eq!(parse(text), Ok(bytes));
        }
    }
}
