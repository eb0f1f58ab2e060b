//! What an import notes for the index: paths that are new, versions that begin and versions that end.

use super::{Walk, Worker};
use crate::engine::error::{Error, Result};
use crate::engine::index::spool::{Change, SpoolWriter};
use crate::engine::index::{Index, NodeId, OPEN, State};
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;

impl Walk<'_> {
    /// Notes what `node` is now, if that is not what it was in the base.
    pub(super) fn compare(
        &self,
        worker: &mut Worker<'_>,
        node: NodeId,
        before: Option<(i64, i64, State)>,
        state: State,
    ) -> Result<()> {
        match before {
            Some((_, OPEN, known)) if known.is_same_version(&state) => Ok(()),
            Some((first, OPEN, known)) => {
                // What the source looked like is still true of the same content.
                let same_content = known.hash.is_some() && known.hash == state.hash;
                let fingerprint = known.fingerprint.filter(|_| same_content);
                let state = State { fingerprint, ..state };
                self.push(worker, Change::Begin { node, replaces: Some(first), state })
            }
            _ => self.push(worker, Change::Begin { node, replaces: None, state }),
        }
    }

    /// The number of `name` below `parent`, and whether the index doesn't know it yet.
    pub(super) fn intern(
        &self,
        worker: &mut Worker<'_>,
        parent: NodeId,
        parent_is_new: bool,
        name: &[u8],
    ) -> Result<(NodeId, bool)> {
        if !parent_is_new && let Some(node) = worker.index.child_node(parent, name)? {
            return Ok((node, false));
        }
        let id = self.new_node();
        self.push(worker, Change::Node { id, parent, name })?;
        Ok((id, true))
    }

    /// Ends what lies in the base's sources that are none of `sources`; tells those that go on, and those that ended.
    pub(super) fn end_sources_but(
        &self,
        sources: &[RelPath],
        worker: &mut Worker<'_>,
    ) -> Result<(Vec<RelPath>, Vec<RelPath>)> {
        let Some(base) = &self.base else { return Ok(Default::default()) };
        let before = worker.index.sources_of(base.seq)?.into_iter().map(|(_, path)| path);
        let (kept, gone): (Vec<_>, Vec<_>) = before.partition(|path| sources.contains(path));
        for path in &gone {
            let Some(node) = worker.index.node_of(path)? else { continue };
            if let Some((first, OPEN, _)) = worker.index.version_at(node, base.seq)? {
                self.push(worker, Change::End { node, first })?;
            }
            self.end_below(worker, node)?;
        }
        Ok((kept, gone))
    }

    /// Ends all that lay below the folder `node` in the base.
    pub(super) fn end_below(&self, worker: &mut Worker<'_>, node: NodeId) -> Result<()> {
        match &self.base {
            Some(base) => end_below(&worker.index, node, base.seq, &mut worker.out),
            None => Ok(()),
        }
    }

    pub(super) fn push(&self, worker: &mut Worker<'_>, change: Change<'_>) -> Result<()> {
        worker.out.push(change).map_err(|errno| self.failed(errno))
    }
}

/// Ends every version below the folder `node` that held in the snapshot `base` and still does.
pub(crate) fn end_below(
    index: &Index,
    node: NodeId,
    base: u64,
    out: &mut SpoolWriter<'_>,
) -> Result<()> {
    let mut folders = vec![node];
    while let Some(folder) = folders.pop() {
        for child in index.children(folder, base)? {
            if child.last == OPEN {
                out.push(Change::End { node: child.node, first: child.first })
                    .map_err(|errno| Error::drive("note changes for", index.path(), errno))?;
            }
            if child.state.meta.kind == Kind::Directory {
                folders.push(child.node);
            }
        }
    }
    Ok(())
}
