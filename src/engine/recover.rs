//! Opening for writing: the lock, the probe, and putting right whatever a crash or a hand left behind.
//!
//! Everything here can be done again without harm, and nothing here removes a committed snapshot.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::adopt;
use super::census::Census;
use super::dir::{Dir, descriptor_path};
use super::error::{Error, Result};
use super::index::{
    self, INDEX_NAME, Index, LocalCopy, SnapshotRow, SnapshotState, StateChange, Twin,
};
use super::leftover::Leftover;
use super::lock::Lock;
use super::mend;
use super::meta::Kind;
use super::monitor::{Event, Monitor, Phase};
use super::probe;
use super::repository::Repository;
use super::salvage::salvage;
use super::snapshot::{Snapshot, is_snapshot_name};
use super::trash;

/// What the names of an index's files end with.
const INDEX_FILES: [&str; 4] = ["", "-journal", "-wal", "-shm"];

/// A repository that is open for writing, locked and recovered.
#[derive(Debug)]
pub struct Writer {
    /// The repository.
    pub repository: Repository,
    /// Its index, the drive's and this computer's copy.
    pub index: Twin,
    /// What an interrupted run left for the next one.
    pub leftover: Option<Leftover>,
    _lock: Lock,
}

impl Writer {
    /// Locks the repository, checks that its drive can be written to, and recovers it; `local` says where this
    /// computer's copy of the index is kept, if one is.
    pub fn open(
        repository: Repository,
        euid: u32,
        unsafe_drive: bool,
        local: Option<LocalCopy>,
        monitor: &Monitor,
    ) -> Result<Self> {
        monitor.enter(Phase::Opening);
        let mut repository = adopt::finish(repository, euid, monitor)?;
        let lock = repository.lock_for_writing(euid)?;
        adopt::tidy(&repository)?;
        if !unsafe_drive {
            probe::check_kind(repository.dir(), repository.path())?;
        }
        probe::remove_leftovers(repository.dir())
            .map_err(|errno| Error::drive("tidy up", repository.path(), errno))?;
        let found = probe::probe(repository.dir(), repository.path())?;
        let wanted = repository.marker().capabilities;
        if (wanted.acls && !found.acls) || (wanted.reflink && !found.reflink) {
            return Err(Error::DriveReadOnly(repository.path().to_owned()));
        }
        mend::finish(&repository, monitor)?;
        let leftover = Leftover::gather(&repository, monitor)?;
        let (index, is_new) = open_index(&repository, local.as_ref(), monitor)?;
        let index = Twin::new(index, local);
        let mut writer = Self { repository, index, leftover, _lock: lock };
        match writer.reconcile(monitor) {
            Err(error) if index::concerns_index(&error) => writer.mend(&error, monitor)?,
            outcome if is_new => writer.unless_unfinished(outcome)?,
            outcome => outcome?,
        }
        writer.index.follow(monitor);
        Ok(writer)
    }

    /// Makes the index again since `error` says that it is broken: from this computer's copy, else from the trees.
    pub fn mend(&mut self, error: &Error, monitor: &Monitor) -> Result<()> {
        let reason = match error {
            Error::Index { source, .. } => source.to_string(),
            other => other.to_string(),
        };
        move_aside(&self.repository)?;
        let (index, is_new) = make_index(&self.repository, self.index.place(), reason, monitor)?;
        self.index.replace_drive(index);
        let outcome = self.reconcile(monitor);
        if is_new {
            self.unless_unfinished(outcome)?;
        } else {
            outcome?;
        }
        self.index.follow(monitor);
        Ok(())
    }

    /// Removes an index that could not be made to its end: readers would believe that it knows everything.
    fn unless_unfinished(&self, outcome: Result<()>) -> Result<()> {
        if outcome.is_err() {
            // If that fails too, the drive has gone, and the error says so.
            let _ = move_aside(&self.repository);
        }
        outcome
    }

    /// Makes the index again from the trees.
    pub fn rebuild(&mut self, monitor: &Monitor) -> Result<()> {
        let path = index_path(&self.repository)?;
        move_aside(&self.repository)?;
        self.index.replace_drive(Index::create(&path, self.repository.marker().id)?);
        let outcome = self.reconcile(monitor);
        self.unless_unfinished(outcome)?;
        self.index.follow(monitor);
        Ok(())
    }

    /// The number that the next snapshot gets: never one that was used.
    pub fn next_seq(&self) -> Result<u64> {
        let newest = self.index.numbers()?.last().copied().unwrap_or(0);
        Ok(self.repository.marker().next_seq.max(newest + 1))
    }

