//! A prune killed at its system calls: what it lets go is whole or gone, and nothing else is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use super::Victim;
use crate::common::chance::Chance;
use crate::common::trace;
use crate::common::tree::{Facts, assert_same, facts};

/// Where this is set, the program is killed at every one of its system calls; else at a few of those that matter.
const ALL: &str = "YORE_KILLS";

/// The calls that change something, and those that it can hang in between.
const CALLS: [&str; 10] = [
    "fcntl",
    "fsync",
    "getdents64",
    "openat",
    "pwrite64",
    "renameat2",
    "syncfs",
    "unlink",
    "unlinkat",
    "write",
];

/// How many kill points are tried of each.
const SAMPLE: usize = 3;

/// Lets all but the two newest snapshots go.
const PRUNE: [&str; 3] = ["prune", "--keep", "all=2"];

/// At which calls of one name a prune is killed that makes so many.
fn times(most: usize, chance: &mut Chance) -> BTreeSet<usize> {
    let last = [1, most];
    last.into_iter().chain((2..SAMPLE).map(|_| 1 + chance.below(most))).collect()
}

impl Victim {
    /// Two snapshots that stay and two that go.
    fn grow(&mut self) {
        while self.committed().len() < 4 {
            self.change();
            self.home.back_up();
        }
    }

    /// All snapshots that are listed, oldest first: of one second, names don't tell the order.
    fn aged(&self) -> Vec<(String, Facts)> {
        let folder = |name: &str| self.repository.join("snapshots").join(name);
        let names = self.home.snapshots().into_iter();
        names.map(|name| (name.clone(), facts(&folder(&name)))).collect()
    }

    /// Everything that the index is asked for here.
    fn told(&self) -> Vec<Value> {
        let path = self.source.join("folder-1/file-1").into_os_string().into_string().unwrap();
        [vec!["snapshots"], vec!["usage"], vec!["deleted"], vec!["versions", &path]]
            .into_iter()
            .map(|question| self.home.json(question))
            .collect()
    }

    #[track_caller]
    fn killed_at(&mut self, call: &str, time: usize) -> bool {
        let what = format!("killed at {call} number {time}");
        self.grow();
        let before = self.aged();
        let injection = format!("{call}:signal=SIGKILL:when={time}");
        let answer = trace::run_under(&self.home, &injection, None, &PRUNE);
        let was_hit = answer.code.is_none();
        assert!(was_hit || answer.code == Some(0), "{what}: {answer:?}");
        for (at, (name, facts)) in before.iter().enumerate() {
            let now = self.committed().into_iter().find(|(found, _)| found == name);
            match now {
                Some((_, found)) => assert_same(&found, facts, &format!("{what}: {name}")),
                None => assert!(at < 2, "{what}: {name} is gone"),
            }
        }
        let listed = self.home.snapshots();
        assert!(before[2..].iter().all(|(name, _)| listed.contains(name)), "{what}: {listed:?}");
        self.home.json(PRUNE);
        let left = self.aged();
        assert_eq!(left.len(), 2, "{what}");
        for ((_, found), (name, facts)) in left.iter().zip(&before[2..]) {
            assert_same(found, facts, &format!("{what}: {name}"));
        }
        for folder in ["trash", "stage"] {
            let mut entries = fs::read_dir(self.repository.join(folder)).unwrap();
            assert!(entries.next().is_none(), "{what}: something is left in {folder}");
        }
        let told = self.told();
        self.home.json(["rebuild"]);
        assert_eq!(self.told(), told, "{what}: the index");
        was_hit
    }
}

#[test]
fn a_killed_prune_leaves_all_that_it_keeps() {
    let Some(mut victim) = Victim::new() else { return };
    victim.grow();
    let counts = trace::counts(&victim.home, &PRUNE);
    let all = std::env::var_os(ALL).is_some();
    let seed = jiff::Timestamp::now().as_second() as u64 / 86_400;
    let mut chance = Chance::new(seed);
    let mut hits: BTreeMap<&str, usize> = BTreeMap::new();
    let tried = counts.iter().filter(|(call, _)| all || CALLS.contains(&call.as_str()));
    for (call, most) in tried {
        let times = if all { (1..=*most).collect() } else { times(*most, &mut chance) };
        for time in times {
            let was_hit = victim.killed_at(call, time);
            *hits.entry(call).or_default() += usize::from(was_hit);
        }
    }
    let sum: usize = hits.values().sum();
    eprintln!("seed {seed}: killed {sum} times, at {hits:?}");
    for call in CALLS {
        assert!(hits.get(call).is_some_and(|hits| *hits > 0), "never killed at {call}: {hits:?}");
    }
}
