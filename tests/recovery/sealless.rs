//! A snapshot whose seal is lost with the index: shown and restored as what it must have been, never linked to.

use std::fs;
use std::path::Path;

use yore::engine::history::SnapshotState;
use yore::engine::monitor::{Event, Monitor};
use yore::engine::reader::is_current;

use super::{assert_kept, assert_stored, is_about, kept, past};
use crate::common::cli::Home;
use crate::common::drive::copy_tree;
use crate::common::engine::Rig;
use crate::common::tree::{facts, write};

/// Loses the seals of some snapshots, and the index.
fn lose(rig: &Rig, names: &[String], lost: &[usize]) {
    for number in lost {
        fs::remove_file(rig.snapshot(&names[*number]).join("seal.json")).unwrap();
    }
    fs::remove_file(rig.index()).unwrap();
}

fn is_rebuilding(events: &[Event]) -> bool {
    events.iter().any(|event| is_about(event, "IndexRebuilt"))
}

#[test]
fn it_is_browsed_as_it_was() {
    for lost in [&[0_usize][..], &[1], &[2], &[3], &[1, 2], &[0, 3]] {
        let rig = Rig::new();
        let mut names = past(&rig);
        write(&rig.source.join("added"), "changed");
        names.push(rig.back_up().snapshot);
        let wanted = rig.answers().lists;
        lose(&rig, &names, lost);
        let before = kept(&rig, &names);
        assert_eq!(rig.answers().lists, wanted, "{lost:?}, through a passing index");

        let events = rig.recover();
        for number in lost {
            let told = |e: &_| is_about(e, "SnapshotDamaged") && is_about(e, &names[*number]);
            assert!(events.iter().any(told), "{lost:?}: {events:?}");
        }
        assert_eq!(rig.answers().lists, wanted, "{lost:?}");
        let rows = rig.history().snapshots().unwrap();
        for (number, row) in rows.iter().enumerate() {
            let state = match lost.contains(&number) {
                true => SnapshotState::Damaged,
                false => SnapshotState::Good,
            };
            assert_eq!((&row.name, row.state), (&names[number], state), "{lost:?}");
            assert_eq!(row.boot.is_none(), lost.contains(&number), "{lost:?}");
            assert!(row.files > 20 && row.total_bytes > 100_000, "{row:?}");
        }
        assert!(is_current(&rig.open().unwrap()), "{lost:?}");
        assert!(!is_rebuilding(&rig.recover()), "{lost:?}");
        let (restored, report) = rig.restore(lost[0] as u64 + 1);
        assert_eq!(report.problems, [], "{lost:?}");
        let original = rig.stored(&names[lost[0]]).join("large");
        assert_eq!(fs::read(restored.join("large")).unwrap(), fs::read(original).unwrap());

        let next = rig.back_up();
        assert_stored(&rig, &next.snapshot);
        assert_eq!(next.seq, 5, "{lost:?}");
        let mut wanted = rig.answers().lists;
        rig.writer(&Monitor::new()).unwrap().rebuild(&Monitor::new()).unwrap();
        let found = rig.answers().lists;
        wanted.retain(|list| found.iter().any(|other| other.0 == list.0));
        assert_eq!(found, wanted, "{lost:?}");
        assert_kept(&rig, &names, &before, "recovering");
    }
}

#[test]
fn nothing_is_linked_to_it() {
    let rig = Rig::new();
    write(&rig.source.join("early"), "early");
    let mut names = vec![rig.back_up().snapshot];
    write(&rig.source.join("late"), "late");
    names.push(rig.back_up().snapshot);
    lose(&rig, &names, &[1]);
    let next = rig.back_up();
    assert_stored(&rig, &next.snapshot);
    let inode = |name: &str, file: &str| facts(&rig.stored(name))[Path::new(file)].inode;
    assert_ne!(inode(&next.snapshot, "late"), inode(&names[1], "late"));
    assert_eq!(inode(&next.snapshot, "early"), inode(&names[0], "early"));
}

