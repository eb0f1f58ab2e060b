//! How much is stored: below a folder, and under which paths a content is.

use std::ops::ControlFlow;

use rusqlite::params;

use super::state::{COLUMNS, State};
use super::{Index, NodeId};
use crate::engine::error::Result;
use crate::engine::meta::ContentHash;

/// How much is below a folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FolderSums {
    /// Entries at the moment.
    pub entries: u64,
    /// Sizes of its files at the moment, in bytes.
    pub bytes: u64,
    /// Sizes of every state that any file ever had, in bytes.
    pub kept_bytes: u64,
}

impl Index {
    /// How much is below the folder `node`: in the snapshot `at`, and in all from the oldest one, `oldest`, on.
    pub fn folder_sums(&self, node: NodeId, at: u64, oldest: u64) -> Result<FolderSums> {
        self.run(|connection| {
            // Up to the oldest one, the rows tell what history begins with.
            connection
                .prepare_cached(
                    "SELECT coalesce(sum(iif(s.seq <= ?2, added - removed, 0)), 0), \
                     coalesce(sum(iif(s.seq <= ?2, bytes_in - bytes_out, 0)), 0), \
                     coalesce(sum(iif(s.seq <= ?3, bytes_in - bytes_out, bytes_in)), 0) \
                     FROM snapshot s CROSS JOIN change c ON c.snapshot = s.seq AND c.folder = ?1",
                )?
                .query_row(params![node, at as i64, oldest as i64], |row| {
                    let sum = |column| row.get::<_, i64>(column).map(|sum| sum.max(0) as u64);
                    Ok(FolderSums { entries: sum(0)?, bytes: sum(1)?, kept_bytes: sum(2)? })
                })
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
