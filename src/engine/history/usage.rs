//! What takes the room: what a snapshot alone holds, and what a folder's history does.

use std::ops::ControlFlow;

use super::{Answers, Chain, Difference, History};
use crate::engine::error::Result;
use crate::engine::index::{FolderSums, NodeId, ROOT_NODE, State};
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

/// What a child of a folder takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderUsage {
    /// The child's name.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Entries below it.
    pub entries: u64,
    /// Size of the file, or of all files below the folder, in bytes.
    pub bytes: u64,
    /// Sizes of every state that those files, and deleted ones below it, had in any snapshot, in bytes. Equal contents count each time.
    pub kept_bytes: u64,
}

impl History {
    /// What each snapshot alone holds, oldest first.
    pub fn usage(&self) -> Result<Vec<SnapshotUsage>> {
        self.ask(|answers| answers.usage())
    }

    /// What each entry of `folder` in the snapshot `at` takes, what is most in the whole history first.
    ///
    /// # Errors
    /// [`Error::NotInSnapshot`](crate::engine::error::Error::NotInSnapshot) if it isn't there.
    pub fn folder_usage(&self, folder: &RelPath, at: u64) -> Result<Vec<FolderUsage>> {
        self.ask(|answers| answers.folder_usage(folder, at))
    }
}

impl Answers<'_> {
    fn usage(&self) -> Result<Vec<SnapshotUsage>> {
        let chain = self.chain()?;
        if let [only] = chain.all() {
            let (only_files, only_bytes) = self.0.all_contents()?;
            return Ok(vec![SnapshotUsage { seq: only.seq, only_files, only_bytes }]);
        }
        chain.all().iter().map(|row| self.usage_of(&chain, row.seq)).collect()
    }

    /// What is in one snapshot alone came with it and went with the next one, so it is below folders that both changed.
    fn usage_of(&self, chain: &Chain, seq: u64) -> Result<SnapshotUsage> {
        // The oldest one's rows are what history begins with: all that it holds.
        let mut rows = Vec::new();
        rows.extend(chain.before(seq).map(|_| seq));
        rows.extend(chain.after(seq));
        let mut usage = SnapshotUsage { seq, only_files: 0, only_bytes: 0 };
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
                    usage.only_files += u64::from(is_only);
                    let bytes = if is_only { state.file_bytes() } else { 0 };
                    usage.only_bytes = usage.only_bytes.saturating_add(bytes);
                }
            }
        }
        Ok(usage)
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

    fn folder_usage(&self, folder: &RelPath, at: u64) -> Result<Vec<FolderUsage>> {
        let chain = self.chain()?;
        chain.get(at)?;
        let oldest = chain.all().first().map_or(at, |row| row.seq);
        let children = self.states(folder, at)?;
        if children.is_empty() && self.entry(folder, at)?.is_none() {
            return Err(self.not_in(folder, at));
        }
        let above = self.0.node_of(folder)?;
        let mut usage = Vec::with_capacity(children.len());
        for (name, state) in children {
            let node = above.map(|above| self.0.child_node(above, &name)).transpose()?.flatten();
            let (mut sums, mut own) = (FolderSums::default(), 0);
            if let Some(node) = node {
                sums = self.0.folder_sums(node, at, oldest)?;
                own = self.bytes_ever(&chain, node)?;
            }
            let bytes = sums.bytes.saturating_add(state.as_ref().map_or(0, State::file_bytes));
            usage.push(FolderUsage {
                kind: state.map_or(Kind::Directory, |state| state.meta.kind),
                name,
                entries: sums.entries,
                bytes,
                kept_bytes: sums.kept_bytes.saturating_add(own),
            });
        }
        usage.sort_by(|one, other| {
            let size = |usage: &FolderUsage| (usage.kept_bytes, usage.bytes);
            size(other).cmp(&size(one)).then_with(|| one.name.cmp(&other.name))
        });
        Ok(usage)
    }

    /// The sizes of every content that the file `node` had.
    fn bytes_ever(&self, chain: &Chain, node: NodeId) -> Result<u64> {
        let mut bytes = 0_u64;
        let mut earlier: Option<(u64, State)> = None;
        for (first, last, state) in self.0.versions_of(node)?.into_iter().rev() {
            let Some((first, last)) = chain.clip(first, last) else { continue };
            let before = earlier.filter(|(end, _)| chain.after(*end) == Some(first));
            let before = before.as_ref().map(|(_, state)| state);
            if let Some(Difference::Added | Difference::Changed) =
                Difference::between(before, Some(&state))
            {
                bytes = bytes.saturating_add(state.file_bytes());
            }
            earlier = Some((last, state));
        }
        Ok(bytes)
    }
}
