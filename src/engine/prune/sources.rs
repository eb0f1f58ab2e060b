//! Whether a source is missing: then the newest snapshots may lack it, and the older ones are all there is of it.

use std::path::{Path, PathBuf};

use crate::engine::backup::{Source, is_lost};
use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::index::Index;
use crate::engine::path::RelPath;

/// The first source that is out of reach or emptied now, or was so when the newest snapshot was made.
///
/// What is no longer one of `sources` is not missed: someone took it out. Without any, all that the newest snapshot names count.
///
/// With `accept_empty` one that was emptied isn't missed: a person said that this is meant.
pub fn missing_source(
    index: &Index,
    sources: &[Source],
    accept_empty: bool,
) -> Result<Option<PathBuf>> {
    let Some(newest) = index.snapshots()?.last().map(|row| row.seq) else { return Ok(None) };
    for (id, path) in index.sources_of(newest)? {
        if !sources.is_empty() && !sources.iter().any(|source| source.id == id) {
            continue;
        }
        let Some(node) = index.node_of(&path)? else { continue };
        let version = index.version_at(node, newest)?;
        if version.is_some_and(|(_, _, state)| state.change().stale.is_some()) {
            return Ok(Some(Path::new("/").join(path.as_path())));
        }
    }
    for source in sources {
        if is_missing(index, newest, source, accept_empty)? {
            return Ok(Some(source.path.clone()));
        }
    }
    Ok(None)
}

/// Whether nothing of what the newest snapshot has of a source is there now.
fn is_missing(index: &Index, newest: u64, source: &Source, accept_empty: bool) -> Result<bool> {
    let Ok(names) = Dir::open(&source.path).and_then(|dir| dir.names()) else { return Ok(true) };
    let path = RelPath::from_absolute(&source.path)?;
    let Some(node) = index.node_of(&path)? else { return Ok(false) };
    Ok(!accept_empty && is_lost(&index.children(node, newest)?, &names))
}
