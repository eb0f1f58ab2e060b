//! A flush that fails while the drive is being filled, after which the kernel holds everything for written.

use std::fs;

use crate::common::drive::LoopDrive;
use crate::common::protected::Protected;
use crate::common::trace;
use crate::common::tree::write;

const DRIVE_MIB: u64 = 1024;
/// Enough for three flushes on the way, of which the steps are of 16, 256 and 256 MB at most.
const FILES: usize = 85;
const FILE_BYTES: usize = 8_000_000;
/// All other threads flush twice: before the walk and after it.
const THIRD: &str = "syncfs:error=EIO:when=3";

#[test]
fn a_run_in_which_one_flush_failed_is_no_snapshot() {
    if !trace::can_inject() {
        return;
    }
    let Some(drive) = LoopDrive::ext4(DRIVE_MIB) else { return };
    let protected = Protected::on(drive.path());
    for number in 0..FILES {
        let content = format!("{number:07}\n").repeat(FILE_BYTES / 8);
        write(&protected.source.join(format!("file {number}")), content);
    }
    let answer = trace::back_up_under(&protected.home, THIRD, None);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert_eq!(protected.home.snapshots(), [""; 0]);
    let stage = protected.repository.join("stage");
    assert_eq!(fs::read_dir(stage).unwrap().count(), 0, "something is left to go on with");

    protected.home.run(["backup"]).says(0, &["complete"]);
    protected.home.run(["verify"]).says(0, &[]);
}
