//! The index is a cache: lost, broken, foreign or old, it is made again and gives the same answers.

use std::fs;
use std::path::Path;

use uuid::Uuid;
use yore::engine::backup::{BackupOptions, Source};
use yore::engine::error::Error;
use yore::engine::history::SnapshotState;
use yore::engine::monitor::Monitor;
use yore::engine::path::RelPath;

use super::{assert_kept, assert_stored, is_about, kept, past};
use crate::common::engine::Rig;
use crate::common::tree::write;

type Spoil = fn(&Path);

const WAYS: [(&str, Spoil); 8] = [
    ("deleted", |path| fs::remove_file(path).unwrap()),
    ("empty", |path| fs::write(path, "").unwrap()),
    ("cut in half", |path| {
        let length = path.metadata().unwrap().len();
        fs::File::options().write(true).open(path).unwrap().set_len(length / 2).unwrap();
    }),
    ("garbage", |path| fs::write(path, [0x5a_u8; 40_000]).unwrap()),
    ("another program's", |path| {
        fs::remove_file(path).unwrap();
        let connection = rusqlite::Connection::open(path).unwrap();
        connection.execute_batch("CREATE TABLE snapshots (id TEXT);").unwrap();
    }),
    ("of another version", |path| {
        let connection = rusqlite::Connection::open(path).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
    }),
    ("without a table", |path| {
        let connection = rusqlite::Connection::open(path).unwrap();
        let name: String = connection
            .query_row("SELECT name FROM sqlite_schema WHERE type = 'table' LIMIT 1", [], |row| {
                row.get(0)
            })
            .unwrap();
        connection.execute_batch(&format!("DROP TABLE {name};")).unwrap();
    }),
    ("a link to elsewhere", |path| {
        let real = path.with_extension("real");
        fs::rename(path, &real).unwrap();
        std::os::unix::fs::symlink(&real, path).unwrap();
    }),
];

#[test]
fn a_spoiled_index_is_made_again_with_the_same_answers() {
    let rig = Rig::new();
    let names = past(&rig);
    let (answers, before) = (rig.answers(), kept(&rig, &names));
    let good = fs::read(rig.index()).unwrap();
    for (way, spoil) in WAYS {
        spoil(&rig.index());
        let events = rig.recover();
        assert!(events.iter().any(|event| is_about(event, "IndexRebuilt")), "{way}: {events:?}");
        assert_eq!(rig.answers(), answers, "{way}");
        assert!(rig.index().symlink_metadata().unwrap().is_file(), "{way}");
        assert_kept(&rig, &names, &before, way);
        fs::remove_file(rig.index()).unwrap();
        fs::write(rig.index(), &good).unwrap();
        assert_eq!(rig.recover(), [], "{way}");
    }
}

#[test]
fn a_spoiled_index_is_no_hindrance_to_reading() {
    let rig = Rig::new();
    past(&rig);
    let answers = rig.answers();
    let good = fs::read(rig.index()).unwrap();
    for (way, spoil) in WAYS {
        spoil(&rig.index());
        let spoiled = fs::read(rig.index()).ok();
        assert_eq!(rig.answers(), answers, "{way}");
        assert_eq!(fs::read(rig.index()).ok(), spoiled, "{way}: reading wrote to the index");
        let _ = fs::remove_file(rig.index());
        fs::write(rig.index(), &good).unwrap();
    }
    let left = fs::read_dir(rig.path()).unwrap().count();
    assert_eq!(left, 2, "passing indexes are removed");
}

#[test]
fn after_a_rebuild_nothing_is_stored_again() {
    let rig = Rig::new();
    past(&rig);
    let last = rig.back_up();
    fs::remove_file(rig.index()).unwrap();
    let next = rig.back_up();
    assert_eq!(next.counts.linked, last.counts.files, "{next:?}");
    assert_eq!((next.counts.copied, next.copied_bytes), (0, 0));
    assert_stored(&rig, &next.snapshot);
}

#[test]
fn a_snapshot_that_the_index_lacks_is_taken_in() {
    let rig = Rig::new();
    let first = past(&rig);
    let old = fs::read(rig.index()).unwrap();
    write(&rig.source.join("added"), "changed");
    let report = rig.back_up();
    let answers = rig.answers();
    fs::write(rig.index(), old).unwrap();
    let events = rig.recover();
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(is_about(&events[0], "SnapshotRecovered") && is_about(&events[0], &report.snapshot));
    assert_eq!(rig.answers(), answers);
    assert_eq!(rig.recover(), []);
    let next = rig.back_up();
    assert_eq!((next.counts.copied, next.seq), (0, first.len() as u64 + 2));
    assert_stored(&rig, &next.snapshot);
}

