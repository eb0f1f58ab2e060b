//! `trash/`: where a snapshot goes to be deleted. Never touches one that lies elsewhere.
//!
//! The rename into it is the deletion: from then on the snapshot is pruned, whatever happens. It loses its tree
//! first and its seal last, so that a deletion that is interrupted is known for what it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustix::io::Errno;

use super::dir::Dir;
use super::error::{Error, Result};
use super::index;
use super::lock::{Lock, LockKind};
use super::monitor::{Event, Monitor};
use super::path::display;
use super::recover::Writer;
use super::remove::{Removal, open_writable, remove_tree, remove_trees};
use super::repository::Repository;
use super::snapshot::{SEAL_NAME, Snapshot, is_snapshot_name};

/// How many snapshots the index is told of at once.
const PORTION: usize = 8;

/// The folder's name in a repository.
const TRASH_NAME: &str = "trash";

/// The names of the snapshots that are being deleted.
pub fn names(repository: &Repository) -> Result<Vec<String>> {
    let Some((_, found)) = look(repository)? else { return Ok(Vec::new()) };
    let names = found.into_iter().filter(|name| is_snapshot_name(name));
    Ok(names.filter_map(|name| String::from_utf8(name).ok()).collect())
}

/// The trash and what lies in it; `None` if there is none.
fn look(repository: &Repository) -> Result<Option<(Dir, Vec<Vec<u8>>)>> {
    let opened = repository.dir().child(TRASH_NAME.as_bytes());
    match opened.and_then(|trash| Ok((trash.names()?, trash))) {
        Ok((names, trash)) => Ok(Some((trash, names))),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(Error::drive("list", &repository.path().join(TRASH_NAME), errno)),
    }
}

/// What is done while someone is reading from the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// That is waited for.
    Wait,
    /// Nothing is deleted.
    GiveUp,
}

/// Puts snapshots into the trash, durably, once nobody reads from the repository any more. Needs no room on the drive.
///
/// Whoever calls has the writer's lock. A name that isn't there is passed over.
///
/// # Errors
/// A reader who isn't waited for; a stop while it waits; a drive that fails.
pub fn bury(
    repository: &Repository,
    names: &[String],
    patience: Patience,
    monitor: &Monitor,
) -> Result<()> {
    let path = repository.path();
    let mut is_told = false;
    let go_on = || {
        if !is_told {
            monitor.emit(&Event::ReadersAwaited);
            is_told = true;
        }
        monitor.check_cancelled()
    };
    let _lock = match patience {
        Patience::Wait => Lock::wait(repository.dir(), path, LockKind::Deleter, go_on)?,
        Patience::GiveUp => Lock::take(repository.dir(), path, LockKind::Deleter)?,
    };
    let failed = |errno| Error::drive("delete a snapshot from", path, errno);
    let snapshots = repository.folder("snapshots")?;
    let trash = repository.dir().ensure(TRASH_NAME.as_bytes(), 0o700).map_err(failed)?;
    for name in names {
        match snapshots.rename_to(name.as_bytes(), &trash, name.as_bytes()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(failed(errno)),
        }
    }
    trash.sync().and_then(|()| snapshots.sync()).map_err(failed)
}

/// Deletes snapshots: puts them into the trash, says so in the index, and empties the trash. Gives the names of all
/// that are gone for good then.
///
/// # Errors
/// As of [`bury`] and [`empty`].
pub fn delete(
    writer: &mut Writer,
    snapshots: &[(u64, String)],
    patience: Patience,
    monitor: &Monitor,
) -> Result<Vec<String>> {
    let names: Vec<String> = snapshots.iter().map(|(_, name)| name.clone()).collect();
    bury(&writer.repository, &names, patience, monitor)?;
    let numbers: Vec<u64> = snapshots.iter().map(|(seq, _)| *seq).collect();
    match tell_index(writer, &numbers, monitor) {
        // There will be room for that once the trees are gone.
        Err(error) if index::is_full(&error) => {}
        told => told?,
    }
    empty(writer, monitor)
}

/// Says in the index what is pruned, in portions: between them a stop is heard.
fn tell_index(writer: &mut Writer, numbers: &[u64], monitor: &Monitor) -> Result<()> {
    for portion in numbers.chunks(PORTION) {
        monitor.check_cancelled()?;
        writer.index.prune(portion, jiff::Timestamp::now())?;
    }
    Ok(())
}