    /// Makes the index agree with what is on the drive.
    fn reconcile(&mut self, monitor: &Monitor) -> Result<()> {
        trash::finish(self, monitor)?;
        let in_trash: HashSet<String> = trash::names(&self.repository)?.into_iter().collect();
        let names = snapshot_names(&self.repository)?;
        let on_drive: HashSet<&String> = names.iter().collect();
        let rows = self.index.snapshots()?;
        let is_there = |row: &SnapshotRow| on_drive.contains(&row.name);
        let mut changes = Vec::new();
        for row in rows.iter().filter(|row| !is_there(row) && !in_trash.contains(&row.name)) {
            monitor.emit(&Event::SnapshotMissing { name: row.name.clone() });
            if row.state != SnapshotState::Missing {
                changes.push(StateChange { seq: row.seq, state: SnapshotState::Missing });
            }
        }
        let newest = rows.iter().rev().find(|row| is_there(row));
        let came_back = rows.iter().filter(|row| {
            is_there(row)
                && row.state == SnapshotState::Missing
                && newest.is_none_or(|newest| newest.seq != row.seq)
        });
        for row in newest.into_iter().chain(came_back) {
            changes.extend(self.check_seal(row, monitor)?);
        }
        self.index.set_states(&changes)?;
        let known: HashSet<&String> = rows.iter().map(|row| &row.name).collect();
        self.import_all(names.iter().filter(|name| !known.contains(name)), &rows, monitor)
    }

    /// Looks at the seal of the snapshot that the next one links to.
    fn check_seal(&self, row: &SnapshotRow, monitor: &Monitor) -> Result<Option<StateChange>> {
        let Some(snapshot) = Snapshot::open(&self.repository, &row.name)? else { return Ok(None) };
        let damage = match snapshot.read_seal() {
            Ok(seal) if seal.id == row.id => match row.state {
                SnapshotState::Good => return Ok(None),
                _ => snapshot.read_overrides(&seal).map(drop),
            },
            Ok(_) => Err("its seal is another's".to_owned()),
            Err(bad) => Err(bad.to_string()),
        };
        let state = match damage {
            Ok(()) => SnapshotState::Good,
            Err(reason) => {
                monitor.emit(&Event::SnapshotDamaged { name: row.name.clone(), reason });
                SnapshotState::Damaged
            }
        };
        Ok(Some(StateChange { seq: row.seq, state }))
    }

    /// Takes in the snapshots that the index doesn't know, oldest first.
    fn import_all<'a>(
        &mut self,
        names: impl Iterator<Item = &'a String>,
        rows: &[SnapshotRow],
        monitor: &Monitor,
    ) -> Result<()> {
        let numbers = self.index.numbers()?;
        let newest = numbers.last().copied().unwrap_or(0);
        let mut census = Census::take(&self.repository, names, rows, &numbers)?;
        // One that could not be taken in before is left alone until the index is made again for another reason.
        census.set_aside(&self.index.unusable()?);
        if newest > 0 && census.usable.first().is_some_and(|found| found.seal.seq <= newest) {
            // An index that lacks something in the middle can't be mended, only made again.
            return self.rebuild(monitor);
        }
        let scratch = self.repository.folder("stage")?;
        let taken = census.take_in(self.index.drive_mut(), &self.repository, &scratch, monitor)?;
        for name in taken.recovered {
            monitor.emit(&Event::SnapshotRecovered { name });
        }
        self.index.set_unusable(&taken.unusable)
    }
}

/// Makes an index of a repository that can't be written to, at `path`, where nothing may be.
pub fn build_index(repository: &Repository, path: &Path, monitor: &Monitor) -> Result<Index> {
    monitor.enter(Phase::Rebuilding);
    let folder = path.parent().unwrap_or(Path::new("/"));
    let scratch = Dir::open(folder).map_err(|errno| Error::io("open", folder, errno))?;
    let mut index = Index::create(path, repository.marker().id)?;
    let names = snapshot_names(repository)?;
    let census = Census::take(repository, names.iter(), &[], &[])?;
    let taken = census.take_in(&mut index, repository, &scratch, monitor)?;
    index.set_unusable(&taken.unusable)?;
    Ok(index)
}

/// Where SQLite finds the index of a repository: below the folder that is held, not the one that was named.
pub fn index_path(repository: &Repository) -> Result<PathBuf> {
    use std::os::fd::AsFd as _;
    let held = descriptor_path(repository.dir().as_fd());
    let folder =
        std::fs::read_link(&held).map_err(|source| Error::io("find", repository.path(), source))?;
    Ok(folder.join(INDEX_NAME))
}

/// The names of all committed snapshots.
pub fn snapshot_names(repository: &Repository) -> Result<Vec<String>> {
    let names = repository
        .folder("snapshots")?
        .names()
        .map_err(|errno| Error::drive("list", &repository.path().join("snapshots"), errno))?;
    Ok(names
        .into_iter()
        .filter(|name| is_snapshot_name(name))
        .filter_map(|name| String::from_utf8(name.into_vec()).ok())
        .collect())
}

/// Opens the drive's index, or makes one; whether that is empty is told.
fn open_index(
    repository: &Repository,
    local: Option<&LocalCopy>,
    monitor: &Monitor,
) -> Result<(Index, bool)> {
    let path = index_path(repository)?;
    if names_other_file(repository.dir()) {
        move_aside(repository)?;
    }
    if let Some(index) = open_drive(repository, Index::open)?
        && index.head().is_ok_and(|head| head.repository == repository.marker().id)
    {
        return Ok((index, false));
    }
    let failed = |errno| Error::drive("examine", &path, errno);
    let was_there = repository.dir().has(INDEX_NAME.as_bytes()).map_err(failed)?;
    // Even alone, a journal would be played back into the next index.
    move_aside(repository)?;
    if was_there {
        let reason = "it was damaged or made by another version".to_owned();
        make_index(repository, local, reason, monitor)
    } else if snapshot_names(repository)?.is_empty() {
        Ok((Index::create(&path, repository.marker().id)?, true))
    } else {
        make_index(repository, local, "it was missing".to_owned(), monitor)
    }
}