#[test]
fn what_tells_too_little_is_named_and_tried_but_once() {
    type Spoil = fn(&Rig, &[String]);
    let ways: [(&str, &[usize], Spoil); 5] = [
        ("no seal at all", &[0, 1, 2], |_, _| {}),
        ("no tree", &[1], |rig, names| {
            fs::remove_dir_all(rig.snapshot(&names[1]).join("files")).unwrap();
        }),
        ("no source in the tree", &[1], |rig, names| {
            let files = rig.snapshot(&names[1]).join("files");
            fs::remove_dir_all(&files).unwrap();
            fs::create_dir(files).unwrap();
        }),
        ("no number that is free", &[], |rig, names| {
            let copy = format!("{}-2", names[1]);
            copy_tree(rig.snapshot(&names[1]), rig.snapshot(&copy));
            fs::remove_file(rig.snapshot(&copy).join("seal.json")).unwrap();
        }),
        ("a newer version's seal", &[], |rig, names| {
            let path = rig.snapshot(&names[1]).join("seal.json");
            let text = fs::read_to_string(&path).unwrap();
            fs::remove_file(&path).unwrap();
            fs::write(path, text.replace("\"read\": []", "\"read\": [\"later\"]")).unwrap();
        }),
    ];
    for (way, lost, spoil) in ways {
        let rig = Rig::new();
        let names = past(&rig);
        lose(&rig, &names, lost);
        spoil(&rig, &names);
        let before = kept(&rig, &names);
        assert!(is_rebuilding(&rig.recover()), "{way}");
        let events = rig.recover();
        assert!(events.iter().any(|e| is_about(e, "SnapshotDamaged")), "{way}: {events:?}");
        assert!(!is_rebuilding(&events), "{way}: {events:?}");
        assert!(is_current(&rig.open().unwrap()), "{way}");
        assert!(rig.history().snapshots().unwrap().len() < 4, "{way}");
        assert_kept(&rig, &names, &before, way);
        let next = rig.back_up();
        assert_stored(&rig, &next.snapshot);
    }
}

#[test]
fn overrides_that_nobody_vouches_for_are_not_believed() {
    let rig = Rig::new();
    write(&rig.source.join("large"), "x".repeat(100_000));
    let mut names = vec![rig.back_up().snapshot];
    crate::common::place::set_mode(&rig.source.join("large"), 0o600);
    names.push(rig.back_up().snapshot);
    write(&rig.source.join("other"), "x");
    names.push(rig.back_up().snapshot);
    let path = rig.snapshot(&names[1]).join("overrides.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let mode = |wanted: u32| {
        let _ = fs::remove_file(rig.index());
        rig.recover();
        let row = rig.history().snapshot(2).unwrap();
        assert_eq!((row.name.as_str(), row.state), (names[1].as_str(), SnapshotState::Damaged));
        let entry = rig.history().entry(&rig.path_of("large"), 2).unwrap().unwrap();
        assert_eq!(entry.mode, wanted);
    };
    // The seal is good, but they are not those that it names.
    fs::write(&path, text.replace("384", "511")).unwrap();
    mode(0o644);
    // The seal is gone, and they are not what was written.
    fs::remove_file(rig.snapshot(&names[1]).join("seal.json")).unwrap();
    mode(0o644);
    // The seal is gone, and they carry no proof.
    fs::remove_file(&path).unwrap();
    fs::write(&path, &text).unwrap();
    mode(0o644);
    // They are proven by their own attribute.
    let hash = blake3::hash(text.as_bytes());
    let flags = rustix::fs::XattrFlags::empty();
    rustix::fs::setxattr(&path, "user.yore.blake3", hash.as_bytes(), flags).unwrap();
    mode(0o600);
}

#[test]
fn whoever_restores_from_it_is_warned() {
    let rig = Rig::new();
    let names = past(&rig);
    lose(&rig, &names, &[1]);
    rig.recover();
    let (home, repository) = (Home::new(), rig.repository.to_str().unwrap());
    let to = rig.path().join("back");
    let (to, large) = (to.to_str().unwrap(), rig.source.join("large"));
    let words = ["--repository", repository, "restore", "--at", &names[1], "--to", to];
    let answer = home.run(words.into_iter().chain([large.to_str().unwrap()]));
    answer.says(0, &[&names[1], "is damaged", "1 entry restored"]);
    home.run(["--repository", repository, "snapshots"]).says(0, &["damaged"]);
    let rows = home.json(["--repository", repository, "snapshots"]);
    assert_eq!(rows["snapshots"][1]["state"], "damaged");
}
