//! A source that vanished is not an empty source.

use std::fs;

use yore::engine::error::Error;
use yore::engine::monitor::{Event, Monitor};

use super::{assert_stored, past};
use crate::common::engine::Rig;
use crate::common::tree::{assert_same, facts, write};

/// Entries of the source's folder by name, and whether they are marked as stale.
fn listed(rig: &Rig, at: u64) -> Vec<(String, bool)> {
    let entries = rig.history().list(&rig.path_of(""), at).unwrap();
    let name = |name: Vec<u8>| String::from_utf8(name).unwrap();
    entries.into_iter().map(|entry| (name(entry.name), entry.stale)).collect()
}

/// Runs without the source; all of its last state must be in the snapshot, linked.
fn carried(rig: &Rig, before: &str) -> (u64, Vec<Event>) {
    let (report, events) = rig.back_up_listening(&rig.options());
    assert!(report.is_partial(), "{report:?}");
    assert_eq!((report.counts.copied, report.copied_bytes), (0, 0));
    let files = |name: &str| {
        let all = facts(&rig.stored(name)).into_iter();
        all.filter(|(_, fact)| !fact.is_folder()).collect()
    };
    assert_same(&files(&report.snapshot), &files(before), "carried forward");
    let folders = |name| crate::common::tree::without_inodes(facts(&rig.stored(name)));
    assert_same(&folders(&report.snapshot), &folders(before), "carried forward");
    (report.seq, events)
}

#[test]
fn a_vanished_source_is_carried_forward_whole() {
    let rig = Rig::new();
    let names = past(&rig);
    let away = rig.path().join("away");
    let before = listed(&rig, 3);
    fs::rename(&rig.source, &away).unwrap();
    for _ in 0..2 {
        let (seq, events) = carried(&rig, &names[2]);
        assert!(
            events.iter().any(
                |event| matches!(event, Event::Problem { path, .. } if *path == rig.path_of(""))
            ),
            "{events:?}"
        );
        // The mark of the source's folder holds for all below it.
        let stale: Vec<_> = before.iter().map(|(name, _)| (name.clone(), true)).collect();
        assert_eq!(listed(&rig, seq), stale);
        let root = rig.history().entry(&rig.path_of(""), seq).unwrap().unwrap();
        assert!(root.stale);
    }
    let rebuilt = rig.answers();
    fs::remove_file(rig.index()).unwrap();
    rig.recover();
    assert_eq!(rig.answers(), rebuilt);

    fs::rename(&away, &rig.source).unwrap();
    let report = rig.back_up();
    assert_eq!(report.counts.copied, 0, "{report:?}");
    assert_stored(&rig, &report.snapshot);
    assert!(!rig.history().entry(&rig.path_of(""), report.seq).unwrap().unwrap().stale);
}

#[test]
fn an_emptied_source_is_carried_forward_until_it_is_accepted() {
    let rig = Rig::new();
    let names = past(&rig);
    fs::rename(&rig.source, rig.path().join("away")).unwrap();
    fs::create_dir(&rig.source).unwrap();
    let (_, events) = carried(&rig, &names[2]);
    assert!(events.iter().any(|event| matches!(event, Event::Problem { .. })), "{events:?}");

    let mut options = rig.options();
    options.accept_empty = true;
    let report = rig.try_back_up(&options, &Monitor::new()).unwrap();
    assert!(!report.is_partial(), "{report:?}");
    assert_eq!((report.counts.files, report.counts.directories), (0, 1));
    assert_eq!(listed(&rig, report.seq), []);
    assert_eq!(facts(&rig.stored(&report.snapshot)).len(), 1);

    // What is empty already may stay so.
    let again = rig.back_up();
    assert_eq!(again.counts.files, 0);
    write(&rig.source.join("new"), "new");
    assert_eq!(rig.back_up().counts.copied, 1);
}

#[test]
fn a_source_that_was_never_there_is_an_error_and_no_snapshot() {
    let rig = Rig::new();
    fs::remove_dir(&rig.source).unwrap();
    let error = rig.try_back_up(&rig.options(), &Monitor::new()).unwrap_err();
    assert!(
        matches!(&error, Error::SourceUnreadable { path, .. } if *path == rig.source),
        "{error}"
    );
    assert!(rig.history().snapshots().unwrap().is_empty());
    assert_eq!(fs::read_dir(rig.repository.join("stage")).unwrap().count(), 0);
}

#[test]
fn one_of_two_sources_may_vanish() {
    let rig = Rig::new();
    let other = rig.path().join("other");
    write(&rig.source.join("file"), "one");
    write(&other.join("file"), "two");
    let mut options = rig.options();
    let id = uuid::Uuid::new_v4();
    options.sources.push(yore::engine::backup::Source { id, path: other.clone() });
    rig.try_back_up(&options, &Monitor::new()).unwrap();
    fs::remove_dir_all(&other).unwrap();
    write(&rig.source.join("file"), "changed");
    let (report, _) = rig.back_up_listening(&options);
    assert_eq!((report.counts.problems, report.counts.linked, report.counts.copied), (1, 1, 1));
    let stored = crate::common::tree::stored(&rig.repository, &report.snapshot, &other);
    assert_eq!(fs::read(stored.join("file")).unwrap(), b"two");
    assert_stored(&rig, &report.snapshot);
}
