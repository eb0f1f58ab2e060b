//! What a run counts and gathers on its way, for the seal.

use std::collections::{BTreeMap, BTreeSet};

use nix::unistd::{Group, User};
use uuid::Uuid;

use crate::engine::index::State;
use crate::engine::meta::Kind;
use crate::engine::overrides::OverrideList;
use crate::engine::seal::{ByteCounts, Counts, Ids, Problem, Seal};

/// What is gathered for the seal.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// But for overrides and problems, which are counted at the end.
    pub counts: Counts,
    pub bytes: ByteCounts,
    pub overrides: OverrideList,
    pub problems: Vec<Problem>,
    pub users: BTreeSet<u32>,
    pub groups: BTreeSet<u32>,
    pub trees: BTreeMap<Uuid, String>,
}

impl Gathered {
    /// Counts an entry and its content.
    pub fn count(&mut self, state: &State) {
        self.counts.count(state.meta.kind);
        if state.meta.kind == Kind::File {
            self.bytes.total = self.bytes.total.saturating_add(state.meta.size_bytes);
            self.counts.unverified += u64::from(state.hash.is_none());
        }
    }

    /// Takes over what one thread gathered.
    pub fn take_from(&mut self, mut worker: Self) {
        self.counts += worker.counts;
        self.bytes.total = self.bytes.total.saturating_add(worker.bytes.total);
        self.bytes.copied += worker.bytes.copied;
        self.overrides.append(worker.overrides);
        self.users.append(&mut worker.users);
        self.groups.append(&mut worker.groups);
    }

    /// Puts digests, names and counts into the seal; returns the lines of overrides, and the problems.
    pub fn write_to(self, seal: &mut Seal) -> (Vec<u8>, Vec<Problem>) {
        seal.counts = Counts {
            overrides: self.overrides.len() as u64,
            problems: self.problems.len() as u64,
            ..self.counts
        };
        seal.bytes = self.bytes;
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
