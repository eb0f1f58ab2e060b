//! What restores were done, and what each set aside, so that one can be gone on with after a crash, and undone.

pub(super) mod encoded;
mod file;
mod header;
mod steps;
mod tidy;

pub use tidy::{discard, remove_workspaces};

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::io::Errno;
use uuid::Uuid;

pub use file::Journal;
pub use header::{Header, KEPT_DAYS, Place, Seen, Standing};
pub use steps::{Adjust, Flag, Lift, Made, Steps, Swap, Thing};

use super::PlanItem;
use crate::engine::dir::Dir;
use crate::engine::error::{Context as _, Error, Result};
use crate::engine::path::EntryName;

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
    /// It was being given up, which was interrupted: some of what it set aside is perhaps gone.
    Discarding,
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
    /// When it was done, or undone.
    pub ended: Option<Timestamp>,
    /// Whether it was interrupted while things were moved: some of it is perhaps done.
    pub is_half_done: bool,
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

    /// Begins a journal.
    pub(super) fn begin(&self, header: Header, items: &[PlanItem]) -> Result<Journal> {
        let above = self.folder.parent().unwrap_or(Path::new("/"));
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(above);
        made.context("make", above)?;
        let (above, name) = self.above().map_err(|errno| self.failed(errno))?;
        let made = match above.create(name, 0o700) {
            Ok(made) => made.set_mode(0o700),
            Err(Errno::EXIST) => Ok(()),
            Err(errno) => Err(errno),
        };
        made.map_err(|errno| self.failed(errno))?;
        let folder = self.open()?.ok_or_else(|| self.failed(Errno::NOENT))?;
        Journal::begin(folder, &self.folder, header, items)
    }

    /// Takes up the journal `id`, which no other process is at.
    pub(super) fn take(&self, id: Uuid) -> Result<Journal> {
        let folder = self.open()?.ok_or(Error::NoSuchRestore(id))?;
        Journal::open(folder, &self.folder, id)
    }

    /// The folder that it is in, and its name there.
    fn above(&self) -> rustix::io::Result<(Dir, &[u8])> {
        let above = self.folder.parent().ok_or(Errno::INVAL)?;
        let name = self.folder.file_name().ok_or(Errno::INVAL)?;
        Ok((Dir::open(above)?, name.as_encoded_bytes()))
    }

    /// Opens the folder; `None` if there never was a journal. One that a link stands for is refused, and one that
    /// others may write to: what lies there is believed.
    fn open(&self) -> Result<Option<Dir>> {
        let folder = match self.above().and_then(|(above, name)| above.child(name)) {
            Ok(folder) => folder,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(self.failed(errno)),
        };
        let stat = folder.stat().map_err(|errno| self.failed(errno))?;
        let is_own = stat.stx_uid == rustix::process::geteuid().as_raw();
        if is_own && u32::from(stat.stx_mode) & 0o022 == 0 {
            Ok(Some(folder))
        } else {
            Err(self.failed(Errno::PERM))
        }
    }

    fn ids(&self, folder: &Dir) -> Result<Vec<Uuid>> {
        let names = folder.names().map_err(|errno| self.failed(errno))?;
        let id = |name: &EntryName| {
            let stem = std::str::from_utf8(name).ok()?;
            Uuid::parse_str(stem.strip_suffix(file::HEADER)?.strip_suffix('.')?).ok()
        };
        Ok(names.iter().filter_map(id).collect())
    }

    fn failed(&self, errno: Errno) -> Error {
        Error::io("use the journals in", &self.folder, errno)
    }
}

fn info(folder: &Dir, id: Uuid) -> Option<JournalInfo> {
    let header = file::read_header(folder, id)?;
    let kept = header.workspaces.iter().filter(|place| place.inode.is_some() && !place.is_gone);
    Some(JournalInfo {
        id,
        repository: header.repository,
        started: header.started,
        state: match header.standing {
            Standing::Done => JournalState::Done,
            Standing::Undone => JournalState::Undone,
            Standing::Discarding => JournalState::Discarding,
            _ => JournalState::Unfinished { is_running: file::is_locked(folder, id) },
        },
        ended: header.ended,
        is_half_done: header.standing.is_half_done(),
        is_undoing: matches!(header.standing, Standing::Undoing | Standing::Redoing),
        restored: header.restored,
        replaced: header.replaced,
        removed: header.removed,
        kept_bytes: header.kept_bytes,
        kept: kept.map(Place::path).collect(),
        snapshots: header.snapshots.into_values().collect(),
        first: header.first,
    })
}
