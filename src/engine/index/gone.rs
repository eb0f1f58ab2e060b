//! What is asked of single paths to tell what is gone.

use rusqlite::{OptionalExtension as _, params};

use super::{Index, NodeId};
use crate::engine::error::Result;

impl Index {
    /// The last component of the path `node`, which must lie in the folder `parent`; `None` if it doesn't.
    pub fn name_in(&self, parent: NodeId, node: NodeId) -> Result<Option<Vec<u8>>> {
        self.run(|connection| {
            connection
                .prepare_cached(
                    "SELECT m.name FROM node n JOIN name m ON m.id = n.name \
                     WHERE n.id = ?1 AND n.parent = ?2 AND n.parent < n.id",
                )?
                .query_row([node, parent], |row| row.get(0))
                .optional()
        })
    }

    /// The snapshots from and to which versions of the path `node` last that begin after the snapshot `after`, up to `until`.
    pub fn lives_after(&self, node: NodeId, after: u64, until: u64) -> Result<Vec<(i64, i64)>> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT v.first, v.last FROM version v WHERE v.node = ?1 AND v.first > ?2 AND v.first <= ?3 \
                 ORDER BY v.first",
            )?;
            let rows = statement.query_map(params![node, after as i64, until as i64], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            rows.collect()
        })
    }

    /// Whether anything but entries of these two names is in the folder `node` in the snapshot `at`.
    pub fn has_beside(&self, node: NodeId, at: u64, names: [&[u8]; 2]) -> Result<bool> {
        self.run(|connection| {
            connection
                .prepare_cached(
                    "SELECT 1 FROM node n CROSS JOIN version v ON v.node = n.id AND v.first <= ?2 AND v.last >= ?2 \
                     CROSS JOIN name m ON m.id = n.name WHERE n.parent = ?1 AND m.name <> ?3 AND m.name <> ?4 \
                     LIMIT 1",
                )?
                .exists(params![node, at as i64, names[0], names[1]])
        })
    }
}
