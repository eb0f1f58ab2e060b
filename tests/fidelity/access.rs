//! Who may do what: modes, owners, access lists, capabilities.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;
use std::process::Command;

use super::{Pair, comes_back, pairs};
use crate::common::attribute::{self, CAPABILITY, allow};
use crate::common::cli::{Home, NOBODY};
use crate::common::drive::{LoopDrive, must};
use crate::common::place::set_mode;
use crate::common::protected::Protected;
use crate::common::survey::{Survey, assert_none, compare};
use crate::common::tree::{facts, write};

/// Around the size up to which changed metadata means a new copy.
const SIZES: [usize; 2] = [100, 100_000];

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().mode() & 0o7777
}

#[test]
fn every_mode_comes_back() {
    const MODES: [u32; 14] = [
        0o4755, 0o2755, 0o6711, 0o1644, 0o7777, 0o0000, 0o0444, 0o0400, 0o0111, 0o0555, 0o0200,
        0o0777, 0o2775, 0o1777,
    ];
    for (kind, pair) in pairs() {
        for number in MODES {
            for size in SIZES {
                let path = pair.path(format!("files-{size}/{number:o}"));
                write(&path, vec![b'x'; size]);
                set_mode(&path, number);
            }
            write(&pair.path(format!("folder-{number:o}/inside")), "x");
            set_mode(&pair.path(format!("folder-{number:o}")), number);
        }
        pair.comes_back(kind);
        // As changes of files that are stored, too: each gets the next one's.
        for (number, next) in MODES.into_iter().zip(MODES.into_iter().skip(1)) {
            for size in SIZES {
                set_mode(&pair.path(format!("files-{size}/{number:o}")), next);
            }
            set_mode(&pair.path(format!("folder-{number:o}")), next);
        }
        pair.comes_back(kind);
    }
}

#[test]
fn what_is_stored_has_its_own_group_on_a_drive_that_hands_down_another() {
    const MODES: [u32; 5] = [0o644, 0o600, 0o4755, 0o2755, 0o6711];
    let (Some(from), Some(drive)) = (LoopDrive::of_kind("ext4"), LoopDrive::of_kind("ext4")) else {
        return;
    };
    drive.remount("grpid");
    chown(drive.path(), None, Some(4711)).unwrap();
    let pair = Pair::with(Home::new(), [from, drive]);
    for number in MODES {
        for name in [format!("file-{number:o}"), format!("folder-{number:o}/inside")] {
            write(&pair.path(&name), "x");
        }
        set_mode(&pair.path(format!("file-{number:o}")), number);
        set_mode(&pair.path(format!("folder-{number:o}")), number);
    }
    let stored = pair.protected.stored(&pair.comes_back("grpid"));
    for number in MODES {
        for name in [format!("file-{number:o}"), format!("folder-{number:o}")] {
            let found = stored.join(&name).symlink_metadata().unwrap();
            assert_eq!((found.uid(), found.gid(), found.mode() & 0o7777), (0, 0, number), "{name}");
        }
    }
}

#[test]
fn what_gives_power_comes_back_only_when_it_is_asked_for() {
    let Some(pair) = Pair::new("ext4", "xfs") else { return };
    for size in SIZES {
        write(&pair.path(format!("setuid-{size}")), vec![b'x'; size]);
        set_mode(&pair.path(format!("setuid-{size}")), 0o6755);
        write(&pair.path(format!("capable-{size}")), vec![b'x'; size]);
        attribute::set(&pair.path(format!("capable-{size}")), "security.capability", &CAPABILITY);
    }
    let name = pair.comes_back("asked for");
    let back = pair.protected.restore_with(0, &name, &[], &[&pair.protected.source]);
    for size in SIZES {
        assert_eq!(mode(&back.join(format!("setuid-{size}"))), 0o755, "{size} bytes");
        let capability =
            attribute::get(&back.join(format!("capable-{size}")), "security.capability");
        assert_eq!(capability, None, "{size} bytes");
    }
    // A capability alone is a change, too.
    for size in SIZES {
        let path = pair.path(format!("capable-{size}"));
        rustix::fs::lremovexattr(&path, "security.capability").unwrap();
    }
    pair.comes_back("taken away");
}

