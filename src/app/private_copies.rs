//! Private copies of stored files, for other programs to open: what is on the drive itself is never handed out.

use std::fs::{DirBuilder, File};
use std::io::{Error as IoError, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

use super::error::Result;
use super::places;
use super::target::Target;
use crate::engine::dir::Dir;
use crate::engine::error::Error as EngineError;
use crate::engine::history::{History, Stored};
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;

/// Larger copies are kept on disk: the folder for running programs is in memory, in bytes.
const IN_MEMORY_BYTES_MAX: u64 = 32 << 20;
/// So much is left free, in bytes.
const FREE_BYTES_MIN: u64 = 64 << 20;
/// Only the person reads a copy; nobody writes to it, as what is changed in it would be lost.
const FILE_MODE: u32 = 0o400;
const FOLDER_MODE: u32 = 0o700;

/// The copies of this process. Those of former ones go with the next start.
#[derive(Debug)]
pub struct PrivateCopies {
    own: String,
    next: AtomicU64,
    /// Folders that are in use, locked as a sign of it.
    held: Mutex<Vec<(PathBuf, File)>>,
    roots: Vec<PathBuf>,
}

impl Default for PrivateCopies {
    fn default() -> Self {
        let roots = places::runtime_dir().into_iter().chain([places::cache_dir()]);
        Self::below(roots.map(|root| root.join("open")).collect())
    }
}

impl PrivateCopies {
    /// Copies below the first of `roots` that has the room: the first for small ones.
    fn below(roots: Vec<PathBuf>) -> Self {
        let own = Uuid::new_v4().to_string();
        Self { own, next: AtomicU64::new(0), held: Mutex::default(), roots }
    }

    /// Removes what processes left that have ended.
    pub fn clean_up(&self) {
        for root in &self.roots {
            let Ok(entries) = root.read_dir() else { continue };
            for entry in entries.flatten() {
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                let is_left =
                    is_folder && File::open(entry.path()).is_ok_and(|it| it.try_lock().is_ok());
                if is_left {
                    // What can't be removed now is tried again the next time.
                    let _ = std::fs::remove_dir_all(entry.path());
                }
            }
        }
    }

    /// Copies files, each given by its path and its snapshot's number, and tells where the copies are.
    ///
    /// # Errors
    /// What keeps the drive from being read, content that is not what was backed up, and no room on this computer.
    pub fn make(
        &self,
        target: &Target,
        wanted: &[(RelPath, u64)],
        monitor: &Monitor,
    ) -> Result<Vec<PathBuf>> {
        let history = target.open_history(monitor)?;
        wanted.iter().map(|(path, at)| self.make_one(&history, path, *at, monitor)).collect()
    }

    fn make_one(
        &self,
        history: &History,
        path: &RelPath,
        at: u64,
        monitor: &Monitor,
    ) -> Result<PathBuf> {
        let stored = history.stored(path, at)?;
        let folder = self.folder_for(stored.size_bytes)?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let folder = folder.join(number.to_string());
        make_folder(&folder)?;
        let copied = copy(&stored, &folder, path.name().unwrap_or_default(), monitor);
        if copied.is_err() {
            let _ = std::fs::remove_dir_all(&folder);
        }
        copied
    }

    /// The folder of this process that has room for so many bytes.
    fn folder_for(&self, size_bytes: u64) -> Result<PathBuf> {
        let mut refused = IoError::from(ErrorKind::StorageFull);
        let last = self.roots.len().saturating_sub(1);
        for (place, root) in self.roots.iter().enumerate() {
            if place < last && size_bytes > IN_MEMORY_BYTES_MAX {
                continue;
            }
            match self.hold(root) {
                Ok(folder) if has_room(&folder, size_bytes) => return Ok(folder),
                Ok(_) => {}
                Err(error) => refused = error,
            }
        }
        let root = self.roots.last().cloned().unwrap_or_default();
        Err(EngineError::io("keep a copy in", &root, refused).into())
    }

    fn hold(&self, root: &Path) -> std::io::Result<PathBuf> {
        let folder = root.join(&self.own);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.iter().all(|(path, _)| *path != folder) {
            DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&folder)?;
            let lock = File::open(&folder)?;
            lock.lock()?;
            held.push((folder.clone(), lock));
        }
        Ok(folder)
    }
}

fn make_folder(folder: &Path) -> Result<()> {
    let made = DirBuilder::new().mode(FOLDER_MODE).create(folder);
    Ok(made.map_err(|error| EngineError::io("make", folder, error))?)
}

fn has_room(folder: &Path, size_bytes: u64) -> bool {
    rustix::fs::statvfs(folder).is_ok_and(|stat| {
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        free >= size_bytes.saturating_add(FREE_BYTES_MIN)
    })
}

fn copy(stored: &Stored, folder: &Path, name: &[u8], monitor: &Monitor) -> Result<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    let path = folder.join(std::ffi::OsStr::from_bytes(name));
    let file = Dir::open(folder).and_then(|dir| dir.create_file(name, FILE_MODE));
    let file = file.map_err(|errno| EngineError::io("make", &path, errno))?;
    stored.copy_to(file, &path, monitor)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ended_processes_left_goes_and_what_is_in_use_stays() {
        let root = tempfile::tempdir().unwrap();
        let copies = || PrivateCopies::below(vec![root.path().to_owned()]);
        let (mine, other) = (copies(), copies());
        let mine_at = mine.hold(root.path()).unwrap();
        let other_at = other.hold(root.path()).unwrap();
        copies().clean_up();
        assert!(mine_at.is_dir() && other_at.is_dir());
        drop(other);
        mine.clean_up();
        assert!(mine_at.is_dir() && !other_at.exists());
    }

    #[test]
    fn what_has_no_room_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let copies = PrivateCopies::below(vec![root.path().to_owned()]);
        assert!(copies.folder_for(u64::MAX / 2).is_err());
        assert!(copies.folder_for(0).is_ok());
    }
}
