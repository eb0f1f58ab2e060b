//! Carries retention out: finds what may go and why, and deletes it.
//!
//! [`plan`] is what a preview shows and what [`prune`] does. Pins and seals are asked of the drive, not of the index, for all that
//! would go: a plan is made with the writer's lock held before anything goes, so that nobody changes them meanwhile.

mod first;
mod forget;
mod next;
mod plan;
mod sources;
mod truth;

use std::time::{Duration, Instant};

use super::error::{Error, Result};
use super::monitor::{Event, Monitor, Phase};
use super::probe;
use super::recover::Writer;
use super::retention::{Amount, Reason};
use super::trash;

pub use super::trash::Patience;
pub use first::{FirstRoom, make_first_room};
pub use forget::{forget, plan_forget};
pub use next::room_for_next;
pub use plan::{Judged, PrunePlan, PruneRequest, Wanted, plan};
pub use sources::missing_source;

/// How often a file system that has not yet freed what was removed is asked again.
const TICK: Duration = Duration::from_millis(20);

/// After so many times without a change nothing more is on its way.
const IDLE_TICKS: u32 = 15;

/// How long what was removed is waited for at all: others may write and remove meanwhile.
const LONGEST_SETTLING: Duration = Duration::from_secs(10);

/// What was deleted, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PruneReport {
    /// The snapshots that are deleted, in that order, and why.
    pub deleted: Vec<(String, Reason)>,
    /// Names of those that are pruned, but of which something is left in the trash that could not be removed.
    pub stuck: Vec<String>,
    /// What is free now.
    pub free: Amount,
    /// What is still missing of the wanted room.
    pub missing: Amount,
}

/// Deletes what the retention no longer keeps, and then what it keeps until room is needed, for as long as room is.
///
/// What goes for room goes one by one, least valuable first, and the drive is asked in between: nothing is deleted for
/// room that is there already.
///
/// # Errors
/// A stop, after which what was begun is finished by the next opening; a drive that fails.
pub fn prune(
    writer: &mut Writer,
    request: &PruneRequest<'_>,
    monitor: &Monitor,
) -> Result<PruneReport> {
    prune_with(writer, request, Patience::Wait, monitor)
}

/// As [`prune`], with what is done while someone is reading.
///
/// # Errors
/// [`Error::Locked`] if someone is reading and isn't waited for; those of [`prune`].
pub(super) fn prune_with(
    writer: &mut Writer,
    request: &PruneRequest<'_>,
    patience: Patience,
    monitor: &Monitor,
) -> Result<PruneReport> {
    let plan = plan(&writer.index, &writer.repository, request, monitor)?;
    let expected = plan.room.free;
    let mut deletion = Deletion { writer, patience, monitor, deleted: Vec::new(), expected };
    let going = plan.judged.iter().filter(|one| one.goes());
    deletion.announce(going.map(|one| one.snapshot.entries));
    let thinned: Vec<&Judged> =
        plan.thinned.iter().flatten().filter_map(|seq| plan.find(*seq)).collect();
    deletion.delete(&thinned)?;
    for together in &plan.for_room {
        if !plan.room.is_short(deletion.free()?) {
            break;
        }
        let named: Vec<&Judged> = together.iter().filter_map(|seq| plan.find(*seq)).collect();
        deletion.delete(&named)?;
    }
    deletion.report(plan.room.wanted)
}

/// What is being deleted.
struct Deletion<'a> {
    writer: &'a mut Writer,
    patience: Patience,
    monitor: &'a Monitor,
    deleted: Vec<(String, Reason)>,
    /// What ought to be free by now.
    expected: Amount,
}

impl Deletion<'_> {
    /// Says how much there is to do at most.
    fn announce(&self, entries: impl Iterator<Item = u64>) {
        self.monitor.enter(Phase::Deleting);
        self.monitor.reset_done();
        self.monitor.set_totals(entries.fold(0, u64::saturating_add), 0);
    }

    fn delete(&mut self, snapshots: &[&Judged]) -> Result<()> {
        if snapshots.is_empty() {
            return Ok(());
        }
        let named: Vec<(u64, String)> =
            snapshots.iter().map(|one| (one.snapshot.seq, one.snapshot.name.clone())).collect();
        trash::delete(self.writer, &named, self.patience, self.monitor)?;
        for one in snapshots {
            let name = one.snapshot.name.clone();
            self.monitor.emit(&Event::SnapshotDeleted { name: name.clone() });
            self.deleted.push((name, one.reason.clone()));
            self.expected = self.expected.plus(one.frees);
        }
        Ok(())
    }

    /// What is free now. What was deleted counts only once the file system has written that down.
    fn free(&self) -> Result<Amount> {
        let repository = &self.writer.repository;
        if !self.deleted.is_empty() {
            let flushed = repository.dir().sync_file_system();
            flushed.map_err(|errno| Error::drive("flush", repository.path(), errno))?;
        }
        // Some file systems free in the background what was removed: what is on its way need not be deleted elsewhere.
        let (mut most_bytes, mut idle_ticks, started) = (0, 0, Instant::now());
        loop {
            let free = probe::space(repository.dir(), repository.path())?.free();
            self.monitor.set_free_bytes(free.bytes);
            idle_ticks = if free.bytes > most_bytes { 0 } else { idle_ticks + 1 };
            most_bytes = most_bytes.max(free.bytes);
            let is_settled = self.deleted.is_empty() || free.bytes >= self.expected.bytes;
            if is_settled || idle_ticks >= IDLE_TICKS || started.elapsed() >= LONGEST_SETTLING {
                return Ok(free);
            }
            self.monitor.check_cancelled()?;
            std::thread::sleep(TICK);
        }
    }

    fn report(self, wanted: Amount) -> Result<PruneReport> {
        let free = self.free()?;
        let mut stuck = trash::names(&self.writer.repository)?;
        stuck.retain(|name| self.deleted.iter().any(|(deleted, _)| deleted == name));
        Ok(PruneReport { stuck, free, missing: free.lacking(wanted), deleted: self.deleted })
    }
}
