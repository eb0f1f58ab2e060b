//! Other file systems, bind mounts, the drive and other repositories inside a source: left out, and each
//! said once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Pair;
use crate::common::bound::Bound;
use crate::common::cli::{Answer, Home};
use crate::common::drive::{LoopDrive, copy_tree, must};
use crate::common::protected::Protected;
use crate::common::tree::{facts, write};

/// Backs up; all is well, and each of the paths is named in exactly one line.
#[track_caller]
fn says_once(home: &Home, paths: &[&Path]) -> Answer {
    let answer = home.run(["backup"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    for path in paths {
        let lines =
            |text: &str| text.lines().filter(|line| line.contains(path.to_str().unwrap())).count();
        assert_eq!(lines(&answer.err) + lines(&answer.out), 1, "{path:?} in {answer:?}");
    }
    answer
}

#[track_caller]
fn newest(home: &Home) -> String {
    home.snapshots().pop().unwrap()
}

#[test]
fn a_source_mounted_inside_itself_is_walked_once() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    write(&pair.path("folder/file"), "x");
    // The source in itself, the folder above it in it, and a folder of it beside itself.
    let [inner, above, beside] = ["inner", "above", "beside"].map(|name| pair.path(name));
    for path in [&inner, &above, &beside] {
        fs::create_dir(path).unwrap();
    }
    let Some(_inner) = Bound::to(&pair.protected.source, &inner) else { return };
    let Some(_above) = Bound::to(pair.mounts[0].path(), &above) else { return };
    let Some(_beside) = Bound::to(&pair.path("folder"), &beside) else { return };
    for _ in 0..2 {
        says_once(&pair.protected.home, &[&inner, &above, &beside]);
        let name = newest(&pair.protected.home);
        let stored = facts(&pair.protected.stored(&name));
        assert_eq!(stored.len(), 7, "more is stored than is there: {:?}", stored.keys());
        for folder in ["inner", "above", "beside"] {
            assert!(stored[Path::new(folder)].is_folder(), "{folder} is kept, empty");
        }
    }
}

#[test]
fn a_file_that_is_mounted_over_another_is_left_out() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    let path = pair.path("file");
    write(&path, "below");
    let other = pair.mounts[0].path().join("other");
    write(&other, "not part of the source");
    let Some(_bound) = Bound::to(&other, &path) else { return };
    says_once(&pair.protected.home, &[&path]);
    let stored = facts(&pair.protected.stored(&newest(&pair.protected.home)));
    let hash = blake3::hash(b"not part of the source").as_bytes().to_vec();
    assert!(stored.values().all(|fact| fact.content != hash));
}

#[test]
fn other_file_systems_are_left_out() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    let Some(stick) = LoopDrive::of_kind("xfs") else { return };
    write(&stick.path().join("film"), "x");
    let place = pair.path("media/stick");
    fs::create_dir_all(&place).unwrap();
    let Some(_bound) = Bound::to(stick.path(), &place) else { return };
    says_once(&pair.protected.home, &[&place]);
    let stored = facts(&pair.protected.stored(&newest(&pair.protected.home)));
    assert!(stored.contains_key(Path::new("media/stick")));
    assert!(!stored.contains_key(Path::new("media/stick/film")));
}

#[test]
fn a_drive_that_is_mounted_in_the_source_is_left_out() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    let place = pair.path("drive");
    fs::create_dir(&place).unwrap();
    let Some(_bound) = Bound::to(pair.mounts[1].path(), &place) else { return };
    // Set up by the path inside the source, too.
    let person = Protected::at(Home::new(), &place, &pair.protected.source);
    for home in [&pair.protected.home, &person.home] {
        says_once(home, &[&place]);
        let stored = facts(&pair.protected.stored(&newest(home)));
        let found: Vec<_> = stored.keys().filter(|path| path.starts_with("drive")).collect();
        assert_eq!(found, [Path::new("drive")]);
    }
}

#[test]
fn another_repository_in_the_source_is_left_out() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    // Of somebody else, by their own hand; and a copy of one, as `cp` makes it.
    let place = pair.path("other drive");
    fs::create_dir(&place).unwrap();
    let other = Protected::on(&place);
    other.back_up();
    let copied = pair.path("copied/deeper/by hand");
    fs::create_dir_all(copied.parent().unwrap()).unwrap();
    copy_tree(&other.repository, &copied);
    write(&pair.path("other drive/Yore/notes.txt"), "not a repository");
    says_once(&pair.protected.home, &[&other.repository, &copied]);
    let name = newest(&pair.protected.home);
    let stored = facts(&pair.protected.stored(&name));
    let leaked =
        |path: &&PathBuf| path.iter().any(|part| part == "snapshots" || part == "seal.json");
    assert_eq!(stored.keys().find(leaked), None);
    assert!(stored.contains_key(Path::new("other drive/Yore/notes.txt")));
    // It is left out because of what it is, not of its name.
    let plain = pair.path("copied/snapshots");
    write(&plain, "a file of that name");
    pair.protected.back_up();
    let name = newest(&pair.protected.home);
    assert!(pair.protected.stored(&name).join("copied/snapshots").exists());
}

#[test]
fn the_drive_on_the_source_s_own_file_system_is_left_out() {
    let Some(disk) = LoopDrive::of_kind("ext4") else { return };
    let (drive, source) = (disk.path().join("backups"), disk.path().join("home"));
    fs::create_dir(&drive).unwrap();
    let person = Protected::at(Home::new(), &drive, &source);
    person.back_up();
    // Moved into the source after it was set up: the folder is the same, whatever its path.
    let inside = source.join("backups");
    must(Command::new("mv").arg(&drive).arg(&inside));
    std::os::unix::fs::symlink(&inside, &drive).unwrap();
    let answer = person.home.run(["backup"]);
    match answer.code {
        Some(0) => {
            let name = newest(&person.home);
            let stored = facts(&person.stored(&name));
            let leaked = |path: &&PathBuf| path.iter().any(|part| part == "seal.json");
            assert_eq!(stored.keys().find(leaked), None, "{answer:?}");
        }
        // A drive that is behind a link may be refused.
        _ => answer.says(1, &["yore: "]),
    }
}

#[test]
fn mounts_are_entered_if_that_is_asked_for_but_none_twice() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    let Some(stick) = LoopDrive::of_kind("xfs") else { return };
    write(&stick.path().join("films/film"), "x");
    write(&pair.path("folder/file"), "x");
    let [inner, above, media] = ["inner", "above", "media"].map(|name| pair.path(name));
    for path in [&inner, &above, &media] {
        fs::create_dir(path).unwrap();
    }
    let Some(_inner) = Bound::to(&pair.protected.source, &inner) else { return };
    let Some(_above) = Bound::to(pair.mounts[0].path(), &above) else { return };
    let Some(_media) = Bound::to(stick.path(), &media) else { return };
    let config = pair.protected.home.config();
    let text = fs::read_to_string(&config).unwrap();
    fs::write(
        &config,
        text.replace("[[source]]", "[backup]\none-file-system = false\n\n[[source]]"),
    )
    .unwrap();
    let again = above.join(pair.protected.source.file_name().unwrap());
    for _ in 0..2 {
        says_once(&pair.protected.home, &[&inner, &again]);
        let stored = facts(&pair.protected.stored(&newest(&pair.protected.home)));
        assert!(stored.contains_key(Path::new("media/films/film")), "{:?}", stored.keys());
        let twice = stored.keys().filter(|path| path.ends_with("folder/file")).count();
        assert_eq!(twice, 1, "{:?}", stored.keys());
    }
}