/// Goes on with deletions that were interrupted, unless someone is reading from the repository: then they wait for the
/// next time.
///
/// # Errors
/// As of [`empty`].
pub fn finish(writer: &mut Writer, monitor: &Monitor) -> Result<()> {
    if look(&writer.repository)?.is_none_or(|(_, found)| found.is_empty()) {
        return Ok(());
    }
    let path = writer.repository.path().to_owned();
    match Lock::take(writer.repository.dir(), &path, LockKind::Deleter) {
        Err(Error::Locked { .. }) => return Ok(()),
        taken => drop(taken?),
    }
    for name in empty(writer, monitor)? {
        monitor.emit(&Event::DeletionFinished { name });
    }
    Ok(())
}

/// Deletes what lies in the trash; gives the names of what is gone for good then.
///
/// # Errors
/// A stop, after which the rest is deleted the next time; a drive that fails.
pub fn empty(writer: &mut Writer, monitor: &Monitor) -> Result<Vec<String>> {
    let stripped = strip(&writer.repository, monitor)?;
    if stripped.is_empty() {
        return Ok(Vec::new());
    }
    let Some((trash, _)) = look(&writer.repository)? else { return Ok(Vec::new()) };
    let mut numbers = Vec::new();
    for name in &stripped {
        numbers.extend(number_of(writer, &trash, name)?);
    }
    tell_index(writer, &numbers, monitor)?;
    let mut gone = Vec::new();
    for name in stripped {
        match remove_tree(&trash, &name) {
            Ok(()) => gone.push(display(&name)),
            Err(errno) => tell_stuck(&name, errno, monitor),
        }
    }
    Ok(gone)
}

/// Removes all that lies in the trash but the seals; gives the names of those of which nothing else is left.
pub fn strip(repository: &Repository, monitor: &Monitor) -> Result<Vec<Vec<u8>>> {
    let Some((trash, found)) = look(repository)? else { return Ok(Vec::new()) };
    let trash = Arc::new(trash);
    let (mut roots, mut of_which) = (Vec::new(), Vec::new());
    for name in &found {
        let inside =
            inside(&trash, name).unwrap_or_else(|_| vec![(Arc::clone(&trash), name.clone())]);
        of_which.resize(of_which.len() + inside.len(), name);
        roots.extend(inside);
    }
    let mut stuck: BTreeSet<&[u8]> = BTreeSet::new();
    for (removal, name) in remove_trees(roots, monitor).into_iter().zip(of_which) {
        match removal {
            Removal::Gone => {}
            Removal::Stopped => return Err(Error::Cancelled),
            // What can't be removed is said, and is no reason to make no backup.
            Removal::Stuck { errno, .. } => {
                if stuck.insert(name) {
                    tell_stuck(name, errno, monitor);
                }
            }
        }
    }
    let is_bare = |name: &&Vec<u8>| !stuck.contains(name.as_slice());
    Ok(found.iter().filter(is_bare).cloned().collect())
}

/// All that is in a snapshot's folder but the seal.
fn inside(trash: &Dir, name: &[u8]) -> rustix::io::Result<Vec<(Arc<Dir>, Vec<u8>)>> {
    let folder = Arc::new(open_writable(trash, name)?);
    let names = folder.names()?.into_iter().filter(|inner| inner != SEAL_NAME);
    Ok(names.map(|inner| (Arc::clone(&folder), inner)).collect())
}

fn tell_stuck(name: &[u8], errno: Errno, monitor: &Monitor) {
    monitor.emit(&Event::DeletionStuck { name: display(name), reason: errno.to_string() });
}

/// The number that the index knows the snapshot in the trash by, if it knows it.
///
/// What lies under `snapshots/` was not deleted, whatever a copy of it in the trash says.
fn number_of(writer: &Writer, trash: &Dir, name: &[u8]) -> Result<Option<u64>> {
    let seal = trash.child(name).ok().and_then(|dir| Snapshot::in_folder(dir).read_seal().ok());
    let named = String::from_utf8_lossy(name);
    let rows = writer.index.snapshots()?;
    // A snapshot that was taken in without its seal is known by its name alone.
    let by_id = rows.iter().find(|row| seal.as_ref().is_some_and(|seal| row.id == seal.id));
    let row = by_id.or_else(|| rows.iter().find(|row| row.name == named));
    let Some(row) = row else { return Ok(None) };
    let is_there = Snapshot::open(&writer.repository, &row.name)?.is_some();
    Ok((!is_there).then_some(row.seq))
}
