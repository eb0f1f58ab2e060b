//! A mending that was interrupted is finished, or undone where nothing good was staged for it.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::{BATCH, Rot};
use rustix::io::Errno;

use super::failure::{MendFailure, failed, of_files};
use super::journal::{self, Found, Step};
use super::stage::{self, STAGE_NAME};
use super::survey::{Name, look_everywhere};
use super::swap::{Origin, by_number, find_origin, put_back_all, put_back_folders, swap_all};
use crate::engine::copy::BUFFER_BYTES;
use crate::engine::damage::{Damage, DamageState};
use crate::engine::error::{Error, Result};
use crate::engine::lock::{Lock, LockKind};
use crate::engine::monitor::{Event, Monitor};
use crate::engine::repository::Repository;

/// What was not mended of one damaged inode.
pub(super) struct Left {
    pub failure: MendFailure,
    /// By what it is found from now on; `None` if that stays as it is.
    name: Option<Name>,
}

/// What came of a journal.
#[derive(Default)]
pub(super) struct Carried {
    /// The numbers of new inodes that not all names have got.
    pub left: HashMap<u32, Left>,
    /// The numbers of those whose damaged inode has no name at all any more.
    gone: HashSet<u32>,
    /// The new inodes.
    made: HashSet<u64>,
    /// A folder did not get its time or mode back, for this reason.
    pub altered: Option<Errno>,
}

impl Left {
    /// Remembered by a name that still has the damaged inode, or may have it.
    pub fn at(name: Name, failure: MendFailure) -> Self {
        Self { failure, name: Some(name) }
    }

    /// Says in `damage` by which name the damaged inode is found now.
    pub fn remember(&self, repository: &Repository, damage: &mut Damage, step: &Step) {
        step.remember(repository, self.name.as_ref(), damage);
    }
}

impl Step {
    /// Sees to it that the damaged inode is remembered, by this name if there is one. Of one that nothing but the journal
    /// calls damaged, it must be there and say itself that it should have the content.
    fn remember(&self, repository: &Repository, name: Option<&Name>, damage: &mut Damage) {
        let (hash, inode) = (self.hash, self.inode);
        let Name { snapshot, path } = name.unwrap_or(&self.name).clone();
        if damage.is_damaged(hash, inode) {
            if name.is_some() {
                damage.rename(hash, inode, &snapshot, &path);
            }
            return;
        }
        let rot = Rot { snapshot, path, inode, hash, state: DamageState::Rotten };
        if rot.find(repository).is_ok_and(|it| it.is_some()) && rot.name().carries(repository, hash)
        {
            damage.add(rot.damaged_file());
        }
    }
}

/// Finishes a mending that was interrupted, unless someone is reading from the repository: then it waits for the next
/// time. Whoever calls has the writer's lock.
///
/// What can't be put right here is said, and no reason to make no backup: what is damaged stays remembered.
///
/// # Errors
/// A stop, or a drive that is gone.
pub fn finish(repository: &Repository, monitor: &Monitor) -> Result<()> {
    let set_aside = Damage::set_aside_unusable(repository);
    if set_aside.as_ref().is_ok_and(|was_unusable| *was_unusable) {
        monitor.emit(&Event::DamageSetAside);
    }
    go_on(set_aside.map(drop), monitor)?;
    match carry_on(repository, Duration::ZERO, monitor) {
        Err(Error::Locked { .. }) => Ok(()),
        finished => go_on(finished, monitor),
    }
}

/// Whether a mending was interrupted, which the next opening for writing finishes, or what it staged is left.
///
/// # Errors
/// A drive that fails.
pub fn is_interrupted(repository: &Repository) -> Result<bool> {
    let stage = repository.dir().child(b"stage");
    let is_staged = stage.is_ok_and(|stage| stage.has(STAGE_NAME) == Ok(true));
    let is_journaled = journal::is_there(repository).map_err(|errno| failed(repository, errno))?;
    Ok(is_staged || is_journaled)
}

/// Says what failed, unless everything else would fail, too.
fn go_on(outcome: Result<()>, monitor: &Monitor) -> Result<()> {
    let Err(error) = outcome else { return Ok(()) };
    let reason = error.to_string();
    of_files(error)?;
    monitor.emit(&Event::MendingStuck { reason });
    Ok(())
}

/// As [`finish`], but waits so long for whoever is reading; says why it is not done yet.
///
/// # Errors
/// As of [`finish`].
pub(super) fn finish_within(
    repository: &Repository,
    patience: Duration,
    monitor: &Monitor,
) -> Result<Option<MendFailure>> {
    match carry_on(repository, patience, monitor) {
        Ok(()) => Ok(None),
        Err(error) => of_files(error).map(Some),
    }
}

