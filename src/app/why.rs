//! Whether a path of this computer would be backed up, and if not, what keeps it out.

use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

use super::error::{Error, Result};
use super::live::live_path;
use super::rules::compile;
use super::target::Target;
use crate::engine::dir::Dir;
use crate::engine::meta::{Kind, Metadata};
use crate::engine::path::RelPath;
use crate::engine::repository::is_repository;
use crate::engine::rules::{Decision, Explanation, Facts, FolderMarks, Rules, Why};
use crate::engine::sqlite::{Part, SHARED_MEMORY_SUFFIX, is_database};

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
    /// It or a folder above it is on another file system than its source. Such a folder is kept, without what is in it.
    OtherFileSystem {
        /// Which.
        at: RelPath,
    },
    /// It or a folder above it is one of those that it lies in, seen again through a mount, and kept without what is
    /// in it.
    MountLoop {
        /// Which.
        at: RelPath,
    },
    /// It belongs to these backups, or to others that lie in the source.
    Repository,
    /// It is what the programs that use a database share in memory.
    SharedMemory {
        /// The database.
        database: RelPath,
    },
    /// No source holds it.
    NoSource,
}

impl Fate {
    /// Whether what has this fate is in the next backup with all or some of what is in it, if it is there at all.
    pub fn is_kept(&self) -> bool {
        matches!(self, Self::In | Self::OnTheWay(_))
    }
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
    let fate = fate(target, &rules, &root, &path);
    answer(Some(source), fate)
}

/// The rule that leaves out `path`, which lies in a source, or a folder above it; `None` if no rule does.
///
/// # Errors
/// Rules that can't be understood.
pub fn rule_over(target: &Target, path: &RelPath) -> Result<Option<Why>> {
    let roots =
        target.sources.iter().filter_map(|source| RelPath::from_absolute(&source.path).ok());
    let Some(root) = roots.into_iter().find(|root| path.is_within(root)) else { return Ok(None) };
    let rules = compile(&target.rules)?;
    let explained = rules.explain(&root, path, |entry| look(&root, entry));
    Ok(match explained.decision {
        Decision::Out(why) => Some(why),
        Decision::In | Decision::OnTheWay(_) => None,
    })
}

/// What becomes of `path` in the source at `root`.
fn fate(target: &Target, rules: &Rules, root: &RelPath, path: &RelPath) -> Fate {
    let Explanation { decision, at } = rules.explain(root, path, |entry| look(root, entry));
    // A rule is asked only if the backup comes as far as to the folder in which it would leave something out.
    let reached = match &decision {
        Decision::Out(_) => at.parent().unwrap_or_default(),
        Decision::In | Decision::OnTheWay(_) => path.clone(),
    };
    match (stopped(root, &reached, target.cross_mounts), decision) {
        (Some(fate), _) => fate,
        (None, Decision::Out(why)) => Fate::Out { why, at },
        (None, Decision::OnTheWay(why)) => Fate::OnTheWay(why),
        (None, Decision::In) => match shares_memory(rules, root, path) {
            Some(database) => Fate::SharedMemory { database },
            None => Fate::In,
        },
    }
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

/// What keeps the backup from going from `root` to `path` and into it, whatever the rules say.
fn stopped(root: &RelPath, path: &RelPath, cross_mounts: bool) -> Option<Fate> {
    let mut at = root.clone();
    let mut dir = open(root, root)?;
    let of_source = dir.stat().ok()?.stx_mnt_id;
    let mut above = Vec::new();
    let mut names = path.components().skip(root.components().count());
    loop {
        let stat = dir.stat().ok()?;
        if stat.stx_mnt_id != of_source && !cross_mounts {
            return Some(Fate::OtherFileSystem { at });
        }
        let inode = (stat.stx_dev_major, stat.stx_dev_minor, stat.stx_ino);
        if above.contains(&inode) && cross_mounts {
            return Some(Fate::MountLoop { at });
        }
        above.push(inode);
        if dir.names().is_ok_and(|names| is_repository(&dir, &names)) {
            return Some(Fate::Repository);
        }
        let name = names.next()?;
        at.push(name);
        match dir.child(name) {
            Ok(child) => dir = child,
            Err(_) => {
                let stat = dir.stat_child(name).ok()?;
                let is_other = stat.stx_mnt_id != of_source && !cross_mounts;
                return is_other.then_some(Fate::OtherFileSystem { at });
            }
        }
    }
}

/// The database whose programs share what is in `path`, if it is stored as one: then that is not.
fn shares_memory(rules: &Rules, root: &RelPath, path: &RelPath) -> Option<RelPath> {
    let name = path.name()?.strip_suffix(SHARED_MEMORY_SUFFIX)?;
    let parent = path.parent().filter(|parent| parent.is_within(root))?;
    let folder = open(root, &parent)?;
    let is_kept = |part: Part| {
        let path = parent.join(&part.name(name));
        let found = rules.explain(root, &path, |entry| look(root, entry));
        matches!(found.decision, Decision::In)
    };
    // Root locks nothing of others, and stores their databases file by file.
    let user = geteuid().as_raw();
    let may_lock = |part: Part| {
        let meta = folder.stat_child(&part.name(name)).ok().and_then(|s| Metadata::from_statx(&s));
        meta.map(|meta| meta.kind == Kind::File && (user != 0 || meta.uid == 0))
    };
    let is_whole = [Part::Database, Part::Log]
        .into_iter()
        .all(|part| may_lock(part) == Some(true) && is_kept(part));
    let has_odd_journal = may_lock(Part::Journal) == Some(false) && is_kept(Part::Journal);
    let is_stored_as_one = !name.is_empty()
        && is_whole
        && !has_odd_journal
        && is_database(&folder, name).unwrap_or_default();
    is_stored_as_one.then(|| parent.join(name))
}
