//! What the index takes for good and the drive shows to be damaged: it is no reason to delete what is good, and isn't deleted itself.

use std::fs;

use yore::engine::error::Error;
use yore::engine::monitor::Monitor;
use yore::engine::prune::{Wanted, forget};
use yore::engine::retention::Amount;

use super::Past;
use crate::common::engine::Rig;

const DAYS: [i64; 5] = [4, 3, 2, 1, 0];

fn past() -> Past {
    Past::of_days(Rig::new(), &DAYS)
}

impl Past {
    fn unseal(&self, at: usize) {
        fs::remove_file(self.rig.snapshot(&self.names[at]).join("seal.json")).unwrap();
    }
}

#[test]
fn the_newest_that_is_really_good_stays() {
    let past = past();
    past.unseal(3);
    past.unseal(4);
    past.prune("all = 1", Wanted::Free(Amount::of_bytes(u64::MAX)));
    assert_eq!(past.left(), [2, 3, 4]);
    let mut writer = past.rig.writer(&Monitor::new()).unwrap();
    let sources = past.rig.options().sources;
    let refused = forget(&mut writer, &past.names[2..3], &sources, &Monitor::new());
    assert!(matches!(refused, Err(Error::NewestGood(name)) if name == past.names[2]));
}

#[test]
fn what_turns_out_to_be_damaged_stays() {
    let past = past();
    past.unseal(0);
    // A name that was used again by hand: what lies there is another snapshot.
    let (one, other) = (past.rig.snapshot(&past.names[1]), past.rig.snapshot(&past.names[2]));
    let aside = past.rig.path().join("aside");
    fs::rename(&one, &aside).unwrap();
    fs::rename(&other, &one).unwrap();
    fs::rename(&aside, &other).unwrap();
    past.prune("all = 2", Wanted::Nothing);
    assert_eq!(past.left(), [0, 1, 2, 3, 4]);
    // A person may delete what they name all the same.
    let sources = past.rig.options().sources;
    let mut writer = past.rig.writer(&Monitor::new()).unwrap();
    forget(&mut writer, &past.names[0..1], &sources, &Monitor::new()).unwrap();
    assert_eq!(past.left(), [1, 2, 3, 4]);
}

#[test]
fn a_seal_that_needs_a_newer_program_is_left_to_that() {
    let past = past();
    let seal = past.rig.snapshot(&past.names[0]).join("seal.json");
    let text = fs::read_to_string(&seal).unwrap();
    let newer = text.replacen("\"write\": []", "\"write\": [\"later\"]", 1);
    assert_ne!(newer, text);
    fs::remove_file(&seal).unwrap();
    fs::write(&seal, newer).unwrap();
    past.prune("all = 1", Wanted::Nothing);
    assert_eq!(past.left(), [0, 4]);
}
