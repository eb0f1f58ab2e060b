//! Random histories: what was deleted is what follows from all states, whatever became of the index.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use yore::engine::history::Entry;
use yore::engine::meta::Kind;
use yore::engine::path::RelPath;

use super::{pages, query, rebuild};
use crate::common::chance::Chance;
use crate::common::engine::Rig;
use crate::common::tree::write;

type State = BTreeMap<RelPath, Entry>;

/// All that a history holds, and what follows from it.
struct Model(Vec<(u64, State)>);

impl Model {
    fn of(rig: &Rig) -> Self {
        let mut states = BTreeMap::<u64, State>::new();
        for (seq, folder, entries) in rig.answers().lists {
            let entries = entries.into_iter().map(|entry| (folder.join(&entry.name), entry));
            states.entry(seq).or_default().extend(entries);
        }
        Self(states.into_iter().collect())
    }

    /// The last snapshot that has the path, by its place, if a later one hasn't.
    fn last(&self, path: &RelPath) -> Option<usize> {
        let last = self.0.iter().rposition(|(_, state)| state.contains_key(path))?;
        (last + 1 < self.0.len()).then_some(last)
    }

    /// Files that were moved from the snapshot at a place to the next one.
    fn moved(&self, last: usize) -> BTreeSet<RelPath> {
        let (before, after) = (&self.0[last].1, &self.0[last + 1].1);
        let content = |entry: &Entry| {
            (entry.kind == Kind::File && entry.size_bytes > 0).then(|| entry.hash.unwrap())
        };
        let only = |one: &State, other: &State| {
            let mut paths = BTreeMap::<_, Vec<RelPath>>::new();
            for (path, entry) in one.iter().filter(|(path, _)| !other.contains_key(*path)) {
                if let Some(hash) = content(entry) {
                    paths.entry(hash).or_default().push(path.clone());
                }
            }
            paths
        };
        let (gone, mut new) = (only(before, after), only(after, before));
        let mut moved = BTreeSet::new();
        for (hash, paths) in gone {
            let new = new.entry(hash).or_default();
            let mut rest = Vec::new();
            for path in paths {
                match new.iter().position(|other| other.name() == path.name()) {
                    Some(at) => {
                        new.remove(at);
                        moved.insert(path);
                    }
                    None => rest.push(path),
                }
            }
            moved.extend(rest.into_iter().take(new.len()));
        }
        moved
    }

    /// Adds the row of a path that is gone, or those of what was in it.
    fn judge(&self, path: &RelPath, last: usize, rows: &mut BTreeSet<RelPath>) {
        let state = &self.0[last].1;
        let moved = self.moved(last);
        let (mut is_moved, mut is_lost) = (false, false);
        for (below, entry) in state.iter().filter(|(below, _)| below.is_within(path)) {
            match entry.kind {
                Kind::Directory => {
                    is_lost |= !state.keys().any(|other| other.parent().as_ref() == Some(below));
                }
                _ if moved.contains(below) => is_moved = true,
                _ => is_lost = true,
            }
        }
        if !is_moved {
            rows.insert(path.clone());
        } else if is_lost {
            let children = state.keys().filter(|other| other.parent().as_ref() == Some(path));
            children.for_each(|child| self.judge(child, last, rows));
        }
    }

    /// Every row: the first snapshot without it and the path, in order.
    fn deleted(&self) -> Vec<(u64, RelPath)> {
        let all: BTreeSet<&RelPath> = self.0.iter().flat_map(|(_, state)| state.keys()).collect();
        let mut rows = Vec::new();
        for path in all {
            let Some(last) = self.last(path) else { continue };
            let with_parent = path.parent().is_some_and(|parent| self.last(&parent) == Some(last));
            if !with_parent {
                let mut found = BTreeSet::new();
                self.judge(path, last, &mut found);
                rows.extend(found.into_iter().map(|path| (self.0[last + 1].0, path)));
            }
        }
        rows.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
        rows
    }
}

fn place(rig: &Rig, chance: &mut Chance) -> PathBuf {
    let depth = 1 + chance.below(3);
    let names: Vec<&str> = (0..depth).map(|_| chance.of(&["a", "b", "c"])).collect();
    rig.source.join(names.join("/"))
}

/// One change; what can't be done as things are is left undone.
fn edit(rig: &Rig, chance: &mut Chance) {
    let path = place(rig, chance);
    let parent = path.parent().unwrap();
    match chance.below(10) {
        0..=3 if fs::create_dir_all(parent).is_ok() && !path.is_dir() => {
            write(&path, chance.of(&["", "one", "two", "three", "four"]));
        }
        4 => drop(fs::create_dir_all(&path)),
        5..=6 => drop(fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path))),
        _ if fs::create_dir_all(parent).is_ok() => drop(fs::rename(place(rig, chance), &path)),
        _ => {}
    }
}

#[track_caller]
fn check(rig: &Rig, what: &str) {
    let found = pages(rig, &query(rig, ""), 1_000);
    let told: Vec<_> = found.iter().map(|row| (row.gone, row.path.clone())).collect();
    assert_eq!(told, Model::of(rig).deleted(), "{what}");
    assert_eq!(pages(rig, &query(rig, ""), 1), found, "{what}, by pages");
}

#[test]
fn what_was_deleted_follows_from_all_states() {
    for seed in 0..12 {
        let mut chance = Chance::new(seed);
        let rig = Rig::new();
        write(&rig.source.join("stays"), "stays");
        let mut names = Vec::new();
        for _ in 0..7 {
            (0..1 + chance.below(6)).for_each(|_| edit(&rig, &mut chance));
            names.push(rig.back_up().snapshot);
        }
        check(&rig, &format!("seed {seed}"));
        rebuild(&rig);
        check(&rig, &format!("seed {seed}, rebuilt"));
        for _ in 0..2 {
            let name = names.remove(chance.below(names.len()));
            fs::rename(rig.snapshot(&name), rig.repository.join("trash").join(&name)).unwrap();
        }
        rig.recover();
        check(&rig, &format!("seed {seed}, thinned out"));
        rebuild(&rig);
        check(&rig, &format!("seed {seed}, thinned out and rebuilt"));
    }
}
