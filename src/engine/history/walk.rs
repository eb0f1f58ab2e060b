//! A walk through what may differ between two snapshots, in the order of paths. What stayed the same is never looked at.

use super::{Answers, Difference};
use crate::engine::error::Result;
use crate::engine::index::{Index, NodeId, State};
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;

/// A path that was come to.
#[derive(Debug)]
pub(super) struct Step {
    /// Its number.
    pub node: NodeId,
    /// Its state in the earlier snapshot.
    pub before: Option<State>,
    /// Its state in the later one.
    pub after: Option<State>,
    /// Whether anything can be below it, in one of them at least.
    pub is_folder: bool,
    /// Whether it lies after the place that the walk begins at; if not, it is only on the way there.
    pub counts: bool,
}

impl Step {
    /// How the later state differs from the earlier one.
    pub fn difference(&self) -> Option<Difference> {
        Difference::between(self.before.as_ref(), self.after.as_ref())
    }
}

/// Where a walk is. Memory for the names in the folders above that are still to come.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    index: &'a Index,
    /// Number of the earlier snapshot and of the later one.
    moments: (u64, u64),
    /// The sources of either: folders above them have no versions.
    sources: Vec<RelPath>,
    /// The path of the last step, or of the folder that was entered with it.
    path: RelPath,
    /// Whether `path` is a step's that was not entered.
    is_at_entry: bool,
    /// For each folder above, what is still to come, the next one last.
    folders: Vec<Vec<(Vec<u8>, NodeId)>>,
    /// Everything up to this path was told before.
    told: Option<RelPath>,
}

impl<'a> Walk<'a> {
    /// A walk at and below `under`, beginning after `told`, from one snapshot of `moments` to the other, the earlier one first.
    pub fn new(
        answers: &Answers<'a>,
        moments: (u64, u64),
        under: &RelPath,
        told: Option<&RelPath>,
    ) -> Result<Self> {
        let mut walk = Self {
            index: answers.0,
            moments,
            sources: answers.sources(moments.0)?,
            path: under.parent().unwrap_or_default(),
            is_at_entry: false,
            folders: Vec::new(),
            told: told.cloned(),
        };
        walk.sources.append(&mut answers.sources(moments.1)?);
        let is_all_told = told.is_some_and(|told| told > under && !told.is_within(under));
        let found = if is_all_told { None } else { answers.0.node_of(under)? };
        match (found, under.name()) {
            (Some(node), Some(name)) => walk.folders.push(vec![(name.to_vec(), node)]),
            (Some(root), None) => walk.open(root)?,
            (None, _) => {}
        }
        Ok(walk)
    }

    /// The path of the last step.
    pub fn path(&self) -> &RelPath {
        &self.path
    }

    /// The next path; what is below the last one comes only if it was entered.
    pub fn next(&mut self) -> Result<Option<Step>> {
        if self.is_at_entry {
            self.path.pop();
            self.is_at_entry = false;
        }
        while let Some(folder) = self.folders.last_mut() {
            let Some((name, node)) = folder.pop() else {
                self.folders.pop();
                self.path.pop();
                continue;
            };
            self.path.push(&name);
            let counts = match &self.told {
                Some(told) if self.path <= *told => {
                    if !told.is_within(&self.path) {
                        self.path.pop();
                        continue;
                    }
                    false
                }
                _ => true,
            };
            if counts {
                self.told = None;
            }
            self.is_at_entry = true;
            return self.step(node, counts).map(Some);
        }
        Ok(None)
    }

    fn step(&self, node: NodeId, counts: bool) -> Result<Step> {
        let version = |at| self.index.version_at(node, at);
        let before = version(self.moments.0)?.map(|(_, _, state)| state);
        let after = version(self.moments.1)?.map(|(_, _, state)| state);
        let is_folder =
            [&before, &after].into_iter().flatten().any(|state| state.meta.kind == Kind::Directory)
                || self.sources.iter().any(|source| source.is_within(&self.path));
        Ok(Step { node, before, after, is_folder, counts })
    }

    /// Goes into the folder of the last step.
    pub fn enter(&mut self, step: &Step) -> Result<()> {
        if step.is_folder && self.is_at_entry {
            self.is_at_entry = false;
            self.open(step.node)?;
        }
        Ok(())
    }

    fn open(&mut self, node: NodeId) -> Result<()> {
        let mut children = self.index.differing(node, self.moments.0, self.moments.1)?;
        children.reverse();
        self.folders.push(children);
        Ok(())
    }
}
