//! A stored file, open for reading: to be shown or copied away.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::io::Errno;

use super::History;
use crate::engine::dir::{read_all, read_some, stat_fd, write_all};
use crate::engine::error::{Error, Result};
use crate::engine::meta::{ContentHash, FileTime, Kind};
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::engine::snapshot::Snapshot;
use crate::engine::zeros::ContentHasher;

/// Bytes that are copied at once; also how often a stop is heard.
const PIECE_BYTES: usize = 256 * 1024;

/// A file of a snapshot, open for reading. What it holds is not proven before it was read.
#[derive(Debug)]
pub struct Stored {
    file: OwnedFd,
    place: PathBuf,
    hash: Option<ContentHash>,
    /// Length of its content in bytes, as the index has it.
    pub size_bytes: u64,
    /// When its content was changed.
    pub mtime: FileTime,
}

impl History {
    /// Opens the content of the file `path` in the snapshot `at`, beneath the snapshot and through no link.
    ///
    /// # Errors
    /// [`Error::NotInSnapshot`] if no file was stored there, and whatever keeps the drive from being read.
    pub fn stored(&self, path: &RelPath, at: u64) -> Result<Stored> {
        let (snapshot, state) = self.ask(|answers| {
            let (_, state) = answers.find(path, at)?;
            if state.meta.kind != Kind::File || state.change().absent {
                return Err(answers.not_in(path, at));
            }
            Ok((answers.snapshot(at)?.name, state))
        })?;
        let repository = self.repository()?;
        let _lock = repository.lock_for_reading()?;
        let place = repository.path().join("snapshots").join(&snapshot);
        let stored = Snapshot::open(repository, &snapshot)?
            .ok_or_else(|| Error::SnapshotMissing(snapshot.clone()))?;
        let place = place.join("files").join(path.as_path());
        let (folder, name) = (path.parent().unwrap_or_default(), path.name().unwrap_or_default());
        let open = || stored.files()?.beneath(&folder)?.open_file(name);
        let (file, _) = open().map_err(|errno| Error::drive("read", &place, errno))?;
        let (size_bytes, mtime) = (state.meta.size_bytes, state.meta.mtime);
        Ok(Stored { file, place, hash: state.hash, size_bytes, mtime })
    }
}

impl AsFd for Stored {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl From<Stored> for OwnedFd {
    fn from(stored: Stored) -> Self {
        stored.file
    }
}

impl Stored {
    /// Reads it whole, proven by its hash where that is known; `None` if it is longer than `limit_bytes`.
    pub(super) fn read(&self, limit_bytes: u64) -> Result<Option<Vec<u8>>> {
        let read = || read_all(&self.file, &stat_fd(&self.file)?, limit_bytes);
        let content = match read() {
            Ok(content) => content,
            Err(Errno::FBIG) => return Ok(None),
            Err(errno) => return Err(Error::drive("read", &self.place, errno)),
        };
        self.check(ContentHash::of(&content))?;
        Ok(Some(content))
    }

    /// Copies it to the empty file `to` at `path`, proven by its hash where that is known, and by its length.
    ///
    /// # Errors
    /// [`Error::Damaged`] if what is stored is not what was backed up; what was written is of no use then.
    pub fn copy_to(&self, to: impl AsFd, path: &std::path::Path, monitor: &Monitor) -> Result<()> {
        let (mut hasher, mut length) = (ContentHasher::new(), 0_u64);
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            monitor.check_cancelled()?;
            let read = read_some(&self.file, &mut piece)
                .map_err(|errno| Error::drive("read", &self.place, errno))?;
            let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            length = length.saturating_add(bytes.len() as u64);
            // The room was measured by the length that the index has.
            if length > self.size_bytes {
                return Err(self.damaged());
            }
            hasher.update(bytes);
            write_all(&to, bytes).map_err(|errno| Error::io("write", path, errno))?;
        }
        if length != self.size_bytes {
            return Err(self.damaged());
        }
        self.check(hasher.finalize())
    }

    fn check(&self, found: ContentHash) -> Result<()> {
        if self.hash.is_some_and(|hash| hash != found) { Err(self.damaged()) } else { Ok(()) }
    }

    fn damaged(&self) -> Error {
        let reason = "it is not what was backed up".to_owned();
        Error::Damaged { path: self.place.clone(), reason }
    }
}
