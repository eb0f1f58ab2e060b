//! Under which names a stored inode lies in the snapshots, and where else its content is stored.

use std::collections::{HashMap, HashSet};

use rustix::fs::Statx;
use rustix::io::Errno;

use super::failure::errno_of;
use super::known::Known;
use super::{Hit, Rot};
use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::meta::{FileTime, Kind};
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::engine::recover::snapshot_names;
use crate::engine::repository::Repository;
use crate::engine::snapshot::{Snapshot, name_order};

/// How many other inodes of a content are remembered: that all of them are bad is not to be expected.
const OTHERS_LIMIT: usize = 64;

/// A path in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Name {
    /// The snapshot's name.
    pub snapshot: String,
    /// The path in it.
    pub path: RelPath,
}

/// What could not be looked at, and why.
pub(super) type Hidden = (Name, Errno);

/// What is known of a damaged inode before it is mended.
#[derive(Debug)]
pub(super) struct Survey {
    /// Its names, as far as they are known.
    pub names: HashSet<Name>,
    /// A name that it may have, or a folder in which it may have one.
    pub hidden: Option<Hidden>,
    /// Other inodes that should have its content, each by one name.
    pub others: Vec<(u64, Name)>,
    /// How many bytes its content should have; `None` if the index doesn't tell.
    pub size_bytes: Option<u64>,
    /// The mtime that it should have; `None` if the index doesn't tell.
    pub mtime: Option<FileTime>,
}

impl Name {
    /// Opens the folder that the name is in, through no link; `None` if it isn't there for certain.
    pub fn folder(&self, repository: &Repository) -> rustix::io::Result<Option<Dir>> {
        let Some(parent) = self.path.parent() else { return Ok(None) };
        match open_files(repository, &self.snapshot)? {
            Some(files) => unless_gone(files.beneath(&parent)),
            None => Ok(None),
        }
    }

    /// What has this name, with the folder that it is in; `None` if no regular file has it for certain.
    pub fn look(&self, repository: &Repository) -> rustix::io::Result<Option<(Dir, Statx)>> {
        let (Some(folder), Some(name)) = (self.folder(repository)?, self.path.name()) else {
            return Ok(None);
        };
        let Some(stat) = unless_gone(folder.stat_child(name))? else { return Ok(None) };
        let is_file = Kind::from_mode(stat.stx_mode.into()) == Some(Kind::File);
        Ok(is_file.then_some((folder, stat)))
    }
}

/// Opens the root of a snapshot's tree; `None` if it isn't there for certain.
fn open_files(repository: &Repository, snapshot: &str) -> rustix::io::Result<Option<Dir>> {
    match Snapshot::open(repository, snapshot).map_err(|error| errno_of(&error))? {
        Some(snapshot) => unless_gone(snapshot.files()),
        None => Ok(None),
    }
}

/// Tells what is not there from what can't be looked at.
fn unless_gone<T>(found: rustix::io::Result<T>) -> rustix::io::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Looks for the names of an inode, and for others of the same content, wherever the index says that content is.
pub(super) fn survey(
    repository: &Repository,
    known: &Known<'_>,
    rot: &Rot,
    monitor: &Monitor,
) -> Result<Survey> {
    let mut survey = Survey {
        names: HashSet::new(),
        hidden: None,
        others: Vec::new(),
        size_bytes: known.size_of(rot.hash),
        mtime: None,
    };
    let mut seen = HashSet::from([rot.inode]);
    for name in known.names_of(rot)? {
        monitor.check_cancelled()?;
        match name.look(repository) {
            Ok(None) => {}
            Ok(Some((_, stat))) if stat.stx_ino == rot.inode => {
                survey.names.insert(name);
            }
            Ok(Some((_, stat))) => {
                if survey.others.len() < OTHERS_LIMIT && seen.insert(stat.stx_ino) {
                    survey.others.push((stat.stx_ino, name));
                }
            }
            Err(errno) => survey.hidden = Some((name, errno)),
        }
    }
    Ok(survey)
}

