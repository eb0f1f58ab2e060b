//! What the system says of the disks that folders lie on.

use yore::engine::dir::Dir;
use yore::engine::disk;

use crate::common::drive::{KINDS, LoopDrive, Make};

#[test]
fn every_drive_tells_whether_it_turns() {
    for kind in KINDS {
        let make = Make { kind, size_mib: 320, options: &[] };
        let Some(drive) = LoopDrive::make_in_memory(&make) else { return };
        for turns in [true, false] {
            if !drive.say_that_it_turns(turns) {
                return;
            }
            let root = Dir::open(drive.path()).unwrap();
            assert_eq!(disk::turns(&root), turns, "{kind}");
        }
    }
}
