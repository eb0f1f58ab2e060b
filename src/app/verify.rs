//! Verifying what is stored, and mending what is damaged; and what is remembered of the last time.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;

use super::config;
use super::error::{Error, Result};
use super::explain::explain;
use super::last_verify::remember_verify;
use super::moment::called;
use super::passes::{checked_again, end_passes, pass_file, sort, without_old};
use super::target::Target;
use crate::engine::damage::Damage;
use crate::engine::error::Error as EngineError;
use crate::engine::history::History;
use crate::engine::mend::{self, GoodCopy, Hit, MendFailure, Mending, NotReturned, Returned, Rot};
use crate::engine::monitor::{Event, Monitor};
use crate::engine::path::RelPath;
use crate::engine::recover::{Writer, snapshot_names};
use crate::engine::verify::{self, Aspect, Fault, Pass, TreeFault, VerifyOptions, VerifyReport};

/// How long a backup that is just running is waited for before what was found is left to the next time.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// How often it is looked whether that is done.
const TICK: Duration = Duration::from_millis(100);

/// What a verification is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyAsk {
    /// What is looked at; names may be beginnings of names.
    pub options: VerifyOptions,
    /// Only tell what is damaged.
    pub no_mend: bool,
}

/// What came of a verification.
#[derive(Debug)]
pub struct Verified {
    /// What was found.
    pub report: VerifyReport,
    /// What became of each damaged file that is there: of those that were found, and those that were known before.
    pub mendings: Vec<Mending>,
    /// What was lost from trees or altered there, and is as it was again.
    pub brought_back: Vec<BroughtBack>,
    /// Why entries were not brought back.
    pub not_returned: Vec<NotReturned>,
    /// Whether mending was tried; if not, nothing is said of why a file could not be mended.
    pub is_tried: bool,
    /// Why the repository could not be opened for mending, in words.
    pub not_mended: Option<String>,
    /// What ended it early: a stop, or a drive that is gone. The next time goes on.
    pub ended_by: Option<Error>,
}

/// An entry that was lost or altered, and was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BroughtBack {
    /// The path.
    pub path: RelPath,
    /// Names of the snapshots, oldest first.
    pub snapshots: Vec<String>,
    /// What it was made from in the first of them; `None` of a folder.
    pub from: Option<GoodCopy>,
}

impl Verified {
    fn new(report: VerifyReport) -> Self {
        let (mendings, is_tried) = (report.rots.iter().cloned().map(untried).collect(), false);
        let (brought_back, not_returned) = (Vec::new(), Vec::new());
        let (not_mended, ended_by) = (None, None);
        Self { report, mendings, brought_back, not_returned, is_tried, not_mended, ended_by }
    }

    /// How many of the damaged files that were found now were mended.
    pub fn mended(&self) -> u64 {
        self.count(|mending| mending.mended_from.is_some() && self.is_found(mending))
    }

    /// How many were mended of those that were known before and not met now.
    pub fn mended_of_known(&self) -> u64 {
        self.count(|mending| mending.mended_from.is_some() && !self.is_found(mending))
    }

    /// How many damaged files are left, known before or not.
    pub fn damaged(&self) -> u64 {
        self.count(|mending| mending.mended_from.is_none())
    }

    /// What was found to be damaged, and was good or gone when it was looked at again to be mended.
    pub fn good_since(&self) -> Vec<&Rot> {
        let is_there = |rot: &&Rot| self.mendings.iter().any(|mending| is_same(&mending.rot, rot));
        self.report.rots.iter().filter(|rot| !is_there(rot)).collect()
    }

    /// Why the entry was not brought back, in the first snapshot that has the fault and of which that is known.
    pub fn failure_of(&self, fault: &TreeFault) -> Option<MendFailure> {
        let is_it =
            |one: &&NotReturned| one.path == fault.path && fault.snapshots.contains(&one.snapshot);
        self.not_returned.iter().find(is_it).map(|one| one.failure)
    }

    /// Whether anything on the drive was changed for the better.
    fn has_mended(&self) -> bool {
        !self.brought_back.is_empty() || self.count(|mending| mending.mended_from.is_some()) > 0
    }

    /// Whether everything is as it was backed up, now.
    pub fn is_good(&self) -> bool {
        let report = &self.report;
        report.faults.is_empty() && report.more_faults == 0 && self.damaged() == 0
    }

    /// Whether this run met the damaged file.
    pub fn is_found(&self, mending: &Mending) -> bool {
        self.report.rots.iter().any(|rot| is_same(rot, &mending.rot))
    }

    fn count(&self, is_it: impl Fn(&&Mending) -> bool) -> u64 {
        self.mendings.iter().filter(is_it).count() as u64
    }
}

fn is_same(one: &Rot, other: &Rot) -> bool {
    (one.hash, one.inode) == (other.hash, other.inode)
}

/// What is said of a damaged file that was not tried to be mended.
fn untried(rot: Rot) -> Mending {
    Mending { rot, hits: Vec::new(), mended_from: None, failure: None }
}

