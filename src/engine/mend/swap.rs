//! Gives names of a damaged inode to the one that was made in its place. May be done again from the beginning at any
//! time: what has the new inode already is left as it is.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use rustix::fs::Statx;
use rustix::io::Errno;

use super::failure::{MendFailure, explain, failed, of_name};
use super::finish::Left;
use super::fresh;
use super::journal::Step;
use crate::engine::copy;
use crate::engine::dir::{Dir, set_mtime, stat_fd};
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
#[derive(Default)]
pub(super) struct Swapped {
    /// One of its names that were to get the new inode still has it.
    pub left: Option<Left>,
    /// It has no name at all any more.
    pub is_gone: bool,
    /// The new inodes that its names have got.
    pub made: Vec<u64>,
    /// A folder did not get its time or mode back, for this reason.
    pub altered: Option<Errno>,
}

/// Steps by the number that their new inode has in the stage.
pub(super) fn by_number(steps: &[Step]) -> BTreeMap<u32, Vec<&Step>> {
    let mut groups: BTreeMap<u32, Vec<&Step>> = BTreeMap::new();
    for step in steps {
        groups.entry(step.staged).or_default().push(step);
    }
    groups
}

/// Carries out steps that share one new inode; whoever calls has the deleter's lock, and flushes afterwards. A name that
/// can't be changed keeps what it has.
///
/// # Errors
/// A drive that is gone or full.
pub(super) fn swap_all(
    repository: &Repository,
    stage: &Dir,
    steps: &[&Step],
    origin: Origin,
    means: (&mut [u8], &Monitor),
) -> Result<Swapped> {
    let mut swap = Swap { repository, stage, origin, doubles: 0, damaged: None, means };
    let mut swapped = Swapped::default();
    swapped.made.extend(swap.origin.inode());
    for in_folder in steps.chunk_by(|one, other| one.is_beside(other)) {
        swap.work_in_folder(in_folder, &mut swapped)?;
    }
    let damaged = swap.damaged.flatten();
    swapped.is_gone =
        damaged.is_some_and(|file| stat_fd(&file).is_ok_and(|stat| stat.stx_nlink == 0));
    Ok(swapped)
}

/// One new inode on its way to all its names.
struct Swap<'a> {
    repository: &'a Repository,
    stage: &'a Dir,
    origin: Origin,
    /// How many more of the new inode were made.
    doubles: u32,
    /// The damaged inode once it was looked at, if the new one may take its place.
    damaged: Option<Option<OwnedFd>>,
    means: (&'a mut [u8], &'a Monitor),
}

impl Swap<'_> {
    /// Gives names in one folder the new inode, and the folder the time and mode that it had.
    fn work_in_folder(&mut self, steps: &[&Step], swapped: &mut Swapped) -> Result<()> {
        let Some(first) = steps.first() else { return Ok(()) };
        let left = |step: &Step, failure| Some(Left::at(step.name.clone(), failure));
        let folder = match first.name.folder(self.repository) {
            Ok(Some(folder)) => folder,
            // What is gone meanwhile is none of ours.
            Ok(None) => return Ok(()),
            Err(errno) => {
                swapped.left = left(first, of_name(self.repository, errno)?);
                return Ok(());
            }
        };
        // Of a folder in which nothing is of what the journal tells, it is not believed what it was like.
        let is_ours = |step: &&&Step| step.inode_in(&folder).is_some();
        let ours = steps.iter().find(is_ours).copied();
        let outcome = steps.iter().try_for_each(|step| {
            if let Some(failure) = self.swap(&folder, step, &mut swapped.made)? {
                swapped.left = left(step, failure);
            }
            Ok(())
        });
        if let Some(Err(errno)) = ours.map(|step| put_back(&folder, step)) {
            of_name(self.repository, errno)?;
            swapped.altered = Some(errno);
        }
        outcome
    }

    /// Gives one name the new inode; says why it still has the damaged one.
    fn swap(
        &mut self,
        folder: &Dir,
        step: &Step,
        made: &mut Vec<u64>,
    ) -> Result<Option<MendFailure>> {
        let Some(name) = step.name.path.name() else { return Ok(None) };
        match folder.stat_child(name) {
            Ok(stat) if stat.stx_ino == step.inode => {}
            // What was put there by hand is left alone, and so is what has the new inode.
            Ok(_) | Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return of_name(self.repository, errno).map(Some),
        }
        if self.damaged.is_none() {
            self.damaged = Some(replaceable(self.repository, (folder, name), step, &self.origin));
        }
        if matches!(self.damaged, Some(None)) {
            return Ok(Some(MendFailure::NotTaken));
        }
        loop {
            match exchange(self.stage, (folder, name), &self.origin) {
                Ok(()) => return Ok(None),
                // It has as many names as the file system allows: the rest get another one.
                Err(Errno::MLINK) => {
                    if let Some(failure) = self.double(step)? {
                        return Ok(Some(failure));
                    }
                    made.extend(self.origin.inode());
                }
                Err(errno) => return of_name(self.repository, errno).map(Some),
            }
        }
    }

    /// Makes another new inode, or says why it can't be made.
    fn double(&mut self, step: &Step) -> Result<Option<MendFailure>> {
        self.doubles += 1;
        let name = format!("{}-{}", step.staged, self.doubles).into_bytes();
        let (to, from) = ((self.stage, name.as_slice()), (&self.origin, step.hash));
        let means = (&mut *self.means.0, self.means.1);
        match fresh::double(self.repository, to, from, means)? {
            Ok(origin) => {
                self.origin = origin;
                Ok(None)
            }
            Err(failure) => Ok(Some(failure)),
        }
    }
}

