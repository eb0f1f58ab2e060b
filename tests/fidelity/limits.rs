//! More links than one inode can have.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::common::drive::{LoopDrive, Make};
use crate::common::engine::Rig;
use crate::common::node::set_mtime;
use crate::common::tree::write;

/// What ext4 allows.
const MOST_LINKS: u64 = 65_000;

/// One more than that.
const FILES: u64 = 65_001;

/// With room for all to be different, as nobody knows before that they aren't.
fn drive() -> Option<LoopDrive> {
    LoopDrive::make(&Make { kind: "ext4", size_mib: 640, options: &["-m", "0", "-N", "80000"] })
}

/// Where so many tiny files are made and forgotten quickly.
fn disk_of_many_files() -> Option<LoopDrive> {
    let options = &["-m", "0", "-N", "70000", "-O", "inline_data,^has_journal"];
    LoopDrive::make(&Make { kind: "ext4", size_mib: 128, options })
}

/// The inodes below a folder, each with how many of its names are there.
fn inodes(folder: &Path) -> BTreeMap<u64, u64> {
    let mut inodes = BTreeMap::new();
    for inner in fs::read_dir(folder).unwrap() {
        for entry in fs::read_dir(inner.unwrap().path()).unwrap() {
            let meta = entry.unwrap().metadata().unwrap();
            assert_eq!(meta.len(), 9);
            *inodes.entry(meta.ino()).or_default() += 1;
        }
    }
    inodes
}

#[test]
fn more_equal_files_than_an_inode_has_links() {
    let (Some(disk), Some(drive)) = (disk_of_many_files(), drive()) else { return };
    let rig = Rig::on(drive.path(), Some(&disk.path().join("source")));
    (0..4).for_each(|folder| fs::create_dir(rig.source.join(folder.to_string())).unwrap());
    for number in 0..FILES {
        let path = rig.source.join(format!("{}/{number}", number % 4));
        fs::write(&path, "identical").unwrap();
        set_mtime(&path, 1_600_000_000, 0).unwrap();
    }
    let mut all = BTreeMap::new();
    for run in 1..=2 {
        let report = rig.back_up();
        let stored = inodes(&rig.stored(&report.snapshot));
        assert_eq!(stored.values().sum::<u64>(), FILES, "files are lost in run {run}");
        let sealed = rig.sealed(&report.snapshot);
        assert!(
            sealed.copied_bytes() <= 9 * 4,
            "run {run}: {} were copied",
            sealed.count("copied")
        );
        for (inode, links) in stored {
            *all.entry(inode).or_insert(0) += links;
        }
    }
    assert!(all.len() <= 6, "{} inodes for one content", all.len());
    assert!(all.values().all(|links| *links <= MOST_LINKS));
}

#[test]
fn an_inode_at_its_limit_is_followed_by_a_new_one() {
    let Some(drive) = drive() else { return };
    let rig = Rig::on(drive.path(), None);
    for (name, size) in [("small", 100), ("large", 100_000)] {
        write(&rig.source.join(name), vec![b'x'; size]);
    }
    let first = rig.back_up().snapshot;
    // As many links as years of snapshots would have made.
    let aside = drive.path().join("aside");
    fs::create_dir(&aside).unwrap();
    for name in ["small", "large"] {
        let stored = rig.stored(&first).join(name);
        let have = stored.metadata().unwrap().nlink();
        for number in have..MOST_LINKS - 3 {
            fs::hard_link(&stored, aside.join(format!("{name}-{number}"))).unwrap();
        }
    }
    let mut copied = 0;
    for _ in 0..8 {
        copied += rig.sealed(&rig.back_up().snapshot).count("copied");
    }
    assert_eq!(copied, 2, "each file is to be copied once, when its inode is full");
    for at in 1..=9 {
        let (restored, report) = rig.restore(at);
        assert_eq!(report.problems, []);
        for (name, size) in [("small", 100), ("large", 100_000)] {
            assert_eq!(fs::read(restored.join(name)).unwrap(), vec![b'x'; size], "{at}: {name}");
        }
    }
    // A touch of a large file at its limit goes on from the new inode.
    set_mtime(&rig.source.join("large"), 1_600_000_000, 0).unwrap();
    let name = rig.back_up().snapshot;
    assert_eq!(rig.sealed(&name).copied_bytes(), 0);
}
