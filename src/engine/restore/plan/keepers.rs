//! What is never removed though it was not in the snapshot: what the rules leave out of backups was in none, and is
//! no newer for that; and folders that are sources, repositories or the program's own.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::Spot;
use super::there::Place;
use super::{Found, unit::Unit};
use crate::engine::backup::{keep, on_the_way};
use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::history::Answers;
use crate::engine::path::RelPath;
use crate::engine::repository::Repository;
use crate::engine::restore::{RestoreRequest, target};
use crate::engine::rules::{FolderMarks, RuleSet, Rules, Why};

/// For each set of rules the one that leaves a folder out that is only on the way; empty stands for none.
pub type LeftOut = Vec<Option<Why>>;

/// What stays.
#[derive(Debug)]
pub struct Keepers {
    /// The rules of the snapshot, and those of the newest one; `None` if they can't be understood: then all stays.
    rules: Option<Vec<Rules>>,
    /// Folders that are not taken away from where they are, nor any above them.
    places: Vec<PathBuf>,
    /// Folders of which nothing is taken away.
    spared: Vec<PathBuf>,
    sources: Vec<RelPath>,
}

/// What stays of one folder.
#[derive(Debug)]
pub struct Kept {
    /// None if all does.
    names: Option<HashSet<Vec<u8>>>,
    /// For each set of rules, what the folder says of all in it.
    marks: Vec<FolderMarks>,
}

impl Kept {
    /// Whether anything stays.
    pub fn has_any(&self) -> bool {
        self.names.as_ref().is_none_or(|names| !names.is_empty())
    }

    /// Whether `name` stays.
    pub fn has(&self, name: &[u8]) -> bool {
        self.names.as_ref().is_none_or(|names| names.contains(name))
    }
}

impl Keepers {
    /// What stays of a restore from the snapshot `at`.
    pub fn new(
        answers: Answers<'_>,
        at: u64,
        repository: Option<&Repository>,
        request: &RestoreRequest,
    ) -> Result<Self> {
        let newest = answers.0.snapshots()?.last().map_or(at, |newest| newest.seq);
        let mut rules = Some(Vec::new());
        let mut sources = Vec::new();
        for seq in [at, newest] {
            sources.extend(answers.sources(seq)?);
            let lines = answers.0.rules_of(seq)?;
            let (set, unknown) = RuleSet::from_lines(lines.iter().map(String::as_str));
            let compiled = Rules::compile(set, None).ok().filter(|_| unknown.is_empty());
            rules = rules.zip(compiled).map(|(mut rules, more)| {
                rules.push(more);
                rules
            });
        }
        let mut places: Vec<PathBuf> = sources.iter().map(RelPath::to_absolute).collect();
        places.extend(repository.map(|repository| repository.path().to_owned()));
        places.extend(request.spared.iter().cloned());
        Ok(Self { rules, places, spared: request.spared.clone(), sources })
    }

    /// What stays of the folder `folder`, which is open as `dir` and has these sorted names in it.
    pub fn look(&self, dir: &Dir, folder: &Place, names: &[Vec<u8>]) -> Kept {
        let is_spared = self.spared.iter().any(|spared| folder.target.starts_with(spared));
        let Some(rules) = self.rules.as_ref().filter(|_| !is_spared) else {
            return Kept { names: None, marks: Vec::new() };
        };
        let is_place = |name: &&Vec<u8>| {
            let target = folder.target.join(OsStr::from_bytes(name));
            self.places.iter().any(|place| place.starts_with(&target))
        };
        let mut staying: HashSet<Vec<u8>> = names.iter().filter(is_place).cloned().collect();
        let mut marks = Vec::new();
        for (number, rules) in rules.iter().enumerate() {
            let left_out = folder.left_out.get(number).cloned().flatten();
            let mut kept = names.to_vec();
            marks.push(keep(rules, dir, &folder.path, left_out, &mut kept));
            let is_out = |name: &&Vec<u8>| kept.binary_search(name).is_err();
            staying.extend(names.iter().filter(is_out).cloned());
        }
        Kept { names: Some(staying), marks }
    }

    /// The rules that leave out the folder `path`, if it is only on the way; its own folder said `kept`.
    pub fn below(&self, path: &RelPath, kept: &Kept) -> LeftOut {
        let rules = self.rules.iter().flatten();
        rules.zip(&kept.marks).map(|(rules, marks)| on_the_way(rules, path, marks)).collect()
    }

    /// The same for a folder where a walk begins: what is above it is looked at as it is now.
    pub fn left_out(&self, path: &RelPath) -> LeftOut {
        let sources = self.sources.iter().filter(|source| path.is_within(source));
        let Some(source) = sources.max_by_key(|source| source.as_bytes().len()) else {
            return LeftOut::default();
        };
        self.rules.iter().flatten().map(|rules| on_the_way_from(rules, source, path)).collect()
    }

    /// Whether the database of `unit`, which was not in the snapshot, stays.
    pub fn stays(&self, spot: &Spot, unit: &Unit, found: &Found) -> Result<bool> {
        let Some(dir) = &spot.dir else { return Ok(true) };
        let path = found.path.parent().unwrap_or_default();
        let left_out = self.left_out(&path);
        let place = Place {
            parent: std::sync::Arc::clone(dir),
            name: Vec::new(),
            path,
            target: spot.path.clone(),
            left_out,
        };
        Ok(self.look(dir, &place, std::slice::from_ref(&unit.base)).has(&unit.base))
    }
}

fn on_the_way_from(rules: &Rules, source: &RelPath, path: &RelPath) -> Option<Why> {
    let (mut at, mut left_out) = (source.clone(), None);
    for name in path.components().skip(source.components().count()) {
        if !rules.leads_to_include(&at) && left_out.is_none() {
            return None;
        }
        let mut marks = live_marks(&at.to_absolute());
        marks.left_out = left_out;
        at.push(name);
        left_out = on_the_way(rules, &at, &marks);
    }
    left_out
}

fn live_marks(folder: &Path) -> FolderMarks {
    let dir = target::open(folder).ok().flatten();
    let names = dir.as_ref().and_then(|dir| dir.names().ok());
    dir.zip(names).map_or_else(FolderMarks::default, |(dir, names)| FolderMarks::read(&dir, &names))
}
