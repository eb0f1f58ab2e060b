//! How far back the drive will reach.

use super::*;
use jiff::SignedDuration;

const NOW: i64 = 2_000_000_000;

/// Snapshots so many hours ago, with what they added.
fn grown(told: &[(i64, u64)]) -> Vec<Growth> {
    let now = Timestamp::from_second(NOW).unwrap();
    let ago = |hours| now - SignedDuration::from_hours(hours);
    let numbered = told.iter().zip(1..);
    numbered
        .map(|(&(hours, copied_bytes), seq)| Growth { seq, started: ago(hours), copied_bytes })
        .collect()
}

#[test]
fn the_room_for_history_lasts_as_long_as_it_grows_so_fast() {
    let now = Timestamp::from_second(NOW).unwrap();
    let day = |days: i64| days * 24;
    for (told, free_bytes, freeable_bytes, wanted) in [
        // Too little is known.
        (&[][..], 100, 0, None),
        (&[(day(6), 9), (1, 9)], 100, 0, None),
        (&[(-day(6), 9), (day(9), 9)], 100, 0, None),
        // The first one tells nothing; seven bytes in a week are one a day.
        (&[(day(7), 1000), (day(3), 4), (0, 3)], 100, 20, Some(120)),
        (&[(day(14), 1000), (day(3), 4), (0, 3)], 100, 20, Some(240)),
        // What is four weeks old, or from the future, doesn't count.
        (&[(day(90), 1), (day(40), 99), (day(28), 99), (5, 28), (-1, 99)], 50, 0, Some(50)),
        // The order is that of numbers.
        (&[(day(28), 1), (day(1), 7), (day(2), 21)], 50, 0, Some(50)),
        (&[(day(28), 1), (1, 28)], 0, 0, Some(0)),
        // No growth, next to none, and more than can be.
        (&[(day(28), 1)], 50, 0, Some(LONGEST_REACH_DAYS)),
        (&[(day(28), 1), (1, 1)], u64::MAX, u64::MAX, Some(LONGEST_REACH_DAYS)),
        (&[(day(28), 1), (1, u64::MAX), (1, u64::MAX)], u64::MAX, 0, Some(14)),
    ] {
        let found = forecast_days(&grown(told), now, free_bytes, freeable_bytes);
        assert_eq!(found, wanted, "{told:?}");
    }
}
