//! What takes the room: what a snapshot alone holds.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::{Answers, Chain, History};
use crate::engine::error::Result;
use crate::engine::index::{Index, NodeId, ROOT_NODE, State};
use crate::engine::meta::{ContentHash, Kind};
use crate::engine::path::RelPath;

/// What one snapshot alone holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotUsage {
    /// The snapshot's number.
    pub seq: u64,
    /// How many different contents of files no other snapshot has, under any path.
    pub only_files: u64,
    /// Their sizes in bytes: about what deleting the snapshot would free.
    pub only_bytes: u64,
}

/// A file whose content one snapshot alone holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnlyFile {
    /// One of its paths there.
    pub path: RelPath,
    /// Its size in bytes.
    pub bytes: u64,
}

impl History {
    /// What each snapshot alone holds, oldest first.
    pub fn usage(&self) -> Result<Vec<SnapshotUsage>> {
        self.ask_at_length(|answers| {
            let chain = answers.chain()?;
            chain.all().iter().map(|row| answers.usage_in(&chain, row.seq)).collect()
        })
    }

    /// The largest files that the snapshot `seq` alone holds, at most `limit`: what deleting it would lose for good.
    pub fn largest_only(&self, seq: u64, limit: usize) -> Result<Vec<OnlyFile>> {
        self.ask_at_length(|answers| answers.largest_only(seq, limit))
    }

    /// As [`usage_of`].
    pub fn usage_of(&self, seqs: &[u64]) -> Result<Vec<SnapshotUsage>> {
        self.ask_at_length(|answers| usage_of(answers.0, seqs))
    }
}

/// What each of the snapshots `seqs` alone holds, for who has an index and no history. Two of them may have something that no
/// third one has: that is neither's alone.
///
/// # Errors
/// [`Error::NoSuchSnapshot`](crate::engine::error::Error::NoSuchSnapshot) for a number that no snapshot has.
pub fn usage_of(index: &Index, seqs: &[u64]) -> Result<Vec<SnapshotUsage>> {
    let answers = Answers(index);
    let chain = answers.chain()?;
    seqs.iter().map(|seq| answers.usage_in(&chain, chain.get(*seq)?.seq)).collect()
}

impl Answers<'_> {
    /// What the snapshot `seq` alone holds.
    pub(super) fn usage_in(&self, chain: &Chain, seq: u64) -> Result<SnapshotUsage> {
        if let [only] = chain.all() {
            let (only_files, only_bytes) = self.0.all_contents()?;
            return Ok(SnapshotUsage { seq: only.seq, only_files, only_bytes });
        }
        let mut usage = SnapshotUsage { seq, only_files: 0, only_bytes: 0 };
        let add = |_, bytes| {
            usage.only_files += 1;
            usage.only_bytes = usage.only_bytes.saturating_add(bytes);
        };
        // In one read transaction: many small questions are slow one by one.
        self.0.at_once(|| self.each_only(chain, seq, add))?;
        Ok(usage)
    }

    fn largest_only(&self, seq: u64, limit: usize) -> Result<Vec<OnlyFile>> {
        let chain = self.chain()?;
        let mut largest = BTreeSet::new();
        self.each_only(&chain, seq, |node, bytes| {
            largest.insert((bytes, Reverse(node)));
            if largest.len() > limit {
                largest.pop_first();
            }
        })?;
        let files = largest.into_iter().rev().map(|(bytes, Reverse(node))| {
            Ok(self.0.path_of(node)?.map(|path| OnlyFile { path, bytes }))
        });
        files.filter_map(Result::transpose).collect()
    }

    /// Shows `look` the paths and sizes in bytes of the contents that the snapshot `seq` alone holds, each once.
    ///
    /// What is in one snapshot alone came with it and went with the next one, so it is below folders that both changed.
    fn each_only(&self, chain: &Chain, seq: u64, mut look: impl FnMut(NodeId, u64)) -> Result<()> {
        // The oldest one's rows are what history begins with: all that it holds.
        let mut rows = Vec::new();
        rows.extend(chain.before(seq).map(|_| seq));
        rows.extend(chain.after(seq));
        let mut folders = vec![ROOT_NODE];
        while let Some(folder) = folders.pop() {
            for node in self.changed_in_all(folder, &rows)? {
                let version = self.0.version_at(node, seq)?;
                let Some((first, last, state)) = version else {
                    // Perhaps a folder above the sources.
                    folders.push(node);
                    continue;
                };
                if state.meta.kind == Kind::Directory {
                    folders.push(node);
                } else if state.file_bytes() > 0 && !state.change().absent {
                    let is_only = match state.hash {
                        Some(hash) => self.is_only_holder(chain, seq, node, &state, hash)?,
                        None => chain.clip(first, last) == Some((seq, seq)),
                    };
                    if is_only {
                        look(node, state.file_bytes());
                    }
                }
            }
        }
        Ok(())
    }

    /// The children of `folder` that changed in each of the snapshots `rows`, or have something below them that did.
    fn changed_in_all(&self, folder: NodeId, rows: &[u64]) -> Result<Vec<NodeId>> {
        let mut common: Option<Vec<NodeId>> = None;
        for at in rows {
            let mut nodes = self.0.changed_children(folder, *at)?;
            nodes.sort_unstable();
            if let Some(common) = common {
                nodes.retain(|node| common.binary_search(node).is_ok());
            }
            if nodes.is_empty() {
                return Ok(nodes);
            }
            common = Some(nodes);
        }
        let mut common = common.unwrap_or_default();
        self.0.retain_children(folder, &mut common)?;
        Ok(common)
    }

    /// Whether the snapshot `seq` alone has the content of `state`. Of all its paths there only the first one is told so, that each
    /// content counts once.
    fn is_only_holder(
        &self,
        chain: &Chain,
        seq: u64,
        node: NodeId,
        state: &State,
        hash: ContentHash,
    ) -> Result<bool> {
        let (mut is_first, mut is_only) = (None, true);
        self.0.each_holder(state.meta.size_bytes, hash, |holder, first, last| {
            let Some(bounds) = chain.clip(first, last) else { return ControlFlow::Continue(()) };
            let goes_on = *is_first.get_or_insert(holder == node);
            is_only = goes_on && bounds == (seq, seq);
            if is_only { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(is_first == Some(true) && is_only)
    }
}
