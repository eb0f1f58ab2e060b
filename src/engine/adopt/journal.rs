//! What an adoption notes in `journal/`: what is being done, and what files lose by it. Root's own files.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;

use rustix::fs::{Mode, Statx};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::Heir;
use crate::engine::dir::{Dir, read_all, stat_fd};
use crate::engine::error::{Error, Result};
use crate::engine::meta::Kind;
use crate::engine::remove::remove_tree;
use crate::engine::repository::Repository;

/// What is being done, while it is being done.
pub const ENTRY_NAME: &[u8] = b"adopt.json";

/// What a change of owner takes from files and must be given back; written before [`ENTRY_NAME`].
pub const LOSSES_NAME: &[u8] = b"adopt.jsonl";

const ENTRY_LIMIT_BYTES: u64 = 1 << 20;

/// The content of `journal/adopt.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// User id that the inodes have now.
    pub from: u32,
    /// Whose they become.
    pub to: Heir,
    /// When it began.
    pub started: jiff::Timestamp,
}

/// A file of the journal, by who made it.
#[derive(Debug)]
pub enum Found {
    /// It isn't there.
    Nothing,
    /// Root wrote it.
    Roots(OwnedFd),
    /// Anything else: put there to have root give files away, or copied with the repository.
    Forged,
}

/// The journal's folder; `None` if there is none.
pub fn folder(repository: &Repository) -> rustix::io::Result<Option<Dir>> {
    match repository.dir().child(b"journal") {
        Ok(journal) => Ok(Some(journal)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Looks for a file of the journal.
///
/// # Errors
/// Root's own file with a second name, which may be anything; a drive that can't be read.
pub fn find(repository: &Repository, name: &[u8]) -> Result<Found> {
    let path = repository.path().join("journal").join(std::ffi::OsStr::from_bytes(name));
    let failed = |errno| Error::drive("read", &path, errno);
    let Some(journal) = folder(repository).map_err(failed)? else { return Ok(Found::Nothing) };
    match journal.stat_child(name) {
        Ok(stat) if !is_roots(&stat) => return Ok(Found::Forged),
        Err(Errno::NOENT) => return Ok(Found::Nothing),
        outcome => outcome.map_err(failed)?,
    };
    let (file, stat) = journal.open_file(name).map_err(failed)?;
    match (is_roots(&stat), stat.stx_nlink) {
        (true, 1) => Ok(Found::Roots(file)),
        (true, _) => Err(Error::Damaged { path, reason: "it has several names".to_owned() }),
        (false, _) => Ok(Found::Forged),
    }
}

fn is_roots(stat: &Statx) -> bool {
    stat.stx_uid == 0 && Kind::from_mode(u32::from(stat.stx_mode)) == Some(Kind::File)
}

/// Reads the entry; `None` if there is none of root's.
pub fn read_entry(repository: &Repository) -> Result<Option<Entry>> {
    let path = repository.path().join("journal/adopt.json");
    let file = match find(repository, ENTRY_NAME) {
        Ok(Found::Roots(file)) => file,
        Ok(Found::Nothing | Found::Forged) => return Ok(None),
        Err(Error::Io { source, .. }) if source.kind() == ErrorKind::PermissionDenied => {
            return Err(Error::AdoptionUnfinished(repository.path().to_owned()));
        }
        Err(error) => return Err(error),
    };
    let bytes = stat_fd(&file)
        .and_then(|stat| read_all(&file, &stat, ENTRY_LIMIT_BYTES))
        .map_err(|errno| Error::drive("read", &path, errno))?;
    let entry = serde_json::from_slice(&bytes)
        .map_err(|error| Error::Damaged { path, reason: error.to_string() })?;
    Ok(Some(entry))
}

/// Writes the entry: from then on the adoption has begun.
pub fn write_entry(repository: &Repository, entry: &Entry) -> rustix::io::Result<()> {
    let mut text = serde_json::to_vec(entry).map_err(|_| Errno::INVAL)?;
    text.push(b'\n');
    let mut draft = Draft::new(repository, ENTRY_NAME)?;
    draft.write(&text)?;
    draft.publish()
}

/// Removes an entry that root did not write.
pub fn remove_forged(repository: &Repository) -> rustix::io::Result<()> {
    let Some(journal) = folder(repository)? else { return Ok(()) };
    remove_tree(&journal, ENTRY_NAME)?;
    journal.sync()
}

/// Takes the entry out of the journal first: without it, the rest means nothing.
pub fn clear(repository: &Repository) -> rustix::io::Result<()> {
    let journal = repository.dir().child(b"journal")?;
    for name in [ENTRY_NAME, LOSSES_NAME] {
        remove_tree(&journal, name)?;
        journal.sync()?;
    }
    Ok(())
}

/// A file of the journal that is being written; it replaces the former one as a whole.
pub struct Draft<'a> {
    journal: Dir,
    name: &'a [u8],
    file: BufWriter<File>,
}

impl<'a> Draft<'a> {
    /// Begins an empty file.
    pub fn new(repository: &Repository, name: &'a [u8]) -> rustix::io::Result<Self> {
        let journal = repository.dir().child(b"journal")?;
        remove_tree(&journal, &temporary(name))?;
        let file = journal.create_file(&temporary(name), 0o600)?;
        Ok(Self { journal, name, file: BufWriter::new(File::from(file)) })
    }

    /// Adds to it.
    pub fn write(&mut self, bytes: &[u8]) -> rustix::io::Result<()> {
        self.file.write_all(bytes).map_err(errno_of)
    }

    /// Puts it in its place, durably.
    pub fn publish(self) -> rustix::io::Result<()> {
        let file = self.file.into_inner().map_err(|error| errno_of(error.into_error()))?;
        // Whatever root's umask is: the new owner must be able to read what it is that is left to do.
        rustix::fs::fchmod(&file, Mode::from_raw_mode(0o644))?;
        rustix::fs::fsync(&file)?;
        self.journal.rename_over(&temporary(self.name), &self.journal, self.name)?;
        self.journal.sync()
    }
}

fn temporary(name: &[u8]) -> Vec<u8> {
    [name, b".new"].concat()
}

fn errno_of(error: std::io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::IO)
}
