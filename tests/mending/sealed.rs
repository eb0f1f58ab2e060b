//! A tree is changed only as its seal vouches for, whatever an index tells.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use yore::engine::mend::{BroughtBack, MendFailure};

use super::Past;
use super::trees::{KEPT, past, put_back, remove, try_back, verified};
use crate::common::place::set_mode;

/// Lets the index tell other things of all files.
fn change_index(past: &Past, change: &str) {
    let index = rusqlite::Connection::open(past.rig.index()).unwrap();
    let rows =
        index.execute(&format!("UPDATE version SET {change} WHERE hash IS NOT NULL"), []).unwrap();
    assert!(rows > 2);
}

#[test]
fn an_index_that_is_not_what_was_sealed_changes_nothing() {
    let past = past();
    let good = past.stored_facts();
    remove(&past.stored(1, KEPT));
    remove(&past.stored(2, "gone"));
    set_mode(&past.stored(0, "other"), 0o604);
    let before = past.stored_facts();
    change_index(&past, "mode = mode | 2048");
    let faults = verified(&past).faults;
    // Good files are told of as if they were altered, too.
    assert!(faults.iter().any(|one| one.path == past.rig.path_of("gone/second")), "{faults:#?}");
    let BroughtBack { returned, failures } = try_back(&past, &faults);
    assert_eq!(returned, []);
    let differs = |failure| failure == MendFailure::IndexDiffers;
    assert!(failures.iter().all(|one| differs(one.failure)), "{failures:#?}");
    assert_eq!(failures.len(), faults.iter().map(|one| one.snapshots.len()).sum::<usize>());
    assert_eq!(past.stored_facts(), before);
    change_index(&past, "mode = mode & ~2048");
    put_back(&past, &verified(&past).faults);
    assert!(verified(&past).is_good());
    assert_eq!(past.stored_facts().len(), good.len());
}

#[test]
fn a_snapshot_without_a_good_seal_is_left_as_it_is() {
    let past = past();
    let seal = past.rig.snapshot(&past.names[1]).join("seal.json");
    remove(&past.stored(1, KEPT));
    let faults = verified(&past).faults;
    fs::write(seal, "{}").unwrap();
    let before = past.stored_facts();
    let BroughtBack { returned, failures } = try_back(&past, &faults);
    assert_eq!(returned, []);
    assert!(failures.iter().all(|one| one.failure == MendFailure::NoSeal), "{failures:#?}");
    assert!(!failures.is_empty());
    assert_eq!(past.stored_facts(), before);
}

#[test]
fn a_source_s_own_folder_is_named_and_never_changed() {
    let past = past();
    set_mode(&past.stored(2, ""), 0o700);
    remove(&past.stored(2, "other"));
    let faults = verified(&past).faults;
    let BroughtBack { returned, failures } = try_back(&past, &faults);
    let returned: Vec<_> = returned.into_iter().map(|one| one.path).collect();
    assert_eq!(returned, [past.rig.path_of("other")]);
    let failures: Vec<_> = failures.into_iter().map(|one| (one.path, one.failure)).collect();
    assert_eq!(failures, [(past.rig.path_of(""), MendFailure::NoDigest)]);
    let again = verified(&past).faults;
    let paths: Vec<_> = again.iter().map(|one| one.path.clone()).collect();
    assert_eq!(paths, [past.rig.path_of("")]);
    assert_eq!(past.stored(2, "").metadata().unwrap().mode() & 0o7777, 0o700);
}
