//! Rebuilding reads of each snapshot only what the one before it doesn't tell, and says the same of it.

use std::fs;
use std::os::unix::fs::symlink;

use uuid::Uuid;
use yore::engine::backup::{BackupOptions, Source};
use yore::engine::monitor::Monitor;

use crate::common::cli::Home;
use crate::common::drive::LoopDrive;
use crate::common::engine::Rig;
use crate::common::place::set_mode;
use crate::common::trace;
use crate::common::tree::write;

const LARGE_BYTES: usize = 100_000;

/// Makes the index again, and fails unless every entry was counted.
fn rebuild(rig: &Rig) {
    let monitor = Monitor::new();
    let mut writer = rig.writer(&monitor).unwrap();
    let indexed: u64 = rig.history().snapshots().unwrap().iter().map(|s| s.entries).sum();
    writer.rebuild(&monitor).unwrap();
    let progress = monitor.progress();
    assert_eq!((progress.done_entries, progress.total_entries), (indexed, indexed));
}

#[test]
fn a_source_within_another_one_before_it_is_all_there() {
    let rig = Rig::new();
    for name in ["sub/stays", "sub/deep/stays", "outside"] {
        write(&rig.source.join(name), name);
    }
    let all = rig.options();
    let sub = Source { id: Uuid::new_v4(), path: rig.source.join("sub") };
    let inner = BackupOptions { sources: vec![sub], ..rig.options() };
    for options in [&all, &inner, &inner, &all] {
        rig.try_back_up(options, &Monitor::new()).unwrap();
    }
    let before = rig.answers();
    rebuild(&rig);
    assert_eq!(rig.answers(), before);
}

#[test]
fn every_change_beside_files_that_stay_is_seen() {
    let rig = Rig::new();
    let at = |below: &str| rig.source.join(below);
    for name in ["edited", "renamed", "gone", "same", "to-folder", "to-link", "comes-back"] {
        write(&at("folder").join(name), name);
    }
    for name in ["large", "large-same"] {
        write(&at(name), name.repeat(LARGE_BYTES / name.len()));
    }
    write(&at("to-file/inside/deep"), "deep");
    write(&at("away/inside"), "inside");
    fs::hard_link(at("folder/same"), at("folder/same-again")).unwrap();
    fs::hard_link(at("large-same"), at("large-linked")).unwrap();
    symlink("same", at("folder/link")).unwrap();
    set_mode(&at("large-same"), 0o640);
    rig.back_up();

    write(&at("folder/edited"), "anew");
    fs::rename(at("folder/renamed"), at("folder/other-name")).unwrap();
    for name in ["gone", "to-folder", "to-link", "comes-back"] {
        fs::remove_file(at("folder").join(name)).unwrap();
    }
    write(&at("folder/to-folder/inside"), "inside");
    symlink("same", at("folder/to-link")).unwrap();
    fs::remove_dir_all(at("to-file")).unwrap();
    write(&at("to-file"), "a file");
    fs::remove_dir_all(at("away")).unwrap();
    // Both are too large to be copied: the same inode with another override.
    set_mode(&at("large"), 0o600);
    set_mode(&at("large-same"), 0o600);
    rig.back_up();

    write(&at("folder/comes-back"), "comes-back");
    write(&at("away/inside"), "inside again");
    // The override goes, the inode stays.
    set_mode(&at("large"), 0o644);
    fs::hard_link(at("folder/edited"), at("edited-too")).unwrap();
    rig.back_up();
    // One of two names goes: the other's inode stays, but no longer in a group.
    fs::remove_file(at("folder/same-again")).unwrap();
    fs::rename(at("folder"), at("moved")).unwrap();
    rig.back_up();
    rig.back_up();

    let answers = rig.answers();
    for _ in 0..2 {
        rebuild(&rig);
        assert_eq!(rig.answers(), answers);
    }
    fs::remove_file(rig.index()).unwrap();
    assert_eq!(rig.answers(), answers, "by an index made in passing");
}

#[test]
fn a_file_that_stays_is_neither_opened_nor_examined_again() {
    if !trace::can_inject() {
        return;
    }
    let Some(drive) = LoopDrive::ext4(64) else { return };
    let home = Home::new();
    let source = home.path().join("documents");
    for name in ["stays", "changes"] {
        write(&source.join("folder").join(name), name);
    }
    home.set_up(drive.path(), &[&source]);
    home.back_up();
    let calls = |name: &str| {
        let calls = trace::calls_of_files(&home, &["rebuild"]);
        calls.iter().filter(|call| call.contains(&format!("\"{name}\""))).count()
    };
    let of_one = calls("stays");
    assert!(of_one > 0);
    for round in 0..3 {
        write(&source.join("folder/changes"), round.to_string());
        home.back_up();
    }
    assert_eq!(calls("stays"), of_one);
    assert_eq!(calls("changes"), 4 * of_one);
}

#[test]
fn a_folder_of_many_folders_needs_few_descriptors() {
    let Some(drive) = LoopDrive::ext4(64) else { return };
    let home = Home::new();
    let source = home.path().join("documents");
    for number in 0..300 {
        write(&source.join(format!("folder-{number}/file")), "x");
    }
    home.set_up(drive.path(), &[&source]);
    home.back_up();
    home.back_up();
    let answer = home.run_under(&["prlimit", "--nofile=100"], ["rebuild"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let at = home.json(["ls", source.to_str().unwrap()]);
    assert_eq!(at["entries"].as_array().unwrap().len(), 300);
}
