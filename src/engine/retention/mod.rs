//! Which snapshots are kept and which may go, and why: pure, so that a preview, a dry run and pruning are the same.
//!
//! A snapshot is kept if any rule of the policy keeps it. A rule is a tag and a reach: the tag (`daily`) is borne by
//! the first snapshot of each local day, the reach (`30 days`) says how far back those are kept. Nothing about tags is
//! stored. The *first* of a period bears its tag, because no later run can take it away again: what is the daily
//! one today is so tomorrow, and thinning every hour leaves the same as thinning once a year.
//!
//! Whatever the policy says:
//!
//! - Order is by number, since clocks step back. Hours, days, weeks from Monday and months are those of the person's zone;
//!   a day may have 23 or 25 hours.
//! - A **pinned** or **labelled** snapshot is kept, and so is the **newest good** one.
//! - One **from the future** (it began after now) is kept, bears no tag and counts for nothing.
//! - A **damaged** one is kept, and bears no tag: it may hold the only copy of something, so that a person decides.
//! - A `before` and its `after` are kept or dropped **together** (`pair.rs`); a `before` whose `after` may still come is kept.
//! - While a **source is missing**, nothing is dropped.
//! - What is missing from the drive, or pruned already, is no business of retention: there is no verdict on it.
//! - What is kept *until room is needed* goes only for room that is wanted (`room.rs`), and never while
//!   enough of the drive is free.

mod forecast;
mod pair;
mod policy;
mod room;
mod table;
mod tag;
#[cfg(test)]
mod tests;
mod verdict;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::history::SnapshotState;
use super::seal::SnapshotKind;
use pair::Pairs;
use room::Droppable;
use tag::Eligible;

pub use forecast::{Growth, LONGEST_REACH_DAYS, forecast_days};
pub use policy::{Age, AgeUnit, BadReach, Policy, Reach, Rule};
pub use room::{Amount, Room};
pub use tag::{BadTag, Tag};
pub use verdict::{Decision, Reason, Verdict};

/// What retention must know of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Order among all.
    pub seq: u64,
    /// When its run began.
    pub started: Timestamp,
    /// Why it was made.
    pub kind: SnapshotKind,
    /// Whether it can be relied on.
    pub state: SnapshotState,
    /// A person wants it kept.
    pub pinned: bool,
    /// A person gave it a name.
    pub labelled: bool,
    /// What deleting it alone would free.
    pub frees: Amount,
    /// The boot of the computer in which it was made, if that is known.
    pub boot: Option<Uuid>,
}

/// What a person wants kept.
#[derive(Debug, Clone)]
pub struct Retention {
    /// The rules.
    pub policy: Policy,
    /// The zone whose hours and days are the person's.
    pub zone: TimeZone,
}

/// The moment and the place in which a decision is made.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The present moment.
    pub now: Timestamp,
    /// The zone whose hours and days are the person's.
    pub zone: &'a TimeZone,
    /// A source could not be found the last time, so that the newest snapshots may lack it.
    pub source_missing: bool,
    /// How much room is wanted on the drive.
    pub room: Room,
}

/// A snapshot with all that speaks for keeping it.
struct Standing<'a> {
    candidate: &'a Candidate,
    /// Where its other half stands.
    partner: Option<usize>,
    /// Why it is kept whatever the policy says.
    protection: Option<Reason>,
    /// The rules that keep it.
    rules: Vec<Rule>,
    /// The rules that keep it until room is needed.
    until_room: Vec<Rule>,
}

/// Decides about each snapshot on the drive. The order in which they are given doesn't matter.
///
/// Costs O(n log n). Deciding again about what is kept drops nothing more, and more wanted room drops the same and more.
pub fn decide(candidates: &[Candidate], policy: &Policy, situation: &Situation<'_>) -> Decision {
    let mut sorted: Vec<&Candidate> = candidates.iter().collect();
    sorted.sort_by_key(|candidate| candidate.seq);
    let mut standings = stand(&sorted, situation.now);
    apply(policy, &mut standings, situation);

    let otherwise = if policy.rules.is_empty() {
        Reason::NoRules
    } else if situation.source_missing {
        Reason::SourceMissing
    } else {
        Reason::Thinned
    };
    let mut verdicts = Vec::with_capacity(standings.len());
    let mut droppable = Vec::new();
    let mut thinned = Thinned::default();
    for (at, standing) in standings.iter().enumerate() {
        if !standing.candidate.is_here() {
            continue;
        }
        let partner = standing.partner.and_then(|partner| standings.get(partner));
        let reason = standing.reason(partner).unwrap_or_else(|| otherwise.clone());
        // A pair is one thing to drop, named where its first half stands.
        let is_first = standing.partner.is_none_or(|partner| partner > at);
        let other = partner.map(|partner| partner.candidate);
        if reason == Reason::Thinned && is_first {
            thinned.add(std::iter::once(standing.candidate).chain(other));
        }
        if standing.goes_for_room(partner) && is_first {
            droppable.push(Droppable::new(standing.candidate, other, situation.now));
        }
        verdicts.push(Verdict { seq: standing.candidate.seq, reason });
    }
    if situation.source_missing {
        droppable.clear();
    }
    room::make(situation.room, thinned, droppable, verdicts)
}

