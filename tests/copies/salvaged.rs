//! The drive's index is lost: it is made from this computer's copy if that can be relied on, else from the trees.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use uuid::Uuid;
use yore::engine::backup::BackupOptions;
use yore::engine::monitor::{Event, Monitor};

use super::{assert_equal, copy, folder, label, labels, on_drive, rig};
use crate::common::drive::copy_tree;
use crate::common::engine::Rig;
use crate::common::tree::write;
use crate::recovery::{is_about, past};

/// A way to spoil an index, and what to call it.
type Way = (&'static str, fn(&Path));

fn is_salvaged(events: &[Event]) -> bool {
    let said = |what| events.iter().any(|event| is_about(event, what));
    assert_ne!(said("IndexSalvaged"), said("IndexRebuilt"), "{events:?}");
    said("IndexSalvaged")
}

fn taken_in(events: &[Event]) -> Vec<&str> {
    let mut names = Vec::new();
    for event in events {
        if let Event::SnapshotRecovered { name } = event {
            names.push(name.as_str());
        }
    }
    names
}

/// Whether a run knows every file again without reading it, which only an index can tell that was there then.
fn knows_sources(rig: &Rig) -> bool {
    let options = BackupOptions { only_if_changed: true, ..rig.options() };
    let monitor = Monitor::new();
    let report = rig.try_back_up(&options, &monitor).unwrap();
    assert!(!report.is_new);
    monitor.progress().done_bytes == 0
}

#[test]
fn a_lost_index_comes_back_from_the_copy_without_reading_trees() {
    let rig = rig();
    past(&rig);
    let answers = on_drive(&rig);
    let ways: [Way; 4] = [
        ("deleted", |path| fs::remove_file(path).unwrap()),
        ("garbage", |path| fs::write(path, [0x5a_u8; 40_000]).unwrap()),
        ("empty", |path| fs::write(path, "").unwrap()),
        ("another repository's", |path| {
            let connection = Connection::open(path).unwrap();
            let other = Uuid::new_v4();
            connection.execute("UPDATE head SET repository = ?1", [other.as_bytes()]).unwrap();
        }),
    ];
    for (way, spoil) in ways {
        spoil(&rig.index());
        let events = rig.recover();
        assert!(is_salvaged(&events), "{way}: {events:?}");
        assert_eq!(taken_in(&events), [""; 0], "{way}");
        assert_eq!(on_drive(&rig), answers, "{way}");
        assert_equal(&rig, way);
        assert!(knows_sources(&rig), "{way}");
        let beside = ["-wal", "-shm", "-journal", ".new"];
        let left = beside.map(|end| rig.repository.join(format!("index.sqlite{end}")).exists());
        assert_eq!(left, [false; 4], "{way}");
    }
}

#[test]
fn where_the_copy_cannot_be_put_the_trees_are_read() {
    let rig = rig();
    past(&rig);
    let answers = on_drive(&rig);
    let in_the_way = rig.repository.join("index.sqlite.new");
    fs::create_dir(&in_the_way).unwrap();
    fs::remove_file(rig.index()).unwrap();
    assert!(!is_salvaged(&rig.recover()));
    assert_eq!(on_drive(&rig), answers);
    assert_equal(&rig, "from the trees");
    fs::remove_dir(&in_the_way).unwrap();
    // What a killed attempt left is no hindrance.
    write(&in_the_way, "half of an index");
    fs::remove_file(rig.index()).unwrap();
    assert!(is_salvaged(&rig.recover()));
    assert_eq!(on_drive(&rig), answers);
    assert!(!in_the_way.exists());
}

#[test]
fn what_the_copy_lacks_is_taken_in_from_the_trees() {
    let rig = rig();
    past(&rig);
    let old = rig.path().join("old");
    copy_tree(folder(&rig), &old);
    write(&rig.source.join("added"), "changed");
    let last = rig.back_up().snapshot;
    label(&rig, 1, "named since");
    let answers = on_drive(&rig);
    fs::remove_dir_all(folder(&rig)).unwrap();
    fs::rename(&old, folder(&rig)).unwrap();
    fs::remove_file(rig.index()).unwrap();
    let events = rig.recover();
    assert!(is_salvaged(&events));
    assert_eq!(taken_in(&events), [last.as_str()]);
    assert_eq!(on_drive(&rig), answers);
    assert_eq!(labels(&rig.history())[0].as_deref(), Some("named since"));
    assert_equal(&rig, "after all");
}

#[test]
fn a_copy_that_cannot_be_relied_on_is_not_taken() {
    let ways: [Way; 4] = [
        ("of another repository", |path| {
            let other = Uuid::new_v4();
            let connection = Connection::open(path).unwrap();
            connection.execute("UPDATE head SET repository = ?1", [other.as_bytes()]).unwrap();
        }),
        ("of other snapshots with these names", |path| {
            let connection = Connection::open(path).unwrap();
            let other = Uuid::new_v4();
            let change = "UPDATE snapshot SET id = ?1 WHERE seq = 2";
            connection.execute(change, [other.as_bytes()]).unwrap();
        }),
        ("with other numbers", |path| {
            let connection = Connection::open(path).unwrap();
            connection.execute_batch("UPDATE snapshot SET seq = 9 WHERE seq = 3").unwrap();
        }),
        ("rotten", |path| {
            let mut bytes = fs::read(path).unwrap();
            let last = bytes.len() - 4096;
            // The last page of all is no free one here: rows were added with each snapshot.
            bytes[last - 4096..].fill(0xa5);
            fs::write(path, bytes).unwrap();
        }),
    ];
    for (way, spoil) in ways {
        let rig = rig();
        past(&rig);
        let answers = on_drive(&rig);
        spoil(&copy(&rig));
        fs::remove_file(rig.index()).unwrap();
        let events = rig.recover();
        assert!(!is_salvaged(&events), "{way}");
        assert_eq!(taken_in(&events).len(), 3, "{way}");
        assert_eq!(on_drive(&rig), answers, "{way}");
        assert_equal(&rig, way);
    }
}

#[test]
fn a_run_that_meets_a_rotten_page_goes_on_with_the_copy() {
    let rig = rig();
    past(&rig);
    let monitor = Monitor::new();
    let mut writer = rig.writer(&monitor).unwrap();
    let rot = yore::engine::error::Error::Damaged {
        path: rig.index(),
        reason: "a page is rotten".to_owned(),
    };
    let before = on_drive(&rig);
    writer.mend(&rot, &monitor).unwrap();
    assert!(writer.index.snapshots().unwrap().len() == 3);
    drop(writer);
    assert_eq!(on_drive(&rig), before);
    assert!(knows_sources(&rig));
    assert_equal(&rig, "after that");
}
