//! Every question about every path and moment, asked of the engine and of the model.

use std::collections::BTreeSet;

use yore::engine::error::Error;
use yore::engine::history::{ChangeCounts, Entry, History};
use yore::engine::index::Index;
use yore::engine::meta::{ContentHash, FileTime, Kind};
use yore::engine::path::RelPath;

use super::model::{Moment, Past, Step};
use super::{compared, found, gone, moved, told};
use crate::common::engine::Rig;
use crate::common::tree::Fact;

/// Fails unless the engine says of the whole history what the model does.
pub fn check(rig: &Rig, past: &Past, when: &str) {
    let history = rig.history();
    let listed: Vec<u64> = history.snapshots().unwrap().iter().map(|row| row.seq).collect();
    assert_eq!(listed, past.moments.keys().copied().collect::<Vec<_>>(), "{when}: snapshots");
    for (at, moment) in &past.moments {
        check_entries(&history, past, *at, moment, when);
    }
    moved::check(&history, past, when);
    gone::check(&history, past, when);
    compared::check(&history, past, when);
    found::check(&history, past, when);
    let index = Index::open_read_only(&rig.index()).unwrap().expect("an index");
    check_changes(&index, past, when);
    told::check(&history, &index, past, when);
}

/// What the engine must say of an entry.
pub fn entry(name: &[u8], fact: &Fact) -> Entry {
    let kind = Kind::from_mode(fact.mode).unwrap();
    Entry {
        name: name.to_vec(),
        kind,
        mode: fact.mode & 0o7777,
        uid: fact.owner.0,
        gid: fact.owner.1,
        size_bytes: if matches!(kind, Kind::File | Kind::Symlink) { fact.size } else { 0 },
        mtime: FileTime { sec: fact.mtime.0, nsec: fact.mtime.1 as u32 },
        hash: match kind {
            Kind::File => ContentHash::from_slice(&fact.content),
            Kind::Symlink => Some(ContentHash::of(&fact.content)),
            _ => None,
        },
        stale: false,
        torn: false,
        absent: false,
    }
}

/// What it must say of a folder above the sources.
fn scaffold(name: &[u8]) -> Entry {
    Entry {
        name: name.to_vec(),
        kind: Kind::Directory,
        mode: 0o755,
        uid: 0,
        gid: 0,
        size_bytes: 0,
        mtime: FileTime::default(),
        hash: None,
        stale: false,
        torn: false,
        absent: false,
    }
}

fn check_entries(history: &History, past: &Past, at: u64, moment: &Moment, when: &str) {
    for path in &past.seen {
        let name = path.name().unwrap_or_default();
        let wanted = match moment.entries.get(path) {
            Some(fact) => Some(entry(name, fact)),
            None if moment.sources.iter().any(|source| source.is_within(path)) => {
                Some(scaffold(name))
            }
            None => None,
        };
        let found = history.entry(path, at).unwrap();
        assert_eq!(found, wanted, "{when}: entry {path} in {at}");

        let children: Vec<Entry> = moment
            .children(path)
            .into_iter()
            .map(|(name, fact)| fact.map_or_else(|| scaffold(&name), |fact| entry(&name, fact)))
            .collect();
        match history.list(path, at) {
            Ok(found) => {
                assert_eq!(found, children, "{when}: list {path} in {at}");
                assert!(wanted.is_some(), "{when}: list {path} in {at}, where it is not");
            }
            Err(Error::NotInSnapshot { .. }) => {
                assert!(wanted.is_none(), "{when}: {path} is in {at}");
            }
            Err(error) => panic!("{when}: list {path} in {at}: {error}"),
        }
    }
}

/// The rows that say what changed below each folder.
fn check_changes(index: &Index, past: &Past, when: &str) {
    let steps = past.steps();
    for folder in &past.seen {
        let node = index.node_of(folder).unwrap();
        let mut below = Vec::new();
        for step in &steps {
            let (at, wanted) = (step.at, step.counts(folder));
            let found = node.and_then(|node| index.counts_of(node, at).unwrap());
            assert_eq!(found.unwrap_or_default(), wanted, "{when}: changes below {folder} in {at}");
            if let Some(counts) = found {
                assert_ne!(counts, ChangeCounts::default(), "{when}: no row for {folder} in {at}");
                below.push((at, counts));
            }
            check_children(index, folder, step, when);
        }
        let Some(node) = node else { continue };
        let oldest = past.moments.keys().next().copied();
        let mut found = index.counts_below(node).unwrap();
        found.retain(|(at, _)| Some(*at) != oldest);
        assert_eq!(found, below, "{when}: all changes below {folder}");
        for (at, moment) in &past.moments {
            let (found, wanted) = (index.size_of(node, *at).unwrap(), moment.size(folder));
            assert_eq!(found, wanted, "{when}: size of {folder} in {at}");
        }
    }
}

/// No child that differs, or has something below it that does, may be left out.
fn check_children(index: &Index, folder: &RelPath, step: &Step<'_>, when: &str) {
    let (at, depth) = (step.at, folder.components().count());
    let changed: BTreeSet<RelPath> = step
        .below(folder)
        .map(|(path, _)| folder.join(path.components().nth(depth).unwrap()))
        .collect();
    if changed.is_empty() {
        return;
    }
    let node = index.node_of(folder).unwrap().expect("a folder that was seen");
    let found = index.changed_children(node, at).unwrap();
    for child in changed {
        let number = index.node_of(&child).unwrap().expect("a path that was seen");
        assert!(found.contains(&number), "{when}: {child} changed in {at}, {found:?}");
    }
}