/// Puts folders back as they were in which nothing was swapped after all; says why one could not be.
pub(super) fn put_back_all(repository: &Repository, steps: &[&Step]) -> Result<Option<Errno>> {
    let mut altered = None;
    for step in steps {
        // One that can't be reached stays as it is.
        let Ok(Some(folder)) = step.name.folder(repository) else { continue };
        if step.inode_in(&folder).is_some()
            && let Err(errno) = put_back(&folder, step)
        {
            of_name(repository, errno)?;
            altered = Some(errno);
        }
    }
    Ok(altered)
}

/// Gives folders in which entries were brought back the mode and the time that they should have, the deepest first; says
/// why one could not be. One with a mode that no mending leaves is not what the journal tells of.
pub(super) fn put_back_folders(repository: &Repository, steps: &[Step]) -> Result<Option<Errno>> {
    let mut steps: Vec<&Step> = steps.iter().collect();
    steps.sort_by_key(|step| std::cmp::Reverse(step.name.path.components().count()));
    let mut altered = None;
    for step in steps {
        let Ok(Some(folder)) = step.name.folder(repository) else { continue };
        let put_back = || {
            let mode = u32::from(folder.stat()?.stx_mode) & 0o7777;
            let is_ours = mode == step.mode || mode == step.mode | 0o700;
            if is_ours { put_back(&folder, step) } else { Ok(()) }
        };
        if let Err(errno) = put_back() {
            of_name(repository, errno)?;
            altered = Some(errno);
        }
    }
    Ok(altered)
}

impl Origin {
    fn inode(&self) -> Option<u64> {
        self.dir.stat_child(&self.name).ok().map(|stat| stat.stx_ino)
    }
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

/// The damaged inode, if it should have the content and the new one has the same mode, owner and attributes, and the
/// mtime that the journal tells: a forged journal must not give a file others.
fn replaceable(
    repository: &Repository,
    (folder, name): (&Dir, &[u8]),
    step: &Step,
    origin: &Origin,
) -> Option<OwnedFd> {
    let carries_owners = repository.marker().owners == Owners::Inode;
    let dress = |dir: &Dir, name: &[u8]| {
        let (file, stat) = dir.open_file(name).ok()?;
        let Metadata { mode, uid, gid, mtime, .. } = Metadata::from_statx(&stat)?;
        let worn = (mode, carries_owners.then_some((uid, gid)), Xattrs::read(&file).ok()?);
        Some((file, mtime, worn))
    };
    let (file, mtime, worn) = dress(folder, name)?;
    let (_, new_mtime, new_worn) = dress(&origin.dir, &origin.name)?;
    let is_alike = worn == new_worn && new_mtime == step.made.unwrap_or(mtime);
    (is_alike && xattr::read_hash(&file) == Ok(Some(step.hash))).then_some(file)
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
        let (folder, stat) = step.name.look(repository).ok()??;
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
                .map_err(|error| explain(repository, error))?
        {
            return Ok(Some(Origin { dir, name }));
        }
    }
    Ok(None)
}
