//! Folders that are there already: entered, and compared entry by entry with what is stored.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::Statx;
use rustix::io::Errno;

use super::item::{stat_if_there, there_of};
use super::keepers::{Keepers, Kept};
use super::there::{Mount, Place, look, mount_of, unless_general};
use super::unit::candidates;
use super::{Found, Planner, Spot};
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result};
use crate::engine::index::Child;
use crate::engine::meta::{Kind, Metadata};
use crate::engine::path::{EntryName, has_name};
use crate::engine::probe;
use crate::engine::repository::is_repository;
use crate::engine::restore::{Action, PlanItem, There};

/// One walk through a folder that was asked for and is there.
struct Walk {
    at: u64,
    /// Where it is: only there is anything removed.
    mount: Mount,
    /// What stays; `None` unless folders become exactly as they were.
    keepers: Option<Arc<Keepers>>,
    waiting: Vec<Step>,
}

enum Step {
    /// A folder on both sides; and whether it, or one above it, was carried forward.
    Enter(Box<(Found, Place)>, bool),
    /// A folder that was not in the snapshot, but holds something that stays.
    Clear(Place),
    /// An item whose turn is after all that is in it.
    Add(PlanItem),
}

/// A folder on both sides, open.
struct Both<'f> {
    found: &'f Found,
    place: &'f Place,
    dir: Arc<Dir>,
    stat: Statx,
    spot: Spot,
    /// The names of what is there, sorted.
    names: Vec<EntryName>,
    stored: Vec<Child>,
    /// What stays of what is there and was not; `None` if all does.
    kept: Option<Kept>,
}

