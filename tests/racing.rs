//! Restores while somebody swaps folders and files for links to elsewhere, at every level: nothing outside is ever
//! touched, and nothing from outside ever comes back.
//!
//! `YORE_RACES=n` tries that often, `YORE_SEED=n` begins with that seed.

use std::fs;
use std::path::{Path, PathBuf};

use yore::engine::monitor::Monitor;
use yore::engine::restore::{OnConflict, RestoreRequest, Target, apply, plan_restore};

use crate::common::attribute;
use crate::common::chance::Chance;
use crate::common::cli::Home;
use crate::common::drive::LoopDrive;
use crate::common::engine::Rig;
use crate::common::race::{Race, clear};
use crate::common::tree::{facts, write};

/// How often each race is run where nothing else is said.
const TRIES: u64 = 1_000;

/// The real program takes longer.
const RUNS: u64 = 25;

const POLICIES: [OnConflict; 4] =
    [OnConflict::Replace, OnConflict::KeepBoth, OnConflict::Skip, OnConflict::Exact];

/// What is backed up.
const CONTENTS: [(&str, &str); 3] =
    [("letter", "dear\n"), ("folder/first", "one\n"), ("folder/inner/deep", "deep\n")];

/// An attribute of what lies outside.
const MARK: &str = "user.mark";

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn tries() -> u64 {
    number("YORE_RACES").unwrap_or(TRIES)
}

fn seed() -> u64 {
    number("YORE_SEED").unwrap_or(1)
}

/// The engine on a drive in memory if there can be one, with `one/two/source` backed up.
struct Ring {
    rig: Rig,
    base: PathBuf,
    _drive: Option<LoopDrive>,
}

impl Ring {
    fn new() -> Self {
        let drive = nix::unistd::geteuid().is_root().then(|| LoopDrive::in_memory(200)).flatten();
        let place = drive.as_ref().map(|drive| drive.path().join("ring"));
        let rig = match &place {
            Some(place) => {
                let drive = drive.as_ref().unwrap().path();
                Rig::on(drive, Some(&place.join("base/one/two/source")))
            }
            None => Rig::new(),
        };
        let base = place.map_or_else(|| rig.source.join("base"), |place| place.join("base"));
        furnish(&rig.source);
        rig.back_up();
        Self { rig, base, _drive: drive }
    }

    /// A folder beside the one in which things are swapped.
    fn beside(&self, name: &str) -> PathBuf {
        let beside = self._drive.as_ref().map_or(self.rig.path(), LoopDrive::path);
        beside.join(name)
    }
}

fn furnish(source: &Path) {
    for (path, content) in CONTENTS {
        write(&source.join(path), content);
    }
}

/// Another state of what is restored to, one of a few shapes.
fn spoil(source: &Path, shape: usize) {
    match shape {
        0 => clear(source),
        1 => {
            write(&source.join("letter"), "another\n");
            write(&source.join("folder/first"), "other\n");
        }
        2 => fs::remove_dir_all(source.join("folder")).unwrap(),
        3 => {
            fs::remove_dir_all(source.join("folder")).unwrap();
            write(&source.join("folder"), "a file\n");
        }
        _ => fs::remove_dir_all(source).unwrap(),
    }
}

#[test]
fn a_restore_to_where_folders_become_links_stays_where_it_is() {
    let ring = Ring::new();
    // On the disk the source is no folder of three, and all of it is the base.
    let base = if ring.base.exists() { ring.base.clone() } else { ring.rig.source.clone() };
    let source = ring.rig.source.clone();
    let race = Race::new(&ring.beside("outside"), seed());
    let (history, journals) = (ring.rig.history(), ring.rig.journals());
    let mut chance = Chance::new(seed());
    let (mut done, mut refused) = (0_u64, 0_u64);
    for round in 0..tries() {
        race.hold();
        clear(&base);
        furnish(&source);
        let shape = chance.below(5);
        spoil(&source, shape);
        let policy = chance.of(&POLICIES);
        let to_another = chance.is(40);
        let asked = RestoreRequest {
            on_conflict: policy,
            target: if to_another {
                Target::Folder(source.parent().unwrap().to_owned())
            } else {
                Target::Original
            },
            ..RestoreRequest::of(
                1,
                [ring.rig.path_of(chance.of(&["", "letter", "folder", "folder/inner/deep"]))],
            )
        };
        let places: Vec<PathBuf> = source
            .ancestors()
            .take_while(|path| path.starts_with(&base) && **path != base)
            .map(Path::to_owned)
            .chain(
                ["letter", "folder", "folder/first", "folder/inner"].map(|name| source.join(name)),
            )
            .filter(|place| place.parent().is_some_and(Path::is_dir))
            .collect();
        let monitor = Monitor::new();
        // A folder that was named is looked up once, when the plan is made: a link there is the person's.
        if !to_another {
            race.release(&places);
        }
        let plan = plan_restore(&history, &asked, &monitor);
        if to_another {
            race.release(&places);
        }
        let outcome = plan.and_then(|plan| apply(&history, &plan, &journals, &monitor));
        race.hold();
        match outcome {
            Ok(_) => done += 1,
            Err(_) => refused += 1,
        }
        race.check(&base, &format!("round {round}, {policy:?}, shape {shape}, {asked:?}"));
    }
    eprintln!("{done} restores were done and {refused} refused, {} swaps", race.rounds());
    assert!(race.rounds() > tries(), "hardly anything was swapped");
    assert!(done > 0 && refused > 0, "{done} done, {refused} refused: not much of a race");
}

