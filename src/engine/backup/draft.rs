//! The index of a first snapshot, written by a thread of its own while the snapshot is made.
//!
//! The draft lies in `stage/`, where whatever a run leaves is looked through by the next opening.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::thread;

use crate::engine::error::{Error, Result};
use crate::engine::index::{Draft, INDEX_NAME, Index, SnapshotState, Spool};
use crate::engine::leftover::{DRAFT_NAME, remove_draft};
use crate::engine::monitor::Monitor;
use crate::engine::pin::Pin;
use crate::engine::recover::{Writer, index_path};
use crate::engine::repository::Repository;
use crate::engine::seal::Seal;

/// Begins a draft if the index is empty; `None` also if that fails: the index is written at the end then.
pub(super) fn begin(writer: &Writer, seq: u64) -> Option<Draft> {
    if !writer.index.is_blank().ok()? {
        return None;
    }
    let repository = &writer.repository;
    let draft = Draft::begin(&path(repository).ok()?, repository.marker().id, seq);
    if draft.is_err() {
        discard(repository);
    }
    draft.ok()
}

/// Does `work`, and meanwhile writes what it hands over to `spool` into the draft, which is given back if it has all of that.
pub(super) fn beside<T>(
    draft: Option<Draft>,
    spool: &Spool,
    work: impl FnOnce() -> Result<T>,
) -> Result<(T, Option<Draft>)> {
    let Some(draft) = draft else { return Ok((work()?, None)) };
    thread::scope(|scope| {
        let interrupt = draft.interrupt();
        let filling = scope.spawn(move || draft.fill(spool).ok().map(|()| draft));
        let followed = Followed(spool);
        let done = work();
        drop(followed);
        if done.is_err() {
            interrupt.interrupt();
        }
        Ok((done?, filling.join().ok().flatten()))
    })
}

/// Lets whoever follows a spool go when the run ends, however it does.
struct Followed<'a>(&'a Spool);

impl Drop for Followed<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// Takes the committed snapshot `name` into the index: by the draft if there is one, else by what was spooled.
pub(super) fn take_in(
    draft: Option<Draft>,
    writer: &mut Writer,
    (seal, name): (&Seal, &str),
    spool: &Spool,
    monitor: &Monitor,
) -> Result<()> {
    let repository = &writer.repository;
    if draft.is_some_and(|draft| draft.finish(seal, name).is_ok() && take_place(repository)) {
        return change_over(writer, monitor);
    }
    discard(repository);
    writer.index.add_snapshot(seal, name, SnapshotState::Good, &Pin::default(), spool)
}

/// Puts the finished draft in the place of the empty index, if that can be.
fn take_place(repository: &Repository) -> bool {
    let stage = repository.folder("stage");
    stage.is_ok_and(|stage| {
        stage.rename_over(DRAFT_NAME, repository.dir(), INDEX_NAME.as_bytes()).is_ok()
    })
}

/// Goes on with the index that was a draft.
fn change_over(writer: &mut Writer, monitor: &Monitor) -> Result<()> {
    let repository = &writer.repository;
    let synced = repository.dir().sync();
    synced.map_err(|errno| Error::drive("write the index of", repository.path(), errno))?;
    let path = index_path(repository)?;
    let index = Index::open(&path)?;
    let index = index.ok_or_else(|| Error::index(&path, rusqlite::Error::InvalidQuery))?;
    writer.index.replace_drive(index);
    // A copy of it is much faster than the same rows once more.
    writer.index.follow(monitor);
    Ok(())
}

/// Removes what there is of a draft; what can't be removed now is by the next opening.
pub(super) fn discard(repository: &Repository) {
    if let Ok(stage) = repository.folder("stage") {
        let _ = remove_draft(&stage);
    }
}

fn path(repository: &Repository) -> Result<PathBuf> {
    let stage = index_path(repository)?.with_file_name("stage");
    Ok(stage.join(OsStr::from_bytes(DRAFT_NAME)))
}
