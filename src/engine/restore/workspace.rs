//! The folders beside the targets in which a restore stages what it makes, and keeps what it sets aside.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, Statx};
use rustix::io::Errno;
use uuid::Uuid;

use super::journal::Place;
use super::{flags, target};
use crate::engine::dir::{Dir, add_inode_flags};
use crate::engine::error::{Error, Result};
use crate::engine::meta::FileTime;
use crate::engine::path::encode;
use crate::engine::remove::remove_tree;

/// What such a folder's name begins with; backups leave these folders out.
pub const PREFIX: &str = ".yore-restore-";

/// How often a name for a workspace is tried.
const TRIES: u32 = 16;

/// One workspace, held by its descriptor.
#[derive(Debug)]
pub struct Workspace {
    parent: Dir,
    name: Vec<u8>,
    path: PathBuf,
    /// The folder itself, for this user alone.
    pub dir: Dir,
}

impl Place {
    /// A workspace for what is to lie in `folder`: on the same file system, in the nearest folder at or above it that
    /// this user may write to. Nothing is made yet.
    pub fn near(folder: &Path, id: Uuid) -> Result<Self> {
        let (mut dir, mut path) = target::nearest(folder)?;
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |errno| target::refused(&path, errno)
        };
        let here = mount_of(&dir.stat().map_err(failed(&path))?);
        let start = path.clone();
        while !is_fit(&dir) {
            let above = path.parent().and_then(|above| Some((target::open(above).ok()??, above)));
            let Some((next, above)) = above else { break };
            if next.stat().map(|stat| mount_of(&stat)) != Ok(here) {
                break;
            }
            (dir, path) = (next, above.to_owned());
        }
        // None at all: the first one is made writable for the moment, if it is this user's.
        let file_system = file_system_of(&dir).map_err(failed(&path))?;
        let parent = if is_fit(&dir) { path } else { start };
        Ok(Self {
            parent,
            name: name_of(id),
            inode: None,
            file_system,
            is_modeless: false,
            is_gone: false,
            settled: None,
        })
    }

    /// Takes another name, under which nobody can have made anything.
    pub fn rename(&mut self) {
        self.name = name_of(Uuid::new_v4());
    }

    /// Whether it was made, and not removed since.
    pub fn is_kept(&self) -> bool {
        self.inode.is_some() && !self.is_gone
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.parent.join(OsStr::from_bytes(&self.name))
    }
}

fn name_of(id: Uuid) -> Vec<u8> {
    let id = id.simple().to_string();
    format!("{PREFIX}{}", id.get(..12).unwrap_or_default()).into_bytes()
}

/// Which mount of which file system something is on.
pub fn mount_of(stat: &Statx) -> (u32, u32, u64) {
    (stat.stx_dev_major, stat.stx_dev_minor, stat.stx_mnt_id)
}

/// By what the file system of a folder is known again after it was away, as far as it can be.
fn file_system_of(dir: &Dir) -> rustix::io::Result<u64> {
    let number = rustix::fs::fstatvfs(dir)?.f_fsid;
    if number != 0 {
        return Ok(number);
    }
    let stat = dir.stat()?;
    Ok(rustix::fs::makedev(stat.stx_dev_major, stat.stx_dev_minor))
}

/// Whether this user may make something in a folder.
pub fn is_writable(dir: &Dir) -> bool {
    let access = Access::WRITE_OK | Access::EXEC_OK;
    rustix::fs::accessat(dir, ".", access, AtFlags::EACCESS).is_ok()
}

/// Whether a workspace can be made in a folder, and be removed again.
fn is_fit(dir: &Dir) -> bool {
    is_writable(dir) && dir.stat().is_ok_and(|stat| !flags::is_fixed(&stat))
}

/// Does something in a folder of this user, which is made writable for the moment if it has to be; by root also in one
/// that is immutable.
pub fn in_writable<T>(dir: &Dir, act: impl Fn() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
    let first = act();
    match first {
        Err(Errno::ACCESS) => {}
        Err(Errno::PERM) => {
            let flags = flags::fixing(&dir.stat()?);
            if flags == 0 || flags::take(dir, flags).is_err() {
                return first;
            }
            let second = act();
            return if add_inode_flags(dir, flags) { second } else { Err(Errno::PERM) };
        }
        _ => return first,
    }
    let mode = u32::from(dir.stat()?.stx_mode) & 0o7777;
    if mode & 0o300 == 0o300 || dir.set_mode(mode | 0o300).is_err() {
        return first;
    }
    let second = act();
    dir.set_mode(mode)?;
    second
}

impl Workspace {
    /// Makes the workspace; what it is called and its inode are noted in `place`.
    pub fn create(place: &mut Place) -> Result<Self> {
        let failed = |errno| target::refused(&place.parent, errno);
        let parent = target::open(&place.parent)?.ok_or_else(|| failed(Errno::NOENT))?;
        let dir = in_writable(&parent, || parent.create(&place.name, 0o700)).map_err(failed)?;
        match accept(&dir) {
            Ok(stat) => {
                place.inode = Some(stat.stx_ino);
                place.is_modeless = !is_private(&stat);
                place.is_gone = false;
                Ok(Self { parent, name: place.name.clone(), path: place.path(), dir })
            }
            Err(errno) => {
                let _ = in_writable(&parent, || parent.remove(&place.name));
                Err(failed(errno))
            }
        }
    }

