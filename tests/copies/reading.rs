//! Reading waits for no backup and no backup waits for reading; reading never writes to the drive.

use std::fs;

use rusqlite::Connection;

use super::{assert_equal, copy, on_drive, rig};
use crate::common::drive::{LoopDrive, copy_tree};
use crate::common::small::Small;
use crate::common::tree::{assert_same, facts, write};
use crate::recovery::past;

#[test]
fn a_backup_and_a_long_question_do_not_wait_for_each_other() {
    let rig = rig();
    past(&rig);
    let before = rig.answers();
    let history = rig.history();
    let reader = Connection::open(copy(&rig)).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let count = || -> u64 {
        reader.query_row("SELECT count(*) FROM version", [], |row| row.get(0)).unwrap()
    };
    let seen = count();
    for number in 0..100 {
        write(&rig.source.join(format!("more/{number}")), number.to_string());
    }
    let report = rig.back_up();
    assert_eq!(count(), seen, "the question is answered from one moment");
    assert_equal(&rig, "while a question is open");
    assert_eq!(history.list(&rig.path_of("more"), report.seq).unwrap().len(), 100);
    reader.execute_batch("COMMIT").unwrap();
    assert!(count() > seen);
    assert_ne!(rig.answers(), before);
}

#[test]
fn what_a_killed_writer_left_in_the_log_of_the_copy_is_read() {
    let rig = rig();
    past(&rig);
    let reader = Connection::open(copy(&rig)).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM head;").unwrap();
    write(&rig.source.join("added"), "changed");
    rig.back_up();
    let left = rig.path().join("left");
    copy_tree(super::folder(&rig), &left);
    drop(reader);
    let answers = on_drive(&rig);
    let log = std::path::PathBuf::from(format!("{}-wal", copy(&rig).display()));
    let log = left.join(log.file_name().unwrap());
    assert!(log.metadata().unwrap().len() > 0, "what was last written is in the log alone");
    for keeps_log in [true, false] {
        fs::remove_dir_all(super::folder(&rig)).unwrap();
        copy_tree(&left, super::folder(&rig));
        if !keeps_log {
            fs::remove_file(super::folder(&rig).join(log.file_name().unwrap())).unwrap();
        }
        let knows = super::away(&rig).unwrap().snapshots().unwrap().len();
        assert_eq!(knows, if keeps_log { 4 } else { 3 });
        assert_eq!(rig.answers(), answers);
        assert_equal(&rig, "after that");
    }
}

#[test]
fn while_the_drives_index_is_written_to_the_copy_is_read_as_it_is() {
    let rig = rig();
    past(&rig);
    let answers = on_drive(&rig);
    let before = copy(&rig);
    let writer = Connection::open(rig.index()).unwrap();
    writer.execute_batch("BEGIN EXCLUSIVE").unwrap();
    writer.execute_batch("UPDATE head SET generation = generation + 1").unwrap();
    assert_eq!(rig.answers(), answers);
    assert!(yore::engine::reader::is_current(&rig.open().unwrap()), "nothing has to be mended");
    assert_eq!(copy(&rig), before);
    writer.execute_batch("COMMIT").unwrap();
    assert_eq!(rig.answers(), answers);
    assert_equal(&rig, "when it is done");
}

#[test]
fn a_reader_goes_on_with_a_copy_that_was_replaced() {
    let rig = rig();
    past(&rig);
    let history = rig.history();
    let answers = rig.answers_of(&history);
    let monitor = Default::default();
    rig.writer(&monitor).unwrap().rebuild(&monitor).unwrap();
    let replaced = copy(&rig);
    assert_eq!(rig.answers_of(&history), answers);
    drop(history);
    assert_eq!(copy(&rig), replaced, "closing the old one does nothing to the new one");
    assert_equal(&rig, "after that");
}

#[test]
fn reading_leaves_the_drive_as_it_is() {
    let rig = rig();
    past(&rig);
    let before = facts(&rig.repository);
    rig.answers();
    fs::remove_dir_all(super::folder(&rig)).unwrap();
    rig.answers();
    assert_same(&facts(&rig.repository), &before, "the repository");
    fs::remove_file(rig.index()).unwrap();
    let before = facts(&rig.repository);
    rig.answers();
    assert_same(&facts(&rig.repository), &before, "without an index");
}

type Spoil = fn(&std::path::Path);

/// Leaves the drive's index as a power cut in the middle of a transaction would, with a journal to be played back.
fn leave_hot_journal(index: &std::path::Path) {
    let journal = index.with_file_name("index.sqlite-journal");
    let kept = ["index.kept", "journal.kept"].map(|name| index.with_file_name(name));
    let connection = Connection::open(index).unwrap();
    connection
        .execute_batch("PRAGMA synchronous = OFF; BEGIN; UPDATE snapshot SET label = 'unfinished';")
        .unwrap();
    fs::copy(index, &kept[0]).unwrap();
    fs::copy(&journal, &kept[1]).unwrap();
    connection.execute_batch("ROLLBACK").unwrap();
    drop(connection);
    fs::rename(&kept[0], index).unwrap();
    fs::rename(&kept[1], &journal).unwrap();
}

#[test]
fn a_drive_that_can_only_be_read_is_read_whatever_became_of_its_index() {
    let Some(drive) = LoopDrive::ext4(64) else { return };
    let small = Small::on(drive.path());
    let first = small.home.back_up();
    write(&small.source.join("letter.txt"), "changed\n");
    small.home.back_up();
    let ask = || {
        [
            small.home.json(["snapshots"]),
            small.home.json(["ls", "--at", &first, &small.arg("")]),
            small.home.json(["versions", &small.arg("letter.txt")]),
        ]
    };
    let answers = ask();
    let history = small.home.path().join("state/yore/history");
    let index = small.repository.join("index.sqlite");
    let ways: [(&str, Spoil); 3] = [
        ("as it was", |_| {}),
        ("with a journal", leave_hot_journal),
        ("without an index", |index| fs::remove_file(index).unwrap()),
    ];
    for (way, spoil) in ways {
        spoil(&index);
        drive.remount("ro");
        for has_copy in [true, false] {
            if !has_copy {
                fs::remove_dir_all(&history).unwrap();
            }
            let before = facts(drive.path());
            assert_eq!(ask(), answers, "{way}, with a copy: {has_copy}");
            assert_same(&facts(drive.path()), &before, way);
            assert!(history.exists(), "{way}: a copy is kept");
        }
        drive.remount("rw");
    }
    small.home.json(["snapshots"]);
    assert!(index.exists(), "whoever may write mends it for good");
    assert_eq!(ask(), answers);
}

#[test]
fn a_snapshot_that_no_index_knows_is_read_from_its_tree() {
    let Some(drive) = LoopDrive::ext4(64) else { return };
    let small = Small::on(drive.path());
    small.home.back_up();
    let index = small.repository.join("index.sqlite");
    let history = small.home.path().join("state/yore/history");
    let kept = small.home.path().join("kept.sqlite");
    fs::copy(&index, &kept).unwrap();
    write(&small.source.join("letter.txt"), "changed\n");
    let second = small.home.back_up();
    let answer = small.home.json(["ls", "--at", &second, &small.arg("")]);
    // As after a power cut before the index was written, on a drive that is then only read.
    fs::copy(&kept, &index).unwrap();
    fs::remove_dir_all(&history).unwrap();
    drive.remount("ro");
    for _ in 0..2 {
        assert_eq!(small.home.json(["ls", "--at", &second, &small.arg("")]), answer);
    }
    drive.remount("rw");
}
