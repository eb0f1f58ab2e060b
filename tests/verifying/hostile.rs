//! Trees that nobody backed up: read without harm.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::{Mode, mkfifoat};
use yore::engine::dir::Dir;
use yore::engine::remove::remove_tree;
use yore::engine::verify::Fault;

use super::{three, verify_all};
use crate::common::cli::Home;
use crate::common::engine::Rig;

/// Deeper than any path can be told.
const DEPTH: usize = 4500;

#[test]
fn a_bottomless_folder_has_an_end() {
    let rig = Rig::new();
    let names = three(&rig, 5);
    let tree = Dir::open(&rig.stored(&names[0])).unwrap();
    let mut at = tree.create(b"deep", 0o755).unwrap();
    for _ in 0..DEPTH {
        at = at.create(b"d", 0o755).unwrap();
    }
    let repository = rig.repository.to_str().unwrap();
    let home = Home::new();
    let answer = home.run(["--repository", repository, "--json", "verify", "--no-mend"]);
    remove_tree(&tree, b"deep").unwrap();
    assert_eq!(answer.code, Some(3), "{answer:?}");
    let told = answer.json();
    let faults = told["faults"].as_array().unwrap();
    assert!(faults.iter().any(|one| one["fault"] == "too-deep"), "{faults:?}");
    assert!(!answer.err.contains("panicked"), "{answer:?}");
}

#[test]
fn what_yore_never_writes_is_named_and_not_followed() {
    let rig = Rig::new();
    let names = three(&rig, 5);
    let tree = rig.stored(&names[0]);
    fs::remove_dir_all(tree.join("folder-1")).unwrap();
    symlink(Path::new("/proc"), tree.join("folder-1")).unwrap();
    mkfifoat(rustix::fs::CWD, tree.join("fifo"), Mode::from_raw_mode(0o600)).unwrap();
    let above = tree.parent().unwrap().join("beside");
    symlink("/", &above).unwrap();
    let report = verify_all(&rig);
    let has = |path: &str, fault: &Fault| {
        report.faults.iter().any(|one| one.path == rig.path_of(path) && one.fault == *fault)
    };
    assert!(has("fifo", &Fault::Added), "{report:#?}");
    assert!(has("../beside", &Fault::Added), "{report:#?}");
    let kind = Fault::Altered(vec![yore::engine::verify::Aspect::Kind]);
    assert!(has("folder-1", &kind), "{report:#?}");
    assert!(report.tally.files < 20, "{report:#?}");
}
