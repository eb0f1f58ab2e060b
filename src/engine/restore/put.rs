//! Puts all items in their places: what can't be moved is told of while the others go on, and what belongs to one
//! database is moved all together or not at all, since an old one beside a newer log would be spoilt on opening.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use rustix::io::Errno;

use super::journal::{Journal, Steps, Swap, Thing};
use super::plan::base_of;
use super::swap::{Mover, Progress, errno_of, is_general, is_it, is_unwritten};
use super::target;
use crate::engine::error::Result;
use crate::engine::monitor::{Event, Monitor};
use crate::engine::problem::Reason;

/// One restore's items on their way.
pub struct Putting<'a, 'w> {
    mover: &'a mut Mover<'w>,
    journal: &'a Journal,
    monitor: &'a Monitor,
    units: Units,
    /// Of each item whether it is left as it is.
    left: Vec<bool>,
    /// The slots of items that somebody changed after they were put in their places.
    edited: HashSet<u64>,
}

/// Which items are parts of one database.
pub struct Units {
    /// The unit of an item that is not by itself.
    of: HashMap<usize, usize>,
    parts: Vec<Vec<usize>>,
}

impl Units {
    /// The databases among `swaps`.
    pub fn new(swaps: &[Swap]) -> Self {
        let mut by_base: HashMap<(&Path, &[u8]), Vec<usize>> = HashMap::new();
        for (number, swap) in swaps.iter().enumerate() {
            if let Some(base) = base_of(&swap.name) {
                by_base.entry((&swap.folder, base)).or_default().push(number);
            }
        }
        for (number, swap) in swaps.iter().enumerate() {
            if let Some(parts) = by_base.get_mut(&(swap.folder.as_path(), swap.name.as_slice())) {
                parts.push(number);
            }
        }
        let mut parts: Vec<Vec<usize>> =
            by_base.into_values().filter(|all| all.len() > 1).collect();
        parts.iter_mut().for_each(|parts| parts.sort_unstable());
        parts.sort_unstable();
        let units = parts.iter().enumerate();
        let of = units.flat_map(|(unit, parts)| parts.iter().map(move |part| (*part, unit)));
        Self { of: of.collect(), parts }
    }

    /// The parts of each database, by their numbers.
    pub fn all(&self) -> &[Vec<usize>] {
        &self.parts
    }

    /// Whether an item belongs to the same database as the one before it.
    fn is_inside(&self, number: usize) -> bool {
        let unit = |number: usize| self.of.get(&number);
        unit(number).is_some() && number.checked_sub(1).and_then(unit) == unit(number)
    }

    /// What comes to the place of an item in a later step.
    fn next(&self, number: usize, swaps: &[Swap]) -> Option<Thing> {
        let parts = self.parts.get(*self.of.get(&number)?)?;
        let name = &swaps.get(number)?.name;
        let later = parts.iter().filter(|part| **part > number).filter_map(|part| swaps.get(*part));
        later.filter(|swap| swap.name == *name).find_map(|swap| swap.fresh.clone())
    }

    /// The items that are moved together with `number`, itself included.
    fn with(&self, number: usize) -> Vec<usize> {
        let unit = self.of.get(&number).and_then(|unit| self.parts.get(*unit));
        unit.cloned().unwrap_or_else(|| vec![number])
    }
}

impl<'a, 'w> Putting<'a, 'w> {
    /// Is about to put the items of `steps` in their places.
    pub fn new(
        mover: &'a mut Mover<'w>,
        journal: &'a Journal,
        steps: &Steps,
        monitor: &'a Monitor,
    ) -> Self {
        let left = vec![false; steps.swaps.len()];
        let (units, edited) = (Units::new(&steps.swaps), HashSet::new());
        Self { mover, journal, monitor, units, left, edited }
    }

    /// The slots of items that somebody changed after an interrupted run had put them in their places: they stay, also
    /// when all is taken back.
    pub fn into_edited(self) -> HashSet<u64> {
        self.edited
    }

    /// Whether anything was left as it is.
    pub fn has_left(&self) -> bool {
        self.left.contains(&true)
    }

    /// Moves every item, and notes what was in its place; `is_resumed` says that an earlier run may have begun.
    ///
    /// # Errors
    /// A stop, and what a whole file system can't do.
    pub fn put_all(&mut self, steps: &mut Steps, is_resumed: bool) -> Result<()> {
        for made in &steps.made {
            match target::make_as(made) {
                Err(error) if is_general(&error) => return Err(error),
                // Told of when something can't be put there.
                _ => {}
            }
        }
        if is_resumed {
            self.look_for_changes(steps)?;
        }
        for number in 0..steps.swaps.len() {
            // A stop must not leave a database without the log that is its own.
            if !self.units.is_inside(number) {
                self.monitor.check_cancelled()?;
            }
            if self.is_left(number) {
                continue;
            }
            let next = self.units.next(number, &steps.swaps);
            let Some(swap) = steps.swaps.get_mut(number) else { break };
            match self.mover.publish(swap, next.as_ref(), self.journal) {
                Ok(true) => {}
                Ok(false) => self.tell(steps, number, Reason::MetadataNotRestored),
                Err(error) if is_general(&error) => return Err(error),
                Err(error) => self.leave(steps, number, Reason::NotMoved(errno_of(&error)))?,
            }
        }
        Ok(())
    }

