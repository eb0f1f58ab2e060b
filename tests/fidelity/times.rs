//! Times of any year, to the nanosecond, also where the drive's file system knows fewer years.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;

use super::Pair;
use crate::common::drive::KINDS;
use crate::common::node::{fifo, set_mtime};
use crate::common::tree::write;

/// Seconds since 1970 and nanoseconds, with what is special about them.
const TIMES: [(&str, i64, u32); 14] = [
    ("year 1", -62_135_596_800, 0),
    ("year 1, the first moment", -62_135_596_800, 1),
    ("before what 32 bits hold", -2_147_483_649, 999_999_999),
    ("the least of 32 bits", -2_147_483_648, 0),
    ("before 1970", -1_000_000_000, 1),
    ("just before 1970", -1, 999_999_999),
    ("1970", 0, 0),
    ("a moment after", 0, 1),
    ("2001", 1_000_000_000, 123_456_789),
    ("2038", 2_147_483_648, 5),
    ("2106", 4_294_967_296, 999_999_999),
    ("the last of ext4", 15_032_385_535, 999_999_999),
    ("after ext4 and XFS", 20_000_000_000, 7),
    ("the last of 9999", 253_402_300_799, 999_999_999),
];

fn mtime(path: &Path) -> (i64, u32) {
    let meta = path.symlink_metadata().unwrap();
    (meta.mtime(), meta.mtime_nsec() as u32)
}

/// Entries of every kind with every time; the folders last, as what is put into them moves theirs.
fn fill(pair: &Pair) -> Vec<(std::path::PathBuf, (i64, u32))> {
    let mut all = Vec::new();
    for (name, seconds, nanoseconds) in TIMES {
        let path = |kind: &str| pair.path(format!("{kind}/{name}"));
        write(&path("small"), name);
        write(&path("large"), vec![b'x'; 100_000]);
        fs::create_dir_all(path("folder").join("inside")).unwrap();
        fs::create_dir_all(pair.path("link")).unwrap();
        fs::create_dir_all(pair.path("pipe")).unwrap();
        symlink("nowhere", path("link")).unwrap();
        fifo(&path("pipe"));
        let kinds = ["small", "large", "folder", "link", "pipe"];
        all.extend(kinds.map(|kind| (path(kind), (seconds, nanoseconds))));
    }
    all.push((pair.protected.source.clone(), (-1_000_000_000, 987_654_321)));
    for (path, (seconds, nanoseconds)) in &all {
        set_mtime(path, *seconds, *nanoseconds).unwrap();
        assert_eq!(mtime(path), (*seconds, *nanoseconds), "the source's own file system can't");
    }
    all
}

#[test]
fn times_of_every_year_come_back_exactly() {
    for kind in KINDS {
        let Some(pair) = Pair::new("btrfs", kind) else { return };
        let all = fill(&pair);
        // The second time it must not be taken for changed, because the drive can't say its time.
        for run in ["first", "second"] {
            let name = pair.comes_back(&format!("the {run} run to {kind}"));
            let sealed = pair.protected.sealed(&name);
            let stored = pair.protected.stored(&name);
            for (path, (seconds, nanoseconds)) in &all {
                let below = path.strip_prefix(&pair.protected.source).unwrap();
                let inode =
                    stored.join(below).symlink_metadata().ok().map(|_| mtime(&stored.join(below)));
                let said = sealed.said(path, "mtime");
                let is_said = said == serde_json::json!([seconds, nanoseconds]);
                let is_stored = inode == Some((*seconds, *nanoseconds));
                assert!(is_said || is_stored, "{kind}: {path:?}: {inode:?} and {said}");
            }
            if run == "second" {
                assert_eq!(sealed.copied_bytes(), 0, "{kind}: something was copied again");
            }
        }
    }
}

#[test]
fn a_change_of_a_nanosecond_is_seen() {
    for kind in KINDS {
        let Some(pair) = Pair::new(kind, kind) else { return };
        for (name, size) in [("small", 10), ("large", 100_000)] {
            write(&pair.path(name), vec![b'x'; size]);
            set_mtime(&pair.path(name), 1_000_000_000, 1).unwrap();
        }
        let before = pair.comes_back(kind);
        for name in ["small", "large"] {
            set_mtime(&pair.path(name), 1_000_000_000, 2).unwrap();
        }
        pair.comes_back(kind);
        let back = pair.protected.restore(&before);
        assert_eq!(mtime(&back.join("large")), (1_000_000_000, 1), "{kind}");
        assert_eq!(mtime(&back.join("small")), (1_000_000_000, 1), "{kind}");
    }
}
