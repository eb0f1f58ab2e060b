//! The inode that takes a damaged one's place: made in `stage/mend/`, from a copy that proves to have the content.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::Statx;
use rustix::io::Errno;

use super::failure::{MendFailure, explain, failed, of_files};
use super::survey::{Name, Survey, hits};
use super::swap::Origin;
use super::{GoodCopy, Rot};
use crate::engine::copy::{self, Born, CopyError};
use crate::engine::damage::Damage;
use crate::engine::dir::{Dir, stat_fd};
use crate::engine::dress;
use crate::engine::error::Result;
use crate::engine::meta::{ContentHash, FileTime, Metadata};
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::engine::repository::{Owners, Repository};
use crate::engine::xattr::{self, Labels, Xattrs};

/// What a new inode gets beside its content.
pub(super) struct Dress {
    pub hash: ContentHash,
    pub meta: Metadata,
    pub xattrs: Xattrs,
}

/// Where a new inode is made, and by what means.
pub(super) struct Workshop<'a> {
    pub repository: &'a Repository,
    pub stage: &'a Dir,
    pub damage: &'a Damage,
    /// What was mended just now, by content.
    pub mended: &'a HashMap<ContentHash, Name>,
    pub buffer: &'a mut [u8],
    pub monitor: &'a Monitor,
}

/// What became of one file: that, or why nothing did.
pub(super) type Made<T> = Result<std::result::Result<T, MendFailure>>;

impl Workshop<'_> {
    /// Makes the file `staged` with the content that the damaged one should have and all else that it has: from another
    /// stored file, else from the source.
    ///
    /// # Errors
    /// The drive is gone; a stop.
    pub fn make(
        &mut self,
        rot: &Rot,
        survey: &Survey,
        staged: &[u8],
    ) -> Made<(GoodCopy, FileTime)> {
        let mut dress = match self.dress_of(rot) {
            Ok(dress) => dress,
            Err(failure) => return Ok(Err(failure)),
        };
        dress.meta.mtime = survey.mtime.unwrap_or(dress.meta.mtime);
        let mut failure = MendFailure::NoGoodCopy;
        for copy in self.candidates(rot, survey) {
            let Some((folder, name)) = copy.open(self.repository) else { continue };
            let is_stored = matches!(copy, GoodCopy::Stored { .. });
            if is_stored && self.link((&folder, &name), staged, &dress)? {
                return Ok(Ok((copy, dress.meta.mtime)));
            }
            match self.take((&folder, &name), survey.size_bytes, staged, &dress)? {
                Ok(()) => return Ok(Ok((copy, dress.meta.mtime))),
                Err(MendFailure::NoGoodCopy) => {}
                Err(MendFailure::NoRoom) => return Ok(Err(MendFailure::NoRoom)),
                Err(other) => failure = other,
            }
        }
        Ok(Err(failure))
    }

    /// Where the content may be, in the order in which that is tried.
    fn candidates(&self, rot: &Rot, survey: &Survey) -> Vec<GoodCopy> {
        let others = survey.others.iter().filter(|(it, _)| !self.damage.is_damaged(rot.hash, *it));
        let stored = others.map(|(_, name)| name).chain(self.mended.get(&rot.hash));
        let stored =
            stored.cloned().map(|Name { snapshot, path }| GoodCopy::Stored { snapshot, path });
        let live = hits(survey.names.iter()).into_iter();
        stored.chain(live.map(|hit| GoodCopy::Source(hit.path.to_absolute()))).collect()
    }

    /// What the damaged inode carries, if it says itself that it should have the content.
    fn dress_of(&self, rot: &Rot) -> std::result::Result<Dress, MendFailure> {
        let found = rot.find(self.repository).map_err(MendFailure::Unreachable)?;
        let (Some((folder, _)), Some(name)) = (found, rot.path.name()) else {
            return Err(MendFailure::Unreachable(Errno::NOENT));
        };
        let (file, stat) = folder.open_file(name).map_err(MendFailure::Unreachable)?;
        let is_it = stat.stx_ino == rot.inode && xattr::read_hash(&file) == Ok(Some(rot.hash));
        Dress::of(&file, &stat, rot.hash).filter(|_| is_it).ok_or(MendFailure::NotTaken)
    }

    /// Takes a stored file as it is, if it carries all that the damaged one should. Not an empty one: such files are never
    /// linked across paths.
    fn link(&mut self, (dir, name): (&Dir, &[u8]), staged: &[u8], dress: &Dress) -> Result<bool> {
        let Ok((file, stat)) = dir.open_file(name) else { return Ok(false) };
        let worn = Dress::of(&file, &stat, dress.hash);
        let owners = self.repository.marker().owners;
        if stat.stx_size == 0
            || !worn.is_some_and(|worn| worn.is_like(dress, owners))
            || xattr::read_hash(&file) != Ok(Some(dress.hash))
        {
            return Ok(false);
        }
        let is_proven = copy::is_proven(dir, name, dress.hash, self.buffer, self.monitor);
        // Where it has as many names as it can have, it is copied.
        Ok(is_proven.map_err(|error| explain(self.repository, error))?
            && self.stage.link_from(dir, name, staged).is_ok())
    }

    /// Copies a file into the stage, or leaves nothing there.
    fn take(
        &mut self,
        (dir, name): (&Dir, &[u8]),
        size_bytes: Option<u64>,
        staged: &[u8],
        dress: &Dress,
    ) -> Made<()> {
        let is_size = |stat: Statx| size_bytes.is_none_or(|size| stat.stx_size == size);
        if !dir.open_file(name).is_ok_and(|(_, stat)| is_size(stat)) {
            return Ok(Err(MendFailure::NoGoodCopy));
        }
        let means = (&mut *self.buffer, self.monitor);
        copy_dressed(self.repository, (dir, name), (self.stage, staged), dress, means)
    }
}

