//! How much is stored: below a folder, and under which paths a content is.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rusqlite::{OptionalExtension as _, params};

use super::state::{COLUMNS, State};
use super::summary::{absurd, unpack};
use super::{Index, NodeId, SnapshotState};
use crate::engine::error::Result;
use crate::engine::meta::ContentHash;
use crate::engine::path::is_name;

/// How much is below a folder.
#[derive(Debug, Clone, Copy, Default)]
pub struct FolderSums {
    // What went is taken from them, and a forged row may hold any number: all that an index can hold add up to less than these can.
    entries: i128,
    bytes: i128,
    kept_bytes: i128,
}

impl FolderSums {
    /// Entries at the moment.
    pub fn entries(&self) -> u64 {
        whole(self.entries)
    }

    /// Sizes of its files at the moment, in bytes.
    pub fn bytes(&self) -> u64 {
        whole(self.bytes)
    }

    /// Sizes of every state that any file ever had, in bytes.
    pub fn kept_bytes(&self) -> u64 {
        whole(self.kept_bytes)
    }

    /// Adds a row: what was added and removed, and the bytes that came and went; `is_before` if the moment isn't before it, and
    /// `is_begin` if it tells what history begins with.
    fn add(&mut self, row: [i64; 4], is_before: bool, is_begin: bool) {
        let [added, removed, came, went] = row.map(i128::from);
        if is_before {
            self.entries += added - removed;
            self.bytes += came - went;
        }
        self.kept_bytes += if is_begin { came - went } else { came };
    }
}

fn whole(sum: i128) -> u64 {
    u64::try_from(sum.max(0)).unwrap_or(u64::MAX)
}

impl Index {
    /// How much is below each of the folders `sums`, children of the folder `parent`: in the snapshot `at`, and in all from the oldest
    /// one, `oldest`, on. Only rows that there are get looked at, however many snapshots and folders there are.
    pub fn sum_folders(
        &self,
        parent: NodeId,
        at: u64,
        oldest: u64,
        sums: &mut BTreeMap<NodeId, FolderSums>,
    ) -> Result<()> {
        self.run(|connection| {
            let mut rows_of_parent = connection.prepare_cached(
                "SELECT s.seq, s.state, c.children FROM snapshot s \
                 CROSS JOIN change c ON c.snapshot = s.seq AND c.folder = ?1",
            )?;
            let mut row_of_child = connection.prepare_cached(
                "SELECT added, removed, bytes_in, bytes_out FROM change \
                 WHERE snapshot = ?1 AND folder = ?2",
            )?;
            let mut rows = rows_of_parent.query([parent])?;
            while let Some(row) = rows.next()? {
                let (seq, state): (u64, i64) = (row.get(0)?, row.get(1)?);
                let children: Option<Vec<u8>> = row.get(2)?;
                // What history begins with has no list of its own.
                let children = children.filter(|_| state != SnapshotState::Pruned.code());
                let children = match children {
                    Some(packed) => unpack(parent, &packed)?,
                    None => sums.keys().copied().collect(),
                };
                for child in children {
                    let Some(sum) = sums.get_mut(&child) else { continue };
                    let row = row_of_child
                        .query_row(params![seq, child], |row| {
                            Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
                        })
                        .optional()?;
                    if let Some(row) = row {
                        sum.add(row, seq <= at, seq <= oldest);
                    }
                }
            }
            Ok(())
        })
    }

    /// How much is below the folder `node`, as [`Index::sum_folders`] has it.
    pub fn sum_folder(&self, node: NodeId, at: u64, oldest: u64) -> Result<FolderSums> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT s.seq, added, removed, bytes_in, bytes_out FROM snapshot s \
                 CROSS JOIN change c ON c.snapshot = s.seq AND c.folder = ?1",
            )?;
            let mut sum = FolderSums::default();
            let mut rows = statement.query([node])?;
            while let Some(row) = rows.next()? {
                let seq: u64 = row.get(0)?;
                let numbers = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
                sum.add(numbers, seq <= at, seq <= oldest);
            }
            Ok(sum)
        })
    }

    /// Shows `look` every version of every child of the folder `parent`, those of one child together, the oldest first: the child, its
    /// name, the first and last snapshot of the version, and what it is then.
    pub fn each_version_in(
        &self,
        parent: NodeId,
        mut look: impl FnMut(NodeId, &[u8], (i64, i64), State),
    ) -> Result<()> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT n.id, m.name, v.first, v.last, {COLUMNS} FROM node n \
                 CROSS JOIN name m ON m.id = n.name CROSS JOIN version v ON v.node = n.id \
                 WHERE n.parent = ?1 ORDER BY n.name, v.first"
            ))?;
            let mut rows = statement.query([parent])?;
            while let Some(row) = rows.next()? {
                let (node, name): (NodeId, Vec<u8>) = (row.get(0)?, row.get(1)?);
                // A forged row must not name its way out of a folder, nor make a circle of folders.
                if !is_name(&name) || node <= parent {
                    return Err(absurd());
                }
                look(node, &name, (row.get(2)?, row.get(3)?), State::read(row, 4)?);
            }
            Ok(())
        })
    }

    /// Shows `look` where a content is, in the order of the paths' numbers, until it has seen enough: the path, and the first and last
    /// snapshot of that version. The size must not be 0.
    pub fn each_holder(
        &self,
        size_bytes: u64,
        hash: ContentHash,
        mut look: impl FnMut(NodeId, i64, i64) -> ControlFlow<()>,
    ) -> Result<()> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT node, first, last FROM version WHERE size = ?1 AND substr(hash, 1, 8) = ?2 \
                 AND kind = 102 AND size > 0 AND hash = ?3 ORDER BY node, first",
            )?;
            let mut rows =
                statement.query(params![size_bytes as i64, &hash.0[..8], hash.0.as_slice()])?;
            while let Some(row) = rows.next()? {
                if look(row.get(0)?, row.get(1)?, row.get(2)?).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// How many different contents all versions have, and their sizes in bytes. A file of which nothing is known but its size counts as
    /// one of its own.
    pub fn all_contents(&self) -> Result<(u64, u64)> {
        self.run(|connection| {
            let (mut count, mut bytes) = (0_u64, 0_u64);
            // In the order of the index, and from it alone; those of one size that begin alike are equal.
            let mut known = connection.prepare_cached(
                "SELECT DISTINCT size, substr(hash, 1, 8) FROM version INDEXED BY content \
                 WHERE kind = 102 AND size > 0",
            )?;
            let mut rows = known.query([])?;
            while let Some(row) = rows.next()? {
                if row.get::<_, Option<Vec<u8>>>(1)?.is_some() {
                    count += 1;
                    bytes = bytes.saturating_add(row.get(0)?);
                }
            }
            let mut unknown = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM version v INDEXED BY content \
                 WHERE kind = 102 AND size > 0 AND substr(hash, 1, 8) IS NULL"
            ))?;
            for state in unknown.query_map([], |row| State::read(row, 0))? {
                let state = state?;
                if !state.change().absent {
                    count += 1;
                    bytes = bytes.saturating_add(state.meta.size_bytes);
                }
            }
            Ok((count, bytes))
        })
    }
}