    /// Finds what somebody changed after an interrupted run had put it in its place: that stays, and nothing more is
    /// put beside a database of which anything was.
    fn look_for_changes(&mut self, steps: &mut Steps) -> Result<()> {
        let mut all = Vec::with_capacity(steps.swaps.len());
        for number in 0..steps.swaps.len() {
            self.monitor.check_cancelled()?;
            let Some(swap) = steps.swaps.get(number) else { break };
            let next = self.units.next(number, &steps.swaps);
            let settled = self.mover.settle(swap);
            let looked = settled.and_then(|()| self.mover.progress(swap, next.as_ref()));
            match looked {
                Ok(progress) => all.push(progress),
                Err(error) if is_general(&error) => return Err(error),
                Err(error) => {
                    all.push(Progress::Lost);
                    self.tell(steps, number, Reason::NotMoved(errno_of(&error)));
                    self.set_left(number);
                }
            }
        }
        for (number, progress) in
            all.iter().enumerate().filter(|(number, _)| !self.units.of.contains_key(number))
        {
            if *progress == Progress::Changed {
                self.edited.extend(steps.swaps.get(number).map(|swap| swap.slot));
                self.tell(steps, number, Reason::ChangedMeanwhile);
            }
        }
        for parts in self.units.parts.clone() {
            self.look_at_unit(steps, &parts, &all)?;
        }
        Ok(())
    }

    fn look_at_unit(&mut self, steps: &mut Steps, parts: &[usize], all: &[Progress]) -> Result<()> {
        let are = |wanted: &[Progress]| {
            parts.iter().any(|part| all.get(*part).is_some_and(|it| wanted.contains(it)))
        };
        if !are(&[Progress::Done, Progress::Changed]) {
            return Ok(());
        }
        let mut is_changed = are(&[Progress::Changed]);
        for part in parts.iter().filter(|part| all.get(**part) == Some(&Progress::Waiting)) {
            let Some(swap) = steps.swaps.get(*part) else { continue };
            let place = self.mover.look(swap)?.0;
            is_changed |= match &swap.former {
                Some(former) => {
                    !is_it(place.as_ref(), Some(former)) || !is_unwritten(place.as_ref(), former)
                }
                None => place.is_some() && swap.replaces,
            };
        }
        if is_changed {
            let slots = parts.iter().filter_map(|part| steps.swaps.get(*part));
            self.edited.extend(slots.map(|swap| swap.slot));
            for part in self.open(parts) {
                self.tell(steps, part, Reason::ChangedMeanwhile);
                if all.get(part) == Some(&Progress::Waiting) {
                    self.set_left(part);
                }
            }
        }
        Ok(())
    }

    /// Leaves an item as it is, which could not be moved; what was moved already of its database is moved back.
    fn leave(&mut self, steps: &mut Steps, number: usize, reason: Reason) -> Result<()> {
        for part in self.open(&self.units.with(number)) {
            self.tell(steps, part, reason);
            self.set_left(part);
            let Some(swap) = steps.swaps.get(part) else { continue };
            let next = self.units.next(part, &steps.swaps);
            let progress = self.mover.progress(swap, next.as_ref());
            if part != number && progress.is_ok_and(|it| it == Progress::Done) {
                // What can't be moved back stays known, and is taken back with the rest.
                match self.mover.turn(swap, swap.fresh.as_ref(), swap.former.as_ref(), &[])? {
                    Ok(()) | Err(Errno::NOENT | Errno::STALE | Errno::EXIST) => {}
                    Err(errno) => self.tell(steps, part, Reason::NotMoved(errno)),
                }
            }
        }
        Ok(())
    }

    /// Those of `parts` that are not left.
    fn open(&self, parts: &[usize]) -> Vec<usize> {
        parts.iter().copied().filter(|part| !self.is_left(*part)).collect()
    }

    fn is_left(&self, number: usize) -> bool {
        self.left.get(number).copied().unwrap_or(false)
    }

    fn set_left(&mut self, number: usize) {
        if let Some(left) = self.left.get_mut(number) {
            *left = true;
        }
    }

    fn tell(&self, steps: &mut Steps, number: usize, reason: Reason) {
        let Some(swap) = steps.swaps.get(number) else { return };
        let path = swap.path.clone();
        self.monitor.emit(&Event::Problem { path: path.clone(), reason });
        steps.problems.push((path, reason));
    }
}