#[test]
fn every_owner_comes_back_to_root() {
    for (kind, pair) in pairs() {
        let owners =
            [(0, 0), (1000, 1000), (4242, 0), (0, 4242), (NOBODY, NOBODY), (3_000_000_000, 7)];
        for (number, (user, group)) in owners.into_iter().enumerate() {
            for name in ["small", "large", "folder/file"] {
                let path = pair.path(format!("{name}-{number}"));
                // Equal contents would be stored once, with an override.
                write(&path, vec![b'0' + number as u8; if name == "large" { 100_000 } else { 10 }]);
                chown(&path, Some(user), Some(group)).unwrap();
            }
            let link = pair.path(format!("link-{number}"));
            std::os::unix::fs::symlink("nowhere", &link).unwrap();
            std::os::unix::fs::lchown(&link, Some(user), Some(group)).unwrap();
        }
        chown(pair.path("folder"), Some(4242), Some(4243)).unwrap();
        let name = pair.comes_back(kind);
        // By hand, without Yore, the owners are right as well.
        let stored = facts(&pair.protected.stored(&name));
        let source = facts(&pair.protected.source);
        let is_kept = |path| stored[path].owner == source[path].owner;
        assert!(source.keys().all(is_kept), "{kind}: the inodes have other owners");
        // Another owner for the same content.
        for path in ["small-0", "large-0", "folder"] {
            chown(pair.path(path), Some(1234), Some(5678)).unwrap();
        }
        pair.comes_back(kind);
    }
}

#[test]
fn what_belongs_to_someone_else_is_recorded() {
    let Some(person) = Protected::of_person(&[]) else { return };
    let source = person.source.clone();
    write(&source.join("of-root"), "x");
    let sealed = person.sealed(&person.back_up());
    assert_eq!(sealed.seal["owner"], serde_json::json!({ "uid": NOBODY, "gid": NOBODY }));
    assert_eq!(sealed.said(&source.join("of-root"), "uid"), 0);
    assert_eq!(sealed.said(&source.join("of-root"), "gid"), 0);
    assert!(sealed.said(&source.join("always"), "uid").is_null());
    assert_eq!(sealed.seal["ids"]["users"]["0"], "root");
}

#[test]
fn folders_that_may_not_be_written_come_back_to_their_owner() {
    let Some(person) = Protected::of_person(&[]) else { return };
    let source = person.source.clone();
    for below in ["closed/inner/file", "closed/file"] {
        write(&source.join(below), below);
    }
    for (below, mode) in [
        ("closed/inner/file", 0o400),
        ("closed/file", 0o444),
        ("closed/inner", 0o500),
        ("closed", 0o555),
        ("", 0o555),
    ] {
        person.home.own(&source.join(below));
        set_mode(&source.join(below), mode);
    }
    for run in ["first", "second"] {
        let name = person.back_up();
        comes_back(&person, &name, run);
    }
}

#[test]
fn a_group_that_a_person_is_in_comes_back() {
    const GROUP: u32 = 4243;
    let Some(person) = Protected::of_person(&[GROUP]) else { return };
    let source = person.source.clone();
    write(&source.join("small"), "x");
    write(&source.join("large"), vec![b'x'; 100_000]);
    fs::create_dir(source.join("folder")).unwrap();
    std::os::unix::fs::symlink("nowhere", source.join("link")).unwrap();
    crate::common::node::fifo(&source.join("pipe"));
    for name in ["small", "large", "folder", "link", "pipe"] {
        std::os::unix::fs::lchown(source.join(name), Some(NOBODY), Some(GROUP)).unwrap();
    }
    let name = person.back_up();
    assert_eq!(person.sealed(&name).said(&source.join("link"), "gid"), GROUP);
    comes_back(&person, &name, "of a group");
}

#[test]
fn what_its_owner_may_not_write_has_attributes_and_access_lists_too() {
    let Some(person) = Protected::of_person(&[]) else { return };
    let source = person.source.clone();
    write(&source.join("small"), "x");
    write(&source.join("large"), vec![b'x'; 100_000]);
    write(&source.join("folder/inside"), "x");
    for name in ["small", "large", "folder", "folder/inside"] {
        let path = source.join(name);
        person.home.own(&path);
        attribute::set(&path, "user.note", b"kept");
        allow(&path, "u:1234:rx");
        set_mode(&path, if name == "folder" { 0o555 } else { 0o444 });
    }
    for run in ["first", "second"] {
        let name = person.back_up();
        comes_back(&person, &name, run);
        attribute::set(&source.join("large"), "user.note", b"changed");
    }
}

