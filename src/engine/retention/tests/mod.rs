//! Tests of what is kept: tables of snapshots with what becomes of each, and random ones.

mod calendar;
mod decade;
mod forecast;
mod policy;
mod protection;
mod random;
mod room;

use super::*;

/// Berlin's rules, which no machine lacks.
const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

fn zone(posix: &str) -> TimeZone {
    TimeZone::posix(posix).unwrap()
}

fn policy(text: &str) -> Policy {
    toml::from_str(text).unwrap()
}

fn bytes(bytes: u64) -> Amount {
    Amount::of_bytes(bytes)
}

fn good(seq: u64, started: Timestamp) -> Candidate {
    Candidate {
        seq,
        started,
        kind: SnapshotKind::Scheduled,
        state: SnapshotState::Good,
        pinned: false,
        labelled: false,
        frees: bytes(0),
        boot: None,
    }
}

/// What is decided in a table, and when.
struct Scene {
    policy: Policy,
    now: Timestamp,
    zone: TimeZone,
    source_missing: bool,
    room: Room,
}

impl Scene {
    /// In UTC, with no room wanted.
    fn new(rules: &str, now: &str) -> Self {
        Self {
            policy: policy(rules),
            now: now.parse().unwrap(),
            zone: TimeZone::UTC,
            source_missing: false,
            room: Room::default(),
        }
    }

    fn decide(&self, candidates: &[Candidate]) -> Decision {
        let situation = Situation {
            now: self.now,
            zone: &self.zone,
            source_missing: self.source_missing,
            room: self.room,
        };
        decide(candidates, &self.policy, &situation)
    }

    /// Each line is `TIME [WORD…] | REASON`, numbered from 1; the reason is `-` if there is no verdict.
    #[track_caller]
    fn check(&self, table: &str) -> Decision {
        let (mut candidates, mut wanted) = (Vec::new(), Vec::new());
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (told, reason) = line.split_once('|').unwrap();
            let seq = candidates.len() as u64 + 1;
            candidates.push(candidate(seq, told));
            if reason.trim() != "-" {
                wanted.push(format!("{seq} {}", reason.trim()));
            }
        }
        // The order in which they are given means nothing.
        candidates.reverse();
        let decision = self.decide(&candidates);
        let found =
            decision.verdicts.iter().map(|one| format!("{} {}", one.seq, word(&one.reason)));
        assert_eq!(found.collect::<Vec<_>>(), wanted);
        decision
    }
}

/// A snapshot as a table tells of it.
fn candidate(seq: u64, told: &str) -> Candidate {
    let mut words = told.split_whitespace();
    let mut candidate = good(seq, words.next().unwrap().parse().unwrap());
    for word in words {
        match word.split_once('=').unwrap_or((word, "")) {
            ("manual", _) => candidate.kind = SnapshotKind::Manual,
            ("before", _) => candidate.kind = SnapshotKind::Before,
            ("after", _) => candidate.kind = SnapshotKind::After,
            ("import", _) => candidate.kind = SnapshotKind::Import,
            ("damaged", _) => candidate.state = SnapshotState::Damaged,
            ("missing", _) => candidate.state = SnapshotState::Missing,
            ("pruned", _) => candidate.state = SnapshotState::Pruned,
            ("pinned", _) => candidate.pinned = true,
            ("labelled", _) => candidate.labelled = true,
            ("bytes", text) => candidate.frees.bytes = text.parse().unwrap(),
            ("boot", boot) => candidate.boot = Some(Uuid::from_u128(boot.parse().unwrap())),
            other => panic!("{other:?}"),
        }
    }
    candidate
}

/// A reason in a word; rules as their tags, with `?` if they hold only until room is needed.
fn word(reason: &Reason) -> String {
    let tags = |rules: &[Rule]| {
        let tags = rules.iter().map(|rule| format!("{:?}", rule.tag).to_lowercase());
        tags.collect::<Vec<_>>().join("+")
    };
    match reason {
        Reason::Rules(rules) => tags(rules),
        Reason::UntilRoom(rules) => format!("{}?", tags(rules)),
        Reason::Pair { seq } => format!("with {seq}"),
        other => format!("{other:?}").to_lowercase(),
    }
}
