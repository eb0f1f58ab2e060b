//! What lies on a drive that was made on another computer, or by somebody else: each repository with its person, its
//! newest snapshot, and what it takes to go on with it here.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::error::{Error, Result};
use super::setup::candidate_drives;
use super::target::identity;
use super::text::quoted;
use crate::engine::adopt::{self, Candidate};
use crate::engine::error::Error as EngineError;
use crate::engine::path::display;
use crate::engine::recover::snapshot_names;
use crate::engine::repository::{Repository, YORE_DIR};
use crate::engine::snapshot::started_of;

/// A repository that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its folder.
    pub path: PathBuf,
    /// Whose it is, as its folder is called.
    pub name: String,
    /// How this person can use it.
    pub access: Access,
}

/// How a repository can be used by whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// It can be looked at, and gone on with.
    Open {
        /// It is already this person's on this computer.
        is_here: bool,
        /// How many snapshots lie in it.
        snapshots: u64,
        /// When the newest was made.
        newest: Option<Timestamp>,
    },
    /// Another user's: root gives it to this person by this command.
    ByRoot {
        /// What to type.
        command: String,
    },
}

/// The repositories on every drive that is attached.
pub fn on_drives() -> Vec<Found> {
    candidate_drives().iter().flat_map(|drive| at(drive).unwrap_or_default()).collect()
}

/// The repositories on the drive or in the folder `place`, which may be one itself.
///
/// # Errors
/// There is none, or the folder can't be read.
pub fn at(place: &Path) -> Result<Vec<Found>> {
    let is_ours = place.file_name().is_some_and(|name| name == YORE_DIR);
    let drive = place.parent().filter(|_| is_ours).unwrap_or(place);
    let mut all = adopt::candidates(drive)?;
    if all.is_empty() {
        all.push(itself(place)?);
    }
    Ok(all.into_iter().map(found).collect())
}

/// The one that lies at `place`.
fn itself(place: &Path) -> Result<Candidate> {
    match Repository::open(place, None) {
        Ok(repository) => {
            let (path, marker) = (place.to_owned(), repository.marker().clone());
            Ok(Candidate { path, owner: marker.euid, marker: Some(marker) })
        }
        Err(EngineError::OtherOwner { path, owner, .. }) => {
            Ok(Candidate { path, owner, marker: None })
        }
        Err(_) => Err(Error::Engine(EngineError::NotRepository(place.to_owned()))),
    }
}

fn found(candidate: Candidate) -> Found {
    let me = identity();
    let Candidate { path, marker, .. } = candidate;
    let name = display(path.file_name().unwrap_or_default().as_bytes());
    let access = match marker.filter(|marker| marker.euid == me.euid) {
        Some(marker) => {
            let names = Repository::open(&path, Some(marker.id)).ok();
            let names = names.and_then(|open| snapshot_names(&open).ok()).unwrap_or_default();
            Access::Open {
                is_here: marker.is_of(&me),
                snapshots: names.len() as u64,
                newest: names.iter().filter_map(|name| started_of(name)).max(),
            }
        }
        None => Access::ByRoot {
            command: format!(
                "sudo yore adopt --repository {} --for {}",
                quoted(&path),
                quoted(Path::new(&me.user))
            ),
        },
    };
    Found { path, name, access }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::repository::Identity;

    #[test]
    fn repositories_are_found_from_the_drive_down_to_themselves() {
        let drive = tempfile::tempdir().unwrap();
        assert!(at(drive.path()).is_err());
        let other = Identity { host: "old".into(), machine_id: b"other".into(), ..identity() };
        let mine = Repository::create(drive.path(), &identity(), true).unwrap();
        let theirs = Repository::create(drive.path(), &other, true).unwrap();

        for place in [drive.path(), &drive.path().join(YORE_DIR)] {
            let mut seen: Vec<_> =
                at(place).unwrap().into_iter().map(|it| (it.path, it.access)).collect();
            seen.sort_by_key(|(path, _)| path != mine.path());
            let open = |is_here| Access::Open { is_here, snapshots: 0, newest: None };
            let wanted =
                [(mine.path().to_owned(), open(true)), (theirs.path().to_owned(), open(false))];
            assert_eq!(seen, wanted);
        }
        assert_eq!(at(theirs.path()).unwrap().len(), 1);
    }
}
