//! Drives that can't hold backups, or can't be written to.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::refused;
use crate::common::cli::{Home, NOBODY};
use crate::common::drive::{LoopDrive, Make, must};
use crate::common::place::{is_root, scratch, skip};
use crate::common::small::Small;
use crate::common::tree::{assert_same, facts, write};

/// A home with one folder that can be backed up.
fn person() -> (Home, std::path::PathBuf) {
    let home = Home::new();
    let source = home.path().join("documents");
    write(&source.join("letter.txt"), "all is well\n");
    (home, source)
}

/// A mounted file system that is unmounted in the end.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn new(at: &'a Path, words: &[&str]) -> Option<Self> {
        let mounted = Command::new("mount").args(words).arg(at).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(at));
        }
        skip(&format!("mount {words:?} doesn't work"));
        None
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).output();
    }
}

#[test]
fn a_drive_that_is_missing_or_a_file_is_refused() {
    let (home, source) = person();
    let missing = home.path().join("media/disk");
    let answer = refused(&home, &missing, &source);
    answer.says(1, &[missing.to_str().unwrap(), "not there", "mount it"]);
    assert!(!home.path().join("media").exists());

    let file = source.join("letter.txt");
    let answer = refused(&home, &file, &source);
    answer.says(1, &[file.to_str().unwrap(), "is not a folder", "mounted"]);
    let empty = refused(&home, Path::new(""), &source);
    assert_ne!(empty.code, Some(0), "{empty:?}");
}

#[test]
fn a_drive_inside_a_source_is_refused() {
    let (home, source) = person();
    for inside in [source.join("backups"), source.clone()] {
        fs::create_dir_all(&inside).unwrap();
        let answer = refused(&home, &inside, &source);
        let source = source.to_str().unwrap();
        answer.says(1, &[inside.to_str().unwrap(), source, "lies inside", "another drive"]);
    }
}

#[test]
fn a_source_on_the_drive_is_refused() {
    let small = Small::new();
    small.home.back_up();
    let own = small.repository.join("snapshots");
    let words = ["setup", "--drive", small.drive.to_str().unwrap(), "--source"];
    let answer = small.home.run(words.into_iter().chain([own.to_str().unwrap()]));
    answer.says(1, &[own.to_str().unwrap(), "lies inside"]);
    assert_eq!(small.home.snapshots().len(), 1);
}

#[test]
fn a_drive_that_is_mounted_inside_a_source_is_left_out() {
    let Some(drive) = LoopDrive::ext4(64) else { return };
    let home = Home::new();
    let source = drive.path().parent().unwrap().join("documents");
    write(&source.join("letter.txt"), "all is well\n");
    fs::create_dir(source.join("disk")).unwrap();
    let at = source.join("disk");
    let Some(_mounted) = Mounted::new(&at, &["--bind", drive.path().to_str().unwrap()]) else {
        return;
    };
    home.set_up(&at, &[&source]);
    home.run(["backup"]).says(0, &[at.to_str().unwrap(), "another file system", "left out"]);
    let listed = home.json(["ls", at.to_str().unwrap()]);
    assert_eq!(listed["entries"], serde_json::json!([]));
}

#[test]
fn a_read_only_drive_is_told_and_can_be_read() {
    let Some(drive) = LoopDrive::ext4(64) else { return };
    let (home, source) = person();
    drive.remount("ro");
    let path = drive.path().to_str().unwrap();
    refused(&home, drive.path(), &source).says(1, &[path, "can only be read", "write access"]);

    drive.remount("rw");
    home.set_up(drive.path(), &[&source]);
    let name = home.back_up();
    drive.remount("ro");
    let before = facts(drive.path());
    home.run(["backup"]).says(1, &[path, "can only be read", "write access"]);
    assert_same(&facts(drive.path()), &before, "the drive");
    assert_eq!(home.snapshots(), [name.as_str()]);
    let to = home.path().join("back");
    home.json(["restore", source.to_str().unwrap(), "--to", to.to_str().unwrap()]);
    assert_eq!(fs::read(to.join("documents/letter.txt")).unwrap(), b"all is well\n");

    drive.remount("rw");
    home.back_up();
    assert_eq!(home.snapshots().len(), 2);
}

