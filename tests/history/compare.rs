//! A folder at one moment beside another, and beside what is there now.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;

use yore::engine::error::Error;
use yore::engine::history::{Compared, Difference, History, Side};
use yore::engine::live::{Live, LiveSource};
use yore::engine::meta::Kind;
use yore::engine::path::RelPath;
use yore::engine::rules::{Exclusion, RuleSet, Rules};

use super::past::{difference, differing, each_fate, folders, full, past};
use crate::common::engine::Rig;
use crate::common::place::set_mode;
use crate::common::tree::write;

#[test]
fn both_sides_are_as_they_are_listed() {
    each_fate(50, |history, what| {
        let numbers: Vec<u64> = history.snapshots().unwrap().iter().map(|s| s.seq).collect();
        let lists: Vec<_> = numbers.iter().map(|at| full(history, *at)).collect();
        let steps: Vec<Vec<RelPath>> = lists
            .windows(2)
            .map(|pair| differing(&pair[0], &pair[1], &RelPath::root()))
            .map(|told| told.into_iter().map(|told| told.0).collect())
            .collect();
        for (one, a) in numbers.iter().enumerate() {
            for (other, b) in numbers.iter().enumerate() {
                for folder in folders(&lists) {
                    let what = format!("{what}: {folder} at {a} beside {b}");
                    let sides = [listed(history, &folder, *a), listed(history, &folder, *b)];
                    let found = history.compare(&folder, *a, &Side::Snapshot(*b));
                    let [Some(left), Some(right)] = sides else {
                        let is_found = sides.iter().any(Option::is_some);
                        assert_eq!(found.is_ok(), is_found, "{what}: {found:?}");
                        continue;
                    };
                    let (lo, hi) = (one.min(other), one.max(other));
                    let mut names: Vec<&Vec<u8>> = left.keys().chain(right.keys()).collect();
                    names.sort();
                    names.dedup();
                    let found = found.unwrap();
                    let found_names: Vec<_> = found.iter().map(|c| &c.name).collect();
                    assert_eq!(found_names, names, "{what}");
                    for compared in &found {
                        let path = folder.join(&compared.name);
                        assert_eq!(compared.entry.as_ref(), left.get(&compared.name), "{what}");
                        assert_eq!(compared.other.as_ref(), right.get(&compared.name));
                        let (before, after) = (lists[lo].get(&path), lists[hi].get(&path));
                        assert_eq!(compared.difference, difference(before, after), "{what}");
                        let changed = steps[lo..hi]
                            .iter()
                            .flatten()
                            .any(|below| *below != path && below.is_within(&path));
                        let is_folder = [&compared.entry, &compared.other]
                            .into_iter()
                            .flatten()
                            .any(|entry| entry.kind == Kind::Directory);
                        assert_eq!(compared.differs_below, changed && is_folder, "{what}");
                        assert!(!compared.left_out);
                    }
                }
            }
        }
    });
}

fn listed(
    history: &History,
    folder: &RelPath,
    at: u64,
) -> Option<BTreeMap<Vec<u8>, yore::engine::history::Entry>> {
    let entries = history.list(folder, at).ok()?;
    // A path that is a file then is listed as an empty folder.
    Some(entries.into_iter().map(|entry| (entry.name.clone(), entry)).collect())
}

fn now(rig: &Rig, rules: &Rules, below: &str) -> Live {
    let source = LiveSource { path: &rig.source, rules, cross_mounts: false };
    Live::read(&source, &rig.path_of(below)).unwrap()
}

fn excluding(patterns: &[&str]) -> Rules {
    let exclude = patterns.iter().map(|text| Exclusion::Pattern((*text).to_owned())).collect();
    Rules::compile(RuleSet { exclude, ..RuleSet::default() }, None).unwrap()
}

fn of<'a>(compared: &'a [Compared], name: &str) -> &'a Compared {
    compared.iter().find(|one| one.name == name.as_bytes()).unwrap()
}

