//! Gives names of a damaged inode to the one that was made in its place. May be done again from the beginning at any
//! time: what has the new inode already is left as it is.

use std::collections::BTreeMap;

use rustix::fs::Statx;
use rustix::io::Errno;

use super::fresh;
use super::journal::Step;
use super::survey::failed;
use crate::engine::copy;
use crate::engine::dir::{Dir, set_mtime};
use crate::engine::error::Result;
use crate::engine::meta::{FileTime, Kind, Metadata};
use crate::engine::monitor::Monitor;
use crate::engine::remove::remove_tree;
use crate::engine::repository::{Owners, Repository};
use crate::engine::xattr::{self, Xattrs};

/// The name that the new inode has for a moment, before it takes the place of another.
const PASSING_NAME: &[u8] = b"passing";

/// A new inode under a name by which it can be linked.
#[derive(Debug)]
pub(super) struct Origin {
    pub dir: Dir,
    pub name: Vec<u8>,
}

/// What came of one damaged inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Swapped {
    /// None of its names that were to get the new inode has it any more.
    All,
    /// Some still have it.
    Some,
}

/// Steps by the number that their new inode has in the stage.
pub(super) fn by_number(steps: &[Step]) -> BTreeMap<u32, Vec<&Step>> {
    let mut groups: BTreeMap<u32, Vec<&Step>> = BTreeMap::new();
    for step in steps {
        groups.entry(step.staged).or_default().push(step);
    }
    groups
}

/// Carries out steps that share one new inode; whoever calls has the deleter's lock, and flushes afterwards.
///
/// # Errors
/// A drive that fails.
pub(super) fn swap_all(
    repository: &Repository,
    stage: &Dir,
    steps: &[&Step],
    origin: Origin,
    means: (&mut [u8], &Monitor),
) -> Result<Swapped> {
    let mut swap = Swap { repository, stage, origin, doubles: 0, is_fit: None, means };
    let mut swapped = Swapped::All;
    for in_folder in steps.chunk_by(|one, other| one.is_beside(other)) {
        if swap.work_in_folder(in_folder)? == Swapped::Some {
            swapped = Swapped::Some;
        }
    }
    Ok(swapped)
}

/// One new inode on its way to all its names.
struct Swap<'a> {
    repository: &'a Repository,
    stage: &'a Dir,
    origin: Origin,
    /// How many more of the new inode were made.
    doubles: u32,
    /// Whether the damaged inode is one that the new one may take the place of, once it was looked at.
    is_fit: Option<bool>,
    means: (&'a mut [u8], &'a Monitor),
}

impl Swap<'_> {
    /// Gives names in one folder the new inode, and the folder the time and mode that it had.
    fn work_in_folder(&mut self, steps: &[&Step]) -> Result<Swapped> {
        let failed = |errno| failed(self.repository, errno);
        let Some(folder) = steps.first().and_then(|step| step.name.folder(self.repository)) else {
            // What is gone meanwhile is none of ours.
            return Ok(Swapped::All);
        };
        // Of a folder in which nothing is of what the journal tells, it is not believed what it was like.
        let is_ours = |step: &&&Step| step.inode_in(&folder).is_some();
        let ours = steps.iter().find(is_ours).copied();
        let outcome = steps.iter().try_fold(Swapped::All, |swapped, step| {
            Ok(if self.swap(&folder, step)? { swapped } else { Swapped::Some })
        });
        if let Some(step) = ours {
            put_back(&folder, step).map_err(failed)?;
        }
        outcome
    }

    /// Gives one name the new inode; `false` if it still has the damaged one.
    fn swap(&mut self, folder: &Dir, step: &Step) -> Result<bool> {
        let Some(name) = step.name.path.name() else { return Ok(true) };
        // What was put there by hand is left alone, and so is what has the new inode.
        if !folder.stat_child(name).is_ok_and(|stat| stat.stx_ino == step.inode) {
            return Ok(true);
        }
        let is_fit = match self.is_fit {
            Some(is_fit) => is_fit,
            None => {
                step.inode_in(folder) == Some(step.inode)
                    && is_dressed_alike(self.repository, (folder, name), &self.origin)
            }
        };
        self.is_fit = Some(is_fit);
        if !is_fit {
            return Ok(false);
        }
        loop {
            match exchange(self.stage, (folder, name), &self.origin) {
                Ok(()) => return Ok(true),
                // It has as many names as the file system allows: the rest get another one.
                Err(Errno::MLINK) if self.double(step)? => {}
                Err(Errno::MLINK) => return Ok(false),
                Err(errno) => return Err(failed(self.repository, errno)),
            }
        }
    }

    /// Makes another new inode; `false` if that turns out to be bad.
    fn double(&mut self, step: &Step) -> Result<bool> {
        self.doubles += 1;
        let name = format!("{}-{}", step.staged, self.doubles).into_bytes();
        let (to, from) = ((self.stage, name.as_slice()), (&self.origin, step.hash));
        let means = (&mut *self.means.0, self.means.1);
        let Some(made) = fresh::double(self.repository, to, from, means)? else {
            return Ok(false);
        };
        self.origin = made;
        Ok(true)
    }
}

