//! Whether a path of this computer would be backed up, and if not, what keeps it out.

use std::path::{Path, PathBuf};

use super::error::{Error, Result};
use super::live::live_path;
use super::rules::compile;
use super::target::Target;
use crate::engine::dir::Dir;
use crate::engine::meta::Metadata;
use crate::engine::path::RelPath;
use crate::engine::rules::{Decision, Explanation, Facts, FolderMarks, Why};

/// What becomes of a path in the next backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is backed up.
    In,
    /// The folder is kept, but of what is in it only what an include names.
    OnTheWay(Why),
    /// A rule leaves it out.
    Out {
        /// Which.
        why: Why,
        /// The path itself or the folder above it that the rule speaks of.
        at: RelPath,
    },
    /// A folder above it is on another file system than its source, and kept without what is in it.
    OtherFileSystem {
        /// Which.
        at: RelPath,
    },
    /// It belongs to the backups themselves.
    Repository,
    /// No source holds it.
    NoSource,
}

/// The answer about one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The path, with links in it resolved.
    pub path: RelPath,
    /// Whether something is there. A rule may need that to know.
    pub exists: bool,
    /// The source that holds it.
    pub source: Option<PathBuf>,
    /// What becomes of it.
    pub fate: Fate,
}

/// Tells what becomes of `given` in the next backup, from what lies on this computer now.
///
/// # Errors
/// Not a path, rules that can't be understood, or nothing configured to be backed up.
pub fn why(target: &Target, given: &Path) -> Result<Answer> {
    if target.sources.is_empty() {
        return Err(Error::NoSources);
    }
    let path = live_path(given)?;
    let exists = path.to_absolute().symlink_metadata().is_ok();
    let answer = |source: Option<&Path>, fate| {
        Ok(Answer { path: path.clone(), exists, source: source.map(Path::to_owned), fate })
    };
    let source = target.sources.iter().find_map(|source| {
        let root = RelPath::from_absolute(&source.path).ok()?;
        path.is_within(&root).then_some((source.path.as_path(), root))
    });
    let repository = target.open().map(|repository| repository.path().to_owned());
    let repository = repository.unwrap_or_else(|_| target.repository_path.clone());
    let repository = repository.canonicalize().unwrap_or(repository);
    if RelPath::from_absolute(&repository).is_ok_and(|repository| path.is_within(&repository)) {
        return answer(source.map(|(source, _)| source), Fate::Repository);
    }
    let Some((source, root)) = source else { return answer(None, Fate::NoSource) };
    let rules = compile(&target.rules)?;
    let Explanation { decision, at } = rules.explain(&root, &path, |entry| look(&root, entry));
    let fate = match decision {
        Decision::Out(why) => Fate::Out { why, at },
        Decision::In | Decision::OnTheWay(_) => match other_file_system(&root, &path) {
            Some(at) if !target.cross_mounts => Fate::OtherFileSystem { at },
            _ => match decision {
                Decision::OnTheWay(why) => Fate::OnTheWay(why),
                _ => Fate::In,
            },
        },
    };
    answer(Some(source), fate)
}

/// The folder at `path` in the source at `root`, entered through no link.
fn open(root: &RelPath, path: &RelPath) -> Option<Dir> {
    let mut below = RelPath::root();
    path.components().skip(root.components().count()).for_each(|name| below.push(name));
    Dir::open(&root.to_absolute()).ok()?.beneath(&below).ok()
}

/// What an entry is, and the marks of the folder in which it lies.
fn look(root: &RelPath, entry: &RelPath) -> (Option<Facts>, FolderMarks) {
    let folder = entry.parent().and_then(|folder| open(root, &folder));
    let (Some(folder), Some(name)) = (folder, entry.name()) else {
        return (None, FolderMarks::default());
    };
    let stat = folder.stat_child(name).ok();
    let facts = stat
        .as_ref()
        .and_then(Metadata::from_statx)
        .map(|meta| Facts { kind: meta.kind, size_bytes: meta.size_bytes });
    let marks = folder.names().map(|names| FolderMarks::read(&folder, &names));
    (facts, marks.unwrap_or_default())
}

/// The first folder above `path` that is not on its source's file system.
fn other_file_system(root: &RelPath, path: &RelPath) -> Option<RelPath> {
    let mount = |folder: &RelPath| Some(open(root, folder)?.stat().ok()?.stx_mnt_id);
    let of_source = mount(root)?;
    let mut folder = root.clone();
    let below = path.components().count().saturating_sub(root.components().count());
    let names = path.components().skip(root.components().count());
    for name in names.take(below.saturating_sub(1)) {
        folder.push(name);
        if mount(&folder)? != of_source {
            return Some(folder);
        }
    }
    None
}
