//! Adopting: a repository goes on under another computer, name or user. Rewrites the marker and, as root,
//! the owners of the inodes; never content, times or anything else that a digest tells of.
//!
//! What is going to be done is in `journal/` before it begins, so that it can be finished after a crash.

mod handover;
mod journal;
mod losses;

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::dir::{Dir, set_owner};
use super::error::{Context as _, Error, Result};
use super::lock::{LOCK_NAME, Lock, LockKind};
use super::monitor::{Event, Monitor};
use super::remove::remove_tree;
use super::repository::{Identity, Marker, Owners, Repository, YORE_DIR, open_drive};
use journal::{ENTRY_NAME, Entry, Found};

/// Whose a repository becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heir {
    host: String,
    user: String,
    machine: String,
    euid: u32,
    gid: u32,
}

impl Heir {
    /// The person on a computer, with the group that stored files get.
    pub fn new(identity: &Identity, gid: u32) -> Self {
        Self {
            host: identity.host.clone(),
            user: identity.user.clone(),
            machine: identity.machine(),
            euid: identity.euid,
            gid,
        }
    }

    fn owner(&self) -> (u32, u32) {
        (self.euid, self.gid)
    }

    fn inherit(&self, marker: &mut Marker) {
        marker.host.clone_from(&self.host);
        marker.user.clone_from(&self.user);
        marker.machine.clone_from(&self.machine);
        marker.euid = self.euid;
    }
}

/// A repository that lies on a drive, whoever's it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its folder.
    pub path: PathBuf,
    /// Owner of the folder.
    pub owner: u32,
    /// What it says of itself; `None` if this user may not read it.
    pub marker: Option<Marker>,
}

/// The repositories on the drive that is mounted at `drive`, by name. Folders that hold none are left out.
pub fn candidates(drive: &Path) -> Result<Vec<Candidate>> {
    let home_path = drive.join(YORE_DIR);
    let home = match open_drive(drive)?.child(YORE_DIR.as_bytes()) {
        Ok(home) => home,
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(Vec::new()),
        Err(errno) => return Err(Error::io("open", &home_path, errno)),
    };
    let mut found = Vec::new();
    for name in home.names().context("list", &home_path)? {
        let path = home_path.join(std::ffi::OsStr::from_bytes(&name));
        let marker = match Repository::open(&path, None) {
            Ok(repository) => Some(repository.marker().clone()),
            Err(Error::OtherOwner { .. }) => None,
            Err(_) => continue,
        };
        let Ok(stat) = home.stat_child(&name) else { continue };
        found.push(Candidate { path, owner: stat.stx_uid, marker });
    }
    Ok(found)
}

/// Makes `repository` the heir's, as the user `euid`: the owner of it, or root.
///
/// # Errors
/// Another user than those two; a repository of root's for a person; a stop or a crash, after which root must
/// finish it.
pub fn adopt(
    repository: Repository,
    euid: u32,
    heir: &Heir,
    monitor: &Monitor,
) -> Result<Repository> {
    let mut repository = finish(repository, euid, monitor)?;
    let path = repository.path().to_owned();
    repository.check_features()?;
    let failed = |errno| Error::drive("adopt", &path, errno);
    // Whom the files belong to is what the file system says, not what a file on a drive claims.
    let stat = repository.dir().stat().map_err(failed)?;
    let (from, to) = (stat.stx_uid, heir.euid);
    if euid != 0 {
        let owners = [from, repository.marker().euid];
        if let Some(owner) = owners.into_iter().find(|owner| *owner != euid) {
            return Err(Error::OtherOwner { path, owner, user: euid });
        }
        if to != euid {
            return Err(Error::OtherOwner { path, owner: euid, user: to });
        }
    }
    let _lock = Lock::take(repository.dir(), &path, LockKind::Writer)?;
    if euid == 0 && from != 0 {
        give_made(&repository, (from, stat.stx_gid)).map_err(failed)?;
    }
    tidy(&repository)?;
    repository.refresh()?;
    if from == to && repository.marker().euid == to {
        let owner = (euid != to).then_some(heir.owner());
        repository.change_marker(|marker| heir.inherit(marker), owner).map_err(failed)?;
        return Ok(repository);
    }
    if repository.marker().owners == Owners::Inode {
        return Err(Error::OwnersOnInodes(path));
    }
    losses::write(&repository, from, monitor)?;
    let entry = Entry { from, to: heir.clone(), started: jiff::Timestamp::now() };
    journal::write_entry(&repository, &entry).map_err(failed)?;
    hand_over(&mut repository, &entry, monitor)?;
    Ok(repository)
}

