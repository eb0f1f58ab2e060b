//! What interrupted runs left in `stage/`: gathered into one tree, whose files the next run links once it has
//! proven them by hash.

use std::sync::Arc;

use rustix::io::Errno;

use super::dir::Dir;
use super::error::{Error, Result};
use super::index::INDEX_NAME;
use super::lock::{Lock, LockKind};
use super::mend;
use super::meta::{Kind, Metadata};
use super::monitor::{Event, Monitor};
use super::path::EntryName;
use super::remove::{open_writable, remove_tree};
use super::repository::Repository;
use super::snapshot::{FILES_NAME, is_snapshot_name};

/// The index of a first snapshot that isn't finished, in `stage/`.
pub const DRAFT_NAME: &[u8] = INDEX_NAME.as_bytes();

/// What SQLite has beside it for a moment.
const DRAFT_JOURNAL_NAME: &[u8] = b"index.sqlite-journal";

/// Removes the index of a first snapshot that was not finished.
pub fn remove_draft(stage: &Dir) -> rustix::io::Result<()> {
    let removed = [DRAFT_JOURNAL_NAME, DRAFT_NAME].map(|name| match stage.unlink(name) {
        Err(Errno::NOENT) => Ok(()),
        removed => removed,
    });
    removed.into_iter().collect()
}

/// The tree of an interrupted run.
#[derive(Debug)]
pub struct Leftover {
    /// The name that its snapshot would have had.
    pub name: String,
}

/// Whether an interrupted run left a tree, and nobody writes now: then it is a running one's.
pub fn is_there(repository: &Repository) -> bool {
    let names = repository.folder("stage").and_then(|stage| {
        stage.names().map_err(|errno| Error::drive("look into", repository.path(), errno))
    });
    !Lock::is_held(repository.dir(), LockKind::Writer)
        && names.is_ok_and(|names| names.iter().any(|name| is_snapshot_name(name)))
}

impl Leftover {
    /// Gathers what lies in `stage/`: the oldest tree takes the files of the newer ones, and what is no tree of a
    /// snapshot is removed.
    pub fn gather(repository: &Repository, monitor: &Monitor) -> Result<Option<Self>> {
        let stage = repository.folder("stage")?;
        let failed = |errno| Error::drive("tidy up", &repository.path().join("stage"), errno);
        // What stays of it is looked at below.
        let _ = remove_draft(&stage);
        let mut kept: Option<(String, Dir)> = None;
        let names = stage.names().map_err(failed)?;
        // A mending that waits for readers goes on the next time.
        for name in names.into_iter().filter(|name| name.as_slice() != mend::STAGE_NAME) {
            monitor.check_cancelled()?;
            let files = if is_snapshot_name(&name) {
                stage.child(&name).and_then(|dir| dir.child(FILES_NAME)).ok()
            } else {
                None
            };
            let text = super::path::display(&name);
            match (files, &kept) {
                (Some(files), None) => kept = Some((text, files)),
                (Some(files), Some((_, into))) => {
                    // What can't be gathered is given up: it is a shortcut, not the only copy of anything.
                    let _ = merge(files, into, monitor)?;
                    let _ = remove_tree(&stage, &name);
                }
                (None, _) => {
                    if remove_tree(&stage, &name).is_ok() {
                        monitor.emit(&Event::StageRemoved { name: text });
                    }
                }
            }
        }
        Ok(kept.map(|(name, _)| Self { name }))
    }

    /// The root of the tree; `None` if it can't be opened.
    pub fn files(&self, repository: &Repository) -> Option<Dir> {
        let stage = repository.folder("stage").ok()?;
        stage.child(self.name.as_bytes()).and_then(|dir| dir.child(FILES_NAME)).ok()
    }

    /// Removes the tree; files that were linked from it live on.
    pub fn remove(&self, repository: &Repository) -> Result<()> {
        let stage = repository.folder("stage")?;
        remove_tree(&stage, self.name.as_bytes()).map_err(|errno| {
            Error::drive("remove an unfinished snapshot from", repository.path(), errno)
        })
    }
}

/// A folder waits as its parents and its name: a thousand siblings must not be two thousand descriptors.
struct Waiting {
    from: Arc<Dir>,
    into: Arc<Dir>,
    name: EntryName,
}

/// Moves the regular files of one tree into another, over what is there.
fn merge(from: Dir, into: &Dir, monitor: &Monitor) -> Result<rustix::io::Result<()>> {
    let merged = into.duplicate().and_then(|into| merge_folder(from, into));
    let mut pending = match merged {
        Ok(pending) => pending,
        Err(errno) => return Ok(Err(errno)),
    };
    while let Some(Waiting { from, into, name }) = pending.pop() {
        monitor.check_cancelled()?;
        let opened = open_writable(&from, &name)
            .and_then(|from| Ok((from, open_writable(&into, &name)?)))
            .and_then(|(from, into)| merge_folder(from, into));
        match opened {
            Ok(below) => pending.extend(below),
            Err(errno) => return Ok(Err(errno)),
        }
    }
    Ok(Ok(()))
}

/// Moves the regular files of one folder; gives the folders in it, which are on both sides then.
fn merge_folder(from: Dir, into: Dir) -> rustix::io::Result<Vec<Waiting>> {
    let (from, into) = (Arc::new(from), Arc::new(into));
    let mut folders = Vec::new();
    for name in from.names()? {
        match kind_of(&from, &name)? {
            Some(Kind::Directory) => {
                if kind_of(&into, &name)?.is_some_and(|kind| kind != Kind::Directory) {
                    into.unlink(&name)?;
                }
                drop(into.ensure(&name, 0o700)?);
                folders.push(Waiting { from: Arc::clone(&from), into: Arc::clone(&into), name });
            }
            Some(Kind::File) => {
                if kind_of(&into, &name)? == Some(Kind::Directory) {
                    remove_tree(&into, &name)?;
                }
                from.rename_over(&name, &into, &name)?;
            }
            _ => {}
        }
    }
    Ok(folders)
}

fn kind_of(dir: &Dir, name: &[u8]) -> rustix::io::Result<Option<Kind>> {
    match dir.stat_child(name) {
        Ok(stat) => Ok(Metadata::from_statx(&stat).map(|meta| meta.kind)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}
