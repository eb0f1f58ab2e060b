//! Other stored copies of what is restored, for where its own one is lost, damaged or unreadable: the same path in other
//! snapshots, and other paths. None is believed but by its hash, attributes by their digest.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};

use super::content::{Attempt, Content};
use super::{Piece, Staging, Worker};
use crate::engine::damage::Damage;
use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::index::{Index, NodeId, SnapshotState, State, StoredCopy};
use crate::engine::meta::{ContentHash, Kind};
use crate::engine::monitor::Event;
use crate::engine::path::RelPath;
use crate::engine::problem::Reason;
use crate::engine::repository::Repository;
use crate::engine::snapshot::Snapshot;
use crate::engine::xattr::Xattrs;

/// How many versions of the same path, and how many of other paths, are looked at.
const LOOKED_AT: u32 = 256;

/// How many stored files are read for one that is wanted: that all of them are bad is not to be expected.
const READ: usize = 8;

/// What is on the drive beside an entry's own stored copy.
#[derive(Debug)]
pub struct Elsewhere {
    /// The snapshots, oldest first.
    snapshots: Vec<(u64, String)>,
    damage: Damage,
}

/// What was taken from another stored copy.
#[derive(Debug, Default)]
pub struct Taken {
    count: u64,
    first: RelPath,
}

/// The folder of a snapshot in which something was looked for last: what was beside each other mostly still is.
pub type Nearby = ((u64, NodeId), Arc<Dir>);

impl Elsewhere {
    fn gather(repository: &Repository, index: &Index) -> Result<Self> {
        let is_there = |state| matches!(state, SnapshotState::Good | SnapshotState::Damaged);
        let rows = index.snapshots()?.into_iter().filter(|row| is_there(row.state));
        let mut snapshots: Vec<(u64, String)> = rows.map(|row| (row.seq, row.name)).collect();
        snapshots.sort_unstable();
        // Without that list only time is lost, as each content is proven.
        let damage = Damage::read(repository).unwrap_or_default();
        Ok(Self { snapshots, damage })
    }

    /// The newest and the oldest snapshot that have a version, the one that is `left_out` aside.
    fn ends(&self, copy: &StoredCopy, left_out: Option<u64>) -> Vec<&(u64, String)> {
        let holds = |seq: u64| {
            let seq = seq.cast_signed();
            copy.first <= seq && seq <= copy.last
        };
        let mut having =
            self.snapshots.iter().filter(|(seq, _)| holds(*seq) && Some(*seq) != left_out);
        let newest = having.next_back();
        newest.into_iter().chain(having.next()).collect()
    }
}

