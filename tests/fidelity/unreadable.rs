//! Sources that can't be read, in part or whole: what is on the drive is carried forward, and it is said.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;

use super::Pair;
use crate::common::cli::Home;
use crate::common::drive::LoopDrive;
use crate::common::place::set_mode;
use crate::common::protected::{Protected, name_of};
use crate::common::trace::{back_up_under, can_inject};
use crate::common::tree::{facts, write};

/// A run with a fault in the source, which must be partial, and the snapshot that it made.
#[track_caller]
fn faulty(protected: &Protected, injection: &str, path: &Path) -> String {
    let answer = back_up_under(&protected.home, injection, Some(path));
    answer.says(3, &[path.file_name().unwrap().to_str().unwrap()]);
    let name = protected.home.snapshots().pop().unwrap();
    let sealed = protected.sealed(&name);
    assert!(!sealed.problems.is_empty(), "{injection}: nothing is said");
    name
}

/// A path's content as a snapshot stores it.
#[track_caller]
fn stored(protected: &Protected, name: &str, below: &str) -> String {
    fs::read_to_string(protected.stored(name).join(below)).unwrap()
}

#[test]
fn a_file_with_bad_sectors_keeps_its_last_version() {
    if !can_inject() {
        return;
    }
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    let path = pair.path("film");
    write(&path, "the first state");
    let first = pair.protected.back_up();
    let id = pair.protected.sealed(&first).seal["id"].clone();
    write(&path, "the second state");
    // Whichever way it is read; some can't be used on a file.
    for call in ["read", "read,pread64,readv,preadv,copy_file_range"] {
        let name = faulty(&pair.protected, &format!("{call}:error=EIO:when=1+"), &path);
        assert_eq!(stored(&pair.protected, &name, "film"), "the first state", "{call}");
        let sealed = pair.protected.sealed(&name);
        assert_eq!(sealed.said(&path, "stale")["id"], id, "{call}");
        assert!(sealed.has_problem(&path), "{call}");
        assert_eq!(stored(&pair.protected, &name, "always"), "here", "{call}");
    }
    // One that was never read is there, but absent.
    let new = pair.path("new");
    write(&new, "never read");
    let name = faulty(&pair.protected, "read:error=EIO:when=1+", &new);
    assert_eq!(pair.protected.sealed(&name).said(&new, "absent"), true);
    assert_eq!(stored(&pair.protected, &name, "film"), "the second state");
    let name = pair.comes_back("healed");
    assert_eq!(pair.protected.sealed(&name).problems, []);
}

#[test]
fn a_folder_with_bad_sectors_is_carried_forward() {
    if !can_inject() {
        return;
    }
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    let folder = pair.path("folder");
    write(&folder.join("inner/file"), "the first state");
    write(&folder.join("gone"), "still there");
    pair.protected.back_up();
    write(&folder.join("inner/file"), "the second state");
    fs::remove_file(folder.join("gone")).unwrap();
    // At the first read of its names, and in the middle: half a list is no list.
    for when in ["1", "1+", "2+"] {
        let name = faulty(&pair.protected, &format!("getdents64:error=EIO:when={when}"), &folder);
        assert_eq!(stored(&pair.protected, &name, "folder/gone"), "still there", "{when}");
        assert_eq!(
            stored(&pair.protected, &name, "folder/inner/file"),
            "the first state",
            "{when}"
        );
        let sealed = pair.protected.sealed(&name);
        let is_marked = |below: &str| !sealed.said(&folder.join(below), "stale").is_null();
        assert!(is_marked("") || (is_marked("gone") && is_marked("inner")), "{when}: {sealed:?}");
    }
    pair.comes_back("healed");
}

#[test]
fn attributes_that_cannot_be_read_are_said() {
    if !can_inject() {
        return;
    }
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    let path = pair.path("file");
    write(&path, "content");
    crate::common::attribute::set(&path, "user.note", b"kept");
    pair.protected.back_up();
    write(&path, "changed");
    for call in ["flistxattr", "fgetxattr"] {
        faulty(&pair.protected, &format!("{call}:error=EIO:when=1+"), &path);
    }
    pair.comes_back("healed");
}

