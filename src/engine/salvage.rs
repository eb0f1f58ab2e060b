//! The drive's index made from this computer's copy, where the drive's is lost. Reads no tree.

use std::path::Path;

use rustix::io::Errno;

use super::error::{Error, Result};
use super::index::{INDEX_NAME, Index, Journal, LocalCopy};
use super::monitor::{Monitor, Phase};
use super::pin::Pin;
use super::recover::index_path;
use super::repository::Repository;
use super::snapshot::Snapshot;

/// Makes the drive's index, of which nothing may be left, from the copy at `place`; `None` if there is no copy that can
/// be relied on.
///
/// What the copy lacks, it lacks still.
pub fn salvage(
    repository: &Repository,
    place: &LocalCopy,
    monitor: &Monitor,
) -> Result<Option<Index>> {
    let Some(copy) = place.open_read_only(repository.marker().id) else { return Ok(None) };
    if !copy.is_sound() || !agrees(repository, &copy)? {
        return Ok(None);
    }
    monitor.enter(Phase::Indexing);
    let (dir, path) = (repository.dir(), index_path(repository)?);
    let name = format!("{INDEX_NAME}.new");
    let new = path.with_file_name(&name);
    let remove = || {
        ["", "-journal", "-wal", "-shm"].iter().try_for_each(|suffix| {
            match dir.unlink(format!("{name}{suffix}").as_bytes()) {
                Err(Errno::NOENT) => Ok(()),
                removed => removed,
            }
        })
    };
    remove().map_err(|errno| Error::drive("tidy up", repository.path(), errno))?;
    let made = copy.mirror(&new, Journal::Delete, monitor).and_then(|()| adapt(repository, &new));
    if let Err(error) = made {
        // What can't be removed now is removed by the next attempt.
        let _ = remove();
        return Err(error);
    }
    dir.rename_over(name.as_bytes(), dir, INDEX_NAME.as_bytes())
        .and_then(|()| dir.sync())
        .map_err(|errno| Error::drive("write the index of", repository.path(), errno))?;
    Index::open(&path)
}

/// Makes a copy of this computer's index the drive's.
fn adapt(repository: &Repository, path: &Path) -> Result<()> {
    let index = Index::open(path)?;
    let index = index.ok_or_else(|| Error::index(path, rusqlite::Error::InvalidQuery))?;
    index.part()?;
    repeat_pins(repository, &index)
}

/// Whether the snapshots that the copy knows are those on the drive: names may be used again.
fn agrees(repository: &Repository, copy: &Index) -> Result<bool> {
    let Ok(rows) = copy.snapshots() else { return Ok(false) };
    for row in rows {
        let Some(snapshot) = Snapshot::open(repository, &row.name)? else { continue };
        // A seal that is broken contradicts nothing, and recovery looks at it.
        if snapshot.read_seal().is_ok_and(|seal| seal.id != row.id || seal.seq != row.seq) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Says in the index what `pin.json` says: another computer may have changed it.
fn repeat_pins(repository: &Repository, index: &Index) -> Result<()> {
    for row in index.snapshots()? {
        let Some(snapshot) = Snapshot::open(repository, &row.name)? else { continue };
        let pin = Pin::read(snapshot.dir());
        if (pin.pinned, &pin.label) != (row.pinned, &row.label) {
            index.set_pin(row.seq, &pin)?;
        }
    }
    Ok(())
}