impl Staging<'_> {
    /// Copies the content of a file from another stored copy. If there is no good one, nothing is staged, and the attempt
    /// fails for the `reason` for which the own one is of no use; `own` are the attributes of that, if it has any.
    pub(super) fn take_content(
        &self,
        worker: &mut Worker,
        piece: &Piece,
        hash: ContentHash,
        (reason, own): (Reason, Option<Xattrs>),
    ) -> Result<Attempt> {
        let nowhere = Attempt::Failed(reason, None);
        if self.own_copies {
            return Ok(nowhere);
        }
        let copies = copies_of(&worker.index, piece, hash)?;
        let own_inode = piece.own().and_then(|(dir, name)| Ok(dir.stat_child(name)?.stx_ino));
        let mut seen: HashSet<u64> = own_inode.into_iter().collect();
        let damage = &self.elsewhere(&worker.index)?.damage;
        let size_bytes = piece.state.meta.size_bytes;
        let mut is_worth_reading = |dir: &Dir, name: &[u8]| {
            dir.stat_child(name).is_ok_and(|stat| {
                stat.stx_size == size_bytes
                    && Kind::from_mode(stat.stx_mode.into()) == Some(Kind::File)
                    && !damage.is_damaged(hash, stat.stx_ino)
                    && seen.insert(stat.stx_ino)
            })
        };
        let mut left = READ;
        let found = self.search(worker, piece, &copies, |buffer, dir, name| {
            if !is_worth_reading(dir, name) {
                return Ok(ControlFlow::Continue(()));
            }
            left -= 1;
            Ok(match self.copy_proven(buffer, piece, hash, (dir, name))? {
                Attempt::Failed(..) if left > 0 => ControlFlow::Continue(()),
                tried => ControlFlow::Break(tried),
            })
        })?;
        match found {
            Some(Attempt::Made(Content { file, xattrs })) => {
                let known = own.into_iter().chain([xattrs]);
                let xattrs = self.attributes(worker, piece, known)?;
                self.count_taken(&piece.path);
                Ok(Attempt::Made(Content { file, xattrs }))
            }
            Some(Attempt::Refused) => Ok(Attempt::Refused),
            Some(Attempt::Failed(..)) | None => Ok(nowhere),
        }
    }

    /// Stages a copy of a stored file if it has the content.
    fn copy_proven(
        &self,
        buffer: &mut [u8],
        piece: &Piece,
        hash: ContentHash,
        from: (&Dir, &[u8]),
    ) -> Result<Attempt> {
        let (read, file) = match self.copy(buffer, piece, from)? {
            Ok(copied) => copied,
            Err(failed) => return Ok(failed),
        };
        if read.hash == hash {
            return Ok(Attempt::Made(Content { file, xattrs: read.xattrs }));
        }
        self.discard(piece)?;
        Ok(Attempt::Failed(Reason::StoredDamaged, None))
    }

    /// Reads where a symbolic link points to from another stored copy; `None` if there is no good one.
    pub(super) fn take_target(
        &self,
        worker: &mut Worker,
        piece: &Piece,
        hash: ContentHash,
    ) -> Result<Option<Vec<u8>>> {
        if self.own_copies {
            return Ok(None);
        }
        let copies = copies_of(&worker.index, piece, hash)?;
        let found = self.search(worker, piece, &copies, |_, dir, name| {
            let target = dir.read_link(name).ok();
            let target = target.filter(|target| ContentHash::of(target) == hash);
            Ok(target.map_or(ControlFlow::Continue(()), ControlFlow::Break))
        })?;
        if found.is_some() {
            self.count_taken(&piece.path);
        }
        Ok(found)
    }

    /// The attributes of an entry: what of `known`, which its own stored copy carries, proves to be them, else what another
    /// version of the path carries. That there are none to be found is a problem.
    pub(super) fn attributes(
        &self,
        worker: &mut Worker,
        piece: &Piece,
        mut known: impl Iterator<Item = Xattrs>,
    ) -> Result<Xattrs> {
        let state = &piece.state;
        if let Some(said) = state.change().xattrs() {
            return Ok(said);
        }
        if state.xattrs.is_none() {
            return Ok(Xattrs::default());
        }
        let is_it = |xattrs: &Xattrs| xattrs.digest() == state.xattrs;
        if let Some(found) = known.find(is_it) {
            return Ok(found);
        }
        let is_like = |other: &State| !self.own_copies && other.xattrs == state.xattrs;
        let copies = versions_like(&worker.index, piece, is_like)?;
        let found = self.search(worker, piece, &copies, |_, dir, name| {
            let found = read_attributes(dir, name, state.meta.kind).filter(is_it);
            Ok(found.map_or(ControlFlow::Continue(()), ControlFlow::Break))
        })?;
        if found.is_none() {
            self.problem(&piece.path, Reason::MetadataNotRestored);
        }
        Ok(found.unwrap_or_default())
    }

    /// Says what was taken from other stored copies.
    pub fn tell_taken(&self) {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.count > 0 {
            let (count, first) = (taken.count, taken.first.clone());
            drop(taken);
            self.monitor.emit(&Event::TakenElsewhere { count, first });
        }
    }

    fn count_taken(&self, path: &RelPath) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.count == 0 {
            taken.first = path.clone();
        }
        taken.count += 1;
    }

    /// Opens the folders in which `copies` are stored, one after the other, until `look` ends it.
    fn search<T>(
        &self,
        worker: &mut Worker,
        piece: &Piece,
        copies: &[StoredCopy],
        mut look: impl FnMut(&mut [u8], &Dir, &[u8]) -> Result<ControlFlow<T>>,
    ) -> Result<Option<T>> {
        let elsewhere = self.elsewhere(&worker.index)?;
        for copy in copies {
            let is_own = copy.node == piece.node;
            for (seq, snapshot) in elsewhere.ends(copy, is_own.then_some(piece.origin.at)) {
                self.monitor.check_cancelled()?;
                let Some(dir) = self.open(worker, (*seq, snapshot), copy.parent)? else { continue };
                if let ControlFlow::Break(found) = look(&mut worker.buffer, &dir, &copy.name)? {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    /// Opens a folder of a snapshot; `None` if it can't be.
    fn open(
        &self,
        worker: &mut Worker,
        (seq, snapshot): (u64, &str),
        folder: NodeId,
    ) -> Result<Option<Arc<Dir>>> {
        if let Some((known, dir)) = &worker.nearby
            && *known == (seq, folder)
        {
            return Ok(Some(Arc::clone(dir)));
        }
        let Some(path) = worker.index.path_of(folder)? else { return Ok(None) };
        let opened = Snapshot::open(self.repository, snapshot).ok().flatten();
        let Some(dir) = opened.and_then(|opened| opened.files().ok()?.beneath(&path).ok()) else {
            return Ok(None);
        };
        let dir = Arc::new(dir);
        worker.nearby = Some(((seq, folder), Arc::clone(&dir)));
        Ok(Some(dir))
    }

    /// What else is on the drive, looked up when it is first needed.
    fn elsewhere(&self, index: &Index) -> Result<&Elsewhere> {
        if let Some(known) = self.elsewhere.get() {
            return Ok(known);
        }
        let gathered = Elsewhere::gather(self.repository, index)?;
        Ok(self.elsewhere.get_or_init(|| gathered))
    }
}

/// Where the index says that the content of an entry is stored; first where the same attributes are, too. Empty files and
/// links are found by their path alone.
fn copies_of(index: &Index, piece: &Piece, hash: ContentHash) -> Result<Vec<StoredCopy>> {
    let state = &piece.state;
    let mut copies = versions_like(index, piece, |other| other.hash == Some(hash))?;
    if state.file_bytes() > 0 {
        let (size, mtime) = (state.meta.size_bytes, state.stored_mtime());
        copies.extend(index.copies_up_to(size, hash, mtime, LOOKED_AT)?);
    }
    copies.retain(|copy| !copy.state.change().absent);
    copies.sort_by_key(|copy| copy.state.xattrs != state.xattrs);
    Ok(copies)
}

/// Versions of the same path and kind for which `is_wanted` holds, newest first.
fn versions_like(
    index: &Index,
    piece: &Piece,
    is_wanted: impl Fn(&State) -> bool,
) -> Result<Vec<StoredCopy>> {
    let (Some(folder), Some(name)) = (piece.path.parent(), piece.path.name()) else {
        return Ok(Vec::new());
    };
    let Some(parent) = index.node_of(&folder)? else { return Ok(Vec::new()) };
    let versions = index.versions_of(piece.node)?.into_iter();
    let kind = piece.state.meta.kind;
    let like = versions.filter(|(.., state)| state.meta.kind == kind && is_wanted(state));
    let copy = |(first, last, state)| {
        let (node, name) = (piece.node, name.to_vec());
        StoredCopy { node, parent, name, first, last, state }
    };
    Ok(like.take(LOOKED_AT as usize).map(copy).collect())
}

fn read_attributes(dir: &Dir, name: &[u8], kind: Kind) -> Option<Xattrs> {
    if kind == Kind::Directory {
        Xattrs::read(dir.child(name).ok()?).ok()
    } else {
        Xattrs::read(dir.open_file(name).ok()?.0).ok()
    }
}
