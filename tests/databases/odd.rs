//! What only looks like a database in use, or is one in an odd way.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown, symlink};
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode};

use super::{add_row, beside, captured, create, names, rows_of};
use crate::common::cli::{Home, NOBODY};
use crate::common::engine::Rig;
use crate::common::place::{is_root, set_mode};
use crate::common::tree::{assert_same, differences, facts, named, write};

const MAGIC: &[u8] = b"SQLite format 3\0";

#[test]
fn a_name_of_any_bytes_is_no_hindrance() {
    let rig = Rig::new();
    let path = named(&rig.source, b"a\nb \xff?%20#");
    let connection = create(&path, "wal");
    add_row(&connection).unwrap();
    let report = rig.back_up();
    let stored = named(&rig.stored(&report.snapshot), b"a\nb \xff?%20#");
    assert_eq!(rows_of(&stored), 1);
    assert_eq!(captured(&rig, &report).len(), 2);
    assert!(!beside(&stored, "-shm").exists());
}

#[test]
fn what_is_no_database_is_stored_file_by_file() {
    let rig = Rig::new();
    for (name, content) in [("text", &b"no database"[..]), ("empty", b""), ("short", &MAGIC[..15])]
    {
        let path = rig.source.join(name);
        write(&path, content);
        for suffix in ["-wal", "-shm", "-journal"] {
            write(&beside(&path, suffix), suffix);
        }
    }
    // Names of logs alone, and of logs of logs.
    for name in ["alone-wal", "-wal", "-journal", "-wal-wal", "text-wal-wal", "text-wal-journal"] {
        write(&rig.source.join(name), name);
    }
    let report = rig.back_up();
    assert_eq!(differences(&rig.source, &rig.stored(&report.snapshot)), [""; 0]);
    assert_eq!(captured(&rig, &report), [""; 0]);
    assert_eq!(rig.back_up().copied_bytes, 0);
}

#[test]
fn a_broken_database_is_stored_as_it_is() {
    let rig = Rig::new();
    for (name, rest) in [("cut", &b""[..]), ("garbage", &[0xff; 5000]), ("zeros", &[0; 4080])] {
        let path = rig.source.join(name);
        write(&path, [MAGIC, rest].concat());
        for suffix in ["-wal", "-journal"] {
            write(&beside(&path, suffix), [0x37; 100]);
        }
        // As if it had been in use.
        write(&beside(&path, "-shm"), vec![0; 32 * 1024]);
        // A log that could be the database of a log.
        write(&beside(&path, "-wal-wal"), MAGIC);
    }
    let before = facts(&rig.source);
    let report = rig.back_up();
    assert_same(&facts(&rig.source), &before, "the source");
    let missing = differences(&rig.source, &rig.stored(&report.snapshot));
    assert!(missing.iter().all(|line| line.ends_with("-shm")), "{missing:?}");
    assert_eq!(missing.len(), 3);
    assert_eq!(rig.back_up().copied_bytes, 0);
}

#[test]
fn what_is_not_a_regular_file_is_never_opened() {
    let rig = Rig::new();
    let elsewhere = rig.path().join("elsewhere");
    add_row(&create(&elsewhere, "wal")).unwrap();
    symlink(&elsewhere, rig.source.join("link")).unwrap();
    for name in ["link", "fifo", "linked"] {
        let path = rig.source.join(name);
        if name != "link" {
            fs::copy(&elsewhere, &path).unwrap();
        }
        write(&beside(&path, "-wal"), "beside");
    }
    for (name, suffix) in [("fifo", "-wal"), ("linked", "-shm")] {
        let path = beside(&rig.source.join(name), suffix);
        let _ = fs::remove_file(&path);
        if name == "fifo" {
            rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::RUSR, 0).unwrap();
        } else {
            symlink(beside(&elsewhere, suffix), &path).unwrap();
        }
    }
    // No journal, whatever it is called.
    fs::copy(&elsewhere, rig.source.join("folder")).unwrap();
    write(&rig.source.join("folder-journal/inside"), "x");
    let before = facts(&rig.source);
    let report = rig.back_up();
    assert_same(&facts(&rig.source), &before, "the source");
    // A fifo is in the overrides alone; the link took the place of shared memory.
    let stored = ["fifo", "folder", "folder-journal", "link", "link-wal", "linked", "linked-wal"]
        .map(str::as_bytes);
    assert_eq!(names(&rig, &report), stored);
    assert_eq!(fs::read_link(rig.stored(&report.snapshot).join("link")).unwrap(), elsewhere);
    assert_eq!(captured(&rig, &report), [""; 0]);
}

#[test]
fn root_locks_nothing_of_others() {
    if !is_root() {
        return;
    }
    let rig = Rig::new();
    for mode in ["wal", "truncate"] {
        add_row(&create(&rig.source.join(mode), mode)).unwrap();
    }
    for suffix in ["wal", "wal-wal", "wal-shm", "truncate", "truncate-journal"] {
        chown(rig.source.join(suffix), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let report = rig.back_up();
    assert_eq!(differences(&rig.source, &rig.stored(&report.snapshot)), [""; 0]);
    assert_eq!(captured(&rig, &report), [""; 0]);
}

#[test]
fn a_database_that_can_not_be_read_keeps_its_log_too() {
    if !is_root() {
        return;
    }
    let home = Home::of_nobody();
    let (source, drive) = (home.path().join("documents"), home.path().join("drive"));
    let path = source.join("x");
    let own = |path: &Path| chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    for folder in [&source, &drive] {
        fs::create_dir(folder).unwrap();
        own(folder);
    }
    let connection = create(&path, "wal");
    add_row(&connection).unwrap();
    for suffix in ["", "-wal", "-shm"] {
        own(&beside(&path, suffix));
    }
    let answer = home.set_up(&drive, &[&source]);
    // For the first time, alone: it is stored, but what for is not sure.
    set_mode(&beside(&path, "-wal"), 0o000);
    home.run(["backup"]).says(3, &["did not hold still", "no permission"]);
    set_mode(&beside(&path, "-wal"), 0o600);
    let repository = Path::new(answer["repository"].as_str().unwrap());
    let stored = |snapshot: &str| {
        let folder = crate::common::tree::stored(repository, snapshot, &source);
        ["x", "x-wal"].map(|name| fs::metadata(folder.join(name)).unwrap().ino())
    };
    let first = stored(&home.back_up());
    for unreadable in ["", "-wal"] {
        add_row(&connection).unwrap();
        set_mode(&beside(&path, unreadable), 0o000);
        let report = home.json_of(3, ["backup"]);
        assert_eq!(stored(report["snapshot"].as_str().unwrap()), first, "x{unreadable}");
        set_mode(&beside(&path, unreadable), 0o600);
    }
    let last = home.back_up();
    assert!(stored(&last).iter().zip(first).all(|(new, old)| *new != old));
    let folder = crate::common::tree::stored(repository, &last, &source);
    assert_eq!(rows_of(&folder.join("x")), 3);
}
