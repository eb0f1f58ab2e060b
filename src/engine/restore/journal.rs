//! What restores were done, and what each set aside, so that one can be gone on with after a crash, and undone.

pub(super) mod encoded;
mod file;
mod header;
mod steps;
mod tidy;

pub use tidy::{KEPT_DAYS, remove_workspaces};

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::io::Errno;
use uuid::Uuid;

pub use file::Journal;
pub use header::{Header, Place, Seen, Standing};
pub use steps::{Adjust, Flag, Lift, Steps, Swap, Thing};

use super::PlanItem;
use crate::engine::dir::Dir;
use crate::engine::error::{Context as _, Error, Result};

/// How far a restore has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalState {
    /// It is at work, or was interrupted.
    Unfinished {
        /// Whether a process is still at it.
        is_running: bool,
    },
    /// All that it could do is done.
    Done,
    /// It was undone.
    Undone,
}

/// One restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalInfo {
    /// By which it is called.
    pub id: Uuid,
    /// The repository that it took from.
    pub repository: Uuid,
    /// Names of the snapshots.
    pub snapshots: Vec<String>,
    /// When it began.
    pub started: Timestamp,
    /// How far it has come.
    pub state: JournalState,
    /// Whether it was being undone, or done again after that, when it was interrupted: undoing goes on with that.
    pub is_undoing: bool,
    /// One of the places that it wrote to.
    pub first: PathBuf,
    /// Items that it put in place.
    pub restored: u64,
    /// Items that it replaced.
    pub replaced: u64,
    /// Items that it removed.
    pub removed: u64,
    /// Bytes of what it set aside.
    pub kept_bytes: u64,
    /// The folders that keep what it set aside.
    pub kept: Vec<PathBuf>,
}

impl JournalInfo {
    /// Whether it was interrupted, and no process is at it.
    pub fn is_interrupted(&self) -> bool {
        self.state == JournalState::Unfinished { is_running: false }
    }
}

/// The folder in which the journals of restores are kept, for this user alone.
#[derive(Debug, Clone)]
pub struct Journals {
    folder: PathBuf,
}

impl Journals {
    /// The journals in `folder`, which is made with the first of them.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where they are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// All restores that are known of, oldest first. What can't be understood is left out.
    ///
    /// # Errors
    /// A folder that can't be read, or is not this user's.
    pub fn list(&self) -> Result<Vec<JournalInfo>> {
        let Some(folder) = self.open()? else { return Ok(Vec::new()) };
        let mut all: Vec<JournalInfo> =
            self.ids(&folder)?.into_iter().filter_map(|id| info(&folder, id)).collect();
        all.sort_by_key(|info| (info.started, info.id));
        Ok(all)
    }

    /// The restore `id`.
    ///
    /// # Errors
    /// [`Error::NoSuchRestore`], and as of [`Journals::list`].
    pub fn get(&self, id: Uuid) -> Result<JournalInfo> {
        self.open()?.and_then(|folder| info(&folder, id)).ok_or(Error::NoSuchRestore(id))
    }

    /// The newest restore that can be taken back: one that is done, or was interrupted.
    ///
    /// # Errors
    /// As of [`Journals::list`].
    pub fn latest_undoable(&self) -> Result<Option<JournalInfo>> {
        let can = |info: &JournalInfo| {
            matches!(
                info.state,
                JournalState::Done | JournalState::Unfinished { is_running: false }
            )
        };
        Ok(self.list()?.into_iter().rfind(can))
    }

    /// Begins a journal.
    pub(super) fn begin(&self, header: Header, items: &[PlanItem]) -> Result<Journal> {
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.context("make", &self.folder)?;
        let folder = self.open()?.ok_or_else(|| self.failed(Errno::NOENT))?;
        folder.set_mode(0o700).map_err(|errno| self.failed(errno))?;
        Journal::begin(folder, &self.folder, header, items)
    }

    /// Takes up the journal `id`, which no other process is at.
    pub(super) fn take(&self, id: Uuid) -> Result<Journal> {
        let folder = self.open()?.ok_or(Error::NoSuchRestore(id))?;
        Journal::open(folder, &self.folder, id)
    }

    /// Opens the folder; `None` if there never was a journal.
    fn open(&self) -> Result<Option<Dir>> {
        let folder = match Dir::open(&self.folder) {
            Ok(folder) => folder,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(self.failed(errno)),
        };
        let stat = folder.stat().map_err(|errno| self.failed(errno))?;
        let is_own = stat.stx_uid == rustix::process::geteuid().as_raw();
        if is_own { Ok(Some(folder)) } else { Err(self.failed(Errno::PERM)) }
    }

    fn ids(&self, folder: &Dir) -> Result<Vec<Uuid>> {
        let names = folder.names().map_err(|errno| self.failed(errno))?;
        let id = |name: Vec<u8>| {
            let stem = String::from_utf8(name).ok()?;
            Uuid::parse_str(stem.strip_suffix(file::HEADER)?.strip_suffix('.')?).ok()
        };
        Ok(names.into_iter().filter_map(id).collect())
    }

    fn failed(&self, errno: Errno) -> Error {
        Error::io("use the journals in", &self.folder, errno)
    }
}

fn info(folder: &Dir, id: Uuid) -> Option<JournalInfo> {
    use std::os::unix::ffi::OsStrExt as _;
    let header = file::read_header(folder, id)?;
    let kept = header.workspaces.iter().filter(|place| place.inode.is_some() && !place.is_gone);
    Some(JournalInfo {
        id,
        repository: header.repository,
        started: header.started,
        state: match header.standing {
            Standing::Done => JournalState::Done,
            Standing::Undone => JournalState::Undone,
            _ => JournalState::Unfinished { is_running: file::is_locked(folder, id) },
        },
        is_undoing: matches!(header.standing, Standing::Undoing | Standing::Redoing),
        restored: header.restored,
        replaced: header.replaced,
        removed: header.removed,
        kept_bytes: header.kept_bytes,
        kept: kept
            .map(|place| place.parent.join(std::ffi::OsStr::from_bytes(&place.name)))
            .collect(),
        snapshots: header.snapshots.into_values().collect(),
        first: header.first,
    })
}
