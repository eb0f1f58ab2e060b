//! Answers from one index. A whole question is asked of one index: numbers of paths mean nothing in another.

use super::{Chain, Entry, SnapshotInfo};
use crate::engine::error::{Error, Result};
use crate::engine::index::{Index, NodeId, State};
use crate::engine::path::RelPath;

/// An index, asked by paths.
#[derive(Debug, Clone, Copy)]
pub struct Answers<'a>(pub &'a Index);

impl Answers<'_> {
    /// All snapshots that are not pruned.
    pub fn chain(&self) -> Result<Chain> {
        self.0.snapshots().map(Chain::new)
    }

    /// The snapshot with the number `seq`.
    pub fn snapshot(&self, seq: u64) -> Result<SnapshotInfo> {
        self.chain()?.get(seq).cloned()
    }

    /// The entries of `folder` in the snapshot `at`, sorted by name bytes.
    pub fn list(&self, folder: &RelPath, at: u64) -> Result<Vec<Entry>> {
        let mut entries = self.children(folder, at)?;
        if self.is_stale(folder, at)? {
            entries.iter_mut().for_each(|entry| entry.stale = true);
        }
        if entries.is_empty() && self.entry(folder, at)?.is_none() {
            return Err(self.not_in(folder, at));
        }
        Ok(entries)
    }

    /// Whether `path` or a folder above it was carried forward: the mark of a folder holds for all below it.
    pub fn is_stale(&self, path: &RelPath, at: u64) -> Result<bool> {
        let mut walked = Some(path.clone());
        while let Some(path) = walked {
            if self.state(&path, at)?.is_some_and(|state| state.change().stale.is_some()) {
                return Ok(true);
            }
            walked = path.parent();
        }
        Ok(false)
    }

    fn children(&self, folder: &RelPath, at: u64) -> Result<Vec<Entry>> {
        Ok(self.states(folder, at)?.iter().map(|(name, state)| Entry::of(name, state)).collect())
    }

    /// The names in `folder` in the snapshot `at` with their states, sorted by bytes; a folder above the sources has none.
    pub fn states(&self, folder: &RelPath, at: u64) -> Result<Vec<(Vec<u8>, Option<State>)>> {
        let sources = self.0.sources_of(at)?;
        if sources.iter().any(|(_, source)| folder.is_within(source)) {
            let Some(node) = self.0.node_of(folder)? else { return Ok(Vec::new()) };
            let children = self.0.children(node, at)?;
            let states =
                children.into_iter().map(|child| (child.name.into_vec(), Some(child.state)));
            return Ok(states.collect());
        }
        let depth = folder.components().count();
        let mut names: Vec<&[u8]> = sources
            .iter()
            .filter(|(_, source)| source.is_within(folder))
            .filter_map(|(_, source)| source.components().nth(depth))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
            .into_iter()
            .map(|name| Ok((name.to_vec(), self.state(&folder.join(name), at)?)))
            .collect()
    }

    /// The entry at `path` in the snapshot `at`; `None` if there was none.
    pub fn entry(&self, path: &RelPath, at: u64) -> Result<Option<Entry>> {
        let name = path.name().unwrap_or_default();
        if let Some(state) = self.state(path, at)? {
            let mut entry = Entry::new(name, &state);
            entry.stale |= self.is_stale(path, at)?;
            return Ok(Some(entry));
        }
        let sources = self.0.sources_of(at)?;
        let is_scaffold = sources.iter().any(|(_, source)| source.is_within(path));
        Ok(is_scaffold.then(|| Entry::scaffold(name)))
    }

    /// The paths of the sources that the snapshot `at` protected, sorted.
    pub fn sources(&self, at: u64) -> Result<Vec<RelPath>> {
        let mut paths: Vec<RelPath> =
            self.0.sources_of(at)?.into_iter().map(|(_, path)| path).collect();
        paths.sort();
        Ok(paths)
    }

    /// The state of `path` in the snapshot `at`.
    pub fn state(&self, path: &RelPath, at: u64) -> Result<Option<State>> {
        let Some(node) = self.0.node_of(path)? else { return Ok(None) };
        Ok(self.0.version_at(node, at)?.map(|(_, _, state)| state))
    }

    /// The number and the state of `path` in the snapshot `at`, where it must be.
    pub fn find(&self, path: &RelPath, at: u64) -> Result<(NodeId, State)> {
        let node = self.0.node_of(path)?.ok_or_else(|| self.not_in(path, at))?;
        let state = self.state(path, at)?.ok_or_else(|| self.not_in(path, at))?;
        Ok((node, state))
    }

    /// The error that `path` is not in the snapshot `at`.
    pub fn not_in(&self, path: &RelPath, at: u64) -> Error {
        let snapshot = self.snapshot(at).map_or_else(|_| at.to_string(), |row| row.name);
        let last = self.last_with(path).ok().flatten();
        Error::NotInSnapshot { path: path.clone(), snapshot, last }
    }

    /// The name of the last snapshot that has `path`.
    pub fn last_with(&self, path: &RelPath) -> Result<Option<String>> {
        let chain = self.chain()?;
        let Some(node) = self.0.node_of(path)? else { return Ok(None) };
        let lives = self.0.versions_of(node)?.into_iter();
        let last =
            lives.filter_map(|(first, last, _)| chain.clip(first, last)).map(|(_, last)| last);
        let last = last.max().max(self.0.snapshots_above(path)?.pop());
        last.map(|last| Ok(chain.get(last)?.name.clone())).transpose()
    }
}
