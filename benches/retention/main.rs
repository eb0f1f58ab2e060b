//! How long deciding about 10,000 snapshots takes, for the default policy and for one with a rule of every tag.
//!
//! `cargo bench --bench retention [-- SNAPSHOTS]`.

use std::hint::black_box;
use std::io::{Write as _, stdout};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use yore::engine::history::SnapshotState;
use yore::engine::retention::{
    Amount, Candidate, Policy, Reach, Room, Rule, Situation, Tag, decide,
};
use yore::engine::seal::SnapshotKind;

const TAGS: [Tag; 6] = [Tag::All, Tag::Hourly, Tag::Daily, Tag::Weekly, Tag::Monthly, Tag::Boot];

const ROUNDS: usize = 51;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let number = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(10_000_u64);
    let zone = TimeZone::get("Europe/Berlin")?;
    let candidates: Vec<Candidate> = (1..=number).map(made).collect();
    let now = candidates.last().ok_or("no snapshots")?.started;
    let rules = TAGS.map(|tag| Rule { tag, reach: Reach::UntilRoom }).to_vec();
    for (name, policy) in [("default", Policy::default()), ("every tag", Policy { rules })] {
        // All that may go for room has to be put in order.
        let room = Room::asked_for(Amount::of_bytes(u64::MAX), Amount::default());
        let situation = Situation { now, zone: &zone, source_missing: false, room };
        let mut times: Vec<Duration> = (0..ROUNDS)
            .map(|_| {
                let begun = Instant::now();
                black_box(decide(&candidates, &policy, &situation));
                begun.elapsed()
            })
            .collect();
        times.sort_unstable();
        let [median, worst] = [ROUNDS / 2, ROUNDS - 1].map(|at| times[at].as_secs_f64() * 1e3);
        writeln!(stdout(), "{name:12} median {median:6.2} ms, worst {worst:6.2} ms")?;
    }
    Ok(())
}

/// An hourly snapshot; in each ten is a pair, and the computer is started once in twenty.
fn made(seq: u64) -> Candidate {
    let kind = match seq % 10 {
        3 => SnapshotKind::Before,
        5 => SnapshotKind::After,
        _ => SnapshotKind::Scheduled,
    };
    Candidate {
        seq,
        started: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(seq as i64),
        kind,
        state: SnapshotState::Good,
        pinned: seq.is_multiple_of(100),
        labelled: false,
        frees: Amount::of_bytes(seq * 7919 % 10_007),
        boot: Some(Uuid::from_u128(u128::from(seq / 20))),
    }
}
