//! It can't be enough: then nothing is deleted or written, and the numbers say why.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use yore::app::explain::explain;
use yore::engine::backup::backup_after;
use yore::engine::clock::FixedClock;
use yore::engine::error::Error;
use yore::engine::monitor::Monitor;
use yore::engine::repository::{Identity, Repository};

use super::{RULES, WEEKS, Weekly, space, total_bytes};
use crate::common::cli::Home;
use crate::common::drive::LoopDrive;
use crate::common::tree::write;

#[test]
fn what_can_never_fit_deletes_nothing_and_says_what_would_do() {
    let Some(drive) = LoopDrive::ext4(128) else { return };
    let weekly = Weekly::new(drive, WEEKS - 1);
    let (total, film) = (total_bytes(&weekly.drive), weekly.film_bytes);
    weekly.write("large", 1, total);
    let refusal = weekly.refused(&weekly.options(Some(RULES)));
    assert_eq!(refusal.free.bytes, space(&weekly.drive).0);
    let reserve = total / 100;
    let least = total + reserve.max(2 << 20);
    assert!((least..least + (1 << 20)).contains(&refusal.needed.bytes), "{refusal:?}");
    // Five of twelve weeks are within thirty days.
    assert!((film * 7..film * 8).contains(&refusal.freeable.bytes), "{refusal:?}");
    let weeks = film * (WEEKS - 2);
    assert!((weeks..weeks + film).contains(&refusal.history.bytes), "{refusal:?}");
    let missing = refusal.needed.bytes - refusal.free.bytes - refusal.freeable.bytes;
    assert_eq!((refusal.missing.bytes, refusal.missing.inodes), (missing, 0));
    let enough = total + refusal.needed.bytes - refusal.free.bytes;
    assert_eq!(refusal.enough_bytes(), enough);
    assert!(!refusal.is_held_by_history() && !refusal.is_held_by_others(), "{refusal:?}");
    assert!(refusal.others_bytes < 4 << 20, "{refusal:?}");
}

#[test]
fn without_rules_nothing_goes() {
    let Some(drive) = LoopDrive::ext4(128) else { return };
    let weekly = Weekly::new(drive, WEEKS - 1);
    weekly.film(100);
    let refusal = weekly.refused(&weekly.options(None));
    assert_eq!((refusal.freeable.bytes, refusal.freeable.inodes), (0, 0));
    assert!(refusal.is_held_by_history(), "{refusal:?}");
    let keep_all = weekly.refused(&weekly.options(Some("all = \"10 years\"")));
    assert_eq!(keep_all.freeable.bytes, 0);
    assert!(keep_all.is_held_by_history(), "{keep_all:?}");
}

#[test]
fn nothing_goes_while_a_source_is_missing() {
    let Some(drive) = LoopDrive::ext4(128) else { return };
    let weekly = Weekly::new(drive, WEEKS - 1);
    weekly.film(100);
    let aside = weekly.second.with_extension("aside");
    fs::rename(&weekly.second, &aside).unwrap();
    let refusal = weekly.refused(&weekly.options(Some(RULES)));
    assert_eq!(refusal.missing_source.as_ref(), Some(&weekly.second));
    fs::rename(&aside, &weekly.second).unwrap();
    assert_ne!(weekly.back_up(RULES).unwrap().deleted, [""; 0]);
}

#[test]
fn files_with_holes_free_only_what_they_take() {
    let Some(drive) = LoopDrive::ext4(128) else { return };
    let mut weekly = Weekly::of(drive, 0, 0);
    for number in (8..=12).rev() {
        weekly.write("image", number, 1 << 20);
        let image = fs::File::options().write(true).open(weekly.rig.source.join("image")).unwrap();
        image.set_len(100 << 20).unwrap();
        weekly.back_up_weeks_ago(number);
    }
    let total = total_bytes(&weekly.drive);
    weekly.leave(total / 20);
    weekly.write("new", 1, total / 5);
    let refusal = weekly.refused(&weekly.options(Some(RULES)));
    assert!((3 << 20..5 << 20).contains(&refusal.freeable.bytes), "{refusal:?}");
}

