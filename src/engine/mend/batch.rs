//! A few damaged files on their way: new inodes are staged, the journal is written, names are swapped.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use rustix::io::Errno;

use super::failure::{MendFailure, errno_of, explain, failed, of_files, of_name};
use super::finish::{Left, carry_out, lock_out_readers};
use super::fresh::Workshop;
use super::journal::{self, PATH_LIMIT_BYTES, PORTION_BYTES, Step};
use super::survey::{Name, Survey, hits};
use super::swap::{Origin, by_number, mtime_of};
use super::{BATCH, GoodCopy, LINE_BYTES, Mending, Rot, STAGED_BYTES, stage};
use crate::engine::copy::{self, BUFFER_BYTES};
use crate::engine::damage::Damage;
use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::meta::{ContentHash, FileTime};
use crate::engine::monitor::Monitor;
use crate::engine::repository::Repository;
use crate::engine::snapshot::{BadSeal, Snapshot};

/// What is mended in one go, portion by portion.
pub(super) struct Batch<'a> {
    repository: &'a Repository,
    damage: &'a mut Damage,
    patience: Duration,
    monitor: &'a Monitor,
    buffer: Vec<u8>,
    /// What was mended, by content: from that, others can be.
    mended: HashMap<ContentHash, Name>,
    /// Why nothing more can be mended: a journal is there that was not carried out.
    blocked: Option<MendFailure>,
}

/// A damaged file of which all names are known that can be.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    /// Which one it is.
    at: usize,
    rot: &'a Rot,
    survey: &'a Survey,
}

/// A new inode that waits to be put in its place.
struct Ready<'a> {
    wanted: Wanted<'a>,
    /// Its number in the stage.
    number: u32,
    from: GoodCopy,
    /// The mtime that it was made with.
    made: FileTime,
}

/// What came of each, by which it is.
type Outcomes = HashMap<usize, std::result::Result<GoodCopy, MendFailure>>;

impl<'a> Batch<'a> {
    /// Nothing is mended yet, and nothing will be if it is `blocked`.
    pub fn new(
        repository: &'a Repository,
        damage: &'a mut Damage,
        patience: Duration,
        monitor: &'a Monitor,
        blocked: Option<MendFailure>,
    ) -> Self {
        let buffer = vec![0; BUFFER_BYTES];
        Self { repository, damage, patience, monitor, buffer, mended: HashMap::new(), blocked }
    }