/// Makes the drive's index anew, from this computer's copy or empty; whether it is empty is told.
fn make_index(
    repository: &Repository,
    local: Option<&LocalCopy>,
    reason: String,
    monitor: &Monitor,
) -> Result<(Index, bool)> {
    match local.map_or(Ok(None), |local| salvage(repository, local, monitor)) {
        Ok(Some(index)) => {
            monitor.emit(&Event::IndexSalvaged { reason });
            return Ok((index, false));
        }
        Err(Error::Cancelled) => return Err(Error::Cancelled),
        // The trees have it all, whatever is wrong with the copy.
        Ok(None) | Err(_) => {
            if repository.dir().has(INDEX_NAME.as_bytes()).unwrap_or(false) {
                move_aside(repository)?;
            }
        }
    }
    monitor.emit(&Event::IndexRebuilt { reason });
    Ok((Index::create(&index_path(repository)?, repository.marker().id)?, true))
}

/// Opens the drive's index by `open`; `None` if that isn't to be used.
///
/// One that keeps a log was not made by Yore for a drive: opening it, even for reading, would write files beside it.
pub fn open_drive(
    repository: &Repository,
    open: impl FnOnce(&Path) -> Result<Option<Index>>,
) -> Result<Option<Index>> {
    /// Where the header says by which version of the file format it is written and read.
    const VERSIONS_AT: u64 = 18;
    const WITH_LOG: u8 = 2;
    // SQLite would wait for who writes into a pipe, go where a link leads, and as root even give a journal away.
    if !INDEX_FILES.iter().all(|suffix| is_plain_or_nothing(repository.dir(), suffix)) {
        return Ok(None);
    }
    let mut versions = [0; 2];
    let opened = repository.dir().open_file(INDEX_NAME.as_bytes());
    let read = opened.and_then(|(file, _)| rustix::io::pread(&file, &mut versions, VERSIONS_AT));
    match read {
        Ok(_) if versions.contains(&WITH_LOG) => Ok(None),
        Ok(_) | Err(_) => open(&index_path(repository)?),
    }
}

/// Whether the index's file with this ending is a plain one without another name, or isn't there.
fn is_plain_or_nothing(dir: &Dir, suffix: &str) -> bool {
    match dir.stat_child(format!("{INDEX_NAME}{suffix}").as_bytes()) {
        Ok(stat) => {
            Kind::from_mode(u32::from(stat.stx_mode)) == Some(Kind::File) && stat.stx_nlink == 1
        }
        Err(errno) => errno == Errno::NOENT,
    }
}

/// Whether a journal lies beside the index that names another file, which SQLite would delete.
///
/// Yore never joins databases in one transaction, so such a journal is forged. Anything but a plain file is, too.
fn names_other_file(dir: &Dir) -> bool {
    const MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
    let name = format!("{INDEX_NAME}-journal");
    let (journal, stat) = match dir.open_file(name.as_bytes()) {
        Ok(opened) => opened,
        Err(errno) => return errno != Errno::NOENT,
    };
    let mut tail = [0; 8];
    let at = stat.stx_size.saturating_sub(tail.len() as u64);
    let read = rustix::io::pread(&journal, &mut tail, at);
    // A journal's own beginning has the same mark; only one at the end of more than that names a file.
    read == Ok(tail.len()) && at > 0 && tail == MAGIC
}

/// Puts an index that can't be used out of the way, and then the journal that belongs to it: without that, it would look sound.
fn move_aside(repository: &Repository) -> Result<()> {
    let dir = repository.dir();
    let failed = |errno| Error::drive("move aside the index of", repository.path(), errno);
    remove_old_index(repository)?;
    for suffix in INDEX_FILES {
        let name = format!("{INDEX_NAME}{suffix}");
        let aside = format!("{INDEX_NAME}.old{suffix}");
        match dir.rename_to(name.as_bytes(), dir, aside.as_bytes()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(failed(errno)),
        }
    }
    Ok(())
}

/// Removes an index that was put out of the way.
pub fn remove_old_index(repository: &Repository) -> Result<()> {
    let dir = repository.dir();
    for suffix in INDEX_FILES {
        match dir.unlink(format!("{INDEX_NAME}.old{suffix}").as_bytes()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => {
                return Err(Error::drive("remove an old index of", repository.path(), errno));
            }
        }
    }
    Ok(())
}

/// Removes the stage `name`.
pub fn discard_stage(repository: &Repository, name: &str) -> Result<()> {
    let stage = repository.folder("stage")?;
    super::remove::remove_tree(&stage, name.as_bytes()).map_err(|errno| {
        Error::drive("remove an unfinished snapshot from", repository.path(), errno)
    })
}
