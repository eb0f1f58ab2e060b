//! Where damaged inodes are now. What can't be looked at is no reason to forget that something is damaged.

use std::collections::{HashMap, HashSet};

use super::failure::explain;
use super::known::Known;
use super::survey::{Hidden, Name, hits, look_everywhere, survey};
use super::{Hit, MendFailure, Mending, Rot};
use crate::engine::copy::{self, BUFFER_BYTES};
use crate::engine::damage::Damage;
use crate::engine::error::Result;
use crate::engine::meta::ContentHash;
use crate::engine::monitor::Monitor;
use crate::engine::recover::Writer;
use crate::engine::repository::Repository;

/// Where a damaged inode is.
pub(super) enum Located {
    /// It has this name.
    Here(Rot),
    /// It may have this name, which can't be looked at.
    Hidden(Hidden),
    /// Neither where it was nor where the index knows its content is anything of it.
    Nowhere,
}

/// What is damaged still, and what can't be looked at.
pub(super) struct Found {
    /// Damaged files, each with a name that it has.
    pub rots: Vec<Rot>,
    /// What can't be mended now, since none of its names can be looked at.
    pub hidden: Vec<Mending>,
}

/// Finds an inode under the name that is known, else under another that the index tells.
pub(super) fn locate(
    repository: &Repository,
    known: &Known<'_>,
    rot: &Rot,
    monitor: &Monitor,
) -> Result<Located> {
    let hidden = match rot.find(repository) {
        Ok(Some(_)) => return Ok(Located::Here(rot.clone())),
        Ok(None) => None,
        Err(errno) => Some((rot.name(), errno)),
    };
    let survey = survey(repository, known, rot, monitor)?;
    let first = hits(survey.names.iter()).into_iter().next();
    let found = first.and_then(|Hit { path, snapshots }| {
        let snapshot = snapshots.into_iter().next()?;
        Some(Rot { snapshot, path, ..rot.clone() })
    });
    Ok(match (found, hidden.or(survey.hidden)) {
        (Some(rot), _) => Located::Here(rot),
        (None, Some(hidden)) => Located::Hidden(hidden),
        (None, None) => Located::Nowhere,
    })
}

/// Finds and reads again what is said to be damaged, `damage` being made to say the same: what is gone or turns out to be
/// good is forgotten.
pub(super) fn look_again(
    writer: &Writer,
    known: &Known<'_>,
    said: Vec<Rot>,
    damage: &mut Damage,
    monitor: &Monitor,
) -> Result<Found> {
    let repository = &writer.repository;
    let mut found = Found { rots: Vec::new(), hidden: Vec::new() };
    let mut lost = Vec::new();
    for rot in said {
        monitor.check_cancelled()?;
        match locate(repository, known, &rot, monitor)? {
            Located::Here(rot) => found.rots.push(rot),
            Located::Hidden(hidden) => found.hide(rot, hidden, damage),
            Located::Nowhere => lost.push(rot),
        }
    }
    search(repository, lost, (&mut found, damage), monitor)?;
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut still = Vec::new();
    for rot in std::mem::take(&mut found.rots) {
        monitor.check_cancelled()?;
        if is_good(repository, &rot, &mut buffer, monitor)? {
            damage.forget(rot.hash, rot.inode);
            continue;
        }
        damage.add(rot.damaged_file());
        damage.rename(rot.hash, rot.inode, &rot.snapshot, &rot.path);
        still.push(rot);
    }
    found.rots = still;
    Ok(found)
}

/// Looks through all trees for what is nowhere by the index; what they don't have is forgotten.
fn search(
    repository: &Repository,
    lost: Vec<Rot>,
    (found, damage): (&mut Found, &mut Damage),
    monitor: &Monitor,
) -> Result<()> {
    let inodes: HashSet<u64> = lost.iter().map(|rot| rot.inode).collect();
    let mut names: HashMap<u64, Name> = HashMap::new();
    let add = |inode, name| {
        names.entry(inode).or_insert(name);
    };
    let hidden = look_everywhere(repository, &inodes, add, monitor)?;
    for rot in lost {
        let name = names.get(&rot.inode).filter(|name| name.carries(repository, rot.hash));
        match (name, &hidden) {
            (Some(Name { snapshot, path }), _) => {
                found.rots.push(Rot { snapshot: snapshot.clone(), path: path.clone(), ..rot });
            }
            (None, Some(hidden)) => found.hide(rot, hidden.clone(), damage),
            (None, None) => damage.forget(rot.hash, rot.inode),
        }
    }
    Ok(())
}

impl Found {
    /// Remembers by what can't be looked at: a name that tells of another inode would make that one damaged, too.
    fn hide(&mut self, rot: Rot, (name, errno): Hidden, damage: &mut Damage) {
        damage.add(rot.damaged_file());
        damage.rename(rot.hash, rot.inode, &name.snapshot, &name.path);
        let failure = Some(MendFailure::Unreachable(errno));
        self.hidden.push(Mending { rot, hits: Vec::new(), mended_from: None, failure });
    }
}

impl Name {
    /// Whether what has this name is a file that should have this content, as far as it can be read.
    pub(super) fn carries(&self, repository: &Repository, hash: ContentHash) -> bool {
        let (Ok(Some(folder)), Some(name)) = (self.folder(repository), self.path.name()) else {
            return false;
        };
        folder
            .open_file(name)
            .is_ok_and(|(file, _)| crate::engine::xattr::read_hash(&file) == Ok(Some(hash)))
    }
}

/// Whether the drive gives the right content after all.
fn is_good(
    repository: &Repository,
    rot: &Rot,
    buffer: &mut [u8],
    monitor: &Monitor,
) -> Result<bool> {
    let (Ok(Some((folder, _))), Some(name)) = (rot.find(repository), rot.path.name()) else {
        return Ok(false);
    };
    copy::is_proven(&folder, name, rot.hash, buffer, monitor)
        .map_err(|error| explain(repository, error))
}
