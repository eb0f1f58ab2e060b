//! A file that changed a little, on drives that can clone: only what differs is written, and what is stored stays.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rustix::fs::FallocateFlags;
use rustix::io::Errno;
use yore::engine::copy::{BUFFER_BYTES, CopyError};
use yore::engine::delta::{self, Delta};
use yore::engine::dir::Dir;
use yore::engine::meta::ContentHash;
use yore::engine::monitor::Monitor;
use yore::engine::xattr::Labels;

use crate::common::drive::{LoopDrive, Make};
use crate::common::place::scratch;

const PAGE: usize = 4096;
const MIB: usize = 1 << 20;

/// Three folders on one drive: the source, what is stored, and the stage.
struct Bench {
    drive: LoopDrive,
}

impl Bench {
    fn new(kind: &str) -> Option<Self> {
        let drive = LoopDrive::make(&Make { kind, size_mib: 512, options: &[] })?;
        for name in ["source", "stored", "stage"] {
            fs::create_dir(drive.path().join(name)).unwrap();
        }
        Some(Self { drive })
    }

    /// Every kind of drive that can clone and can be made here.
    fn all() -> impl Iterator<Item = Self> {
        ["btrfs", "xfs"].into_iter().filter_map(Self::new)
    }

    fn path(&self, folder: &str) -> PathBuf {
        self.drive.path().join(folder).join("file")
    }

    /// Begins anew with `content` stored and in the source.
    fn begin(&self, content: &[u8]) {
        let _ = fs::remove_file(self.path("stage"));
        for folder in ["source", "stored"] {
            let _ = fs::remove_file(self.path(folder));
            fs::write(self.path(folder), content).unwrap();
        }
    }

    fn store(&self, monitor: &Monitor) -> Result<Option<Delta>, CopyError> {
        store(self.drive.path(), &self.path("stored"), monitor)
    }

    /// Stores the source, which must succeed; gives how much was written.
    #[track_caller]
    fn store_well(&self, what: &str) -> u64 {
        let before = fs::read(self.path("stored")).unwrap();
        let monitor = Monitor::new();
        let delta = self.store(&monitor).unwrap().unwrap_or_else(|| panic!("{what}: not cloned"));
        let source = fs::read(self.path("source")).unwrap();
        assert!(fs::read(self.path("stage")).unwrap() == source, "{what}: another content");
        assert!(fs::read(self.path("stored")).unwrap() == before, "{what}: the old one changed");
        assert_eq!(delta.read.hash, ContentHash::of(&source), "{what}");
        assert_eq!(delta.read.meta.size_bytes, source.len() as u64, "{what}");
        assert!(!delta.read.torn, "{what}");
        assert_eq!(monitor.progress().copied_bytes, delta.written_bytes, "{what}");
        delta.written_bytes
    }

    fn stage_is_empty(&self) -> bool {
        fs::read_dir(self.drive.path().join("stage")).unwrap().next().is_none()
    }

    /// Bytes of the drive that are in use, after mounting it again: XFS sets more aside while it is mounted.
    fn used(&self) -> u64 {
        self.drive.detach();
        assert!(self.drive.attach("rw"));
        let folder = Dir::open(self.drive.path()).unwrap();
        let stat = rustix::fs::fstatvfs(&folder).unwrap();
        (stat.f_blocks - stat.f_bfree) * stat.f_frsize
    }
}

/// Stores the source on `drive` as a change of the file `stored`.
fn store(drive: &Path, stored: &Path, monitor: &Monitor) -> Result<Option<Delta>, CopyError> {
    let open = |path: &Path| Dir::open(path).unwrap();
    let stored_in = open(stored.parent().unwrap());
    delta::copy_delta(
        (&open(&drive.join("source")), b"file"),
        (&stored_in, b"file"),
        (&open(&drive.join("stage")), b"file"),
        (&mut vec![0; BUFFER_BYTES], &|_, _| true),
        Labels::Leave,
        monitor,
    )
}

