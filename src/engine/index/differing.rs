//! Which paths may differ between two snapshots: what the rows of all snapshots after the one and up to the other name.

use std::collections::BTreeSet;

use rusqlite::{CachedStatement, Connection, OptionalExtension as _, params};

use super::changes::read_counts;
use super::summary::{ChangeCounts, absurd, unpack};
use super::{Index, NodeId, SnapshotState};
use crate::engine::error::Result;
use crate::engine::path::is_name;

/// What the rows of the snapshots after one and up to another say of what is below a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Below {
    /// Nothing was ever different.
    Same,
    /// One snapshot alone changed anything: these are the differences.
    Once(ChangeCounts),
    /// Several did, perhaps back and forth.
    Often,
}

impl Index {
    /// The children of the folder `node` that differ in any snapshot after `earlier` up to `later` from the one before it, or have
    /// something below them that does, sorted by name; some may not differ between the two. Memory for those children.
    pub fn differing(
        &self,
        node: NodeId,
        earlier: u64,
        later: u64,
    ) -> Result<Vec<(Vec<u8>, NodeId)>> {
        self.run(|connection| {
            let mut named = match listed(connection, node, earlier, later)? {
                Listed::These(nodes) => names_of(connection, node, nodes)?,
                Listed::All => all_names(connection, node)?,
            };
            named.sort_unstable();
            Ok(named)
        })
    }

    /// Whether any snapshot after `earlier` up to `later` changed anything below the folder `node`.
    pub fn differs_below(&self, node: NodeId, earlier: u64, later: u64) -> Result<bool> {
        self.run(|connection| {
            let pruned = SnapshotState::Pruned.code();
            connection
                .prepare_cached(
                    "SELECT 1 FROM snapshot s \
                     CROSS JOIN change c ON c.snapshot = s.seq AND c.folder = ?1 \
                     WHERE s.seq > ?2 AND s.seq <= ?3 AND s.state <> ?4 LIMIT 1",
                )?
                .exists(params![node, earlier as i64, later as i64, pruned])
        })
    }

    /// What the snapshots after `earlier` up to `later` changed below the folder `node`.
    pub fn below(&self, node: NodeId, earlier: u64, later: u64) -> Result<Below> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT added, changed, touched, removed, bytes_in, bytes_out FROM snapshot s \
                 CROSS JOIN change c ON c.snapshot = s.seq AND c.folder = ?1 \
                 WHERE s.seq > ?2 AND s.seq <= ?3 AND s.state <> ?4 LIMIT 2",
            )?;
            let pruned = SnapshotState::Pruned.code();
            let mut rows = statement.query(params![node, earlier as i64, later as i64, pruned])?;
            let Some(row) = rows.next()? else { return Ok(Below::Same) };
            let counts = read_counts(row, 0)?;
            Ok(if rows.next()?.is_some() { Below::Often } else { Below::Once(counts) })
        })
    }
}

/// Which children are named.
enum Listed {
    These(BTreeSet<NodeId>),
    All,
}

fn listed(
    connection: &Connection,
    node: NodeId,
    earlier: u64,
    later: u64,
) -> rusqlite::Result<Listed> {
    let mut statement = connection.prepare_cached(
        "SELECT c.children FROM snapshot s CROSS JOIN change c ON c.snapshot = s.seq AND c.folder = ?1 \
         WHERE s.seq > ?2 AND s.seq <= ?3 AND s.state <> ?4",
    )?;
    let pruned = SnapshotState::Pruned.code();
    let mut rows = statement.query(params![node, earlier as i64, later as i64, pruned])?;
    let mut nodes = BTreeSet::new();
    while let Some(row) = rows.next()? {
        match row.get::<_, Option<Vec<u8>>>(0)? {
            Some(packed) => nodes.extend(unpack(node, &packed)?),
            None => return Ok(Listed::All),
        }
    }
    Ok(Listed::These(nodes))
}

fn names_of(
    connection: &Connection,
    parent: NodeId,
    nodes: BTreeSet<NodeId>,
) -> rusqlite::Result<Vec<(Vec<u8>, NodeId)>> {
    let mut statement: CachedStatement<'_> = connection.prepare_cached(
        "SELECT m.name FROM node n CROSS JOIN name m ON m.id = n.name WHERE n.id = ?1 AND n.parent = ?2",
    )?;
    let named = nodes.into_iter().map(|node| {
        let name: Option<Vec<u8>> =
            statement.query_row([node, parent], |row| row.get(0)).optional()?;
        // A forged row must not lead from one folder into another.
        name.filter(|name| is_name(name)).map(|name| (name, node)).ok_or_else(absurd)
    });
    named.collect()
}

fn all_names(connection: &Connection, parent: NodeId) -> rusqlite::Result<Vec<(Vec<u8>, NodeId)>> {
    let mut statement = connection.prepare_cached(
        "SELECT m.name, n.id FROM node n CROSS JOIN name m ON m.id = n.name WHERE n.parent = ?1",
    )?;
    let rows = statement.query_map([parent], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.map(|row| {
        let (name, node): (Vec<u8>, NodeId) = row?;
        // Nor in a circle.
        if is_name(&name) && node > parent { Ok((name, node)) } else { Err(absurd()) }
    })
    .collect()
}