/// Puts folders back as they were in which nothing was swapped after all.
pub(super) fn put_back_all(repository: &Repository, steps: &[&Step]) -> Result<()> {
    for step in steps {
        let Some(folder) = step.name.folder(repository) else { continue };
        if step.inode_in(&folder).is_some() {
            put_back(&folder, step).map_err(|errno| failed(repository, errno))?;
        }
    }
    Ok(())
}

impl Step {
    /// Whether both names are in one folder.
    fn is_beside(&self, other: &Self) -> bool {
        self.name.snapshot == other.name.snapshot
            && self.name.path.parent() == other.name.path.parent()
    }

    /// The inode that has the name, if that is a file that should have this content.
    fn inode_in(&self, folder: &Dir) -> Option<u64> {
        let (file, stat) = folder.open_file(self.name.path.name()?).ok()?;
        (xattr::read_hash(&file) == Ok(Some(self.hash))).then_some(stat.stx_ino)
    }
}

/// Whether two files have the same mode, owner and attributes: a forged journal must not give a file others.
fn is_dressed_alike(
    repository: &Repository,
    (folder, name): (&Dir, &[u8]),
    origin: &Origin,
) -> bool {
    let carries_owners = repository.marker().owners == Owners::Inode;
    let dress = |dir: &Dir, name: &[u8]| {
        let (file, stat) = dir.open_file(name).ok()?;
        let Metadata { mode, uid, gid, .. } = Metadata::from_statx(&stat)?;
        Some((mode, carries_owners.then_some((uid, gid)), Xattrs::read(&file).ok()?))
    };
    let wanted = dress(folder, name);
    wanted.is_some() && wanted == dress(&origin.dir, &origin.name)
}

/// Puts the new inode in a name's place by one rename.
fn exchange(stage: &Dir, (folder, name): (&Dir, &[u8]), origin: &Origin) -> rustix::io::Result<()> {
    let link = || stage.link_from(&origin.dir, &origin.name, PASSING_NAME);
    match link() {
        // Left by a mending that was interrupted.
        Err(Errno::EXIST) => remove_tree(stage, PASSING_NAME).and_then(|()| link())?,
        linked => linked?,
    }
    let mode = u32::from(folder.stat()?.stx_mode) & 0o7777;
    if mode & 0o300 != 0o300 {
        folder.set_mode(mode | 0o700)?;
    }
    stage.rename_over(PASSING_NAME, folder, name)
}

/// Gives a folder the mode and the mtime that it had before.
fn put_back(folder: &Dir, step: &Step) -> rustix::io::Result<()> {
    let stat = folder.stat()?;
    if u32::from(stat.stx_mode) & 0o7777 != step.mode {
        folder.set_mode(step.mode)?;
    }
    if mtime_of(&stat) != step.mtime {
        set_mtime(folder, step.mtime)?;
    }
    Ok(())
}

pub(super) fn mtime_of(stat: &Statx) -> FileTime {
    FileTime { sec: stat.stx_mtime.tv_sec, nsec: stat.stx_mtime.tv_nsec }
}

/// What the new inode can be linked from: the staged file, else one of the names that have it already; `None` if
/// nothing proves to have the content.
pub(super) fn find_origin(
    repository: &Repository,
    stage: &Dir,
    steps: &[&Step],
    (buffer, monitor): (&mut [u8], &Monitor),
) -> Result<Option<Origin>> {
    let Some(first) = steps.first() else { return Ok(None) };
    let staged = stage.duplicate().map_err(|errno| failed(repository, errno))?;
    let staged = (staged, first.staged.to_string().into_bytes());
    let renamed = steps.iter().filter_map(|step| {
        let (folder, stat) = step.name.look(repository)?;
        (stat.stx_ino != step.inode).then(|| Some((folder, step.name.path.name()?.to_vec())))?
    });
    let mut tried = Vec::new();
    for (dir, name) in std::iter::once(staged).chain(renamed) {
        let Ok(stat) = dir.stat_child(&name) else { continue };
        let is_file = Kind::from_mode(stat.stx_mode.into()) == Some(Kind::File);
        if !is_file || stat.stx_ino == first.inode || tried.contains(&stat.stx_ino) {
            continue;
        }
        tried.push(stat.stx_ino);
        let carries = |(file, _)| xattr::read_hash(file) == Ok(Some(first.hash));
        if dir.open_file(&name).is_ok_and(carries)
            && copy::is_proven(&dir, &name, first.hash, buffer, monitor)
                .map_err(|error| fresh::explain(repository, error))?
        {
            return Ok(Some(Origin { dir, name }));
        }
    }
    Ok(None)
}
