//! What can't be read is carried forward: linked, or stored once more from what the drive has of it.

use std::sync::atomic::Ordering::Relaxed;

use super::folder::Folder;
use super::run::{Run, Worker};
use crate::engine::copy::{self, Born, CopyError};
use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::index::{Child, State};
use crate::engine::meta::{ContentHash, Kind, Metadata};
use crate::engine::overrides::Override;
use crate::engine::problem::Reason;
use crate::engine::xattr::{self, Labels};

impl Run<'_> {
    /// Carries an entry forward that could not be stored, or notes that it is there.
    pub(super) fn keep_what_there_is(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        name: &[u8],
        before: Option<&Child>,
    ) -> Result<()> {
        match before {
            Some(child) => self.carry_entry(worker, folder, child, true),
            None => self.note_absent(worker, folder, name),
        }
    }

    /// Takes over the last version of an entry; `mark` says in the snapshot that it is stale.
    pub(super) fn carry_entry(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        child: &Child,
        mark: bool,
    ) -> Result<()> {
        let mut state = child.state.clone();
        let mut change = state.change();
        let is_stored = !change.absent && !state.meta.kind.is_special();
        if is_stored && !self.try_link(folder, child)? {
            let Some(again) = self.store_again(worker, folder, child)? else {
                self.must_commit.store(true, Relaxed);
                self.problem(&folder.path.join(&child.name), Reason::NothingToCarry);
                return match self.is_damaged(folder, child) {
                    true => self.keep(worker, folder, &child.name, Some(child), absent(state.meta)),
                    false => self.forget(worker, folder, child),
                };
            };
            state = again;
            change = state.change();
        }
        if is_stored && state.meta.kind == Kind::File {
            worker.gathered.counts.linked += 1;
        }
        if mark && !change.absent {
            let now = || folder.base.as_ref().map(|base| base.reference.clone());
            change.stale = change.stale.or_else(now);
            state.override_text = change.to_text();
            state.fingerprint = None;
        }
        self.keep(worker, folder, &child.name, Some(child), state)
    }

    /// Stores what can't be linked once more from what the drive itself has of it; `None` if that is nothing.
    fn store_again(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        child: &Child,
    ) -> Result<Option<State>> {
        if child.state.meta.kind == Kind::Symlink {
            return self.link_again(folder, child);
        }
        if let Some(state) = self.link_elsewhere(worker, folder, child)? {
            return Ok(Some(state));
        }
        let Some(hash) = child.state.hash else { return Ok(None) };
        if let Some(stored) = folder.stored.as_ref().filter(|_| folder.can_link(child.first))
            && let Some(state) = self.copy_stored(worker, folder, child, (stored, &child.name))?
        {
            return Ok(Some(state));
        }
        let (size, mtime) = (child.state.meta.size_bytes, child.state.meta.mtime);
        let copies = if size > 0 { worker.index.copies(size, hash, mtime)? } else { Vec::new() };
        for copy in copies {
            let Some(dir) = self.folder_of(worker, &copy)? else { continue };
            if let Some(state) = self.copy_stored(worker, folder, child, (&dir, &copy.name))? {
                return Ok(Some(state));
            }
        }
        Ok(None)
    }

    /// Copies a stored file, if it has the content and the attributes of the version.
    fn copy_stored(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        child: &Child,
        from: (&Dir, &[u8]),
    ) -> Result<Option<State>> {
        let to = (&folder.stage, child.name.as_slice());
        let buffer = &mut worker.buffer;
        let (read, file) =
            match copy::copy_file(from, to, Born::default(), buffer, Labels::Leave, self.monitor) {
                Ok(copied) => copied,
                Err(CopyError::Source(_)) => return Ok(None),
                Err(error) => return self.sort_out(error).map(|_| None),
            };
        let (state, said) = (&child.state, child.state.change());
        let xattrs = said.xattrs().unwrap_or(read.xattrs);
        if state.hash != Some(read.hash) || state.xattrs != xattrs.digest() {
            folder.stage.unlink(&child.name).map_err(|errno| self.drive_error(errno))?;
            return Ok(None);
        }
        xattr::write_hash(&file, &read.hash).map_err(|errno| self.drive_error(errno))?;
        let (change, stored) = self.dress(&file, &state.meta, &xattrs)?;
        let Override { mode, uid, gid, mtime, xattrs, .. } = change;
        let change = Override { mode, uid, gid, mtime, xattrs, ..said };
        self.remember((folder, &child.name), (&state.meta, state.xattrs, read.hash));
        worker.gathered.bytes.copied += read.data_bytes;
        Ok(Some(State {
            stored_mtime: (stored.mtime != state.meta.mtime).then_some(stored.mtime),
            override_text: change.to_text(),
            ..state.clone()
        }))
    }

    /// Makes a symbolic link once more.
    fn link_again(&self, folder: &Folder, child: &Child) -> Result<Option<State>> {
        let state = &child.state;
        let Some(stored) = &folder.stored else { return Ok(None) };
        let Ok(target) = stored.read_link(&child.name) else { return Ok(None) };
        if state.hash != Some(ContentHash::of(&target))
            || !self.make_symlink(folder, &child.name, &state.meta, &target)?
        {
            return Ok(None);
        }
        Ok(Some(State { stored_mtime: None, ..state.clone() }))
    }

    /// Notes an entry that is there but was never read, so that history doesn't call it deleted.
    fn note_absent(&self, worker: &mut Worker<'_>, folder: &Folder, name: &[u8]) -> Result<()> {
        let live = folder.source.as_ref().and_then(|dir| dir.stat_child(name).ok());
        let Some(meta) = live.as_ref().and_then(Metadata::from_statx) else { return Ok(()) };
        self.keep(worker, folder, name, None, absent(meta))
    }

    /// Whether the stored file of a version is known to be damaged.
    pub(super) fn is_damaged(&self, folder: &Folder, child: &Child) -> bool {
        let (Some(stored), Some(hash)) = (&folder.stored, child.state.hash) else { return false };
        !self.damage.is_empty()
            && stored
                .stat_child(&child.name)
                .is_ok_and(|stat| self.damage.is_damaged(hash, stat.stx_ino))
    }
}

/// What is said of a file that is there, and of which nothing is stored.
fn absent(meta: Metadata) -> State {
    let change = Override {
        absent: true,
        mode: Some(meta.mode),
        uid: Some(meta.uid),
        gid: Some(meta.gid),
        mtime: Some(meta.mtime),
        ..Override::default()
    };
    State {
        meta: Metadata { kind: Kind::File, size_bytes: 0, ..meta },
        hash: None,
        xattrs: None,
        fingerprint: None,
        stored_mtime: None,
        override_text: change.to_text(),
    }
}
