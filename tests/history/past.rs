//! Random pasts, and what each of their snapshots holds, listed in full.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use yore::engine::history::{ChangeCounts, Difference, Entry, History};
use yore::engine::meta::Kind;
use yore::engine::monitor::Monitor;
use yore::engine::path::RelPath;

use crate::common::chance::Chance;
use crate::common::engine::Rig;
use crate::common::place::set_mode;
use crate::common::tree::write;

/// All that one snapshot holds.
pub type Full = BTreeMap<RelPath, Entry>;

const NAMES: [&str; 9] = ["a", "a-b", "a.b", "b", "dir", "dir-2", "e", "ä", "z"];

/// A past of so many snapshots.
pub fn past(seed: u64, snapshots: usize) -> Rig {
    let (rig, mut chance) = (Rig::new(), Chance::new(seed));
    write(&rig.source.join("always"), "here");
    for snapshot in 0..snapshots {
        for _ in 0..if snapshot == 0 { 60 } else { 12 } {
            edit(&rig.source, &mut chance);
        }
        rig.back_up();
    }
    rig
}

/// Deletes the snapshot `seq`.
pub fn prune(rig: &Rig, seq: u64) {
    let name = rig.history().snapshot(seq).unwrap().name;
    fs::rename(rig.snapshot(&name), rig.repository.join("trash").join(&name)).unwrap();
    rig.recover();
    assert!(rig.history().snapshot(seq).is_err());
}

/// Calls `check` with the past as it is, without a snapshot in the middle, without the oldest one, and after the index was lost.
pub fn each_fate(seed: u64, check: impl Fn(&History, &str)) {
    let rig = past(seed, 6);
    check(&rig.history(), &format!("seed {seed}"));
    prune(&rig, 3);
    check(&rig.history(), &format!("seed {seed}, without 3"));
    prune(&rig, 1);
    check(&rig.history(), &format!("seed {seed}, without 1 and 3"));
    rig.writer(&Monitor::new()).unwrap().rebuild(&Monitor::new()).unwrap();
    check(&rig.history(), &format!("seed {seed}, rebuilt"));
}

/// A path in the source that may be there or not.
fn somewhere(source: &Path, chance: &mut Chance) -> PathBuf {
    let mut path = source.to_owned();
    for _ in 0..=chance.below(3) {
        path.push(chance.of(&NAMES));
    }
    path
}

fn remove(path: &Path) {
    match path.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path).unwrap(),
        Ok(_) => fs::remove_file(path).unwrap(),
        Err(_) => {}
    }
}

/// Makes way for an entry at `path`: files on the way become folders.
fn make_way(source: &Path, path: &Path) {
    let below = path.strip_prefix(source).unwrap();
    let mut at = source.to_owned();
    for name in below.parent().unwrap() {
        at.push(name);
        if !at.symlink_metadata().is_ok_and(|found| found.is_dir()) {
            remove(&at);
            fs::create_dir(&at).unwrap();
        }
    }
}

fn edit(source: &Path, chance: &mut Chance) {
    let path = somewhere(source, chance);
    let what = chance.below(100);
    let found = path.symlink_metadata();
    if what < 25 {
        remove(&path);
        return;
    }
    if what < 35
        && let Ok(found) = &found
    {
        let is_link = found.is_symlink();
        if !is_link {
            set_mode(&path, if found.is_dir() { 0o750 } else { chance.of(&[0o600, 0o640, 0o644]) });
        }
        return;
    }
    if what < 50 && found.is_ok() {
        let to = somewhere(source, chance);
        if !to.starts_with(&path) && !path.starts_with(&to) {
            make_way(source, &to);
            if path.symlink_metadata().is_ok() {
                remove(&to);
                fs::rename(&path, &to).unwrap();
            }
        }
        return;
    }
    make_way(source, &path);
    remove(&path);
    match what {
        50..60 => fs::create_dir(&path).unwrap(),
        60..68 => symlink(chance.of(&NAMES), &path).unwrap(),
        // Few contents, so that many files have the same.
        68..80 => write(&path, "x".repeat(chance.below(12))),
        _ => write(&path, format!("{}", chance.number())),
    }
}

/// All entries that the snapshot `at` lists, without the folders above the sources.
pub fn full(history: &History, at: u64) -> Full {
    let sources = history.sources(at).unwrap();
    let (mut entries, mut folders) = (Full::new(), vec![RelPath::root()]);
    while let Some(folder) = folders.pop() {
        for entry in history.list(&folder, at).unwrap() {
            let path = folder.join(&entry.name);
            if entry.kind == Kind::Directory {
                folders.push(path.clone());
            }
            if sources.iter().any(|source| path.is_within(source)) {
                entries.insert(path, entry);
            }
        }
    }
    entries
}

/// What a person would call different.
pub fn difference(before: Option<&Entry>, after: Option<&Entry>) -> Option<Difference> {
    let (Some(before), Some(after)) = (before, after) else {
        return match (before, after) {
            (None, Some(_)) => Some(Difference::Added),
            (Some(_), None) => Some(Difference::Removed),
            _ => None,
        };
    };
    if (before.kind, before.hash) != (after.kind, after.hash) {
        return Some(Difference::Changed);
    }
    let is_moved = before.kind != Kind::Directory && before.mtime != after.mtime;
    let is_other = (before.mode, before.uid, before.gid) != (after.mode, after.uid, after.gid);
    (is_moved || is_other).then_some(Difference::Metadata)
}

/// A difference and what is on both sides of it.
pub type Told = (RelPath, Difference, Option<Entry>, Option<Entry>);

/// Everything at and below `under` that differs, in the order of paths.
pub fn differing(before: &Full, after: &Full, under: &RelPath) -> Vec<Told> {
    let paths: BTreeSet<&RelPath> = before.keys().chain(after.keys()).collect();
    let told = paths.into_iter().filter(|path| path.is_within(under)).filter_map(|path| {
        let (before, after) = (before.get(path), after.get(path));
        let difference = difference(before, after)?;
        Some((path.clone(), difference, before.cloned(), after.cloned()))
    });
    told.collect()
}

/// The same, counted.
pub fn counted<'a>(told: impl IntoIterator<Item = &'a Told>) -> ChangeCounts {
    let mut counts = ChangeCounts::default();
    for (_, difference, before, after) in told {
        let bytes = |entry: &Option<Entry>| {
            entry.as_ref().filter(|e| e.kind == Kind::File).map_or(0, |entry| entry.size_bytes)
        };
        counts.count(*difference, bytes(before), bytes(after));
    }
    counts
}

/// Every folder in any snapshot, the root and the sources' parents included.
pub fn folders(all: &[Full]) -> BTreeSet<RelPath> {
    let mut folders = BTreeSet::from([RelPath::root()]);
    for (path, _) in all.iter().flatten() {
        folders.extend(path.parent());
        folders.extend(path.parent().and_then(|parent| parent.parent()));
    }
    folders
}
