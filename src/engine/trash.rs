//! `trash/`: where a snapshot goes to be deleted. Never touches one that lies elsewhere.
//!
//! The rename into it is the deletion: from then on the snapshot is pruned, whatever happens. It loses its tree
//! first and its seal last, so that a deletion that is interrupted is known for what it is.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use uuid::Uuid;

use super::damage::Damage;
use super::dir::Dir;
use super::error::{Error, Result};
use super::index;
use super::lock::{Lock, LockKind};
use super::mend;
use super::meta::Kind;
use super::monitor::{Event, Monitor};
use super::path::{EntryName, display};
use super::recover::Writer;
use super::remove::{Removal, open_writable, remove_trees};
use super::repository::Repository;
use super::snapshot::{SEAL_NAME, Snapshot, is_snapshot_name, name_order};

/// How many snapshots the index is told of at once, at first.
const FIRST_PORTION: usize = 8;

/// How long telling it may take before a stop is looked for.
const PORTION_TIME: Duration = Duration::from_millis(100);

/// How many snapshots are open at once.
const BATCH: usize = 64;

/// How many names are tried for a snapshot in the trash.
const NAMES_TRIED: u32 = 100;

/// The folder's name in a repository.
const TRASH_NAME: &str = "trash";

/// The names of the snapshots that are being deleted.
pub fn names(repository: &Repository) -> Result<Vec<String>> {
    let Some((_, found)) = look(repository)? else { return Ok(Vec::new()) };
    let names = found.into_iter().filter(|name| is_snapshot_name(name));
    Ok(names.filter_map(|name| String::from_utf8(name.into_vec()).ok()).collect())
}

/// The trash and what lies in it; `None` if there is none that is this repository's own.
fn look(repository: &Repository) -> Result<Option<(Dir, Vec<EntryName>)>> {
    match own_folder(repository, repository.dir(), TRASH_NAME.as_bytes()) {
        Ok(trash) => {
            let names = trash.names().map_err(|errno| failed("list", repository, errno))?;
            Ok(Some((trash, names)))
        }
        Err(Errno::NOENT | Errno::NOTDIR | Errno::XDEV) => Ok(None),
        Err(errno) => Err(failed("open", repository, errno)),
    }
}

fn failed(action: &'static str, repository: &Repository, errno: Errno) -> Error {
    Error::drive(action, &repository.path().join(TRASH_NAME), errno)
}

/// Opens a folder that may be emptied: one that is mounted there from elsewhere is none of ours.
fn own_folder(repository: &Repository, dir: &Dir, name: &[u8]) -> rustix::io::Result<Dir> {
    let stat = dir.stat_child(name)?;
    if Kind::from_mode(stat.stx_mode.into()) != Some(Kind::Directory) {
        return Err(Errno::NOTDIR);
    }
    if stat.stx_mnt_id != repository.dir().stat()?.stx_mnt_id {
        return Err(Errno::XDEV);
    }
    open_writable(dir, name)
}

/// What is done while someone is reading from the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// That is waited for.
    Wait,
    /// That is waited for, so long.
    UpTo(Duration),
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
    let started = Instant::now();
    let go_on = |held| {
        let is_over = match patience {
            Patience::Wait => false,
            Patience::UpTo(limit) => started.elapsed() >= limit,
            Patience::GiveUp => true,
        };
        if is_over {
            return Err(held);
        }
        if !is_told {
            monitor.emit(&Event::ReadersAwaited);
            is_told = true;
        }
        monitor.check_cancelled()
    };
    let _lock = Lock::wait(repository.dir(), path, LockKind::Deleter, go_on)?;
    let failed = |errno| Error::drive("delete a snapshot from", path, errno);
    let snapshots = repository.folder("snapshots")?;
    drop(repository.dir().ensure(TRASH_NAME.as_bytes(), 0o700).map_err(failed)?);
    let trash = own_folder(repository, repository.dir(), TRASH_NAME.as_bytes()).map_err(failed)?;
    for name in names {
        match put(&snapshots, name, &trash) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(failed(errno)),
        }
    }
    trash.sync().and_then(|()| snapshots.sync()).map_err(failed)
}

/// Renames a snapshot into the trash, under another name if something with its own is stuck there.
fn put(snapshots: &Dir, name: &str, trash: &Dir) -> rustix::io::Result<()> {
    let stem = name_order(name).0;
    let others = (2..=NAMES_TRIED).map(|number| format!("{stem}-{number}"));
    for new_name in std::iter::once(name.to_owned()).chain(others) {
        let rename = || snapshots.rename_to(name.as_bytes(), trash, new_name.as_bytes());
        let renamed = match rename() {
            // A folder that may not be written to can't be moved either.
            Err(Errno::ACCESS) => open_writable(snapshots, name.as_bytes()).and_then(|_| rename()),
            renamed => renamed,
        };
        if renamed != Err(Errno::EXIST) {
            return renamed;
        }
    }
    Err(Errno::EXIST)
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
    let damage = Damage::read(&writer.repository).unwrap_or_default();
    bury(&writer.repository, &names, patience, monitor)?;
    let numbers: Vec<u64> = snapshots.iter().map(|(seq, _)| *seq).collect();
    match tell_index(writer, &numbers, monitor) {
        // There will be room for that once the trees are gone.
        Err(error) if index::is_full(&error) => {}
        told => told?,
    }
    let gone = empty(writer, monitor)?;
    // On a drive without any room it is done by the next mending.
    let _ = mend::follow_deletion(writer, &damage, &names, monitor);
    Ok(gone)
}

