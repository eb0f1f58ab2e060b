//! Room is made: the least valuable go, and no more of them than are needed.

use std::fs;

use yore::engine::monitor::Monitor;
use yore::engine::pin::{self, PinChange};

use super::{RULES, WEEKS, Weekly, space, total_bytes};
use crate::common::drive::{KINDS, LoopDrive, Make};
use crate::common::tree::{assert_same, facts, without_inodes, write};

#[test]
fn the_oldest_go_until_the_next_backup_fits() {
    for kind in KINDS {
        let Some(drive) = LoopDrive::sized(kind, 128) else { continue };
        let film_bytes = space(&drive).0 / (WEEKS + 2);
        let weekly = Weekly::of(drive, WEEKS - 1, film_bytes);
        weekly.leave(total_bytes(&weekly.drive) / 20);
        let pinned = PinChange { pinned: Some(true), ..PinChange::default() };
        let mut writer = weekly.rig.writer(&Monitor::new()).unwrap();
        pin::change(&mut writer, 1, &pinned).unwrap();
        drop(writer);

        weekly.film(100);
        let made = weekly.back_up(RULES).unwrap();
        // Five weeks are within thirty days, and the first is pinned.
        let free_to_go = &weekly.names[1..weekly.names.len() - 5];
        assert!((1..=2).contains(&made.deleted.len()), "{kind}: {made:?}");
        assert_eq!(made.deleted, free_to_go[..made.deleted.len()], "{kind}");
        let mut left = weekly.names.clone();
        left.retain(|name| !made.deleted.contains(name));
        left.push(made.snapshot.clone());
        assert_eq!(weekly.there(), left, "{kind}");
        assert!(!made.is_partial());
        assert_same(
            &without_inodes(facts(&weekly.rig.stored(&made.snapshot))),
            &without_inodes(facts(&weekly.rig.source)),
            kind,
        );
        assert_eq!(weekly.rig.recover(), [], "{kind}");
    }
}

#[test]
fn nothing_goes_while_there_is_room() {
    let Some(drive) = LoopDrive::ext4(128) else { return };
    let weekly = Weekly::new(drive, WEEKS - 3);
    weekly.film(100);
    let made = weekly.back_up(RULES).unwrap();
    assert_eq!(made.deleted, [""; 0]);
    assert_eq!(weekly.there().len() as u64, WEEKS - 2);
}

#[test]
fn nothing_goes_while_a_tenth_is_free_however_much_is_needed() {
    let Some(drive) = LoopDrive::ext4(128) else { return };
    let weekly = Weekly::new(drive, WEEKS - 2);
    assert!(space(&weekly.drive).0 > total_bytes(&weekly.drive) / 10);
    weekly.write("another", 1, weekly.film_bytes * 2);
    let refusal = weekly.refused(&weekly.options(Some(RULES)));
    assert_eq!(refusal.freeable.bytes, 0);
    assert!(refusal.is_held_by_history());
}

#[test]
fn inodes_are_room_too() {
    let options = ["-m", "0", "-N", "1024"];
    let make = Make { kind: "ext4", size_mib: 64, options: &options };
    let Some(drive) = LoopDrive::make(&make) else { return };
    let each = space(&drive).1 / WEEKS;
    let mut weekly = Weekly::of(drive, 0, 0);
    let many = weekly.rig.source.join("many");
    let fill = |week: u64| {
        let _ = fs::remove_dir_all(&many);
        // The folders of a snapshot and its own files take some, too.
        for number in 0..each - 10 {
            write(&many.join(number.to_string()), format!("{week} {number}"));
        }
    };
    let week = jiff::SignedDuration::from_hours(7 * 24);
    for number in 1..WEEKS {
        fill(number);
        let moment = weekly.now - week * i32::try_from(WEEKS - number).unwrap();
        let made = weekly.back_up_at(&weekly.options(None), moment, &Monitor::new()).unwrap();
        weekly.names.push(made.snapshot);
    }
    fill(100);
    let made = weekly.back_up(RULES).unwrap();
    assert!((1..=3).contains(&made.deleted.len()), "{made:?}");
    assert_eq!(made.deleted, weekly.names[..made.deleted.len()]);
    assert_eq!(weekly.there().len(), weekly.names.len() - made.deleted.len() + 1);
}

#[test]
fn what_several_snapshots_share_counts_if_all_of_them_go() {
    let Some(drive) = LoopDrive::ext4(128) else { return };
    let mut weekly = Weekly::of(drive, 0, 0);
    let most = space(&weekly.drive).0 / 100 * 92;
    weekly.write("shared", 1, most);
    let week = jiff::SignedDuration::from_hours(7 * 24);
    for number in [12, 11, 10, 1] {
        if number == 1 {
            fs::remove_file(weekly.rig.source.join("shared")).unwrap();
        }
        let moment = weekly.now - week * number;
        let made = weekly.back_up_at(&weekly.options(None), moment, &Monitor::new()).unwrap();
        weekly.names.push(made.snapshot);
    }
    // Deleting one of the three frees nothing.
    weekly.write("new", 2, most / 2);
    let made = weekly.back_up(RULES).unwrap();
    assert_eq!(made.deleted, weekly.names[..3]);
    assert_eq!(weekly.there(), [weekly.names[3].clone(), made.snapshot]);
}

#[test]
fn what_was_begun_goes_on_beyond_a_tenth() {
    let Some(drive) = LoopDrive::ext4(128) else { return };
    let mut weekly = Weekly::of(drive, 0, 0);
    let percent = total_bytes(&weekly.drive) / 100;
    let week = jiff::SignedDuration::from_hours(7 * 24);
    // Two share one file, two another: each pair makes a tenth free, and both are needed.
    for (number, name) in [(12, "one"), (11, "one"), (10, "two"), (9, "two"), (1, "")] {
        for other in ["one", "two"].iter().filter(|other| **other != name) {
            let _ = fs::remove_file(weekly.rig.source.join(other));
        }
        if !name.is_empty() && !weekly.rig.source.join(name).exists() {
            weekly.write(name, 1, percent * 3);
        }
        let moment = weekly.now - week * number;
        let made = weekly.back_up_at(&weekly.options(None), moment, &Monitor::new()).unwrap();
        weekly.names.push(made.snapshot);
    }
    weekly.leave(percent * 8);
    weekly.write("new", 2, percent * 21 / 2);
    let made = weekly.back_up(RULES).unwrap();
    assert_eq!(made.deleted, weekly.names[..4]);
    assert_eq!(weekly.there(), [weekly.names[4].clone(), made.snapshot]);
}