/// Whether all that is wrong is the time of a file that was mended: with its content it got its time back.
fn is_put_right(fault: &TreeFault, mendings: &[Mending]) -> bool {
    let is_in = |hit: &Hit| {
        hit.path == fault.path && fault.snapshots.iter().all(|name| hit.snapshots.contains(name))
    };
    let mut mended = mendings.iter().filter(|mending| mending.mended_from.is_some());
    fault.fault == Fault::Altered(vec![Aspect::Time])
        && mended.any(|mending| mending.hits.iter().any(is_in))
}

impl Target {
    /// Verifies what is stored, going on with a pass that was stopped; `begun` is told when that was begun. Then mends what is
    /// damaged, unless told not to. What was found is kept until it is mended or remembered on the drive.
    ///
    /// # Errors
    /// A stop, or a drive that is gone, before anything was found: the next time goes on. A name that no snapshot has.
    pub fn verify(
        &self,
        ask: &VerifyAsk,
        monitor: &Monitor,
        resumed: impl FnOnce(Timestamp),
    ) -> Result<Verified> {
        let mut history = self.open_attached(monitor)?;
        if !ask.no_mend && mend::is_interrupted(history.repository()?)? {
            // Its folders are not as they were yet, which would be taken for damage.
            drop(history);
            drop(self.open_writer(monitor)?);
            history = self.open_attached(monitor)?;
        }
        let id = history.repository()?.marker().id;
        let options =
            VerifyOptions { names: names(&history, &ask.options)?, ..ask.options.clone() };
        let mut pass = Pass::take_up(&pass_file(id, &options), id, &options, Timestamp::now());
        if pass.is_resumed() {
            resumed(pass.begun());
        }
        let report = match verify::verify(&history, &mut pass, monitor) {
            Ok(report) if report.is_resumed => checked_again(&history, report, monitor)?,
            Ok(report) => report,
            Err(error) => {
                return match verify::found(&history, &pass).map(without_old) {
                    Ok(report) if !report.is_good() => {
                        Ok(Verified { ended_by: Some(error.into()), ..Verified::new(report) })
                    }
                    _ => Err(error.into()),
                };
            }
        };
        let mut verified = Verified::new(report);
        let known = Damage::read(history.repository()?)?;
        let is_mendable = |fault: &TreeFault| mend::can_bring_back(&fault.fault);
        let is_nothing_to_mend = verified.mendings.is_empty()
            && known.is_empty()
            && !verified.report.faults.iter().any(is_mendable);
        if ask.no_mend || is_nothing_to_mend {
            pass.end();
            verified.look_at(&history, &known, monitor)?;
        } else {
            drop(history);
            self.mend_found(&mut verified, &pass, monitor)?;
        }
        remember_verify(id, &options, &verified, &known);
        Ok(verified)
    }

    /// Mends what was found and what is known, then the trees; forgets the pass once all of it is mended or remembered on the
    /// drive.
    fn mend_found(&self, verified: &mut Verified, pass: &Pass, monitor: &Monitor) -> Result<()> {
        match self.mend_all(verified, monitor) {
            Ok(()) => {
                pass.end();
                if verified.has_mended() {
                    end_passes(pass.repository());
                }
            }
            Err(error) if error.is_cancelled() || verified.is_tried => {
                verified.ended_by = Some(error);
            }
            Err(error) => {
                if verified.report.rots.is_empty() {
                    pass.end();
                }
                verified.not_mended = Some(explain(&error).text());
                let history = self.open_attached(monitor)?;
                let known = Damage::read(history.repository()?)?;
                verified.look_at(&history, &known, monitor)?;
            }
        }
        Ok(())
    }

    /// Mends contents, then trees, and looks what is left of the faults in these: again, as long as something came back and there
    /// are more than are kept at once.
    fn mend_all(&self, verified: &mut Verified, monitor: &Monitor) -> Result<()> {
        let mut writer = self.wait_for_writer(monitor)?;
        let rots = verified.report.rots.clone();
        let mendings = mend::mend(&mut writer, rots, monitor)?;
        verified.report.faults.retain(|fault| !is_put_right(fault, &mendings));
        (verified.mendings, verified.is_tried) = (mendings, true);
        loop {
            let is_all = verified.report.more_faults == 0;
            let outcome = mend::bring_back(&mut writer, &verified.report.faults, monitor)?;
            let returned = outcome.returned;
            verified.not_returned = outcome.failures;
            if !returned.is_empty() && verified.damaged() > 0 {
                // What has no name any more is not damaged any more.
                let left = mend::mend(&mut writer, Vec::new(), monitor)?;
                verified.mendings.retain(|mending| mending.mended_from.is_some());
                verified.mendings.extend(left);
            }
            drop(writer);
            let is_progress = !returned.is_empty();
            self.settle_trees(verified, returned, monitor)?;
            if is_all || !is_progress || verified.report.faults.is_empty() {
                return Ok(());
            }
            writer = self.wait_for_writer(monitor)?;
        }
    }

