//! Thinning out: what the rules let go, making room, and deleting what a person names.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use nix::unistd::geteuid;

use super::error::{Error, Result};
use super::target::Target;
use crate::engine::error::Error as EngineError;
use crate::engine::history::{OnlyFile, SnapshotInfo, SnapshotState, SnapshotUsage};
use crate::engine::index::{concerns_index, is_full};
use crate::engine::monitor::Monitor;
use crate::engine::probe;
use crate::engine::prune::{
    self, Patience, PrunePlan, PruneReport, PruneRequest, Wanted, make_first_room, room_for_next,
};
use crate::engine::recover::Writer;
use crate::engine::repository::Repository;
use crate::engine::retention::{Amount, Policy, Reason, Retention};

/// What is freed at first on a drive that is too full to be opened for writing.
const FIRST_ROOM: Amount = Amount { bytes: 16 << 20, inodes: 64 };

/// How long a backup waits for whoever is reading before it deletes anything.
const READERS: Duration = Duration::from_secs(30);

/// So many of the files that a snapshot alone holds are shown before it is deleted.
const SHOWN_FILES: usize = 5;

/// What thinning out is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PruneAsk {
    /// Rules for this once, instead of those that were agreed to.
    pub policy: Option<Policy>,
    /// How much is to be free then, in bytes; without it, as much as the next backup wants.
    pub until_free_bytes: Option<u64>,
    /// Believe a source that was emptied.
    pub accept_empty: bool,
}

/// A snapshot that a person wants to delete.
#[derive(Debug, Clone)]
pub struct Doomed {
    /// Which one.
    pub snapshot: SnapshotInfo,
    /// What it alone holds; `None` if it isn't on the drive any more.
    pub usage: Option<SnapshotUsage>,
    /// The largest files of that.
    pub largest: Vec<OnlyFile>,
}

/// What was deleted for the first room, and why.
type Gone = Vec<(String, Reason)>;

impl Target {
    /// Whether a person said by which rules this may delete.
    pub fn is_agreed(&self, ask: &PruneAsk) -> bool {
        ask.policy.is_some() || self.retention.is_some()
    }

    /// The rules that were agreed to, or the usual ones.
    pub fn retention(&self) -> Retention {
        self.retention_by(None)
    }

    fn retention_by(&self, policy: Option<&Policy>) -> Retention {
        let policy = policy.or(self.retention.as_ref()).cloned().unwrap_or_default();
        Retention { policy, zone: TimeZone::system() }
    }

    /// Says what thinning out is going to delete, and how much each of that frees. Without rules that were agreed to it shows
    /// the usual ones.
    ///
    /// # Errors
    /// More room than the whole drive has is asked for; those of reading the history.
    pub fn plan_prune(&self, ask: &PruneAsk, monitor: &Monitor) -> Result<PrunePlan> {
        self.plan_to_free(ask, Amount::default(), monitor)
    }

    /// As [`Target::plan_prune`], with at least `least` free in the end.
    fn plan_to_free(&self, ask: &PruneAsk, least: Amount, monitor: &Monitor) -> Result<PrunePlan> {
        let history = self.open_attached(monitor)?;
        check_room(ask, history.repository()?)?;
        let newest = history.snapshots()?.pop();
        let wanted = wanted(ask, newest.as_ref(), history.repository()?, least)?;
        let retention = self.retention_by(ask.policy.as_ref());
        Ok(history.plan_prune(
            &PruneRequest {
                retention: &retention,
                sources: &self.sources,
                accept_empty: ask.accept_empty,
                now: Timestamp::now(),
                wanted,
                with_sizes: true,
            },
            monitor,
        )?)
    }

