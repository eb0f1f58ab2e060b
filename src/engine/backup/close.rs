//! The end of a folder's way into the stage: when all below it is there, its own metadata is set.

use std::sync::atomic::{Ordering::AcqRel, Ordering::Relaxed};
use std::sync::{Arc, PoisonError};

use super::folder::{Folder, Up};
use super::run::{Run, Worker};
use crate::engine::digest::Content;
use crate::engine::error::Result;
use crate::engine::index::State;
use crate::engine::meta::{Fingerprint, Kind, Metadata};
use crate::engine::plan;
use crate::engine::repository::Owners;

impl Run<'_> {
    /// Counts one part of a folder as done; with the last, its metadata is set and it counts for its parent.
    pub(super) fn close(&self, worker: &mut Worker<'_>, mut folder: Arc<Folder>) -> Result<()> {
        while folder.pending.fetch_sub(1, AcqRel) == 1 {
            let digest =
                std::mem::take(&mut *folder.digest.lock().unwrap_or_else(PoisonError::into_inner))
                    .finish();
            let state = self.dress_folder(worker, &folder)?;
            self.count(worker, &state);
            let (meta, change, xattrs) = (state.meta, state.change(), state.xattrs);
            let known = folder.known.as_ref().map(|(first, last, state)| (*first, *last, state));
            self.record(worker, folder.node, known, state)?;
            let up = match &folder.up {
                Up::Source(id) => {
                    self.keep_tree(*id, digest);
                    return Ok(());
                }
                Up::Folder(up) => Arc::clone(up),
            };
            let name = folder.path.name().unwrap_or_default();
            up.digest.lock().unwrap_or_else(PoisonError::into_inner).add(
                name,
                &meta,
                &change,
                xattrs,
                Content::Directory(digest),
            );
            folder = up;
        }
        Ok(())
    }

    fn dress_folder(&self, worker: &mut Worker<'_>, folder: &Folder) -> Result<State> {
        // A folder that its owner can't read would keep the snapshot's owner out of it, too.
        let is_closed = self.carrier.owners == Owners::Seal && folder.meta.mode & 0o500 != 0o500;
        let open = if is_closed { folder.meta.mode | 0o500 } else { folder.meta.mode };
        let as_stored = Metadata { mode: open, ..folder.meta };
        self.note_acl(&folder.xattrs);
        let (mut change, stored) = self.dress(&folder.stage, &as_stored, &folder.xattrs)?;
        change.mode = if is_closed { Some(folder.meta.mode) } else { change.mode };
        let before = folder.known.as_ref().map(|(_, _, state)| state);
        let before = before.filter(|state| state.meta.kind == Kind::Directory);
        let known = before.map(State::change).unwrap_or_default();
        if folder.unread.load(Relaxed) && (before.is_none() || known.absent) {
            change.absent = true;
        } else if folder.unread.load(Relaxed) {
            let base = folder.base.as_ref().map(|base| base.reference.clone());
            change.stale = known.stale.or(base);
        } else if folder.source.is_none() {
            // Below a folder that is carried forward: the marks stay as they were.
            (change.stale, change.absent) = (known.stale, known.absent);
        }
        change.flags = (folder.flags != 0).then_some(folder.flags);
        if folder.xattrs.has_labels() {
            change.set_xattrs(&folder.xattrs);
        }
        let override_text = change.to_text();
        if let Some(text) = &override_text {
            worker.gathered.overrides.push(folder.path.clone(), text.clone());
        }
        Ok(State {
            meta: folder.meta,
            hash: None,
            xattrs: folder.xattrs.digest(),
            fingerprint: self.fingerprint_of(folder),
            stored_mtime: (stored.mtime != folder.meta.mtime).then_some(stored.mtime),
            override_text,
        })
    }

    fn fingerprint_of(&self, folder: &Folder) -> Option<Fingerprint> {
        if let (Up::Source(_), true) = (&folder.up, folder.unread.load(Relaxed)) {
            // The one that is awaited, not what lies in its place now.
            let known = folder.known.as_ref().and_then(|(_, _, state)| state.fingerprint)?;
            return Some(Fingerprint::unsettled(known.inode));
        }
        let fingerprint = folder.fingerprint.filter(|_| !folder.unread.load(Relaxed))?;
        let trusted = plan::trusted(&folder.meta, &fingerprint, self.scan_started);
        // A source's own folder is always known again, so that another in its place is noticed.
        match folder.up {
            Up::Source(_) => trusted.or(Some(Fingerprint::unsettled(fingerprint.inode))),
            Up::Folder(_) => trusted,
        }
    }
}