/// Does what a journal says, or removes one that is not to be believed.
fn carry_on(repository: &Repository, patience: Duration, monitor: &Monitor) -> Result<()> {
    let steps = match journal::read(repository).map_err(|errno| failed(repository, errno))? {
        Found::Steps(steps) if is_sound(&steps) => steps,
        found => {
            // Without a journal, there may be one that was not written to its end.
            journal::clear(repository).map_err(|errno| failed(repository, errno))?;
            if !matches!(found, Found::Nothing) {
                monitor.emit(&Event::MendingRefused);
            }
            return stage::remove(repository);
        }
    };
    let (of_entries, steps): (Vec<Step>, Vec<Step>) =
        steps.into_iter().partition(Step::is_of_entry);
    let mut buffer = vec![0; BUFFER_BYTES];
    // Read before readers are locked out: that may take long.
    let origins = find_origins(repository, &steps, (&mut buffer, monitor))?;
    let lock = lock_out_readers(repository, patience, monitor)?;
    // What is not in its place yet is found lost or altered by the next verification.
    let altered = put_back_folders(repository, &of_entries)?;
    let carried = carry_out(repository, &steps, origins, (&mut buffer, monitor))?;
    drop(lock);
    let mut damage = Damage::read_beside(repository, &carried.made)?;
    forget_mended(repository, &steps, &carried, (&mut damage, monitor))?;
    damage.write_if_room(repository)?;
    if let Some(errno) = altered {
        // The next opening tries again to give the folders back what they should carry.
        return Err(failed(repository, errno));
    }
    journal::clear(repository).map_err(|errno| failed(repository, errno))?;
    monitor.emit(&Event::MendingFinished);
    stage::remove(repository)
}

/// Forgets damaged inodes that have no name any more: since the journal was written, they may have got others.
fn forget_mended(
    repository: &Repository,
    steps: &[Step],
    carried: &Carried,
    (damage, monitor): (&mut Damage, &Monitor),
) -> Result<()> {
    let mut doubtful: HashMap<u64, &Step> = HashMap::new();
    for (number, steps) in by_number(steps) {
        let Some(step) = steps.first() else { continue };
        match carried.left.get(&number) {
            Some(left) => left.remember(repository, damage, step),
            None if carried.gone.contains(&number) => damage.forget(step.hash, step.inode),
            None => drop(doubtful.insert(step.inode, step)),
        }
    }
    let inodes = doubtful.keys().copied().collect();
    let mut others: HashMap<u64, Name> = HashMap::new();
    let add = |inode, name: Name| {
        let is_it = |step: &&Step| name.carries(repository, step.hash);
        if doubtful.get(&inode).is_some_and(is_it) {
            others.insert(inode, name);
        }
    };
    let hidden = look_everywhere(repository, &inodes, add, monitor)?;
    for (inode, step) in doubtful {
        match others.get(&inode).or(hidden.as_ref().map(|(name, _)| name)) {
            Some(name) => step.remember(repository, Some(name), damage),
            None => damage.forget(step.hash, inode),
        }
    }
    Ok(())
}

/// Waits so long until nobody reads from the repository, and keeps readers out as long as the lock is held.
///
/// # Errors
/// [`Error::Locked`] if the wait was in vain; a stop while it waits.
pub(super) fn lock_out_readers(
    repository: &Repository,
    patience: Duration,
    monitor: &Monitor,
) -> Result<Lock> {
    let started = Instant::now();
    let mut is_told = false;
    let go_on = |held| {
        if started.elapsed() >= patience {
            return Err(held);
        }
        if !is_told {
            monitor.emit(&Event::MendingWaits);
            is_told = true;
        }
        monitor.check_cancelled()
    };
    Lock::wait(repository.dir(), repository.path(), LockKind::Deleter, go_on)
}

/// Whether there are not more new inodes than Yore makes at once, and all that share a new inode have the same one taken from them.
fn is_sound(steps: &[Step]) -> bool {
    let groups = by_number(steps);
    groups.len() <= BATCH
        && groups.values().all(|group| {
            group.iter().all(|step| group.first().is_some_and(|first| first.is_alike(step)))
        })
}

/// What the new inodes of a journal can be linked from, by their numbers; those of which nothing proves to be good are
/// left out.
fn find_origins(
    repository: &Repository,
    steps: &[Step],
    (buffer, monitor): (&mut [u8], &Monitor),
) -> Result<HashMap<u32, Origin>> {
    let stage = stage::open(repository)?;
    let mut origins = HashMap::new();
    for (number, group) in by_number(steps) {
        if let Some(it) = find_origin(repository, &stage, &group, (&mut *buffer, monitor))? {
            origins.insert(number, it);
        }
    }
    Ok(origins)
}

/// Does what the journal says with new inodes that are proven, and flushes.
///
/// # Errors
/// A drive that is gone or full. What was done until then is done again the next time.
pub(super) fn carry_out(
    repository: &Repository,
    steps: &[Step],
    mut origins: HashMap<u32, Origin>,
    (buffer, monitor): (&mut [u8], &Monitor),
) -> Result<Carried> {
    let stage = stage::open(repository)?;
    let mut carried = Carried::default();
    for (number, group) in by_number(steps) {
        let Some(origin) = origins.remove(&number) else {
            carried.altered = put_back_all(repository, &group)?.or(carried.altered);
            let failure = MendFailure::NoGoodCopy;
            carried.left.insert(number, Left { failure, name: None });
            continue;
        };
        let swapped = swap_all(repository, &stage, &group, origin, (&mut *buffer, monitor))?;
        carried.left.extend(swapped.left.map(|left| (number, left)));
        carried.gone.extend(swapped.is_gone.then_some(number));
        carried.made.extend(swapped.made);
        carried.altered = swapped.altered.or(carried.altered);
    }
    repository.dir().sync_file_system().map_err(|errno| failed(repository, errno))?;
    Ok(carried)
}
