//! Extended attributes: of every name and size, those that don't fit, those that aren't anybody's but ours.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use yore::engine::backup::BackupOptions;
use yore::engine::monitor::Monitor;
use yore::engine::xattr::Labels;

use super::{Pair, comes_back, pairs};
use crate::common::attribute::{allow, get, set};
use crate::common::engine::Rig;
use crate::common::node::set_mtime;
use crate::common::node::{fifo, socket};
use crate::common::place::is_root;
use crate::common::survey::{Survey, assert_none};
use crate::common::trace::{back_up_under, can_inject};
use crate::common::tree::{attributes, write};

/// The content hash that every stored file carries.
const HASH: &str = "user.yore.blake3";

#[test]
fn attributes_of_any_name_and_value_come_back() {
    for (kind, pair) in pairs() {
        write(&pair.path("small"), "x");
        write(&pair.path("large"), vec![b'x'; 100_000]);
        fs::create_dir(pair.path("folder")).unwrap();
        let long = format!("user.{}", "n".repeat(240));
        let names: [&[u8]; 6] = [
            b"user.plain",
            b"user.a\nb=c%41\"",
            b"user.\xff\xfe",
            b"user.yorelike",
            b"trusted.root",
            long.as_bytes(),
        ];
        let values: [&[u8]; 3] = [b"", b"text", b"\0\xff\n"];
        for path in ["small", "large", "folder"].map(|name| pair.path(name)) {
            for (number, name) in names.into_iter().enumerate() {
                set(&path, OsStr::from_bytes(name), values[number % values.len()]);
            }
        }
        pair.comes_back(kind);
        for path in ["small", "large", "folder"].map(|name| pair.path(name)) {
            set(&path, "user.plain", b"changed");
            set(&path, "trusted.root", b"changed");
            rustix::fs::lremovexattr(&path, "user.yorelike").unwrap();
        }
        pair.comes_back(kind);
    }
}

#[test]
fn attributes_of_links_and_special_files_come_back() {
    for (kind, pair) in pairs() {
        symlink("nowhere", pair.path("link")).unwrap();
        fifo(&pair.path("pipe"));
        socket(&pair.path("socket"));
        for name in ["link", "pipe", "socket"] {
            set(&pair.path(name), "trusted.note", b"of root");
        }
        pair.comes_back(kind);
    }
}

#[test]
fn what_xfs_shows_of_an_access_list_is_no_attribute() {
    // To root, beside the list itself and in a form of its own.
    const SHOWN: [&str; 2] = ["trusted.SGI_ACL_FILE", "trusted.SGI_ACL_DEFAULT"];
    for to in ["ext4", "xfs"] {
        let Some(pair) = Pair::new("xfs", to) else { return };
        for (name, size) in [("small", 10), ("large", 100_000), ("folder/inside", 10)] {
            write(&pair.path(name), vec![b'x'; size]);
        }
        for name in ["small", "large", "folder"] {
            allow(&pair.path(name), "u:1234:r");
            assert!(get(&pair.path(name), SHOWN[0]).is_some(), "XFS shows nothing");
        }
        allow(&pair.path("folder"), "d:u:1234:r");
        pair.protected.back_up();
        // So that there is an override that could have them.
        for name in ["small", "large", "folder"] {
            allow(&pair.path(name), "u:1234:rw");
        }
        let name = pair.comes_back(to);
        let sealed = pair.protected.sealed(&name);
        for below in ["small", "large", "folder"] {
            let kept = sealed.said(&pair.path(below), "xattrs");
            for shown in SHOWN {
                assert!(kept[shown].is_null(), "{to}: the override of {below} has {shown}");
                let stored = get(&pair.protected.stored(&name).join(below), shown);
                assert!(to == "xfs" || stored.is_none(), "{to}: {below} is stored with {shown}");
            }
        }
    }
}

#[test]
fn many_attributes_come_back() {
    let Some(pair) = Pair::new("xfs", "xfs") else { return };
    write(&pair.path("file"), "x");
    (0..300).for_each(|n| set(&pair.path("file"), format!("user.number-{n}"), &[b'x'; 100]));
    pair.comes_back("from XFS to XFS");
}

