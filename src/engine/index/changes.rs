//! What changed below a folder, from the rows that say so: nothing that stayed the same is looked at.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::summary::{ChangeCounts, unpack};
use super::{Index, NodeId, SnapshotState};
use crate::engine::error::Result;

impl Index {
    /// What is different below the folder `node` in the snapshot `at` from the one before it; `None` if nothing is.
    pub fn counts_of(&self, node: NodeId, at: u64) -> Result<Option<ChangeCounts>> {
        self.run(|connection| {
            connection
                .prepare_cached(
                    "SELECT added, changed, touched, removed, bytes_in, bytes_out FROM change c \
                     WHERE c.snapshot = ?1 AND c.folder = ?2 AND added + changed + touched + removed > 0",
                )?
                .query_row(params![at as i64, node], |row| read_counts(row, 0))
                .optional()
        })
    }

    /// The children of the folder `node` that differ in the snapshot `at` from the one before it, or have something below them
    /// that does. Some that are listed may not differ for a person, and of a path that was new, all children are.
    pub fn changed_children(&self, node: NodeId, at: u64) -> Result<Vec<NodeId>> {
        self.run(|connection| changed_children(connection, node, at as i64))
    }

    /// Takes from `nodes` what is no child of the folder `node`: a forged row may name anything.
    pub fn retain_children(&self, node: NodeId, nodes: &mut Vec<NodeId>) -> Result<()> {
        self.run(|connection| {
            let mut is_child =
                connection.prepare_cached("SELECT 1 FROM node WHERE id = ?1 AND parent = ?2")?;
            let mut children = Vec::with_capacity(nodes.len());
            for child in nodes.drain(..).filter(|child| *child > node) {
                if is_child.exists([child, node])? {
                    children.push(child);
                }
            }
            *nodes = children;
            Ok(())
        })
    }

    /// What is different below the folder `node` in every snapshot that is not pruned, oldest first; those without a
    /// difference are left out.
    pub fn counts_below(&self, node: NodeId) -> Result<Vec<(u64, ChangeCounts)>> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT s.seq, added, changed, touched, removed, bytes_in, bytes_out FROM snapshot s \
                 CROSS JOIN change c ON c.snapshot = s.seq AND c.folder = ?1 WHERE s.state <> ?2 \
                 AND added + changed + touched + removed > 0 ORDER BY s.seq",
            )?;
            let rows = statement.query_map(params![node, SnapshotState::Pruned.code()], |row| {
                Ok((row.get(0)?, read_counts(row, 1)?))
            })?;
            rows.collect()
        })
    }

    /// How many entries were below the folder `node` in the snapshot `at`, and the bytes of its files.
    pub fn size_of(&self, node: NodeId, at: u64) -> Result<(u64, u64)> {
        // Pruned snapshots are counted, too: theirs is what the oldest began with.
        let sum = self.sum_folder(node, at, 0)?;
        Ok((sum.entries(), sum.bytes()))
    }
}

/// As [`Index::changed_children`].
pub(super) fn changed_children(
    connection: &Connection,
    node: NodeId,
    at: i64,
) -> rusqlite::Result<Vec<NodeId>> {
    let listed: Option<Option<Vec<u8>>> = connection
        .prepare_cached("SELECT children FROM change WHERE snapshot = ?1 AND folder = ?2")?
        .query_row(params![at, node], |row| row.get(0))
        .optional()?;
    match listed {
        None => Ok(Vec::new()),
        Some(Some(packed)) => unpack(node, &packed),
        Some(None) => {
            let mut statement =
                connection.prepare_cached("SELECT id FROM node WHERE parent = ?1 AND id > ?1")?;
            let rows = statement.query_map([node], |row| row.get(0))?;
            rows.collect()
        }
    }
}

/// Reads the six columns of counts from `start` on.
pub(super) fn read_counts(row: &Row<'_>, start: usize) -> rusqlite::Result<ChangeCounts> {
    Ok(ChangeCounts {
        added: row.get(start)?,
        changed: row.get(start + 1)?,
        touched: row.get(start + 2)?,
        removed: row.get(start + 3)?,
        bytes_in: row.get(start + 4)?,
        bytes_out: row.get(start + 5)?,
    })
}