#[test]
fn a_restore_from_where_stored_files_become_links_brings_nothing_else_back() {
    let ring = Ring::new();
    // The same content, which no hash tells apart, but with a mark of where it is from.
    let race = Race::with(&ring.beside("outside"), seed(), |outside| {
        for (path, content) in CONTENTS {
            for place in ["folder/source", "folder/two/source", "folder/one/two/source"] {
                write(&outside.join(place).join(path), content);
                attribute::set(&outside.join(place).join(path), MARK, b"outside");
            }
        }
        write(&outside.join("secret"), "dear\n");
        attribute::set(&outside.join("secret"), MARK, b"outside");
    });
    let (history, journals) = (ring.rig.history(), ring.rig.journals());
    let name = history.snapshots().unwrap().remove(0).name;
    let stored = ring.rig.stored(&name);
    let target = ring.beside("target");
    fs::create_dir(&target).unwrap();
    let places: Vec<PathBuf> = ["letter", "folder", "folder/first", "folder/inner", ""]
        .into_iter()
        .map(|below| if below.is_empty() { stored.clone() } else { stored.join(below) })
        .chain([stored.parent().unwrap().to_owned()])
        .filter(|place| place.file_name().is_some_and(|name| name != "files"))
        .collect();
    let (mut whole, mut partly, mut refused) = (0_u64, 0_u64, 0_u64);
    race.release(&places);
    for round in 0..tries() / 4 {
        clear(&target);
        let asked = RestoreRequest {
            target: Target::Folder(target.clone()),
            ..RestoreRequest::of(1, [ring.rig.path_of("")])
        };
        let monitor = Monitor::new();
        let plan = plan_restore(&history, &asked, &monitor);
        match plan.and_then(|plan| apply(&history, &plan, &journals, &monitor)) {
            Ok(report) if report.problems.is_empty() => whole += 1,
            Ok(_) => partly += 1,
            Err(_) => refused += 1,
        }
        race.check(&target, &format!("round {round}"));
        for (path, fact) in facts(&target) {
            let is_marked = fact.attributes.iter().any(|(name, _)| name == MARK.as_bytes());
            assert!(!is_marked, "round {round}: {path:?} came from outside");
        }
    }
    race.hold();
    eprintln!("{whole} whole, {partly} partly, {refused} refused, {} swaps", race.rounds());
    assert!(whole > 0 && partly + refused > 0, "not much of a race");
}

#[test]
fn the_program_stays_where_it_is_while_folders_become_links() {
    let ring = Ring::new();
    let base = if ring.base.exists() { ring.base.clone() } else { ring.rig.source.clone() };
    let source = ring.rig.source.clone();
    let race = Race::new(&ring.beside("outside"), seed());
    let home = Home::new();
    let repository = ring.rig.repository.to_str().unwrap();
    let mut chance = Chance::new(seed());
    for round in 0..(tries() * RUNS / TRIES).max(1) {
        race.hold();
        clear(&base);
        furnish(&source);
        let shape = chance.below(5);
        spoil(&source, shape);
        let places: Vec<PathBuf> = [source.clone(), source.join("letter"), source.join("folder")]
            .into_iter()
            .filter(|place| place.parent().is_some_and(Path::is_dir))
            .collect();
        race.release(&places);
        let policy = chance.of(&["replace", "keep-both", "skip"]);
        let path = source.to_str().unwrap();
        let words = ["--repository", repository, "restore", "--on-conflict", policy, path];
        let answer = home.run(words);
        race.hold();
        assert!(matches!(answer.code, Some(0..=3)), "{answer:?}");
        assert!(!answer.err.contains("panicked"), "{answer:?}");
        race.check(&base, &format!("round {round}, {policy}, shape {shape}: {answer:?}"));
    }
}