/// Attributes that are more than a drive's inode can hold, as sizes of values.
fn too_large(from: &str, sizes: &[usize]) {
    let Some(pair) = Pair::new(from, "ext4") else { return };
    for name in ["small", "large", "folder/inside"] {
        write(&pair.path(name), vec![b'x'; if name == "large" { 100_000 } else { 10 }]);
    }
    let paths = ["small", "large", "folder"].map(|name| pair.path(name));
    for path in &paths {
        for (number, size) in sizes.iter().enumerate() {
            set(path, format!("user.value-{number}"), &vec![b'x'; *size]);
        }
    }
    let what = format!("{sizes:?} from {from}");
    let name = pair.comes_back(&what);
    let sealed = pair.protected.sealed(&name);
    for path in &paths {
        let said = sealed.said(path, "xattrs");
        let beside = said.as_object().map_or(0, serde_json::Map::len);
        let below = path.strip_prefix(&pair.protected.source).unwrap();
        let stored = attributes(&pair.protected.stored(&name).join(below)).len();
        // All or none: an override holds the whole set.
        let is_kept = beside == sizes.len() || (beside == 0 && stored == sizes.len());
        assert!(is_kept, "{what}: of {path:?} {stored} are on the inode, {beside} in the override");
    }
    for below in ["small", "large"] {
        let hash = get(&pair.protected.stored(&name).join(below), HASH);
        assert_eq!(
            hash.map(|hash| hash.len()),
            Some(32),
            "{what}: {below} is stored without its hash"
        );
    }
    // It is the same file after that, too.
    let again = pair.comes_back(&what);
    assert_eq!(pair.protected.sealed(&again).copied_bytes(), 0, "{what}: copied again");
}

#[test]
fn attributes_that_do_not_fit_the_drive_are_kept_beside() {
    too_large("xfs", &[60_000]);
    too_large("xfs", &[3_000, 3_000]);
    too_large("btrfs", &[3_000, 3_000]);
    // Exactly as much as there is room for, but for our own.
    too_large("xfs", &[4_000]);
}

#[test]
fn our_own_names_are_neither_taken_nor_given() {
    for (kind, pair) in pairs() {
        let path = pair.path("file");
        write(&path, "content");
        let clean = Survey::of(&pair.protected.source);
        set(&path, HASH, &[0; 32]);
        set(&path, "user.yore.other", b"forged");
        set(&pair.protected.source, "user.yore.folder", b"forged");
        let name = pair.protected.back_up();
        let stored = pair.protected.stored(&name).join("file");
        assert_eq!(get(&stored, HASH).unwrap(), blake3::hash(b"content").as_bytes(), "{kind}");
        assert_eq!(get(&stored, "user.yore.other"), None, "{kind}");
        assert!(pair.protected.sealed(&name).said(&path, "xattrs").is_null(), "{kind}");
        let back = pair.protected.restore(&name);
        let differences = Survey::of(&back).differences(&clean);
        assert_none(&differences, kind);
    }
}

#[test]
fn a_refusal_of_attributes_is_no_full_drive() {
    if !can_inject() {
        return;
    }
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    let path = pair.path("file");
    let mut beside = 0;
    // The first calls of a thread may be the probe's or the seal's, which end a run; so there are many more.
    write(&path, "content");
    (0..30).for_each(|n| set(&path, format!("user.note-{n}"), b"kept"));
    for (round, call) in (1..=15).step_by(2).flat_map(|call| [(0, call), (1, call)]) {
        write(&path, format!("content {round} {call}"));
        let error = ["ENOSPC", "EPERM"][round];
        let what = format!("{error} at call {call}");
        let injection = format!("fsetxattr:error={error}:when={call}");
        let answer = back_up_under(&pair.protected.home, &injection, None);
        if answer.code == Some(0) {
            let name = pair.protected.home.snapshots().pop().unwrap();
            comes_back(&pair.protected, &name, &what);
            let said = pair.protected.sealed(&name).said(&path, "xattrs");
            beside += usize::from(said.is_object());
        } else {
            assert_eq!(answer.code, Some(1), "{what}: {answer:?}");
        }
    }
    assert!(beside > 0, "no refusal hit the attribute of the file");
}

#[test]
fn labels_are_kept_beside_and_only_if_that_is_asked_for() {
    if !is_root() {
        return;
    }
    let label = "security.selinux";
    let seal = |labels: Labels| {
        let rig = Rig::new();
        let path = rig.source.join("file");
        write(&path, "x");
        set_mtime(&path, 1_600_000_000, 0).unwrap();
        set(&path, label, b"system_u:object_r:user_home_t:s0");
        let options = BackupOptions { labels, ..rig.options() };
        let report = rig.try_back_up(&options, &Monitor::new()).unwrap();
        let sealed = rig.sealed(&report.snapshot);
        assert_eq!(get(&rig.stored(&report.snapshot).join("file"), label), None);
        let said = sealed.said(&path, "xattrs")[label].is_string();
        assert_eq!(said, labels == Labels::Keep, "{sealed:?}");
        let (back, restored) = rig.restore(report.seq);
        assert_eq!((get(&back.join("file"), label), restored.problems), (None, vec![]));
        // The same again writes no row.
        let again = rig.try_back_up(&options, &Monitor::new()).unwrap();
        assert_eq!((again.counts.copied, again.counts.linked), (0, 1));
        let trees: Vec<_> = sealed.seal["tree"].as_object().unwrap().values().cloned().collect();
        trees
    };
    assert_eq!(seal(Labels::Keep), seal(Labels::Leave), "a label is in the digest");
}
