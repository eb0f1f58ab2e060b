//! Opening for writing: the lock, the probe, and putting right whatever a crash or a hand left behind.
//!
//! Everything here can be done again without harm, and nothing here removes a committed snapshot.

use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::dir::{Dir, descriptor_path};
use super::error::{Error, Result};
use super::index::{self, INDEX_NAME, Imported, Index, SnapshotState, StateChange};
use super::leftover::Leftover;
use super::lock::Lock;
use super::monitor::{Event, Monitor, Phase};
use super::probe;
use super::repository::Repository;
use super::seal::Seal;
use super::snapshot::{Snapshot, is_snapshot_name};

/// A repository that is open for writing, locked and recovered.
#[derive(Debug)]
pub struct Writer {
    /// The repository.
    pub repository: Repository,
    /// Its index.
    pub index: Index,
    /// What an interrupted run left for the next one.
    pub leftover: Option<Leftover>,
    _lock: Lock,
}

impl Writer {
    /// Locks the repository, checks that its drive can be written to, and recovers it.
    pub fn open(
        repository: Repository,
        euid: u32,
        unsafe_drive: bool,
        monitor: &Monitor,
    ) -> Result<Self> {
        monitor.enter(Phase::Opening);
        let lock = repository.lock_for_writing(euid)?;
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
        let leftover = Leftover::gather(&repository, monitor)?;
        let index = open_index(&repository, monitor)?;
        let mut writer = Self { repository, index, leftover, _lock: lock };
        match writer.reconcile(monitor) {
            Err(Error::Index { source, .. }) if index::is_missing_or_broken(&source) => {
                monitor.emit(&Event::IndexRebuilt { reason: source.to_string() });
                writer.rebuild(monitor)?;
            }
            outcome => outcome?,
        }
        Ok(writer)
    }

    /// Makes the index again from the trees.
    pub fn rebuild(&mut self, monitor: &Monitor) -> Result<()> {
        let path = index_path(&self.repository)?;
        move_aside(&self.repository)?;
        self.index = Index::create(&path)?;
        self.reconcile(monitor)
    }

    /// The number that the next snapshot gets: never one that was used.
    pub fn next_seq(&self) -> Result<u64> {
        let newest = self.index.snapshots()?.last().map_or(0, |row| row.seq);
        Ok(self.repository.marker().next_seq.max(newest + 1))
    }

    /// Makes the index agree with what is on the drive.
    fn reconcile(&mut self, monitor: &Monitor) -> Result<()> {
        let on_drive = snapshot_names(&self.repository)?;
        let rows = self.index.snapshots()?;
        let mut changes = Vec::new();
        for row in &rows {
            let is_there = on_drive.contains(&row.name);
            let state = match (is_there, row.state) {
                (false, _) => SnapshotState::Missing,
                (true, SnapshotState::Missing) => SnapshotState::Good,
                (true, state) => state,
            };
            if state == SnapshotState::Missing {
                monitor.emit(&Event::SnapshotMissing { name: row.name.clone() });
            }
            if state != row.state {
                changes.push(StateChange { seq: row.seq, state });
            }
        }
        if let Some(newest) = rows.iter().rev().find(|row| on_drive.contains(&row.name))
            && let Some(change) = self.check_seal(newest, monitor)?
        {
            changes.push(change);
        }
        self.index.set_states(&changes)?;
        let known = |name: &String| rows.iter().any(|row| row.name == *name);
        let newest = rows.last().map_or(0, |row| row.seq);
        self.import_all(on_drive.into_iter().filter(|name| !known(name)), newest, monitor)
    }

    /// Looks at the seal of the snapshot that the next one links to.
    fn check_seal(
        &self,
        row: &index::SnapshotRow,
        monitor: &Monitor,
    ) -> Result<Option<StateChange>> {
        let Some(snapshot) = Snapshot::open(&self.repository, &row.name)? else { return Ok(None) };
        match snapshot.read_seal() {
            Ok(seal) if seal.id == row.id => Ok((row.state != SnapshotState::Good)
                .then_some(StateChange { seq: row.seq, state: SnapshotState::Good })),
            outcome => {
                let reason = outcome.err().unwrap_or_else(|| "its seal is another's".to_owned());
                monitor.emit(&Event::SnapshotDamaged { name: row.name.clone(), reason });
                Ok(Some(StateChange { seq: row.seq, state: SnapshotState::Damaged }))
            }
        }
    }

    /// Takes out of `unknown` what can't be in the index however often it is made again, and says why.
    fn take_unusable(
        &self,
        unknown: &mut Vec<(String, Seal)>,
        taken: &[index::SnapshotRow],
    ) -> Result<Vec<(String, String)>> {
        let mut unusable = Vec::new();
        for (name, seal) in std::mem::take(unknown) {
            if taken.iter().any(|row| row.seq == seal.seq) {
                unusable.push((name, "another snapshot has its number".to_owned()));
                continue;
            }
            let overrides = match Snapshot::open(&self.repository, &name)? {
                Some(snapshot) => snapshot.read_overrides(&seal).map(drop),
                None => Err("it is not a folder".to_owned()),
            };
            match overrides {
                Ok(()) => unknown.push((name, seal)),
                Err(reason) => unusable.push((name, reason)),
            }
        }
        Ok(unusable)
    }