#[test]
fn file_systems_that_prove_nothing_are_refused() {
    if !is_root() {
        return;
    }
    let (home, source) = person();
    let folder = scratch();
    let make = |name: &str| {
        let path = folder.path().join(name);
        fs::create_dir(&path).unwrap();
        path
    };
    let (memory, overlay) = (make("memory"), make("overlay"));
    let said = ["ext4, XFS or btrfs", "Formatting a drive erases"];
    let Some(_memory) = Mounted::new(&memory, &["-t", "tmpfs", "none"]) else { return };
    let answer = refused(&home, &memory, &source);
    answer.says(1, &[&[memory.to_str().unwrap(), "tmpfs"], &said[..]].concat());

    let layers = ["lower", "upper", "work"].map(make);
    let [lower, upper, work] = layers.each_ref().map(|path| path.to_str().unwrap());
    let options = format!("lowerdir={lower},upperdir={upper},workdir={work}");
    let words = ["-t", "overlay", "none", "-o", &options];
    let Some(_overlay) = Mounted::new(&overlay, &words) else { return };
    let answer = refused(&home, &overlay, &source);
    answer.says(1, &[&[overlay.to_str().unwrap(), "overlayfs"], &said[..]].concat());
}

#[test]
fn a_drive_behind_fuse_is_refused() {
    let make = Make { kind: "exfat", size_mib: 32, options: &[] };
    let Some(drive) = LoopDrive::make(&make) else { return };
    let (home, source) = person();
    let answer = refused(&home, drive.path(), &source);
    let path = drive.path().to_str().unwrap();
    answer.says(1, &[path, "FUSE", "ext4, XFS or btrfs", "Formatting a drive erases"]);
}

#[test]
fn other_file_systems_of_linux_will_do() {
    for (kind, size_mib) in [("xfs", 400), ("btrfs", 400)] {
        let Some(drive) = LoopDrive::make(&Make { kind, size_mib, options: &[] }) else { return };
        let small = Small::on(drive.path());
        let first = small.home.back_up();
        let before = facts(&small.repository.join("snapshots").join(&first));
        write(&small.source.join("letter.txt"), "changed\n");
        small.home.back_up();
        let after = facts(&small.repository.join("snapshots").join(&first));
        assert_same(&after, &before, kind);
        let to = small.path().join("back");
        let words = ["restore", "--at", &first, &small.arg(""), "--to", to.to_str().unwrap()];
        small.home.json(words);
        assert_eq!(fs::read(to.join("documents/letter.txt")).unwrap(), b"all is well\n");
    }
}

#[test]
fn one_command_makes_a_drive_of_root_writable() {
    let Some(drive) = LoopDrive::ext4(64) else { return };
    let home = Home::of_nobody();
    let source = home.path().join("documents");
    write(&source.join("letter.txt"), "all is well\n");
    let path = drive.path().to_str().unwrap();
    let answer = refused(&home, drive.path(), &source);
    answer.says(1, &[path, "You may not write", "sudo install -d -m 1777"]);

    let command = answer.err.split_once("sudo ").unwrap().1.trim();
    must(Command::new("sh").args(["-c", command]));
    let answer = home.set_up(drive.path(), &[&source]);
    let name = home.back_up();
    assert_eq!(home.snapshots(), [name]);
    let repository = Path::new(answer["repository"].as_str().unwrap());
    use std::os::unix::fs::MetadataExt as _;
    let meta = repository.metadata().unwrap();
    assert_eq!((meta.uid(), meta.mode() & 0o7777), (NOBODY, 0o700));

    // Whoever else uses the computer, root included, makes a repository of their own beside it.
    let other = Home::new();
    let words = ["--repository", repository.to_str().unwrap(), "rebuild"];
    other.run(words).says(1, &["belongs to the user", "65534", "yore setup"]);
    let own = other.set_up(drive.path(), &[&source]);
    assert_ne!(own["id"], answer["id"]);
}
