//! The fire drill, in a place of its own; and what is remembered of the last one.

use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};
use rustix::process::geteuid;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::Result;
use super::places;
use super::target::Target;
use super::verify::write_state;
use crate::engine::dir::Dir;
use crate::engine::error::Error as EngineError;
use crate::engine::monitor::Monitor;
use crate::engine::remove::remove_tree;
use crate::engine::verify::{self, DrillReport};

/// How many files a drill restores.
const DRILL_FILES: u64 = 20;

/// What the names of the places begin with.
const PREFIX: &str = "drill-";

/// The last fire drill, as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastDrill {
    /// When it ended.
    pub finished: Timestamp,
    /// Files that were chosen.
    pub files: u64,
    /// How many of them came back as they were.
    pub came_back: u64,
    /// Whether the folder did; `None` if none was chosen.
    pub folder: Option<bool>,
    /// Entries that did not come back as they were.
    pub failures: u64,
}

impl Target {
    /// Restores some files, chosen by chance, and a folder to a place of their own, compares them, and removes them.
    ///
    /// # Errors
    /// There is no good snapshot, the drive is away, or a stop.
    pub fn drill(&self, monitor: &Monitor) -> Result<DrillReport> {
        let history = self.open_attached(monitor)?;
        let id = history.repository()?.marker().id;
        let place = Place::make()?;
        let report = verify::drill(&history, &place.path, DRILL_FILES, monitor)?;
        write_state(
            drill_file(id),
            &LastDrill {
                finished: Timestamp::now(),
                files: report.files,
                came_back: report.came_back,
                folder: report.folder.as_ref().map(|(_, came_back)| *came_back),
                failures: report.failures.len() as u64,
            },
        );
        Ok(report)
    }
}

/// A private folder that is removed in the end; if this program doesn't get so far, by the next drill.
struct Place {
    path: PathBuf,
    above: Dir,
    /// Locked as long as the drill goes on.
    _held: Dir,
}

impl Place {
    fn make() -> Result<Self> {
        let cache = places::cache_dir();
        let name = format!("{PREFIX}{}", Uuid::new_v4().simple());
        let path = cache.join(&name);
        std::fs::create_dir_all(&cache).map_err(|source| EngineError::Io {
            action: "make",
            path: cache.clone(),
            source,
        })?;
        let failed = |errno| EngineError::io("make", &path, errno);
        let above = Dir::open(&cache).map_err(failed)?;
        // Nobody else looks for what was left while the new one is not locked yet.
        if flock(above.as_fd(), FlockOperation::LockExclusive).is_ok() {
            remove_left(&above);
        }
        let held = above.create(name.as_bytes(), 0o700).map_err(failed)?;
        // Where nothing can be locked, nothing is taken for left either.
        let _ = flock(held.as_fd(), FlockOperation::NonBlockingLockExclusive);
        let _ = flock(above.as_fd(), FlockOperation::Unlock);
        Ok(Self { path, above, _held: held })
    }
}

/// Removes the places of drills of this user that ended too early.
fn remove_left(cache: &Dir) {
    for name in cache.names().unwrap_or_default() {
        if !name.starts_with(PREFIX.as_bytes()) {
            continue;
        }
        let Ok(place) = cache.child(&name) else { continue };
        let is_own = place.stat().is_ok_and(|stat| stat.stx_uid == geteuid().as_raw());
        if is_own && flock(place.as_fd(), FlockOperation::NonBlockingLockExclusive).is_ok() {
            // What can't be removed lies in a folder of ours.
            let _ = remove_tree(cache, &name);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(name) = self.path.file_name() {
            // What can't be removed now is by the next drill.
            let _ = remove_tree(&self.above, name.as_bytes());
        }
    }
}

fn drill_file(repository: Uuid) -> PathBuf {
    places::state_dir().join(format!("drill-{repository}.json"))
}

/// What is remembered of the last fire drill of `repository`; anything unreadable is as good as nothing.
pub fn last_drill(repository: Uuid) -> Option<LastDrill> {
    serde_json::from_slice(&std::fs::read(drill_file(repository)).ok()?).ok()
}