/// What no rule keeps.
#[derive(Debug, Default)]
struct Thinned {
    /// Numbers, both halves of a pair at once.
    groups: Vec<Vec<u64>>,
    /// What deleting them frees.
    frees: Amount,
}

impl Thinned {
    fn add<'a>(&mut self, together: impl Iterator<Item = &'a Candidate>) {
        let mut group = Vec::new();
        for one in together {
            group.push(one.seq);
            self.frees = self.frees.plus(one.frees);
        }
        self.groups.push(group);
    }
}

/// Every snapshot with what protects it, in the order of their numbers.
fn stand<'a>(sorted: &[&'a Candidate], now: Timestamp) -> Vec<Standing<'a>> {
    let newest = sorted.iter().rposition(|candidate| candidate.is_eligible(now));
    let pairs = Pairs::find(sorted);
    let standings = sorted.iter().zip(pairs.partners).enumerate();
    standings
        .map(|(at, (candidate, partner))| {
            let protections = [
                (candidate.pinned, Reason::Pinned),
                (candidate.labelled, Reason::Labelled),
                (candidate.state == SnapshotState::Damaged, Reason::Damaged),
                (candidate.started > now, Reason::Future),
                (newest == Some(at), Reason::NewestGood),
                (pairs.open == Some(at), Reason::AfterToCome),
            ];
            let protection = protections.into_iter().find(|(holds, _)| *holds);
            Standing {
                candidate,
                partner,
                protection: protection.map(|(_, reason)| reason),
                rules: Vec::new(),
                until_room: Vec::new(),
            }
        })
        .collect()
}

/// Notes at each snapshot which rules keep it.
fn apply(policy: &Policy, standings: &mut [Standing<'_>], situation: &Situation<'_>) {
    let now = situation.now.to_zoned(situation.zone.clone());
    let eligible: Vec<Eligible> = standings
        .iter()
        .enumerate()
        .filter(|(_, standing)| standing.candidate.is_eligible(situation.now))
        .map(|(at, standing)| Eligible::new(at, standing.candidate, situation.zone))
        .collect();
    for rule in &policy.rules {
        for kept in rule.kept(&eligible, &now) {
            let Some(standing) = standings.get_mut(kept.at) else { continue };
            match rule.reach {
                Reach::UntilRoom => standing.until_room.push(*rule),
                Reach::Newest(_) | Reach::For(_) => standing.rules.push(*rule),
            }
        }
    }
}

impl Candidate {
    /// Takes back that it can be relied on.
    pub fn distrust(&mut self) {
        if self.state == SnapshotState::Good {
            self.state = SnapshotState::Damaged;
        }
    }

    /// Whether it is on the drive.
    fn is_here(&self) -> bool {
        matches!(self.state, SnapshotState::Good | SnapshotState::Damaged)
    }

    /// Whether rules may keep it: it can be relied on, and its time can be believed.
    fn is_eligible(&self, now: Timestamp) -> bool {
        self.state == SnapshotState::Good && self.started <= now
    }
}

impl Standing<'_> {
    /// Whether it is kept however much room is wanted.
    fn is_firm(&self) -> bool {
        self.protection.is_some() || !self.rules.is_empty()
    }

    /// Why it is kept as long as no room is wanted; `None` if nothing keeps it.
    fn reason(&self, partner: Option<&Self>) -> Option<Reason> {
        if let Some(protection) = &self.protection {
            return Some(protection.clone());
        }
        if !self.rules.is_empty() {
            return Some(Reason::Rules(self.rules.clone()));
        }
        let pair = |partner: &Self| Reason::Pair { seq: partner.candidate.seq };
        if let Some(firm) = partner.filter(|partner| partner.is_firm()) {
            return Some(pair(firm));
        }
        if !self.until_room.is_empty() {
            return Some(Reason::UntilRoom(self.until_room.clone()));
        }
        partner.filter(|partner| !partner.until_room.is_empty()).map(pair)
    }

    /// Whether nothing but rules that hold until room is needed keeps it and its other half.
    fn goes_for_room(&self, partner: Option<&Self>) -> bool {
        let both = || std::iter::once(self).chain(partner);
        !both().any(Self::is_firm) && both().any(|half| !half.until_room.is_empty())
    }
}