#[test]
fn what_is_there_now_is_told_by_its_metadata() {
    let rig = Rig::new();
    let at = |name: &str| rig.source.join(name);
    for name in ["same", "longer", "touched", "mode", "gone", "kind", "cache.tmp", "old.tmp"] {
        write(&at(name), name);
    }
    write(&at("folder/inside"), "x");
    symlink("one", at("link")).unwrap();
    symlink("one", at("other link")).unwrap();
    rig.back_up();
    write(&at("folder/inside"), "xy");
    rig.back_up();

    write(&at("longer"), "longer than before");
    let later = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::File::open(at("touched")).unwrap().set_modified(later).unwrap();
    set_mode(&at("mode"), 0o600);
    for name in ["gone", "kind", "link", "old.tmp"] {
        fs::remove_file(at(name)).unwrap();
    }
    fs::create_dir(at("kind")).unwrap();
    symlink("two", at("link")).unwrap();
    write(&at("new"), "x");
    write(&at("new.tmp"), "x");

    let (history, rules) = (rig.history(), excluding(&["*.tmp"]));
    let live = now(&rig, &rules, "");
    let compared = history.compare(&rig.path_of(""), 1, &Side::Now(&live)).unwrap();
    for (name, difference, left_out) in [
        ("same", None, false),
        ("longer", Some(Difference::Changed), false),
        ("touched", Some(Difference::Changed), false),
        ("mode", Some(Difference::Metadata), false),
        ("gone", Some(Difference::Removed), false),
        ("kind", Some(Difference::Changed), false),
        ("link", Some(Difference::Changed), false),
        ("other link", None, false),
        ("folder", None, false),
        ("new", Some(Difference::Added), false),
        ("new.tmp", None, true),
        ("cache.tmp", None, true),
        ("old.tmp", Some(Difference::Removed), false),
    ] {
        let found = of(&compared, name);
        assert_eq!((found.difference, found.left_out), (difference, left_out), "{name}");
    }
    assert_eq!(compared.len(), 13);
    assert!(of(&compared, "folder").differs_below);
    let newest = history.compare(&rig.path_of(""), 2, &Side::Now(&live)).unwrap();
    assert!(!of(&newest, "folder").differs_below, "nothing was backed up since");
    assert_eq!(of(&newest, "same").other.as_ref().unwrap().hash, None);
}

#[test]
fn a_folder_that_is_left_out_or_gone_is_told_as_such() {
    let rig = Rig::new();
    write(&rig.source.join("folder/deep/file"), "x");
    write(&rig.source.join("folder/gone"), "x");
    rig.back_up();
    fs::remove_file(rig.source.join("folder/gone")).unwrap();
    let history = rig.history();
    let compare = |rules: &Rules, below: &str| {
        let live = now(&rig, rules, below);
        history.compare(&rig.path_of(below), 1, &Side::Now(&live)).unwrap()
    };
    for pattern in ["folder", "deep"] {
        let found = compare(&excluding(&[pattern]), "folder/deep");
        let [file] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((file.difference, file.left_out), (None, true), "{pattern}");
    }
    let found = compare(&Rules::default(), "folder");
    assert_eq!(of(&found, "gone").difference, Some(Difference::Removed));

    fs::remove_dir_all(rig.source.join("folder/deep")).unwrap();
    let found = compare(&Rules::default(), "folder/deep");
    assert_eq!(of(&found, "file").difference, Some(Difference::Removed));
    // A link in its place isn't followed.
    write(&rig.path().join("elsewhere/file"), "x");
    symlink(rig.path().join("elsewhere"), rig.source.join("folder/deep")).unwrap();
    let found = compare(&Rules::default(), "folder/deep");
    assert_eq!(of(&found, "file").difference, Some(Difference::Removed));
}

#[test]
fn a_source_out_of_reach_is_an_error_and_not_an_empty_one() {
    let rig = Rig::new();
    let rules = Rules::default();
    let source = LiveSource { path: &rig.source, rules: &rules, cross_mounts: false };
    for missing in [false, true] {
        if missing {
            fs::remove_dir(&rig.source).unwrap();
        }
        let refused = Live::read(&source, &rig.path_of(""));
        assert!(matches!(refused, Err(Error::Io { .. })), "{refused:?}");
    }
    let outside = RelPath::from_absolute(rig.path()).unwrap();
    fs::create_dir(&rig.source).unwrap();
    write(&rig.source.join("x"), "x");
    assert!(Live::read(&source, &outside).is_err());
}

#[test]
fn contents_are_shown_whole_and_proven() {
    let rig = past(60, 1);
    let history = rig.history();
    let path = rig.path_of("always");
    assert_eq!(history.content(&path, 1, 100).unwrap().as_deref(), Some(&b"here"[..]));
    assert_eq!(history.content(&path, 1, 4).unwrap().as_deref(), Some(&b"here"[..]));
    assert_eq!(history.content(&path, 1, 3).unwrap(), None);
    for path in ["", "never"] {
        let refused = history.content(&rig.path_of(path), 1, 100);
        assert!(matches!(refused, Err(Error::NotInSnapshot { .. })), "{refused:?}");
    }
    let name = history.snapshot(1).unwrap().name;
    let stored = rig.stored(&name).join("always");
    fs::remove_file(&stored).unwrap();
    write(&stored, "thee");
    let refused = history.content(&path, 1, 100);
    assert!(matches!(refused, Err(Error::Damaged { .. })), "{refused:?}");
    fs::remove_file(&stored).unwrap();
    symlink(rig.source.join("always"), &stored).unwrap();
    assert!(history.content(&path, 1, 100).is_err(), "no link is followed");
}
