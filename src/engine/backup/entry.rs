//! One entry of a folder that is no folder itself: linked, copied, noted, or carried forward.

use std::cell::Cell;
use std::sync::PoisonError;

use rustix::io::Errno;

use super::copies::link_group;
use super::folder::Folder;
use super::measure;
use super::run::{Run, Worker};
use crate::engine::dir::{Dir, Opened, set_child_mtime};
use crate::engine::error::Result;
use crate::engine::index::{Child, State};
use crate::engine::meta::{ContentHash, Fingerprint, Kind, Metadata};
use crate::engine::monitor::Event;
use crate::engine::overrides::Override;
use crate::engine::plan;
use crate::engine::problem::Reason;
use crate::engine::repository::Owners;
use crate::engine::xattr::Xattrs;

/// An entry of the live folder, and what was known of it.
pub(super) struct Found<'a> {
    pub name: &'a [u8],
    pub meta: Metadata,
    pub fingerprint: Fingerprint,
    /// How many names it has.
    pub links: u32,
    /// What its content takes on a drive, in bytes.
    pub allocated_bytes: u64,
    /// Its content takes less room than its length.
    pub is_sparse: bool,
    pub before: Option<&'a Child>,
    /// The stored file of its last version was changed by hand, which was said, or is damaged.
    pub is_spoiled: Cell<bool>,
    /// It was opened to be looked at.
    pub opened: Cell<Option<Opened>>,
}

