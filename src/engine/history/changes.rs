//! What is different between two snapshots: page by page, and in numbers.

use super::walk::Walk;
use super::{Answers, ChangeCounts, Difference, Entry, History};
use crate::engine::error::Result;
use crate::engine::index::{Below, ROOT_NODE, State};
use crate::engine::path::RelPath;

/// An entry that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its path.
    pub path: RelPath,
    /// How the later snapshot differs from the earlier one.
    pub difference: Difference,
    /// What it was in the earlier one.
    pub before: Option<Entry>,
    /// What it was in the later one.
    pub after: Option<Entry>,
}

/// Some of the entries that differ, in the order of a tree walk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangePage {
    /// The entries.
    pub changes: Vec<Change>,
    /// The path after which the next page begins; `None` if this is the last one.
    pub next: Option<RelPath>,
}

impl History {
    /// The entries at and below `under` that differ between the snapshots `a` and `b`, told from the earlier to the later one: at most
    /// `limit` of them (at least one), those after the path `after`. In a folder that came or went everything is told, too.
    pub fn changes(
        &self,
        a: u64,
        b: u64,
        under: &RelPath,
        after: Option<&RelPath>,
        limit: usize,
    ) -> Result<ChangePage> {
        self.ask(|answers| answers.changes(a, b, under, after, limit))
    }

    /// How many entries at and below `under` differ between the snapshots `a` and `b`, told from the earlier to the later one, and
    /// how many bytes of files came and went.
    pub fn change_totals(&self, a: u64, b: u64, under: &RelPath) -> Result<ChangeCounts> {
        self.ask(|answers| answers.change_totals(a, b, under))
    }
}

impl Answers<'_> {
    fn changes(
        &self,
        a: u64,
        b: u64,
        under: &RelPath,
        after: Option<&RelPath>,
        limit: usize,
    ) -> Result<ChangePage> {
        let mut walk = Walk::new(self, self.in_order(a, b)?, under, after)?;
        let mut page = ChangePage::default();
        while let Some(step) = walk.next()? {
            walk.enter(&step)?;
            let Some(difference) = step.difference().filter(|_| step.counts) else { continue };
            if page.changes.len() >= limit.max(1) {
                page.next = page.changes.last().map(|change: &Change| change.path.clone());
                break;
            }
            let path = walk.path().clone();
            let name = path.name().unwrap_or_default();
            let entry = |state: &Option<State>| state.as_ref().map(|state| Entry::new(name, state));
            let (before, after) = (entry(&step.before), entry(&step.after));
            page.changes.push(Change { path, difference, before, after });
        }
        Ok(page)
    }

    fn change_totals(&self, a: u64, b: u64, under: &RelPath) -> Result<ChangeCounts> {
        let (earlier, later) = self.in_order(a, b)?;
        let mut totals = ChangeCounts::default();
        if under.is_root()
            && let Below::Once(counts) = self.0.below(ROOT_NODE, earlier, later)?
        {
            return Ok(counts);
        }
        let mut walk = Walk::new(self, (earlier, later), under, None)?;
        while let Some(step) = walk.next()? {
            if let Some(difference) = step.difference() {
                let bytes = |state: &Option<State>| state.as_ref().map_or(0, State::file_bytes);
                totals.count(difference, bytes(&step.before), bytes(&step.after));
            }
            if !step.is_folder {
                continue;
            }
            match self.0.below(step.node, earlier, later)? {
                Below::Same => {}
                Below::Once(counts) => totals.add(&counts),
                Below::Often => walk.enter(&step)?,
            }
        }
        Ok(totals)
    }

    /// Both snapshots, which must be there, the earlier one first.
    pub(super) fn in_order(&self, a: u64, b: u64) -> Result<(u64, u64)> {
        let chain = self.chain()?;
        for seq in [a, b] {
            chain.get(seq)?;
        }
        Ok((a.min(b), a.max(b)))
    }
}
