//! Folders that have to be made around what comes back.

use std::fs;

use yore::engine::monitor::Monitor;
use yore::engine::restore::{self, RestoreRequest};

use super::mode;
use crate::common::engine::Rig;
use crate::common::place::set_mode;
use crate::common::tree::write;

#[test]
fn a_private_folder_that_is_gone_is_private_when_it_comes_back() {
    let rig = Rig::new();
    let private = rig.source.join("private");
    write(&private.join("inner/letter.txt"), "mine");
    for (folder, mode) in [(&private, 0o700), (&private.join("inner"), 0o2750)] {
        set_mode(folder, mode);
    }
    rig.back_up();
    fs::remove_dir_all(&private).unwrap();
    let request = RestoreRequest::of(1, [rig.path_of("private/inner/letter.txt")]);
    let (history, monitor) = (rig.history(), Monitor::new());
    let plan = restore::plan_restore(&history, &request, &monitor).unwrap();
    let report = restore::apply(&history, &plan, &rig.journals(), &monitor).unwrap();
    assert_eq!((mode(&private), mode(&private.join("inner"))), (0o700, 0o2750));
    assert_eq!(fs::read(private.join("inner/letter.txt")).unwrap(), b"mine");
    assert_eq!(restore::undo(&rig.journals(), report.id, &monitor).unwrap().problems, []);
    assert!(!private.exists());
}