    /// Checks the trees again in which something could be brought back.
    fn settle_trees(
        &self,
        verified: &mut Verified,
        returned: Vec<Returned>,
        monitor: &Monitor,
    ) -> Result<()> {
        let is_mendable = |fault: &&TreeFault| mend::can_bring_back(&fault.fault);
        let mendable = verified.report.faults.iter().filter(is_mendable);
        let mut names: BTreeSet<String> =
            mendable.flat_map(|fault| fault.snapshots.iter().cloned()).collect();
        if names.is_empty() {
            return Ok(());
        }
        if verified.report.more_faults > 0 {
            // The others may be in any of them.
            names.extend(verified.report.looked_at.iter().cloned());
        }
        let history = self.open_attached(monitor)?;
        let again = verify::check_trees(&history, names.into_iter().collect(), monitor)?;
        verified.settle(again, returned);
        Ok(())
    }

    /// Opens the repository for writing; while someone else has it, that is waited for.
    fn wait_for_writer(&self, monitor: &Monitor) -> Result<Writer> {
        let started = Instant::now();
        let mut is_told = false;
        loop {
            match self.open_writer(monitor) {
                Err(Error::Engine(EngineError::Locked { holder, .. }))
                    if started.elapsed() < PATIENCE =>
                {
                    if !is_told {
                        monitor.emit(&Event::WriterAwaited { holder });
                        is_told = true;
                    }
                    monitor.check_cancelled()?;
                    std::thread::sleep(TICK);
                }
                opened => return opened,
            }
        }
    }
}

impl Verified {
    /// Takes what a second look found in the place of what could be brought back, and tells of what is gone by it.
    fn settle(&mut self, again: VerifyReport, returned: Vec<Returned>) {
        let faults = std::mem::take(&mut self.report.faults);
        let (mendable, mut left): (Vec<TreeFault>, Vec<TreeFault>) =
            faults.into_iter().partition(|fault| mend::can_bring_back(&fault.fault));
        let mut still: HashSet<(RelPath, String)> = HashSet::new();
        for TreeFault { path, snapshots, .. } in &again.faults {
            still.extend(snapshots.iter().map(|name| (path.clone(), name.clone())));
        }
        let returned: HashMap<(RelPath, String), Option<GoodCopy>> =
            returned.into_iter().map(|one| ((one.path, one.snapshot), one.from)).collect();
        for TreeFault { path, mut snapshots, .. } in mendable {
            // What is good by itself was mended with another name, or by somebody else.
            snapshots.retain(|name| {
                let key = (path.clone(), name.clone());
                returned.contains_key(&key) && !still.contains(&key)
            });
            let from = |name: &String| returned.get(&(path.clone(), name.clone())).cloned()?;
            let from = snapshots.iter().find_map(from);
            if !snapshots.is_empty() {
                self.brought_back.push(BroughtBack { path, snapshots, from });
            }
        }
        let known: BTreeSet<(RelPath, Fault)> =
            left.iter().map(|one| (one.path.clone(), one.fault.clone())).collect();
        // What can't be read is told of already, where it counts.
        left.extend(again.faults.into_iter().filter(|one| {
            !known.contains(&(one.path.clone(), one.fault.clone()))
                && !matches!(one.fault, Fault::Unreadable(_))
        }));
        sort(&mut left);
        (self.report.faults, self.report.more_faults) = (left, again.more_faults);
    }

    /// Adds what was `known` before, and looks for the snapshots in which each damaged file is seen, without changing anything.
    fn look_at(&mut self, history: &History, known: &Damage, monitor: &Monitor) -> Result<()> {
        let known = known.files().map(Rot::from).map(untried);
        let known: Vec<Mending> = known.filter(|mending| !self.is_found(mending)).collect();
        self.mendings.extend(known);
        let rots: Vec<Rot> = self.mendings.iter().map(|mending| mending.rot.clone()).collect();
        let hits = verify::hits(history, &rots, monitor)?;
        for (mending, hits) in self.mendings.iter_mut().zip(hits) {
            mending.hits = hits;
        }
        Ok(())
    }
}

/// The whole names of the snapshots that are asked for: of those that the history knows, or that lie on the drive.
fn names(history: &History, options: &VerifyOptions) -> Result<Vec<String>> {
    let rows = history.snapshots()?;
    let on_drive = snapshot_names(history.repository()?)?;
    let mut names = Vec::new();
    for text in &options.names {
        let known = called(text, &rows)?.map(|row| row.name.clone());
        let known = known.or_else(|| on_drive.iter().find(|name| *name == text).cloned());
        names.push(known.ok_or_else(|| Error::NoSuchName(text.clone()))?);
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// A state folder that can't be written to costs nothing but the memory.
pub(super) fn write_state(file: PathBuf, state: &impl Serialize) {
    if let Ok(text) = serde_json::to_vec(state) {
        let _ = config::write_private(&file, &text);
    }
}
