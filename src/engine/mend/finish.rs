//! A mending that was interrupted is finished, or undone where nothing good was staged for it.

use std::collections::{HashMap, HashSet};

use rustix::io::Errno;

use super::batch::STAGE_NAME;
use super::journal::{self, Found, Step};
use super::survey::failed;
use super::swap::{Origin, Swapped, by_number, find_origin, put_back_all, swap_all};
use super::{BATCH, remove_tree};
use crate::engine::copy::BUFFER_BYTES;
use crate::engine::damage::Damage;
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result};
use crate::engine::lock::{Lock, LockKind};
use crate::engine::monitor::{Event, Monitor};
use crate::engine::repository::Repository;

/// Finishes a mending that was interrupted, unless someone is reading from the repository: then it waits for the next
/// time. Whoever calls has the writer's lock.
///
/// # Errors
/// A drive that fails.
pub fn finish(repository: &Repository, monitor: &Monitor) -> Result<()> {
    let steps = match journal::read(repository).map_err(|errno| failed(repository, errno))? {
        Found::Steps(steps) if is_sound(&steps) => steps,
        found => {
            // Without a journal, there may be one that was not written to its end.
            journal::clear(repository).map_err(|errno| failed(repository, errno))?;
            if !matches!(found, Found::Nothing) {
                monitor.emit(&Event::MendingRefused);
            }
            return remove_stage(repository);
        }
    };
    let mut buffer = vec![0; BUFFER_BYTES];
    // Read before readers are locked out: that may take long.
    let origins = find_origins(repository, &steps, (&mut buffer, monitor))?;
    let lock = match Lock::take(repository.dir(), repository.path(), LockKind::Deleter) {
        Err(Error::Locked { .. }) => return Ok(()),
        taken => taken?,
    };
    let left = carry_out(repository, &steps, origins, (&mut buffer, monitor))?;
    let mut damage = Damage::read(repository)?;
    for step in steps.iter().filter(|step| !left.contains(&step.staged)) {
        damage.forget(step.hash, step.inode);
        // By its path, the new one was just taken for the one that is remembered.
        if let Some((_, stat)) = step.name.look(repository) {
            damage.forget(step.hash, stat.stx_ino);
        }
    }
    damage.write_if_room(repository)?;
    journal::clear(repository).map_err(|errno| failed(repository, errno))?;
    drop(lock);
    monitor.emit(&Event::MendingFinished);
    remove_stage(repository)
}

/// Whether a mending was interrupted, which the next opening for writing finishes, or what it staged is left.
///
/// # Errors
/// A drive that fails.
pub fn is_interrupted(repository: &Repository) -> Result<bool> {
    let found = journal::read(repository).map_err(|errno| failed(repository, errno))?;
    let is_staged = match repository.dir().child(b"stage") {
        Ok(stage) => stage.has(STAGE_NAME).map_err(|errno| failed(repository, errno))?,
        Err(_) => false,
    };
    Ok(is_staged || !matches!(found, Found::Nothing))
}

/// As [`finish`], but waits for whoever is reading.
pub(super) fn finish_when_free(repository: &Repository, monitor: &Monitor) -> Result<()> {
    let is_pending = journal::read(repository).map_err(|errno| failed(repository, errno))?;
    if let Found::Steps(_) = is_pending {
        drop(lock_out_readers(repository, monitor)?);
    }
    finish(repository, monitor)?;
    match journal::read(repository).map_err(|errno| failed(repository, errno))? {
        // Another reader came in between.
        Found::Steps(_) => finish_when_free(repository, monitor),
        _ => Ok(()),
    }
}

/// Waits until nobody reads from the repository, and keeps readers out as long as the lock is held.
///
/// # Errors
/// A stop while it waits.
pub(super) fn lock_out_readers(repository: &Repository, monitor: &Monitor) -> Result<Lock> {
    let mut is_told = false;
    let go_on = |_| {
        if !is_told {
            monitor.emit(&Event::ReadersAwaited);
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
    let stage = open_stage(repository)?;
    let mut origins = HashMap::new();
    for (number, group) in by_number(steps) {
        if let Some(it) = find_origin(repository, &stage, &group, (&mut *buffer, monitor))? {
            origins.insert(number, it);
        }
    }
    Ok(origins)
}

fn open_stage(repository: &Repository) -> Result<Dir> {
    let stage = repository.folder("stage")?;
    stage.ensure(STAGE_NAME, 0o700).map_err(|errno| failed(repository, errno))
}

/// Does what the journal says with new inodes that are proven, and flushes; gives the numbers of those that not all names
/// have got.
///
/// # Errors
/// A drive that fails. What was done until then is done again the next time.
pub(super) fn carry_out(
    repository: &Repository,
    steps: &[Step],
    mut origins: HashMap<u32, Origin>,
    (buffer, monitor): (&mut [u8], &Monitor),
) -> Result<HashSet<u32>> {
    let stage = open_stage(repository)?;
    let mut left = HashSet::new();
    for (number, group) in by_number(steps) {
        let swapped = match origins.remove(&number) {
            Some(origin) => swap_all(repository, &stage, &group, origin, (&mut *buffer, monitor))?,
            None => {
                put_back_all(repository, &group)?;
                Swapped::Some
            }
        };
        if swapped == Swapped::Some {
            left.insert(number);
        }
    }
    repository.dir().sync_file_system().map_err(|errno| failed(repository, errno))?;
    Ok(left)
}

/// Removes what was staged.
pub(super) fn remove_stage(repository: &Repository) -> Result<()> {
    let stage = match repository.dir().child(b"stage") {
        Ok(stage) => stage,
        Err(Errno::NOENT) => return Ok(()),
        Err(errno) => return Err(failed(repository, errno)),
    };
    let removed = remove_staged(&stage);
    removed.map_err(|errno| failed(repository, errno))
}

fn remove_staged(stage: &Dir) -> rustix::io::Result<()> {
    match stage.has(STAGE_NAME)? {
        true => remove_tree(stage, STAGE_NAME),
        false => Ok(()),
    }
}
