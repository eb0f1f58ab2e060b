//! What is never removed though it was not in the snapshot: what the rules leave out of backups was in none, and is
//! no newer for that; what could not be read then; and folders that are sources, repositories or the program's own.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::Statx;

use super::past::Past;
use super::there::{Identity, Place, identity, unless_general};
use super::unread::Unread;
use super::{Planner, Spot};
use crate::engine::backup::{keep, on_the_way};
use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::path::{EntryName, RelPath, has_name};
use crate::engine::restore::target;
use crate::engine::rules::{FolderMarks, RuleSet, Rules, Why};

/// For each set of rules the one that leaves a folder out that is only on the way; empty stands for none.
pub type LeftOut = Vec<Option<Why>>;

/// What stays.
#[derive(Debug)]
pub struct Keepers {
    /// The rules of the snapshot, and those of the newest one; `None` if they can't be understood, or the snapshot can't
    /// be relied on: then all stays.
    rules: Option<Vec<Rules>>,
    /// What the snapshot could not read.
    unread: Unread,
    /// Folders that are not taken away from where they are, nor any above them.
    places: Vec<PathBuf>,
    /// The same as far as they are there, whatever path leads to them.
    known: HashSet<Identity>,
    /// Folders of which nothing is taken away.
    spared: Vec<PathBuf>,
    sources: Vec<RelPath>,
}

/// What stays of one folder.
#[derive(Debug)]
pub struct Kept {
    /// None if all does.
    names: Option<HashSet<EntryName>>,
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
    /// What stays of a restore by `planner` from the snapshot `past`. What rules leave out, and what could not be read,
    /// does so only where folders become exactly as they were.
    pub fn new(planner: &Planner<'_>, past: &Past) -> Result<Self> {
        let (answers, request) = (planner.answers, planner.request);
        let at = past.info.seq;
        let newest = answers.0.snapshots()?.last().map_or(at, |newest| newest.seq);
        let mut rules = Some(Vec::new());
        let mut unread = Some(Unread::default());
        if planner.is_exact() {
            unread = Unread::read(planner.repository, &past.info);
            rules = rules.filter(|_| past.is_whole && unread.is_some());
        }
        let mut sources = Vec::new();
        for seq in [at, newest] {
            sources.extend(answers.sources(seq)?);
            if !planner.is_exact() {
                continue;
            }
            let lines = answers.0.rules_of(seq)?;
            let (set, unknown) = RuleSet::from_lines(lines.iter().map(String::as_str));
            let compiled = Rules::compile(set, None).ok().filter(|_| unknown.is_empty());
            rules = rules.zip(compiled).map(|(mut rules, more)| {
                rules.push(more);
                rules
            });
        }
        let mut places: Vec<PathBuf> = sources.iter().map(RelPath::to_absolute).collect();
        places.extend(planner.repository.map(|repository| repository.path().to_owned()));
        let spared = [request.spared.as_slice(), &request.left_out].concat();
        places.extend(spared.iter().cloned());
        let identity_of = |path: &PathBuf| Dir::open(path).and_then(|dir| dir.stat()).ok();
        let known = places.iter().filter_map(identity_of).map(|stat| identity(&stat)).collect();
        Ok(Self { rules, unread: unread.unwrap_or_default(), places, known, spared, sources })
    }

    /// Whether this is the `stat` of a folder that is not taken away from where it is, nor cleared.
    pub fn is_place(&self, stat: &Statx) -> bool {
        self.known.contains(&identity(stat))
    }

    /// What stays of the folder `folder`, which is open as `dir` and has these sorted names in it.
    pub fn look(&self, dir: &Dir, folder: &Place, names: &[EntryName]) -> Kept {
        let is_spared = self.spared.iter().any(|spared| folder.target.starts_with(spared))
            || self.unread.is_at_or_above(&folder.path);
        let Some(rules) = self.rules.as_ref().filter(|_| !is_spared) else {
            return Kept { names: None, marks: Vec::new() };
        };
        let is_held = |name: &&EntryName| {
            let target = folder.target.join(OsStr::from_bytes(name));
            self.places.iter().any(|place| place.starts_with(&target))
                || self.unread.is_at_or_below(&folder.path.join(name))
        };
        let mut staying: HashSet<EntryName> = names.iter().filter(is_held).cloned().collect();
        let mut marks = Vec::new();
        for (number, rules) in rules.iter().enumerate() {
            let left_out = folder.left_out.get(number).cloned().flatten();
            let mut kept = names.to_vec();
            marks.push(keep(rules, dir, &folder.path, left_out, &mut kept));
            let is_out = |name: &&EntryName| !has_name(&kept, name);
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

    /// Whether what is called `name` in `spot`, the folder that is `path` in the snapshot, stays.
    ///
    /// # Errors
    /// A file system that fails as a whole.
    pub fn stays(&self, spot: &Spot, path: &RelPath, name: &[u8]) -> Result<bool> {
        let Some(dir) = &spot.dir else { return Ok(true) };
        // What may not be read stays.
        let Some(names) = unless_general(dir.names(), &spot.path)? else { return Ok(true) };
        let place = Place {
            parent: std::sync::Arc::clone(dir),
            name: Vec::new(),
            path: path.clone(),
            target: spot.path.clone(),
            left_out: self.left_out(path),
        };
        Ok(self.look(dir, &place, &names).has(name))
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