#[test]
fn a_folder_that_hands_down_its_group_takes_what_its_owner_may_not_write() {
    const GROUP: u32 = 4243;
    let Some(person) = Protected::of_person(&[]) else { return };
    let path = person.source.join("list");
    write(&path, "x");
    person.home.own(&path);
    attribute::set(&path, "user.note", b"kept");
    allow(&path, "u::r,u:1234:r");
    let surveyed = Survey::of(&person.source);
    let name = person.back_up();
    let to = person.beside("handed");
    fs::create_dir(&to).unwrap();
    chown(&to, Some(NOBODY), Some(GROUP)).unwrap();
    set_mode(&to, 0o2775);
    let words = ["restore", "--at", &name, "--to", to.to_str().unwrap()];
    person.home.json(words.into_iter().chain(person.source.to_str()));
    let back = to.join(person.source.file_name().unwrap());
    assert_none(&compare(&person.source, &surveyed, &back), "in a folder of another group");
}

#[test]
fn access_lists_come_back() {
    for (kind, pair) in pairs() {
        for size in SIZES {
            write(&pair.path(format!("file-{size}")), vec![b'x'; size]);
            allow(&pair.path(format!("file-{size}")), "u:1234:rw,g:4321:r,m::rx");
        }
        fs::create_dir(pair.path("folder")).unwrap();
        allow(&pair.path("folder"), "u:1234:rwx,d:u:99:r,d:g::rx,d:o::---");
        // Made below a default list, with what it gives, and without.
        write(&pair.path("folder/heir"), "x");
        write(&pair.path("folder/stripped"), "x");
        must(Command::new("setfacl").args(["-b", "--"]).arg(pair.path("folder/stripped")));
        fs::create_dir(pair.path("folder/inner")).unwrap();
        let name = pair.comes_back(kind);
        let read = |path: &Path| {
            let mut getfacl = Command::new("getfacl");
            let lists = must(getfacl.args(["-R", "-n", "-p", "."]).current_dir(path));
            lists.split("\n\n").map(str::to_owned).collect::<BTreeSet<String>>()
        };
        assert_eq!(
            read(&pair.protected.stored(&name)),
            read(&pair.protected.source),
            "{kind}: stored"
        );
        // A change of a list alone, and its end.
        for size in SIZES {
            allow(&pair.path(format!("file-{size}")), "u:1234:-");
        }
        pair.comes_back(kind);
        for name in ["file-100", "file-100000", "folder"] {
            must(Command::new("setfacl").args(["-b", "--"]).arg(pair.path(name)));
        }
        pair.comes_back(kind);
    }
}

#[test]
fn what_a_drive_gives_its_new_folders_is_no_part_of_a_snapshot() {
    let Some(drive) = LoopDrive::of_kind("ext4") else { return };
    allow(drive.path(), "d:u:99:rwx,d:o::rwx");
    let protected = Protected::on(drive.path());
    write(&protected.source.join("folder/file"), "x");
    let name = protected.back_up();
    let lists = must(
        Command::new("getfacl")
            .args(["-R", "-n", "-p", "-s"])
            .arg(protected.snapshot(&name).join("files")),
    );
    assert_eq!(lists, "", "something has an access list");
    comes_back(&protected, &name, "below a default list");
}

#[test]
fn the_seal_names_everyone_whom_lists_name_also_when_nothing_changed() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    write(&pair.path("file"), "x");
    allow(&pair.path("file"), "u:1:r,g:2:r");
    for run in 0..2 {
        let ids = pair.protected.sealed(&pair.protected.back_up()).seal["ids"].clone();
        assert_eq!((&ids["users"]["1"], &ids["groups"]["2"]), (&"daemon".into(), &"bin".into()));
        assert_eq!(ids["users"]["0"], "root", "run {run}: {ids}");
    }
}

#[test]
fn an_entry_keeps_its_group_when_the_program_runs_with_another() {
    let Some(protected) = Protected::of_person(&[]) else { return };
    write(&protected.source.join("file"), "x");
    protected.home.own(&protected.source.join("file"));
    let first = protected.back_up();
    // As under `newgrp`.
    let program = protected.home.path().join("yore");
    chown(&program, Some(NOBODY), Some(100)).unwrap();
    set_mode(&program, 0o2755);
    let second = protected.back_up();
    protected.home.json(["rebuild"]);
    let owner = |name: &str| protected.sealed(name).seal["owner"]["gid"].clone();
    assert_eq!((owner(&first), owner(&second)), (NOBODY.into(), 100.into()));
    for name in [&first, &second] {
        let listed = protected.home.json(["ls", "--at", name, protected.source.to_str().unwrap()]);
        let entries = listed["entries"].as_array().unwrap();
        assert!(entries.iter().all(|entry| entry["gid"] == NOBODY), "{name}: {listed}");
    }
    assert_eq!(protected.sealed(&first).seal["tree"], protected.sealed(&second).seal["tree"]);
}
