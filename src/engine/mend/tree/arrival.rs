//! What is brought back gets its place: journaled, by one rename each, and never over anything but what was looked at.

use std::collections::HashMap;
use std::time::Duration;

use rustix::io::Errno;

use super::task::Task;
use super::wanted::WantedEntry;
use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::mend::GoodCopy;
use crate::engine::mend::failure::{MendFailure, failed, of_name};
use crate::engine::mend::finish::lock_out_readers;
use crate::engine::mend::journal::{self, Step};
use crate::engine::mend::known::Known;
use crate::engine::mend::survey::Name;
use crate::engine::mend::swap::{mtime_of, put_back_folders};
use crate::engine::meta::{ContentHash, FileTime, Kind};
use crate::engine::monitor::Monitor;
use crate::engine::repository::Repository;

/// What stands for the entries of a folder that is itself brought back: of such a line only the folder counts.
const ANY_NAME: &[u8] = b"any";

/// Mode and mtime of a folder.
type Look = (u32, FileTime);

/// An entry that was made in the stage.
pub(super) struct Arrival<'a> {
    pub task: &'a Task,
    /// Its number in the stage.
    pub number: u32,
    /// The altered inode that it takes the place of; `None` if the entry is lost.
    pub altered: Option<u64>,
    /// What it was made from; `None` of a folder.
    pub from: Option<GoodCopy>,
}

impl Arrival<'_> {
    /// What the journal says of it: its folder, and itself if it is one.
    fn steps(&self, (mode, mtime): Look) -> Vec<Step> {
        let hash = self.task.wanted.state.hash.unwrap_or(ContentHash([0; 32]));
        let step = |name, (mode, mtime): Look| Step {
            hash,
            inode: 0,
            staged: self.number,
            name,
            made: None,
            mtime,
            mode,
        };
        let mut steps = vec![step(self.task.name.clone(), (mode, mtime))];
        if self.task.wanted.kind() == Kind::Directory {
            let path = self.task.name.path.join(ANY_NAME);
            let meta = self.task.wanted.inode_meta();
            steps.push(step(Name { path, ..self.task.name.clone() }, (meta.mode, meta.mtime)));
        }
        steps
    }

    /// Moves it to its place; `false` if that is not as it was looked at.
    fn move_in(&self, stage: &Dir, folder: &Dir, mode: u32) -> rustix::io::Result<bool> {
        let Some(name) = self.task.name.path.name() else { return Ok(false) };
        if u32::from(folder.stat()?.stx_mode) & 0o300 != 0o300 {
            folder.set_mode(mode | 0o700)?;
        }
        let staged = self.number.to_string().into_bytes();
        let moved = match self.altered {
            None => stage.rename_to(&staged, folder, name),
            Some(inode) if folder.stat_child(name)?.stx_ino == inode => {
                stage.rename_over(&staged, folder, name)
            }
            Some(_) => return Ok(false),
        };
        match moved {
            Ok(()) => Ok(true),
            // Something is there now: it stays.
            Err(Errno::EXIST | Errno::NOTEMPTY | Errno::ISDIR | Errno::NOTDIR) => Ok(false),
            Err(errno) => Err(errno),
        }
    }
}

/// Moves what was made to its places, and gives the folders concerned the mode and time that they should have. Says of
/// each why it is not there now, if it is not.
///
/// # Errors
/// Someone went on reading, or a stop: then nothing was moved. The drive is gone or full: then the journal tells of what is
/// still to be done.
pub(super) fn move_all_in(
    repository: &Repository,
    known: &Known<'_>,
    stage: &Dir,
    arrivals: &[Arrival<'_>],
    (patience, monitor): (Duration, &Monitor),
) -> Result<Vec<Option<MendFailure>>> {
    let mut looks: HashMap<Name, Look> = HashMap::new();
    let mut steps = Vec::new();
    for arrival in arrivals {
        let Some(parent) = parent_of(&arrival.task.name) else { continue };
        let look = match looks.get(&parent) {
            Some(look) => *look,
            None => wanted_look(repository, known, arrival, &parent)?,
        };
        looks.insert(parent, look);
        steps.extend(arrival.steps(look));
    }
    let lock = lock_out_readers(repository, patience, monitor)?;
    journal::write(repository, &steps).map_err(|errno| failed(repository, errno))?;
    let mut moved = Vec::new();
    for arrival in arrivals {
        let look = parent_of(&arrival.task.name).and_then(|parent| looks.get(&parent).copied());
        let outcome = match (arrival.task.name.folder(repository), look) {
            (Ok(Some(folder)), Some((mode, _))) => arrival.move_in(stage, &folder, mode),
            (Err(errno), _) => Err(errno),
            _ => Ok(false),
        };
        moved.push(match outcome {
            Ok(true) => None,
            Ok(false) => Some(MendFailure::Changed),
            Err(errno) => Some(of_name(repository, errno)?),
        });
    }
    let altered = put_back_folders(repository, &steps)?;
    repository.dir().sync_file_system().map_err(|errno| failed(repository, errno))?;
    if let Some(errno) = altered {
        // The next opening tries again.
        return Err(failed(repository, errno));
    }
    journal::clear(repository).map_err(|errno| failed(repository, errno))?;
    drop(lock);
    Ok(moved)
}

fn parent_of(name: &Name) -> Option<Name> {
    Some(Name { path: name.path.parent()?, ..name.clone() })
}

/// What a folder should look like; a source's own and those above the sources, of which no digest tells, as they do now.
fn wanted_look(
    repository: &Repository,
    known: &Known<'_>,
    arrival: &Arrival<'_>,
    parent: &Name,
) -> Result<Look> {
    let source = &arrival.task.source;
    let is_sealed = parent.path.is_within(source) && parent.path != *source;
    if let Some(state) = if is_sealed { known.state_of(parent)? } else { None } {
        let meta = WantedEntry::new(state, arrival.task.wanted.owner).inode_meta();
        return Ok((meta.mode, meta.mtime));
    }
    let folder = arrival.task.name.folder(repository);
    let stat = folder.and_then(|folder| folder.ok_or(Errno::NOENT)?.stat());
    let stat = stat.map_err(|errno| failed(repository, errno))?;
    Ok((u32::from(stat.stx_mode) & 0o7777, mtime_of(&stat)))
}