#[test]
fn clones_free_only_what_was_written() {
    let Some(drive) = LoopDrive::sized("xfs", 320) else { return };
    let mut weekly = Weekly::of(drive, 0, 0);
    weekly.write("image", 1, 40 << 20);
    for number in (8..=12).rev() {
        let image = fs::File::options().write(true).open(weekly.rig.source.join("image")).unwrap();
        image.write_all_at(format!("week {number}").as_bytes(), 1 << 20).unwrap();
        weekly.back_up_weeks_ago(number);
    }
    let total = total_bytes(&weekly.drive);
    weekly.leave(total / 20);
    weekly.write("new", 1, total / 5);
    let refusal = weekly.refused(&weekly.options(Some(RULES)));
    assert!(refusal.freeable.bytes < 1 << 20, "{refusal:?}");
}

#[test]
fn a_file_with_several_names_counts_once_and_whole() {
    let Some(drive) = LoopDrive::ext4(128) else { return };
    let weekly = Weekly::new(drive, 1);
    let free = space(&weekly.drive).0;
    let (inside, outside) = (weekly.rig.source.join("large"), weekly.rig.path().join("outside"));
    weekly.write("large", 1, free);
    for number in 0..9 {
        fs::hard_link(&inside, outside.with_extension(number.to_string())).unwrap();
    }
    let error = weekly.back_up("all = \"10 years\"").unwrap_err();
    let Error::NoRoom(refusal) = error else { panic!("{error:?}") };
    assert!(refusal.needed.bytes > free, "{refusal:?}");

    fs::remove_file(&inside).unwrap();
    weekly.write("large", 1, free / 10 * 6);
    fs::hard_link(&inside, weekly.rig.source.join("large too")).unwrap();
    weekly.back_up("all = \"10 years\"").unwrap();
}

#[test]
fn what_went_before_the_run_is_not_forgotten_when_it_is_refused() {
    let Some(drive) = LoopDrive::ext4(128) else { return };
    let weekly = Weekly::new(drive, 2);
    weekly.write("large", 1, total_bytes(&weekly.drive));
    let mut writer = weekly.rig.writer(&Monitor::new()).unwrap();
    let (clock, mut deleted) = (FixedClock(weekly.now), vec!["the first".to_owned()]);
    let options = weekly.options(None);
    let error = backup_after(&mut writer, &options, &clock, &Monitor::new(), &mut deleted);
    let Err(Error::NoRoom(refusal)) = error else { panic!("{error:?}") };
    assert_eq!(refusal.deleted, ["the first"]);
    assert_eq!(deleted, ["the first"]);
    let text = explain(&Error::NoRoom(refusal).into()).text();
    assert!(!text.contains("untouched"), "{text}");
}

/// A person whose drive somebody else uses up, but for a tenth.
#[test]
fn a_source_that_is_emptied_on_purpose_is_not_missed() {
    let Some(drive) = LoopDrive::ext4(128) else { return };
    let weekly = Weekly::new(drive, WEEKS - 1);
    weekly.film(100);
    fs::remove_file(weekly.second.join("note")).unwrap();
    let refusal = weekly.refused(&weekly.options(Some(RULES)));
    assert_eq!(refusal.missing_source, Some(weekly.second.clone()));
    let mut options = weekly.options(Some(RULES));
    options.accept_empty = true;
    let made = weekly.back_up_at(&options, weekly.now, &Monitor::new()).unwrap();
    assert!(!made.deleted.is_empty());
}

fn beside_others(drive: &LoopDrive) -> (Home, PathBuf) {
    let home = Home::new();
    let source = home.path().join("documents");
    write(&source.join("letter.txt"), "all is well\n");
    home.set_up(drive.path(), &[&source]);
    home.back_up();
    let others = Identity {
        host: "desktop".to_owned(),
        user: "bob".to_owned(),
        machine_id: b"another".to_vec(),
        euid: nix::unistd::geteuid().as_raw(),
    };
    let repository = Repository::create(drive.path(), &others, false).unwrap();
    let bytes = usize::try_from(space(drive).0 / 10 * 9).unwrap();
    write(&repository.path().join("stage/film"), vec![b'x'; bytes]);
    (home, source)
}

#[test]
fn a_drive_full_of_other_peoples_backups_is_told_so() {
    let Some(drive) = LoopDrive::ext4(64) else { return };
    let (home, source) = beside_others(&drive);
    write(&source.join("film"), vec![b'y'; 10 << 20]);
    let answer = home.run(["backup"]);
    answer.says(1, &["other people’s backups (bob@desktop)", "are not yours", "untouched"]);
    assert_eq!(home.snapshots().len(), 1);
}