/// Finishes an adoption that was interrupted, if there is one: root can; anyone else is told to ask root.
///
/// Done by whoever opens the repository for writing. An entry that root did not write is removed by the owner of the
/// repository's folder, or by root.
pub fn finish(repository: Repository, euid: u32, monitor: &Monitor) -> Result<Repository> {
    let path = repository.path().to_owned();
    let unfinished = || Error::AdoptionUnfinished(path.clone());
    let failed = |errno| Error::drive("clear the journal of", &path, errno);
    let owner = repository.dir().stat().map_err(failed)?.stx_uid;
    match check_none(&repository) {
        Err(Error::AdoptionUnfinished(_))
            if [0, owner, repository.marker().euid].contains(&euid) => {}
        outcome => return outcome.map(|()| repository),
    }
    repository.check_features()?;
    let Some(entry) = journal::read_entry(&repository)? else {
        if euid != 0 && euid != owner {
            return Err(unfinished());
        }
        let _lock = Lock::take(repository.dir(), &path, LockKind::Writer)?;
        // Asked again: root may have begun one just now.
        if let Found::Forged = journal::find(&repository, ENTRY_NAME)? {
            journal::remove_forged(&repository).map_err(failed)?;
            monitor.emit(&Event::JournalForged);
        }
        return Ok(repository);
    };
    let mut repository = repository;
    if euid == entry.to.euid && repository.marker().euid == euid {
        let _lock = Lock::take(repository.dir(), &path, LockKind::Writer)?;
        journal::clear(&repository).map_err(failed)?;
        return Ok(repository);
    }
    if euid != 0 {
        return Err(unfinished());
    }
    let _lock = Lock::take(repository.dir(), &path, LockKind::Writer)?;
    hand_over(&mut repository, &entry, monitor)?;
    monitor.emit(&Event::AdoptionFinished);
    Ok(repository)
}

/// Whether root has begun to hand the repository over and is not done.
pub fn is_begun(repository: &Repository) -> bool {
    !matches!(journal::find(repository, ENTRY_NAME), Ok(Found::Nothing | Found::Forged))
}

/// Once the repository is locked: refuses one that a crash has left half done just now, and removes what an
/// adoption leaves that had not begun or was over.
pub fn tidy(repository: &Repository) -> Result<()> {
    check_none(repository)?;
    let failed = |errno| Error::drive("tidy up the journal of", repository.path(), errno);
    let Some(journal) = journal::folder(repository).map_err(failed)? else { return Ok(()) };
    let names = journal.names().map_err(failed)?;
    for name in names.iter().filter(|name| name.starts_with(ENTRY_NAME)) {
        remove_tree(&journal, name).map_err(failed)?;
    }
    Ok(())
}

/// Refuses a repository that is being handed over.
pub fn check_none(repository: &Repository) -> Result<()> {
    let has_entry = |journal: Option<Dir>| journal.map_or(Ok(false), |dir| dir.has(ENTRY_NAME));
    match journal::folder(repository).and_then(has_entry) {
        Ok(false) => Ok(()),
        // The folder has its new owner already.
        Ok(true) | Err(Errno::ACCESS) => {
            Err(Error::AdoptionUnfinished(repository.path().to_owned()))
        }
        Err(errno) => Err(Error::drive("read the journal of", repository.path(), errno)),
    }
}

/// What root makes in a repository that it was missing is its owner's: the lock and the journal's folder.
fn give_made(repository: &Repository, owner: (u32, u32)) -> rustix::io::Result<()> {
    let journal = repository.dir().ensure(b"journal", 0o700)?;
    if journal.stat()?.stx_uid == 0 {
        set_owner(&journal, owner)?;
    }
    let (lock, stat) = repository.dir().open_file(LOCK_NAME)?;
    match (stat.stx_uid, stat.stx_nlink) {
        (0, 1) => set_owner(&lock, owner),
        _ => Ok(()),
    }
}

/// Does what the journal says; may be done again from the beginning at any time.
fn hand_over(repository: &mut Repository, entry: &Entry, monitor: &Monitor) -> Result<()> {
    let path = repository.path().to_owned();
    let failed = |errno| Error::drive("adopt", &path, errno);
    let (heir, owner) = (&entry.to, entry.to.owner());
    handover::change_owners(repository, entry.from, owner, monitor)?;
    losses::give_back(repository, owner, monitor)?;
    repository.dir().sync_file_system().map_err(failed)?;
    repository.change_marker(|marker| heir.inherit(marker), Some(owner)).map_err(failed)?;
    // Last, so that the new owner can't enter before all is done.
    set_owner(repository.dir(), owner).and_then(|()| repository.dir().sync()).map_err(failed)?;
    journal::clear(repository).map_err(failed)
}