/// Bytes of which no page is like another and none is zero.
fn noise(length: usize) -> Vec<u8> {
    let words = (0..length.div_ceil(8) as u64)
        .map(|number| (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 0x0101_0101_0101_0101);
    let mut bytes: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
    bytes.truncate(length);
    bytes
}

fn open_source(bench: &Bench) -> File {
    File::options().read(true).write(true).open(bench.path("source")).unwrap()
}

fn punch(file: &File, from: usize, length: usize) {
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    rustix::fs::fallocate(file, flags, from as u64, length as u64).unwrap();
}

#[test]
fn one_page_in_a_hundred_costs_one_in_a_hundred() {
    for bench in Bench::all() {
        let content = noise(64 * MIB);
        bench.begin(&content);
        let pages = content.len() / PAGE;
        let mut changed: Vec<usize> =
            (0..pages / 100).map(|number| (number * 7919 + number * number * 31) % pages).collect();
        changed.sort_unstable();
        changed.dedup();
        let source = open_source(&bench);
        for page in &changed {
            let at = page * PAGE + page % PAGE;
            source.write_all_at(&[!content[at]], at as u64).unwrap();
        }
        drop(source);
        let used = bench.used();
        assert_eq!(bench.store_well("1 %"), (changed.len() * PAGE) as u64);
        let more = bench.used() - used;
        assert!(more < 4 * MIB as u64, "{more} bytes of the drive for {} pages", changed.len());
    }
}

/// What happens to a file, its length in bytes, what that is, and how much is written for it.
type Case = (&'static str, usize, fn(&File), usize);

const CASES: &[Case] = &[
    ("nothing", 3 * MIB + 5, |_| (), 0),
    ("nothing in an empty file", 0, |_| (), 0),
    ("one byte", 3 * MIB, |file| file.write_all_at(b"\0", 70_000).unwrap(), PAGE),
    ("the last byte", 3 * MIB + 5, |file| file.write_all_at(b"\0", 3 * MIB as u64 + 4).unwrap(), 5),
    ("two pages", MIB, |file| file.write_all_at(b"\0\0", 2 * PAGE as u64 - 1).unwrap(), 2 * PAGE),
    ("all", MIB, |file| file.write_all_at(&[0; MIB], 0).unwrap(), MIB),
    ("a page more", MIB, |file| file.write_all_at(&[1; PAGE], MIB as u64).unwrap(), PAGE),
    ("bytes more", MIB + 9, |file| file.write_all_at(b"more", MIB as u64 + 9).unwrap(), 13),
    ("the first bytes", 0, |file| file.write_all_at(b"first", 0).unwrap(), 5),
    ("a hole more", MIB, |file| file.set_len(9 * MIB as u64 + 1).unwrap(), 0),
    ("the rest of a page, a hole", MIB + 9, |file| file.set_len(9 * MIB as u64).unwrap(), PAGE),
    ("a hole and bytes", MIB, |file| file.write_all_at(b"far", 4 * MIB as u64).unwrap(), 3),
    ("cut to nothing", MIB + 1, |file| file.set_len(0).unwrap(), 0),
    ("cut to a byte", MIB + 1, |file| file.set_len(1).unwrap(), 0),
    ("cut to an odd length", MIB + 1, |file| file.set_len(300_001).unwrap(), 0),
    ("cut to whole pages", MIB + 1, |file| file.set_len(64 * PAGE as u64).unwrap(), 0),
];

#[test]
fn changed_lengths_and_bytes_are_stored() {
    for bench in Bench::all() {
        for (what, length, change, written) in CASES {
            bench.begin(&noise(*length));
            change(&open_source(&bench));
            assert_eq!(bench.store_well(what), *written as u64, "{what}");
        }
    }
}

#[test]
fn holes_come_and_go() {
    let taken = |path: PathBuf| path.metadata().unwrap().blocks() * 512;
    for bench in Bench::all() {
        let mut content = noise(8 * MIB + 77);
        bench.begin(&content);
        punch(&open_source(&bench), MIB, 6 * MIB);
        assert_eq!(bench.store_well("a hole comes"), 0);
        Dir::open(bench.drive.path()).unwrap().sync_file_system().unwrap();
        assert!(taken(bench.path("stage")) < 3 * MIB as u64, "a hole takes room");

        fs::rename(bench.path("stage"), bench.path("stored")).unwrap();
        assert_eq!(bench.store_well("both have it"), 0);
        fs::remove_file(bench.path("stage")).unwrap();

        open_source(&bench).write_all_at(&[0; 8 * PAGE], 2 * MIB as u64).unwrap();
        assert_eq!(bench.store_well("zeros are written into it"), 0);
        fs::remove_file(bench.path("stage")).unwrap();

        fs::write(bench.path("source"), &content).unwrap();
        assert_eq!(bench.store_well("it goes"), 6 * MIB as u64);
        fs::remove_file(bench.path("stage")).unwrap();

        // The end of the file is a hole that doesn't end with a block.
        content.truncate(MIB);
        fs::write(bench.path("source"), &content).unwrap();
        open_source(&bench).set_len(7 * MIB as u64 + 123).unwrap();
        assert_eq!(bench.store_well("a hole at the end"), 0);
    }
}

#[test]
fn what_changes_all_the_time_is_stored_as_it_was_read() {
    for bench in Bench::all() {
        bench.begin(&noise(4 * MIB));
        let (source, done) = (open_source(&bench), AtomicBool::new(false));
        let delta = std::thread::scope(|scope| {
            scope.spawn(|| {
                for round in 0_u64.. {
                    if done.load(Relaxed) {
                        break;
                    }
                    let at = round * 8191 % (4 * MIB as u64);
                    source.write_all_at(&round.to_le_bytes(), at).unwrap();
                    source.set_len(4 * MIB as u64 - round % 3 * 5000).unwrap();
                }
            });
            let torn = loop {
                let delta = bench.store(&Monitor::new()).map(Option::unwrap);
                if delta.as_ref().map_or(true, |delta| delta.read.torn) {
                    break delta;
                }
                // The writer had to wait: once more.
                fs::remove_file(bench.path("stage")).unwrap();
            };
            done.store(true, Relaxed);
            torn.unwrap()
        });
        let stage = fs::read(bench.path("stage")).unwrap();
        assert_eq!(delta.read.hash, ContentHash::of(&stage));
        assert_eq!(delta.read.meta.size_bytes, stage.len() as u64);
        assert!(fs::read(bench.path("stored")).unwrap() == noise(4 * MIB));
    }
}

#[test]
fn a_drive_that_cannot_clone_says_so() {
    let Some(bench) = Bench::new("ext4") else { return };
    bench.begin(&noise(MIB));
    assert!(bench.store(&Monitor::new()).unwrap().is_none());
    assert!(bench.stage_is_empty());
    let open = |folder: &str| Dir::open(&bench.drive.path().join(folder)).unwrap();
    let cloned = delta::clone_file((&open("stored"), b"file"), (&open("stage"), b"file"));
    assert_eq!(cloned.unwrap_err(), Errno::OPNOTSUPP);
    assert!(bench.stage_is_empty());
}

#[test]
fn what_cannot_be_cloned_is_left_to_a_copy() {
    for bench in Bench::all() {
        bench.begin(&noise(MIB));
        let elsewhere = scratch();
        fs::write(elsewhere.path().join("file"), noise(MIB)).unwrap();
        let stored = elsewhere.path().join("file");
        let other = store(bench.drive.path(), &stored, &Monitor::new());
        assert!(other.unwrap().is_none(), "on another file system");

        fs::remove_file(bench.path("stored")).unwrap();
        assert!(bench.store(&Monitor::new()).unwrap().is_none(), "not there");
        std::os::unix::fs::symlink("../source/file", bench.path("stored")).unwrap();
        assert!(bench.store(&Monitor::new()).unwrap().is_none(), "a link");
        assert!(bench.stage_is_empty());

        bench.begin(&noise(MIB));
        fs::write(bench.path("stage"), "someone's").unwrap();
        assert!(bench.store(&Monitor::new()).unwrap().is_none(), "in the way");
        assert_eq!(fs::read(bench.path("stage")).unwrap(), b"someone's");
    }
}

#[test]
fn nothing_is_left_of_a_failure() {
    for bench in Bench::all() {
        bench.begin(&noise(MIB));
        let monitor = Monitor::new();
        monitor.cancel().cancel();
        assert_eq!(bench.store(&monitor).unwrap_err(), CopyError::Cancelled);
        assert!(bench.stage_is_empty());
        fs::remove_file(bench.path("source")).unwrap();
        let gone = bench.store(&Monitor::new()).unwrap_err();
        assert_eq!(gone, CopyError::Source(Errno::NOENT));
        assert!(bench.stage_is_empty());
    }
}

#[test]
fn a_stored_file_that_cannot_be_read_is_left_to_a_copy() {
    let Some(bench) = Bench::new("btrfs") else { return };
    let content = noise(MIB);
    bench.begin(&content);
    fs::write(bench.path("source"), &content[..MIB - 1]).unwrap();
    bench.drive.detach();
    let page = &content[77 * PAGE..78 * PAGE];
    let image = bench.drive.path().with_file_name("image");
    let image = File::options().read(true).write(true).open(image).unwrap();
    let (mut found, mut rotten) = (vec![0; PAGE], 0);
    for at in (0..image.metadata().unwrap().len()).step_by(PAGE) {
        image.read_exact_at(&mut found, at).unwrap();
        if found == page {
            image.write_all_at(b"rot", at).unwrap();
            rotten += 1;
        }
    }
    assert!(rotten > 0, "the content isn't on the drive");
    assert!(bench.drive.attach("rw"));
    assert!(fs::read(bench.path("stored")).is_err(), "btrfs doesn't see the rot");
    fs::write(bench.path("source"), &content[..MIB - 1]).unwrap();
    assert!(bench.store(&Monitor::new()).unwrap().is_none());
    assert!(bench.stage_is_empty());
}

#[test]
fn a_clone_is_the_same_and_takes_no_room() {
    for bench in Bench::all() {
        let content = noise(16 * MIB + 1);
        bench.begin(&content);
        let used = bench.used();
        let open = |folder: &str| Dir::open(&bench.drive.path().join(folder)).unwrap();
        let file = File::from(
            delta::clone_file((&open("stored"), b"file"), (&open("stage"), b"file")).unwrap(),
        );
        assert!(fs::read(bench.path("stage")).unwrap() == content);
        file.write_all_at(b"mine", 5000).unwrap();
        drop(file);
        let more = bench.used() - used;
        assert!(more < MIB as u64, "{more} bytes of the drive");
        assert!(fs::read(bench.path("stored")).unwrap() == content);
    }
}