impl GoodCopy {
    /// The folder of a file, and its name; nothing is opened through a link.
    pub(super) fn open(&self, repository: &Repository) -> Option<(Dir, Vec<u8>)> {
        match self {
            Self::Stored { snapshot, path } => {
                let name = Name { snapshot: snapshot.clone(), path: path.clone() };
                Some((name.folder(repository).ok()??, path.name()?.to_vec()))
            }
            Self::Source(path) => {
                let path = RelPath::from_absolute(path).ok()?;
                let folder = Dir::open(Path::new("/")).ok()?.beneath(&path.parent()?).ok()?;
                Some((folder, path.name()?.to_vec()))
            }
        }
    }
}

impl Dress {
    fn of(file: &OwnedFd, stat: &Statx, hash: ContentHash) -> Option<Self> {
        let (meta, xattrs) = (Metadata::from_statx(stat)?, Xattrs::read(file).ok()?);
        Some(Self { hash, meta, xattrs })
    }

    /// Whether both are the same, but for the size, and for owners that mean nothing.
    fn is_like(&self, wanted: &Self, owners: Owners) -> bool {
        let mut meta = Metadata { size_bytes: self.meta.size_bytes, ..wanted.meta };
        if owners == Owners::Seal {
            (meta.uid, meta.gid) = (self.meta.uid, self.meta.gid);
        }
        self.meta == meta && self.xattrs == wanted.xattrs
    }
}

/// Makes one more inode like a staged one, flushed and read back.
///
/// # Errors
/// The drive is gone, or full; a stop.
pub(super) fn double(
    repository: &Repository,
    (stage, name): (&Dir, &[u8]),
    (origin, hash): (&Origin, ContentHash),
    (buffer, monitor): (&mut [u8], &Monitor),
) -> Made<Origin> {
    let failed = |errno| failed(repository, errno);
    let (file, stat) = origin.dir.open_file(&origin.name).map_err(failed)?;
    let Some(dress) = Dress::of(&file, &stat, hash) else { return Ok(Err(MendFailure::NotTaken)) };
    super::remove_tree(stage, name).map_err(failed)?;
    let from = (&origin.dir, origin.name.as_slice());
    if let Err(failure) = copy_dressed(repository, from, (stage, name), &dress, (buffer, monitor))?
    {
        return Ok(Err(failure));
    }
    repository.dir().sync_file_system().map_err(failed)?;
    let is_proven = copy::is_proven(stage, name, hash, buffer, monitor);
    if !is_proven.map_err(|error| explain(repository, error))? {
        return Ok(Err(MendFailure::Unreachable(Errno::IO)));
    }
    let dir = stage.duplicate().map_err(failed)?;
    Ok(Ok(Origin { dir, name: name.to_vec() }))
}

/// Copies a file if it has the content, the proof of which is set first; then all else that the new inode carries. Leaves
/// nothing there if it can't.
///
/// # Errors
/// The drive is gone; a stop.
pub(super) fn copy_dressed(
    repository: &Repository,
    from: (&Dir, &[u8]),
    (stage, staged): (&Dir, &[u8]),
    dress: &Dress,
    (buffer, monitor): (&mut [u8], &Monitor),
) -> Made<()> {
    let copied =
        copy::copy_file(from, (stage, staged), Born::default(), buffer, Labels::Leave, monitor);
    let (read, file) = match copied {
        Ok(copied) => copied,
        Err(CopyError::Source(_)) => return Ok(Err(MendFailure::NoGoodCopy)),
        Err(error) => return of_files(explain(repository, error)).map(Err),
    };
    let failure = if read.hash != dress.hash || read.torn {
        MendFailure::NoGoodCopy
    } else {
        match set(&file, dress, repository.marker().owners) {
            Ok(true) => return Ok(Ok(())),
            Ok(false) | Err(Errno::PERM | Errno::OPNOTSUPP | Errno::INVAL) => MendFailure::NotTaken,
            Err(errno) => of_files(failed(repository, errno))?,
        }
    };
    stage.unlink(staged).map_err(|errno| failed(repository, errno))?;
    Ok(Err(failure))
}

/// Sets what an inode carries, and looks whether it stuck.
fn set(file: &OwnedFd, wanted: &Dress, owners: Owners) -> rustix::io::Result<bool> {
    xattr::write_hash(file, &wanted.hash)?;
    let all = dress::set_metadata(file, &wanted.meta, &wanted.xattrs, owners.into())?;
    let worn = Dress::of(file, &stat_fd(file)?, wanted.hash);
    Ok(all && worn.is_some_and(|worn| worn.is_like(wanted, owners)))
}
