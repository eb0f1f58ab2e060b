//! A scheduled run with nothing new makes no snapshot; one that finds anything at all makes one.

use std::fs;

use yore::engine::backup::{BackupOptions, BackupReport};
use yore::engine::monitor::Monitor;
use yore::engine::seal::SnapshotKind;

use crate::common::engine::Rig;
use crate::common::place::set_mode;
use crate::common::tree::write;

fn filled() -> Rig {
    let rig = Rig::new();
    write(&rig.source.join("folder/small"), "small");
    write(&rig.source.join("folder/deep/large"), vec![b'x'; 300_000]);
    std::os::unix::fs::symlink("small", rig.source.join("folder/link")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        rig.source.join("folder/pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    rig.back_up();
    rig
}

fn scheduled(rig: &Rig) -> BackupReport {
    let options = BackupOptions::new(rig.options().sources, SnapshotKind::Scheduled);
    rig.try_back_up(&options, &Monitor::new()).unwrap()
}

fn snapshots(rig: &Rig) -> usize {
    fs::read_dir(rig.repository.join("snapshots")).unwrap().count()
}

#[test]
fn nothing_new_makes_no_snapshot_and_is_noted() {
    let rig = filled();
    let first = rig.history().snapshots().unwrap().remove(0);
    assert_eq!(first.same_at, None);
    let report = scheduled(&rig);
    assert!(!report.is_new);
    assert_eq!((report.snapshot.as_str(), report.seq, report.copied_bytes), (&*first.name, 1, 0));
    assert_eq!(snapshots(&rig), 1);
    assert_eq!(fs::read_dir(rig.repository.join("stage")).unwrap().count(), 0);
    let noted = rig.history().snapshots().unwrap().remove(0);
    assert!(noted.same_at.is_some_and(|same| same > first.finished), "{noted:?}");
    assert_eq!(noted.current_at(), noted.same_at.unwrap());
    // Who asks for a snapshot gets one.
    assert!(rig.back_up().is_new);
    assert_eq!(snapshots(&rig), 2);
}

#[test]
fn any_change_makes_a_snapshot() {
    type Change = fn(&Rig);
    let changes: [(&str, Change); 9] = [
        ("content", |rig| write(&rig.source.join("folder/small"), "SMALL")),
        ("mode", |rig| set_mode(&rig.source.join("folder/deep/large"), 0o600)),
        ("mode of a folder", |rig| set_mode(&rig.source.join("folder/deep"), 0o700)),
        ("a new file", |rig| write(&rig.source.join("folder/deep/new"), "")),
        ("a file gone", |rig| fs::remove_file(rig.source.join("folder/small")).unwrap()),
        ("a name", |rig| {
            fs::rename(rig.source.join("folder/small"), rig.source.join("folder/other")).unwrap();
        }),
        ("an attribute of a folder", |rig| {
            let path = rig.source.join("folder");
            rustix::fs::setxattr(path, "user.a", b"1", rustix::fs::XattrFlags::empty()).unwrap();
        }),
        ("a link", |rig| {
            fs::remove_file(rig.source.join("folder/link")).unwrap();
            std::os::unix::fs::symlink("large", rig.source.join("folder/link")).unwrap();
        }),
        ("a second name", |rig| {
            fs::hard_link(rig.source.join("folder/small"), rig.source.join("second")).unwrap();
        }),
    ];
    for (name, change) in changes {
        let rig = filled();
        change(&rig);
        assert!(scheduled(&rig).is_new, "{name}");
        assert!(!scheduled(&rig).is_new, "after {name}");
        assert_eq!(snapshots(&rig), 2, "{name}");
    }
}

#[test]
fn what_must_be_read_again_and_is_the_same_makes_no_snapshot() {
    let rig = filled();
    let path = rig.source.join("folder/small");
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    // Its change time moves, and nothing else of it.
    write(&path, "small");
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_times(fs::FileTimes::new().set_modified(time)).unwrap();
    let report = scheduled(&rig);
    assert!(!report.is_new, "{report:?}");
    assert_eq!(snapshots(&rig), 1);
    assert_eq!(fs::read_dir(rig.repository.join("stage")).unwrap().count(), 0);
    assert!(!scheduled(&rig).is_new);
}
