//! What the engine puts right by itself, and what it never touches while doing so.

mod absurd;
mod carried;
mod index;
mod pages;
mod rebuild;
mod resume;
mod seal;
mod sealless;
mod source;
mod trash;
mod writer;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use yore::engine::monitor::Event;

use crate::common::engine::Rig;
use crate::common::place::set_mode;
use crate::common::tree::{Facts, assert_same, facts, write};

/// Backs up three states with every kind of change between them; gives the snapshots' names.
pub fn past(rig: &Rig) -> Vec<String> {
    let at = |below: &str| rig.source.join(below);
    for number in 0..20 {
        write(&at(&format!("folder/file-{number:02}")), format!("{number}"));
    }
    write(&at("large"), "large ".repeat(20_000));
    write(&at("empty"), "");
    write(&at("becomes-folder"), "a file");
    write(&at("comes-and-goes"), "first");
    symlink("large", at("link")).unwrap();
    rustix::fs::setxattr(at("large"), "user.note", b"kept", rustix::fs::XattrFlags::empty())
        .unwrap();
    let first = rig.back_up().snapshot;

    write(&at("folder/file-03"), "changed");
    set_mode(&at("large"), 0o600);
    set_mode(&at("folder/file-05"), 0o600);
    fs::remove_file(at("becomes-folder")).unwrap();
    write(&at("becomes-folder/inside"), "a file in a folder");
    fs::remove_file(at("comes-and-goes")).unwrap();
    fs::remove_file(at("link")).unwrap();
    symlink("empty", at("link")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        at("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o640),
        0,
    )
    .unwrap();
    let second = rig.back_up().snapshot;

    fs::rename(at("folder"), at("renamed")).unwrap();
    write(&at("comes-and-goes"), "third");
    write(&at("added"), "added");
    let third = rig.back_up().snapshot;
    vec![first, second, third]
}

/// The trees and seals of snapshots, as they lie on the drive.
fn kept(rig: &Rig, names: &[String]) -> Vec<Facts> {
    names.iter().map(|name| facts(&rig.snapshot(name))).collect()
}

#[track_caller]
fn assert_kept(rig: &Rig, names: &[String], before: &[Facts], what: &str) {
    for (name, before) in names.iter().zip(before) {
        assert_same(&facts(&rig.snapshot(name)), before, &format!("{name} after {what}"));
    }
}

/// Fails unless the stored tree is what the source is now, by names, modes, times and content.
#[track_caller]
fn assert_stored(rig: &Rig, name: &str) {
    let wanted = crate::common::tree::without_inodes(facts(&rig.source));
    let mut found = crate::common::tree::without_inodes(facts(&rig.stored(name)));
    // Of a pipe nothing is stored in the tree; what a large file's mode became is in an override.
    if let Some(pipe) = wanted.get(Path::new("pipe")) {
        found.insert("pipe".into(), pipe.clone());
    }
    if let (Some(large), Some(live)) =
        (found.get_mut(Path::new("large")), wanted.get(Path::new("large")))
    {
        large.mode = live.mode;
    }
    assert_same(&found, &wanted, name);
}

pub fn is_about(event: &Event, wanted: &str) -> bool {
    format!("{event:?}").contains(wanted)
}

#[test]
fn a_committed_snapshot_never_changes() {
    let rig = Rig::new();
    let mut names = past(&rig);
    let before = kept(&rig, &names);
    for round in 0..3 {
        write(&rig.source.join("added"), format!("round {round}"));
        set_mode(&rig.source.join("large"), 0o600 + round);
        write(&rig.source.join(format!("round-{round}")), "new");
        names.push(rig.back_up().snapshot);
        assert_kept(&rig, &names, &before, "another backup");
    }
    rig.restore(1);
    rig.writer(&Default::default()).unwrap().rebuild(&Default::default()).unwrap();
    rig.answers();
    assert_kept(&rig, &names, &before, "restoring, rebuilding and reading");
}

#[test]
fn every_state_comes_back_as_it_was() {
    let rig = Rig::new();
    let mut states = Vec::new();
    let mut remember = || states.push(crate::common::tree::without_inodes(facts(&rig.source)));
    write(&rig.source.join("a/b"), "one");
    remember();
    rig.back_up();
    write(&rig.source.join("a/b"), "two");
    write(&rig.source.join("large"), "x".repeat(100_000));
    remember();
    rig.back_up();
    set_mode(&rig.source.join("large"), 0o400);
    set_mode(&rig.source.join("a"), 0o555);
    remember();
    rig.back_up();
    for (at, state) in states.into_iter().enumerate() {
        let (restored, report) = rig.restore(at as u64 + 1);
        assert_eq!(report.problems, [], "{report:?}");
        let found = crate::common::tree::without_inodes(facts(&restored));
        assert_same(&found, &state, &format!("state {at}"));
    }
}

#[test]
fn a_stored_file_that_was_edited_by_hand_is_copied_again_and_said() {
    let rig = Rig::new();
    write(&rig.source.join("edited"), "as it was");
    write(&rig.source.join("same-size"), "as it was");
    write(&rig.source.join("removed"), "as it was");
    write(&rig.source.join("untouched"), "as it was");
    let first = rig.back_up().snapshot;
    let stored = rig.stored(&first);
    write(&stored.join("edited"), "vandalised by hand");
    write(&stored.join("same-size"), "vandalism");
    fs::remove_file(stored.join("removed")).unwrap();
    let (report, events) = rig.back_up_listening(&rig.options());
    for name in ["edited", "same-size", "removed"] {
        let said = |event: &Event| matches!(event, Event::StoredFileChanged { path } if *path == rig.path_of(name));
        assert!(events.iter().any(said), "{events:?}");
    }
    assert_eq!((report.counts.copied, report.counts.linked), (3, 1));
    assert_stored(&rig, &report.snapshot);
    assert_eq!(fs::read(stored.join("edited")).unwrap(), b"vandalised by hand");
}
