//! Random trees of all kinds of entries and metadata, changed at random: every state comes back as programs
//! that know nothing of Yore saw it.
//!
//! `YORE_CASES=n` tries that many trees on each drive and for each user, `YORE_SEED=n` begins with that one.

mod change;
mod dress;
mod grow;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use yore::engine::monitor::Monitor;

use crate::common::chance::Chance;
use crate::common::cli::Home;
use crate::common::digest;
use crate::common::drive::{LoopDrive, must};
use crate::common::engine::Rig;
use crate::common::place::is_root;
use crate::common::protected::Protected;
use crate::common::sealed::Sealed;
use crate::common::survey::{Survey, assert_none, compare, rsync};
use grow::Garden;

/// How many trees are tried of each kind if nothing else is said.
const CASES: u64 = 2;

/// A group that the person is in beside their own.
const OTHER_GROUP: u32 = 4243;

/// Who backs up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Root by the real program, so soon after each change that every file is looked at again.
    Root,
    /// Root by the engine with a clock that is ahead, so that what is unchanged is believed to be.
    RootLater,
    /// Somebody without privileges, by the real program.
    Person,
}

/// A source and what backs it up.
enum Keeper {
    Program(Protected),
    Engine(Rig),
}

/// The source as it was when a snapshot was made.
struct State {
    snapshot: String,
    copy: PathBuf,
    survey: Survey,
}

impl Keeper {
    fn new(who: Who, drive: &Path, source: &Path) -> Self {
        match who {
            Who::Root => Self::Program(Protected::at(Home::new(), drive, source)),
            Who::RootLater => Self::Engine(Rig::on(drive, Some(source))),
            Who::Person => {
                let home = Home::of_member(&[OTHER_GROUP]);
                home.own(drive);
                home.own(source.parent().unwrap());
                Self::Program(Protected::at(home, drive, source))
            }
        }
    }

    fn back_up(&self) -> String {
        match self {
            Self::Program(protected) => protected.back_up(),
            Self::Engine(rig) => rig.back_up().snapshot,
        }
    }

    fn sealed(&self, snapshot: &str) -> Sealed {
        match self {
            Self::Program(protected) => protected.sealed(snapshot),
            Self::Engine(rig) => rig.sealed(snapshot),
        }
    }

    fn restore(&self, snapshot: &str, source: &Path) -> PathBuf {
        match self {
            Self::Program(protected) => protected.restore(snapshot),
            Self::Engine(rig) => {
                let reader = Home::new();
                let to = source.with_file_name(format!("back-{snapshot}"));
                let _ = fs::remove_dir_all(&to);
                reader.json([
                    "--repository".as_ref(),
                    rig.repository.as_os_str(),
                    "restore".as_ref(),
                    "--privileged".as_ref(),
                    "--at".as_ref(),
                    snapshot.as_ref(),
                    source.as_os_str(),
                    "--to".as_ref(),
                    to.as_os_str(),
                ]);
                to.join(source.file_name().unwrap())
            }
        }
    }

    fn rebuild(&self) {
        match self {
            Self::Program(protected) => drop(protected.home.json(["rebuild"])),
            Self::Engine(rig) => {
                let monitor = Monitor::new();
                rig.writer(&monitor).unwrap().rebuild(&monitor).unwrap();
            }
        }
    }
}

/// Keeps a copy of the source by other means, and all that tools say of it.
fn remember(source: &Path, copy: PathBuf, snapshot: String) -> State {
    must(Command::new("cp").args(["-a", "--"]).arg(source).arg(&copy));
    let differences = rsync(source, &copy);
    assert!(differences.is_empty(), "cp can't be relied on here: {differences:?}");
    State { snapshot, copy, survey: Survey::of(source) }
}

#[track_caller]
fn check(keeper: &Keeper, state: &State, source: &Path, what: &str) {
    let back = keeper.restore(&state.snapshot, source);
    assert_none(&compare(&state.copy, &state.survey, &back), what);
    grow::remove(&back);
}

