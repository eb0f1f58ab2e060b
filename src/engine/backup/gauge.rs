//! How much of the drive's room a run may still use: known by counting, and by a look at the drive now and then.
//!
//! A run that meets the end of the drive has to throw its stage away; one that ends before can go on with it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use super::measure::{ENTRY_COST_BYTES, FolderCost, reserve};
use crate::engine::error::{Error, Result};
use crate::engine::probe;
use crate::engine::repository::Repository;
use crate::engine::retention::Amount;

/// What is used until the drive is looked at again.
const STEP: Amount = Amount { bytes: 16 << 20, inodes: 1000 };

/// What came of writing large files over clones of their last versions.
#[derive(Debug, Default)]
pub(super) struct Rewritten {
    compared_bytes: AtomicU64,
    written_bytes: AtomicU64,
}

impl Rewritten {
    /// Counts how much of a file was compared, and how much of that was written.
    pub fn add(&self, compared_bytes: u64, written_bytes: u64) {
        self.compared_bytes.fetch_add(compared_bytes, Relaxed);
        self.written_bytes.fetch_add(written_bytes, Relaxed);
    }

    /// Whether anything was written in this way.
    pub fn is_any(&self) -> bool {
        self.written_bytes.load(Relaxed) > 0
    }

    /// How much is likely to be written of so many bytes; 0 as long as nothing is known.
    pub fn part_of(&self, bytes: u64) -> u64 {
        let compared = self.compared_bytes.load(Relaxed).max(1);
        let written = self.written_bytes.load(Relaxed).min(compared);
        let part = u128::from(bytes) * u128::from(written) / u128::from(compared);
        u64::try_from(part).unwrap_or(bytes)
    }
}

/// The room of one run.
pub(super) struct Gauge<'a> {
    repository: &'a Repository,
    /// What has to stay free.
    least: Amount,
    cost: FolderCost,
    /// What may be used before the drive is looked at; below 0 if more was used.
    bytes: AtomicI64,
    inodes: AtomicI64,
    /// The sizes of the files that are just being stored.
    in_flight_bytes: AtomicU64,
    /// What may be used beyond that before the drive has to be flushed: only then it tells what is free.
    left: Mutex<Amount>,
}

/// A file that is just being stored.
pub(super) struct InFlight<'a>(&'a AtomicU64, u64);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Relaxed);
    }
}

impl<'a> Gauge<'a> {
    /// Half of the reserve has to stay free.
    pub fn new(repository: &'a Repository) -> Result<Self> {
        let space = probe::space(repository.dir(), repository.path())?;
        let reserve = reserve(&space);
        let least = Amount { bytes: reserve.bytes / 2, inodes: reserve.inodes / 2 };
        Ok(Self {
            repository,
            least,
            cost: FolderCost::on(repository.dir()),
            bytes: AtomicI64::new(0),
            inodes: AtomicI64::new(0),
            in_flight_bytes: AtomicU64::new(0),
            left: Mutex::new(least.lacking(space.free())),
        })
    }

    /// Counts the share of an entry in its folder.
    pub fn use_for_entry(&self) {
        self.bytes.fetch_sub(signed(self.cost.entry_bytes), Relaxed);
    }

    /// Room for a new entry with so much content, which is being stored until the answer is dropped.
    ///
    /// # Errors
    /// [`Error::RoomShort`]; a drive that fails.
    pub fn take(&self, bytes: u64) -> Result<InFlight<'_>> {
        self.in_flight_bytes.fetch_add(bytes, Relaxed);
        let taken = InFlight(&self.in_flight_bytes, bytes);
        self.charge(bytes.saturating_add(ENTRY_COST_BYTES), 1)?;
        Ok(taken)
    }

    /// Room for a new folder.
    ///
    /// # Errors
    /// As of [`Gauge::take`].
    pub fn take_folder(&self) -> Result<()> {
        self.charge(self.cost.folder_bytes.saturating_add(ENTRY_COST_BYTES), 1)
    }

    /// Room for so many bytes, which are written at once, and inodes.
    ///
    /// # Errors
    /// As of [`Gauge::take`].
    pub fn charge(&self, bytes: u64, inodes: u64) -> Result<()> {
        let (bytes, inodes) = (signed(bytes), signed(inodes));
        let is_out_of_bytes = self.bytes.fetch_sub(bytes, Relaxed) < bytes;
        let is_out_of_inodes = self.inodes.fetch_sub(inodes, Relaxed) < inodes;
        if is_out_of_bytes || is_out_of_inodes { self.look() } else { Ok(()) }
    }

    /// Grants the next step, if there is room for what was used beyond the last.
    fn look(&self) -> Result<()> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let used = Amount { bytes: overdrawn(&self.bytes), inodes: overdrawn(&self.inodes) };
        if used.is_none() {
            return Ok(());
        }
        // Others may write to the drive, too.
        let above = self.above()?;
        *left =
            Amount { bytes: left.bytes.min(above.bytes), inodes: left.inodes.min(above.inodes) };
        if left.lacking(used).is_none() {
            *left = used.lacking(*left);
        } else {
            *left = self.flush()?;
        }
        let step =
            Amount { bytes: STEP.bytes.min(left.bytes), inodes: STEP.inodes.min(left.inodes) };
        *left = step.lacking(*left);
        self.bytes.fetch_add(signed(used.bytes.saturating_add(step.bytes)), Relaxed);
        self.inodes.fetch_add(signed(used.inodes.saturating_add(step.inodes)), Relaxed);
        Ok(())
    }

    /// What may be used, asked when all that was written is on the drive.
    fn flush(&self) -> Result<Amount> {
        let repository = self.repository;
        let flushed = repository.dir().sync_file_system();
        flushed.map_err(|errno| Error::drive("flush", repository.path(), errno))?;
        let above = self.above()?;
        // Nothing is begun where not even an entry has room.
        let bytes = self.in_flight_bytes.load(Relaxed).saturating_add(ENTRY_COST_BYTES);
        let in_flight = Amount { bytes, inodes: 1 };
        if above.lacking(in_flight).is_none() {
            Ok(in_flight.lacking(above))
        } else {
            Err(Error::RoomShort(repository.path().to_owned()))
        }
    }

    /// What is free beyond what has to stay so.
    fn above(&self) -> Result<Amount> {
        let space = probe::space(self.repository.dir(), self.repository.path())?;
        Ok(self.least.lacking(space.free()))
    }
}

fn overdrawn(counter: &AtomicI64) -> u64 {
    u64::try_from(counter.load(Relaxed).saturating_neg()).unwrap_or(0)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
