//! What somebody changed since a restore, found before anything of it is taken back.

use std::collections::HashSet;

use super::Undo;
use crate::engine::error::{Error, Result};
use crate::engine::meta::FileTime;
use crate::engine::restore::adjust;
use crate::engine::restore::journal::{Adjust, Lift, Seen, Steps, Swap};
use crate::engine::restore::put::Units;
use crate::engine::restore::since::Since;
use crate::engine::restore::swap::{is_general, is_it, is_unwritten};
use rustix::fs::Statx;

impl Undo<'_> {
    /// Finds what was changed since, before anything is moved: that moves the times of folders, and of what has several
    /// names, too. An undo that goes on knows it, but for what was changed after the interruption.
    pub(super) fn look(&mut self, steps: &Steps) -> Result<()> {
        let known = self.seen.take();
        let mut changed = self.changed(&steps.swaps)?;
        changed.extend(&self.edited);
        self.add_units(&steps.swaps, &mut changed)?;
        let folders = match known {
            Some(known) => {
                changed.extend(known.changed);
                known.folders
            }
            None => steps
                .adjusts
                .iter()
                .map(|step| self.since(step, &steps.lifts))
                .collect::<Result<_>>()?,
        };
        self.seen = Some(Seen { changed, folders });
        Ok(())
    }

    /// A database of which any part was changed, or came or went, stays as a whole: an old one beside a newer log would
    /// be spoilt on opening.
    fn add_units(&mut self, swaps: &[Swap], changed: &mut HashSet<u64>) -> Result<()> {
        for parts in Units::new(swaps).all() {
            let parts: Vec<&Swap> = parts.iter().filter_map(|part| swaps.get(*part)).collect();
            let both = parts.iter().flat_map(|swap| [swap.fresh.as_ref(), swap.former.as_ref()]);
            let own: HashSet<u64> = both.flatten().map(|thing| thing.inode).collect();
            let mut is_touched = parts.iter().any(|swap| changed.contains(&swap.slot));
            for swap in parts.iter().filter(|_| !self.is_resumed) {
                let (place, slot) = self.mover.look(swap)?;
                let outgoing = self.sides(swap).0;
                let is_waiting = outgoing.is_some() && !is_it(slot.as_ref(), outgoing);
                is_touched |= match place {
                    Some(stat) => !own.contains(&stat.stx_ino),
                    None => is_waiting,
                };
            }
            if is_touched {
                changed.extend(parts.iter().map(|swap| swap.slot));
            }
        }
        Ok(())
    }

    fn since(&self, step: &Adjust, lifts: &[Lift]) -> Result<Option<(bool, Option<FileTime>)>> {
        let (given, other) = self.given(step);
        match adjust::since(step, given, other, lifts) {
            Ok(since) => Ok(Some(since)),
            Err(errno) => {
                let error = Error::io("examine", &step.place, errno);
                if is_general(&error) { Err(error) } else { Ok(None) }
            }
        }
    }

    /// The slots of items that were changed.
    fn changed(&mut self, swaps: &[Swap]) -> Result<HashSet<u64>> {
        let mut waiting = Vec::new();
        for swap in swaps {
            let Some(thing) = self.sides(swap).0 else { continue };
            match self.mover.look(swap) {
                // An interrupted undo moved it, and so changed its other names.
                Ok((_, slot)) if is_it(slot.as_ref(), Some(thing)) => {
                    self.moved.insert(thing.inode);
                }
                Ok((Some(stat), _)) if stat.stx_ino == thing.inode => waiting.push((swap, stat)),
                Err(error) if is_general(&error) => return Err(error),
                _ => {}
            }
        }
        let mut changed = HashSet::new();
        for (swap, stat) in waiting {
            let is_changed = match self.is_changed(swap, &stat) {
                Err(error) if is_general(&error) => return Err(error),
                // What can't be looked at stays as well.
                looked => looked.unwrap_or(true),
            };
            if is_changed {
                changed.insert(swap.slot);
            }
        }
        Ok(changed)
    }

    fn is_changed(&mut self, swap: &Swap, stat: &Statx) -> Result<bool> {
        let settled: Option<FileTime> =
            self.places.get(swap.workspace).and_then(|place| place.settled);
        let Some(settled) = settled else {
            // It ended before that was noted: the time of the content is all that tells.
            return Ok(self.sides(swap).0.is_some_and(|thing| !is_unwritten(Some(stat), thing)));
        };
        let Some(folder) = self.mover.folder(&swap.folder)? else { return Ok(false) };
        let since = Since { settled, moved: &self.moved, is_resumed: self.is_resumed };
        since
            .is_changed(&folder, &swap.name, stat)
            .map_err(|errno| Error::io("examine", &swap.place(), errno))
    }
}
