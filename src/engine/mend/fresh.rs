//! The inode that takes a damaged one's place: made in `stage/mend/`, from a copy that proves to have the content.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::Statx;
use rustix::io::Errno;

use super::survey::{Survey, failed, hits};
use super::swap::Origin;
use super::{GoodCopy, Rot};
use crate::engine::copy::{self, CopyError, OwnerRule};
use crate::engine::damage::Damage;
use crate::engine::dir::{Dir, stat_fd};
use crate::engine::error::{Error, Result};
use crate::engine::meta::{ContentHash, Metadata};
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::engine::probe;
use crate::engine::repository::{Owners, Repository};
use crate::engine::xattr::{self, Labels, Xattrs};

/// What a new inode gets beside its content.
struct Dress {
    hash: ContentHash,
    meta: Metadata,
    xattrs: Xattrs,
}

/// Where a new inode is made, and by what means.
pub(super) struct Workshop<'a> {
    pub repository: &'a Repository,
    pub stage: &'a Dir,
    pub damage: &'a Damage,
    pub buffer: Vec<u8>,
    pub monitor: &'a Monitor,
}

impl Workshop<'_> {
    /// Makes the file `staged` with the content that the damaged one should have and all else that it has: from another
    /// stored file, else from the source. `None` if no good copy is found, or what it carries can't be carried over.
    ///
    /// # Errors
    /// The drive fails or is full; a stop.
    pub fn make(&mut self, rot: &Rot, survey: &Survey, staged: &[u8]) -> Result<Option<GoodCopy>> {
        let Some(mut dress) = self.dress_of(rot) else { return Ok(None) };
        dress.meta.mtime = survey.mtime.unwrap_or(dress.meta.mtime);
        let is_known = |inode| self.damage.is_damaged(rot.hash, inode);
        let others: Vec<_> = survey.others.iter().filter(|(it, _)| !is_known(*it)).collect();
        for (_, name) in others {
            let (Some(folder), Some(last)) = (name.folder(self.repository), name.path.name())
            else {
                continue;
            };
            if self.take((&folder, last), survey.size_bytes, staged, &dress)? {
                let (snapshot, path) = (name.snapshot.clone(), name.path.clone());
                return Ok(Some(GoodCopy::Stored { snapshot, path }));
            }
        }
        for hit in hits(survey.names.iter()) {
            let Some((folder, name)) = open_live(&hit.path) else { continue };
            if self.take((&folder, &name), survey.size_bytes, staged, &dress)? {
                return Ok(Some(GoodCopy::Source(hit.path.to_absolute())));
            }
        }
        Ok(None)
    }

    /// What the damaged inode carries; `None` if that can't be read, or it doesn't say itself what it should hold.
    fn dress_of(&self, rot: &Rot) -> Option<Dress> {
        let (folder, _) = rot.find(self.repository)?;
        let (file, stat) = folder.open_file(rot.path.name()?).ok()?;
        let is_it = stat.stx_ino == rot.inode && xattr::read_hash(&file) == Ok(Some(rot.hash));
        Dress::of(&file, &stat, rot.hash).filter(|_| is_it)
    }

    /// Copies a file into the stage; `false`, with nothing left there, if it is not what was looked for.
    fn take(
        &mut self,
        (dir, name): (&Dir, &[u8]),
        size_bytes: Option<u64>,
        staged: &[u8],
        dress: &Dress,
    ) -> Result<bool> {
        let is_size = |stat: Statx| size_bytes.is_none_or(|size| stat.stx_size == size);
        if !dir.open_file(name).is_ok_and(|(_, stat)| is_size(stat)) {
            return Ok(false);
        }
        let means = (self.buffer.as_mut_slice(), self.monitor);
        copy_dressed(self.repository, (dir, name), (self.stage, staged), dress, means)
    }
}

impl Dress {
    fn of(file: &OwnedFd, stat: &Statx, hash: ContentHash) -> Option<Self> {
        let (meta, xattrs) = (Metadata::from_statx(stat)?, Xattrs::read(file).ok()?);
        Some(Self { hash, meta, xattrs })
    }
}

/// Makes one more inode like a staged one, flushed; `None` if that turns out to be bad.
pub(super) fn double(
    repository: &Repository,
    (stage, name): (&Dir, &[u8]),
    (origin, hash): (&Origin, ContentHash),
    (buffer, monitor): (&mut [u8], &Monitor),
) -> Result<Option<Origin>> {
    let failed = |errno| failed(repository, errno);
    let (file, stat) = origin.dir.open_file(&origin.name).map_err(failed)?;
    let Some(dress) = Dress::of(&file, &stat, hash) else { return Ok(None) };
    super::remove_tree(stage, name).map_err(failed)?;
    let from = (&origin.dir, origin.name.as_slice());
    if !copy_dressed(repository, from, (stage, name), &dress, (buffer, monitor))? {
        return Ok(None);
    }
    repository.dir().sync_file_system().map_err(failed)?;
    let dir = stage.duplicate().map_err(failed)?;
    Ok(Some(Origin { dir, name: name.to_vec() }))
}

/// Copies a file if it has the content, the proof of which is set first; then all else that the new inode carries.
fn copy_dressed(
    repository: &Repository,
    from: (&Dir, &[u8]),
    (stage, staged): (&Dir, &[u8]),
    dress: &Dress,
    (buffer, monitor): (&mut [u8], &Monitor),
) -> Result<bool> {
    let failed = |errno| explain(repository, CopyError::Drive(errno));
    let copied = copy::copy_file(from, (stage, staged), 0, buffer, Labels::Leave, monitor);
    let (read, file) = match copied {
        Ok(copied) => copied,
        Err(CopyError::Source(_)) => return Ok(false),
        Err(error) => return Err(explain(repository, error)),
    };
    let is_content = read.hash == dress.hash && !read.torn;
    if is_content && set(&file, dress, repository.marker().owners).map_err(failed)? {
        return Ok(true);
    }
    stage.unlink(staged).map_err(failed)?;
    Ok(false)
}

/// Sets what an inode carries, and looks whether it stuck.
fn set(file: &OwnedFd, dress: &Dress, owners: Owners) -> rustix::io::Result<bool> {
    xattr::write_hash(file, &dress.hash)?;
    let owner = match owners {
        Owners::Inode => OwnerRule::Set,
        Owners::Seal => OwnerRule::Leave,
    };
    let all = copy::set_metadata(file, &dress.meta, &dress.xattrs, owner)?;
    let Some(now) = Metadata::from_statx(&stat_fd(file)?) else { return Ok(false) };
    let mut wanted = Metadata { size_bytes: now.size_bytes, ..dress.meta };
    if owners == Owners::Seal {
        (wanted.uid, wanted.gid) = (now.uid, now.gid);
    }
    Ok(all && now == wanted && Xattrs::read(file)? == dress.xattrs)
}

/// The folder of the live file, and its name; nothing is opened through a link.
fn open_live(path: &RelPath) -> Option<(Dir, Vec<u8>)> {
    let folder = Dir::open(Path::new("/")).ok()?.beneath(&path.parent()?).ok()?;
    Some((folder, path.name()?.to_vec()))
}

/// What ended a copy, as an error of the mending.
pub(super) fn explain(repository: &Repository, error: CopyError) -> Error {
    match error {
        CopyError::Cancelled => Error::Cancelled,
        CopyError::Drive(Errno::NOSPC) => probe::full(repository.dir(), repository.path(), 0),
        CopyError::Drive(errno) | CopyError::Source(errno) => failed(repository, errno),
    }
}
