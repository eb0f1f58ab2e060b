//! A drive that goes away while a restore stages what is on it.

use std::fs;
use std::path::Path;

use yore::engine::error::Error;
use yore::engine::index::LocalCopy;
use yore::engine::monitor::{Event, Monitor};
use yore::engine::problem::Reason;
use yore::engine::restore::{self, RestoreRequest, Target};

use crate::common::drive::LoopDrive;
use crate::common::engine::Rig;
use crate::common::tree::{assert_same, facts, without_inodes, write};
use crate::mending::flip;

/// A restore that its drive left is gone on with, and lacks nothing.
#[test]
fn a_drive_that_goes_away_is_no_problem_of_single_files() {
    let Some(drive) = LoopDrive::ext4(64) else { return };
    let mut rig = Rig::on(drive.path(), None);
    let folder = rig.path().join("copy");
    rig.local = Some(LocalCopy { folder, limit_bytes: 1 << 30 });
    write(&rig.source.join("0"), "damaged");
    for number in 0..40 {
        write(&rig.source.join(format!("inner/{number}")), format!("content {number}"));
    }
    let stored = rig.stored(&rig.back_up().snapshot);
    flip(&stored.join("0"));
    let to = rig.path().join("to");
    let asked = RestoreRequest::of(1, [rig.path_of("")]);
    let request = RestoreRequest { target: Target::Folder(to.clone()), ..asked };
    // What is told of first is the damaged file, while all else is still to be read.
    let (mounted, around) = (drive.path().to_owned(), drive.path().parent().unwrap().to_owned());
    let shut_down = move |event: &Event| {
        if matches!(event, Event::Problem { .. }) {
            LoopDrive::shut_down(&mounted, &around);
        }
    };
    let monitor = Monitor::with_listener(shut_down);
    let history = rig.history();
    let plan = restore::plan_restore(&history, &request, &monitor).unwrap();
    let stopped = restore::apply(&history, &plan, &rig.journals(), &monitor);
    assert!(matches!(stopped, Err(Error::RestoreKept(_))), "{stopped:?}");
    let there = to.join("source");
    assert!(!there.exists());

    drop(history);
    drive.detach();
    assert!(drive.attach("rw"), "could not mount it again");
    let id = rig.journals().list().unwrap().pop().unwrap().id;
    let resumed = restore::resume(&rig.history(), &rig.journals(), id, &Monitor::new()).unwrap();
    assert_eq!(resumed.problems, [(rig.path_of("0"), Reason::StoredDamaged)]);
    let mut wanted = without_inodes(super::plain(facts(&rig.source)));
    wanted.remove(Path::new("0"));
    assert_same(&without_inodes(super::plain(facts(&there))), &wanted, "what came back");
    assert!(fs::exists(there.join("inner/39")).unwrap());
}
