//! The index that a history reads from: this computer's copy, else the drive's, else one made in passing from the
//! trees. Never writes to the drive's.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::error::{Error, Result};
use super::index::{Built, Index, LocalCopy, SnapshotState, concerns_index, is_busy};
use super::lock::{Lock, LockKind};
use super::monitor::Monitor;
use super::recover::{build_index, open_drive, snapshot_names};
use super::repository::Repository;

/// An index for reading, and what there is to do if it turns out to be rotten.
#[derive(Debug)]
pub struct Reader {
    index: RefCell<Index>,
    origin: Cell<Origin>,
    repository: Uuid,
    place: Option<LocalCopy>,
    /// Where a passing index is made if it must be.
    scratch: PathBuf,
    passing: RefCell<Option<Passing>>,
}

/// Which index is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Local,
    Drive,
    Trees,
}

/// A passing index, removed with the reader that it was made for.
#[derive(Debug)]
struct Passing(PathBuf);

impl Drop for Passing {
    fn drop(&mut self) {
        // What can't be removed lies in a folder of ours and does no harm.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The drive's index at a glance.
enum Glance {
    Usable(Index),
    /// Someone is writing to it.
    Busy,
    /// Missing, broken, of another version, or with a journal that only a writer may play back.
    Unusable,
}

fn glance(repository: &Repository) -> Result<Glance> {
    let opened = open_drive(repository, Index::open_at_once);
    let looked = opened.and_then(|index| {
        let index = index.map(|index| Ok((index.head()?, index)));
        index.transpose()
    });
    match looked {
        Ok(Some((head, index))) if head.repository == repository.marker().id => {
            Ok(Glance::Usable(index))
        }
        Err(error) if is_busy(&error) => Ok(Glance::Busy),
        Ok(_) | Err(Error::Index { .. }) => Ok(Glance::Unusable),
        Err(error) => Err(error),
    }
}

/// Whether a writer would have nothing to put right: the drive's index is sound and knows what became of every
/// snapshot, or is just being written to.
pub fn is_current(repository: &Repository) -> bool {
    match (glance(repository), snapshot_names(repository)) {
        (Ok(Glance::Usable(index)), Ok(names)) => {
            gap(&index, &names).map_or_else(|error| is_busy(&error), |gap| gap == 0)
        }
        (Ok(Glance::Busy), _) => true,
        _ => false,
    }
}

/// Of how many snapshots an index doesn't know what became of them; `names` are those on the drive.
fn gap(index: &Index, names: &[String]) -> Result<usize> {
    let (rows, unusable) = (index.snapshots()?, index.unusable()?);
    let known: HashSet<&String> = rows.iter().map(|row| &row.name).chain(&unusable).collect();
    let there: HashSet<&String> = names.iter().collect();
    let unknown = names.iter().filter(|name| !known.contains(name)).count();
    let believed = rows.iter().filter(|row| row.state != SnapshotState::Missing);
    Ok(unknown + believed.filter(|row| !there.contains(&row.name)).count())
}

impl Reader {
    /// Chooses the index of an attached repository.
    ///
    /// Where it must be made again from the trees, it becomes this computer's copy if there may be one, else a
    /// passing one at `scratch`, where nothing may be.
    pub fn open(
        repository: &Repository,
        place: Option<LocalCopy>,
        scratch: &Path,
        monitor: &Monitor,
    ) -> Result<Self> {
        let reader = |index, origin, passing| Self {
            index: RefCell::new(index),
            origin: Cell::new(origin),
            repository: repository.marker().id,
            place: place.clone(),
            scratch: scratch.to_owned(),
            passing: RefCell::new(passing),
        };
        let names = snapshot_names(repository)?;
        let local = place.as_ref().and_then(|place| place.open_read_only(repository.marker().id));
        let gap_of_local = local.as_ref().and_then(|local| gap(local, &names).ok());
        let local = local.filter(|_| gap_of_local.is_some());
        // While a run is at work, what it has just committed is known in a moment.
        let is_at_work = Lock::is_held(repository.dir(), LockKind::Writer);
        match glance(repository)? {
            Glance::Usable(drive) => {
                match choose(&drive, local, gap_of_local, &names, is_at_work) {
                    Choice::Local(local) => return Ok(reader(local, Origin::Local, None)),
                    Choice::Drive(local) => {
                        let place = place.as_ref();
                        let (index, origin) = read_drive(repository, drive, local, place, monitor)?;
                        return Ok(reader(index, origin, None));
                    }
                    Choice::Neither => {}
                }
            }
            Glance::Busy => match local {
                Some(local) => return Ok(reader(local, Origin::Local, None)),
                None => match open_drive(repository, Index::open_read_only) {
                    Ok(Some(drive)) => return Ok(reader(drive, Origin::Drive, None)),
                    Err(error) if is_busy(&error) => return Err(error),
                    Ok(None) | Err(_) => {}
                },
            },
            Glance::Unusable => {
                if let Some(local) = local.filter(|_| gap_of_local == Some(0)) {
                    return Ok(reader(local, Origin::Local, None));
                }
            }
        }
        let (index, origin, passing) = build(repository, place.as_ref(), scratch, monitor)?;
        Ok(reader(index, origin, passing))
    }

    /// Opens this computer's copy of a repository that is out of reach; `None` if there is none.
    pub fn open_away(repository: Uuid, place: LocalCopy) -> Option<Self> {
        let index = place.open_read_only(repository)?;
        Some(Self {
            index: RefCell::new(index),
            origin: Cell::new(Origin::Local),
            repository,
            place: Some(place),
            scratch: PathBuf::new(),
            passing: RefCell::default(),
        })
    }

    /// Asks a whole question; if a rotten page is met, the next best index is taken and asked anew.
    pub fn ask<T>(
        &self,
        repository: Option<&Repository>,
        question: impl Fn(&Index) -> Result<T>,
    ) -> Result<T> {
        loop {
            let answer = question(&self.index.borrow());
            match answer {
                Err(error) if concerns_index(&error) && self.replace(repository)? => {}
                Err(error) if concerns_index(&error) && repository.is_none() => {
                    return Err(Error::CopyDamaged(self.index.borrow().path().to_owned()));
                }
                answer => return answer,
            }
        }
    }

    /// Takes the next best index; `false` if there is none.
    fn replace(&self, repository: Option<&Repository>) -> Result<bool> {
        // Without the drive the rest of a rotten copy is better than nothing.
        let Some(repository) = repository.filter(|_| self.origin.get() != Origin::Trees) else {
            return Ok(false);
        };
        if let (Origin::Local, Some(place)) = (self.origin.get(), &self.place) {
            // It may only have been replaced: then it is the new one's turn.
            let newest = place.open_read_only(self.repository);
            if let Some(newest) = newest.filter(|it| it.path() != self.index.borrow().path()) {
                self.index.replace(newest);
                return Ok(true);
            }
            place.remove();
        }
        // The drive's may have been replaced, too.
        let is_another = |drive: &Index| {
            self.origin.get() == Origin::Local
                || drive.head().ok() != self.index.borrow().head().ok()
        };
        if let Ok(Some(drive)) = open_drive(repository, Index::open_read_only)
            && is_another(&drive)
        {
            self.index.replace(drive);
            self.origin.set(Origin::Drive);
            return Ok(true);
        }
        let passing = Passing(self.scratch.clone());
        self.index.replace(build_index(repository, &self.scratch, &Monitor::new())?);
        self.passing.replace(Some(passing));
        self.origin.set(Origin::Trees);
        Ok(true)
    }
}

/// Which of two usable indexes is better.
enum Choice {
    Local(Index),
    /// The drive's; this computer's copy has to be made again.
    Drive(Option<Index>),
    /// Both lack something, or can't be read.
    Neither,
}

fn choose(
    drive: &Index,
    local: Option<Index>,
    gap_of_local: Option<usize>,
    names: &[String],
    is_at_work: bool,
) -> Choice {
    match (gap(drive, names), local, gap_of_local) {
        (Ok(gap_of_drive), _, gap_of_local)
            if gap_of_drive > 0 && gap_of_local != Some(0) && !is_at_work =>
        {
            Choice::Neither
        }
        (Ok(gap_of_drive), Some(local), Some(gap_of_local)) => {
            let is_closer = gap_of_local < gap_of_drive;
            if is_closer || (gap_of_local == gap_of_drive && local.equals(drive).unwrap_or(false)) {
                Choice::Local(local)
            } else {
                Choice::Drive(Some(local))
            }
        }
        (Ok(_), local, _) => Choice::Drive(local),
        (Err(error), Some(local), Some(gap)) if gap == 0 || is_busy(&error) => Choice::Local(local),
        (Err(error), ..) if is_busy(&error) => Choice::Drive(None),
        _ => Choice::Neither,
    }
}

/// Makes this computer's copy again from the drive's index, or reads the drive's itself where there may be none.
/// While someone writes to the drive's, `local` is taken as it is.
fn read_drive(
    repository: &Repository,
    drive: Index,
    local: Option<Index>,
    place: Option<&LocalCopy>,
    monitor: &Monitor,
) -> Result<(Index, Origin)> {
    if local.is_none() {
        drive.wait_from_now_on()?;
    }
    let made = match place.map(|place| (place, place.make(&drive, monitor))) {
        Some((place, Ok(Some(())))) => place.open_read_only(repository.marker().id),
        Some((_, Err(Error::Cancelled))) => return Err(Error::Cancelled),
        Some((_, Err(error))) if is_busy(&error) => local,
        _ => None,
    };
    if let Some(local) = made {
        return Ok((local, Origin::Local));
    }
    drive.wait_from_now_on()?;
    Ok((drive, Origin::Drive))
}

/// Makes an index from the trees, to be kept as this computer's copy if there may be one.
fn build(
    repository: &Repository,
    place: Option<&LocalCopy>,
    scratch: &Path,
    monitor: &Monitor,
) -> Result<(Index, Origin, Option<Passing>)> {
    let kept = place.map(|place| place.build(|path| build_index(repository, path, monitor)));
    match kept {
        Some(Ok(Built::Kept(index))) => return Ok((index, Origin::Trees, None)),
        Some(Ok(Built::Passing(index))) => {
            let passing = Passing(index.path().to_owned());
            return Ok((index, Origin::Trees, Some(passing)));
        }
        Some(Err(Error::Cancelled)) => return Err(Error::Cancelled),
        Some(Err(_)) | None => {}
    }
    let passing = Passing(scratch.to_owned());
    Ok((build_index(repository, scratch, monitor)?, Origin::Trees, Some(passing)))
}
