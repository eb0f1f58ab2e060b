//! Sizes as a person types them: a number and a unit, exact in both directions.

/// Units that are understood, the decimal ones first, each with its bytes.
const UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Units as people shorten them: like all sizes that are shown, they are decimal.
const SHORT_UNITS: [(&str, u64); 4] =
    [("k", 1_000), ("M", 1_000_000), ("G", 1_000_000_000), ("T", 1_000_000_000_000)];

/// The bytes that a text such as "4 GB", "1.5 MiB" or "50G" means. A unit is needed, its case is not heeded;
/// `None` for anything else, and for nothing at all.
pub fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(end);
    let unit = unit.trim_start();
    let mut units = UNITS.iter().chain(&SHORT_UNITS);
    let factor = units.find(|(name, _)| name.eq_ignore_ascii_case(unit))?.1;
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    if part.len() > 3 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let scale = 10_u64.pow(u32::try_from(part.len()).ok()?);
    let part = part.parse::<u64>().ok()?.checked_mul(factor)? / scale;
    whole.checked_mul(factor)?.checked_add(part).filter(|bytes| *bytes > 0)
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
            ("4 GB", Some(4_000_000_000)),
            ("4GiB", Some(4 << 30)),
            (" 700 kb ", Some(700_000)),
            ("1.5 MB", Some(1_500_000)),
            ("0.001 kB", Some(1)),
            ("12 B", Some(12)),
            ("12", None),
            ("0 GB", None),
            ("GB", None),
            (".5 GB", None),
            ("5. GB", None),
            ("-1 GB", None),
            ("1.2.3 GB", None),
            ("4 G", Some(4_000_000_000)),
            ("1.5t", Some(1_500_000_000_000)),
            ("4 Gi", None),
            ("4 GB more", None),
            ("99999999999 TB", None),
            ("", None),
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
            assert_eq!(parse(text), Some(bytes));
        }
    }
}
