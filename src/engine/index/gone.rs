//! What is asked of single paths to tell what is gone.

use rusqlite::{OptionalExtension as _, params};

use super::{Index, NodeId};
use crate::engine::error::Result;

impl Index {
    /// The last components of those of the paths `nodes` that lie in the folder `parent`, in no order.
    pub fn names_in(&self, parent: NodeId, nodes: &[NodeId]) -> Result<Vec<(Vec<u8>, NodeId)>> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT m.name FROM node n JOIN name m ON m.id = n.name \
                 WHERE n.id = ?1 AND n.parent = ?2 AND n.parent < n.id",
            )?;
            let mut names = Vec::new();
            for node in nodes {
                let name = statement.query_row([*node, parent], |row| row.get(0)).optional()?;
                names.extend(name.map(|name| (name, *node)));
            }
            Ok(names)
        })
    }

    /// The first children by name that the folder `parent` has in the snapshot `at`, no more than `limit`, sorted.
    pub fn first_children(
        &self,
        parent: NodeId,
        at: u64,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, NodeId)>> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT m.name, n.id FROM node n \
                 CROSS JOIN version v ON v.node = n.id AND v.first <= ?2 AND v.last >= ?2 \
                 CROSS JOIN name m ON m.id = n.name WHERE n.parent = ?1 AND n.id > ?1 \
                 ORDER BY m.name LIMIT ?3",
            )?;
            let rows = statement.query_map(params![parent, at as i64, limit as i64], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            rows.collect()
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
