//! What a first backup would take, before there is any: how much, whether a drive has room for it, and how far back the
//! drive will reach.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use super::error::Result;
use super::rules;
use super::setup::check_sources;
use crate::engine::monitor::Monitor;
use crate::engine::retention::LONGEST_REACH_DAYS;
use crate::engine::rules::RuleSet;
use crate::engine::survey::{self, LATELY, Sum, Survey};

/// Whether a drive has room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It hasn't.
    Lacking {
        /// So many bytes are missing.
        bytes: u64,
    },
    /// It has.
    Fits {
        /// How many days of changes the rest holds if each week changes as much as the last one did; `None` if nothing
        /// changed, which tells nothing.
        reach_days: Option<u32>,
    },
}

/// Looks at the folders as the first backup will, by the rules that are proposed.
///
/// # Errors
/// A folder that can't be read, one inside another, or a stop.
pub fn estimate(folders: &[PathBuf], monitor: &Monitor) -> Result<Survey> {
    let sources = check_sources(folders)?;
    let rules = rules::compile(&RuleSet::for_home())?;
    Ok(survey::survey(&sources, &rules, Timestamp::now(), monitor)?)
}

/// Whether `sum` fits where so many bytes are free.
pub fn fit(sum: Sum, free_bytes: u64) -> Fit {
    let needed = sum.needed_bytes();
    let Some(rest) = free_bytes.checked_sub(needed) else {
        return Fit::Lacking { bytes: needed - free_bytes };
    };
    let days = u128::try_from(LATELY.as_secs() / SignedDuration::from_hours(24).as_secs());
    let lately = u128::from(sum.lately_bytes);
    let reach = days.ok().and_then(|days| (u128::from(rest) * days).checked_div(lately));
    let bounded = |days: u128| days.min(u128::from(LONGEST_REACH_DAYS)).try_into().ok();
    Fit::Fits { reach_days: reach.and_then(bounded) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drive_fits_and_reaches_as_far_as_the_last_week_tells() {
        const GB: u64 = 1 << 30;
        let sum = |bytes, lately_bytes| Sum { entries: 0, bytes, lately_bytes };
        for (name, sum, free, wanted) in [
            ("too small", sum(3 * GB, 0), 2 * GB, Fit::Lacking { bytes: GB }),
            ("quiet", sum(GB, 0), 2 * GB, Fit::Fits { reach_days: None }),
            ("ten weeks", sum(GB, GB), 11 * GB, Fit::Fits { reach_days: Some(70) }),
            ("just so", sum(GB, GB), GB, Fit::Fits { reach_days: Some(0) }),
            ("ever", sum(1, 1), u64::MAX, Fit::Fits { reach_days: Some(LONGEST_REACH_DAYS) }),
        ] {
            assert_eq!(fit(sum, free), wanted, "{name}");
        }
        // Each entry costs room beside its content.
        let many = Sum { entries: 1 << 20, ..Sum::default() };
        assert_eq!(fit(many, 0), Fit::Lacking { bytes: GB });
    }
}