    /// Takes in the snapshots that the index doesn't know, oldest first.
    fn import_all(
        &mut self,
        names: impl Iterator<Item = String>,
        newest: u64,
        monitor: &Monitor,
    ) -> Result<()> {
        let mut unknown = Vec::new();
        for name in names {
            match read_seal(&self.repository, &name)? {
                Ok(seal) => unknown.push((name, seal)),
                Err(reason) => monitor.emit(&Event::SnapshotDamaged { name, reason }),
            }
        }
        unknown.sort_by_key(|(_, seal)| seal.seq);
        let taken = self.index.snapshots()?;
        for (name, reason) in self.take_unusable(&mut unknown, &taken)? {
            monitor.emit(&Event::SnapshotDamaged { name, reason });
        }
        if newest > 0 && unknown.first().is_some_and(|(_, seal)| seal.seq <= newest) {
            // An index that lacks something in the middle can't be mended, only made again.
            return self.rebuild(monitor);
        }
        if !unknown.is_empty() {
            monitor.enter(Phase::Rebuilding);
            monitor.reset_done();
            let total = unknown.iter().map(|(_, seal)| entries(seal)).sum();
            monitor.set_totals(total, 0);
        }
        let mut last = newest;
        for (name, seal) in unknown {
            if seal.seq == last {
                let reason = "another snapshot has its number".to_owned();
                monitor.emit(&Event::SnapshotDamaged { name, reason });
                continue;
            }
            let scratch = self.repository.folder("stage")?;
            match index::import(&mut self.index, &self.repository, &name, &seal, &scratch, monitor)?
            {
                Imported::Yes => {
                    last = seal.seq;
                    monitor.emit(&Event::SnapshotRecovered { name });
                }
                Imported::Damaged(reason) => {
                    monitor.emit(&Event::SnapshotDamaged { name, reason });
                }
            }
        }
        Ok(())
    }
}

fn entries(seal: &Seal) -> u64 {
    let counts = &seal.counts;
    [counts.files, counts.directories, counts.symlinks, counts.special]
        .into_iter()
        .fold(0, u64::saturating_add)
}

/// Makes an index of a repository that can't be written to, at `path`, where nothing may be.
pub fn build_index(repository: &Repository, path: &Path, monitor: &Monitor) -> Result<Index> {
    monitor.enter(Phase::Rebuilding);
    let folder = path.parent().unwrap_or(Path::new("/"));
    let scratch = Dir::open(folder).map_err(|errno| Error::io("open", folder, errno))?;
    let mut index = Index::create(path)?;
    let mut seals = Vec::new();
    for name in snapshot_names(repository)? {
        match read_seal(repository, &name)? {
            Ok(seal) => seals.push((name, seal)),
            Err(reason) => monitor.emit(&Event::SnapshotDamaged { name, reason }),
        }
    }
    seals.sort_by_key(|(_, seal)| seal.seq);
    seals.dedup_by_key(|(_, seal)| seal.seq);
    monitor.set_totals(seals.iter().map(|(_, seal)| entries(seal)).sum(), 0);
    for (name, seal) in seals {
        let imported = index::import(&mut index, repository, &name, &seal, &scratch, monitor)?;
        if let Imported::Damaged(reason) = imported {
            monitor.emit(&Event::SnapshotDamaged { name, reason });
        }
    }
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

/// Whether the drive's index is there, sound, and knows every snapshot that is on the drive.
pub fn is_current(repository: &Repository) -> bool {
    let rows = index_path(repository).and_then(|path| Index::reader(&path)?.snapshots());
    match (rows, snapshot_names(repository)) {
        (Ok(rows), Ok(names)) => names.iter().all(|name| rows.iter().any(|row| row.name == *name)),
        _ => false,
    }
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
        .filter_map(|name| String::from_utf8(name).ok())
        .collect())
}

fn read_seal(repository: &Repository, name: &str) -> Result<Result<Seal, String>> {
    Ok(match Snapshot::open(repository, name)? {
        Some(snapshot) => snapshot.read_seal(),
        None => Err("it is not a folder".to_owned()),
    })
}

fn open_index(repository: &Repository, monitor: &Monitor) -> Result<Index> {
    let path = index_path(repository)?;
    if names_other_file(repository.dir()) {
        move_aside(repository)?;
    }
    if let Some(index) = Index::open(&path)? {
        return Ok(index);
    }
    let failed = |errno| Error::drive("examine", &path, errno);
    if repository.dir().has(INDEX_NAME.as_bytes()).map_err(failed)? {
        move_aside(repository)?;
        let reason = "it was damaged or made by another version".to_owned();
        monitor.emit(&Event::IndexRebuilt { reason });
    } else if !snapshot_names(repository)?.is_empty() {
        monitor.emit(&Event::IndexRebuilt { reason: "it was missing".to_owned() });
    }
    Index::create(&path)
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

/// Puts an index that can't be used out of the way, with the journal that belongs to it.
fn move_aside(repository: &Repository) -> Result<()> {
    let dir = repository.dir();
    let failed = |errno| Error::drive("move aside the index of", repository.path(), errno);
    for suffix in ["", "-journal", "-wal", "-shm"] {
        let name = format!("{INDEX_NAME}{suffix}");
        let aside = format!("{INDEX_NAME}.old{suffix}");
        match dir.unlink(aside.as_bytes()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(failed(errno)),
        }
        match dir.rename_to(name.as_bytes(), dir, aside.as_bytes()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(failed(errno)),
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
