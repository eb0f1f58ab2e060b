//! Attributes are believed only if they are those that were backed up.

use std::fs;
use std::path::Path;

use yore::engine::monitor::Monitor;
use yore::engine::problem::Reason;
use yore::engine::restore::{self, RestoreRequest, Target};

use crate::common::attribute;
use crate::common::engine::Rig;
use crate::common::tree::{assert_same, facts, without_inodes, write};

#[test]
fn attributes_that_were_altered_on_the_drive_come_from_another_version_or_are_told_of() {
    for has_other in [false, true] {
        let rig = Rig::new();
        write(&rig.source.join("inner/file"), "then");
        for below in ["inner", "inner/file"] {
            attribute::set(&rig.source.join(below), "user.color", b"red");
        }
        let first = rig.back_up().snapshot;
        let wanted = without_inodes(facts(&rig.source.join("inner")));
        if has_other {
            fs::write(rig.source.join("inner/file"), "later").unwrap();
            rig.back_up();
        }
        for below in ["inner", "inner/file"] {
            attribute::set(&rig.stored(&first).join(below), "user.color", b"blue");
        }
        let to = rig.path().join("to");
        let asked = RestoreRequest::of(1, [rig.path_of("inner")]);
        let request = RestoreRequest { target: Target::Folder(to.clone()), ..asked };
        let (history, monitor) = (rig.history(), Monitor::new());
        let plan = restore::plan_restore(&history, &request, &monitor).unwrap();
        let report = restore::apply(&history, &plan, &rig.journals(), &monitor).unwrap();
        let mut problems = report.problems;
        problems.sort_by(|one, other| one.0.cmp(&other.0));
        let mut found = without_inodes(facts(&to.join("inner")));
        if has_other {
            assert_eq!(problems, []);
        } else {
            let told = |below| (rig.path_of(below), Reason::MetadataNotRestored);
            assert_eq!(problems, ["inner", "inner/file"].map(told));
            for path in ["", "file"] {
                let fact = found.get_mut(Path::new(path)).unwrap();
                assert_eq!(fact.attributes, []);
                fact.attributes = wanted[Path::new(path)].attributes.clone();
            }
        }
        assert_same(&found, &wanted, "all else");
    }
}