impl Run<'_> {
    /// Does what the entry `name` needs, which the listing calls a `listed`; its metadata if it is a folder, which needs a task
    /// of its own.
    pub(super) fn store_entry(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        name: &[u8],
        before: Option<&Child>,
        listed: Option<Kind>,
    ) -> Result<Option<Metadata>> {
        let Some(source) = &folder.source else { return Ok(None) };
        let opened = match (before, listed) {
            // It will be read, and an open file tells all that a look at the name does.
            (None, Some(Kind::File)) => source.open_file(name).ok(),
            _ => None,
        };
        let looked = match &opened {
            Some((_, stat)) => Ok(*stat),
            None => source.stat_child(name),
        };
        let stat = match looked {
            Ok(stat) => stat,
            Err(errno) => {
                self.give_up(worker, folder, name, before, errno)?;
                return Ok(None);
            }
        };
        let Some(meta) = Metadata::from_statx(&stat) else { return Ok(None) };
        if meta.kind == Kind::Directory {
            return Ok(Some(meta));
        }
        if stat.stx_mnt_id != folder.mount && !self.cross_mounts {
            let path = folder.path.join(name).to_absolute();
            self.monitor.emit(&Event::OtherFileSystem { path });
            if let Some(child) = before {
                self.forget(worker, folder, child)?;
            }
            return Ok(None);
        }
        if let Some(child) = before {
            self.forget_below(worker, folder, child)?;
        }
        let found = Found {
            name,
            meta,
            fingerprint: Fingerprint::from_statx(&stat),
            links: stat.stx_nlink,
            allocated_bytes: measure::allocated_bytes(&stat, meta.size_bytes),
            is_sparse: stat.stx_blocks.saturating_mul(512) < stat.stx_size,
            before,
            is_spoiled: Cell::new(false),
            opened: Cell::new(opened),
        };
        match meta.kind {
            Kind::File => self.store_file(worker, folder, &found)?,
            Kind::Symlink => self.store_symlink(worker, folder, &found)?,
            _ => self.store_special(worker, folder, &found)?,
        }
        Ok(None)
    }

    fn store_symlink(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        found: &Found<'_>,
    ) -> Result<()> {
        if let Some(child) = self.recognised(folder, found)
            && self.try_link(folder, child)?
        {
            return self.keep(worker, folder, found.name, found.before, child.state.clone());
        }
        let Some(source) = &folder.source else { return Ok(()) };
        let read = source
            .read_link(found.name)
            .and_then(|target| Ok((target, self.read_attributes(source, found.name)?)));
        let (target, xattrs) = match read {
            Ok(read) => read,
            Err(errno) => return self.give_up(worker, folder, found.name, found.before, errno),
        };
        let hash = Some(ContentHash::of(&target));
        let is_stored = found
            .before
            .is_some_and(|child| child.state.meta == found.meta && child.state.hash == hash);
        let linked = match found.before.filter(|_| is_stored) {
            Some(child) => self.try_link(folder, child)?,
            None => false,
        };
        if !linked && !self.make_symlink(folder, found.name, &found.meta, &target)? {
            self.problem(&folder.path.join(found.name), Reason::LinkTooLong);
            return self.keep_what_there_is(worker, folder, found.name, found.before);
        }
        let failed = |errno| self.drive_error(errno);
        let stat = folder.stage.stat_child(found.name).map_err(failed)?;
        let stored = Metadata::from_statx(&stat).ok_or_else(|| failed(Errno::IO))?;
        let mut change = Override::between(&found.meta, &self.stored_meta(stored));
        change.link_group = link_group(folder, found.links, &found.fingerprint);
        if !xattrs.is_empty() {
            change.set_xattrs(&xattrs);
        }
        let state = State {
            meta: found.meta,
            hash,
            xattrs: xattrs.digest(),
            fingerprint: plan::trusted(&found.meta, &found.fingerprint, self.scan_started),
            stored_mtime: (stored.mtime != found.meta.mtime).then_some(stored.mtime),
            override_text: change.to_text(),
        };
        self.keep(worker, folder, found.name, found.before, state)
    }

    /// `false` if the drive can't hold a link of this length.
    pub(super) fn make_symlink(
        &self,
        folder: &Folder,
        name: &[u8],
        meta: &Metadata,
        target: &[u8],
    ) -> Result<bool> {
        let failed = |errno| self.drive_error(errno);
        let _room = self.take_room(0)?;
        match folder.stage.create_link(name, target) {
            Ok(()) => {}
            Err(Errno::NAMETOOLONG) => return Ok(false),
            Err(errno) => return Err(failed(errno)),
        }
        if self.carrier.owners == Owners::Inode {
            rustix::fs::chownat(
                &folder.stage,
                name,
                Some(rustix::fs::Uid::from_raw(meta.uid)),
                Some(rustix::fs::Gid::from_raw(meta.gid)),
                rustix::fs::AtFlags::SYMLINK_NOFOLLOW,
            )
            .map_err(failed)?;
        }
        set_child_mtime(&folder.stage, name, meta.mtime).map_err(failed)?;
        Ok(true)
    }

    /// A fifo, socket or device: never opened, only noted.
    fn store_special(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        found: &Found<'_>,
    ) -> Result<()> {
        if let Some(child) = self.recognised(folder, found) {
            return self.keep(worker, folder, found.name, found.before, child.state.clone());
        }
        let Some(source) = &folder.source else { return Ok(()) };
        let xattrs = match self.read_attributes(source, found.name) {
            Ok(xattrs) => xattrs,
            Err(errno) => return self.give_up(worker, folder, found.name, found.before, errno),
        };
        let mut change = Override::special(&found.meta);
        change.link_group = link_group(folder, found.links, &found.fingerprint);
        if !xattrs.is_empty() {
            change.set_xattrs(&xattrs);
        }
        let state = State {
            meta: found.meta,
            hash: None,
            xattrs: xattrs.digest(),
            fingerprint: plan::trusted(&found.meta, &found.fingerprint, self.scan_started),
            stored_mtime: None,
            override_text: change.to_text(),
        };
        self.keep(worker, folder, found.name, found.before, state)
    }

    /// The last version of an entry, if it is recognised as unchanged.
    fn recognised<'f>(&self, folder: &Folder, found: &Found<'f>) -> Option<&'f Child> {
        let (meta, fingerprint) = (&found.meta, &found.fingerprint);
        found.before.filter(|child| {
            plan::is_recognised(&child.state, meta, fingerprint, folder.stable_inodes)
        })
    }

    /// Attributes of what is never opened; what was swapped in since is not read either.
    fn read_attributes(&self, source: &Dir, name: &[u8]) -> rustix::io::Result<Xattrs> {
        let xattrs = Xattrs::read_child(source, name, self.labels)?;
        self.note_acl(&xattrs);
        Ok(xattrs)
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
        self.keep_what_there_is(worker, folder, name, before)
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
        let state = self.with_owner(state);
        folder.digest.lock().unwrap_or_else(PoisonError::into_inner).add(
            name,
            &state.meta,
            &state.change(),
            state.xattrs,
            state.content(),
        );
        if let Some(text) = &state.override_text {
            worker.gathered.overrides.push(folder.path.join(name), text.clone());
        }
        self.count(worker, &state);
        let node = match before {
            Some(child) => child.node,
            None => self.intern(&worker.index, &mut worker.spool, folder.place(), name)?.0,
        };
        let known = before.map(|child| (child.first, child.last, &child.state));
        self.record(worker, node, known, state)
    }

    /// Says the owner of an entry anew: where inodes carry none, what needs no word is another thing in a run of
    /// another group.
    fn with_owner(&self, mut state: State) -> State {
        if self.carrier.owners == Owners::Inode || state.meta.kind.is_special() {
            return state;
        }
        let mut change = state.change();
        if change.absent {
            return state;
        }
        let said = (change.uid, change.gid);
        change.uid = (state.meta.uid != self.owner.uid).then_some(state.meta.uid);
        change.gid = (state.meta.gid != self.owner.gid).then_some(state.meta.gid);
        if said != (change.uid, change.gid) {
            state.override_text = change.to_text();
        }
        state
    }
}
