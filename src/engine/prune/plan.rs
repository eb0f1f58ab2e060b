//! What is going to be deleted and what is kept, each with its reason and its size.

use std::collections::HashMap;
use std::path::PathBuf;

use jiff::Timestamp;

use super::sources::missing_source;
use crate::engine::backup::{FolderCost, Source};
use crate::engine::error::Result;
use crate::engine::history::{SnapshotInfo, SnapshotState, usage_of};
use crate::engine::index::Index;
use crate::engine::pin::Pin;
use crate::engine::probe::{self, Space};
use crate::engine::repository::Repository;
use crate::engine::retention::{
    Amount, Candidate, Decision, Reason, Retention, Room, Situation, decide,
};
use crate::engine::snapshot::Snapshot;

/// How much is to be free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing goes for room.
    Nothing,
    /// Room for a backup that needs so much; nothing goes for it while enough of the drive is free.
    ForBackup(Amount),
    /// So much in all, as a person asked for.
    Free(Amount),
}

/// What to decide by.
#[derive(Debug, Clone, Copy)]
pub struct PruneRequest<'a> {
    /// What the person wants kept.
    pub retention: &'a Retention,
    /// What is protected now; nothing is deleted while one of them is missing.
    pub sources: &'a [Source],
    /// The present moment.
    pub now: Timestamp,
    /// The room that is wanted.
    pub wanted: Wanted,
    /// Find out how much each frees also where nothing depends on it: for a preview.
    pub with_sizes: bool,
}

/// What becomes of one snapshot.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Which one.
    pub snapshot: SnapshotInfo,
    /// About what deleting it alone frees; 0 if that was not found out.
    pub frees: Amount,
    /// Why it is kept or goes.
    pub reason: Reason,
}

/// What is going to be deleted.
#[derive(Debug, Clone)]
pub struct PrunePlan {
    /// All snapshots on the drive, oldest first.
    pub judged: Vec<Judged>,
    /// The numbers of what goes for room, least valuable first, both halves of a pair at once.
    pub for_room: Vec<Vec<u64>>,
    /// What all that goes frees at least.
    pub frees: Amount,
    /// What is still missing of the wanted room then.
    pub missing: Amount,
    /// What could be freed besides: by what is kept only until room is needed.
    pub more: Amount,
    /// How much is free and wanted.
    pub room: Room,
    /// The source that is missing, so that nothing goes.
    pub missing_source: Option<PathBuf>,
}

impl Judged {
    /// Whether it is going to be deleted.
    pub fn goes(&self) -> bool {
        !self.reason.keeps()
    }
}

impl PrunePlan {
    /// What becomes of the snapshot with the number `seq`.
    pub fn find(&self, seq: u64) -> Option<&Judged> {
        let at = self.judged.binary_search_by_key(&seq, |one| one.snapshot.seq).ok()?;
        self.judged.get(at)
    }
}

impl Wanted {
    fn room(self, space: &Space) -> Room {
        let free = space.free();
        match self {
            Self::Nothing => Room { free, ..Room::default() },
            Self::ForBackup(wanted) => Room::for_backup(wanted, free, space.total()),
            Self::Free(wanted) => Room::asked_for(wanted, free),
        }
    }
}

/// Decides what is deleted, by the index, the pins on the drive and the room that is there. Changes nothing.
pub fn plan(
    index: &Index,
    repository: &Repository,
    request: &PruneRequest<'_>,
) -> Result<PrunePlan> {
    let rows = index.snapshots()?;
    let missing_source = missing_source(index, request.sources)?;
    let space = probe::space(repository.dir(), repository.path())?;
    let situation = Situation {
        now: request.now,
        zone: &request.retention.zone,
        source_missing: missing_source.is_some(),
        room: request.wanted.room(&space),
    };
    let mut candidates =
        rows.iter().map(|row| candidate(repository, row)).collect::<Result<Vec<_>>>()?;
    let policy = &request.retention.policy;
    // What is kept by rules, and what no rule keeps, doesn't depend on sizes: these are looked up only where it matters.
    let decision = decide(&candidates, policy, &situation);
    let measured = to_be_measured(&decision, &situation.room, request.with_sizes);
    let decision = if measured.is_empty() {
        decision
    } else {
        let cost = FolderCost::on(repository.dir());
        let used_bytes = space.total_bytes.saturating_sub(space.free_bytes);
        measure(index, (cost, used_bytes), &rows, &mut candidates, &measured)?;
        decide(&candidates, policy, &situation)
    };
    let frees: HashMap<u64, Amount> =
        candidates.iter().map(|candidate| (candidate.seq, candidate.frees)).collect();
    let rows: HashMap<u64, SnapshotInfo> = rows.into_iter().map(|row| (row.seq, row)).collect();
    let judged = decision.verdicts.into_iter().filter_map(|verdict| {
        let snapshot = rows.get(&verdict.seq)?.clone();
        let frees = frees.get(&verdict.seq).copied().unwrap_or_default();
        Some(Judged { snapshot, frees, reason: verdict.reason })
    });
    Ok(PrunePlan {
        judged: judged.collect(),
        for_room: decision.for_room,
        frees: decision.frees,
        missing: decision.missing,
        more: decision.more,
        room: situation.room,
        missing_source,
    })
}

/// What retention must know of a snapshot; its pin is the one on the drive.
fn candidate(repository: &Repository, row: &SnapshotInfo) -> Result<Candidate> {
    let pin = pin_of(repository, row)?;
    let state = if pin.is_some() { row.state } else { SnapshotState::Missing };
    let pin = pin.unwrap_or_default();
    Ok(Candidate {
        seq: row.seq,
        started: row.started,
        kind: row.kind,
        state,
        pinned: pin.pinned,
        labelled: pin.label.is_some(),
        frees: Amount::default(),
        boot: row.boot,
    })
}

/// What a person said of a snapshot, as the drive has it; `None` if the snapshot isn't there.
pub(super) fn pin_of(repository: &Repository, row: &SnapshotInfo) -> Result<Option<Pin>> {
    let opened = Snapshot::open(repository, &row.name)?;
    Ok(opened.map(|snapshot| Pin::read(snapshot.dir())))
}

/// The numbers of the snapshots whose sizes matter.
fn to_be_measured(decision: &Decision, room: &Room, is_preview: bool) -> Vec<u64> {
    if !is_preview && !room.is_short(room.free) {
        return Vec::new();
    }
    let may_go = |reason: &Reason| {
        !reason.keeps() || matches!(reason, Reason::UntilRoom(_) | Reason::Pair { .. })
    };
    let verdicts = decision.verdicts.iter().filter(|verdict| may_go(&verdict.reason));
    verdicts.map(|verdict| verdict.seq).collect()
}

/// Fills in what deleting each of `measured` alone frees, on a drive of which so many bytes are used.
fn measure(
    index: &Index,
    (cost, used_bytes): (FolderCost, u64),
    rows: &[SnapshotInfo],
    candidates: &mut [Candidate],
    measured: &[u64],
) -> Result<()> {
    let usage = usage_of(index, measured)?;
    let usage: HashMap<u64, Amount> = usage
        .into_iter()
        .map(|one| (one.seq, Amount { bytes: one.only_bytes, inodes: one.only_files }))
        .collect();
    for (candidate, row) in candidates.iter_mut().zip(rows) {
        if let Some(contents) = usage.get(&candidate.seq) {
            let frees = contents.plus(cost.freed(row.entries, row.files));
            // Files with holes, and those that share blocks, are larger than what they take.
            candidate.frees = Amount { bytes: frees.bytes.min(used_bytes), ..frees };
        }
    }
    Ok(())
}
