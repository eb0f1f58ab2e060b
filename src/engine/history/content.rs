//! What a file held at a moment, to be shown.

use super::History;
use crate::engine::error::Result;
use crate::engine::path::RelPath;

impl History {
    /// The content of the file `path` in the snapshot `at`, proven by its hash where that is known; `None` if it is longer than
    /// `limit_bytes`.
    ///
    /// # Errors
    /// As of [`History::stored`], and [`crate::engine::error::Error::Damaged`] if what is stored is not what was backed up.
    pub fn content(&self, path: &RelPath, at: u64, limit_bytes: u64) -> Result<Option<Vec<u8>>> {
        let stored = self.stored(path, at)?;
        if stored.size_bytes > limit_bytes { Ok(None) } else { stored.read(limit_bytes) }
    }
}
