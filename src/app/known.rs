//! The histories that can be looked at from here: those on attached drives, and those of drives that are away and whose
//! index this computer has a copy of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use uuid::Uuid;

use super::config;
use super::error::Result;
use super::found::{Access, Found, on_drives};
use super::places;
use super::target::{Options, Target};
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::engine::repository::Repository;

/// Longer files were not written by this program.
const LIMIT_BYTES: u64 = 64 << 10;

/// The most drives that are remembered.
const DRIVES_MAX: usize = 100;

/// A history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Which repository.
    pub id: Uuid,
    /// Where it is, or was when it was seen last; `None` if that isn't known.
    pub path: Option<PathBuf>,
    /// Its drive is not attached: there is only what this computer knows.
    pub is_away: bool,
    /// When its newest snapshot was made.
    pub newest: Option<Timestamp>,
}

impl Known {
    /// What is opened to look at it, and at nothing else: no source, no configuration.
    ///
    /// # Errors
    /// None in practice: a repository that is named needs no configuration.
    pub fn target(&self) -> Result<Option<Target>> {
        let nowhere = || Path::new("/").join(self.id.to_string());
        let repository = self.path.clone().unwrap_or_else(nowhere);
        let options = Options { config: None, repository: Some(repository) };
        let target = Target::load(&options)?;
        Ok(target.map(|target| Target { repository_id: Some(self.id), ..target }))
    }
}

/// All that are known beside that of `own`; attached ones first. Reads drives: not for the main thread.
pub fn beside(own: &Target) -> Vec<Known> {
    let own = own.open().map(|open| open.marker().id).ok().or(own.repository_id);
    let mut places = read(&file());
    let mut known: Vec<Known> = on_drives().into_iter().filter_map(attached).collect();
    let seen: Vec<(Uuid, String)> = known.iter().filter_map(place).collect();
    if seen.iter().any(|(id, path)| places.get(id) != Some(path)) && places.len() < DRIVES_MAX {
        places.extend(seen);
        if let Ok(text) = serde_json::to_vec(&places) {
            // A state folder that can't be written to costs nothing but the names.
            let _ = config::write_private(&file(), &text);
        }
    }
    for id in copies() {
        if known.iter().all(|one| one.id != id) {
            known.extend(away(id, places.get(&id)));
        }
    }
    known.retain(|one| Some(one.id) != own);
    known
}

fn place(known: &Known) -> Option<(Uuid, String)> {
    Some((known.id, RelPath::from_absolute(known.path.as_ref()?).ok()?.encode()))
}

fn attached(found: Found) -> Option<Known> {
    let Access::Open { newest, .. } = found.access else { return None };
    let id = Repository::open(&found.path, None).ok()?.marker().id;
    Some(Known { id, path: Some(found.path), is_away: false, newest })
}

/// A history that only this computer knows of, if its copy can be read.
fn away(id: Uuid, place: Option<&String>) -> Option<Known> {
    let path = place.and_then(|text| RelPath::decode(text).ok()).map(|path| path.to_absolute());
    let known = Known { id, path, is_away: true, newest: None };
    let history = known.target().ok()??.open_history(&Monitor::new()).ok()?;
    let snapshots = history.snapshots().ok()?;
    let newest = Some(snapshots.last()?.started);
    Some(Known { newest, is_away: history.is_away(), ..known })
}

/// The repositories whose index this computer has a copy of.
fn copies() -> Vec<Uuid> {
    let folder = places::history_dir(Uuid::nil());
    let entries = folder.parent().and_then(|above| std::fs::read_dir(above).ok());
    let entries = entries.into_iter().flatten().flatten();
    let mut ids: Vec<Uuid> = entries
        .filter_map(|entry| Uuid::parse_str(entry.file_name().to_str()?).ok())
        .take(DRIVES_MAX)
        .collect();
    ids.sort();
    ids
}

fn file() -> PathBuf {
    places::state_dir().join("drives.json")
}

/// Where repositories were seen, encoded; anything unreadable is as good as nothing.
fn read(path: &Path) -> BTreeMap<Uuid, String> {
    let is_short = std::fs::metadata(path).is_ok_and(|meta| meta.len() <= LIMIT_BYTES);
    let text = is_short.then(|| std::fs::read(path).ok()).flatten();
    text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_no_drive() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("drives.json");
        for text in ["", "7", "{\"here\":\"media\"}"] {
            std::fs::write(&file, text).unwrap();
            assert!(read(&file).is_empty(), "{text}");
        }
        let id = Uuid::from_u128(7);
        std::fs::write(&file, format!("{{\"{id}\":\"../up\"}}")).unwrap();
        let places = read(&file);
        assert_eq!((places.len(), away(id, places.get(&id))), (1, None));
    }

    #[test]
    fn another_history_is_only_looked_at() {
        let path = PathBuf::from("/media/ann/Office disk/Yore/ann@office");
        let id = Uuid::from_u128(7);
        let known = Known { id, path: Some(path.clone()), is_away: true, newest: None };
        let target = known.target().unwrap().unwrap();
        assert_eq!((target.repository_path, target.repository_id), (path.clone(), Some(id)));
        assert!(target.sources.is_empty());
        let remembered = place(&known).unwrap().1;
        assert_eq!(RelPath::decode(&remembered).unwrap().to_absolute(), path);
    }
}
