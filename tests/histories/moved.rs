//! Where files were moved, and the versions of a path with those of the paths that it came from and went to.

use std::collections::{BTreeMap, BTreeSet};

use yore::engine::error::Error;
use yore::engine::history::History;
use yore::engine::path::RelPath;

use super::asked::entry;
use super::model::{Life, Moment, Past};

/// From where to where files were moved in one snapshot.
#[derive(Debug, Default)]
pub struct Moves(BTreeSet<(RelPath, RelPath)>);

impl Moves {
    /// Content that left a path which is gone and came to one that is new, each used once.
    pub fn between(before: &Moment, after: &Moment) -> Self {
        let only = |one: &Moment, other: &Moment| {
            let mut paths: BTreeMap<Vec<u8>, Vec<RelPath>> = BTreeMap::new();
            for (path, fact) in &one.entries {
                if fact.is_file() && fact.size > 0 && !other.entries.contains_key(path) {
                    paths.entry(fact.content.clone()).or_default().push(path.clone());
                }
            }
            paths
        };
        let (gone, mut new) = (only(before, after), only(after, before));
        let mut moves = Self::default();
        for (content, mut from) in gone {
            let mut to = new.remove(&content).unwrap_or_default();
            moves.pair(&mut from, &mut to, |one, other| one.name() == other.name());
            moves.pair(&mut from, &mut to, |_, _| true);
        }
        moves
    }

    fn pair(
        &mut self,
        from: &mut Vec<RelPath>,
        to: &mut Vec<RelPath>,
        fits: impl Fn(&RelPath, &RelPath) -> bool,
    ) {
        from.retain(|left| {
            let found = to.iter().position(|came| fits(left, came));
            let pair = found.map(|at| (left.clone(), to.remove(at)));
            let is_left = pair.is_none();
            self.0.extend(pair);
            is_left
        });
    }

    pub fn to(&self, path: &RelPath) -> Option<&RelPath> {
        self.0.iter().find(|(from, _)| from == path).map(|(_, to)| to)
    }

    fn from(&self, path: &RelPath) -> Option<&RelPath> {
        self.0.iter().find(|(_, to)| to == path).map(|(from, _)| from)
    }
}

type Version<'a> = (RelPath, Life<'a>);

/// The versions of a path that follow each other without a gap, oldest first, among them the one of the snapshot `at`.
fn one_life<'a>(past: &'a Past, path: &RelPath, at: u64) -> Vec<Version<'a>> {
    let mut lives = past.lives(path);
    lives.reverse();
    let middle = lives.iter().position(|(first, last, _)| (*first..=*last).contains(&at)).unwrap();
    let follow = |one: &Life<'_>, other: &Life<'_>| {
        past.after(one.1).is_some_and(|(after, _)| after == other.0)
    };
    let (mut start, mut end) = (middle, middle);
    while start > 0 && follow(&lives[start - 1], &lives[start]) {
        start -= 1;
    }
    while end + 1 < lives.len() && follow(&lives[end], &lives[end + 1]) {
        end += 1;
    }
    lives[start..=end].iter().map(|life| (path.clone(), *life)).collect()
}

/// All versions of a path and of those that it was moved from and to, newest first.
fn versions<'a>(past: &'a Past, path: &RelPath) -> Vec<Version<'a>> {
    let mut all: Vec<Version<'_>> =
        past.lives(path).into_iter().rev().map(|life| (path.clone(), life)).collect();
    while let Some((path, (first, _, _))) = all.first() {
        let Some((before, earlier)) = past.before(*first) else { break };
        let moves = Moves::between(earlier, &past.moments[first]);
        let Some(from) = moves.from(path) else { break };
        let mut life = one_life(past, from, before);
        life.append(&mut all);
        all = life;
    }
    while let Some((path, (_, last, _))) = all.last() {
        let Some((after, later)) = past.after(*last) else { break };
        let moves = Moves::between(&past.moments[last], later);
        let Some(to) = moves.to(path) else { break };
        all.extend(one_life(past, to, after));
    }
    all.reverse();
    all
}

pub fn check(history: &History, past: &Past, when: &str) {
    for path in &past.seen {
        let wanted: Vec<_> = versions(past, path)
            .into_iter()
            .map(|(path, (first, last, fact))| {
                let entry = entry(path.name().unwrap_or_default(), fact);
                (path, first, last, entry)
            })
            .collect();
        let found = match history.versions(path) {
            Ok(versions) => {
                versions.into_iter().map(|v| (v.path, v.first, v.last, v.entry)).collect()
            }
            Err(Error::NeverSeen(_)) => Vec::new(),
            Err(error) => panic!("{when}: versions of {path}: {error}"),
        };
        assert_eq!(found, wanted, "{when}: versions of {path}");
    }
}