impl Planner<'_> {
    /// Plans what is in the folder `found`, which is there as `name` in `spot`.
    pub(super) fn merge(
        &mut self,
        found: Found,
        spot: &Spot,
        name: Vec<u8>,
        target: PathBuf,
    ) -> Result<()> {
        let Some(parent) = spot.dir.clone() else { return Ok(()) };
        let stat =
            parent.stat_child(&name).map_err(|errno| Error::io("examine", &target, errno))?;
        let keepers = if self.is_exact() { Some(self.keepers(found.at)?) } else { None };
        let left_out = keepers.as_ref().map(|keepers| keepers.left_out(&found.path));
        let left_out = left_out.unwrap_or_default();
        let place = Place { parent, name, path: found.path.clone(), target, left_out };
        let (at, mount) = (found.at, mount_of(&stat));
        let is_stale = self.answers.is_stale(&found.path, at)?;
        let waiting = vec![Step::Enter(Box::new((found, place)), is_stale)];
        let mut walk = Walk { at, mount, keepers, waiting };
        while let Some(step) = walk.waiting.pop() {
            self.monitor.check_cancelled()?;
            match step {
                Step::Enter(both, stale) => self.enter(&mut walk, &both.0, &both.1, stale)?,
                Step::Clear(place) => self.clear(&mut walk, &place)?,
                Step::Add(item) => self.items.push(item),
            }
        }
        Ok(())
    }

    fn enter(
        &mut self,
        walk: &mut Walk,
        found: &Found,
        place: &Place,
        is_stale: bool,
    ) -> Result<()> {
        let Some(both) = self.open_both(walk, found, place, is_stale)? else { return Ok(()) };
        let (before, depth) = (self.items.len(), walk.waiting.len());
        let done = self.plan_units(&both)?;
        for child in &both.stored {
            self.monitor.check_cancelled()?;
            if done.contains(child.name.as_slice()) {
                continue;
            }
            let is_there = has_name(&both.names, &child.name);
            let below = both.found_below(child);
            if is_there
                && below.state.meta.kind == Kind::Directory
                && let Some(next) = self.next_folder(walk, &both, &below)?
            {
                let is_stale = is_stale || below.state.change().stale.is_some();
                walk.waiting.push(Step::Enter(Box::new((below, next)), is_stale));
                continue;
            }
            self.plan_entry(below, &both.spot, child.name.to_vec(), &both.stored)?;
        }
        self.remove_newer(walk, &both, &done)?;
        // The order of names, from a stack.
        walk.waiting.get_mut(depth..).unwrap_or_default().reverse();
        if both.kept.is_some()
            && let Some(item) = self.adjustment(&both, before)?
        {
            walk.waiting.insert(depth, Step::Add(item));
        }
        Ok(())
    }

    /// Opens both sides; `None` if the folder that is there can't be read, or nothing is restored into it.
    fn open_both<'f>(
        &mut self,
        walk: &Walk,
        found: &'f Found,
        place: &'f Place,
        is_stale: bool,
    ) -> Result<Option<Both<'f>>> {
        let failed = |errno| Error::io("open", &place.target, errno);
        let opened = place.parent.child(&place.name).and_then(|dir| Ok((dir.names()?, dir)));
        let (names, dir) = match opened {
            Ok((names, dir)) => (names, Arc::new(dir)),
            Err(Errno::ACCESS | Errno::PERM) => {
                self.miss_folder(found, place)?;
                return Ok(None);
            }
            Err(errno) => return Err(failed(errno)),
        };
        let stat = dir.stat().map_err(failed)?;
        if self.own.is(&stat) || is_repository(&dir, &names) {
            self.miss_folder(found, place)?;
            return Ok(None);
        }
        let spot = Spot {
            path: place.target.clone(),
            dir: Some(Arc::clone(&dir)),
            ground: self.grounds.note(&stat, &dir, &place.target),
            stable_inodes: probe::has_stable_inodes(&dir),
        };
        let is_complete =
            !is_stale && !found.state.change().absent && mount_of(&stat) == walk.mount;
        let keepers = walk.keepers.as_ref().filter(|_| is_complete);
        let kept = keepers.map(|keepers| keepers.look(&dir, place, &names));
        let stored = self.answers.0.children(found.node, found.at)?;
        Ok(Some(Both { found, place, dir, stat, spot, names, stored, kept }))
    }

    /// Nothing can be done in a folder that is there and can't be read, or is one that nothing is restored into: what is
    /// stored of it, if anything, stays where it is.
    fn miss_folder(&mut self, found: &Found, place: &Place) -> Result<()> {
        let mut waiting = vec![found.node];
        let (mut entries, mut bytes) = (0_u64, 0_u64);
        while let Some(node) = waiting.pop() {
            self.monitor.check_cancelled()?;
            for child in self.answers.0.children(node, found.at)? {
                entries = entries.saturating_add(1);
                bytes = bytes.saturating_add(child.state.file_bytes());
                if child.state.meta.kind == Kind::Directory {
                    waiting.push(child.node);
                }
            }
        }
        if entries > 0 {
            let stat = place.parent.stat_child(&place.name).ok();
            let there = stat.and_then(|stat| Metadata::from_statx(&stat)).map(|m| there_of(&m));
            let entries = entries.saturating_add(1);
            self.items.push(item_of(place, found.at, Action::Impossible, (entries, bytes), there));
        }
        Ok(())
    }

    /// The folder `below`, if it is a folder on both sides.
    fn next_folder(&self, walk: &Walk, both: &Both<'_>, below: &Found) -> Result<Option<Place>> {
        let name = below.path.name().unwrap_or_default();
        let stat = stat_if_there(&both.dir, name)
            .map_err(|errno| Error::io("examine", &both.spot.path, errno))?;
        let kind = stat.and_then(|stat| Kind::from_mode(u32::from(stat.stx_mode)));
        if kind != Some(Kind::Directory) {
            return Ok(None);
        }
        let mut next = both.place.below(&both.dir, name.to_vec());
        if let (Some(keepers), Some(kept)) = (&walk.keepers, &both.kept) {
            next.left_out = keepers.below(&next.path, kept);
        }
        Ok(Some(next))
    }

    /// Plans the databases of a folder, and gives the names that are done.
    fn plan_units(&mut self, both: &Both<'_>) -> Result<HashSet<Vec<u8>>> {
        let mut done = HashSet::new();
        let bases = candidates(&both.stored, &both.names);
        if bases.is_empty() {
            return Ok(done);
        }
        let children: HashMap<&[u8], &Child> =
            both.stored.iter().map(|child| (child.name.as_slice(), child)).collect();
        for base in bases {
            let stored = |name: &[u8]| Ok(children.get(name).map(|child| both.found_below(child)));
            let (path, at) = (&both.found.path, both.found.at);
            let Some(unit) = self.unit(&base, path, at, &both.spot, stored)? else { continue };
            // A log may itself be called as if it were a database with a log.
            let names: Vec<Vec<u8>> = unit.names().collect();
            let is_stored = names.iter().any(|name| children.contains_key(name.as_slice()));
            if !is_stored || names.iter().any(|name| done.contains(name)) {
                continue;
            }
            let stays = both.kept.as_ref().is_none_or(|kept| kept.has(&unit.base));
            done.extend(names);
            self.plan_unit(unit, &both.spot, &both.stored, stays)?;
        }
        Ok(done)
    }

    /// Removes what is there and was not in the snapshot.
    fn remove_newer(
        &mut self,
        walk: &mut Walk,
        both: &Both<'_>,
        done: &HashSet<Vec<u8>>,
    ) -> Result<()> {
        let Some(kept) = &both.kept else { return Ok(()) };
        for name in &both.names {
            let was = Child::place_of(&both.stored, name).is_some();
            if !was && !done.contains(name.as_slice()) && !kept.has(name) {
                let place = both.place.below(&both.dir, name.to_vec());
                self.remove(walk, place, kept)?;
            }
        }
        Ok(())
    }

    /// Removes what is in a folder that was not in the snapshot, but for what stays.
    fn clear(&mut self, walk: &mut Walk, place: &Place) -> Result<()> {
        let Some(keepers) = walk.keepers.clone() else { return Ok(()) };
        let opened = place.parent.child(&place.name).and_then(|dir| Ok((dir.names()?, dir)));
        // What may not be read stays.
        let Some((names, dir)) = unless_general(opened, &place.target)? else { return Ok(()) };
        let is_place = dir.stat().map_or(true, |stat| keepers.is_place(&stat));
        if is_place || is_repository(&dir, &names) {
            return Ok(());
        }
        let (dir, depth) = (Arc::new(dir), walk.waiting.len());
        let kept = keepers.look(&dir, place, &names);
        for name in names.into_iter().filter(|name| !kept.has(name)) {
            self.remove(walk, place.below(&dir, name.into_vec()), &kept)?;
        }
        walk.waiting.get_mut(depth..).unwrap_or_default().reverse();
        Ok(())
    }

    /// Removes one entry, or goes into it if something in it stays. Its own folder said `kept`.
    fn remove(&mut self, walk: &mut Walk, mut place: Place, kept: &Kept) -> Result<()> {
        let Some(keepers) = walk.keepers.clone() else { return Ok(()) };
        let looked = unless_general(stat_if_there(&place.parent, &place.name), &place.target)?;
        let stat = match looked.flatten() {
            Some(stat) if mount_of(&stat) == walk.mount => stat,
            // Mounted there, gone meanwhile, or not to be looked at.
            _ => return Ok(()),
        };
        place.left_out = keepers.below(&place.path, kept);
        let seen = look(&place, &stat, walk.mount, Some(&keepers), self.monitor)?;
        if seen.is_held {
            walk.waiting.push(Step::Clear(place));
        } else {
            self.items.push(item_of(&place, walk.at, Action::Remove, (0, 0), Some(seen.there)));
        }
        Ok(())
    }

    /// The item that gives a folder back the metadata that it had: where it has others now, or will have once the
    /// items from the number `before` on are carried out.
    fn adjustment(&self, both: &Both<'_>, before: usize) -> Result<Option<PlanItem>> {
        let Some(now) = Metadata::from_statx(&both.stat) else { return Ok(None) };
        let is_touched = self
            .items
            .get(before..)
            .unwrap_or_default()
            .iter()
            .any(|item| item.is_written() || item.action == Action::Remove);
        if !is_touched && self.is_dressed(both.found, &both.dir, &now)? {
            return Ok(None);
        }
        let there = Some(there_of(&now));
        Ok(Some(item_of(both.place, both.found.at, Action::Adjust, (1, 0), there)))
    }
}

impl Both<'_> {
    fn found_below(&self, child: &Child) -> Found {
        let path = self.found.path.join(&child.name);
        Found { path, at: self.found.at, node: child.node, state: child.state.clone() }
    }
}

fn item_of(
    place: &Place,
    at: u64,
    action: Action,
    (entries, bytes): (u64, u64),
    there: Option<There>,
) -> PlanItem {
    let (path, target) = (place.path.clone(), place.target.clone());
    PlanItem { path, at, target, action, entries, bytes, there }
}