    /// Mends files of which all names are known that can be, and says what came of each.
    pub fn mend_all(&mut self, rots: &[Rot], surveys: &[Survey]) -> Result<Vec<Mending>> {
        let locked = locked(self.repository, surveys);
        let mut outcomes = Outcomes::new();
        let mut wanted = Vec::new();
        for (at, (rot, survey)) in rots.iter().zip(surveys).enumerate() {
            let is_too_long = |name: &Name| name.path.encode().len() > PATH_LIMIT_BYTES;
            if let Some(failure) = survey.names.iter().find_map(|it| locked.get(&it.snapshot)) {
                outcomes.insert(at, Err(*failure));
            } else if survey.names.iter().any(is_too_long) {
                outcomes.insert(at, Err(MendFailure::Unreachable(Errno::NAMETOOLONG)));
            } else {
                wanted.push(Wanted { at, rot, survey });
            }
        }
        let mut rest = wanted.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(portion(rest));
            self.mend_or_refuse(now, &mut outcomes)?;
            rest = later;
        }
        let mending = |(at, (rot, survey)): (usize, (&Rot, &Survey))| {
            let outcome = outcomes.remove(&at).unwrap_or(Err(MendFailure::NoGoodCopy));
            let (rot, hits) = (rot.clone(), hits(survey.names.iter()));
            Mending {
                rot,
                hits,
                failure: outcome.as_ref().err().copied(),
                mended_from: outcome.ok(),
            }
        };
        Ok(rots.iter().zip(surveys).enumerate().map(mending).collect())
    }

    /// Mends a portion; what is only its own failure doesn't end the mending.
    fn mend_or_refuse(&mut self, wanted: &[Wanted<'_>], outcomes: &mut Outcomes) -> Result<()> {
        let refuse = |outcomes: &mut Outcomes, failure| {
            for wanted in wanted {
                outcomes.entry(wanted.at).or_insert(Err(failure));
            }
        };
        if let Some(failure) = self.blocked {
            refuse(outcomes, failure);
            return Ok(());
        }
        match self.mend_portion(wanted, outcomes) {
            Ok(()) => Ok(()),
            Err(error) => {
                let is_pending = journal::is_there(self.repository).unwrap_or(true);
                if !is_pending {
                    // Nothing of it was journaled. What can't be removed now is by the next opening.
                    let _ = stage::remove(self.repository);
                }
                let failure = of_files(error)?;
                refuse(outcomes, failure);
                self.blocked = is_pending.then_some(failure);
                Ok(())
            }
        }
    }

    /// Stages, journals and swaps.
    fn mend_portion(&mut self, wanted: &[Wanted<'_>], outcomes: &mut Outcomes) -> Result<()> {
        let repository = self.repository;
        let stage = stage::make(repository)?;
        let ready = self.stage(&stage, wanted, outcomes)?;
        let mut steps = Vec::new();
        let mut left: HashMap<u32, Left> = HashMap::new();
        for one in &ready {
            let hidden = one.wanted.survey.hidden.clone();
            if let Some((name, errno)) = hidden {
                left.insert(one.number, Left::at(name, MendFailure::Unreachable(errno)));
            }
            for name in &one.wanted.survey.names {
                match step(repository, one, name) {
                    Ok(step) => steps.extend(step),
                    Err(errno) => {
                        let failure = of_name(repository, errno)?;
                        left.insert(one.number, Left::at(name.clone(), failure));
                    }
                }
            }
        }
        steps.sort_by(|one, other| one.order().cmp(&other.order()));
        self.swap_in_portions(&steps, &mut left)?;
        for Ready { wanted, number, from, .. } in ready {
            let outcome = match left.get(&number) {
                Some(left) => Err(left.failure),
                None => {
                    self.mended.insert(wanted.rot.hash, wanted.rot.name());
                    Ok(from)
                }
            };
            outcomes.insert(wanted.at, outcome);
        }
        // What can't be removed now is by the next opening.
        let _ = stage::remove(repository);
        Ok(())
    }

    /// Makes new inodes, each of which is on the drive then and proven.
    fn stage<'b>(
        &mut self,
        stage: &Dir,
        wanted: &[Wanted<'b>],
        outcomes: &mut Outcomes,
    ) -> Result<Vec<Ready<'b>>> {
        let (repository, monitor) = (self.repository, self.monitor);
        let mut workshop = Workshop {
            repository,
            stage,
            damage: self.damage,
            mended: &self.mended,
            buffer: &mut self.buffer,
            monitor,
        };
        let mut ready = Vec::new();
        for (number, wanted) in (1_u32..).zip(wanted.iter().copied()) {
            monitor.check_cancelled()?;
            match workshop.make(wanted.rot, wanted.survey, number.to_string().as_bytes())? {
                Ok((from, made)) => ready.push(Ready { wanted, number, from, made }),
                Err(failure) => {
                    outcomes.insert(wanted.at, Err(failure));
                }
            }
        }
        // Flushed, and then read back: only what the drive has is put in the place of anything. A flush that fails is
        // not tried again.
        stage.sync_file_system().map_err(|errno| failed(repository, errno))?;
        let mut proven = Vec::new();
        for one in ready {
            let (name, hash) = (one.number.to_string(), one.wanted.rot.hash);
            let is_proven =
                copy::is_proven(stage, name.as_bytes(), hash, &mut self.buffer, monitor);
            if is_proven.map_err(|error| explain(repository, error))? {
                proven.push(one);
            } else {
                outcomes.insert(one.wanted.at, Err(MendFailure::Unreachable(Errno::IO)));
            }
        }
        Ok(proven)
    }

    /// Swaps by one journal after the other; notes what not all names have got.
    fn swap_in_portions(&mut self, steps: &[Step], left: &mut HashMap<u32, Left>) -> Result<()> {
        let repository = self.repository;
        let mut rest = steps;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |step: &&Step| {
                bytes += step.name.path.encode().len() + LINE_BYTES;
                bytes <= PORTION_BYTES
            };
            let (now, later) = rest.split_at(rest.iter().take_while(fits).count().max(1));
            journal::write(repository, now).map_err(|errno| failed(repository, errno))?;
            let lock = lock_out_readers(repository, self.patience, self.monitor)?;
            let means = (self.buffer.as_mut_slice(), self.monitor);
            let carried = carry_out(repository, now, staged(repository, now)?, means)?;
            if let Some(errno) = carried.altered {
                // The next opening tries again to put back what the digests tell of.
                return Err(failed(repository, errno));
            }
            left.extend(carried.left);
            // Only what has no name left in a later portion is damaged no more.
            let open: HashSet<u32> = later.iter().map(|step| step.staged).collect();
            for (number, steps) in by_number(now) {
                let Some(step) = steps.first().filter(|_| !open.contains(&number)) else {
                    continue;
                };
                match left.get(&number) {
                    None => self.damage.forget(step.hash, step.inode),
                    Some(left) => left.remember(repository, self.damage, step),
                }
            }
            self.damage.write_if_room(repository)?;
            journal::clear(repository).map_err(|errno| failed(repository, errno))?;
            drop(lock);
            rest = later;
        }
        Ok(())
    }
}