#[test]
fn a_folder_that_may_not_be_read_or_entered_is_carried_forward() {
    let Some(person) = Protected::of_person(&[]) else { return };
    let folder = person.source.join("folder");
    for below in ["inner/file", "file"] {
        write(&folder.join(below), "the first state");
    }
    let all = ["", "inner", "inner/file", "file"].map(|below| folder.join(below));
    all.iter().for_each(|path| person.home.own(path));
    person.back_up();
    // Closed, listed but not entered, entered but not listed.
    for mode in [0o000, 0o400, 0o100] {
        set_mode(&folder, mode);
        let name = person.back_up_with(3);
        for below in ["folder/file", "folder/inner/file"] {
            assert_eq!(stored(&person, &name, below), "the first state", "{mode:o}");
        }
        let sealed = person.sealed(&name);
        assert!(!sealed.problems.is_empty(), "{mode:o}");
        // Its own mode can be read, and is what it is.
        let entries = person.home.json(["ls", person.source.to_str().unwrap()]);
        let found =
            entries["entries"].as_array().unwrap().iter().find(|entry| entry["name"] == "folder");
        assert!(found.is_some(), "{mode:o}: {entries}");
    }
    set_mode(&folder, 0o755);
    let name = person.back_up();
    super::comes_back(&person, &name, "open again");
}

#[test]
fn a_file_of_somebody_else_that_may_not_be_read_is_absent() {
    let Some(person) = Protected::of_person(&[]) else { return };
    let path = person.source.join("of-root");
    write(&path, "secret");
    set_mode(&path, 0o600);
    chown(&path, Some(0), Some(0)).unwrap();
    let name = person.back_up_with(3);
    let sealed = person.sealed(&name);
    assert_eq!(sealed.said(&path, "absent"), true);
    assert!(sealed.has_problem(&path));
    assert!(!person.stored(&name).join("of-root").exists());
}

/// What is found in a source's place.
type Fault = fn(&Path) -> std::io::Result<()>;

/// A source that is a file system of its own.
fn mounted() -> Option<(LoopDrive, LoopDrive, Protected)> {
    let (disk, drive) = (LoopDrive::of_kind("ext4")?, LoopDrive::of_kind("ext4")?);
    write(&disk.path().join("photos/summer"), "sun");
    let _ = fs::remove_dir(disk.path().join("lost+found"));
    let protected = Protected::at(Home::new(), drive.path(), disk.path());
    Some((disk, drive, protected))
}

#[test]
fn a_source_that_is_not_mounted_is_carried_forward() {
    let Some((disk, _drive, protected)) = mounted() else { return };
    protected.back_up();
    disk.detach();
    // An empty folder is what is left; twice, as the second time it is compared with what was carried.
    let mut names = Vec::new();
    for _ in 0..2 {
        names.push(protected.back_up_with(3));
    }
    assert!(disk.attach("rw"));
    for name in &names {
        assert_eq!(stored(&protected, name, "photos/summer"), "sun");
        let sealed = protected.sealed(name);
        assert!(sealed.has_problem(disk.path()), "{sealed:?}");
        let stale = !sealed.said(disk.path(), "stale").is_null()
            || !sealed.said(&disk.path().join("photos"), "stale").is_null();
        assert!(stale, "{:?}", sealed.overrides);
    }
    let name = protected.back_up();
    assert_eq!(protected.sealed(&name).overrides, [].into(), "something is still stale");
}

#[test]
fn what_lies_in_an_empty_mount_point_is_not_the_source() {
    let Some((disk, _drive, protected)) = mounted() else { return };
    protected.back_up();
    disk.detach();
    // File managers and careless programs leave something there.
    write(&disk.path().join(".Trash-1000/stray"), "x");
    let answer = protected.home.run(["--json", "backup"]);
    assert_eq!(answer.code, Some(3), "another file system's state was taken: {answer:?}");
    assert_eq!(stored(&protected, &name_of(&answer.json()), "photos/summer"), "sun");
    fs::remove_dir_all(disk.path().join(".Trash-1000")).unwrap();
    assert!(disk.attach("rw"));
}

#[test]
fn a_source_that_was_removed_or_emptied_is_carried_forward() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    write(&pair.path("photos/summer"), "sun");
    let source = pair.protected.source.clone();
    pair.protected.back_up();
    let away = source.with_extension("away");
    let faults: [(&str, Fault); 3] = [
        ("removed", |_| Ok(())),
        ("emptied", |source| fs::create_dir(source)),
        ("became a file", |source| fs::write(source, "a file")),
    ];
    for (what, fault) in faults {
        fs::rename(&source, &away).unwrap();
        fault(&source).unwrap();
        let name = pair.protected.back_up_with(3);
        assert_eq!(stored(&pair.protected, &name, "photos/summer"), "sun", "{what}");
        assert!(pair.protected.sealed(&name).has_problem(&source), "{what}");
        let _ = fs::remove_file(&source);
        let _ = fs::remove_dir(&source);
        fs::rename(&away, &source).unwrap();
        let name = pair.protected.back_up();
        assert_eq!(pair.protected.sealed(&name).problems, [], "{what}");
    }
    // The whole history is there, from the first to the last.
    assert_eq!(pair.protected.home.snapshots().len(), 7);
    for name in pair.protected.home.snapshots() {
        assert!(facts(&pair.protected.stored(&name)).contains_key(Path::new("photos/summer")));
    }
}
