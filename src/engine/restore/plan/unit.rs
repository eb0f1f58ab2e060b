//! A database and what lies beside it as its log or journal: one unit. An old one beside a newer other would be
//! changed by it, and spoiled, on opening.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use rustix::fs::Statx;

use super::item::{stat_if_there, there_of};
use super::{Found, Planner, Spot};
use crate::engine::error::{Error, Result};
use crate::engine::index::Child;
use crate::engine::meta::{Kind, Metadata};
use crate::engine::path::{EntryName, RelPath, has_name};
use crate::engine::restore::{Action, OnConflict, PlanItem, There};
use crate::engine::sqlite::{Part as Kept, SHARED_MEMORY_SUFFIX};

/// What the name of a database has to be followed by, for itself and all that belongs to it.
fn suffixes() -> [&'static [u8]; 4] {
    [Kept::Database.suffix(), Kept::Log.suffix(), Kept::Journal.suffix(), SHARED_MEMORY_SUFFIX]
}

/// A file of a unit.
#[derive(Debug)]
pub struct Part {
    /// What follows the database's name.
    suffix: &'static [u8],
    /// As it was.
    stored: Option<Found>,
    /// As it is now.
    live: Option<(Statx, Metadata)>,
}

/// A database with all that belongs to it; at least one part beside the database is on either side.
#[derive(Debug)]
pub struct Unit {
    /// The database's name.
    pub base: Vec<u8>,
    /// The path of the folder.
    folder: RelPath,
    at: u64,
    database: Part,
    logs: Vec<Part>,
}

/// The path of the database whose log `path` would be.
pub fn database_of(path: &RelPath) -> Option<RelPath> {
    let base = base_of(path.name()?)?;
    Some(path.parent()?.join(base))
}

/// The name of the database whose log is called `name`.
pub fn base_of(name: &[u8]) -> Option<&[u8]> {
    let logs = suffixes().into_iter().filter(|suffix| !suffix.is_empty());
    logs.filter_map(|suffix| name.strip_suffix(suffix)).find(|base| !base.is_empty())
}

/// The names that others among the sorted `stored` and `live` ones would be the log of, shortest first.
pub fn candidates(stored: &[Child], live: &[EntryName]) -> Vec<Vec<u8>> {
    let is_stored = |name: &[u8]| Child::place_of(stored, name).is_some();
    let names = stored
        .iter()
        .map(|child| child.name.as_slice())
        .chain(live.iter().map(EntryName::as_slice));
    let bases = names.filter_map(base_of);
    let bases = bases.filter(|base| is_stored(base) || has_name(live, base)).map(<[u8]>::to_vec);
    let mut bases: Vec<Vec<u8>> = bases.collect::<HashSet<_>>().into_iter().collect();
    bases.sort_unstable();
    bases
}

impl Part {
    /// Where something of it is, it is a regular file.
    fn is_file(&self) -> bool {
        self.stored.as_ref().is_none_or(|found| found.state.meta.kind == Kind::File)
            && self.live.as_ref().is_none_or(|(_, meta)| meta.kind == Kind::File)
    }

    fn is_anywhere(&self) -> bool {
        self.stored.is_some() || self.live.is_some()
    }

    /// What can be brought back of it.
    fn good(&self) -> Option<&Found> {
        self.stored.as_ref().filter(|found| !found.is_lost())
    }

    fn there(&self) -> Option<There> {
        self.live.as_ref().map(|(_, meta)| there_of(meta))
    }

    /// Whether what is there says anything about the database.
    fn is_telling(&self) -> bool {
        self.suffix != SHARED_MEMORY_SUFFIX
            && self.live.as_ref().is_some_and(|(_, meta)| meta.size_bytes > 0)
    }

    fn name(&self, base: &[u8]) -> Vec<u8> {
        [base, self.suffix].concat()
    }
}

impl Unit {
    fn parts(&self) -> impl Iterator<Item = &Part> {
        std::iter::once(&self.database).chain(&self.logs)
    }

    /// The names of all parts that there are.
    pub fn names(&self) -> impl Iterator<Item = Vec<u8>> {
        self.parts().filter(|part| part.is_anywhere()).map(|part| part.name(&self.base))
    }

