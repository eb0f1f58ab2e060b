//! What was asked for: each once, with the place where it goes, and none where another one goes.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::unit::database_of;
use super::{Found, Planner, parent_of};
use crate::engine::error::Result;
use crate::engine::history::Answers;
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;
use crate::engine::restore::{RestoreRequest, Target, Wanted, target};

/// An entry that was asked for.
#[derive(Debug, Clone)]
pub struct Top {
    /// Its path.
    pub path: RelPath,
    /// Number of the snapshot.
    pub at: u64,
    /// Where it goes if nothing is in the way.
    pub target: PathBuf,
}

/// All of them; what lies in another comes after it.
#[derive(Debug, Default)]
pub struct Tops {
    list: Vec<Top>,
    by_target: HashMap<PathBuf, Vec<usize>>,
}

impl Tops {
    /// Resolves what `request` asks for.
    pub fn gather(answers: Answers<'_>, request: &RestoreRequest) -> Result<Self> {
        let mut wanted = Vec::new();
        for asked in &request.wanted {
            expand(answers, asked, &mut wanted)?;
        }
        wanted.sort();
        wanted.dedup();
        let all: HashSet<(RelPath, u64)> = wanted.iter().cloned().collect();
        // What lies in another folder of the same snapshot comes back with that.
        let is_apart = |(path, at): &(RelPath, u64)| {
            let mut above = std::iter::successors(path.parent(), RelPath::parent);
            !above.any(|above| all.contains(&(above, *at)))
        };
        wanted.retain(is_apart);
        let folder = match &request.target {
            Target::Original => None,
            Target::Folder(folder) => Some(target::resolve(folder)?),
        };
        let mut tops = Self::default();
        for (path, at) in wanted {
            let target = match &folder {
                None => path.to_absolute(),
                Some(folder) => folder.join(OsStr::from_bytes(path.name().unwrap_or(b"files"))),
            };
            tops.by_target.entry(target.clone()).or_default().push(tops.list.len());
            tops.list.push(Top { path, at, target });
        }
        Ok(tops)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The one with this number.
    pub fn get(&self, number: usize) -> Option<&Top> {
        self.list.get(number)
    }

    /// Whether one of them goes to `target`.
    pub fn is_target(&self, target: &Path) -> bool {
        self.by_target.contains_key(target)
    }

    /// Those before the one with this number that go to `target`.
    fn before(&self, number: usize, target: &Path) -> impl Iterator<Item = &Top> {
        let there = self.by_target.get(target).into_iter().flatten();
        there.filter(move |other| **other < number).filter_map(|other| self.list.get(*other))
    }
}

/// Replaces a folder above sources by the sources, and the log of a database by the database.
fn expand(answers: Answers<'_>, asked: &Wanted, to: &mut Vec<(RelPath, u64)>) -> Result<()> {
    let Wanted { path, at } = asked;
    if let Some(state) = answers.state(path, *at)? {
        let database = (state.meta.kind == Kind::File).then(|| database_of(path)).flatten();
        let database = match database {
            Some(path) => answers.state(&path, *at)?.map(|state| (path, state)),
            None => None,
        };
        let database = database
            .filter(|(_, state)| state.meta.kind == Kind::File && !state.change().absent)
            .map(|(path, _)| path);
        to.push((database.unwrap_or_else(|| path.clone()), *at));
        return Ok(());
    }
    let sources = answers.sources(*at)?;
    let before = to.len();
    to.extend(sources.into_iter().filter(|source| source.is_within(path)).map(|path| (path, *at)));
    if to.len() == before { Err(answers.not_in(path, *at)) } else { Ok(()) }
}

impl Planner<'_> {
    /// Whether an earlier one is the same version of the same file.
    pub(super) fn is_asked_twice(&self, number: usize, top: &Top, found: &Found) -> Result<bool> {
        for other in self.tops.before(number, &top.target) {
            if other.path == top.path && found.state.meta.kind != Kind::Directory {
                let state = self.answers.state(&other.path, other.at)?;
                if state.is_some_and(|state| state.is_same_version(&found.state)) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The folder in which `top` gets a name of its own, if what comes back before it is, or may be, where it goes.
    pub(super) fn crowded(&self, number: usize, top: &Top) -> Result<Option<PathBuf>> {
        for target in top.target.ancestors() {
            for outer in self.tops.before(number, target) {
                if outer.target == top.target {
                    return Ok(Some(parent_of(&top.target).to_owned()));
                }
                if let Some(folder) = self.crowded_by(outer, top)? {
                    return Ok(Some(folder));
                }
            }
        }
        Ok(None)
    }

    /// The same for a folder `outer` above `top`, which is from another snapshot. Both go where they came from: in a
    /// folder that was named, nothing goes into another.
    fn crowded_by(&self, outer: &Top, top: &Top) -> Result<Option<PathBuf>> {
        let folder = top.path.parent().unwrap_or_default();
        let is_free = !self.is_exact()
            && self.answers.state(&top.path, outer.at)?.is_none()
            && is_there(&folder)
            && self.has_no_file_above(&folder, outer)?;
        if is_free {
            return Ok(None);
        }
        // The nearest folder that stays, as it is on both sides.
        let mut near = Some(folder);
        while let Some(folder) = near.filter(|folder| folder.is_within(&outer.path)) {
            let state = self.answers.state(&folder, outer.at)?;
            if state.is_some_and(|state| state.meta.kind == Kind::Directory) && is_there(&folder) {
                return Ok(Some(folder.to_absolute()));
            }
            near = folder.parent();
        }
        Ok(Some(parent_of(&outer.target).to_owned()))
    }

    /// Whether nothing but folders is on the way from `outer` to `folder`, as far as the snapshot knows that.
    fn has_no_file_above(&self, folder: &RelPath, outer: &Top) -> Result<bool> {
        let mut at = Some(folder.clone());
        while let Some(path) = at.filter(|path| path.is_within(&outer.path)) {
            let state = self.answers.state(&path, outer.at)?;
            if state.is_some_and(|state| state.meta.kind != Kind::Directory) {
                return Ok(false);
            }
            at = path.parent();
        }
        Ok(true)
    }
}

fn is_there(folder: &RelPath) -> bool {
    matches!(target::open(&folder.to_absolute()), Ok(Some(_)))
}
