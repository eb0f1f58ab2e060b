//! Drives filled to the last byte and to the last inode: a prune by an ordinary person frees them, and the next backup fits.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::common::cli::Home;
use crate::common::drive::{KINDS, LoopDrive, Make};
use crate::common::place::set_mode;
use crate::common::protected::Protected;
use crate::common::tree::{Facts, assert_same, facts, write};

/// A person without privileges, four of whose snapshots are on a drive.
struct Full {
    person: Protected,
    names: Vec<String>,
    drive: LoopDrive,
}

impl Full {
    fn on(drive: LoopDrive) -> Self {
        set_mode(drive.path(), 0o777);
        let home = Home::of_nobody();
        let source = home.path().join("source");
        let person = Protected::at(home, drive.path(), &source);
        let locked = source.join("read-only/below");
        let mut names = Vec::new();
        for number in 0..4 {
            if locked.exists() {
                set_mode(&locked, 0o755);
            }
            for (name, text) in [("read-only/below/film", "x"), ("letter", "y")] {
                write(&source.join(name), format!("{number}{text}").repeat(2 << 20));
                person.home.own(&source.join(name));
            }
            for small in 0..40 {
                write(&source.join(format!("small/{small}")), format!("{number} {small}"));
            }
            for folder in ["read-only/below", "read-only"] {
                person.home.own(&source.join(folder));
                set_mode(&source.join(folder), 0o555);
            }
            names.push(person.back_up());
            set_mode(&source.join("read-only"), 0o755);
        }
        Self { person, names, drive }
    }

    /// Files that take all the bytes that there are.
    fn fill_bytes(&self) {
        let filler = |number: usize| self.drive.path().join(format!("filler-{number}"));
        let mut file = File::create(filler(0)).unwrap();
        assert!(io::copy(&mut io::repeat(b'x'), &mut file).is_err());
        drop(file);
        let file = File::open(self.drive.path()).unwrap();
        // What a flush frees is taken, too.
        for round in 1..5 {
            let _ = rustix::fs::syncfs(&file);
            for number in round * 1000.. {
                if fs::write(filler(number), [b'x'; 4096]).is_err() {
                    break;
                }
            }
        }
    }

    fn fill_inodes(&self) {
        let folder = self.drive.path().join("filler");
        fs::create_dir(&folder).unwrap();
        let is_made = |number: &usize| File::create(folder.join(number.to_string())).is_ok();
        assert!((0..).take_while(is_made).count() > 100);
    }

    fn index(&self) -> PathBuf {
        self.person.repository.join("index.sqlite")
    }

    fn stored(&self, name: &str) -> Facts {
        facts(&self.person.snapshot(name))
    }

    /// The person's backup fails for want of room; then pruning all but two makes room for it.
    #[track_caller]
    fn is_freed(&self, what: &str) {
        let home = &self.person.home;
        let answer = home.run(["backup"]);
        assert_eq!(answer.code, Some(1), "{what}: {answer:?}");
        let before: Vec<Facts> = self.names[2..].iter().map(|name| self.stored(name)).collect();
        let answer = home.run(["--json", "prune", "--keep", "all=2"]);
        assert_eq!(answer.code, Some(0), "{what}: {answer:?}");
        let answer = answer.json();
        assert_eq!(answer["deleted"].as_array().unwrap().len(), 2, "{what}: {answer:#}");
        assert_eq!(home.snapshots(), &self.names[2..], "{what}");
        for (name, before) in self.names[2..].iter().zip(&before) {
            assert_same(&self.stored(name), before, what);
        }
        assert!(is_empty(&self.person.repository.join("trash")), "{what}");
        write(&self.person.source.join("letter"), "one more");
        let next = self.person.back_up();
        assert_eq!(home.snapshots(), [&self.names[2..], &[next]].concat(), "{what}");
        let (told, usage) = (home.json(["snapshots"]), home.json(["usage"]));
        home.json(["rebuild"]);
        assert_eq!((home.json(["snapshots"]), home.json(["usage"])), (told, usage), "{what}");
    }
}

/// A small drive. A btrfs drive has room for its metadata apart, of which a minimal one has too little for a single rename.
fn drive(kind: &str) -> Option<LoopDrive> {
    match kind {
        "btrfs" => LoopDrive::make(&Make { kind, size_mib: 512, options: &[] }),
        _ => LoopDrive::of_kind(kind),
    }
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn a_drive_without_a_byte_left_is_freed() {
    for kind in KINDS {
        let Some(drive) = drive(kind) else { return };
        let full = Full::on(drive);
        full.fill_bytes();
        full.is_freed(kind);
    }
}

#[test]
fn a_drive_without_an_inode_left_is_freed() {
    let options = ["-m", "0", "-b", "4096", "-N", "512"];
    let Some(drive) = LoopDrive::make(&Make { kind: "ext4", size_mib: 64, options: &options })
    else {
        return;
    };
    let full = Full::on(drive);
    full.fill_inodes();
    full.is_freed("no inode");
}

#[test]
fn a_full_drive_without_an_index_is_freed() {
    for kind in KINDS {
        let Some(drive) = drive(kind) else { return };
        let full = Full::on(drive);
        fs::remove_file(full.index()).unwrap();
        fs::remove_dir_all(full.person.home.path().join("state/yore")).unwrap();
        full.fill_bytes();
        full.is_freed(&format!("{kind}: no index"));
    }
}