/// One tree: made, backed up, changed and backed up a few times, and every state restored.
fn one(who: Who, from: &str, disk: &Path, drive: &Path, seed: u64) {
    let place = disk.join(format!("case-{seed}"));
    let (source, repositories) = (place.join("source"), drive.join(format!("case-{seed}")));
    for path in [&place, &repositories] {
        fs::create_dir(path).unwrap();
    }
    // Another tree for each kind of keeper.
    let salt = blake3::hash(format!("{who:?} {from} {seed}").as_bytes());
    let chance = Chance::new(u64::from_le_bytes(salt.as_bytes()[..8].try_into().unwrap()));
    let mut garden = Garden::new(&source, from, who == Who::Person, chance);
    garden.grow(60);
    let keeper = Keeper::new(who, &repositories, &source);
    let rounds = 3 + garden.chance.below(2);
    let (mut states, mut digests) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let snapshot = keeper.back_up();
        digests.push((digest::of(&source, &keeper.sealed(&snapshot)), snapshot.clone()));
        states.push(remember(&source, place.join(format!("copy-{round}")), snapshot));
        if round + 1 < rounds {
            garden.change(25);
        }
    }
    let what = |state: usize| {
        format!("YORE_SEED={seed} YORE_CASES=1, {who:?}, from {from}, state {state}")
    };
    for (number, state) in states.iter().enumerate() {
        check(&keeper, state, &source, &what(number));
    }
    for (number, (wanted, snapshot)) in digests.iter().enumerate() {
        let found = digest::sealed(&keeper.sealed(snapshot));
        assert_eq!(&found, wanted, "{}: the seal has another digest", what(number));
    }
    // What an index made from the trees and overrides knows is the same.
    keeper.rebuild();
    let number = garden.chance.below(states.len());
    check(&keeper, &states[number], &source, &format!("{} after a rebuild", what(number)));
    grow::remove(&place);
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

/// Random trees from a file system of one kind on a drive of another.
fn round_trips(who: Who, from: &str, to: &str) {
    if !is_root() {
        return;
    }
    let cases = number("YORE_CASES").unwrap_or(CASES);
    let first = number("YORE_SEED").unwrap_or(1);
    let sizes = |kind| LoopDrive::sized(kind, 512);
    let (Some(disk), Some(drive)) = (sizes(from), sizes(to)) else { return };
    for seed in first..first + cases {
        one(who, from, disk.path(), drive.path(), seed);
        // Each has the drive for itself.
        grow::remove(&drive.path().join(format!("case-{seed}")));
    }
}

#[test]
fn of_root_from_btrfs_to_ext4() {
    round_trips(Who::Root, "btrfs", "ext4");
}

#[test]
fn of_root_from_ext4_to_xfs() {
    round_trips(Who::Root, "ext4", "xfs");
}

#[test]
fn of_root_from_xfs_to_btrfs() {
    round_trips(Who::Root, "xfs", "btrfs");
}

#[test]
fn of_root_later_from_xfs_to_ext4() {
    round_trips(Who::RootLater, "xfs", "ext4");
}

#[test]
fn of_root_later_from_btrfs_to_xfs() {
    round_trips(Who::RootLater, "btrfs", "xfs");
}

#[test]
fn of_root_later_from_ext4_to_btrfs() {
    round_trips(Who::RootLater, "ext4", "btrfs");
}

#[test]
fn of_a_person_from_ext4_to_ext4() {
    round_trips(Who::Person, "ext4", "ext4");
}

#[test]
fn of_a_person_from_btrfs_to_xfs() {
    round_trips(Who::Person, "btrfs", "xfs");
}

#[test]
fn of_a_person_from_xfs_to_btrfs() {
    round_trips(Who::Person, "xfs", "btrfs");
}
