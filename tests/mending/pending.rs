//! A mending that was interrupted and waits: what happens meanwhile, and what else has the damaged file when it goes on.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use yore::engine::mend::{MendFailure, mend_within};
use yore::engine::monitor::{Event, Monitor};

use super::crashed::{KEPT, inodes, interrupted, journal, past};
use crate::common::engine::listener;

#[test]
fn a_backup_meanwhile_links_to_no_damage_whichever_name_has_the_new_inode() {
    for swapped in 0..3 {
        let past = past();
        let rot = past.flip(0, KEPT);
        let lock = past.rig.open().unwrap().lock_for_reading().unwrap();
        interrupted(&past, vec![rot.clone()]);
        // The cut came when one name had the new inode.
        let staged = past.rig.repository.join("stage/mend/1");
        let passing = past.rig.repository.join("stage/mend/passing");
        fs::hard_link(&staged, &passing).unwrap();
        fs::rename(&passing, past.stored(swapped, KEPT)).unwrap();
        let new = past.inode(swapped, KEPT);
        let damage = past.damage();
        assert!(damage.is_damaged(rot.hash, rot.inode) && !damage.is_damaged(rot.hash, new));
        let made = past.rig.back_up().snapshot;
        let stored = past.rig.stored(&made).join(KEPT);
        assert_ne!(stored.metadata().unwrap().ino(), rot.inode, "{swapped}");
        assert_eq!(fs::read(stored).unwrap(), fs::read(past.rig.source.join(KEPT)).unwrap());
        drop(lock);
        assert_eq!(past.rig.recover(), [Event::MendingFinished]);
        assert_eq!(inodes(&past), [new; 3], "{swapped}");
        assert!(past.damage().is_empty(), "{swapped}");
        past.assert_tidy();
    }
}

#[test]
fn names_that_the_journal_lacks_are_not_forgotten() {
    for all_swapped in [false, true] {
        let past = past();
        let rot = past.flip(0, KEPT);
        let extra = past.rig.snapshot(&past.names[1]).join("files/by-hand");
        interrupted(&past, vec![rot.clone()]);
        fs::hard_link(past.stored(0, KEPT), &extra).unwrap();
        if all_swapped {
            let staged = past.rig.repository.join("stage/mend/1");
            let passing = past.rig.repository.join("stage/mend/passing");
            for at in 0..3 {
                fs::hard_link(&staged, &passing).unwrap();
                fs::rename(&passing, past.stored(at, KEPT)).unwrap();
            }
        }
        past.rig.recover();
        assert!(!inodes(&past).contains(&rot.inode));
        assert!(past.damage().is_damaged(rot.hash, rot.inode), "{all_swapped}");
        assert!(!past.damage().is_damaged(rot.hash, past.inode(0, KEPT)), "{all_swapped}");
        let mendings = past.mend(Vec::new());
        assert_eq!(mendings.len(), 1);
        assert_eq!(mendings[0].failure, None);
        assert_ne!(extra.metadata().unwrap().ino(), rot.inode);
        assert!(past.damage().is_empty());
        past.assert_tidy();
    }
}

#[test]
fn readers_are_not_waited_for_for_ever() {
    let past = past();
    let rots = vec![past.flip(0, KEPT), past.flip(1, "other")];
    let damaged = rots[0].inode;
    let lock = past.rig.open().unwrap().lock_for_reading().unwrap();
    let mend = |rots| {
        let (monitor, heard) = listener();
        let mut writer = past.rig.writer(&Monitor::new()).unwrap();
        let mendings = mend_within(&mut writer, rots, Duration::ZERO, &monitor).unwrap();
        assert!(!heard.lock().unwrap().contains(&Event::ReadersAwaited));
        mendings
    };
    // First nothing is pending, and then what the first one left.
    for rots in [rots.clone(), Vec::new()] {
        let mendings = mend(rots);
        assert_eq!(mendings.len(), 2);
        let waits = Some(MendFailure::Waiting);
        assert!(mendings.iter().all(|mending| mending.failure == waits), "{mendings:?}");
        assert!(journal(&past).exists());
        assert_eq!(inodes(&past), [damaged; 3]);
    }
    drop(lock);
    assert_eq!(past.rig.recover(), [Event::MendingFinished]);
    assert!(past.damage().is_empty());
    past.assert_tidy();
    assert!(!inodes(&past).contains(&damaged));
}

#[test]
fn what_was_found_is_noted_before_anyone_is_waited_for() {
    let past = past();
    let (first, second) = (past.flip(0, KEPT), past.flip(0, "other"));
    let lock = past.rig.open().unwrap().lock_for_reading().unwrap();
    interrupted(&past, vec![first]);
    interrupted(&past, vec![second.clone()]);
    assert!(past.damage().is_damaged(second.hash, second.inode));
    drop(lock);
    past.rig.recover();
    assert_eq!(past.mend(Vec::new())[0].failure, None);
    assert!(past.damage().is_empty());
}
