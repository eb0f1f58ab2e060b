//! Whether a file's content is on the drive already: as its last version, in what an interrupted run left, under
//! another path, or in this run's own stage. What is found is linked, or cloned, if its metadata allows it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use rustix::io::Errno;

use super::contents::{Answer, Claim, Content, Key};
use super::entry::Found;
use super::folder::Folder;
use super::places::{FolderNumber, Staged};
use super::run::{Run, Worker};
use crate::engine::copy::{self, ReadFile};
use crate::engine::delta;
use crate::engine::dir::Dir;
use crate::engine::dress;
use crate::engine::error::Result;
use crate::engine::index::{Child, NodeId, State, StoredCopy};
use crate::engine::meta::{ContentHash, FileTime, Fingerprint, Kind, Metadata};
use crate::engine::monitor::Event;
use crate::engine::overrides::Override;
use crate::engine::plan::{self, Settled};
use crate::engine::repository::Owners;
use crate::engine::snapshot::Snapshot;
use crate::engine::xattr::{self, Xattrs};

/// What came of looking for a content.
pub(super) enum Lookup<'a> {
    /// It is stored, and in the stage under the file's name now.
    Stored(State),
    /// It must be stored; others who want the same wait until the claim is dropped.
    Missing(Option<Claim<'a>>),
}

/// The folder that was linked from last: renamed folders are linked file by file from the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nearby {
    Stage(FolderNumber),
    Snapshot(u64, NodeId),
}

/// A stored file that may have the content that is wanted.
struct Candidate<'a> {
    dir: &'a Dir,
    name: &'a [u8],
    /// The mtime that the index recorded for it.
    mtime: Option<FileTime>,
    /// What is known of it as the last version of the same path.
    known: Option<&'a State>,
}

