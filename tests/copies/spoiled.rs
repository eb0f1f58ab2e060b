//! A copy on this computer that missed something, is spoiled, forged or another's, or that can't be kept.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use uuid::Uuid;
use yore::engine::index::LocalCopy;
use yore::engine::monitor::Monitor;

use super::{assert_equal, copies, copy, folder, on_drive, rig};
use crate::common::drive::copy_tree;
use crate::common::engine::Rig;
use crate::common::tree::write;
use crate::recovery::past;

type Spoil = fn(&Path);

fn execute(path: &Path, statements: &str) {
    Connection::open(path).unwrap().execute_batch(statements).unwrap();
}

const WAYS: [(&str, Spoil); 8] = [
    ("deleted", |path| fs::remove_file(path).unwrap()),
    ("garbage", |path| fs::write(path, [0x5a_u8; 40_000]).unwrap()),
    ("cut in half", |path| {
        let length = path.metadata().unwrap().len();
        fs::File::options().write(true).open(path).unwrap().set_len(length / 2).unwrap();
    }),
    ("a link to elsewhere", |path| {
        let real = path.with_extension("real");
        fs::rename(path, &real).unwrap();
        std::os::unix::fs::symlink(&real, path).unwrap();
    }),
    ("of another version", |path| execute(path, "PRAGMA user_version = 99;")),
    ("of another repository", |path| {
        let other = Uuid::new_v4();
        let connection = Connection::open(path).unwrap();
        connection.execute("UPDATE head SET repository = ?1", [other.as_bytes()]).unwrap();
        connection.execute_batch("UPDATE snapshot SET label = 'not ours'").unwrap();
    }),
    ("with a view in place of a table", |path| {
        execute(
            path,
            "ALTER TABLE snapshot RENAME TO real; CREATE VIEW snapshot AS SELECT * FROM real;",
        );
    }),
    ("with a trigger", |path| {
        execute(
            path,
            "CREATE TRIGGER more AFTER UPDATE ON head BEGIN UPDATE snapshot SET label = 'x'; END;",
        );
    }),
];

/// Fails unless reading tells what the drive's index tells, and a backup leaves both equal.
#[track_caller]
fn assert_mended(rig: &Rig, way: &str) {
    let wanted = on_drive(rig);
    assert_eq!(rig.answers(), wanted, "{way}: read");
    assert_equal(rig, way);
}

#[test]
fn reading_makes_a_spoiled_copy_again() {
    let rig = rig();
    past(&rig);
    for (way, spoil) in WAYS {
        spoil(&copy(&rig));
        assert_mended(&rig, way);
    }
}

#[test]
fn a_backup_makes_a_spoiled_copy_again() {
    let rig = rig();
    past(&rig);
    for (way, spoil) in WAYS {
        spoil(&copy(&rig));
        write(&rig.source.join("added"), way);
        rig.back_up();
        assert_equal(&rig, way);
    }
}

#[test]
fn a_copy_that_missed_a_change_is_made_again() {
    let rig = rig();
    past(&rig);
    let old = rig.path().join("old");
    for by_reading in [true, false] {
        copy_tree(folder(&rig), &old);
        write(&rig.source.join("added"), format!("changed {by_reading}"));
        rig.back_up();
        // As if the power had failed after the drive's transaction and before this computer's.
        fs::remove_dir_all(folder(&rig)).unwrap();
        fs::rename(&old, folder(&rig)).unwrap();
        if !by_reading {
            rig.recover();
        }
        assert_mended(&rig, &format!("by reading: {by_reading}"));
    }
}

#[test]
fn a_copy_of_a_cloned_drive_is_told_from_its_own() {
    let rig = rig();
    past(&rig);
    let clone = rig.path().join("clone");
    copy_tree(&rig.repository, &clone);
    write(&rig.source.join("added"), "on one");
    rig.back_up();
    // Both came as far, each by a snapshot of its own.
    let original = rig.path().join("original");
    let local = rig.path().join("local");
    fs::rename(&rig.repository, &original).unwrap();
    fs::rename(&clone, &rig.repository).unwrap();
    copy_tree(folder(&rig), &local);
    write(&rig.source.join("added"), "on the other");
    rig.back_up();
    fs::remove_dir_all(folder(&rig)).unwrap();
    fs::rename(&local, folder(&rig)).unwrap();
    assert_mended(&rig, "read");
    fs::rename(&rig.repository, &clone).unwrap();
    fs::rename(&original, &rig.repository).unwrap();
    rig.recover();
    assert_mended(&rig, "written to");
}

#[test]
fn where_no_copy_can_be_kept_the_drive_is_read() {
    let mut rig = rig();
    past(&rig);
    let answers = on_drive(&rig);
    let blocked = rig.path().join("a file");
    write(&blocked, "");
    for (what, folder, limit_bytes) in [
        ("a file in the way", blocked.join("history"), super::ENOUGH_BYTES),
        ("no room", "/proc/no/such/folder".into(), super::ENOUGH_BYTES),
        ("a limit of nothing", rig.path().join("none"), 0),
        ("too low a limit", rig.path().join("small"), 8192),
    ] {
        rig.local = Some(LocalCopy { folder, limit_bytes });
        assert_eq!(rig.answers(), answers, "{what}");
        rig.recover();
        assert_eq!(copies(&rig).len(), 0, "{what}");
        assert!(super::away(&rig).is_none(), "{what}");
    }
    write(&rig.source.join("added"), "changed");
    rig.back_up();
    assert_eq!(rig.answers(), on_drive(&rig));
}

#[test]
fn a_limit_that_is_passed_takes_the_copy_away_and_nothing_else() {
    let mut rig = rig();
    past(&rig);
    let size = copy(&rig).metadata().unwrap().len();
    rig.local.as_mut().unwrap().limit_bytes = size + 4096;
    rig.recover();
    assert_eq!(copies(&rig).len(), 1);
    for number in 0..300 {
        write(&rig.source.join(format!("many/{number}-with-a-long-name")), number.to_string());
    }
    let report = rig.back_up();
    assert_eq!(fs::read_dir(folder(&rig)).unwrap().count(), 0, "what is beside it goes, too");
    let answers = on_drive(&rig);
    assert_eq!(rig.answers(), answers);
    assert_eq!(rig.history().list(&rig.path_of("many"), report.seq).unwrap().len(), 300);
    rig.local.as_mut().unwrap().limit_bytes = super::ENOUGH_BYTES;
    assert_mended(&rig, "with room again");
}

#[test]
fn a_rotten_page_of_the_copy_changes_no_answer() {
    let rig = rig();
    past(&rig);
    let wanted = on_drive(&rig);
    let good = fs::read(copy(&rig)).unwrap();
    for page in 0..good.len() / 4096 {
        let mut bytes = good.clone();
        bytes[page * 4096..(page + 1) * 4096].fill(0xa5);
        let path = copy(&rig);
        for beside in ["-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{beside}", path.display()));
        }
        fs::write(&path, bytes).unwrap();
        assert_eq!(rig.answers(), wanted, "page {page}");
        rig.recover();
        if copies(&rig).is_empty() {
            rig.history();
        }
    }
    let monitor = Monitor::new();
    rig.writer(&monitor).unwrap().rebuild(&monitor).unwrap();
    assert_equal(&rig, "in the end");
}
