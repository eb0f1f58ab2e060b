//! The estimate in plain words.

use crate::app::estimate::{Fit, fit};
use crate::app::text;
use crate::engine::survey::Sum;
use crate::i18n::{gettext, gettext_f, ngettext_f};

/// A drive that reaches farther back than this, in days, is only said to do so.
const FAR_DAYS: u32 = 10 * 365;

/// How much it is, or was so far.
pub fn amount(sum: Sum, is_looking: bool) -> String {
    let size = text::size(sum.bytes);
    let words = &[("size", size.as_str())];
    match is_looking {
        true => ngettext_f(
            "{count} item so far, {size}",
            "{count} items so far, {size}",
            sum.entries,
            words,
        ),
        false => ngettext_f("{count} item, {size}", "{count} items, {size}", sum.entries, words),
    }
}

/// Whether the drive has too little room.
pub fn is_lacking(sum: Sum, free_bytes: Option<u64>) -> bool {
    free_bytes.is_some_and(|free| matches!(fit(sum, free), Fit::Lacking { .. }))
}

/// Whether the drive has room, how far back it will reach, and what could not be looked at.
pub fn verdict(sum: Sum, free_bytes: Option<u64>, unreadable: u64) -> String {
    let mut lines = Vec::new();
    lines.extend(free_bytes.map(|free| match fit(sum, free) {
        Fit::Lacking { bytes } => gettext_f(
            "That is {size} more than the drive has room for. Leave something out, or choose a larger drive.",
            &[("size", &text::size(bytes))],
        ),
        Fit::Fits { reach_days: None } => gettext("The drive has room for it."),
        Fit::Fits { reach_days: Some(days) } => reach(days),
    }));
    if unreadable > 0 {
        lines.push(ngettext_f(
            "{count} folder could not be read.",
            "{count} folders could not be read.",
            unreadable,
            &[],
        ));
    }
    lines.join("\n")
}

/// How far back, said as what it is: a guess by one week.
fn reach(days: u32) -> String {
    match days {
        0 => gettext("The drive has room for it, but hardly for later changes."),
        FAR_DAYS.. => gettext(
            "The drive has room for it, and for more than ten years of changes like last week’s.",
        ),
        days => gettext_f(
            "The drive has room for it, and for about {time} of changes like last week’s.",
            &[("time", &text::days(days))],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_told_in_plain_words() {
        const GB: u64 = 1_000_000_000;
        let sum = Sum { entries: 2, bytes: 3 * GB, lately_bytes: GB };
        assert!(amount(sum, false).starts_with("2 items, 3"));
        assert!(amount(sum, true).contains("so far"));
        assert_eq!(verdict(sum, None, 0), "");
        assert!(is_lacking(sum, Some(2 * GB)) && !is_lacking(sum, None));
        assert!(verdict(sum, Some(2 * GB), 0).contains("more than the drive has room for"));
        assert!(verdict(sum, Some(33 * GB), 0).contains("about 6 months"));
        assert!(verdict(sum, Some(4_000_000 * GB), 0).contains("ten years"));
        assert!(verdict(sum, Some(33 * GB), 1).ends_with("1 folder could not be read."));
    }
}