#[test]
fn a_snapshot_that_the_drive_lacks_is_missing_and_comes_back() {
    let rig = Rig::new();
    let names = past(&rig);
    let (answers, before) = (rig.answers(), kept(&rig, &names));
    for (lost, name) in names.iter().enumerate() {
        let away = rig.path().join("away");
        fs::rename(rig.snapshot(name), &away).unwrap();
        let events = rig.recover();
        assert!(
            events.iter().any(|e| is_about(e, "SnapshotMissing") && is_about(e, name)),
            "{events:?}"
        );
        let states: Vec<_> =
            rig.history().snapshots().unwrap().into_iter().map(|s| s.state).collect();
        assert_eq!(states.len(), names.len());
        assert_eq!(states[lost], SnapshotState::Missing);
        let missing = states.iter().filter(|state| **state == SnapshotState::Missing);
        assert_eq!(missing.count(), 1, "{name}");
        fs::rename(&away, rig.snapshot(name)).unwrap();
        rig.recover();
        let states = rig.history().snapshots().unwrap();
        assert!(states.iter().all(|s| s.state == SnapshotState::Good), "{states:?}");
        assert_eq!(rig.answers(), answers, "{name}");
    }
    assert_kept(&rig, &names, &before, "moving snapshots away and back");
}

#[test]
fn the_next_run_is_complete_though_the_newest_snapshot_is_gone() {
    let rig = Rig::new();
    let names = past(&rig);
    fs::rename(rig.snapshot(&names[2]), rig.path().join("away")).unwrap();
    let report = rig.back_up();
    assert_stored(&rig, &report.snapshot);
    assert_eq!(report.seq, 4);
    let (restored, _) = rig.restore(4);
    let facts = |path: &Path| crate::common::tree::without_inodes(crate::common::tree::facts(path));
    let (mut found, wanted) = (facts(&restored), facts(&rig.source));
    found.extend(
        wanted
            .iter()
            .filter(|(path, _)| path.ends_with("pipe"))
            .map(|(p, f)| (p.clone(), f.clone())),
    );
    crate::common::tree::assert_same(&found, &wanted, "restored");
    let again = rig.back_up();
    assert_eq!((again.counts.copied, again.counts.linked), (0, report.counts.files));
}

#[test]
fn a_number_is_never_used_twice() {
    let rig = Rig::new();
    past(&rig);
    let last = rig.back_up();
    assert_eq!(last.seq, 4);
    fs::remove_dir_all(rig.snapshot(&last.snapshot)).unwrap();
    fs::remove_file(rig.index()).unwrap();
    assert_eq!(rig.back_up().seq, 5);
    let numbers: Vec<u64> = rig.history().snapshots().unwrap().iter().map(|s| s.seq).collect();
    assert_eq!(numbers, [1, 2, 3, 5]);
}

#[test]
fn rebuilding_on_request_changes_no_answer() {
    let rig = Rig::new();
    past(&rig);
    let answers = rig.answers();
    let monitor = Monitor::new();
    rig.writer(&monitor).unwrap().rebuild(&monitor).unwrap();
    assert_eq!(rig.answers(), answers);
}

#[test]
fn an_index_that_could_not_be_made_to_its_end_is_not_believed() {
    let rig = Rig::new();
    let names = past(&rig);
    let before = rig.answers();
    let monitor = Monitor::new();
    let mut writer = rig.writer(&monitor).unwrap();
    monitor.cancel().cancel();
    assert!(matches!(writer.rebuild(&monitor), Err(Error::Cancelled)));
    drop(writer);
    assert_eq!(rig.answers(), before, "by an index made in passing");
    assert_eq!(rig.history().snapshots().unwrap().len(), names.len());
    rig.recover();
    assert_eq!(rig.answers(), before, "by one made for good");
}

#[test]
fn sources_that_share_a_folder_are_taken_in_from_the_trees() {
    let rig = Rig::new();
    let [one, two] = ["shared/one", "shared/two"].map(|name| rig.path().join(name));
    for source in [&one, &two] {
        write(&source.join("file"), "x");
    }
    let sources = [one, two].map(|path| Source { id: Uuid::new_v4(), path });
    let options = BackupOptions { sources: sources.to_vec(), ..rig.options() };
    let report = rig.try_back_up(&options, &Monitor::new()).unwrap();
    fs::remove_file(rig.index()).unwrap();
    rig.recover();
    let history = rig.history();
    assert_eq!(history.sources(report.seq).unwrap().len(), 2);
    for source in &sources {
        let folder = RelPath::from_absolute(&source.path).unwrap();
        assert_eq!(history.list(&folder, report.seq).unwrap().len(), 1);
    }
}
