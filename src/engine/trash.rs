//! `trash/`: finishes the deletion of snapshots that lie there. Never touches one that lies elsewhere.
//!
//! A snapshot loses its tree first, is marked as pruned in the index then, and loses its seal last, so that
//! a deletion that is interrupted is known for what it is.

use rustix::io::Errno;

use super::dir::Dir;
use super::error::{Error, Result};
use super::lock::{Lock, LockKind};
use super::monitor::{Event, Monitor};
use super::path::display;
use super::recover::Writer;
use super::remove::{open_writable, remove_tree, remove_tree_while};
use super::snapshot::{SEAL_NAME, Snapshot, is_snapshot_name};

/// The names of the snapshots that are being deleted.
pub fn names(writer: &Writer) -> Result<Vec<String>> {
    let Some((_, found)) = look(writer)? else { return Ok(Vec::new()) };
    let names = found.into_iter().filter(|name| is_snapshot_name(name));
    Ok(names.filter_map(|name| String::from_utf8(name).ok()).collect())
}

/// The trash and what lies in it; `None` if there is none.
fn look(writer: &Writer) -> Result<Option<(Dir, Vec<Vec<u8>>)>> {
    let opened = writer.repository.dir().child(b"trash");
    match opened.and_then(|trash| Ok((trash.names()?, trash))) {
        Ok((names, trash)) => Ok(Some((trash, names))),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(Error::drive("list", &writer.repository.path().join("trash"), errno)),
    }
}

/// Deletes what lies in the trash, unless someone is reading from the repository: then it waits for the next time.
///
/// # Errors
/// A stop, after which the rest is deleted the next time; a drive that fails.
pub fn empty(writer: &mut Writer, monitor: &Monitor) -> Result<()> {
    let Some((trash, found)) = look(writer)?.filter(|(_, found)| !found.is_empty()) else {
        return Ok(());
    };
    let path = writer.repository.path().to_owned();
    let _lock = match Lock::take(writer.repository.dir(), &path, LockKind::Deleter) {
        Err(Error::Locked { .. }) => return Ok(()),
        taken => taken?,
    };
    // What can't be removed is said, and is no reason to make no backup.
    let stuck = |name: &[u8], errno: Errno| {
        monitor.emit(&Event::DeletionStuck { name: display(name), reason: errno.to_string() });
    };
    let (mut numbers, mut stripped) = (Vec::new(), Vec::new());
    for name in &found {
        match strip(&trash, name, monitor) {
            Ok(true) => {
                numbers.extend(number_of(writer, &trash, name)?);
                stripped.push(name);
            }
            Ok(false) => return Err(Error::Cancelled),
            Err(errno) => stuck(name, errno),
        }
    }
    writer.index.prune(&numbers, jiff::Timestamp::now())?;
    for name in stripped {
        match remove_tree(&trash, name) {
            Ok(()) => monitor.emit(&Event::DeletionFinished { name: display(name) }),
            Err(errno) => stuck(name, errno),
        }
    }
    Ok(())
}

/// Removes everything but the seal; `false` if a stop was asked for.
fn strip(trash: &Dir, name: &[u8], monitor: &Monitor) -> rustix::io::Result<bool> {
    let go_on = || !monitor.cancel().is_cancelled();
    let Ok(folder) = open_writable(trash, name) else {
        return remove_tree_while(trash, name, &go_on);
    };
    for inner in folder.names()?.iter().filter(|inner| *inner != SEAL_NAME) {
        if !remove_tree_while(&folder, inner, &go_on)? {
            return Ok(false);
        }
    }
    Ok(go_on())
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