/// Looks for all names of the damaged inodes; through all trees if the index doesn't know of enough, once for all of
/// them.
pub(super) fn survey_all(
    repository: &Repository,
    known: &Known<'_>,
    rots: &[Rot],
    monitor: &Monitor,
) -> Result<Vec<Survey>> {
    let mut surveys = Vec::new();
    let mut lacking: HashMap<u64, usize> = HashMap::new();
    for (at, rot) in rots.iter().enumerate() {
        let mut survey = survey(repository, known, rot, monitor)?;
        survey.names.insert(rot.name());
        survey.mtime = known.mtime_of(&rot.name(), rot.hash)?;
        let links = rot.find(repository).ok().flatten().map(|(_, stat)| u64::from(stat.stx_nlink));
        if links.is_none_or(|links| (survey.names.len() as u64) < links) {
            lacking.insert(rot.inode, at);
        } else {
            survey.hidden = None;
        }
        surveys.push(survey);
    }
    let inodes = lacking.keys().copied().collect();
    let add = |inode, name| {
        if let Some(survey) = lacking.get(&inode).and_then(|at| surveys.get_mut(*at)) {
            survey.names.insert(name);
        }
    };
    let hidden = look_everywhere(repository, &inodes, add, monitor)?;
    for at in lacking.into_values() {
        if let Some(survey) = surveys.get_mut(at) {
            survey.hidden = survey.hidden.take().or_else(|| hidden.clone());
        }
    }
    Ok(surveys)
}

/// Looks through all trees for names of these inodes that the index doesn't know, by what listings tell. Gives a folder
/// that could not be listed, if there is one.
pub(super) fn look_everywhere(
    repository: &Repository,
    inodes: &HashSet<u64>,
    mut add: impl FnMut(u64, Name),
    monitor: &Monitor,
) -> Result<Option<Hidden>> {
    let mut hidden = None;
    if inodes.is_empty() {
        return Ok(hidden);
    }
    for snapshot in snapshot_names(repository)? {
        let name = |path| Name { snapshot: snapshot.clone(), path };
        let files = match open_files(repository, &snapshot) {
            Ok(Some(files)) => files,
            Ok(None) => continue,
            Err(errno) => {
                hidden = Some((name(RelPath::root()), errno));
                continue;
            }
        };
        let mut waiting = vec![RelPath::root()];
        while let Some(path) = waiting.pop() {
            monitor.check_cancelled()?;
            let look = |entry: &[u8], kind, inode| match kind {
                Some(Kind::Directory) => waiting.push(path.join(entry)),
                Some(Kind::File) if inodes.contains(&inode) => add(inode, name(path.join(entry))),
                _ => {}
            };
            if let Err(errno) = list(&files, &path, look) {
                hidden = Some((name(path), errno));
            }
        }
    }
    Ok(hidden)
}

/// Shows `look` what is in a folder: name, kind and inode.
fn list(
    files: &Dir,
    path: &RelPath,
    mut look: impl FnMut(&[u8], Option<Kind>, u64),
) -> rustix::io::Result<()> {
    let Some(dir) = unless_gone(files.beneath(path))? else { return Ok(()) };
    for entry in dir.entries()? {
        let kind = match entry.kind {
            Some(kind) => Some(kind),
            None => unless_gone(dir.stat_child(&entry.name))?
                .and_then(|stat| Kind::from_mode(stat.stx_mode.into())),
        };
        look(&entry.name, kind, entry.inode);
    }
    Ok(())
}

/// Names by path, each with its snapshots, oldest first.
pub(super) fn hits<'a>(names: impl Iterator<Item = &'a Name>) -> Vec<Hit> {
    let mut by_path: HashMap<&RelPath, Vec<String>> = HashMap::new();
    for name in names {
        by_path.entry(&name.path).or_default().push(name.snapshot.clone());
    }
    let mut hits: Vec<Hit> = by_path
        .into_iter()
        .map(|(path, mut snapshots)| {
            snapshots.sort_by(|one, other| name_order(one).cmp(&name_order(other)));
            Hit { path: path.clone(), snapshots }
        })
        .collect();
    hits.sort_by(|one, other| one.path.components().cmp(other.path.components()));
    hits
}

impl Rot {
    pub(super) fn name(&self) -> Name {
        Name { snapshot: self.snapshot.clone(), path: self.path.clone() }
    }

    /// What the damaged inode is, and the folder in which it has the name by which it is known; `None` if it hasn't that
    /// for certain.
    pub(super) fn find(&self, repository: &Repository) -> rustix::io::Result<Option<(Dir, Statx)>> {
        let found = self.name().look(repository)?;
        Ok(found.filter(|(_, stat)| stat.stx_ino == self.inode))
    }
}
