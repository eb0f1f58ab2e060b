//! The databases of a folder: each is stored with its log or journal as one unit, before all other entries.

use std::collections::HashSet;

use rustix::io::Errno;

use super::folder::Folder;
use super::known::KnownChildren;
use super::measure;
use super::run::{Run, Worker};
use crate::engine::copy::{CopyError, ReadFile};
use crate::engine::error::Result;
use crate::engine::index::State;
use crate::engine::meta::{Fingerprint, Kind, Metadata};
use crate::engine::overrides::{Captured, Override};
use crate::engine::path::{EntryName, has_name};
use crate::engine::plan::{self, Step};
use crate::engine::problem::Reason;
use crate::engine::sqlite::{self, Capture, Outcome, Part, SHARED_MEMORY_SUFFIX};

/// The size of each database is a multiple of this.
const SMALLEST_PAGE_BYTES: u64 = 512;

/// What may be a database: a file, and beside it what has the name of its log or journal.
struct Unit {
    name: Vec<u8>,
    parts: Vec<(Part, Vec<u8>)>,
    has_shared_memory: bool,
    /// What of it has to be done at most, by the plan of each part.
    step: Step,
}

impl Run<'_> {
    /// Stores the databases that are found by `names`, and gives the names that are done or left out.
    pub(super) fn store_databases(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        names: &[EntryName],
        known: &mut KnownChildren,
    ) -> Result<HashSet<Vec<u8>>> {
        let mut done = HashSet::new();
        for name in candidates(names) {
            self.monitor.check_cancelled()?;
            let Some(unit) = self.unit(folder, name, names, known) else { continue };
            // A log may itself be called as if it were a database with a log.
            if unit.parts.iter().any(|(_, name)| done.contains(name)) {
                continue;
            }
            if !self.store_database(worker, folder, &unit, known)? {
                continue;
            }
            if unit.parts.iter().any(|(part, _)| *part == Part::Log) {
                done.insert([&unit.name, SHARED_MEMORY_SUFFIX].concat());
            }
            done.extend(unit.parts.into_iter().map(|(_, name)| name));
        }
        Ok(done)
    }

    /// The files of `name`; `None` if they are not regular ones, or not this person's to lock.
    fn unit(
        &self,
        folder: &Folder,
        name: &[u8],
        names: &[EntryName],
        known: &KnownChildren,
    ) -> Option<Unit> {
        let mut unit = Unit {
            name: name.to_vec(),
            parts: Vec::new(),
            has_shared_memory: has_name(names, &[name, SHARED_MEMORY_SUFFIX].concat()),
            step: Step::Link,
        };
        for part in Part::ALL {
            let name = part.name(name);
            if !has_name(names, &name) {
                continue;
            }
            let stat = match folder.source.as_ref()?.stat_child(&name) {
                Ok(stat) => stat,
                // Its name is taken all the same: if it comes back, it belongs to this database.
                Err(Errno::NOENT) if part != Part::Database => {
                    unit.step = Step::Copy;
                    unit.parts.push((part, name));
                    continue;
                }
                Err(_) => return None,
            };
            let meta = Metadata::from_statx(&stat)?;
            if meta.kind != Kind::File || !self.may_lock(&meta) {
                return None;
            }
            let previous = known.get(&name).map(|child| &child.state);
            let seen = Fingerprint::from_statx(&stat);
            unit.step =
                match (unit.step, plan::plan_file(previous, &meta, &seen, folder.stable_inodes)) {
                    (Step::Copy, _) | (_, Step::Copy) => Step::Copy,
                    (Step::Examine, _) | (_, Step::Examine) => Step::Examine,
                    (Step::Link, Step::Link) => Step::Link,
                };
            unit.parts.push((part, name));
        }
        Some(unit)
    }

    /// Root locks nothing that another person could hold up with it, or be held up by.
    fn may_lock(&self, meta: &Metadata) -> bool {
        self.owner.uid != 0 || meta.uid == 0
    }

    /// Links or captures a unit; `false` if it is no database after all, or must be done file by file.
    fn store_database(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        unit: &Unit,
        known: &mut KnownChildren,
    ) -> Result<bool> {
        let was_captured = known
            .get(&unit.name)
            .is_some_and(|child| child.state.change().captured == Some(Captured::Sqlite));
        if !was_captured {
            let is_in_use = unit.has_shared_memory || unit.step != Step::Link;
            if !is_in_use || !self.is_own_database(folder, &unit.name) {
                return Ok(false);
            }
        }
        let linked = match unit.step {
            Step::Link => Some(Vec::new()),
            Step::Examine => self.examine_database(worker, folder, unit, known)?,
            Step::Copy => None,
        };
        if let Some(fingerprints) = linked
            && self.link_database(worker, folder, unit, known, &fingerprints)?
        {
            return Ok(true);
        }
        let listed: Vec<Part> = unit.parts.iter().map(|(part, _)| *part).collect();
        match self.capture(worker, folder, &unit.name, &listed, true)? {
            Ok(Some(captured)) => {
                for child in listed.iter().filter_map(|part| known.get(&part.name(&unit.name))) {
                    self.forget_below(worker, folder, child)?;
                }
                self.keep_captured(worker, folder, &unit.name, captured, known)?;
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(errno) => self.carry_database(worker, folder, unit, known, errno),
        }
    }

    /// Reads a unit without writing anything; the fingerprints of its files if they are what is stored.
    fn examine_database(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        unit: &Unit,
        known: &KnownChildren,
    ) -> Result<Option<Vec<Option<Fingerprint>>>> {
        let listed: Vec<Part> = unit.parts.iter().map(|(part, _)| *part).collect();
        let Ok(Some(read)) = self.capture(worker, folder, &unit.name, &listed, false)? else {
            return Ok(None);
        };
        if read.outcome == Outcome::Torn || read.parts.len() != unit.parts.len() {
            return Ok(None);
        }
        let mut fingerprints = Vec::new();
        for (part, (_, name)) in read.parts.iter().zip(&unit.parts) {
            let found = &part.read;
            let mut change = Override::default();
            self.describe(folder, found, &mut change);
            let is_stored = known.get(name).is_some_and(|child| {
                let stored = child.state.change();
                self.is_last(child, found)
                    && (stored.flags, stored.link_group) == (change.flags, change.link_group)
            });
            if !is_stored {
                return Ok(None);
            }
            fingerprints.push(plan::trusted(&found.meta, &found.fingerprint, self.scan_started));
        }
        Ok(Some(fingerprints))
    }

    /// Links all files of a unit or none; new fingerprints are in the order of its parts.
    fn link_database(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        unit: &Unit,
        known: &mut KnownChildren,
        fingerprints: &[Option<Fingerprint>],
    ) -> Result<bool> {
        for (_, name) in &unit.parts {
            if !known.get(name).map_or(Ok(false), |child| self.try_link(folder, child))? {
                for (_, name) in &unit.parts {
                    self.clear_stage(folder, name)?;
                }
                return Ok(false);
            }
        }
        for (at, (_, name)) in unit.parts.iter().enumerate() {
            let Some(child) = known.take(name) else { continue };
            let fingerprint = fingerprints.get(at).copied().unwrap_or(child.state.fingerprint);
            let state = State { fingerprint, ..child.state.clone() };
            worker.gathered.counts.linked += 1;
            self.keep(worker, folder, name, Some(child), state)?;
        }
        Ok(true)
    }

    /// Keeps all of what is stored of a database that can't be read: an old log beside a newer database, or the other
    /// way round, would spoil it. `false` if that can't be, and each file must be stored or missed alone.
    fn carry_database(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        unit: &Unit,
        known: &mut KnownChildren,
        errno: Errno,
    ) -> Result<bool> {
        let is_stored = |(_, name): &(Part, Vec<u8>)| {
            known.get(name).is_some_and(|child| {
                child.state.meta.kind == Kind::File && !child.state.change().absent
            })
        };
        if errno == Errno::NOENT || !unit.parts.iter().all(is_stored) {
            return Ok(false);
        }
        for (_, name) in &unit.parts {
            self.give_up(worker, folder, name, known.take(name), errno)?;
        }
        Ok(true)
    }

    fn clear_stage(&self, folder: &Folder, name: &[u8]) -> Result<()> {
        match folder.stage.unlink(name) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(self.drive_error(errno)),
        }
    }

    /// Captures into the stage, or only to compare; the inner error is the source's.
    fn capture(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        name: &[u8],
        listed: &[Part],
        to_stage: bool,
    ) -> Result<std::result::Result<Option<Capture>, Errno>> {
        let Some(source) = &folder.source else { return Ok(Ok(None)) };
        let stage = to_stage.then_some(&folder.stage);
        let stat = stage.and_then(|_| source.stat_child(name).ok());
        let bytes = stat.map_or(0, |stat| measure::allocated_bytes(&stat, stat.stx_size));
        let _room = stage.map(|_| self.take_room(bytes)).transpose()?;
        let buffer = &mut worker.buffer;
        match sqlite::capture(source, name, listed, stage, buffer, self.labels, self.monitor) {
            Ok(captured) => Ok(Ok(captured)),
            Err(CopyError::Source(errno)) => Ok(Err(errno)),
            Err(error) => self.sort_out(error).map(Err),
        }
    }

    fn keep_captured(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        name: &[u8],
        captured: Capture,
        known: &mut KnownChildren,
    ) -> Result<()> {
        let is_torn = captured.outcome == Outcome::Torn;
        if is_torn {
            self.problem(&folder.path.join(name), Reason::TornDatabase);
        }
        let held = captured.outcome == Outcome::Held;
        for part in captured.parts {
            let Some(file) = part.file else { continue };
            let mark = Override {
                torn: is_torn,
                captured: held.then_some(Captured::Sqlite),
                ..Override::default()
            };
            let name = part.part.name(name);
            let place = (name.as_slice(), known.take(&name));
            let bytes = part.read.data_bytes;
            self.keep_stored(worker, folder, place, (part.read, &file, bytes), mark)?;
        }
        Ok(())
    }

    /// Whether `name`, which was just copied alone, is a database that a program began to use meanwhile.
    pub(super) fn is_database_in_use(&self, folder: &Folder, name: &[u8], read: &ReadFile) -> bool {
        let Some(source) = &folder.source else { return false };
        let may_be = read.torn
            || read.meta.size_bytes > 0 && read.meta.size_bytes.is_multiple_of(SMALLEST_PAGE_BYTES);
        // In this order: what had no journal at one moment and has not changed since before it was whole.
        let is_used = || {
            Part::Log.is_in_use(source, name)
                || Part::Journal.is_in_use(source, name)
                || source.stat_child(name).is_ok_and(|now| {
                    Metadata::from_statx(&now) != Some(read.meta)
                        || Fingerprint::from_statx(&now) != read.fingerprint
                })
        };
        may_be && (read.torn || is_used()) && self.is_own_database(folder, name)
    }

    /// Whether a file is a database, and one that may be locked.
    fn is_own_database(&self, folder: &Folder, name: &[u8]) -> bool {
        folder.source.as_ref().is_some_and(|source| {
            let meta = source.stat_child(name).ok().and_then(|s| Metadata::from_statx(&s));
            meta.is_some_and(|meta| meta.kind == Kind::File && self.may_lock(&meta))
                && sqlite::is_database(source, name).unwrap_or(false)
        })
    }

    /// Stores once more the databases that a program began to use while they were copied, with what is beside them
    /// now and was not among `names` at the beginning.
    pub(super) fn store_late_databases(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        names: &[EntryName],
        known: &mut KnownChildren,
    ) -> Result<()> {
        for name in std::mem::take(&mut worker.late) {
            let Some(source) = &folder.source else { continue };
            let is_new = |part: &Part| {
                let name = part.name(&name);
                let meta = source.stat_child(&name).ok().and_then(|s| Metadata::from_statx(&s));
                !has_name(names, &name)
                    && meta.is_some_and(|meta| meta.kind == Kind::File && self.may_lock(&meta))
            };
            // Stored by itself, for what was found of the database then could not be stored together.
            let is_apart =
                |part: Part| has_name(names, &part.name(&name)) && part.is_in_use(source, &name);
            let mut listed = Part::ALL.to_vec();
            listed.retain(|part| *part == Part::Database || is_new(part));
            let errno = match self.capture(worker, folder, &name, &listed, true)? {
                Ok(Some(mut captured)) => {
                    if [Part::Log, Part::Journal].into_iter().any(is_apart) {
                        captured.outcome = Outcome::Torn;
                    }
                    for child in listed.iter().filter_map(|part| known.get(&part.name(&name))) {
                        self.forget_below(worker, folder, child)?;
                    }
                    // Only now: below what it was before, all was forgotten when it was stored first.
                    known.put_back(&name);
                    self.keep_captured(worker, folder, &name, captured, known)?;
                    continue;
                }
                Ok(None) => Errno::AGAIN,
                Err(errno) => errno,
            };
            self.clear_stage(folder, &name)?;
            known.put_back(&name);
            self.give_up(worker, folder, &name, known.take(&name), errno)?;
        }
        Ok(())
    }
}

/// The names that others in the list, which is sorted, would be the log or journal of.
fn candidates(names: &[EntryName]) -> Vec<&[u8]> {
    let mut found: Vec<&[u8]> = names
        .iter()
        .filter_map(|name| {
            let stem = [Part::Log, Part::Journal]
                .iter()
                .find_map(|part| name.strip_suffix(part.suffix()))?;
            has_name(names, stem).then_some(stem)
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}
