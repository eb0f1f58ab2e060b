//! Makes what is brought back in `stage/mend/`: by a link to what is stored and carries all of it, else as a copy.

use std::collections::{HashMap, HashSet};
use std::os::fd::OwnedFd;

use rustix::fs::{OFlags, Statx};

use super::wanted::WantedEntry;
use crate::engine::copy::{self, BUFFER_BYTES};
use crate::engine::damage::Damage;
use crate::engine::dir::{Dir, set_child_mtime, set_owner};
use crate::engine::error::Result;
use crate::engine::mend::failure::{MendFailure, explain, failed, of_files};
use crate::engine::mend::fresh::{Dress, copy_dressed};
use crate::engine::mend::known::Known;
use crate::engine::mend::survey::Name;
use crate::engine::mend::{GoodCopy, stage};
use crate::engine::meta::{ContentHash, Kind};
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::engine::repository::{Owners, Repository};
use crate::engine::xattr::{self, Xattrs};

/// What a file or link was made from, or why it was not made.
pub(super) type Leaf = std::result::Result<GoodCopy, MendFailure>;

/// A new inode in the stage.
struct Made {
    /// The entry that it was made for.
    path: RelPath,
    place: RelPath,
    from: GoodCopy,
}

/// Makes entries, and remembers what it made since the stage was emptied.
pub(super) struct Builder<'a> {
    pub repository: &'a Repository,
    pub known: &'a Known<'a>,
    pub monitor: &'a Monitor,
    damage: &'a Damage,
    buffer: Vec<u8>,
    /// Stored inodes that were read, and whether they have the content.
    read: HashMap<(u64, ContentHash), bool>,
    /// New inodes that other names can have, too, by content.
    made: HashMap<ContentHash, Vec<Made>>,
    /// Where in the stage there is a file that was not read back yet.
    unproven: Vec<(RelPath, ContentHash)>,
}

impl<'a> Builder<'a> {
    pub fn new(
        repository: &'a Repository,
        known: &'a Known<'a>,
        damage: &'a Damage,
        monitor: &'a Monitor,
    ) -> Self {
        Self {
            repository,
            known,
            monitor,
            damage,
            buffer: vec![0; BUFFER_BYTES],
            read: HashMap::new(),
            made: HashMap::new(),
            unproven: Vec::new(),
        }
    }

    /// Empties the stage.
    pub fn begin(&mut self) -> Result<Dir> {
        self.made.clear();
        self.unproven.clear();
        stage::make(self.repository)
    }

    /// Makes the file or link that `name` should be at `place` in the stage, and says what it was made from, or why it was
    /// not: mostly there is nothing that proves to be it.
    ///
    /// # Errors
    /// The drive is gone; a stop; an index that fails.
    pub fn make_leaf(
        &mut self,
        name: &Name,
        wanted: &WantedEntry,
        (stage, place): (&Dir, RelPath),
    ) -> Result<Leaf> {
        let (Some(hash), Some(folder), Some(at)) =
            (wanted.state.hash, place.parent(), place.name())
        else {
            return Ok(Err(MendFailure::NoGoodCopy));
        };
        let folder = stage.beneath(&folder).map_err(|errno| failed(self.repository, errno))?;
        for made in self.made.get(&hash).into_iter().flatten() {
            let may_share = made.path == name.path || wanted.state.file_bytes() > 0;
            if may_share && link_made(stage, &made.place, (&folder, at), wanted) {
                let from = made.from.clone();
                self.note_unproven(wanted, place, hash);
                return Ok(Ok(from));
            }
        }
        let copies = self.copies(name, wanted)?;
        let stored = copies.iter().filter(|copy| matches!(copy, GoodCopy::Stored { .. }));
        for copy in stored {
            self.monitor.check_cancelled()?;
            if self.link(copy, name, wanted, (&folder, at))? {
                return Ok(Ok(copy.clone()));
            }
        }
        let from = match wanted.kind() {
            Kind::File => self.copy(&copies, wanted, hash, (&folder, at))?,
            Kind::Symlink => self.copy_link(&copies, wanted, hash, (&folder, at))?,
            _ => Err(MendFailure::NoGoodCopy),
        };
        if let Ok(from) = &from {
            let made = Made { path: name.path.clone(), place: place.clone(), from: from.clone() };
            self.made.entry(hash).or_default().push(made);
            self.note_unproven(wanted, place, hash);
        }
        Ok(from)
    }

