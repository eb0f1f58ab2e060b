//! One regular file on its way into the stage: linked, found among what is stored, cloned, or copied.

use std::cell::{Cell, OnceCell};
use std::os::fd::OwnedFd;

use rustix::io::Errno;

use super::contents::{Claim, Key};
use super::copies::Lookup;
use super::entry::Found;
use super::folder::Folder;
use super::run::{Run, Worker};
use crate::engine::copy::{self, BUFFER_BYTES, Born, CopyError, ReadFile};
use crate::engine::delta::{self, Delta};
use crate::engine::error::Result;
use crate::engine::index::{Child, State};
use crate::engine::meta::{ContentHash, Kind, Metadata};
use crate::engine::overrides::Override;
use crate::engine::plan::{self, Step};
use crate::engine::problem::Reason;
use crate::engine::xattr;

/// A file of at least this many bytes that changed is cloned and written over where it differs, on drives that can.
pub(super) const DELTA_BYTES: u64 = 1 << 20;

/// What came of linking the stored file of the last version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Linked {
    Yes,
    /// It isn't on the drive, or can't have one more name.
    Impossible,
    /// It is not what the index recorded any more, which was said, or it is damaged.
    Spoiled,
}

impl Run<'_> {
    pub(super) fn store_file(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        found: &Found<'_>,
    ) -> Result<()> {
        let previous = found.before.map(|child| &child.state);
        let step = plan::plan_file(previous, &found.meta, &found.fingerprint, folder.stable_inodes);
        if let (Step::Link, Some(child)) = (step, found.before) {
            let state = match self.link_last(folder, child)? {
                Linked::Yes => Some(child.state.clone()),
                Linked::Impossible => self.link_elsewhere(worker, folder, child)?,
                Linked::Spoiled => {
                    found.is_spoiled.set(true);
                    None
                }
            };
            if let Some(state) = state {
                return self.keep_linked(worker, folder, found, state);
            }
        }
        if found.meta.size_bytes > BUFFER_BYTES as u64 || found.is_sparse {
            return self.store_large(worker, folder, found);
        }
        let Some(source) = &folder.source else { return Ok(()) };
        let (content, buffer) = (&mut worker.content, &mut worker.buffer);
        let from = (source, found.name, found.opened.take());
        let read = copy::read_small(from, content, buffer, self.labels, self.monitor);
        match read {
            Ok(read) if worker.content.len() as u64 == read.meta.size_bytes => {
                self.store_small(worker, folder, found, read)
            }
            Ok(_) => self.store_large(worker, folder, found),
            Err(error) => self.give_up_on(worker, folder, found, error),
        }
    }

    /// Stores a file whose content is in memory.
    fn store_small(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        found: &Found<'_>,
        read: ReadFile,
    ) -> Result<()> {
        let content = self.content_of(&read.meta, read.xattrs.digest(), read.hash);
        let claim = match self.look_up(worker, folder, found, &read, Key::of(content))? {
            Lookup::Stored(state) => return self.keep_linked(worker, folder, found, state),
            Lookup::Missing(claim) => claim,
        };
        let _room = self.take_room(found.allocated_bytes)?;
        let staged = (&folder.stage, found.name);
        let file = copy::write_small(staged, read.meta.mode, &worker.content, self.monitor);
        let file = file.map_err(|errno| self.drive_error(errno))?;
        let bytes = read.data_bytes;
        self.complete(worker, folder, found, read, &file, bytes)?;
        drop(claim);
        Ok(())
    }

    /// Stores a file that is read piece by piece; hashed beforehand only if its content may be stored already.
    fn store_large(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        found: &Found<'_>,
    ) -> Result<()> {
        let Some(source) = &folder.source else { return Ok(()) };
        if let Some(child) = self.delta_base(folder, found) {
            return self.store_delta(worker, folder, found, child);
        }
        let key = Key::Size(found.meta.size_bytes);
        let mut claim = None;
        if self.may_be_stored(worker, folder, found)? {
            let buffer = &mut worker.buffer;
            match copy::hash_file(source, found.name, buffer, self.labels, self.monitor) {
                Ok(read) => match self.look_up(worker, folder, found, &read, key)? {
                    Lookup::Stored(state) => return self.keep_linked(worker, folder, found, state),
                    Lookup::Missing(granted) => claim = granted,
                },
                Err(error) => return self.give_up_on(worker, folder, found, error),
            }
        }
        let claim = claim.unwrap_or_else(|| self.contents.claim(key));
        self.copy_large(worker, folder, found, claim)
    }

    fn copy_large(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        found: &Found<'_>,
        claim: Claim<'_>,
    ) -> Result<()> {
        let Some(source) = &folder.source else { return Ok(()) };
        let _room = self.take_room(found.allocated_bytes)?;
        let (name, stage, buffer) = (found.name, &folder.stage, &mut worker.buffer);
        let (from, to) = ((source, name), (stage, name));
        let copied = copy::copy_file(from, to, Born::default(), buffer, self.labels, self.monitor);
        match copied {
            Ok((read, file)) => {
                let bytes = read.data_bytes;
                self.complete(worker, folder, found, read, &file, bytes)?;
                drop(claim);
                Ok(())
            }
            Err(error) => self.give_up_on(worker, folder, found, error),
        }
    }

    /// The last version of a large file that changed, if the drive can share its blocks.
    fn delta_base<'f>(&self, folder: &Folder, found: &Found<'f>) -> Option<&'f Child> {
        found.before.filter(|child| {
            self.carrier.reflink
                && found.meta.size_bytes >= DELTA_BYTES
                && child.state.meta.kind == Kind::File
                && child.state.meta.size_bytes > 0
                && !child.state.change().absent
                && folder.can_link(child.first)
                && !self.is_damaged(folder, child)
        })
    }

    /// Clones the last version and writes what differs; if nothing does, the last version is linked.
    fn store_delta(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        found: &Found<'_>,
        child: &Child,
    ) -> Result<()> {
        let (Some(source), Some(stored)) = (&folder.source, &folder.stored) else { return Ok(()) };
        let claim = self.contents.claim(Key::Size(found.meta.size_bytes));
        let _room = self.take_room(0)?;
        let (live, from) = ((source, found.name), (stored, child.name.as_slice()));
        let (to, buffer) = ((&folder.stage, found.name), &mut worker.buffer);
        let (refused, reached, written) = (OnceCell::new(), Cell::new(0), Cell::new(0));
        let charge = |end, bytes| {
            reached.set(reached.get().max(end));
            written.set(written.get() + bytes);
            self.charge_room(bytes).map_err(|error| refused.set(error)).is_ok()
        };
        let made = delta::copy_delta(live, from, to, (buffer, &charge), self.labels, self.monitor);
        let is_whole = matches!(made, Ok(Some(_)));
        let compared_bytes = if is_whole { found.meta.size_bytes } else { reached.get() };
        self.rewritten.add(compared_bytes, written.get());
        if let Some(error) = refused.into_inner() {
            return Err(error);
        }
        let Delta { read, file, written_bytes } = match made {
            Ok(Some(made)) => made,
            Ok(None) => return self.copy_large(worker, folder, found, claim),
            Err(error) => return self.give_up_on(worker, folder, found, error),
        };
        if written_bytes == 0 && self.is_last(child, &read) {
            folder.stage.unlink(found.name).map_err(|errno| self.drive_error(errno))?;
            return match self.look_in_last(folder, found, &read)? {
                Some(state) => self.keep_linked(worker, folder, found, state),
                None => self.copy_large(worker, folder, found, claim),
            };
        }
        self.complete(worker, folder, found, read, &file, written_bytes)?;
        drop(claim);
        Ok(())
    }

    /// Keeps a file that was stored anew, unless it turns out to be a database that a program began to use meanwhile:
    /// that is stored once more, as one.
    fn complete(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        found: &Found<'_>,
        read: ReadFile,
        file: &OwnedFd,
        written_bytes: u64,
    ) -> Result<()> {
        if self.is_database_in_use(folder, found.name, &read) {
            worker.late.push(found.name.to_vec());
            return Ok(());
        }
        if read.torn {
            self.problem(&folder.path.join(found.name), Reason::Torn);
        }
        let mark = Override { torn: read.torn, ..Override::default() };
        let place = (found.name, found.before);
        self.keep_stored(worker, folder, place, (read, file, written_bytes), mark)
    }

    /// Sets what a new stored file carries, remembers its content, and keeps it; `mark` says how it was read.
    pub(super) fn keep_stored(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        (name, before): (&[u8], Option<&Child>),
        (read, file, written_bytes): (ReadFile, &OwnedFd, u64),
        mark: Override,
    ) -> Result<()> {
        xattr::write_hash(file, &read.hash).map_err(|errno| self.drive_error(errno))?;
        let (mut change, stored) = self.dress(file, &read.meta, &read.xattrs)?;
        self.describe(folder, &read, &mut change);
        (change.torn, change.captured) = (mark.torn, mark.captured);
        // A clone in which nothing was written holds what was there before.
        let is_copied = written_bytes > 0 || read.data_bytes == 0;
        let counts = &mut worker.gathered.counts;
        *if is_copied { &mut counts.copied } else { &mut counts.linked } += 1;
        worker.gathered.bytes.copied += written_bytes;
        self.remember((folder, name), (&read.meta, read.xattrs.digest(), read.hash));
        let state = self.state_of(&read, stored.mtime, &change);
        self.keep(worker, folder, name, before, state)
    }

    /// Remembers a file that was stored with these attributes, unless it is empty.
    pub(super) fn remember(
        &self,
        (folder, name): (&Folder, &[u8]),
        (meta, xattrs, hash): (&Metadata, Option<[u8; 32]>, ContentHash),
    ) {
        if meta.size_bytes > 0 {
            let content = self.content_of(meta, xattrs, hash);
            self.contents.add((&folder.number, &folder.path), name, meta.size_bytes, content);
        }
    }

    pub(super) fn keep_linked(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        found: &Found<'_>,
        state: State,
    ) -> Result<()> {
        worker.gathered.counts.linked += 1;
        self.keep(worker, folder, found.name, found.before, state)
    }

    /// Links the stored file of a version into the stage; `false` if it can't be and must be stored anew.
    pub(super) fn try_link(&self, folder: &Folder, child: &Child) -> Result<bool> {
        self.link_last(folder, child).map(|linked| linked == Linked::Yes)
    }

    fn link_last(&self, folder: &Folder, child: &Child) -> Result<Linked> {
        let Some(stored) = folder.stored.as_ref().filter(|_| folder.can_link(child.first)) else {
            return Ok(Linked::Impossible);
        };
        if !self.is_as_stored(folder, child) {
            return Ok(Linked::Spoiled);
        }
        let linked = self.link(folder, stored, &child.name, &child.name)?;
        Ok(if linked { Linked::Yes } else { Linked::Impossible })
    }

    /// Gives a stored file a name in the stage; `false` where it can't have one more.
    pub(super) fn link(
        &self,
        folder: &Folder,
        from: &crate::engine::dir::Dir,
        from_name: &[u8],
        name: &[u8],
    ) -> Result<bool> {
        match folder.stage.link_from(from, from_name, name) {
            Ok(()) => Ok(true),
            Err(Errno::MLINK | Errno::XDEV | Errno::PERM | Errno::NOENT) => Ok(false),
            Err(errno) => Err(self.drive_error(errno)),
        }
    }

    fn give_up_on(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        found: &Found<'_>,
        error: CopyError,
    ) -> Result<()> {
        if let CopyError::Drive(Errno::FBIG | Errno::OVERFLOW | Errno::INVAL) = error {
            self.problem(&folder.path.join(found.name), Reason::TooLargeForDrive);
            return self.keep_what_there_is(worker, folder, found.name, found.before);
        }
        let errno = self.sort_out(error)?;
        self.give_up(worker, folder, found.name, found.before, errno)
    }
}
