//! How far back the drive will reach, judged by how fast the history grew of late.

use jiff::{SignedDuration, Timestamp};

/// How far the look back goes.
const WINDOW: SignedDuration = SignedDuration::from_hours(28 * 24);

/// Less than this tells nothing: one full week, since weekends differ.
const LEAST: SignedDuration = SignedDuration::from_hours(7 * 24);

const DAY_SECONDS: u128 = 24 * 60 * 60;

/// What is said of a drive that no growth will ever fill: a hundred years, in days.
pub const LONGEST_REACH_DAYS: u32 = 36_525;

/// What one snapshot added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Growth {
    /// Order among all.
    pub seq: u64,
    /// When its run began.
    pub started: Timestamp,
    /// Bytes of content that it added.
    pub copied_bytes: u64,
}

/// How many days back the drive will reach once it is full and each new snapshot takes the room of an old one;
/// `None` if less than a week is known. At most [`LONGEST_REACH_DAYS`].
///
/// That is the room that history can have, `free_bytes` and what dropping everything kept only until room is needed
/// would free (`freeable_bytes`), at the growth of the last four weeks. Of `grown` the first snapshot doesn't count, which
/// copied everything, nor one from the future. Pruned snapshots belong to it as far as they are known: what
/// they added may live on in later ones. What does not makes the answer a cautious one.
pub fn forecast_days(
    grown: &[Growth],
    now: Timestamp,
    free_bytes: u64,
    freeable_bytes: u64,
) -> Option<u32> {
    let first = grown.iter().min_by_key(|growth| growth.seq)?;
    let known = now.duration_since(first.started).min(WINDOW);
    if known < LEAST {
        return None;
    }
    let added_bytes: u128 = grown
        .iter()
        .filter(|growth| growth.seq != first.seq)
        .filter(|growth| {
            let age = now.duration_since(growth.started);
            !age.is_negative() && age < WINDOW
        })
        .map(|growth| u128::from(growth.copied_bytes))
        .sum();
    let room_bytes = u128::from(free_bytes) + u128::from(freeable_bytes);
    let known_seconds = u128::try_from(known.as_secs()).ok()?;
    let days = room_bytes.checked_mul(known_seconds)?.checked_div(added_bytes * DAY_SECONDS);
    let days = days.and_then(|days| u32::try_from(days).ok());
    Some(days.unwrap_or(LONGEST_REACH_DAYS).min(LONGEST_REACH_DAYS))
}
