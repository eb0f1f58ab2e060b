//! The index of a first snapshot, written by a thread of its own while the snapshot is made.
//!
//! The draft lies in `stage/`, where whatever a run leaves is looked through by the next opening.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use crate::engine::error::{Error, Result};
use crate::engine::index::{Draft, INDEX_NAME, Index, SnapshotState, Spool};
use crate::engine::leftover::{DRAFT_NAME, remove_draft};
use crate::engine::monitor::Monitor;
use crate::engine::pin::Pin;
use crate::engine::recover::{Writer, index_path};
use crate::engine::repository::Repository;
use crate::engine::seal::Seal;

/// How often a draft that nobody wants any more is told so, until it ends.
const INTERRUPTED_EVERY: Duration = Duration::from_millis(1);

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
        let fill = move || draft.fill(spool).ok().map(|()| draft);
        let Ok(filling) = thread::Builder::new().spawn_scoped(scope, fill) else {
            return Ok((work()?, None));
        };
        let mut followed = Followed { spool, is_for_nothing: true };
        let done = work();
        followed.is_for_nothing = done.is_err();
        drop(followed);
        while done.is_err() && !filling.is_finished() {
            // One between two statements is not heard.
            interrupt.interrupt();
            thread::sleep(INTERRUPTED_EVERY);
        }
        let draft = filling.join().ok().flatten();
        Ok((done?, draft))
    })
}

/// Lets whoever follows a spool go when the run fails or panics.
struct Followed<'a> {
    spool: &'a Spool,
    is_for_nothing: bool,
}

impl Drop for Followed<'_> {
    fn drop(&mut self) {
        if self.is_for_nothing {
            self.spool.give_up();
        }
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
    let path = index_path(&writer.repository)?;
    let index = Index::open(&path)?;
    let index = index.ok_or_else(|| Error::index(&path, rusqlite::Error::InvalidQuery))?;
    writer.index.replace_drive(index);
    let repository = &writer.repository;
    let synced = repository.dir().sync();
    synced.map_err(|errno| Error::drive("write the index of", repository.path(), errno))?;
    // A copy of it is much faster than the same rows once more.
    writer.index.follow_or_remove(monitor);
    Ok(())
}

/// Removes what there is of a draft; what can't be removed now is by the next opening.
pub(super) fn discard(repository: &Repository) {
    if let Ok(stage) = repository.folder("stage") {
        let _ = remove_draft(&stage);
    }
}

fn path(repository: &Repository) -> Result<PathBuf> {
    Ok(index_path(repository)?.with_file_name("stage").join(INDEX_NAME))
}
