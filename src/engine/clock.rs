//! The clock that the engine is given, so that tests can own time.

use jiff::{Timestamp, Zoned, tz::TimeZone};

use super::meta::FileTime;

/// Tells the present moment.
pub trait Clock: Send + Sync {
    /// The moment, in the zone that this computer is in.
    fn now(&self) -> Zoned;
}

/// The computer's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Zoned {
        Zoned::now()
    }
}

/// A clock that stands still.
#[derive(Debug, Clone)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Zoned {
        self.0.to_zoned(TimeZone::UTC)
    }
}

/// A moment as file systems keep it, rounded down to what they can hold.
pub fn file_time(moment: Timestamp) -> FileTime {
    let nanoseconds = moment.as_nanosecond();
    FileTime {
        sec: i64::try_from(nanoseconds.div_euclid(1_000_000_000)).unwrap_or(i64::MAX),
        nsec: u32::try_from(nanoseconds.rem_euclid(1_000_000_000)).unwrap_or(0),
    }
}
