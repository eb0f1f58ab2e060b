//! What is at a place now: counted by walking, without following links and without leaving the mount.

use std::sync::Arc;

use rustix::fs::Statx;

use super::keepers::{Keepers, LeftOut};
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result};
use crate::engine::meta::{FileTime, Kind, Metadata};
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::engine::repository::is_repository;
use crate::engine::restore::There;
use crate::engine::restore::swap::is_general;

/// A mounted file system, and a subvolume of it.
pub type Mount = (u32, u32, u64);

/// Which mount an entry with this `stat` lies on.
pub fn mount_of(stat: &Statx) -> Mount {
    (stat.stx_dev_major, stat.stx_dev_minor, stat.stx_mnt_id)
}

/// A folder wherever it is mounted: the numbers of its device, and its inode.
pub type Identity = (u32, u32, u64);

/// The identity of what has this `stat`.
pub fn identity(stat: &Statx) -> Identity {
    (stat.stx_dev_major, stat.stx_dev_minor, stat.stx_ino)
}

/// What was found at a place.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// The counts.
    pub there: There,
    /// It is or holds something that must stay where it is: a mount, a repository, or what `keepers` keep.
    pub is_held: bool,
}

/// An entry that is looked at.
#[derive(Debug, Clone)]
pub struct Place {
    /// The folder in which it lies.
    pub parent: Arc<Dir>,
    /// Its name there.
    pub name: Vec<u8>,
    /// The path that it would have in the snapshot.
    pub path: RelPath,
    /// Where it is.
    pub target: std::path::PathBuf,
    /// The rules that leave it out, if it is only on the way.
    pub left_out: LeftOut,
}

/// The entry `place`, which has this `stat`, and all below it; folders that can't be read count for themselves.
pub fn look(
    place: &Place,
    stat: &Statx,
    mount: Mount,
    keepers: Option<&Keepers>,
    monitor: &Monitor,
) -> Result<Seen> {
    let there = There { entries: 0, bytes: 0, mtime: FileTime { sec: i64::MIN, nsec: 0 } };
    let mut seen = Seen { there, is_held: false };
    let mut waiting = Vec::new();
    seen.add(place.clone(), stat, mount, &mut waiting);
    seen.is_held |= keepers.is_some_and(|keepers| keepers.is_place(stat));
    while let Some(folder) = waiting.pop() {
        monitor.check_cancelled()?;
        let opened = folder.parent.child(&folder.name).map(Arc::new);
        let Some(dir) = unless_general(opened, &folder.target)? else { continue };
        let Some(names) = unless_general(dir.names(), &folder.target)? else { continue };
        seen.is_held |= is_repository(&dir, &names);
        let kept = keepers.map(|keepers| keepers.look(&dir, &folder, &names));
        seen.is_held |= kept.as_ref().is_some_and(|kept| kept.has_any());
        for name in names {
            monitor.check_cancelled()?;
            let looked = unless_general(dir.stat_child(&name), &folder.target)?;
            let Some(stat) = looked else { continue };
            let mut below = folder.below(&dir, name.into_vec());
            if let (Some(keepers), Some(kept)) = (keepers, &kept) {
                below.left_out = keepers.below(&below.path, kept);
            }
            seen.is_held |= keepers.is_some_and(|keepers| keepers.is_place(&stat));
            seen.add(below, &stat, mount, &mut waiting);
        }
    }
    Ok(seen)
}

/// What was read at `path`; nothing where only this entry is at fault: it is gone, say, or this user may not read it.
pub fn unless_general<T>(read: rustix::io::Result<T>, path: &std::path::Path) -> Result<Option<T>> {
    match read.map_err(|errno| Error::io("read", path, errno)) {
        Err(error) if is_general(&error) => Err(error),
        read => Ok(read.ok()),
    }
}

impl Place {
    /// The entry `name` in this folder, which is open as `dir`.
    pub fn below(&self, dir: &Arc<Dir>, name: Vec<u8>) -> Self {
        use std::os::unix::ffi::OsStrExt as _;
        Self {
            parent: Arc::clone(dir),
            path: self.path.join(&name),
            target: self.target.join(std::ffi::OsStr::from_bytes(&name)),
            name,
            left_out: LeftOut::default(),
        }
    }
}

impl Seen {
    /// Counts an entry; a folder is still to be walked.
    fn add(&mut self, place: Place, stat: &Statx, mount: Mount, waiting: &mut Vec<Place>) {
        let there = &mut self.there;
        there.entries = there.entries.saturating_add(1);
        let Some(meta) = Metadata::from_statx(stat) else { return };
        there.mtime = there.mtime.max(meta.mtime);
        if mount_of(stat) != mount {
            self.is_held = true;
            return;
        }
        match meta.kind {
            Kind::File => there.bytes = there.bytes.saturating_add(meta.size_bytes),
            Kind::Directory => waiting.push(place),
            _ => {}
        }
    }
}