impl Run<'_> {
    /// Looks for the content of a file that was read, everywhere.
    pub(super) fn look_up(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        found: &Found<'_>,
        read: &ReadFile,
        key: Key,
    ) -> Result<Lookup<'_>> {
        if read.torn {
            return Ok(Lookup::Missing(None));
        }
        if let Some(state) = self.look_in_last(folder, found, read)? {
            return Ok(Lookup::Stored(state));
        }
        if read.meta.size_bytes == 0 {
            return Ok(Lookup::Missing(None));
        }
        if let Some(state) = self.look_in_leftover(worker, folder, found.name, read)? {
            return Ok(Lookup::Stored(state));
        }
        if let Some(state) = self.look_in_index(worker, folder, found.name, read)? {
            return Ok(Lookup::Stored(state));
        }
        let content = self.content_of(&read.meta, read.xattrs.digest(), read.hash);
        match self.contents.ask(content, key, self.monitor)? {
            Answer::Yours(claim) => Ok(Lookup::Missing(Some(claim))),
            Answer::Stored(staged) => {
                let dir = self.staged_folder(worker, &staged)?;
                let candidate =
                    Candidate { dir: &dir, name: &staged.name, mtime: None, known: None };
                Ok(match self.settle_on(folder, found.name, read, &candidate)? {
                    Some(state) => Lookup::Stored(state),
                    None => Lookup::Missing(Some(self.contents.claim(key))),
                })
            }
        }
    }

    /// Whether it is worth hashing a large file before it is copied.
    pub(super) fn may_be_stored(
        &self,
        worker: &Worker<'_>,
        folder: &Folder,
        found: &Found<'_>,
    ) -> Result<bool> {
        let size = found.meta.size_bytes;
        let is_last = found
            .before
            .is_some_and(|child| child.state.meta.size_bytes == size && child.state.hash.is_some());
        let is_left = || {
            let stat = folder.leftover.as_ref().and_then(|dir| dir.stat_child(found.name).ok());
            stat.is_some_and(|stat| stat.stx_size == size)
        };
        Ok(is_last
            || is_left()
            || self.contents.has_size(size)
            || (size > 0 && self.has_history() && worker.index.has_size(size)?))
    }

    pub(super) fn look_in_last(
        &self,
        folder: &Folder,
        found: &Found<'_>,
        read: &ReadFile,
    ) -> Result<Option<State>> {
        let (Some(child), Some(stored)) = (found.before, &folder.stored) else { return Ok(None) };
        let is_content = child.state.meta.kind == Kind::File
            && child.state.hash == Some(read.hash)
            && !child.state.change().absent;
        let is_usable = is_content && folder.can_link(child.first) && !found.is_spoiled.get();
        if !is_usable || !self.is_as_stored(folder, child) {
            return Ok(None);
        }
        let known = Some(&child.state);
        let mtime = Some(child.state.stored_mtime());
        let candidate = Candidate { dir: stored, name: &child.name, mtime, known };
        if child.state.override_text.is_none() && self.is_dressed(&child.state, read) {
            if !self.link(folder, stored, &child.name, found.name)? {
                return Ok(None);
            }
            let mut change = Override::default();
            if self.carrier.owners == Owners::Seal {
                change.uid = (read.meta.uid != self.owner.uid).then_some(read.meta.uid);
                change.gid = (read.meta.gid != self.owner.gid).then_some(read.meta.gid);
            }
            self.describe(folder, read, &mut change);
            return Ok(Some(self.state_of(read, child.state.stored_mtime(), &change)));
        }
        self.settle_on(folder, found.name, read, &candidate)
    }

    /// Looks at the same path in what an interrupted run left. Its content is read again before it is believed.
    fn look_in_leftover(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        name: &[u8],
        read: &ReadFile,
    ) -> Result<Option<State>> {
        let Some(leftover) = &folder.leftover else { return Ok(None) };
        let Ok((file, stat)) = leftover.open_file(name) else { return Ok(None) };
        let is_whole =
            Metadata::from_statx(&stat).is_some_and(|it| dress::is_finished(&it, &read.meta));
        if !is_whole || xattr::read_hash(&file) != Ok(Some(read.hash)) {
            return Ok(None);
        }
        let proven = copy::is_proven(leftover, name, read.hash, &mut worker.buffer, self.monitor);
        match proven {
            Ok(true) => {
                let candidate = Candidate { dir: leftover, name, mtime: None, known: None };
                self.settle_on(folder, name, read, &candidate)
            }
            Ok(false) => Ok(None),
            Err(error) => self.sort_out(error).map(|_| None),
        }
    }

    fn look_in_index(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        name: &[u8],
        read: &ReadFile,
    ) -> Result<Option<State>> {
        if !self.has_history() {
            return Ok(None);
        }
        for copy in worker.index.copies(read.meta.size_bytes, read.hash, read.meta.mtime)? {
            let Some(dir) = self.folder_of(worker, &copy)? else { continue };
            let mtime = Some(copy.state.stored_mtime());
            let candidate = Candidate { dir: &dir, name: &copy.name, mtime, known: None };
            if let Some(state) = self.settle_on(folder, name, read, &candidate)? {
                return Ok(Some(state));
            }
        }
        Ok(None)
    }

    /// Links an unchanged file, whose stored copy can have no more links, to what this run stored of its content.
    pub(super) fn link_elsewhere(
        &self,
        worker: &mut Worker<'_>,
        folder: &Folder,
        child: &Child,
    ) -> Result<Option<State>> {
        let state = &child.state;
        let Some(hash) = state.hash else { return Ok(None) };
        let stored = Metadata { mtime: state.stored_mtime(), ..state.meta };
        let content = self.content_of(&stored, state.xattrs, hash);
        let Some(staged) = self.contents.find(content) else { return Ok(None) };
        let dir = self.staged_folder(worker, &staged)?;
        let Ok((file, stat)) = dir.open_file(&staged.name) else { return Ok(None) };
        let (Some(stored), Ok(xattrs)) = (Metadata::from_statx(&stat), Xattrs::read(&file)) else {
            return Ok(None);
        };
        let xattrs = xattrs.digest();
        let wanted = Metadata { mtime: state.stored_mtime(), ..state.meta };
        let settled = plan::settle((&stored, xattrs), (&wanted, state.xattrs), self.carrier);
        let is_same = settled == Settled::Link && xattr::read_hash(&file) == Ok(state.hash);
        let linked = is_same && self.link(folder, &dir, &staged.name, &child.name)?;
        Ok(linked.then(|| state.clone()))
    }

    /// Whether a file turned out to be its last version in everything that an inode carries.
    pub(super) fn is_last(&self, child: &Child, read: &ReadFile) -> bool {
        !read.torn && child.state.hash == Some(read.hash) && self.is_dressed(&child.state, read)
    }

    /// Uses a stored file if it has the content; `None` if it hasn't, or is better stored anew.
    fn settle_on(
        &self,
        folder: &Folder,
        name: &[u8],
        read: &ReadFile,
        candidate: &Candidate<'_>,
    ) -> Result<Option<State>> {
        // What can't be looked at is no candidate: the source is there to be stored anew.
        let Ok((file, stat)) = candidate.dir.open_file(candidate.name) else { return Ok(None) };
        let Some(stored) = Metadata::from_statx(&stat) else { return Ok(None) };
        let is_content = stored.size_bytes == read.meta.size_bytes
            && candidate.mtime.is_none_or(|mtime| mtime == stored.mtime)
            && !self.damage.is_damaged(read.hash, stat.stx_ino)
            && xattr::read_hash(&file) == Ok(Some(read.hash));
        let Some(xattrs) = Xattrs::read(&file).ok().filter(|_| is_content) else { return Ok(None) };
        let wanted = (&read.meta, read.xattrs.digest());
        let settled = plan::settle((&stored, xattrs.digest()), wanted, self.carrier);
        // What did not stick on the inode the last time would not now.
        let is_known = candidate.known.is_some_and(|known| self.is_dressed(known, read));
        let linked = match settled {
            Settled::Clone if !is_known => return self.clone_stored(folder, name, read, candidate),
            Settled::Copy if !is_known => return Ok(None),
            _ => self.link(folder, candidate.dir, candidate.name, name)?,
        };
        if !linked {
            return Ok(None);
        }
        let mut change = Override::between(&read.meta, &self.stored_meta(stored));
        if xattrs != read.xattrs {
            change.set_xattrs(&read.xattrs);
        }
        self.describe(folder, read, &mut change);
        Ok(Some(self.state_of(read, stored.mtime, &change)))
    }

    /// Makes a new inode that shares the stored file's blocks and carries the new metadata.
    fn clone_stored(
        &self,
        folder: &Folder,
        name: &[u8],
        read: &ReadFile,
        candidate: &Candidate<'_>,
    ) -> Result<Option<State>> {
        let cloned = delta::clone_file((candidate.dir, candidate.name), (&folder.stage, name));
        let file = match cloned {
            Ok(file) => file,
            Err(Errno::NOSPC) => return Err(self.drive_error(Errno::NOSPC)),
            Err(_) => return Ok(None),
        };
        xattr::write_hash(&file, &read.hash).map_err(|errno| self.drive_error(errno))?;
        let (mut change, stored) = self.dress(&file, &read.meta, &read.xattrs)?;
        self.describe(folder, read, &mut change);
        Ok(Some(self.state_of(read, stored.mtime, &change)))
    }

    /// What a file is found by among those that this run stored. A small one that can't be cloned is of use only if
    /// its metadata is the same.
    pub(super) fn content_of(
        &self,
        meta: &Metadata,
        xattrs: Option<[u8; 32]>,
        hash: ContentHash,
    ) -> Content {
        let mut hasher = DefaultHasher::new();
        hash.hash(&mut hasher);
        if meta.size_bytes <= plan::SMALL_FILE_BYTES && !self.carrier.reflink {
            (meta.mode, meta.mtime, xattrs).hash(&mut hasher);
            if self.carrier.owners == Owners::Inode {
                (meta.uid, meta.gid).hash(&mut hasher);
            }
        }
        Content(hasher.finish())
    }

    /// Whether a version tells the same of an entry's metadata as the source does, owners aside where inodes carry none.
    fn is_dressed(&self, known: &State, read: &ReadFile) -> bool {
        let wanted = (&read.meta, read.xattrs.digest());
        plan::settle((&known.meta, known.xattrs), wanted, self.carrier) == Settled::Link
    }

    /// Adds to an override what no stored inode carries.
    pub(super) fn describe(&self, folder: &Folder, read: &ReadFile, change: &mut Override) {
        self.note_acl(&read.xattrs);
        change.flags = (read.flags != 0).then_some(read.flags);
        change.link_group = link_group(folder, read.links, &read.fingerprint);
        if read.xattrs.has_labels() {
            change.set_xattrs(&read.xattrs);
        }
    }

    /// Whether the stored file of a version is still the one that the index recorded, which is said if it is not, and not
    /// known to be damaged.
    pub(super) fn is_as_stored(&self, folder: &Folder, child: &Child) -> bool {
        if self.is_damaged(folder, child) {
            self.must_commit.store(true, Relaxed);
            return false;
        }
        let stat = folder.stored.as_ref().and_then(|stored| stored.stat_child(&child.name).ok());
        let found = stat.and_then(|stat| Metadata::from_statx(&stat));
        let owners = self.carrier.owners;
        let is_same = found.is_some_and(|meta| plan::is_as_stored(&child.state, &meta, owners));
        if !is_same {
            self.must_commit.store(true, Relaxed);
            self.monitor.emit(&Event::StoredFileChanged { path: folder.path.join(&child.name) });
        }
        is_same
    }

    /// The state of a file that was read, stored in an inode of the mtime `stored_mtime`.
    pub(super) fn state_of(
        &self,
        read: &ReadFile,
        stored_mtime: FileTime,
        change: &Override,
    ) -> State {
        let trusted = plan::trusted(&read.meta, &read.fingerprint, self.scan_started);
        State {
            fingerprint: trusted.filter(|_| !read.torn),
            stored_mtime: (stored_mtime != read.meta.mtime).then_some(stored_mtime),
            override_text: change.to_text(),
            ..State::of(read)
        }
    }

    /// The folder of a snapshot in which a stored copy lies; `None` if no good snapshot has it.
    pub(super) fn folder_of(
        &self,
        worker: &mut Worker<'_>,
        copy: &StoredCopy,
    ) -> Result<Option<Arc<Dir>>> {
        let holds = |seq: u64| copy.first <= seq as i64 && seq as i64 <= copy.last;
        let Some((seq, name)) = self.linkable.iter().rev().find(|(seq, _)| holds(*seq)) else {
            return Ok(None);
        };
        let Some(path) = worker.index.path_of(copy.parent)? else { return Ok(None) };
        let dir = self.nearby(worker, Nearby::Snapshot(*seq, copy.parent), || {
            let snapshot = Snapshot::open(self.repository, name).ok().flatten();
            snapshot.ok_or(Errno::NOENT)?.files()?.beneath(&path)
        });
        Ok(dir.ok())
    }

    /// The folder of the stage in which this run stored a content.
    fn staged_folder(&self, worker: &mut Worker<'_>, staged: &Staged) -> Result<Arc<Dir>> {
        let which = Nearby::Stage(staged.folder);
        self.nearby(worker, which, || self.stage.files().beneath(&staged.path))
            .map_err(|errno| self.drive_error(errno))
    }

    /// Opens a folder, unless it is the one that was opened last.
    fn nearby(
        &self,
        worker: &mut Worker<'_>,
        which: Nearby,
        open: impl FnOnce() -> rustix::io::Result<Dir>,
    ) -> rustix::io::Result<Arc<Dir>> {
        if let Some((last, dir)) = &worker.nearby
            && *last == which
        {
            return Ok(Arc::clone(dir));
        }
        let dir = Arc::new(open()?);
        worker.nearby = Some((which, Arc::clone(&dir)));
        Ok(dir)
    }
}

/// The identity of a file with several names.
pub(super) fn link_group(
    folder: &Folder,
    links: u32,
    fingerprint: &Fingerprint,
) -> Option<(u64, u64)> {
    (links > 1).then_some((folder.device, fingerprint.inode))
}
