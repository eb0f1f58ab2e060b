//! A folder of a snapshot's tree: a lost one is made with all that should be in it, an altered one is put right where it is.

use std::os::fd::AsFd as _;

use rustix::fs::{Mode, OFlags, Statx};
use rustix::io::Errno;

use super::builder::Builder;
use super::wanted::WantedEntry;
use crate::engine::dir::{Dir, descriptor_path, stat_fd};
use crate::engine::dress;
use crate::engine::error::Result;
use crate::engine::mend::failure::{MendFailure, failed, of_files};
use crate::engine::mend::survey::Name;
use crate::engine::meta::{Kind, Metadata};
use crate::engine::path::RelPath;
use crate::engine::repository::Repository;
use crate::engine::xattr::Xattrs;

/// Folders in a lost folder that are nested deeper are not made: no backup makes such.
const DEEPEST: usize = 4096;

/// A folder that was made in the stage, and has neither its attributes nor its time yet.
pub(super) struct Undressed {
    name: Name,
    wanted: WantedEntry,
    place: RelPath,
}

impl Builder<'_> {
    /// Makes a lost folder at `place` in the stage, with all that should be in it and can be brought back. Gives it and the
    /// folders in it, each before what it holds, or says why it can't be made.
    ///
    /// # Errors
    /// As of [`Builder::make_leaf`].
    pub fn make_folder(
        &mut self,
        stage: &Dir,
        name: &Name,
        wanted: &WantedEntry,
        place: RelPath,
    ) -> Result<std::result::Result<Vec<Undressed>, MendFailure>> {
        let (name, wanted) = (name.clone(), wanted.clone());
        let mut waiting = vec![Undressed { name, wanted, place }];
        let mut folders = Vec::new();
        while let Some(folder) = waiting.pop() {
            self.monitor.check_cancelled()?;
            if let Err(errno) = create(stage, &folder.place) {
                let failure = of_files(failed(self.repository, errno))?;
                if folders.is_empty() {
                    return Ok(Err(failure));
                }
                continue;
            }
            for (child, state) in self.known.children_of(&folder.name)? {
                self.monitor.check_cancelled()?;
                let wanted = WantedEntry::new(state, folder.wanted.owner);
                let path = folder.name.path.join(&child);
                let name = Name { path, ..folder.name.clone() };
                let place = folder.place.join(&child);
                if wanted.kind() == Kind::Directory {
                    if place.components().count() <= DEEPEST {
                        waiting.push(Undressed { name, wanted, place });
                    }
                } else if wanted.is_stored() {
                    // What is not made is found lost by the next verification.
                    let _ = self.make_leaf(&name, &wanted, (stage, place))?;
                }
            }
            folders.push(folder);
        }
        Ok(Ok(folders))
    }

    /// Gives folders that were made what they should carry, the deepest first. The one that is going to be moved stays
    /// writable: its owner could not move it otherwise.
    ///
    /// # Errors
    /// The drive is gone; an index that fails.
    pub fn dress_folders(&self, stage: &Dir, folders: &[Undressed]) -> Result<()> {
        for (at, folder) in folders.iter().enumerate().rev() {
            let copies = self.copies(&folder.name, &folder.wanted)?;
            // Without them it is better than not at all, and the next verification names them.
            let xattrs = self.attributes(&copies, &folder.wanted).unwrap_or_default();
            let mut meta = folder.wanted.inode_meta();
            if at == 0 {
                meta.mode |= 0o700;
            }
            let dir = stage.beneath(&folder.place);
            if let Err(errno) = dir.and_then(|dir| self.dress(&dir, &meta, &xattrs)) {
                of_files(failed(self.repository, errno))?;
            }
        }
        Ok(())
    }

    /// Puts an altered folder right through its descriptor; `false` if it is right already. Or says why it can't be.
    ///
    /// # Errors
    /// The drive is gone; an index that fails.
    pub fn put_right(
        &self,
        name: &Name,
        wanted: &WantedEntry,
    ) -> Result<std::result::Result<bool, MendFailure>> {
        let (dir, worn) = match open_altered(self.repository, name, wanted) {
            Ok(Some(altered)) => altered,
            Ok(None) => return Ok(Ok(false)),
            Err(errno) => return of_files(failed(self.repository, errno)).map(Err),
        };
        let xattrs = if wanted.has_attributes(&worn) {
            worn
        } else {
            self.attributes(&self.copies(name, wanted)?, wanted).unwrap_or(worn)
        };
        match self.dress(&dir, &wanted.inode_meta(), &xattrs) {
            Ok(()) => Ok(Ok(true)),
            Err(errno) => of_files(failed(self.repository, errno)).map(Err),
        }
    }

    /// Sets all that a folder carries, the time last, and takes off what it should not have.
    fn dress(&self, dir: &Dir, meta: &Metadata, xattrs: &Xattrs) -> rustix::io::Result<()> {
        let worn = Xattrs::read(dir)?;
        for (name, _) in worn.iter() {
            if !xattrs.iter().any(|(kept, _)| kept == name) {
                rustix::fs::fremovexattr(dir, name)?;
            }
        }
        let owners = self.repository.marker().owners;
        dress::set_metadata(dir, meta, xattrs, owners.into()).map(drop)
    }
}

fn create(stage: &Dir, place: &RelPath) -> rustix::io::Result<()> {
    let (Some(parent), Some(name)) = (place.parent(), place.name()) else { return Ok(()) };
    stage.beneath(&parent)?.create(name, 0o700).map(drop)
}

/// Opens a folder on the repository's own file system that is not as it should be, with its attributes. One whose mode shuts its
/// owner out gets its own mode before.
fn open_altered(
    repository: &Repository,
    name: &Name,
    wanted: &WantedEntry,
) -> rustix::io::Result<Option<(Dir, Xattrs)>> {
    let parent = name.folder(repository)?.ok_or(Errno::NOENT)?;
    let at = name.path.name().ok_or(Errno::NOENT)?;
    let opened = parent.child(at);
    let was_shut = matches!(opened, Err(Errno::ACCESS));
    if was_shut {
        let shut = parent.open_beneath(at, OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW)?;
        check_own(repository, &stat_fd(&shut)?)?;
        let mode = Mode::from_raw_mode(wanted.inode_meta().mode);
        rustix::fs::chmod(descriptor_path(shut.as_fd()), mode)?;
    }
    let dir = if was_shut { parent.child(at)? } else { opened? };
    let stat = dir.stat()?;
    check_own(repository, &stat)?;
    let worn = Xattrs::read(&dir)?;
    let is_right = !was_shut && wanted.is_told_by(&stat, &worn, None);
    Ok((!is_right).then_some((dir, worn)))
}

/// Nothing on another file system is touched.
fn check_own(repository: &Repository, stat: &Statx) -> rustix::io::Result<()> {
    let own = repository.dir().stat()?;
    let device = |stat: &Statx| (stat.stx_dev_major, stat.stx_dev_minor);
    if device(stat) == device(&own) { Ok(()) } else { Err(Errno::XDEV) }
}
