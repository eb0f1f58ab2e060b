//! What the rules make of the history as a whole: how much they would let go now, and how far back the drive reaches.

use jiff::Timestamp;

use super::error::Result;
use super::state::{known_usage, remember_usage};
use super::target::Target;
use crate::engine::history::History;
use crate::engine::monitor::Monitor;
use crate::engine::prune::{PruneRequest, Wanted};
use crate::engine::retention::{Age, AgeUnit, Policy, Reach, Reason, forecast_days};

/// What there is to say of the rules that were agreed to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlook {
    /// How many snapshots they would let go now.
    pub droppable: u64,
    /// How many days back the drive will reach; `None` while too little is known.
    pub reach_days: Option<u32>,
    /// Whether the drive is full after that time, since the rules let nothing go until then.
    pub fills_up: bool,
}

/// What the rules of `target` make of a history whose drive is attached; `None` if none were agreed to.
///
/// # Errors
/// The drive is away.
pub(super) fn outlook(target: &Target, history: &History) -> Result<Option<Outlook>> {
    if target.retention.is_none() {
        return Ok(None);
    }
    let now = Timestamp::now();
    let plan = history.plan_prune(
        &PruneRequest {
            retention: &target.retention(),
            sources: &target.sources,
            accept_empty: false,
            now,
            wanted: Wanted::Nothing,
            with_sizes: false,
        },
        &Monitor::new(),
    )?;
    let droppable = plan.judged.iter().filter(|one| one.goes()).count();
    // What it takes to know how much could be freed is done only where something is said of it.
    let growth = history.growth()?;
    let is_known = forecast_days(&growth, now, plan.room.free.bytes, 0).is_some();
    let reach_days = match is_known {
        true => {
            let may_go = |seq: u64| {
                let found = plan.find(seq);
                found.is_some_and(|one| one.goes() || matches!(one.reason, Reason::UntilRoom(_)))
            };
            let freeable_bytes = freeable(history, may_go)?;
            forecast_days(&growth, now, plan.room.free.bytes, freeable_bytes)
        }
        false => None,
    };
    let policy = target.retention().policy;
    Ok(Some(Outlook {
        droppable: droppable as u64,
        reach_days,
        fills_up: reach_days.is_some_and(|days| !lets_go_within(&policy, days)),
    }))
}

/// Whether the rules let anything go that is younger than so many days.
fn lets_go_within(policy: &Policy, days: u32) -> bool {
    policy.rules.iter().any(|rule| match rule.reach {
        Reach::Newest(_) | Reach::UntilRoom => true,
        Reach::For(age) => about_days(age) <= u64::from(days),
    })
}

/// An age in whole days, begun ones counted.
fn about_days(age: Age) -> u64 {
    let number = u64::from(age.number.get());
    match age.unit {
        AgeUnit::Hour => number.div_ceil(24),
        AgeUnit::Day => number,
        AgeUnit::Week => number.saturating_mul(7),
        AgeUnit::Month => number.saturating_mul(30),
        AgeUnit::Year => number.saturating_mul(365),
    }
}

/// About how many bytes those that `may_go` hold alone.
fn freeable(history: &History, may_go: impl Fn(u64) -> bool) -> Result<u64> {
    let repository = history.repository()?.marker().id;
    let former = known_usage(repository);
    let mut known = former.clone();
    let usage = history.usage_with(&mut known)?;
    if known != former {
        remember_usage(repository, &known);
    }
    let going = usage.iter().filter(|one| may_go(one.seq));
    Ok(going.fold(0, |sum, one| sum.saturating_add(one.only_bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_keep_all_for_longer_let_nothing_go() {
        for (table, days, wanted) in [
            ("", 36_525, false),
            ("all = \"1 year\"\n", 364, false),
            ("all = \"1 year\"\n", 365, true),
            ("all = \"25 hours\"\n", 1, false),
            ("all = \"2 weeks\"\nmonthly = \"100 years\"\n", 14, true),
            ("monthly = \"3 months\"\n", 89, false),
            ("all = 1000\n", 0, true),
            ("all = \"until room is needed\"\n", 0, true),
        ] {
            let policy: Policy = toml::from_str(table).unwrap();
            assert_eq!(lets_go_within(&policy, days), wanted, "{table}, {days}");
        }
    }
}
