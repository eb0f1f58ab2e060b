//! What is carried forward is there in full, however it has to be stored and however long it takes.

use std::fs;

use yore::engine::backup::BackupOptions;
use yore::engine::monitor::Monitor;
use yore::engine::seal::SnapshotKind;

use crate::common::drive::{LoopDrive, Make};
use crate::common::engine::Rig;
use crate::common::tree::{assert_same, facts, without_inodes, write};

/// As many names as an inode of ext4 has, and less.
const LIMIT: u32 = 65_000;

#[test]
fn a_source_that_is_away_is_whole_in_every_snapshot_also_at_the_link_limit() {
    let Some(drive) = LoopDrive::sized("ext4", 256) else { return };
    let rig = Rig::on(drive.path(), None);
    for number in 0..30 {
        write(&rig.source.join(format!("small-{number}")), "the same");
    }
    write(&rig.source.join("large"), vec![b'x'; 200_000]);
    std::os::unix::fs::symlink("large", rig.source.join("link")).unwrap();
    let first = rig.back_up().snapshot;
    let state = without_inodes(facts(&rig.source));
    // Other names until there is room for only a few more.
    let names = drive.path().join("names");
    fs::create_dir(&names).unwrap();
    for file in ["small-0", "large", "link"] {
        let stored = rig.stored(&first).join(file);
        let used = std::os::unix::fs::MetadataExt::nlink(&stored.symlink_metadata().unwrap());
        for number in used..u64::from(LIMIT) - 1 {
            fs::hard_link(&stored, names.join(format!("{file}-{number}"))).unwrap();
        }
    }
    let away = rig.source.with_extension("away");
    fs::rename(&rig.source, &away).unwrap();
    for seq in 2..5 {
        let report = rig.try_back_up(&rig.options(), &Monitor::new()).unwrap();
        assert_eq!((report.counts.files, report.counts.problems), (31, 1), "{report:?}");
        let (back, restored) = rig.restore(seq);
        assert_eq!(restored.problems, []);
        assert_same(&without_inodes(facts(&back)), &state, &format!("snapshot {seq}"));
    }
    fs::rename(&away, &rig.source).unwrap();
    assert!(!rig.back_up().is_partial());
}

#[test]
fn a_folder_in_a_source_s_place_is_not_taken_for_it_however_often() {
    let rig = Rig::new();
    write(&rig.source.join("photos/summer"), "sun");
    rig.back_up();
    let away = rig.source.with_extension("away");
    fs::rename(&rig.source, &away).unwrap();
    write(&rig.source.join("stray"), "x");
    for seq in 2..5 {
        let report = rig.try_back_up(&rig.options(), &Monitor::new()).unwrap();
        assert!(report.is_partial());
        let (back, _) = rig.restore(seq);
        assert_eq!(fs::read(back.join("photos/summer")).unwrap(), b"sun", "snapshot {seq}");
        assert!(!back.join("stray").exists());
    }
    // A person may say that it is right so.
    let options = BackupOptions { accept_empty: true, ..rig.options() };
    assert!(!rig.try_back_up(&options, &Monitor::new()).unwrap().is_partial());
    assert!(!rig.back_up().is_partial());
}

#[test]
fn what_the_last_snapshot_has_lost_makes_a_new_one() {
    let rig = Rig::new();
    write(&rig.source.join("lost"), "lost");
    write(&rig.source.join("edited"), "edited");
    let first = rig.back_up().snapshot;
    fs::remove_file(rig.stored(&first).join("lost")).unwrap();
    fs::write(rig.stored(&first).join("edited"), "by hand").unwrap();
    let scheduled = BackupOptions {
        only_if_changed: true,
        ..BackupOptions::new(rig.options().sources, SnapshotKind::Manual)
    };
    // Something has to be looked at: what is unchanged altogether is for verification to find.
    write(&rig.source.join("new"), "new");
    fs::remove_file(rig.source.join("new")).unwrap();
    let time = fs::metadata(&rig.source).unwrap().modified().unwrap();
    fs::File::open(&rig.source).unwrap().set_modified(time).unwrap();
    let report = rig.try_back_up(&scheduled, &Monitor::new()).unwrap();
    assert!(report.is_new, "{report:?}");
    let (back, restored) = rig.restore(report.seq);
    assert_eq!(restored.problems, []);
    assert_same(&without_inodes(facts(&back)), &without_inodes(facts(&rig.source)), "after");
}

#[test]
fn a_stored_file_that_cannot_be_looked_at_is_stored_anew() {
    let rig = Rig::new();
    write(&rig.source.join("folder/file"), "content");
    let first = rig.back_up().snapshot;
    let stored = rig.stored(&first).join("folder");
    // As after a repair of the file system: something else is where the file was.
    fs::remove_file(stored.join("file")).unwrap();
    fs::create_dir(stored.join("file")).unwrap();
    crate::common::place::set_mode(&rig.source.join("folder/file"), 0o600);
    let report = rig.back_up();
    assert_eq!(report.counts.copied, 1);
    let (back, _) = rig.restore(report.seq);
    assert_eq!(fs::read(back.join("folder/file")).unwrap(), b"content");
}

#[test]
fn a_file_that_is_too_large_for_the_drive_is_said_and_the_rest_goes_on() {
    // Without extents and with blocks of 1 KiB, a file has 16 GiB at most.
    let options = &["-m", "0", "-b", "1024", "-O", "^extent,^64bit"];
    let Some(drive) = LoopDrive::make(&Make { kind: "ext4", size_mib: 64, options }) else {
        return;
    };
    let rig = Rig::on(drive.path(), None);
    write(&rig.source.join("after"), "x");
    fs::File::create(rig.source.join("disk-image")).unwrap().set_len(20 << 30).unwrap();
    let report = rig.try_back_up(&rig.options(), &Monitor::new()).unwrap();
    assert_eq!((report.counts.problems, report.counts.files), (1, 2), "{report:?}");
    let problem = &rig.history().problems(1).unwrap()[0];
    assert!(
        problem.path.ends_with("disk-image") && problem.reason.contains("larger"),
        "{problem:?}"
    );
}