    /// Deletes what the rules let go, and makes room.
    ///
    /// # Errors
    /// Nothing is deleted if no rules were agreed to, or if more room is asked for than the whole drive has. A stop, after
    /// which what was begun is finished by the next writer.
    pub fn prune(&self, ask: &PruneAsk, monitor: &Monitor) -> Result<PruneReport> {
        if !self.is_agreed(ask) {
            return Err(Error::NoRulesAgreed { config: None });
        }
        check_room(ask, &self.open()?)?;
        self.run_prune(ask, monitor).map_err(|error| error.while_deleting(monitor))
    }

    fn run_prune(&self, ask: &PruneAsk, monitor: &Monitor) -> Result<PruneReport> {
        let plan = |least| self.plan_to_free(ask, least, monitor);
        let (mut writer, gone) = self.open_to_delete(plan, Patience::Wait, monitor)?;
        let report = match self.prune_by(ask, &mut writer, monitor) {
            Err(Error::Engine(error)) if concerns_index(&error) => {
                writer.mend(&error, monitor)?;
                self.prune_by(ask, &mut writer, monitor)
            }
            report => report,
        };
        Ok(with_gone(report?, gone))
    }

    fn prune_by(
        &self,
        ask: &PruneAsk,
        writer: &mut Writer,
        monitor: &Monitor,
    ) -> Result<PruneReport> {
        let newest = writer.index.snapshots()?.pop();
        let wanted = wanted(ask, newest.as_ref(), &writer.repository, Amount::default())?;
        let retention = self.retention_by(ask.policy.as_ref());
        let request = PruneRequest {
            retention: &retention,
            sources: &self.sources,
            accept_empty: ask.accept_empty,
            now: Timestamp::now(),
            wanted,
            with_sizes: false,
        };
        Ok(prune::prune(writer, &request, monitor)?)
    }

    /// Opens the repository for a backup; on a drive that is too full for that, what the rules let go makes the first room.
    /// Gives the names of what is gone for it.
    pub(super) fn open_to_back_up(
        &self,
        accept_empty: bool,
        monitor: &Monitor,
    ) -> Result<(Writer, Vec<String>)> {
        if self.retention.is_none() {
            return Ok((self.open_writer(monitor)?, Vec::new()));
        }
        let ask = PruneAsk { accept_empty, ..PruneAsk::default() };
        let plan = |least| self.plan_to_free(&ask, least, monitor);
        let (writer, gone) = self.open_to_delete(plan, Patience::UpTo(READERS), monitor)?;
        Ok((writer, gone.into_iter().map(|(name, _)| name).collect()))
    }

    /// Says what deleting the snapshots with these names takes away.
    ///
    /// # Errors
    /// What [`Target::forget`] refuses.
    pub fn plan_forget(&self, names: &[String], monitor: &Monitor) -> Result<Vec<Doomed>> {
        let history = self.open_attached(monitor)?;
        let plan = history.plan_forget(names, &self.sources)?;
        let rows: Vec<SnapshotInfo> = plan.judged.into_iter().map(|one| one.snapshot).collect();
        let there = rows.iter().filter(|row| row.state != SnapshotState::Missing);
        let there: Vec<u64> = there.map(|row| row.seq).collect();
        let mut usage = history.usage_of(&there)?.into_iter();
        rows.into_iter()
            .map(|snapshot| {
                let is_there = there.contains(&snapshot.seq);
                let largest = if is_there {
                    history.largest_only(snapshot.seq, SHOWN_FILES)?
                } else {
                    Vec::new()
                };
                Ok(Doomed { usage: is_there.then(|| usage.next()).flatten(), largest, snapshot })
            })
            .collect()
    }

    /// Deletes the snapshots with these names, whatever the rules are.
    ///
    /// # Errors
    /// Nothing is deleted if one of them is unknown, pinned or the newest good one, or while a source is missing.
    pub fn forget(&self, names: &[String], monitor: &Monitor) -> Result<PruneReport> {
        self.run_forget(names, monitor).map_err(|error| error.while_deleting(monitor))
    }

