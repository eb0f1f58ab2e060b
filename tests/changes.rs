//! Each kind of change alone, to a small and to a large file: it is seen, it is a version of its own, and
//! both states come back.

use std::fs::{self, File, FileTimes};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use rustix::fs::XattrFlags;
use yore::engine::monitor::Monitor;

use crate::common::engine::Rig;
use crate::common::place::set_mode;
use crate::common::tree::{assert_same, fact, facts, without_inodes, write};

type Change = fn(&Path);

const SIZES: [usize; 4] = [0, 10, 64 * 1024, 64 * 1024 + 1];

fn set_time(path: &Path, time: std::time::SystemTime) {
    File::open(path).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
}

fn set_attribute(path: &Path, name: &str, value: &[u8]) {
    rustix::fs::setxattr(path, name, value, XattrFlags::empty()).unwrap();
}

const CHANGES: [(&str, Change); 11] = [
    ("mode", |path| set_mode(path, 0o600)),
    ("time", |path| set_time(path, UNIX_EPOCH + Duration::new(1_000_000_000, 999_999_999))),
    ("time before 1970", |path| set_time(path, UNIX_EPOCH - Duration::new(1_000_000_000, 1))),
    ("attribute added", |path| set_attribute(path, "user.new", b"added")),
    ("attribute changed", |path| set_attribute(path, "user.old", b"changed")),
    ("attribute removed", |path| rustix::fs::removexattr(path, "user.old").unwrap()),
    ("longer", |path| {
        let mut content = fs::read(path).unwrap();
        content.push(b'!');
        write(path, content);
    }),
    ("cut", |path| write(path, "")),
    ("the same size and time", |path| {
        let time = path.metadata().unwrap().modified().unwrap();
        let length = path.metadata().unwrap().len() as usize;
        write(path, vec![b'y'; length]);
        set_time(path, time);
    }),
    ("became a link", |path| {
        fs::remove_file(path).unwrap();
        symlink("elsewhere", path).unwrap();
    }),
    ("became a folder", |path| {
        fs::remove_file(path).unwrap();
        write(&path.join("inside"), "x");
    }),
];

#[test]
fn every_change_alone_is_seen() {
    let rig = Rig::new();
    let file_of = |name: &str, size: usize| rig.source.join(format!("{name} {size}"));
    let all =
        || SIZES.into_iter().flat_map(|size| CHANGES.map(|(name, change)| (name, size, change)));
    for (name, size, _) in all() {
        write(&file_of(name, size), vec![b'x'; size]);
        set_attribute(&file_of(name, size), "user.old", b"old");
    }
    let mut states = vec![without_inodes(facts(&rig.source))];
    rig.back_up();
    for (name, size, change) in all() {
        change(&file_of(name, size));
    }
    states.push(without_inodes(facts(&rig.source)));
    rig.back_up();
    let last = rig.back_up();
    assert_eq!(last.counts.copied, 0, "{last:?}");

    for rebuilt in [false, true] {
        if rebuilt {
            rig.writer(&Monitor::new()).unwrap().rebuild(&Monitor::new()).unwrap();
        }
        for (name, size, _) in all() {
            let path = rig.path_of(&format!("{name} {size}"));
            let found = rig.history().versions(&path).unwrap().len();
            // What is empty already can't be cut or overwritten.
            let is_change = size > 0 || !["cut", "the same size and time"].contains(&name);
            assert!(found == 2 || !is_change, "{path}: {found} versions, rebuilt: {rebuilt}");
        }
        for (at, state) in states.iter().enumerate() {
            let (restored, report) = rig.restore(at as u64 + 1);
            assert_eq!(report.problems, []);
            assert_same(&without_inodes(facts(&restored)), state, &format!("state {at}"));
        }
    }
}

#[test]
fn setuid_bits_are_kept_but_not_given_back() {
    for size in SIZES {
        let rig = Rig::new();
        let path = rig.source.join("program");
        write(&path, vec![b'x'; size]);
        rig.back_up();
        set_mode(&path, 0o4755);
        rig.back_up();
        let history = rig.history();
        let entry = history.entry(&rig.path_of("program"), 2).unwrap().unwrap();
        assert_eq!(entry.mode, 0o4755, "{size}");
        let (restored, _) = rig.restore(2);
        assert_eq!(fact(&restored.join("program")).mode & 0o7777, 0o755, "{size}");
    }
}

#[test]
fn holes_stay_holes() {
    use std::os::unix::fs::MetadataExt as _;
    let rig = Rig::new();
    let path = rig.source.join("sparse");
    File::create(&path).unwrap().set_len(1 << 30).unwrap();
    let report = rig.back_up();
    let stored = rig.stored(&report.snapshot).join("sparse").metadata().unwrap();
    assert_eq!((stored.len(), stored.blocks()), (1 << 30, 0));
    let (restored, _) = rig.restore(1);
    let back = restored.join("sparse").metadata().unwrap();
    assert_eq!((back.len(), back.blocks()), (1 << 30, 0));
}
