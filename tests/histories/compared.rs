//! Any two moments, the timeline of every folder, and what only one snapshot holds.

use std::collections::{BTreeMap, BTreeSet};

use yore::engine::error::Error;
use yore::engine::history::{ChangeCounts, Difference, History, SnapshotUsage, Tick};
use yore::engine::path::RelPath;

use super::model::{Moment, Past, Step};

/// So few that every walk is interrupted somewhere.
const PAGE: usize = 3;

pub fn check(history: &History, past: &Past, when: &str) {
    check_pairs(history, past, when);
    check_timelines(history, past, when);
    check_usage(history, past, when);
}

fn check_pairs(history: &History, past: &Past, when: &str) {
    for (a, earlier) in &past.moments {
        for (b, later) in past.moments.range(a..) {
            let step = Step::new(*b, earlier, later);
            for under in unders(earlier, later) {
                let what = format!("{when}: from {a} to {b} under {under}");
                let wanted: Vec<(RelPath, Difference)> =
                    step.within(&under).map(|(path, how)| (path.clone(), how)).collect();
                assert_eq!(changes(history, (*a, *b), &under), wanted, "{what}");
                let totals = history.change_totals(*b, *a, &under).unwrap();
                assert_eq!(totals, step.count(step.within(&under)), "{what}: totals");
            }
        }
    }
}

/// The root, the sources, and what is in them: whole folders, files, and what is in only one of both.
fn unders(earlier: &Moment, later: &Moment) -> BTreeSet<RelPath> {
    let sources = || earlier.sources.iter().chain(&later.sources);
    let is_near = |path: &&RelPath| {
        sources().any(|source| path.components().count() == source.components().count() + 1)
    };
    let near = earlier.entries.keys().chain(later.entries.keys()).filter(is_near);
    near.chain(sources()).cloned().chain([RelPath::root()]).collect()
}

/// All pages.
fn changes(history: &History, (a, b): (u64, u64), under: &RelPath) -> Vec<(RelPath, Difference)> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = history.changes(a, b, under, after.as_ref(), PAGE).unwrap();
        assert!(page.changes.len() <= PAGE);
        all.extend(page.changes.into_iter().map(|change| (change.path, change.difference)));
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

fn check_timelines(history: &History, past: &Past, when: &str) {
    let steps = past.steps();
    for folder in &past.seen {
        let mut wanted = Vec::new();
        for (at, moment) in &past.moments {
            let is_there = moment.entries.get(folder).is_some_and(|fact| fact.is_folder())
                || moment.sources.iter().any(|source| source.is_within(folder));
            let step = steps.iter().find(|step| step.at == *at);
            let counts = step.map(|step| step.counts(folder));
            if is_there || counts.is_some_and(|counts| counts != ChangeCounts::default()) {
                wanted.push(Tick { seq: *at, counts });
            }
        }
        let found = match history.timeline(folder) {
            Ok(ticks) => ticks,
            Err(Error::NeverSeen(_)) => Vec::new(),
            Err(error) => panic!("{when}: timeline of {folder}: {error}"),
        };
        assert_eq!(found, wanted, "{when}: timeline of {folder}");
    }
}

fn check_usage(history: &History, past: &Past, when: &str) {
    // Of every content the size, and the snapshots that have it.
    let mut holders: BTreeMap<&[u8], (u64, BTreeSet<u64>)> = BTreeMap::new();
    for (at, moment) in &past.moments {
        for fact in moment.entries.values().filter(|fact| fact.is_file() && fact.size > 0) {
            let holder = holders.entry(&fact.content).or_default();
            holder.0 = fact.size;
            holder.1.insert(*at);
        }
    }
    let wanted: Vec<SnapshotUsage> = past
        .moments
        .keys()
        .map(|seq| {
            let only = holders.values().filter(|(_, at)| at.iter().eq([seq]));
            let (only_files, only_bytes) =
                only.fold((0, 0), |(files, total), (size, _)| (files + 1, total + size));
            SnapshotUsage { seq: *seq, only_files, only_bytes }
        })
        .collect();
    assert_eq!(history.usage().unwrap(), wanted, "{when}: usage");
}