    fn run_forget(&self, names: &[String], monitor: &Monitor) -> Result<PruneReport> {
        let plan = |_| Ok(self.open_attached(monitor)?.plan_forget(names, &self.sources)?);
        let (mut writer, gone) = self.open_to_delete(plan, Patience::Wait, monitor)?;
        let is_gone = |name: &String| gone.iter().any(|(gone, _)| gone == name);
        let names: Vec<String> = names.iter().filter(|name| !is_gone(name)).cloned().collect();
        let report = prune::forget(&mut writer, &names, &self.sources, monitor)?;
        Ok(with_gone(report, gone))
    }

    /// Opens the repository for writing, even on a drive that is too full for that: then some of what `plan` lets go
    /// goes first, and that is told.
    fn open_to_delete(
        &self,
        plan: impl Fn(Amount) -> Result<PrunePlan>,
        patience: Patience,
        monitor: &Monitor,
    ) -> Result<(Writer, Gone)> {
        let (mut least, mut gone, mut is_first) = (FIRST_ROOM, Gone::new(), true);
        loop {
            let error = match self.open_writer(monitor) {
                Err(Error::Engine(error)) if is_full(&error) => error,
                opened => return Ok((opened?, gone)),
            };
            let plan = plan(least)?;
            if let Some(path) = plan.missing_source {
                return Err(EngineError::SourceMissing(path).into());
            }
            let mut repository = self.open()?;
            let euid = geteuid().as_raw();
            let first = make_first_room(&mut repository, euid, &plan, least, patience, monitor)?;
            // Tidying up makes room once; after that only what is deleted does.
            let goes_on = !first.deleted.is_empty() || (is_first && first.is_more);
            gone.extend(first.deleted);
            if !goes_on {
                return Err(match gone.len() as u64 {
                    0 => error.into(),
                    deleted => Error::StillFull { path: self.repository_path.clone(), deleted },
                });
            }
            (least, is_first) = (least.plus(least), false);
        }
    }
}

/// Refuses what the whole drive hasn't got.
fn check_room(ask: &PruneAsk, repository: &Repository) -> Result<()> {
    let Some(wanted_bytes) = ask.until_free_bytes else { return Ok(()) };
    let total_bytes = probe::space(repository.dir(), repository.path())?.total_bytes;
    if wanted_bytes > total_bytes {
        return Err(Error::BeyondDrive { total_bytes });
    }
    Ok(())
}

/// The room that is to be made, at least `least`.
fn wanted(
    ask: &PruneAsk,
    newest: Option<&SnapshotInfo>,
    repository: &Repository,
    least: Amount,
) -> Result<Wanted> {
    let larger = |one: Amount| Amount {
        bytes: one.bytes.max(least.bytes),
        inodes: one.inodes.max(least.inodes),
    };
    if let Some(bytes) = ask.until_free_bytes {
        return Ok(Wanted::Free(larger(Amount::of_bytes(bytes))));
    }
    Ok(Wanted::ForBackup(larger(room_for_next(repository, newest)?)))
}

fn with_gone(report: PruneReport, mut gone: Gone) -> PruneReport {
    gone.extend(report.deleted);
    PruneReport { deleted: gone, ..report }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::target::Options;

    #[test]
    fn what_nobody_agreed_to_is_not_even_begun() {
        let options = Options { repository: Some("/nonexistent".into()), config: None };
        let target = Target::require(&options).unwrap();
        let prune = |ask: &PruneAsk| target.prune(ask, &Monitor::new()).unwrap_err();
        for ask in
            [PruneAsk::default(), PruneAsk { until_free_bytes: Some(1), ..PruneAsk::default() }]
        {
            assert!(matches!(prune(&ask), Error::NoRulesAgreed { config: None }), "{ask:?}");
        }
        let agreed = PruneAsk { policy: Some(Policy::default()), ..PruneAsk::default() };
        assert!(prune(&agreed).is_drive_away());
    }
}