/// Says in the index what is pruned, in portions that take long enough to be worth it and not too long to be stopped.
fn tell_index(writer: &mut Writer, numbers: &[u64], monitor: &Monitor) -> Result<()> {
    let (mut left, mut portion) = (numbers, FIRST_PORTION);
    while !left.is_empty() {
        monitor.check_cancelled()?;
        let (now, later) = left.split_at(portion.min(left.len()));
        let started = Instant::now();
        writer.index.prune(now, jiff::Timestamp::now())?;
        portion = match started.elapsed() {
            short if short < PORTION_TIME / 2 => portion * 2,
            long if long > PORTION_TIME => (portion / 2).max(1),
            _ => portion,
        };
        left = later;
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
    let Some((trash, found)) = look(&writer.repository)?.filter(|(_, found)| !found.is_empty())
    else {
        return Ok(Vec::new());
    };
    let trash = Arc::new(trash);
    let known = Known::read(writer)?;
    let mut gone = Vec::new();
    for batch in found.chunks(BATCH) {
        let stripped = strip_batch(&writer.repository, &trash, batch, monitor)?;
        let mut numbers = Vec::new();
        for name in &stripped {
            numbers.extend(known.number_of(&writer.repository, &trash, name)?);
        }
        tell_index(writer, &numbers, monitor)?;
        let roots = stripped.iter().map(|name| (Arc::clone(&trash), name.clone())).collect();
        for (name, removal) in stripped.iter().zip(remove_trees(roots, monitor)) {
            match removal {
                Removal::Gone => gone.push(display(name)),
                Removal::Stopped => return Err(Error::Cancelled),
                Removal::Stuck { errno, .. } => tell_stuck(name, errno, monitor),
            }
        }
    }
    Ok(gone)
}

/// Removes all that lies in the trash but the seals.
pub fn strip(repository: &Repository, monitor: &Monitor) -> Result<()> {
    let Some((trash, found)) = look(repository)? else { return Ok(()) };
    let trash = Arc::new(trash);
    for batch in found.chunks(BATCH) {
        strip_batch(repository, &trash, batch, monitor)?;
    }
    Ok(())
}

/// Removes all but the seals of some of what lies in the trash; gives the names of those of which nothing else is left.
fn strip_batch(
    repository: &Repository,
    trash: &Arc<Dir>,
    batch: &[EntryName],
    monitor: &Monitor,
) -> Result<Vec<EntryName>> {
    let (mut roots, mut of_which) = (Vec::new(), Vec::new());
    let mut stuck: BTreeSet<&[u8]> = BTreeSet::new();
    for name in batch {
        match inside(repository, trash, name) {
            Ok(inside) => {
                of_which.resize(of_which.len() + inside.len(), name);
                roots.extend(inside);
            }
            // What can't be removed is said, and is no reason to make no backup.
            Err(errno) => {
                stuck.insert(name);
                tell_stuck(name, errno, monitor);
            }
        }
    }
    for (removal, name) in remove_trees(roots, monitor).into_iter().zip(of_which) {
        match removal {
            Removal::Gone => {}
            Removal::Stopped => return Err(Error::Cancelled),
            Removal::Stuck { errno, .. } => {
                if stuck.insert(name) {
                    tell_stuck(name, errno, monitor);
                }
            }
        }
    }
    let is_bare = |name: &&EntryName| !stuck.contains(name.as_slice());
    Ok(batch.iter().filter(is_bare).cloned().collect())
}

/// All that is in a snapshot's folder but the seal; what is no folder goes as it is.
fn inside(
    repository: &Repository,
    trash: &Arc<Dir>,
    name: &[u8],
) -> rustix::io::Result<Vec<(Arc<Dir>, EntryName)>> {
    let folder = match own_folder(repository, trash, name) {
        Ok(folder) => Arc::new(folder),
        Err(Errno::NOTDIR) => return Ok(vec![(Arc::clone(trash), EntryName::from_slice(name))]),
        Err(Errno::NOENT) => return Ok(Vec::new()),
        Err(errno) => return Err(errno),
    };
    let names = folder.names()?.into_iter().filter(|inner| inner.as_slice() != SEAL_NAME);
    Ok(names.map(|inner| (Arc::clone(&folder), inner)).collect())
}

fn tell_stuck(name: &[u8], errno: Errno, monitor: &Monitor) {
    monitor.emit(&Event::DeletionStuck { name: display(name), reason: errno.to_string() });
}

/// The snapshots that the index has not heard of as pruned.
struct Known {
    by_id: HashMap<Uuid, (u64, String)>,
    by_name: HashMap<String, u64>,
}

impl Known {
    fn read(writer: &Writer) -> Result<Self> {
        let rows = writer.index.snapshots()?;
        Ok(Self {
            by_id: rows.iter().map(|row| (row.id, (row.seq, row.name.clone()))).collect(),
            by_name: rows.into_iter().map(|row| (row.name, row.seq)).collect(),
        })
    }

    /// The number that the index knows the snapshot in the trash by, if it knows it.
    ///
    /// What lies under `snapshots/` was not deleted, whatever a copy of it in the trash says.
    fn number_of(&self, repository: &Repository, trash: &Dir, name: &[u8]) -> Result<Option<u64>> {
        let seal = trash.child(name).ok().and_then(|dir| Snapshot::in_folder(dir).read_seal().ok());
        let named = String::from_utf8_lossy(name).into_owned();
        // A snapshot that was taken in without its seal is known by its name alone.
        let by_id = seal.and_then(|seal| self.by_id.get(&seal.id).cloned());
        let found = by_id.or_else(|| Some((*self.by_name.get(&named)?, named)));
        let Some((seq, name)) = found else { return Ok(None) };
        let is_there = Snapshot::open(repository, &name)?.is_some();
        Ok((!is_there).then_some(seq))
    }
}
