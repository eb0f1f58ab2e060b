//! Random histories: clocks that step, zones with clock changes, marks, policies and wishes for room.

use std::collections::{BTreeSet, HashMap};

use jiff::SignedDuration;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// Zones that change their clocks at two, at midnight, by half an hour, in the other half of the year, or never.
const ZONES: [&str; 8] = [
    BERLIN,
    "EST5EDT,M3.2.0,M11.1.0",
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    "<-04>4<-03>,M9.1.6/24,M4.1.6/24",
    "NST3:30NDT,M3.2.0/0:01,M11.1.0/0:01",
    "IST-1GMT0,M10.5.0,M3.5.0/1",
    "<+14>-14",
    "UTC0",
];

const REACHES: [&str; 9] =
    ["1", "3", "20", "5 hours", "2 days", "3 weeks", "2 months", "1 year", "until room is needed"];

const TAGS: [Tag; 6] = [Tag::All, Tag::Hourly, Tag::Daily, Tag::Weekly, Tag::Monthly, Tag::Boot];

fn policies() -> impl Strategy<Value = Policy> {
    let rule = (select(&TAGS[..]), select(&REACHES[..]))
        .prop_map(|(tag, reach)| Rule { tag, reach: reach.parse().unwrap() });
    vec(rule, 0..5).prop_map(|rules| Policy { rules })
}

/// Minutes from one run to the next: mostly an hour, at times days, and at times the clock is set.
fn steps() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => 1..120_i64,
        4 => 600..3000_i64,
        1 => 3000..90_000_i64,
        1 => -200..0_i64,
        1 => -100_000..200_000_i64,
    ]
}

fn kinds() -> impl Strategy<Value = SnapshotKind> {
    prop_oneof![
        6 => Just(SnapshotKind::Scheduled),
        1 => Just(SnapshotKind::Manual),
        1 => Just(SnapshotKind::Import),
        2 => Just(SnapshotKind::Before),
        2 => Just(SnapshotKind::After),
    ]
}

fn states() -> impl Strategy<Value = SnapshotState> {
    prop_oneof![
        12 => Just(SnapshotState::Good),
        1 => Just(SnapshotState::Damaged),
        1 => Just(SnapshotState::Missing),
        1 => Just(SnapshotState::Pruned),
    ]
}

/// Snapshots without times: what was made, and whether the computer was started before.
fn snapshots() -> impl Strategy<Value = Vec<(Candidate, bool)>> {
    let marks = (prop::bool::weighted(0.05), prop::bool::weighted(0.05));
    let sizes = prop_oneof![Just(0), 1..1000_u64];
    let one = (kinds(), states(), marks, sizes, prop::bool::weighted(0.1), 1..4_u64).prop_map(
        |(kind, state, (pinned, labelled), only_bytes, booted, gap)| {
            let blank = good(gap, Timestamp::UNIX_EPOCH);
            (Candidate { kind, state, pinned, labelled, frees: bytes(only_bytes), ..blank }, booted)
        },
    );
    vec(one, 0..60)
}

/// Gives each its number, its time and its boot.
fn number(made: Vec<(Candidate, bool)>, steps: &[i64]) -> Vec<Candidate> {
    let (mut seq, mut boot) = (0, 1);
    let mut moment: Timestamp = "2026-03-20T10:00:00Z".parse().unwrap();
    let numbered = made.into_iter().zip(steps).map(|((candidate, booted), step)| {
        seq += candidate.seq;
        moment += SignedDuration::from_mins(*step);
        boot += u128::from(booted);
        let boot = (boot % 4 > 0).then(|| Uuid::from_u128(boot));
        Candidate { seq, started: moment, boot, ..candidate }
    });
    numbered.collect()
}

/// Makes ordinary snapshots of halves without another: they would be given another's once what lies between is gone.
fn leave_no_half_alone(candidates: &mut [Candidate]) {
    let mut is_open = false;
    for candidate in candidates {
        match (candidate.kind, is_open) {
            (SnapshotKind::Before, false) | (SnapshotKind::After, true) => is_open = !is_open,
            _ => candidate.kind = SnapshotKind::Scheduled,
        }
    }
}

/// A history, and everything that a decision about it depends on.
#[derive(Debug, Clone)]
struct Case {
    candidates: Vec<Candidate>,
    policy: Policy,
    zone: &'static str,
    now: Timestamp,
    room: Room,
}

fn cases() -> impl Strategy<Value = Case> {
    let place = (select(&ZONES[..]), policies(), -3000..10_000_i64);
    let room = (0..40_000_u64, 0..3000_u64, option::of(0..3000_u64));
    (snapshots(), vec(steps(), 60), place, room).prop_map(|(made, steps, place, room)| {
        let candidates = number(made, &steps);
        let (zone, policy, late) = place;
        let last = candidates.last().map_or(Timestamp::UNIX_EPOCH, |last| last.started);
        let (wanted, free, total) = room;
        let room = match total {
            Some(part) => Room::for_backup(bytes(wanted), bytes(free), bytes(part * 10)),
            None => Room::asked_for(bytes(wanted), bytes(free)),
        };
        Case { candidates, policy, zone, now: last + SignedDuration::from_mins(late), room }
    })
}

impl Case {
    fn decide(&self, source_missing: bool) -> Decision {
        let zone = zone(self.zone);
        let situation = Situation { now: self.now, zone: &zone, source_missing, room: self.room };
        decide(&self.candidates, &self.policy, &situation)
    }

    /// What is left after a decision was carried out.
    fn after(&self, decision: &Decision) -> Self {
        let dropped = dropped(decision);
        let mut after = self.clone();
        after.candidates.retain(|candidate| !dropped.contains(&candidate.seq));
        after.room.free = after.room.free.plus(decision.frees);
        after
    }