/// How many of these are staged together: one at least.
fn portion(wanted: &[Wanted<'_>]) -> usize {
    let mut bytes = 0_u64;
    let fits = |wanted: &&Wanted<'_>| {
        bytes = bytes.saturating_add(wanted.survey.size_bytes.unwrap_or(0));
        bytes <= STAGED_BYTES
    };
    wanted.iter().take(BATCH).take_while(fits).count().max(1)
}

/// The snapshots among those concerned in which nothing may be changed, and why: a newer version may count on what this
/// one doesn't know, or they can't be opened.
fn locked(repository: &Repository, surveys: &[Survey]) -> HashMap<String, MendFailure> {
    let names = surveys.iter().flat_map(|survey| &survey.names);
    let snapshots: HashSet<&String> = names.map(|name| &name.snapshot).collect();
    let failure = |name: &String| match Snapshot::open(repository, name) {
        Ok(Some(snapshot)) => {
            let is_too_new = match snapshot.read_seal() {
                Ok(seal) => !seal.features.write.is_empty(),
                Err(BadSeal::TooNew(_)) => true,
                Err(BadSeal::Broken(_)) => false,
            };
            is_too_new.then_some(MendFailure::UnknownFeature)
        }
        Ok(None) => None,
        Err(error) => Some(MendFailure::Unreachable(errno_of(&error))),
    };
    snapshots.into_iter().filter_map(|name| Some((name.clone(), failure(name)?))).collect()
}

/// The new inodes of these steps, which are known to be good.
fn staged(repository: &Repository, steps: &[Step]) -> Result<HashMap<u32, Origin>> {
    let stage = stage::open(repository)?;
    let mut origins = HashMap::new();
    for number in by_number(steps).into_keys() {
        let dir = stage.duplicate().map_err(|errno| failed(repository, errno))?;
        origins.insert(number, Origin { dir, name: number.to_string().into_bytes() });
    }
    Ok(origins)
}

/// What is to be done with one name; nothing if that has gone.
fn step(
    repository: &Repository,
    ready: &Ready<'_>,
    name: &Name,
) -> rustix::io::Result<Option<Step>> {
    let Some(folder) = name.folder(repository)? else { return Ok(None) };
    let stat = folder.stat()?;
    Ok(Some(Step {
        hash: ready.wanted.rot.hash,
        inode: ready.wanted.rot.inode,
        staged: ready.number,
        name: name.clone(),
        made: Some(ready.made),
        mtime: mtime_of(&stat),
        mode: u32::from(stat.stx_mode) & 0o7777,
    }))
}
