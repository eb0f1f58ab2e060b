//! Files by the numbers of their paths, for whoever wants any.

use rusqlite::{OptionalExtension as _, params};

use super::{Index, NodeId};
use crate::engine::error::Result;

impl Index {
    /// The first path, from the number `node` on, under which a file with a known content was ever stored.
    pub fn file_from(&self, node: NodeId) -> Result<Option<NodeId>> {
        self.run(|connection| {
            connection
                .prepare_cached(
                    "SELECT node FROM version WHERE node >= ?1 AND kind = 102 AND hash IS NOT NULL \
                     ORDER BY node LIMIT 1",
                )?
                .query_row(params![node], |row| row.get(0))
                .optional()
        })
    }
}