    /// A log is stored without its database, which is there: none can be put beside it.
    fn is_orphan(&self) -> bool {
        self.database.good().is_none() && self.database.live.is_some()
    }
}

impl Planner<'_> {
    /// The unit of the file `found`, which goes to `spot`; `None` if it is by itself.
    pub(super) fn unit_of(&self, found: &Found, spot: &Spot) -> Result<Option<Unit>> {
        let Some(folder) = found.path.parent() else { return Ok(None) };
        let name = found.path.name().unwrap_or_default();
        let Some(node) = self.answers.0.node_of(&folder)? else { return Ok(None) };
        let stored = |name: &[u8]| -> Result<Option<Found>> {
            let Some(node) = self.answers.0.child_node(node, name)? else { return Ok(None) };
            let version = self.answers.0.version_at(node, found.at)?;
            let path = folder.join(name);
            Ok(version.map(|(_, _, state)| Found { path, at: found.at, node, state }))
        };
        let own = self.unit(name, &folder, found.at, spot, stored)?;
        match base_of(name) {
            Some(base) if own.is_none() => {
                let unit = self.unit(base, &folder, found.at, spot, stored)?;
                Ok(unit.filter(|unit| unit.database.is_anywhere()))
            }
            _ => Ok(own),
        }
    }

    /// The unit of the database `base`, of whose parts `stored` tells; `None` if it is no such.
    pub(super) fn unit(
        &self,
        base: &[u8],
        folder: &RelPath,
        at: u64,
        spot: &Spot,
        stored: impl Fn(&[u8]) -> Result<Option<Found>>,
    ) -> Result<Option<Unit>> {
        let part = |suffix: &'static [u8]| -> Result<Option<Part>> {
            let name = [base, suffix].concat();
            if !crate::engine::path::is_name(&name) {
                return Ok(None);
            }
            let stat = spot.dir.as_ref().map(|dir| stat_if_there(dir, &name)).transpose();
            let stat = stat.map_err(|errno| Error::io("examine", &spot.path, errno))?.flatten();
            let live = stat.and_then(|stat| Some((stat, Metadata::from_statx(&stat)?)));
            let part = Part { suffix, stored: stored(&name)?, live };
            Ok(Some(part).filter(|part| part.is_file()))
        };
        let [database, logs @ ..] = suffixes();
        let Some(database) = part(database)? else { return Ok(None) };
        let mut found = Vec::new();
        for suffix in logs {
            found.extend(part(suffix)?.filter(Part::is_anywhere));
        }
        let is_unit = database.is_anywhere() && !found.is_empty();
        let base = base.to_vec();
        let unit = Unit { base, folder: folder.clone(), at, database, logs: found };
        Ok(is_unit.then_some(unit))
    }

    /// Whether the database of `unit`, which goes to `spot`, stays if it was not in the snapshot: always where the snapshot
    /// doesn't know all that was in the folder.
    pub(super) fn stays(&mut self, unit: &Unit, spot: &Spot) -> Result<bool> {
        let folder = self.answers.state(&unit.folder, unit.at)?;
        let is_read = folder.is_none_or(|state| !state.change().absent)
            && !self.answers.is_stale(&unit.folder, unit.at)?;
        if !is_read {
            return Ok(true);
        }
        self.keepers(unit.at)?.stays(spot, &unit.folder, &unit.base)
    }

    /// Plans a whole unit; `stays` says that a database that was not in the snapshot is not removed.
    pub(super) fn plan_unit(
        &mut self,
        unit: Unit,
        spot: &Spot,
        siblings: &[Child],
        stays: bool,
    ) -> Result<()> {
        let mut same = Vec::new();
        for part in unit.parts() {
            same.push(self.is_same_part(&unit, part, spot)?);
        }
        // One that was there then, though it was never read, is no newer for that.
        let was_there = unit.database.stored.is_some();
        let removes_database = unit.is_orphan() && self.is_exact() && !stays && !was_there;
        if same.iter().all(|same| *same) && !removes_database {
            let stored = unit.parts().filter(|part| part.good().is_some()).count();
            self.same = self.same.saturating_add(stored as u64);
            return self.miss_lost(&unit, spot, self.items.len());
        }
        match self.request.on_conflict {
            OnConflict::Skip => self.skip_unit(&unit, spot, &same),
            OnConflict::KeepBoth if unit.parts().any(|part| part.live.is_some()) => {
                self.keep_unit(&unit, spot, siblings)
            }
            _ if unit.is_orphan() && !removes_database => self.keep_unit(&unit, spot, siblings),
            _ => self.replace_unit(&unit, spot),
        }
    }

    fn is_same_part(&mut self, unit: &Unit, part: &Part, spot: &Spot) -> Result<bool> {
        // Programs that use the database make it anew.
        if part.suffix == SHARED_MEMORY_SUFFIX {
            return Ok(true);
        }
        match (part.good(), &part.live, &spot.dir) {
            (Some(found), Some((stat, _)), Some(dir)) => {
                self.is_same(found, spot, dir, &part.name(&unit.base), stat)
            }
            (Some(_), _, _) => Ok(false),
            // The database alone makes no difference: it is as if there were no log.
            (None, _, _) => Ok(part.suffix.is_empty() || !part.is_telling()),
        }
    }

    fn skip_unit(&mut self, unit: &Unit, spot: &Spot, same: &[bool]) -> Result<()> {
        let before = self.items.len();
        for (part, same) in unit.parts().zip(same) {
            let Some(found) = part.good() else { continue };
            if *same {
                self.same = self.same.saturating_add(1);
                continue;
            }
            let target = target_of(spot, &part.name(&unit.base));
            self.add(found, spot, target, Action::Skip, part.there())?;
        }
        self.miss_lost(unit, spot, before)
    }

    /// All of the unit gets a name of its own.
    pub(super) fn keep_unit(&mut self, unit: &Unit, spot: &Spot, siblings: &[Child]) -> Result<()> {
        let before = self.items.len();
        let own = self.own_name(spot, &unit.base, unit.at, siblings, &suffixes())?;
        for part in unit.parts() {
            if let Some(found) = part.good() {
                let target = target_of(spot, &part.name(&own));
                self.add(found, spot, target, Action::KeepBoth, part.there())?;
            }
        }
        self.miss_lost(unit, spot, before)
    }

    /// The unit becomes what it was: all logs go first, then comes the database, and its own logs come last. However far
    /// that has come, forth or back, no database lies beside the log of another.
    fn replace_unit(&mut self, unit: &Unit, spot: &Spot) -> Result<()> {
        let before = self.items.len();
        for part in &unit.logs {
            self.remove_part(unit, part, spot);
        }
        match unit.database.good() {
            Some(found) => {
                let there = unit.database.there();
                let action = if there.is_some() { Action::Replace } else { Action::Create };
                self.add(found, spot, target_of(spot, &unit.base), action, there)?;
            }
            None => self.remove_part(unit, &unit.database, spot),
        }
        for part in &unit.logs {
            if let Some(found) = part.good() {
                let target = target_of(spot, &part.name(&unit.base));
                self.add(found, spot, target, Action::Create, None)?;
            }
        }
        self.miss_lost(unit, spot, before)
    }

    /// Removes what there is of a part.
    fn remove_part(&mut self, unit: &Unit, part: &Part, spot: &Spot) {
        let Some(there) = part.there() else { return };
        let name = part.name(&unit.base);
        self.items.push(PlanItem {
            path: unit.folder.join(&name),
            at: unit.at,
            target: target_of(spot, &name),
            action: Action::Remove,
            entries: 0,
            bytes: 0,
            there: Some(there),
        });
    }

    /// Says which parts can't come back, unless the items from the number `before` on say something of their place.
    fn miss_lost(&mut self, unit: &Unit, spot: &Spot, before: usize) -> Result<()> {
        for part in unit.parts() {
            if let Some(found) = part.stored.as_ref().filter(|found| found.is_lost()) {
                let target = target_of(spot, &part.name(&unit.base));
                let said = self.items.get(before..).unwrap_or_default();
                if said.iter().all(|item| item.target != target) {
                    self.add(found, spot, target, Action::Impossible, part.there())?;
                }
            }
        }
        Ok(())
    }
}

fn target_of(spot: &Spot, name: &[u8]) -> PathBuf {
    spot.path.join(OsStr::from_bytes(name))
}
