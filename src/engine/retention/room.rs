//! Room on the drive: what of that which is kept only until room is needed goes for it.

use std::cmp::Reverse;
use std::collections::HashSet;

use jiff::Timestamp;

use super::verdict::{Decision, Reason, Verdict};
use super::{Candidate, Thinned};

/// The part of a drive that is room enough, as a divisor: a tenth.
const ENOUGH_PART: u64 = 10;

/// What an inode is worth in bytes where both are weighed against each other: file systems are made with one for so many bytes.
const INODE_WORTH_BYTES: u64 = 16 << 10;

/// Room on a drive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// For content and folders.
    pub bytes: u64,
    /// For entries that are no links; `u64::MAX` of them are free where they are not counted.
    pub inodes: u64,
}

/// How much room is wanted. The default wants none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Room {
    /// What is to be free.
    pub wanted: Amount,
    /// What is free.
    pub free: Amount,
    /// While more than this is free, nothing is dropped for room.
    pub enough: Amount,
}

/// A snapshot, or a pair of them, that is kept only until room is needed.
#[derive(Debug)]
pub(super) struct Droppable {
    seqs: [Option<u64>; 2],
    frees: Amount,
    /// What keeping it costs and how old it is, in one number. The highest goes first.
    burden: u128,
}

impl Amount {
    /// Bytes alone.
    pub fn of_bytes(bytes: u64) -> Self {
        Self { bytes, inodes: 0 }
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            inodes: self.inodes.saturating_add(other.inodes),
        }
    }

    /// What is lacking of `wanted`.
    pub fn lacking(self, wanted: Self) -> Self {
        Self {
            bytes: wanted.bytes.saturating_sub(self.bytes),
            inodes: wanted.inodes.saturating_sub(self.inodes),
        }
    }

    /// Whether there is nothing of either.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }
}

impl Room {
    /// Room for a backup: a tenth of the drive is enough, so that a mistaken wish can't empty the drive of its history.
    pub fn for_backup(wanted: Amount, free: Amount, total: Amount) -> Self {
        let part = |total: u64| total / ENOUGH_PART;
        Self {
            wanted,
            free,
            enough: Amount { bytes: part(total.bytes), inodes: part(total.inodes) },
        }
    }

    /// Room that a person asked for, however much is free.
    pub fn asked_for(wanted: Amount, free: Amount) -> Self {
        Self { wanted, free, enough: Amount { bytes: u64::MAX, inodes: u64::MAX } }
    }

    /// Whether something has to go while so much is free.
    pub fn is_short(&self, free: Amount) -> bool {
        let lacks = free.lacking(self.wanted);
        (lacks.bytes > 0 && free.bytes <= self.enough.bytes)
            || (lacks.inodes > 0 && free.inodes <= self.enough.inodes)
    }
}

impl Droppable {
    /// `candidate` with its other half, if it has one. A pair is as old as its newer half.
    pub fn new(candidate: &Candidate, partner: Option<&Candidate>, now: Timestamp) -> Self {
        let both = || [Some(candidate), partner].into_iter().flatten();
        let frees = both().fold(Amount::default(), |sum, half| sum.plus(half.frees));
        let worth =
            u128::from(frees.bytes) + u128::from(frees.inodes) * u128::from(INODE_WORTH_BYTES);
        let ages = both().map(|half| now.duration_since(half.started).as_secs());
        let age_seconds = ages.min().and_then(|age| u128::try_from(age).ok()).unwrap_or(0);
        Self {
            seqs: [Some(candidate.seq), partner.map(|partner| partner.seq)],
            frees,
            burden: worth.saturating_mul(age_seconds + 1),
        }
    }
}

/// Drops what must go for room, least valuable first: the more deleting it frees and the older it is, the less it is worth.
///
/// What frees nothing alone goes last, and still goes: what two of them share is freed by both. The order is the same
/// however much is wanted, so that more wanted room drops the same and more.
pub(super) fn make(
    room: Room,
    thinned: Thinned,
    mut droppable: Vec<Droppable>,
    mut verdicts: Vec<Verdict>,
) -> Decision {
    droppable.sort_by_key(|one| (Reverse(one.burden), one.seqs));
    let (mut frees, mut more) = (thinned.frees, Amount::default());
    let mut for_room: Vec<Vec<u64>> = Vec::new();
    for one in droppable {
        if room.is_short(room.free.plus(frees)) {
            frees = frees.plus(one.frees);
            for_room.push(one.seqs.into_iter().flatten().collect());
        } else {
            more = more.plus(one.frees);
        }
    }
    let dropped: HashSet<u64> = for_room.iter().flatten().copied().collect();
    for verdict in &mut verdicts {
        if dropped.contains(&verdict.seq) {
            verdict.reason = Reason::Room;
        }
    }
    let missing = room.free.plus(frees).lacking(room.wanted);
    Decision { verdicts, thinned: thinned.groups, for_room, frees, missing, more }
}
