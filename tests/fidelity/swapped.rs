//! Entries that become something else between being listed and being read: nothing outside the source is
//! taken, and nothing hangs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags};

use super::Pair;
use crate::common::busy::Busy;
use crate::common::node::{device, fifo, socket};
use crate::common::place::scratch;
use crate::common::protected::name_of;
use crate::common::tree::{facts, write};

/// Enough places that some are swapped just when they are looked at.
const PLACES: u64 = 100;

const RUNS: usize = 6;

fn swap(one: &Path, other: &Path) {
    rustix::fs::renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
}

/// Swaps one place after another with what lies in `others` under the same name.
fn swapping(places: PathBuf, others: PathBuf) -> Busy {
    Busy::with(move |round| {
        let name = (round % PLACES).to_string();
        swap(&places.join(&name), &others.join(&name));
    })
}

/// Backs up a few times; each run ends, with all or all but a few.
#[track_caller]
fn back_up_meanwhile(pair: &Pair, busy: &Busy) -> Vec<String> {
    let before = busy.rounds();
    let run = |_| {
        let answer = pair.protected.home.run(["--json", "backup"]);
        assert!(matches!(answer.code, Some(0 | 3)), "{answer:?}");
        name_of(&answer.json())
    };
    let names = (0..RUNS).map(run).collect();
    assert!(busy.rounds() > before + PLACES, "hardly anything was swapped");
    names
}

#[test]
fn a_folder_that_becomes_a_link_leads_nowhere() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    let outside = scratch();
    write(&outside.path().join("secret"), "not part of the source");
    // The others are part of the source, too: only so can both be swapped at once.
    let (places, others) = (pair.path("places"), pair.path("others"));
    fs::create_dir(&others).unwrap();
    for number in 0..PLACES {
        write(&places.join(format!("{number}/inner/file")), "inside");
        symlink(outside.path(), others.join(number.to_string())).unwrap();
    }
    let busy = swapping(places, others);
    let names = back_up_meanwhile(&pair, &busy);
    drop(busy);
    for name in &names {
        for (path, fact) in facts(&pair.protected.stored(name)) {
            assert!(!path.ends_with("secret"), "{name}: {path:?} was reached through a link");
            assert!(!fact.is_file() || path.ends_with("file") || path.ends_with("always"));
        }
    }
    pair.comes_back("after the swapping");
}

#[test]
fn a_file_that_becomes_a_link_leads_nowhere() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    let outside = scratch();
    let secret = outside.path().join("secret");
    write(&secret, "not part of the source");
    let (places, others) = (pair.path("places"), pair.path("others"));
    fs::create_dir(&others).unwrap();
    for number in 0..PLACES {
        write(&places.join(number.to_string()), "inside");
        symlink(&secret, others.join(number.to_string())).unwrap();
    }
    let busy = swapping(places, others);
    let names = back_up_meanwhile(&pair, &busy);
    drop(busy);
    let hash = blake3::hash(&fs::read(&secret).unwrap()).as_bytes().to_vec();
    for name in &names {
        let found = facts(&pair.protected.stored(name));
        let leaked = found.iter().find(|(_, fact)| fact.is_file() && fact.content == hash);
        assert!(leaked.is_none(), "{name}: {leaked:?} was read through a link");
    }
    pair.comes_back("after the swapping");
}

#[test]
fn a_file_that_becomes_a_pipe_a_socket_or_a_device_holds_nothing_up() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    let (places, others) = (pair.path("places"), pair.path("others"));
    fs::create_dir(&others).unwrap();
    for number in 0..PLACES {
        write(&places.join(number.to_string()), "inside");
        let other = others.join(number.to_string());
        match number % 3 {
            0 => fifo(&other),
            1 => socket(&other),
            // Endless, if it were read.
            _ => device(&other, rustix::fs::FileType::CharacterDevice, 1, 5),
        }
    }
    let busy = swapping(places, others);
    let names = back_up_meanwhile(&pair, &busy);
    drop(busy);
    for name in &names {
        for (path, fact) in facts(&pair.protected.stored(name)) {
            assert!(fact.size <= 10, "{name}: {path:?} was read from a special file");
            assert!(fact.is_file() || fact.is_folder(), "{name}: {path:?} is in the tree");
        }
    }
    pair.comes_back("after the swapping");
}

#[test]
fn a_folder_and_a_file_that_change_places_are_one_or_the_other() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    let (places, others) = (pair.path("places"), pair.path("others"));
    fs::create_dir(&others).unwrap();
    for number in 0..PLACES {
        write(&places.join(format!("{number}/file")), "inside");
        write(&others.join(number.to_string()), "file");
    }
    let busy = swapping(places, others);
    back_up_meanwhile(&pair, &busy);
    drop(busy);
    pair.comes_back("after the swapping");
}
