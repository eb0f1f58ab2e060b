//! Under which names a stored inode lies in the snapshots, and where else its content is stored.

use std::collections::{HashMap, HashSet};

use rustix::fs::Statx;

use super::{Hit, Rot};
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result};
use crate::engine::index::{Index, Place, SnapshotState};
use crate::engine::meta::{ContentHash, FileTime, Kind};
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::engine::recover::{Writer, snapshot_names};
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

/// What is known of a damaged inode before it is mended.
#[derive(Debug)]
pub(super) struct Survey {
    /// Its names, as far as they are known.
    pub names: HashSet<Name>,
    /// Other inodes that should have its content, each by one name.
    pub others: Vec<(u64, Name)>,
    /// How many bytes its content should have; `None` if the index doesn't tell.
    pub size_bytes: Option<u64>,
    /// The mtime that it should have; `None` if the index doesn't tell.
    pub mtime: Option<FileTime>,
}

impl Name {
    /// Opens the folder that the name is in, through no link.
    pub fn folder(&self, repository: &Repository) -> Option<Dir> {
        let files = Snapshot::open(repository, &self.snapshot).ok()??.files().ok()?;
        files.beneath(&self.path.parent()?).ok()
    }

    /// What has this name, with the folder that it is in; `None` if it is no regular file.
    pub fn look(&self, repository: &Repository) -> Option<(Dir, Statx)> {
        let folder = self.folder(repository)?;
        let stat = folder.stat_child(self.path.name()?).ok()?;
        let is_file = Kind::from_mode(stat.stx_mode.into()) == Some(Kind::File);
        is_file.then_some((folder, stat))
    }
}

/// The snapshots that are on the drive, as the index numbers them.
pub(super) struct OnDrive(Vec<(i64, String)>);

impl OnDrive {
    pub fn read(index: &Index) -> Result<Self> {
        let is_there = |state| matches!(state, SnapshotState::Good | SnapshotState::Damaged);
        let rows = index.snapshots()?.into_iter().filter(|row| is_there(row.state));
        Ok(Self(rows.map(|row| (row.seq.cast_signed(), row.name)).collect()))
    }

    fn in_range(&self, place: Place) -> impl Iterator<Item = &String> {
        let range = place.first..=place.last;
        self.0.iter().filter(move |(seq, _)| range.contains(seq)).map(|(_, name)| name)
    }

    fn number_of(&self, snapshot: &str) -> Option<u64> {
        let found = self.0.iter().find(|(_, name)| name == snapshot);
        found.map(|(seq, _)| seq.cast_unsigned())
    }
}

/// Looks for the names of an inode, and for others of the same content, wherever the index says that content is;
/// `size_bytes` is how large the inode is, if that is known.
pub(super) fn survey(
    writer: &Writer,
    on_drive: &OnDrive,
    (hash, inode): (ContentHash, u64),
    size_bytes: Option<u64>,
    path: &RelPath,
    monitor: &Monitor,
) -> Result<Survey> {
    let (places, size_bytes) = places(&writer.index, hash, size_bytes, path)?;
    let mut survey = Survey { names: HashSet::new(), others: Vec::new(), size_bytes, mtime: None };
    let mut seen = HashSet::from([inode]);
    for place in places {
        let Some(path) = writer.index.path_of(place.node)? else { continue };
        for snapshot in on_drive.in_range(place) {
            monitor.check_cancelled()?;
            let name = Name { snapshot: snapshot.clone(), path: path.clone() };
            let Some((_, stat)) = name.look(&writer.repository) else { continue };
            if stat.stx_ino == inode {
                survey.names.insert(name);
            } else if survey.others.len() < OTHERS_LIMIT && seen.insert(stat.stx_ino) {
                survey.others.push((stat.stx_ino, name));
            }
        }
    }
    Ok(survey)
}

/// Where the index says that a content is, and its size. Of an empty one only the same path is looked at: such files
/// are never linked across paths.
fn places(
    index: &Index,
    hash: ContentHash,
    size_bytes: Option<u64>,
    path: &RelPath,
) -> Result<(Vec<Place>, Option<u64>)> {
    let at_once = match size_bytes.filter(|size| *size > 0) {
        Some(size) => index.places_of(size, hash)?,
        None => Vec::new(),
    };
    if !at_once.is_empty() {
        return Ok((at_once, size_bytes));
    }
    // The damage may have changed the size, too.
    match index.size_of_content(hash)? {
        Some(0) => {
            let versions = match index.node_of(path)? {
                Some(node) => index.versions_of(node)?.into_iter().map(|it| (node, it)).collect(),
                None => Vec::new(),
            };
            let of_hash = versions.into_iter().filter(|(_, (.., state))| state.hash == Some(hash));
            let place = |(node, (first, last, _))| Place { node, first, last };
            Ok((of_hash.map(place).collect(), Some(0)))
        }
        Some(size) => Ok((index.places_of(size, hash)?, Some(size))),
        None => Ok((Vec::new(), None)),
    }
}

/// The mtime that the index recorded for the inode under this name, if it knows that as having this content.
pub(super) fn recorded_mtime(
    index: &Index,
    on_drive: &OnDrive,
    name: &Name,
    hash: ContentHash,
) -> Result<Option<FileTime>> {
    let (Some(seq), Some(node)) = (on_drive.number_of(&name.snapshot), index.node_of(&name.path)?)
    else {
        return Ok(None);
    };
    let version = index.version_at(node, seq)?;
    Ok(version.filter(|(.., state)| state.hash == Some(hash)).map(|(.., it)| it.stored_mtime()))
}

/// Looks through all trees for names of these inodes that the index doesn't know, by what listings tell.
pub(super) fn look_everywhere(
    repository: &Repository,
    wanted: &mut HashMap<u64, &mut Survey>,
    monitor: &Monitor,
) -> Result<()> {
    for snapshot in snapshot_names(repository)? {
        let Some(files) = Snapshot::open(repository, &snapshot)?.and_then(|it| it.files().ok())
        else {
            continue;
        };
        let mut waiting = vec![RelPath::root()];
        while let Some(path) = waiting.pop() {
            monitor.check_cancelled()?;
            // What can't be listed can't be mended either.
            let Ok(folder) = files.beneath(&path) else { continue };
            let Ok(entries) = folder.entries() else { continue };
            for entry in entries {
                let kind = entry.kind.or_else(|| kind_of(&folder, &entry.name));
                match (kind, wanted.get_mut(&entry.inode)) {
                    (Some(Kind::Directory), _) => waiting.push(path.join(&entry.name)),
                    (Some(Kind::File), Some(survey)) => {
                        let path = path.join(&entry.name);
                        survey.names.insert(Name { snapshot: snapshot.clone(), path });
                    }
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

fn kind_of(folder: &Dir, name: &[u8]) -> Option<Kind> {
    let stat = folder.stat_child(name).ok()?;
    Kind::from_mode(stat.stx_mode.into())
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

    /// What the damaged inode is, and the folder in which it has the name by which it is known.
    pub(super) fn find(&self, repository: &Repository) -> Option<(Dir, Statx)> {
        self.name().look(repository).filter(|(_, stat)| stat.stx_ino == self.inode)
    }
}

/// An error of the drive while something is mended.
pub(super) fn failed(repository: &Repository, errno: rustix::io::Errno) -> Error {
    Error::drive("mend files in", repository.path(), errno)
}
