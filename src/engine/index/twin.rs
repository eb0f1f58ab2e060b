//! Both copies of the index, brought up to date by the same changes: the drive's first, then this computer's.
//!
//! Whatever fails on this computer's copy fails no run: the copy is thrown away, to be made again later.

use std::ops::Deref;

use jiff::Timestamp;

use super::local::LocalCopy;
use super::{Index, SnapshotState, Spool, StateChange};
use crate::engine::error::Result;
use crate::engine::monitor::{Monitor, Phase};
use crate::engine::pin::Pin;
use crate::engine::seal::Seal;

/// The drive's index, by which all questions are answered, and this computer's.
#[derive(Debug)]
pub struct Twin {
    drive: Index,
    local: Option<Index>,
    place: Option<LocalCopy>,
}

impl Deref for Twin {
    type Target = Index;

    fn deref(&self) -> &Index {
        &self.drive
    }
}

impl Twin {
    /// Joins the drive's index with this computer's copy, if that holds the same.
    pub fn new(drive: Index, place: Option<LocalCopy>) -> Self {
        let mut twin = Self { drive, local: None, place };
        twin.join();
        twin
    }

    fn join(&mut self) {
        let repository = self.drive.head().map(|head| head.repository);
        self.local = match (&self.place, repository) {
            (Some(place), Ok(repository)) => place.open(repository),
            _ => None,
        };
        if !self.is_in_step() {
            self.local = None;
        }
    }

    /// Whether there are two copies that hold the same.
    fn is_in_step(&self) -> bool {
        self.local.as_ref().is_some_and(|local| local.equals(&self.drive).unwrap_or(false))
    }

    /// Makes this computer's copy again unless it holds the same as the drive's, or may not be kept.
    pub fn follow(&mut self, monitor: &Monitor) {
        if self.is_in_step() {
            return;
        }
        self.local = None;
        let Some(place) = &self.place else { return };
        monitor.enter(Phase::Indexing);
        // Without the copy all goes on as with it, but for what can be seen while the drive is away.
        if let Ok(Some(())) = place.make(&self.drive, monitor) {
            self.join();
        }
    }

    /// As [`Twin::follow`] after the drive's index was replaced; a copy that could not follow is removed, as it knows nothing of that.
    pub fn follow_or_remove(&mut self, monitor: &Monitor) {
        self.follow(monitor);
        if let (None, Some(place)) = (&self.local, &self.place) {
            place.remove();
        }
    }

    /// The drive's index alone, for changes that this computer's copy gets when it follows.
    pub fn drive_mut(&mut self) -> &mut Index {
        &mut self.drive
    }

    /// Takes another index for the drive's; this computer's copy has to follow.
    pub fn replace_drive(&mut self, drive: Index) {
        self.local = None;
        self.drive = drive;
    }

    /// Where this computer's copy lies, if one is kept.
    pub fn place(&self) -> Option<&LocalCopy> {
        self.place.as_ref()
    }

    /// Changes both in the same way.
    fn change(&mut self, change: impl Fn(&mut Index) -> Result<()>) -> Result<()> {
        // A reader may have put another copy in its place.
        if self.local.as_ref().is_some_and(|local| !local.path().exists()) {
            self.join();
        }
        let was_in_step = self.is_in_step();
        change(&mut self.drive)?;
        if let Some(mut local) = self.local.take()
            && was_in_step
            && change(&mut local).is_ok()
            && self.fits(&local)
        {
            if local.path().exists() {
                self.local = Some(local);
            } else {
                self.join();
            }
        } else if let Some(place) = &self.place {
            place.remove();
        }
        Ok(())
    }

    fn fits(&self, local: &Index) -> bool {
        let limit = self.place.as_ref().map_or(0, |place| place.limit_bytes);
        local.size_bytes().is_ok_and(|size| size <= limit)
    }

    /// As [`Index::add_snapshot`].
    pub fn add_snapshot(
        &mut self,
        seal: &Seal,
        name: &str,
        state: SnapshotState,
        pin: &Pin,
        spool: &Spool,
    ) -> Result<()> {
        self.change(|index| index.add_snapshot(seal, name, state, pin, spool))
    }

    /// As [`Index::note_same`].
    pub fn note_same(&mut self, seq: u64, moment: Timestamp, spool: &Spool) -> Result<()> {
        self.change(|index| index.note_same(seq, moment, spool))
    }

    /// As [`Index::set_states`].
    pub fn set_states(&mut self, changes: &[StateChange]) -> Result<()> {
        self.change(|index| index.set_states(changes))
    }

    /// As [`Index::set_pin`].
    pub fn set_pin(&mut self, seq: u64, pin: &Pin) -> Result<()> {
        self.change(|index| index.set_pin(seq, pin))
    }

    /// As [`Index::set_unusable`].
    pub fn set_unusable(&mut self, names: &[String]) -> Result<()> {
        self.change(|index| index.set_unusable(names))
    }

    /// As [`Index::prune`].
    pub fn prune(&mut self, numbers: &[u64], moment: Timestamp) -> Result<()> {
        self.change(|index| index.prune(numbers, moment))
    }
}
