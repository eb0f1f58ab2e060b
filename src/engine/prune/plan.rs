//! What is going to be deleted and what is kept, each with its reason and its size.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use jiff::Timestamp;

use super::sources::missing_source;
use super::truth::{Truth, newest_good, truth};
use crate::engine::backup::{FolderCost, Source};
use crate::engine::error::Result;
use crate::engine::history::{SnapshotInfo, usage_of};
use crate::engine::index::Index;
use crate::engine::monitor::Monitor;
use crate::engine::probe::{self, Space};
use crate::engine::repository::Repository;
use crate::engine::retention::{
    Amount, Candidate, Decision, Reason, Retention, Room, Situation, decide,
};

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
    /// Believe a source that was emptied.
    pub accept_empty: bool,
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
    /// The numbers of what no rule keeps, oldest first, both halves of a pair at once.
    pub thinned: Vec<Vec<u64>>,
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

/// Decides what is deleted, by the index, by what the drive says of those that would go, and by the room that is there.
/// Changes nothing.
///
/// # Errors
/// A stop; a drive or an index that fails.
pub fn plan(
    index: &Index,
    repository: &Repository,
    request: &PruneRequest<'_>,
    monitor: &Monitor,
) -> Result<PrunePlan> {
    let rows = index.snapshots()?;
    let missing_source = missing_source(index, request.sources, request.accept_empty)?;
    let space = probe::space(repository.dir(), repository.path())?;
    let situation = Situation {
        now: request.now,
        zone: &request.retention.zone,
        source_missing: missing_source.is_some(),
        room: request.wanted.room(&space),
    };
    let mut candidates: Vec<Candidate> = rows.iter().map(candidate).collect();
    distrust_newest(repository, &rows, &mut candidates, request.now)?;
    let policy = &request.retention.policy;
    // What is kept by rules, and what no rule keeps, doesn't depend on sizes: these are looked up only where it matters.
    let decision = decide(&candidates, policy, &situation);
    let measured = to_be_measured(&decision, &situation.room, request.with_sizes);
    if !measured.is_empty() {
        let cost = FolderCost::on(repository.dir());
        let used_bytes = space.total_bytes.saturating_sub(space.free_bytes);
        measure(index, (cost, used_bytes), &rows, &mut candidates, &measured, monitor)?;
    }
    let mut asked = HashSet::new();
    let decision = loop {
        let decision = decide(&candidates, policy, &situation);
        if !doubt(repository, &rows, &mut candidates, &decision, &mut asked, monitor)? {
            break decision;
        }
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
        thinned: decision.thinned,
        for_room: decision.for_room,
        frees: decision.frees,
        missing: decision.missing,
        more: decision.more,
        room: situation.room,
        missing_source,
    })
}

/// What retention must know of a snapshot, as the index has it.
fn candidate(row: &SnapshotInfo) -> Candidate {
    Candidate {
        seq: row.seq,
        started: row.started,
        kind: row.kind,
        state: row.state,
        pinned: row.pinned,
        labelled: row.label.is_some(),
        frees: Amount::default(),
        boot: row.boot,
    }
}

/// Marks what is newer than the newest good snapshot as damaged, so that this one is protected and no other in its stead.
fn distrust_newest(
    repository: &Repository,
    rows: &[SnapshotInfo],
    candidates: &mut [Candidate],
    now: Timestamp,
) -> Result<()> {
    let newest = newest_good(repository, rows, now)?.map(|row| row.seq);
    for candidate in candidates.iter_mut().filter(|one| one.started <= now) {
        if newest.is_none_or(|newest| candidate.seq > newest) {
            candidate.distrust();
        }
    }
    Ok(())
}

/// Asks the drive about those that would go and were not `asked` about yet; whether any of them is another than the
/// index says is told.
fn doubt(
    repository: &Repository,
    rows: &[SnapshotInfo],
    candidates: &mut [Candidate],
    decision: &Decision,
    asked: &mut HashSet<u64>,
    monitor: &Monitor,
) -> Result<bool> {
    let going = decision.verdicts.iter().filter(|verdict| !verdict.is_kept());
    let going: HashSet<u64> = going.map(|verdict| verdict.seq).collect();
    let mut is_other = false;
    for (candidate, row) in candidates.iter_mut().zip(rows) {
        if !going.contains(&row.seq) || !asked.insert(row.seq) {
            continue;
        }
        monitor.check_cancelled()?;
        let Truth { state, pin } = truth(repository, row)?;
        let (pinned, labelled) = (pin.pinned, pin.label.is_some());
        is_other |=
            (candidate.state, candidate.pinned, candidate.labelled) != (state, pinned, labelled);
        *candidate = Candidate { state, pinned, labelled, ..candidate.clone() };
    }
    Ok(is_other)
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
    monitor: &Monitor,
) -> Result<()> {
    let mut usage: HashMap<u64, Amount> = HashMap::new();
    for seq in measured {
        monitor.check_cancelled()?;
        let found = usage_of(index, &[*seq])?.into_iter();
        usage.extend(
            found.map(|one| (one.seq, Amount { bytes: one.only_bytes, inodes: one.only_files })),
        );
    }
    for (candidate, row) in candidates.iter_mut().zip(rows) {
        if let Some(contents) = usage.get(&candidate.seq) {
            let frees = contents.plus(cost.freed(row.entries, row.files));
            // Files with holes, and those that share blocks, are larger than what they take.
            candidate.frees = Amount { bytes: frees.bytes.min(used_bytes), ..frees };
        }
    }
    Ok(())
}
