//! Folders that nothing is restored into: repositories, and where the program itself keeps what it remembers.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use rustix::fs::Statx;

use super::there::{Identity, identity};
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result, TargetProblem};
use crate::engine::path::EntryName;
use crate::engine::repository::{MARKER_NAME, Repository, is_repository};
use crate::engine::restore::target;

/// The open repository and the program's own folders, known whatever path leads to them.
#[derive(Debug)]
pub struct Own {
    known: HashMap<Identity, TargetProblem>,
    /// The program's own, which may not be there yet.
    paths: Vec<PathBuf>,
}

impl Own {
    /// Looks at the repository and the program's own folders `spared`.
    pub fn new(repository: Option<&Repository>, spared: &[PathBuf]) -> Self {
        let of = |dir: &Dir| dir.stat().ok().as_ref().map(identity);
        let spared_dirs = spared.iter().filter_map(|path| of(&Dir::open(path).ok()?));
        let mut known: HashMap<_, _> =
            spared_dirs.map(|folder| (folder, TargetProblem::Own)).collect();
        let repository = repository.and_then(|repository| of(repository.dir()));
        known.extend(repository.map(|folder| (folder, TargetProblem::Repository)));
        Self { known, paths: spared.to_vec() }
    }

    /// Whether this is the `stat` of one of them.
    pub fn is(&self, stat: &Statx) -> bool {
        self.known.contains_key(&identity(stat))
    }

    /// Refuses a place that is such a folder or lies in one. Folders that are `checked` already are not looked at, nor
    /// those above them.
    ///
    /// # Errors
    /// [`Error::BadTarget`].
    pub fn refuse(&self, place: &Path, checked: &mut HashSet<PathBuf>) -> Result<()> {
        let bad = |reason| Error::BadTarget { path: place.to_owned(), reason };
        if self.paths.iter().any(|own| place.starts_with(own)) {
            return Err(bad(TargetProblem::Own));
        }
        for above in place.ancestors() {
            if !checked.insert(above.to_owned()) {
                break;
            }
            // What is no folder, or none to enter, is told of where something is to be made in it.
            let Ok(Some(dir)) = target::open(above) else { continue };
            if let Some(reason) = self.problem(&dir) {
                return Err(bad(reason));
            }
        }
        Ok(())
    }

    fn problem(&self, dir: &Dir) -> Option<TargetProblem> {
        let stat = dir.stat().ok()?;
        let names = [MARKER_NAME, b"snapshots", b"stage"];
        let has = |name: &&[u8]| dir.has(name).unwrap_or(false);
        let is_other = || {
            let found = names.into_iter().take_while(has).map(EntryName::from_slice);
            is_repository(dir, &found.collect::<Vec<_>>())
        };
        let known = self.known.get(&identity(&stat)).copied();
        known.or_else(|| is_other().then_some(TargetProblem::Repository))
    }
}