    fn find(&self, seq: u64) -> &Candidate {
        self.candidates.iter().find(|candidate| candidate.seq == seq).unwrap()
    }
}

fn dropped(decision: &Decision) -> BTreeSet<u64> {
    let gone = decision.verdicts.iter().filter(|verdict| !verdict.is_kept());
    gone.map(|verdict| verdict.seq).collect()
}

/// Whether no policy may drop it, told without the code that is tested.
fn is_protected(candidate: &Candidate, case: &Case) -> bool {
    let newest = case
        .candidates
        .iter()
        .filter(|other| other.state == SnapshotState::Good && other.started <= case.now)
        .max_by_key(|other| other.seq);
    candidate.pinned
        || candidate.labelled
        || candidate.started > case.now
        || candidate.state != SnapshotState::Good
        || newest.is_some_and(|newest| newest.seq == candidate.seq)
}

/// The other half of each half, told without the code that is tested.
fn pairs(case: &Case) -> HashMap<u64, u64> {
    let halves = case
        .candidates
        .iter()
        .filter(|candidate| matches!(candidate.kind, SnapshotKind::Before | SnapshotKind::After));
    let halves: Vec<&Candidate> = halves.collect();
    let pairs = halves
        .windows(2)
        .filter(|two| two[0].kind == SnapshotKind::Before && two[1].kind == SnapshotKind::After);
    pairs.flat_map(|two| [(two[0].seq, two[1].seq), (two[1].seq, two[0].seq)]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_protected_is_never_dropped(case in cases()) {
        let decision = case.decide(false);
        let gone = dropped(&decision);
        let pairs = pairs(&case);
        for seq in &gone {
            prop_assert!(!is_protected(case.find(*seq), &case), "{seq}");
            let half = pairs.get(seq).filter(|half| case.find(**half).state == SnapshotState::Good);
            prop_assert!(half.is_none_or(|half| gone.contains(half)), "{seq} without {half:?}");
        }
        let here = case.candidates.iter().filter(|candidate| {
            matches!(candidate.state, SnapshotState::Good | SnapshotState::Damaged)
        });
        let judged = decision.verdicts.iter().map(|verdict| verdict.seq);
        prop_assert!(here.map(|candidate| candidate.seq).eq(judged));
        prop_assert!(dropped(&case.decide(true)).is_empty());
        let freed: u64 = gone.iter().map(|seq| case.find(*seq).frees.bytes).sum();
        prop_assert_eq!(freed, decision.frees.bytes);
    }

    #[test]
    fn deciding_again_drops_nothing_more(case in cases()) {
        let after = case.after(&case.decide(false));
        let again = after.decide(false);
        prop_assert!(dropped(&again).is_empty(), "{again:?}");
    }

    #[test]
    fn more_wanted_room_drops_the_same_and_more(case in cases(), more_bytes in 0..40_000_u64) {
        let mut hungrier = case.clone();
        hungrier.room.wanted.bytes += more_bytes;
        let (less, more) = (case.decide(false), hungrier.decide(false));
        prop_assert!(dropped(&less).is_subset(&dropped(&more)));
        prop_assert!(more.for_room.starts_with(&less.for_room));
        let mut modest = case.clone();
        modest.room = Room::default();
        let none = modest.decide(false);
        prop_assert!(none.for_room.is_empty());
        prop_assert!(dropped(&none).is_subset(&dropped(&less)));
    }

    #[test]
    fn each_day_that_is_kept_daily_keeps_its_first(case in cases(), days in 1..40_u32) {
        let mut case = case;
        let rule = Rule { tag: Tag::Daily, reach: format!("{days} days").parse().unwrap() };
        case.policy.rules.push(rule);
        let kept = case.after(&case.decide(false)).candidates;
        let zone = zone(case.zone);
        let day = |candidate: &Candidate| candidate.started.to_zoned(zone.clone()).date();
        let now = case.now.to_zoned(zone.clone());
        let oldest = now.checked_sub(jiff::Span::new().days(days)).unwrap().date();
        let mut firsts = HashMap::new();
        let good = case.candidates.iter().filter(|one| one.state == SnapshotState::Good);
        for candidate in good.filter(|one| one.started <= case.now) {
            let first = firsts.entry(day(candidate)).or_insert(candidate);
            let is_due = day(first) >= oldest;
            prop_assert!(!is_due || kept.contains(first), "{first:?}");
        }
    }

    #[test]
    fn thinning_as_they_come_leaves_what_thinning_at_last_leaves(
        made in snapshots(),
        steps in vec(1..5000_i64, 60),
        calendar in vec((select(&TAGS[..5]), select(&REACHES[..6])), 0..5),
        counts in vec((select(&TAGS[..]), select(&REACHES[..3])), 1..3),
        posix in select(&ZONES[..]),
    ) {
        let rules = calendar.into_iter().chain(counts);
        let rules = rules.map(|(tag, reach)| Rule { tag, reach: reach.parse().unwrap() });
        let mut all = number(made, &steps);
        leave_no_half_alone(&mut all);
        let mut case = Case {
            candidates: Vec::new(),
            policy: Policy { rules: rules.collect() },
            zone: posix,
            now: Timestamp::UNIX_EPOCH,
            room: Room::default(),
        };
        for candidate in &all {
            case.now = candidate.started;
            case.candidates.push(candidate.clone());
            case = case.after(&case.decide(false));
        }
        let once = Case { candidates: all, ..case.clone() };
        prop_assert_eq!(case.candidates, once.after(&once.decide(false)).candidates);
    }
}
