//! What a run counts and gathers on its way, for the seal.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use nix::unistd::{Group, User};
use uuid::Uuid;

use crate::engine::index::State;
use crate::engine::meta::Kind;
use crate::engine::overrides::OverrideList;
use crate::engine::seal::{Ids, Problem, Seal};

/// Counters of the whole run.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub files: AtomicU64,
    pub directories: AtomicU64,
    pub symlinks: AtomicU64,
    pub special: AtomicU64,
    pub linked: AtomicU64,
    pub copied: AtomicU64,
    pub unverified: AtomicU64,
    pub total_bytes: AtomicU64,
    pub copied_bytes: AtomicU64,
}

/// What is gathered for the seal.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub overrides: OverrideList,
    pub problems: Vec<Problem>,
    pub users: BTreeSet<u32>,
    pub groups: BTreeSet<u32>,
    pub trees: BTreeMap<Uuid, String>,
}

impl Totals {
    /// Counts an entry and its content.
    pub fn count(&self, state: &State) {
        let counter = match state.meta.kind {
            Kind::File => &self.files,
            Kind::Directory => &self.directories,
            Kind::Symlink => &self.symlinks,
            Kind::Fifo | Kind::Socket | Kind::Block | Kind::Character => &self.special,
        };
        counter.fetch_add(1, Relaxed);
        if state.meta.kind == Kind::File {
            self.total_bytes.fetch_add(state.meta.size_bytes, Relaxed);
            if state.hash.is_none() {
                self.unverified.fetch_add(1, Relaxed);
            }
        }
    }

    /// Puts the counters into the seal.
    pub fn write_to(&self, seal: &mut Seal) {
        let counts = &mut seal.counts;
        counts.files = self.files.load(Relaxed);
        counts.directories = self.directories.load(Relaxed);
        counts.symlinks = self.symlinks.load(Relaxed);
        counts.special = self.special.load(Relaxed);
        counts.linked = self.linked.load(Relaxed);
        counts.copied = self.copied.load(Relaxed);
        counts.unverified = self.unverified.load(Relaxed);
        seal.bytes.total = self.total_bytes.load(Relaxed);
        seal.bytes.copied = self.copied_bytes.load(Relaxed);
    }
}

impl Gathered {
    /// Takes over what one thread gathered.
    pub fn take_from(&mut self, mut worker: Self) {
        self.overrides.append(worker.overrides);
        self.users.append(&mut worker.users);
        self.groups.append(&mut worker.groups);
    }

    /// Puts digests, names and counts into the seal; returns the lines of overrides, and the problems.
    pub fn write_to(self, seal: &mut Seal) -> (Vec<u8>, Vec<Problem>) {
        seal.counts.overrides = self.overrides.len() as u64;
        seal.counts.problems = self.problems.len() as u64;
        seal.ids = Ids {
            users: names(self.users, |id| {
                User::from_uid(id.into()).ok().flatten().map(|user| user.name)
            }),
            groups: names(self.groups, |id| {
                Group::from_gid(id.into()).ok().flatten().map(|group| group.name)
            }),
        };
        seal.tree = self.trees;
        let mut problems = self.problems;
        problems.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        (self.overrides.into_lines(), problems)
    }
}

fn names(ids: BTreeSet<u32>, name: impl Fn(u32) -> Option<String>) -> BTreeMap<u32, String> {
    ids.into_iter().filter_map(|id| Some((id, name(id)?))).collect()
}
