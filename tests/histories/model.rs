//! A history as somebody would keep it who has all the room in the world: every state whole, and every question
//! answered by looking at all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use yore::engine::history::{ChangeCounts, Difference};
use yore::engine::path::RelPath;
use yore::engine::seal::SnapshotKind;

use crate::common::tree::Fact;

/// What one snapshot holds.
#[derive(Debug, Clone)]
pub struct Moment {
    pub entries: BTreeMap<RelPath, Fact>,
    pub sources: Vec<RelPath>,
    /// The folder with all sources.
    pub root: PathBuf,
    /// The number of the rules.
    pub rules: usize,
}

/// How a snapshot came to be.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    pub kind: SnapshotKind,
    pub copied_bytes: u64,
}

/// The snapshots that are left, by their numbers.
#[derive(Debug, Default)]
pub struct Past {
    pub moments: BTreeMap<u64, Moment>,
    /// Those that the index knows, pruned ones, too.
    pub made: BTreeMap<u64, Made>,
    /// Every path that ever was, and the folders above the sources.
    pub seen: BTreeSet<RelPath>,
}

/// A state of a path, and the first and the last snapshot that has it.
pub type Life<'a> = (u64, u64, &'a Fact);

impl Moment {
    pub fn below<'a>(
        &'a self,
        folder: &'a RelPath,
    ) -> impl Iterator<Item = (&'a RelPath, &'a Fact)> {
        self.entries.iter().filter(move |(path, _)| path.is_within(folder) && *path != folder)
    }

    /// The entries of a folder by name; those above the sources have no state.
    pub fn children(&self, folder: &RelPath) -> BTreeMap<Vec<u8>, Option<&Fact>> {
        let mut children = BTreeMap::new();
        for path in self.entries.keys().chain(&self.sources) {
            if path.is_within(folder) && path != folder {
                let name = path.components().nth(folder.components().count()).unwrap();
                children.insert(name.to_vec(), self.entries.get(&folder.join(name)));
            }
        }
        children
    }

    /// How many entries are below a folder, and the bytes of the files.
    pub fn size(&self, folder: &RelPath) -> (u64, u64) {
        self.below(folder)
            .fold((0, 0), |(entries, total), (_, fact)| (entries + 1, total + bytes(Some(fact))))
    }

    /// The paths that differ from here to `later`, and how.
    pub fn differences(&self, later: &Self) -> BTreeMap<RelPath, Difference> {
        let paths: BTreeSet<&RelPath> = self.entries.keys().chain(later.entries.keys()).collect();
        paths
            .into_iter()
            .filter_map(|path| {
                let how = difference(self.entries.get(path), later.entries.get(path))?;
                Some((path.clone(), how))
            })
            .collect()
    }
}

/// A snapshot and the one before it.
pub struct Step<'a> {
    pub at: u64,
    before: &'a Moment,
    after: &'a Moment,
    differences: BTreeMap<RelPath, Difference>,
}

impl<'s> Step<'s> {
    pub fn new(at: u64, before: &'s Moment, after: &'s Moment) -> Self {
        Self { at, before, after, differences: before.differences(after) }
    }

    /// What differs at a path and below it.
    pub fn within<'a>(
        &'a self,
        path: &'a RelPath,
    ) -> impl Iterator<Item = (&'a RelPath, Difference)> {
        let all = self.differences.iter().map(|(path, how)| (path, *how));
        all.filter(move |(found, _)| found.is_within(path))
    }

    /// What differs below a folder.
    pub fn below<'a>(
        &'a self,
        folder: &'a RelPath,
    ) -> impl Iterator<Item = (&'a RelPath, Difference)> {
        self.within(folder).filter(move |(path, _)| *path != folder)
    }

    /// The same, counted.
    pub fn counts(&self, folder: &RelPath) -> ChangeCounts {
        self.count(self.below(folder))
    }

    /// Some of what differs, counted.
    pub fn count<'a>(
        &self,
        differing: impl Iterator<Item = (&'a RelPath, Difference)>,
    ) -> ChangeCounts {
        let mut counts = ChangeCounts::default();
        for (path, how) in differing {
            match how {
                Difference::Added => counts.added += 1,
                Difference::Changed => counts.changed += 1,
                Difference::Metadata => counts.touched += 1,
                Difference::Removed => counts.removed += 1,
            }
            if how != Difference::Metadata {
                counts.bytes_out += bytes(self.before.entries.get(path));
                counts.bytes_in += bytes(self.after.entries.get(path));
            }
        }
        counts
    }
}

impl Past {
    /// What each snapshot but the oldest changed.
    pub fn steps(&self) -> Vec<Step<'_>> {
        let later = self.moments.iter().skip(1);
        self.moments
            .values()
            .zip(later)
            .map(|(before, (at, after))| Step::new(*at, before, after))
            .collect()
    }

    /// The snapshot before the one with the number `at`.
    pub fn before(&self, at: u64) -> Option<(u64, &Moment)> {
        self.moments.range(..at).next_back().map(|(at, moment)| (*at, moment))
    }

    /// The snapshot after the one with the number `at`.
    pub fn after(&self, at: u64) -> Option<(u64, &Moment)> {
        self.moments.range(at + 1..).next().map(|(at, moment)| (*at, moment))
    }

    /// The distinct states of a path, newest first.
    pub fn lives(&self, path: &RelPath) -> Vec<Life<'_>> {
        let mut lives: Vec<Life<'_>> = Vec::new();
        let mut is_there = false;
        for (at, moment) in &self.moments {
            let Some(fact) = moment.entries.get(path) else {
                is_there = false;
                continue;
            };
            match lives.last_mut().filter(|_| is_there) {
                Some((_, last, same)) if difference(Some(same), Some(fact)).is_none() => {
                    (*last, *same) = (*at, fact);
                }
                _ => lives.push((*at, *at, fact)),
            }
            is_there = true;
        }
        lives.reverse();
        lives
    }
}

/// The size of a file; 0 of anything else.
pub fn bytes(fact: Option<&Fact>) -> u64 {
    fact.filter(|fact| fact.is_file()).map_or(0, |fact| fact.size)
}

pub fn difference(before: Option<&Fact>, after: Option<&Fact>) -> Option<Difference> {
    let (before, after) = match (before, after) {
        (None, None) => return None,
        (None, Some(_)) => return Some(Difference::Added),
        (Some(_), None) => return Some(Difference::Removed),
        (Some(before), Some(after)) => (before, after),
    };
    let kind = |fact: &Fact| fact.mode & 0o170_000;
    if kind(before) != kind(after) || before.content != after.content {
        return Some(Difference::Changed);
    }
    let without_time = |fact: &Fact| (fact.mode, fact.owner, fact.attributes.clone());
    let has_other_time = !before.is_folder() && before.mtime != after.mtime;
    (has_other_time || without_time(before) != without_time(after)).then_some(Difference::Metadata)
}