    /// Opens a workspace that was made; `None` if it is gone for good.
    ///
    /// # Errors
    /// [`Error::WorkspaceAway`], and what the system says: it may be there.
    pub fn open(place: &Place) -> Result<Option<Self>> {
        let failed = |errno| failed(place, errno);
        let (parent, path) = target::nearest(&place.parent)?;
        let file_system = file_system_of(&parent).map_err(failed)?;
        if path == place.parent
            && let Some(dir) = known(&parent, place).map_err(failed)?
        {
            return Ok(Some(Self { parent, name: place.name.clone(), path: place.path(), dir }));
        }
        if file_system != place.file_system {
            return Err(Error::WorkspaceAway(place.path()));
        }
        Ok(None)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What lies in a slot.
    pub fn slot(&self, slot: &[u8]) -> rustix::io::Result<Option<Statx>> {
        stat_in(&self.dir, slot)
    }

    /// Removes all that `is_kept` doesn't name.
    pub fn sweep(&self, is_kept: impl Fn(&[u8]) -> bool) -> rustix::io::Result<()> {
        for name in self.dir.names()?.into_iter().filter(|name| !is_kept(name)) {
            match remove_tree(&self.dir, &name) {
                // Among it may be what was immutable where it was, and was set aside so.
                Err(_) if flags::loosen(&self.dir, &name)? => remove_tree(&self.dir, &name)?,
                removed => removed?,
            }
        }
        Ok(())
    }

    /// Removes the folder itself if it is empty; says whether it is gone.
    pub fn remove(&self) -> rustix::io::Result<bool> {
        if !self.dir.names()?.is_empty() {
            return Ok(false);
        }
        match in_writable(&self.parent, || self.parent.remove(&self.name)) {
            Ok(()) | Err(Errno::NOENT) => Ok(true),
            // Somebody moved it away, or put something else in its place, which is not ours to remove.
            Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => Ok(false),
            Err(errno) => Err(errno),
        }
    }

    /// What time it is by the clock of the file system.
    pub fn clock(&self) -> rustix::io::Result<FileTime> {
        let name = b"clock";
        match self.dir.unlink(name) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno),
        }
        let file = self.dir.create_file(name, 0o600)?;
        let stat = crate::engine::dir::stat_fd(&file)?;
        self.dir.unlink(name)?;
        Ok(FileTime { sec: stat.stx_ctime.tv_sec, nsec: stat.stx_ctime.tv_nsec })
    }
}

/// What is called `name` in `dir`, if something is.
pub fn stat_in(dir: &Dir, name: &[u8]) -> rustix::io::Result<Option<Statx>> {
    match dir.stat_child(name) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Sees whether a folder that was just made is fit to be a workspace.
fn accept(dir: &Dir) -> rustix::io::Result<Statx> {
    dir.drop_default_acl()?;
    let mut stat = dir.stat()?;
    if !is_private(&stat) {
        // Where a file system keeps no modes that changes nothing, and all on it is open to the same people.
        let _ = dir.set_mode(0o700);
        stat = dir.stat()?;
    }
    // Whoever owns the folder above could have put another one there just now.
    if is_own(&stat) && dir.names()?.is_empty() { Ok(stat) } else { Err(Errno::PERM) }
}

/// The workspace in `parent`; `None` if what is called so is another folder, or none.
fn known(parent: &Dir, place: &Place) -> rustix::io::Result<Option<Dir>> {
    let dir = match parent.child(&place.name) {
        Ok(dir) => dir,
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(None),
        Err(errno) => return Err(errno),
    };
    let stat = dir.stat()?;
    let is_fit = is_own(&stat) && (place.is_modeless || is_private(&stat));
    match place.inode {
        Some(inode) if inode == stat.stx_ino && !is_fit => Err(Errno::PERM),
        Some(inode) if inode == stat.stx_ino || place.is_modeless && is_fit => Ok(Some(dir)),
        // One whose making was interrupted before its inode was noted has nothing in it.
        None if is_fit && dir.names()?.is_empty() => Ok(Some(dir)),
        _ => Ok(None),
    }
}

fn is_own(stat: &Statx) -> bool {
    stat.stx_uid == rustix::process::geteuid().as_raw()
}

fn is_private(stat: &Statx) -> bool {
    is_own(stat) && u32::from(stat.stx_mode) & 0o777 == 0o700
}

/// Makes or opens all workspaces of `places`: those that are there are opened, those that are not yet, or were empty
/// and removed, are made once `save` has noted under which name.
pub fn prepare(
    places: &mut [Place],
    mut save: impl FnMut(&[Place]) -> Result<()>,
) -> Result<Vec<Option<Workspace>>> {
    let mut all: Vec<Option<Workspace>> = Vec::new();
    let is_new = |place: &Place| place.is_gone || place.inode.is_none();
    if !places.iter().any(is_new) {
        return places.iter().map(Workspace::open).collect();
    }
    for place in places.iter_mut().filter(|place| place.is_gone) {
        place.rename();
        place.inode = None;
        place.is_gone = false;
    }
    save(places)?;
    for place in places.iter_mut() {
        let made = if place.inode.is_some() {
            Workspace::open(place)?
        } else if let Some(left) = Workspace::open(place)? {
            place.inode = Some(left.dir.stat().map_err(|errno| failed(place, errno))?.stx_ino);
            Some(left)
        } else {
            Some(make(place)?)
        };
        all.push(made);
    }
    save(places)?;
    Ok(all)
}

fn failed(place: &Place, errno: Errno) -> Error {
    Error::io("use", &place.path(), errno)
}

fn make(place: &mut Place) -> Result<Workspace> {
    for _ in 1..TRIES {
        match Workspace::create(place) {
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {
                place.rename();
            }
            made => return made,
        }
    }
    Workspace::create(place)
}

/// The name of a slot.
pub fn slot_name(slot: u64) -> Vec<u8> {
    encode(slot.to_string().as_bytes()).into_bytes()
}
