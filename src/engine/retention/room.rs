//! Room on the drive: what of that which is kept only until room is needed goes for it.

use std::cmp::Reverse;
use std::collections::HashSet;

use jiff::Timestamp;

use super::Candidate;
use super::verdict::{Decision, Reason, Verdict};

/// The part of a drive that is room enough, as a divisor: a tenth.
const ENOUGH_PART: u64 = 10;

/// How much room is wanted. The default wants none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Room {
    /// Bytes that are to be free.
    pub wanted_bytes: u64,
    /// Bytes that are free.
    pub free_bytes: u64,
    /// While more bytes than these are free, nothing is dropped for room.
    pub enough_bytes: u64,
}

/// A snapshot, or a pair of them, that is kept only until room is needed.
#[derive(Debug)]
pub(super) struct Droppable {
    seqs: [Option<u64>; 2],
    frees_bytes: u64,
    /// What keeping it costs and how old it is, in one number. The highest goes first.
    burden: u128,
}

impl Room {
    /// Room for a backup: a tenth of the drive is enough, so that a mistaken wish can't empty the drive of its history.
    pub fn for_backup(wanted_bytes: u64, free_bytes: u64, total_bytes: u64) -> Self {
        Self { wanted_bytes, free_bytes, enough_bytes: total_bytes / ENOUGH_PART }
    }

    /// Room that a person asked for, however much is free.
    pub fn asked_for(wanted_bytes: u64, free_bytes: u64) -> Self {
        Self { wanted_bytes, free_bytes, enough_bytes: u64::MAX }
    }

    /// Whether something has to go while so much is free.
    fn is_short(&self, free_bytes: u64) -> bool {
        free_bytes < self.wanted_bytes && free_bytes <= self.enough_bytes
    }
}

impl Droppable {
    /// `candidate` with its other half, if it has one. A pair is as old as its newer half.
    pub fn new(candidate: &Candidate, partner: Option<&Candidate>, now: Timestamp) -> Self {
        let both = || [Some(candidate), partner].into_iter().flatten();
        let frees_bytes = both().fold(0_u64, |sum, half| sum.saturating_add(half.only_bytes));
        let ages = both().map(|half| now.duration_since(half.started).as_secs());
        let age_seconds = ages.min().and_then(|age| u128::try_from(age).ok()).unwrap_or(0);
        Self {
            seqs: [Some(candidate.seq), partner.map(|partner| partner.seq)],
            frees_bytes,
            burden: u128::from(frees_bytes) * (age_seconds + 1),
        }
    }
}

/// Drops what must go for room, least valuable first: the more deleting it frees and the older it is, the less it is worth.
///
/// What frees nothing alone goes last, and still goes: what two of them share is freed by both. The order is the same
/// however much is wanted, so that more wanted room drops the same and more.
pub(super) fn make(
    room: Room,
    thinned_bytes: u64,
    mut droppable: Vec<Droppable>,
    mut verdicts: Vec<Verdict>,
) -> Decision {
    droppable.sort_by_key(|one| (Reverse(one.burden), one.seqs));
    let mut frees_bytes = thinned_bytes;
    let mut more_bytes = 0_u64;
    let mut for_room = Vec::new();
    for one in droppable {
        if room.is_short(room.free_bytes.saturating_add(frees_bytes)) {
            frees_bytes = frees_bytes.saturating_add(one.frees_bytes);
            for_room.extend(one.seqs.into_iter().flatten());
        } else {
            more_bytes = more_bytes.saturating_add(one.frees_bytes);
        }
    }
    let dropped: HashSet<u64> = for_room.iter().copied().collect();
    for verdict in &mut verdicts {
        if dropped.contains(&verdict.seq) {
            verdict.reason = Reason::Room;
        }
    }
    let free_bytes = room.free_bytes.saturating_add(frees_bytes);
    let missing_bytes = room.wanted_bytes.saturating_sub(free_bytes);
    Decision { verdicts, for_room, frees_bytes, missing_bytes, more_bytes }
}
