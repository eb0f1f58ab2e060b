//! One entry of a folder that is no folder itself: linked, copied, noted, or carried forward.

use std::os::fd::OwnedFd;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use rustix::io::Errno;

use super::folder::Folder;
use super::run::{Known, Run, Worker};
use crate::engine::copy::{self, ReadFile};
use crate::engine::dir::set_child_mtime;
use crate::engine::error::Result;
use crate::engine::index::{Child, State};
use crate::engine::meta::{ContentHash, Fingerprint, Kind, Metadata};
use crate::engine::monitor::Event;
use crate::engine::overrides::Override;
use crate::engine::plan::{self, Settled, Step};
use crate::engine::problem::Reason;
use crate::engine::repository::Owners;
use crate::engine::xattr::{self, Xattrs};

/// An entry of the live folder, and what was known of it.
struct Found<'a> {
    name: &'a [u8],
    meta: Metadata,
    fingerprint: Fingerprint,
    before: Option<&'a Child>,
}

impl Run<'_> {
    /// Does what the entry `name` needs; `true` if it is a folder, which needs a task of its own.
    pub(super) fn store_entry(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        name: &[u8],
        before: Option<&Child>,
    ) -> Result<bool> {
        let Some(source) = &folder.source else { return Ok(false) };
        let stat = match source.stat_child(name) {
            Ok(stat) => stat,
            Err(errno) => {
                self.give_up(worker, folder, name, before, errno)?;
                return Ok(false);
            }
        };
        let Some(meta) = Metadata::from_statx(&stat) else { return Ok(false) };
        if meta.kind == Kind::Directory {
            return Ok(true);
        }
        if let Some(child) = before {
            self.forget_below(worker, folder, child)?;
        }
        let fingerprint = Fingerprint::from_statx(&stat);
        let found = Found { name, meta, fingerprint, before };
        match meta.kind {
            Kind::File => self.store_file(worker, folder, &found)?,
            Kind::Symlink => self.store_symlink(worker, folder, &found)?,
            _ => self.store_special(worker, folder, &found)?,
        }
        Ok(false)
    }

    fn store_file(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        found: &Found<'_>,
    ) -> Result<()> {
        let previous = found.before.map(|child| &child.state);
        let step = plan::plan_file(previous, &found.meta, &found.fingerprint, folder.stable_inodes);
        match (step, found.before) {
            (Step::Link, Some(child)) if self.try_link(folder, child)? => {
                self.keep_linked(worker, folder, found, child.state.clone())
            }
            (Step::Examine, Some(child)) => self.examine(worker, folder, found, child),
            _ => self.copy(worker, folder, found),
        }
    }

    /// Reads a file that may have changed, and writes nothing that is stored already.
    fn examine(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        found: &Found<'_>,
        child: &Child,
    ) -> Result<()> {
        let Some(source) = &folder.source else { return Ok(()) };
        let read = copy::hash_file(source, found.name, &mut worker.buffer, self.monitor);
        let read = match read {
            Ok(read) => read,
            Err(error) => {
                let errno = self.sort_out(error)?;
                return self.give_up(worker, folder, found.name, found.before, errno);
            }
        };
        if read.torn || child.state.hash != Some(read.hash) {
            return self.copy(worker, folder, found);
        }
        let settled = plan::settle(&child.state, &read.meta, read.xattrs.digest());
        if settled == Settled::Copy || !self.try_link(folder, child)? {
            return self.copy(worker, folder, found);
        }
        let fingerprint = plan::trusted(&read.meta, &read.fingerprint, self.scan_started);
        let mut state = State { meta: read.meta, fingerprint, ..child.state.clone() };
        if settled == Settled::LinkWithOverride {
            self.override_link(folder, found.name, &read, &mut state)?;
        }
        self.keep_linked(worker, folder, found, state)
    }

    /// Says what differs between a file and the stored inode that was linked for it.
    fn override_link(
        &self,
        folder: &Folder,
        name: &[u8],
        read: &ReadFile,
        state: &mut State,
    ) -> Result<()> {
        let failed = |errno| self.drive_error(errno);
        let (file, stat) = folder.stage.open_file(name).map_err(failed)?;
        let stored = Metadata::from_statx(&stat).ok_or_else(|| failed(Errno::IO))?;
        let mut change = Override::between(&read.meta, &self.stored_meta(stored));
        if Xattrs::read(&file).map_err(failed)? != read.xattrs {
            change.set_xattrs(&read.xattrs);
        }
        state.xattrs = read.xattrs.digest();
        state.stored_mtime = (stored.mtime != read.meta.mtime).then_some(stored.mtime);
        state.override_text = change.to_text();
        Ok(())
    }

    fn keep_linked(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        found: &Found<'_>,
        state: State,
    ) -> Result<()> {
        self.totals.linked.fetch_add(1, Relaxed);
        self.keep(worker, folder, found.name, found.before, state)
    }

    fn copy(&self, worker: &mut Worker<'_>, folder: &Folder, found: &Found<'_>) -> Result<()> {
        let Some(source) = &folder.source else { return Ok(()) };
        let (name, stage) = (found.name, &folder.stage);
        let copied = copy::copy_file(source, name, stage, name, &mut worker.buffer, self.monitor);
        let (read, file) = match copied {
            Ok(copied) => copied,
            Err(error) => {
                let errno = self.sort_out(error)?;
                return self.give_up(worker, folder, found.name, found.before, errno);
            }
        };
        if self.is_database_in_use(folder, name, &read) {
            worker.late.push((name.to_vec(), found.before.cloned()));
            return Ok(());
        }
        if read.torn {
            self.problem(&folder.path.join(name), Reason::Torn);
        }
        let mark = Override { torn: read.torn, ..Override::default() };
        self.keep_copied(worker, folder, (name, found.before), (read, &file), mark)
    }

    /// Gives a copy in the stage its metadata and its place; `mark` says how it was read.
    pub(super) fn keep_copied(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        (name, before): (&[u8], Option<&Child>),
        (read, file): (ReadFile, &OwnedFd),
        mark: Override,
    ) -> Result<()> {
        xattr::write_hash(file, &read.hash).map_err(|errno| self.drive_error(errno))?;
        let (change, stored) = self.dress(file, &read.meta, &read.xattrs)?;
        let change = Override { torn: mark.torn, captured: mark.captured, ..change };
        self.totals.copied.fetch_add(1, Relaxed);
        self.totals.copied_bytes.fetch_add(read.data_bytes, Relaxed);
        let trusted = plan::trusted(&read.meta, &read.fingerprint, self.scan_started);
        let state = State {
            meta: read.meta,
            hash: Some(read.hash),
            xattrs: read.xattrs.digest(),
            fingerprint: trusted.filter(|_| !read.torn),
            stored_mtime: (stored.mtime != read.meta.mtime).then_some(stored.mtime),
            override_text: change.to_text(),
        };
        self.keep(worker, folder, name, before, state)
    }

    fn store_symlink(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        found: &Found<'_>,
    ) -> Result<()> {
        let Some(source) = &folder.source else { return Ok(()) };
        let target = match source.read_link(found.name) {
            Ok(target) => target,
            Err(errno) => return self.give_up(worker, folder, found.name, found.before, errno),
        };
        let hash = Some(ContentHash::of(&target));
        if let Some(child) = found.before
            && plan::is_same_entry(&child.state, &found.meta, hash)
            && self.try_link(folder, child)?
        {
            return self.keep(worker, folder, found.name, found.before, child.state.clone());
        }
        let failed = |errno| self.drive_error(errno);
        folder.stage.create_link(found.name, &target).map_err(failed)?;
        if self.owners == Owners::Inode {
            rustix::fs::chownat(
                &folder.stage,
                found.name,
                Some(rustix::fs::Uid::from_raw(found.meta.uid)),
                Some(rustix::fs::Gid::from_raw(found.meta.gid)),
                rustix::fs::AtFlags::SYMLINK_NOFOLLOW,
            )
            .map_err(failed)?;
        }
        set_child_mtime(&folder.stage, found.name, found.meta.mtime).map_err(failed)?;
        let stat = folder.stage.stat_child(found.name).map_err(failed)?;
        let stored = Metadata::from_statx(&stat).ok_or_else(|| failed(Errno::IO))?;
        let change = Override::between(&found.meta, &self.stored_meta(stored));
        let state = State {
            meta: found.meta,
            hash,
            xattrs: None,
            fingerprint: None,
            stored_mtime: (stored.mtime != found.meta.mtime).then_some(stored.mtime),
            override_text: change.to_text(),
        };
        self.keep(worker, folder, found.name, found.before, state)
    }

    /// A fifo, socket or device: never opened, only noted.
    fn store_special(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        found: &Found<'_>,
    ) -> Result<()> {
        let state = State {
            meta: found.meta,
            hash: None,
            xattrs: None,
            fingerprint: None,
            stored_mtime: None,
            override_text: Override::special(&found.meta).to_text(),
        };
        self.keep(worker, folder, found.name, found.before, state)
    }

    /// Links the stored file of a version into the stage; `false` if it can't be and must be stored anew.
    pub(super) fn try_link(&self, folder: &Folder, child: &Child) -> Result<bool> {
        let Some(stored) = folder.stored.as_ref().filter(|_| folder.can_link(child.first)) else {
            return Ok(false);
        };
        let found = stored.stat_child(&child.name).ok().and_then(|s| Metadata::from_statx(&s));
        if !found.is_some_and(|meta| plan::is_as_stored(&child.state, &meta)) {
            let path = folder.path.join(&child.name);
            self.monitor.emit(&Event::StoredFileChanged { path });
            return Ok(false);
        }
        match folder.stage.link_from(stored, &child.name, &child.name) {
            Ok(()) => Ok(true),
            Err(Errno::MLINK | Errno::XDEV | Errno::PERM | Errno::NOENT) => Ok(false),
            Err(errno) => Err(self.drive_error(errno)),
        }
    }

    /// Deals with an entry that can't be read: gone is gone, anything else is said and carried forward.
    pub(super) fn give_up(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        name: &[u8],
        before: Option<&Child>,
        errno: Errno,
    ) -> Result<()> {
        if errno == Errno::NOENT {
            return match before {
                Some(child) => self.forget(worker, folder, child),
                None => Ok(()),
            };
        }
        self.problem(&folder.path.join(name), Reason::of_source(errno));
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
            self.problem(&folder.path.join(&child.name), Reason::NothingToCarry);
            return self.forget(worker, folder, child);
        }
        if is_stored && state.meta.kind == Kind::File {
            self.totals.linked.fetch_add(1, Relaxed);
        }
        if mark && !change.absent {
            let now = || folder.base.as_ref().map(|base| base.reference.clone());
            change.stale = change.stale.or_else(now);
            state.override_text = change.to_text();
            state.fingerprint = None;
        }
        self.keep(worker, folder, &child.name, Some(child), state)
    }

    /// Notes an entry that is there but was never read, so that history doesn't call it deleted.
    fn note_absent(&self, worker: &mut Worker<'_>, folder: &Folder, name: &[u8]) -> Result<()> {
        let live = folder.source.as_ref().and_then(|dir| dir.stat_child(name).ok());
        let Some(meta) = live.as_ref().and_then(Metadata::from_statx) else { return Ok(()) };
        let change = Override {
            absent: true,
            mode: Some(meta.mode),
            uid: Some(meta.uid),
            gid: Some(meta.gid),
            mtime: Some(meta.mtime),
            ..Override::default()
        };
        let state = State {
            meta: Metadata { kind: Kind::File, size_bytes: 0, ..meta },
            hash: None,
            xattrs: None,
            fingerprint: None,
            stored_mtime: None,
            override_text: change.to_text(),
        };
        self.keep(worker, folder, name, None, state)
    }

    /// The last step for every entry that is in the snapshot: digest, override, index, counters.
    pub(super) fn keep(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        name: &[u8],
        before: Option<&Child>,
        state: State,
    ) -> Result<()> {
        folder.digest.lock().unwrap_or_else(PoisonError::into_inner).add(
            name,
            &state.meta,
            state.xattrs,
            state.content(),
        );
        if let Some(text) = &state.override_text {
            worker.gathered.overrides.push(folder.path.join(name), text.clone());
        }
        self.count(&state);
        let node = match before {
            Some(child) => child.node,
            None => self.intern(&worker.index, &mut worker.spool, folder.place(), name)?.0,
        };
        let known: Option<Known> =
            before.map(|child| (child.first, child.last, child.state.clone()));
        self.record(worker, node, known.as_ref(), state)
    }
}
