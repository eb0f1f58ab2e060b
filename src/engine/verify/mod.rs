//! Reads what is stored again and compares it with what was written: each content once, however many snapshots have
//! it, and each snapshot's tree with the digest in its seal.
//!
//! Changes nothing on the drive. Whoever backs up meanwhile is not kept waiting; whoever deletes is.

mod chance;
mod choice;
mod drill;
mod entry;
mod finding;
mod folder;
mod hits;
mod inodes;
mod judge;
mod leaf;
mod ledger;
mod locate;
mod pass;
mod read;
mod snapshot;
mod walk;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::history::History;
use super::index::HeldOnly;
use super::mend::Rot;
use super::monitor::{Monitor, Phase};
use super::path::RelPath;
use choice::{Chosen, choose};
use judge::{Judged, judge};
use ledger::Ledger;
use locate::Checked;
use snapshot::Check;

pub use drill::{DrillFailure, DrillProblem, DrillReport, drill};
pub use finding::{Aspect, Fault, TreeFault};
pub use hits::hits;
pub use pass::Pass;

/// What is to be verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyOptions {
    /// Names of snapshots; none means all.
    pub names: Vec<String>,
    /// Only snapshots of so many last days.
    pub since_days: Option<u32>,
    /// Of how many files in a hundred the content is read: from 0 to 100. Trees are always checked whole.
    pub sample_percent: u8,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self { names: Vec::new(), since_days: None, sample_percent: 100 }
    }
}

/// How much was verified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Snapshots.
    pub snapshots: u64,
    /// Entries in their trees.
    pub entries: u64,
    /// Stored files whose content was read, each once.
    pub files: u64,
    /// Bytes of that.
    pub bytes: u64,
}

/// What a pass found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// When it was begun.
    pub begun: Timestamp,
    /// Whether it was gone on with.
    pub is_resumed: bool,
    /// Names of the snapshots whose trees were looked at, or that were looked for in vain.
    pub looked_at: BTreeSet<String>,
    /// How much was looked at.
    pub tally: Tally,
    /// Stored files with a content that is not what was backed up, by path.
    pub rots: Vec<Rot>,
    /// What else is wrong, by path.
    pub faults: Vec<TreeFault>,
    /// Faults that are beyond those that were kept.
    pub more_faults: u64,
    /// Stored files of which nothing tells what their content should be.
    pub unverified: u64,
}

impl VerifyReport {
    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.rots.is_empty() && self.faults.is_empty() && self.more_faults == 0
    }
}

/// Goes on with a pass to its end. What it found is kept until [`Pass::end`].
///
/// # Errors
/// A stop, or a drive that is gone: what was done is kept, [`found`] tells of it, and [`Pass::take_up`] goes on with it. Also
/// a snapshot that was named and nobody knows, and a history without its drive.
pub fn verify(history: &History, pass: &mut Pass, monitor: &Monitor) -> Result<VerifyReport> {
    let repository = history.repository()?;
    let _lock = repository.lock_for_reading()?;
    monitor.enter(Phase::Measuring);
    monitor.reset_done();
    let rows = history.snapshots()?;
    let options = pass.options().clone();
    let choice = choose(repository, &rows, &options, Timestamp::now())?;
    if choice.chosen.is_empty() && choice.vanished.is_empty() {
        return Err(Error::NoSnapshots);
    }
    pass.vanished = choice.vanished;
    pass.forget_gone(&choice.names);
    set_totals(history, &choice.chosen, &options, pass.tally, monitor)?;
    monitor.enter(Phase::Verifying);
    let left: Vec<Chosen> =
        choice.chosen.into_iter().filter(|one| !pass.done.contains_key(&one.key)).collect();
    let outcome: Result<()> = {
        let ledger = Ledger::new(pass);
        let check = Check { repository, history, rows: &rows, ledger: &ledger, monitor };
        let mut before = Checked::default();
        left.iter().try_for_each(|chosen| {
            before = check.snapshot(chosen, &before)?;
            ledger.finish_snapshot(&chosen.key, before.entries);
            Ok(())
        })
    };
    pass.save();
    outcome?;
    found(history, pass)
}

/// Checks trees alone, and no contents, in a pass that can't be gone on with: of these snapshots; of all, if none is named.
///
/// # Errors
/// As of [`verify`].
pub fn check_trees(
    history: &History,
    names: Vec<String>,
    monitor: &Monitor,
) -> Result<VerifyReport> {
    let id = history.repository()?.marker().id;
    let options = VerifyOptions { names, since_days: None, sample_percent: 0 };
    verify(history, &mut Pass::unkept(id, &options, Timestamp::now()), monitor)
}

/// What a pass found until now.
///
/// # Errors
/// The index can't be read.
pub fn found(history: &History, pass: &Pass) -> Result<VerifyReport> {
    let mut faults = pass.faults.clone();
    let Judged { rots, unverified } =
        judge(history, &history.snapshots()?, &pass.suspects, &mut faults)?;
    for name in &pass.vanished {
        faults.add(name, RelPath::root(), Fault::Vanished);
    }
    Ok(VerifyReport {
        begun: pass.begun(),
        is_resumed: pass.is_resumed(),
        looked_at: pass.looked_at(),
        tally: pass.tally,
        rots,
        faults: faults.list(),
        more_faults: faults.more,
        unverified,
    })
}

/// Tells the monitor how much there is to be read, about: different contents, by the index.
fn set_totals(
    history: &History,
    chosen: &[Chosen],
    options: &VerifyOptions,
    done: Tally,
    monitor: &Monitor,
) -> Result<()> {
    let seqs: Vec<u64> = chosen.iter().filter_map(|chosen| chosen.seq).collect();
    let held: HeldOnly = history.ask_at_length(|answers| answers.0.contents_only_in(&seqs, &[]))?;
    let bytes = held
        .large
        .iter()
        .fold(held.small_bytes, |sum, content| sum.saturating_add(content.size_bytes));
    let part = |whole: u64| whole / 100 * u64::from(options.sample_percent.min(100));
    monitor.set_totals(part(held.count).max(1), part(bytes));
    monitor.add_entries(done.files);
    monitor.add_bytes(done.bytes);
    Ok(())
}