    fn note_unproven(&mut self, wanted: &WantedEntry, place: RelPath, hash: ContentHash) {
        if wanted.kind() == Kind::File {
            self.unproven.push((place, hash));
        }
    }

    /// Where something of this kind and content may be: stored, then live.
    pub fn copies(&self, name: &Name, wanted: &WantedEntry) -> Result<Vec<GoodCopy>> {
        let names = self.known.names_like(name, &wanted.state)?.into_iter();
        let stored = names.map(|Name { snapshot, path }| GoodCopy::Stored { snapshot, path });
        let live = GoodCopy::Source(name.path.to_absolute());
        Ok(stored.chain([live]).collect())
    }

    /// The attributes that an inode should have itself; `None` if nowhere are such.
    pub fn attributes(&self, copies: &[GoodCopy], wanted: &WantedEntry) -> Option<Xattrs> {
        if wanted.has_attributes(&Xattrs::default()) {
            return Some(Xattrs::default());
        }
        let worn = copies.iter().filter_map(|copy| {
            let (folder, name) = copy.open(self.repository)?;
            if wanted.kind() == Kind::Directory {
                return Xattrs::read(folder.child(&name).ok()?).ok();
            }
            Xattrs::read(folder.open_file(&name).ok()?.0).ok()
        });
        worn.into_iter().find(|worn| wanted.has_attributes(worn))
    }

    /// Takes what is stored as it is, if it carries all that is wanted and proves to be good. Not an empty file of another
    /// path: such are never linked across paths.
    fn link(
        &mut self,
        copy: &GoodCopy,
        name: &Name,
        wanted: &WantedEntry,
        (folder, at): (&Dir, &[u8]),
    ) -> Result<bool> {
        let (Some((from, from_name)), Some(hash)) = (copy.open(self.repository), wanted.state.hash)
        else {
            return Ok(false);
        };
        let Some(stat) = look_if_told(&from, &from_name, wanted) else { return Ok(false) };
        let is_elsewhere = matches!(copy, GoodCopy::Stored { path, .. } if *path != name.path);
        let is_damaged = self.damage.is_damaged(hash, stat.stx_ino);
        if is_damaged || (is_elsewhere && stat.stx_size == 0) {
            return Ok(false);
        }
        if wanted.kind() == Kind::File && !self.is_good((&from, &from_name), &stat, hash)? {
            return Ok(false);
        }
        // Where it has as many names as it can have, it is copied.
        Ok(folder.link_from(&from, &from_name, at).is_ok())
    }

    /// Whether a stored file has the content; each inode is read once.
    fn is_good(
        &mut self,
        (folder, name): (&Dir, &[u8]),
        stat: &Statx,
        hash: ContentHash,
    ) -> Result<bool> {
        let key = (stat.stx_ino, hash);
        if let Some(is_good) = self.read.get(&key) {
            return Ok(*is_good);
        }
        let is_good = copy::is_proven(folder, name, hash, &mut self.buffer, self.monitor)
            .map_err(|error| explain(self.repository, error))?;
        self.read.insert(key, is_good);
        Ok(is_good)
    }

    /// Copies the file from what has its content, and dresses it as it should be.
    fn copy(
        &mut self,
        copies: &[GoodCopy],
        wanted: &WantedEntry,
        hash: ContentHash,
        to: (&Dir, &[u8]),
    ) -> Result<Leaf> {
        let Some(xattrs) = self.attributes(copies, wanted) else {
            return Ok(Err(MendFailure::NoGoodCopy));
        };
        let dress = Dress { hash, meta: wanted.inode_meta(), xattrs };
        let mut tried = HashSet::new();
        let mut last = MendFailure::NoGoodCopy;
        for copy in copies {
            self.monitor.check_cancelled()?;
            let Some((folder, name)) = copy.open(self.repository) else { continue };
            let Ok((_, stat)) = folder.open_file(&name) else { continue };
            let is_new = tried.insert((stat.stx_dev_major, stat.stx_dev_minor, stat.stx_ino));
            if !is_new || stat.stx_size != wanted.state.meta.size_bytes {
                continue;
            }
            let means = (self.buffer.as_mut_slice(), self.monitor);
            match copy_dressed(self.repository, (&folder, &name), to, &dress, means)? {
                Ok(()) => return Ok(Ok(copy.clone())),
                Err(MendFailure::NoRoom) => return Ok(Err(MendFailure::NoRoom)),
                Err(failure) => last = failure,
            }
        }
        Ok(Err(last))
    }

