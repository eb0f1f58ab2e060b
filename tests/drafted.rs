//! The index of a first snapshot is written while that is made, and takes the empty one's place.

use std::fs;

use uuid::Uuid;
use yore::engine::backup::backup;
use yore::engine::index::{Index, LocalCopy};
use yore::engine::monitor::Monitor;

use crate::common::engine::Rig;
use crate::common::tree::write;

fn filled() -> Rig {
    let mut rig = Rig::new();
    rig.local = Some(LocalCopy { folder: rig.path().join("history"), limit_bytes: 1 << 30 });
    for number in 0..50 {
        write(&rig.source.join(format!("folder-{}/file-{number}", number % 7)), "content");
    }
    drop(rig.writer(&Monitor::new()).unwrap());
    rig
}

fn lineage(rig: &Rig) -> Uuid {
    Index::open_read_only(&rig.index()).unwrap().unwrap().head().unwrap().lineage
}

/// Fails unless the drive's index and this computer's copy tell the same, which is what the trees tell, and no draft is left.
#[track_caller]
fn assert_sound(rig: &Rig) {
    let drive = Index::open_read_only(&rig.index()).unwrap().unwrap();
    let copy = rig.local.as_ref().unwrap().open_read_only(rig.id).unwrap();
    assert!(copy.equals(&drive).unwrap());
    assert_eq!(drive.snapshots().unwrap().len(), 1);
    assert_eq!(fs::read_dir(rig.repository.join("stage")).unwrap().count(), 0);
    drop((drive, copy));
    let answers = rig.answers();
    rig.writer(&Monitor::new()).unwrap().rebuild(&Monitor::new()).unwrap();
    assert_eq!(rig.answers(), answers);
}

#[test]
fn the_draft_takes_the_place_of_the_empty_index_and_no_other() {
    let rig = filled();
    let empty = lineage(&rig);
    rig.back_up();
    let first = lineage(&rig);
    assert_ne!(first, empty);
    assert_sound(&rig);

    let first = lineage(&rig);
    write(&rig.source.join("new"), "new");
    rig.back_up();
    assert_eq!(lineage(&rig), first);
}

#[test]
fn where_there_can_be_no_draft_the_index_is_written_at_the_end() {
    let rig = filled();
    let empty = lineage(&rig);
    let mut writer = rig.writer(&Monitor::new()).unwrap();
    let in_the_way = rig.repository.join("stage/index.sqlite");
    fs::create_dir(&in_the_way).unwrap();
    backup(&mut writer, &rig.options(), &rig.clock(), &Monitor::new()).unwrap();
    drop(writer);
    assert_eq!(lineage(&rig), empty);
    fs::remove_dir(&in_the_way).unwrap();
    assert_sound(&rig);
}
