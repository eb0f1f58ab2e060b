//! Random histories: what the engine says of the past is what a model says that keeps every state, before and after
//! snapshots were taken away, and from an index that was made again.
//!
//! `YORE_CASES=n` tries that many, `YORE_SEED=n` begins with that one.

mod asked;
mod compared;
mod edit;
mod found;
mod gone;
mod model;
mod moved;
mod scope;
mod told;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use nix::unistd::geteuid;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use uuid::Uuid;
use yore::engine::backup::{BackupOptions, Source};
use yore::engine::monitor::Monitor;
use yore::engine::rules::Rules;
use yore::engine::seal::SnapshotKind;

use crate::common::drive::LoopDrive;
use crate::common::engine::Rig;
use crate::common::place::scratch;
use edit::{Edit, Which};
use model::{Made, Past};
use scope::{look, rules_of, sources_of};

/// How many are tried if nothing else is said.
const CASES: u64 = 40;

/// Why snapshots are made, in turn.
const KINDS: [SnapshotKind; 5] = [
    SnapshotKind::Scheduled,
    SnapshotKind::Manual,
    SnapshotKind::Before,
    SnapshotKind::After,
    SnapshotKind::Import,
];

/// What comes before one snapshot, and what happens to the repository after it.
#[derive(Debug, Clone)]
struct Round {
    edits: Vec<Edit>,
    /// Which sources are protected, by the number of the set.
    sources: usize,
    /// Which rules are in force, by their number.
    rules: usize,
    then: Then,
}

#[derive(Debug, Clone)]
enum Then {
    Nothing,
    Prune(Vec<Which>),
    Rebuild,
}

#[derive(Debug, Clone)]
struct Story {
    rounds: Vec<Round>,
    /// Which snapshots are taken away in the end.
    pruned: Vec<Which>,
}

fn story() -> impl Strategy<Value = Story> {
    let then = prop_oneof![
        8 => Just(Then::Nothing),
        2 => vec(0..1_000_usize, 1..4).prop_map(Then::Prune),
        1 => Just(Then::Rebuild),
    ];
    let sources = prop_oneof![8 => Just(0_usize), 1 => Just(1), 1 => Just(2), 1 => Just(3)];
    let rules = prop_oneof![6 => Just(0_usize), 1 => Just(1), 1 => Just(2), 1 => Just(3)];
    let round = (vec(edit::edit(), 0..7), sources, rules, then)
        .prop_map(|(edits, sources, rules, then)| Round { edits, sources, rules, then });
    (vec(edit::edit(), 5..25), vec(round, 3..=8), vec(0..1_000_usize, 0..4)).prop_map(
        |(start, mut rounds, pruned)| {
            rounds[0].edits.splice(..0, start);
            Story { rounds, pruned }
        },
    )
}

/// A story's own folders.
struct Case {
    rig: Rig,
    past: Past,
    names: BTreeMap<u64, String>,
}

impl Case {
    /// In `folder`, which is empty.
    fn new(folder: &Path) -> Self {
        let drive = folder.join("drive");
        fs::create_dir(&drive).unwrap();
        let rig = Rig::on(&drive, Some(&folder.join("source")));
        edit::prepare(&rig.source);
        let mut past = Past::default();
        // All folders above the sources.
        let mut above = Some(rig.path_of(""));
        while let Some(folder) = above {
            above = folder.parent();
            past.seen.insert(folder);
        }
        Self { rig, past, names: BTreeMap::new() }
    }

    fn back_up(&mut self, round: &Round) {
        let root = &self.rig.source;
        round.edits.iter().for_each(|edit| edit::apply(root, edit));
        let moment = look(root, round.sources, round.rules);
        let sources = sources_of(round.sources).iter().map(|name| Source {
            id: Uuid::from_slice(&blake3::hash(name.as_bytes()).as_bytes()[..16]).unwrap(),
            path: root.join(name),
        });
        let kind = KINDS[self.names.len() % KINDS.len()];
        let options = BackupOptions {
            kind,
            sources: sources.collect(),
            rules: Rules::compile(rules_of(round.rules, root), None).unwrap(),
            ..self.rig.options()
        };
        let report = self.rig.try_back_up(&options, &Monitor::new()).unwrap();
        assert!(report.is_new && !report.is_partial(), "{report:?}");
        self.past.seen.extend(moment.entries.keys().cloned());
        self.past.moments.insert(report.seq, moment);
        self.past.made.insert(report.seq, Made { kind, copied_bytes: report.copied_bytes });
        self.names.insert(report.seq, report.snapshot);
    }

    /// Takes snapshots away, but never all.
    fn prune(&mut self, which: &[Which]) {
        for which in which {
            let numbers: Vec<u64> = self.past.moments.keys().copied().collect();
            if numbers.len() > 1 {
                let seq = numbers[which % numbers.len()];
                let name = &self.names[&seq];
                let trash = self.rig.repository.join("trash").join(name);
                fs::rename(self.rig.snapshot(name), trash).unwrap();
                self.past.moments.remove(&seq);
            }
        }
        self.rig.recover();
    }

    fn rebuild(&mut self) {
        let monitor = Monitor::new();
        self.rig.writer(&monitor).unwrap().rebuild(&monitor).unwrap();
        // Nothing tells of the others any more.
        self.past.made.retain(|seq, _| self.past.moments.contains_key(seq));
    }

    fn check(&self, when: &str) {
        asked::check(&self.rig, &self.past, when);
    }
}

/// Lives one story, and asks before and after each time that snapshots go or the index is made again.
fn live(story: &Story, folder: &Path) {
    let mut case = Case::new(folder);
    for (number, round) in story.rounds.iter().enumerate() {
        case.back_up(round);
        match &round.then {
            Then::Nothing => {}
            Then::Prune(which) => {
                case.prune(which);
                case.check(&format!("pruned after round {number}"));
            }
            Then::Rebuild => case.rebuild(),
        }
    }
    case.check("in the end");
    if !story.pruned.is_empty() {
        case.prune(&story.pruned);
        case.check("after pruning");
    }
    case.rebuild();
    case.check("after a rebuild");
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

#[test]
fn every_answer_is_what_a_model_says_that_keeps_all() {
    let cases = number("YORE_CASES").unwrap_or(CASES);
    let first = number("YORE_SEED").unwrap_or(1);
    // A disk would be waited for some thirty times a snapshot.
    let drive = geteuid().is_root().then(|| LoopDrive::in_memory(200).unwrap());
    let folder = scratch();
    let place = drive.as_ref().map_or(folder.path(), LoopDrive::path);
    for seed in first..first + cases {
        let config =
            Config { failure_persistence: None, max_shrink_iters: 100, ..Config::default() };
        let rng =
            TestRng::from_seed(RngAlgorithm::ChaCha, blake3::hash(&seed.to_le_bytes()).as_bytes());
        let mut runner = TestRunner::new_with_rng(config, rng);
        let tree = story().new_tree(&mut runner).unwrap();
        let outcome = runner.run_one(tree, |story| {
            let folder = tempfile::tempdir_in(place).unwrap();
            live(&story, folder.path());
            Ok(())
        });
        if let Err(TestError::Fail(why, story)) = outcome {
            let rounds: Vec<String> =
                story.rounds.iter().map(|round| format!("{round:?}")).collect();
            let (rounds, pruned) = (rounds.join("\n"), &story.pruned);
            panic!("YORE_SEED={seed} YORE_CASES=1: {why}\n{rounds}\npruned {pruned:?}");
        }
    }
}
