//! What is to be done for the faults of trees, one entry after the other, as far as that is known before anything is made.

use super::builder::look_if_told;
use super::vouched::Vouched;
use super::wanted::WantedEntry;
use super::{NotReturned, can_bring_back};
use crate::engine::error::Result;
use crate::engine::mend::failure::MendFailure;
use crate::engine::mend::journal::{PATH_LIMIT_BYTES, PORTION_BYTES};
use crate::engine::mend::known::Known;
use crate::engine::mend::survey::Name;
use crate::engine::mend::{BATCH, LINE_BYTES, STAGED_BYTES};
use crate::engine::meta::Kind;
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::engine::repository::Repository;
use crate::engine::verify::{Aspect, Fault, TreeFault};
use rustix::io::Errno;

/// An entry that is to be brought back.
pub(super) struct Task {
    pub name: Name,
    pub wanted: WantedEntry,
    pub is_lost: bool,
    /// The path of the source that it belongs to.
    pub source: RelPath,
}

impl Task {
    /// Whether it is a folder that is put right where it is.
    pub fn is_in_place(&self) -> bool {
        !self.is_lost && self.wanted.kind() == Kind::Directory
    }

    /// Whether its place is as the verification found it, and what has it; `None` if all is well there by now.
    pub fn look(
        &self,
        repository: &Repository,
    ) -> std::result::Result<Option<Option<u64>>, MendFailure> {
        let folder = self.name.folder(repository).map_err(MendFailure::Unreachable)?;
        let folder = folder.ok_or(MendFailure::Unreachable(Errno::NOENT))?;
        let name = self.name.path.name().ok_or(MendFailure::Changed)?;
        if self.is_lost && !folder.has(name).map_err(MendFailure::Unreachable)? {
            return Ok(Some(None));
        }
        let stat = folder.stat_child(name).map_err(MendFailure::Unreachable)?;
        let is_kind = Kind::from_mode(stat.stx_mode.into()) == Some(self.wanted.kind());
        // A folder that was lost came back with the one that it is in.
        let is_folder = is_kind && self.wanted.kind() == Kind::Directory;
        if is_folder || look_if_told(&folder, name, &self.wanted).is_some() {
            return Ok(None);
        }
        let is_altered = is_kind && !self.is_lost;
        if is_altered { Ok(Some(Some(stat.stx_ino))) } else { Err(MendFailure::Changed) }
    }

    /// What is said of it if it is not put back.
    pub fn refused(&self, failure: MendFailure) -> NotReturned {
        NotReturned::new(&self.name, failure)
    }
}

/// What is to be done for faults, one after the other, without what must not be done.
pub(super) struct Tasks<'a, 'v> {
    known: &'a Known<'a>,
    monitor: &'a Monitor,
    vouched: &'v mut Vouched<'a>,
    faults: Box<dyn Iterator<Item = (&'a TreeFault, &'a String)> + 'a>,
    /// What must not be done.
    pub refused: Vec<NotReturned>,
    /// What didn't fit into the last portion.
    waiting: Option<Task>,
}

impl<'a, 'v> Tasks<'a, 'v> {
    pub fn of(
        (known, monitor): (&'a Known<'a>, &'a Monitor),
        vouched: &'v mut Vouched<'a>,
        faults: impl Iterator<Item = &'a TreeFault> + 'a,
    ) -> Self {
        let faults = faults.filter(|fault| can_bring_back(&fault.fault));
        let one_by_one = faults.flat_map(|it| it.snapshots.iter().map(move |name| (it, name)));
        let (faults, refused, waiting) = (Box::new(one_by_one), Vec::new(), None);
        Self { known, monitor, vouched, faults, refused, waiting }
    }

    /// The next that may be done; `None` at the end.
    ///
    /// # Errors
    /// A stop; an index that fails.
    pub fn next_task(&mut self) -> Result<Option<Task>> {
        while let Some((fault, snapshot)) = self.faults.next() {
            self.monitor.check_cancelled()?;
            let name = Name { snapshot: snapshot.clone(), path: fault.path.clone() };
            match self.task(&name, &fault.fault)? {
                Ok(task) => return Ok(Some(task)),
                Err(failure) => self.refused.push(NotReturned::new(&name, failure)),
            }
        }
        Ok(None)
    }

    fn task(
        &mut self,
        name: &Name,
        fault: &Fault,
    ) -> Result<std::result::Result<Task, MendFailure>> {
        let is_lost = *fault == Fault::Lost;
        let voucher = match self.vouched.of(name)? {
            Ok(voucher) => voucher,
            Err(failure) => return Ok(Err(failure)),
        };
        // Its time alone opens it to nobody, and moves with each entry that is put back.
        let is_harmless = is_lost || *fault == Fault::Altered(vec![Aspect::Time]);
        if name.path == voucher.source && !is_harmless {
            return Ok(Err(MendFailure::NoDigest));
        }
        let Some(state) = self.known.state_of(name)? else {
            return Ok(Err(MendFailure::IndexDiffers));
        };
        let wanted = WantedEntry::new(state, voucher.owner);
        Ok(if name.path.encode().len() > PATH_LIMIT_BYTES {
            Err(MendFailure::Unreachable(Errno::NAMETOOLONG))
        } else if name.path.is_root() || !wanted.is_stored() {
            Err(MendFailure::NoGoodCopy)
        } else {
            Ok(Task { name: name.clone(), wanted, is_lost, source: voucher.source })
        })
    }

    /// What is staged together next; nothing at the end. Folders that are put right where they are don't belong to it.
    ///
    /// # Errors
    /// As of [`Self::next_task`].
    pub fn next_portion(&mut self) -> Result<Vec<Task>> {
        let mut portion = Vec::new();
        let (mut staged, mut journaled) = (0_u64, 0);
        while portion.len() < BATCH {
            let task = match self.waiting.take() {
                Some(task) => task,
                None => match self.next_task()? {
                    Some(task) if task.is_in_place() => continue,
                    Some(task) => task,
                    None => break,
                },
            };
            staged = staged.saturating_add(task.wanted.state.file_bytes());
            // A folder has a line of its own.
            journaled += 2 * (task.name.path.encode().len() + LINE_BYTES);
            let fits = staged <= STAGED_BYTES && journaled <= PORTION_BYTES;
            if !fits && !portion.is_empty() {
                self.waiting = Some(task);
                break;
            }
            portion.push(task);
        }
        Ok(portion)
    }
}
