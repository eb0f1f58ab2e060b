//! What a file held at a moment, to be shown.

use rustix::io::Errno;

use super::History;
use crate::engine::error::{Error, Result};
use crate::engine::meta::{ContentHash, Kind};
use crate::engine::path::RelPath;
use crate::engine::snapshot::Snapshot;

impl History {
    /// The content of the file `path` in the snapshot `at`, proven by its hash where that is known; `None` if it is longer than
    /// `limit_bytes`.
    ///
    /// # Errors
    /// [`Error::NotInSnapshot`] if no file was stored there, [`Error::Damaged`] if what is stored is not what was backed up, and
    /// whatever keeps the drive from being read.
    pub fn content(&self, path: &RelPath, at: u64, limit_bytes: u64) -> Result<Option<Vec<u8>>> {
        let (snapshot, state) = self.ask(|answers| {
            let (_, state) = answers.find(path, at)?;
            if state.meta.kind != Kind::File || state.change().absent {
                return Err(answers.not_in(path, at));
            }
            Ok((answers.snapshot(at)?.name, state))
        })?;
        if state.meta.size_bytes > limit_bytes {
            return Ok(None);
        }
        let repository = self.repository()?;
        let _lock = repository.lock_for_reading()?;
        let place = repository.path().join("snapshots").join(&snapshot);
        let stored = Snapshot::open(repository, &snapshot)?
            .ok_or_else(|| Error::SnapshotMissing(snapshot.clone()))?;
        let place = place.join("files").join(path.as_path());
        let (folder, name) = (path.parent().unwrap_or_default(), path.name().unwrap_or_default());
        let read = || stored.files()?.beneath(&folder)?.read_file(name, limit_bytes);
        let content = match read() {
            Ok(content) => content,
            Err(Errno::FBIG) => return Ok(None),
            Err(errno) => return Err(Error::drive("read", &place, errno)),
        };
        if state.hash.is_some_and(|hash| hash != ContentHash::of(&content)) {
            let reason = "it is not what was backed up".to_owned();
            return Err(Error::Damaged { path: place, reason });
        }
        Ok(Some(content))
    }
}