    /// Makes a symbolic link to the target that one of these has, if that is the right one.
    fn copy_link(
        &self,
        copies: &[GoodCopy],
        wanted: &WantedEntry,
        hash: ContentHash,
        to: (&Dir, &[u8]),
    ) -> Result<Leaf> {
        for copy in copies {
            let Some((folder, name)) = copy.open(self.repository) else { continue };
            let Ok(target) = folder.read_link(&name) else { continue };
            if ContentHash::of(&target) != hash {
                continue;
            }
            let owners = self.repository.marker().owners;
            return match create_link(to, &target, wanted, owners) {
                Ok(true) => Ok(Ok(copy.clone())),
                Ok(false) => Ok(Err(MendFailure::NotTaken)),
                Err(errno) => of_files(failed(self.repository, errno)).map(Err),
            };
        }
        Ok(Err(MendFailure::NoGoodCopy))
    }

    /// Flushes and reads back what was made, and removes what the drive doesn't give as it should. Gives the places of
    /// that.
    ///
    /// # Errors
    /// A flush that failed, which is not tried again; the drive is gone; a stop.
    pub fn prove(&mut self, stage: &Dir) -> Result<HashSet<RelPath>> {
        let failed = |errno| failed(self.repository, errno);
        stage.sync_file_system().map_err(failed)?;
        let (mut bad, mut proven) = (HashSet::new(), HashMap::new());
        for (place, hash) in std::mem::take(&mut self.unproven) {
            let (Some(folder), Some(name)) = (place.parent(), place.name()) else { continue };
            let folder = stage.beneath(&folder).map_err(failed)?;
            let inode = folder.stat_child(name).map_err(failed)?.stx_ino;
            let is_good = match proven.get(&inode) {
                Some(is_good) => *is_good,
                None => copy::is_proven(&folder, name, hash, &mut self.buffer, self.monitor)
                    .map_err(|error| explain(self.repository, error))?,
            };
            proven.insert(inode, is_good);
            if !is_good {
                folder.unlink(name).map_err(failed)?;
                bad.insert(place);
            }
        }
        Ok(bad)
    }
}

/// Links what was made for another name, if that is to be the same.
fn link_made(
    stage: &Dir,
    made: &RelPath,
    (folder, at): (&Dir, &[u8]),
    wanted: &WantedEntry,
) -> bool {
    let from = made.parent().and_then(|parent| stage.beneath(&parent).ok());
    let (Some(from), Some(name)) = (from, made.name()) else { return false };
    look_if_told(&from, name, wanted).is_some() && folder.link_from(&from, name, at).is_ok()
}

/// What this name has, if that, with the override of the path, tells all that is wanted.
pub(super) fn look_if_told(folder: &Dir, name: &[u8], wanted: &WantedEntry) -> Option<Statx> {
    let told =
        |stat: Statx, xattrs: &Xattrs, hash| wanted.is_told_by(&stat, xattrs, hash).then_some(stat);
    match wanted.kind() {
        Kind::File => {
            let (file, stat): (OwnedFd, Statx) = folder.open_file(name).ok()?;
            let hash = xattr::read_hash(&file).ok()?;
            told(stat, &Xattrs::read(&file).ok()?, hash)
        }
        Kind::Symlink => {
            let (stat, target) = (folder.stat_child(name).ok()?, folder.read_link(name).ok()?);
            told(stat, &Xattrs::default(), Some(ContentHash::of(&target)))
        }
        _ => None,
    }
}

/// Makes a symbolic link as it should be; whether it became that, else it is gone again.
fn create_link(
    (folder, at): (&Dir, &[u8]),
    target: &[u8],
    wanted: &WantedEntry,
    owners: Owners,
) -> rustix::io::Result<bool> {
    let meta = wanted.inode_meta();
    folder.create_link(at, target)?;
    let dress = || {
        if owners == Owners::Inode {
            let link = folder.open_beneath(at, OFlags::PATH | OFlags::NOFOLLOW)?;
            set_owner(link, (meta.uid, meta.gid))?;
        }
        set_child_mtime(folder, at, meta.mtime)
    };
    if dress().is_ok() && look_if_told(folder, at, wanted).is_some() {
        return Ok(true);
    }
    folder.unlink(at).map(|()| false)
}
