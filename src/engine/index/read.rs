//! Questions to the index that the engine itself asks.

use rusqlite::types::Type;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::state::{COLUMNS, State};
use super::{Index, NodeId, ROOT_NODE, SnapshotState};
use crate::engine::error::Result;
use crate::engine::listing::USUAL_CHILDREN;
use crate::engine::path::{EntryName, RelPath, is_name};

/// A child of a folder at a moment.
#[derive(Debug, Clone)]
pub struct Child {
    /// Number of its path.
    pub node: NodeId,
    /// Its name.
    pub name: EntryName,
    /// The snapshot that this version began with.
    pub first: i64,
    /// The snapshot that it lasts to.
    pub last: i64,
    /// What it is.
    pub state: State,
}

impl Child {
    /// Where the child called `name` is among those that are sorted by name.
    pub fn place_of(sorted: &[Self], name: &[u8]) -> Option<usize> {
        sorted.binary_search_by(|child| child.name.as_slice().cmp(name)).ok()
    }
}

fn absurd(what: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(1, Type::Blob, what.into())
}

/// The children of the folder `node` in the snapshot `at`, sorted by name.
pub fn children_of(connection: &Connection, node: NodeId, at: u64) -> rusqlite::Result<Vec<Child>> {
    let mut statement: CachedStatement<'_> = connection.prepare_cached(&format!(
        "SELECT n.id, m.name, v.first, v.last, {COLUMNS} FROM node n \
         CROSS JOIN version v ON v.node = n.id AND v.first <= ?2 AND v.last >= ?2 \
         CROSS JOIN name m ON m.id = n.name WHERE n.parent = ?1"
    ))?;
    let rows = statement.query_map(params![node, at as i64], |row| {
        let (id, name): (NodeId, _) = (row.get(0)?, row.get_ref(1)?.as_blob().unwrap_or_default());
        // A forged row must not name its way out of a folder, nor make a circle of folders.
        if !is_name(name) || id <= node {
            return Err(absurd("a name that no entry can have"));
        }
        Ok(Child {
            node: id,
            name: EntryName::from_slice(name),
            first: row.get(2)?,
            last: row.get(3)?,
            state: State::read(row, 4)?,
        })
    })?;
    let mut children = Vec::with_capacity(USUAL_CHILDREN);
    for child in rows {
        children.push(child?);
    }
    children.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    if children.windows(2).any(|pair| pair[0].name == pair[1].name) {
        return Err(absurd("two versions of one entry at once"));
    }
    Ok(children)
}

/// The version of the path `node` in the snapshot `at`: the snapshots it lasts from and to, and what it is.
pub(super) fn version_of(
    connection: &Connection,
    node: NodeId,
    at: i64,
) -> rusqlite::Result<Option<(i64, i64, State)>> {
    let newest = connection
        .prepare_cached(&format!(
            "SELECT v.first, v.last, {COLUMNS} FROM version v WHERE v.node = ?1 AND v.first <= ?2 \
             ORDER BY v.first DESC LIMIT 1"
        ))?
        .query_row(params![node, at], |row| Ok((row.get(0)?, row.get(1)?, State::read(row, 2)?)))
        .optional()?;
    Ok(newest.filter(|(_, last, _)| *last >= at))
}

/// The number that the next new path gets.
pub(super) fn next_node(connection: &Connection) -> rusqlite::Result<NodeId> {
    connection.query_row("SELECT max(id) + 1 FROM node", [], |row| row.get(0))
}

impl Index {
    /// The names of folders among the snapshots that could not be taken in.
    pub fn unusable(&self) -> Result<Vec<String>> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached("SELECT name FROM unusable")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            rows.collect()
        })
    }

    /// The newest snapshot that protected the source `id` at `path`, missing and damaged ones included.
    pub fn newest_of_source(&self, id: Uuid, path: &RelPath) -> Result<Option<u64>> {
        self.newest_source(id, path, SnapshotState::Missing)
    }

    /// The same, good ones only.
    pub fn newest_good_of_source(&self, id: Uuid, path: &RelPath) -> Result<Option<u64>> {
        self.newest_source(id, path, SnapshotState::Good)
    }

    fn newest_source(&self, id: Uuid, path: &RelPath, worst: SnapshotState) -> Result<Option<u64>> {
        self.run(|connection| {
            connection
                .prepare_cached(
                    "SELECT s.seq FROM snapshot s \
                     CROSS JOIN source o ON o.snapshot = s.seq AND o.id = ?1 \
                     WHERE o.path = ?2 AND s.state <= ?3 \
                     ORDER BY s.seq DESC LIMIT 1",
                )?
                .query_row(params![id.as_bytes(), path.as_bytes(), worst.code()], |row| row.get(0))
                .optional()
        })
    }

    /// The sources that the snapshot `seq` protected.
    pub fn sources_of(&self, seq: u64) -> Result<Vec<(Uuid, RelPath)>> {
        self.run(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT id, path FROM source WHERE snapshot = ?1")?;
            let rows = statement.query_map([seq as i64], |row| {
                Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?))
            })?;
            let mut sources = Vec::new();
            for row in rows {
                let (id, path) = row?;
                if let (Ok(id), Ok(path)) = (Uuid::from_slice(&id), RelPath::parse(&path)) {
                    sources.push((id, path));
                }
            }
            Ok(sources)
        })
    }

    /// The numbers of the snapshots, pruned ones left out, that protected `path` or something below it, in order.
    pub fn snapshots_above(&self, path: &RelPath) -> Result<Vec<u64>> {
        let mut numbers = Vec::new();
        self.each_source(|seq, source| {
            if source.is_within(path) && numbers.last() != Some(&seq) {
                numbers.push(seq);
            }
        })?;
        Ok(numbers)
    }

    /// Shows `look` each source of each snapshot, pruned ones left out, in the order of the snapshots.
    pub fn each_source(&self, mut look: impl FnMut(u64, &RelPath)) -> Result<()> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT s.seq, o.path FROM snapshot s CROSS JOIN source o ON o.snapshot = s.seq \
                 WHERE s.state <> ?1 ORDER BY s.seq",
            )?;
            let mut rows = statement.query([SnapshotState::Pruned.code()])?;
            while let Some(row) = rows.next()? {
                if let Ok(path) = RelPath::parse(&row.get::<_, Vec<u8>>(1)?) {
                    look(row.get(0)?, &path);
                }
            }
            Ok(())
        })
    }

    /// The rules that the snapshot `seq` was made by, as the lines of its seal.
    pub fn rules_of(&self, seq: u64) -> Result<Vec<String>> {
        self.run(|connection| {
            let lines: Option<String> = connection
                .prepare_cached(
                    "SELECT r.lines FROM snapshot s JOIN rules r ON r.id = s.rules WHERE s.seq = ?1",
                )?
                .query_row([seq as i64], |row| row.get(0))
                .optional()?;
            let parse = |lines: String| {
                serde_json::from_str(&lines).map_err(|error| {
                    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into())
                })
            };
            lines.map_or_else(|| Ok(Vec::new()), parse)
        })
    }

    /// The number of `path`; `None` if it was never seen.
    pub fn node_of(&self, path: &RelPath) -> Result<Option<NodeId>> {
        let mut node = ROOT_NODE;
        for name in path.components() {
            match self.child_node(node, name)? {
                Some(child) => node = child,
                None => return Ok(None),
            }
        }
        Ok(Some(node))
    }

    /// The number of `name` below `parent`; `None` if it was never seen.
    pub fn child_node(&self, parent: NodeId, name: &[u8]) -> Result<Option<NodeId>> {
        self.run(|connection| {
            connection
                .prepare_cached(
                    "SELECT n.id FROM name m JOIN node n ON n.parent = ?1 AND n.name = m.id \
                     WHERE m.name = ?2",
                )?
                .query_row(params![parent, name], |row| row.get(0))
                .optional()
        })
    }

    /// The state of the path `node` in the snapshot `at`, with the snapshots it lasts from and to.
    pub fn version_at(&self, node: NodeId, at: u64) -> Result<Option<(i64, i64, State)>> {
        self.run(|connection| version_of(connection, node, at as i64))
    }

    /// All versions of the path `node`, newest first.
    pub fn versions_of(&self, node: NodeId) -> Result<Vec<(i64, i64, State)>> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT v.first, v.last, {COLUMNS} FROM version v WHERE v.node = ?1 \
                 ORDER BY v.first DESC"
            ))?;
            let rows = statement
                .query_map([node], |row| Ok((row.get(0)?, row.get(1)?, State::read(row, 2)?)))?;
            rows.collect()
        })
    }

    /// The children of the folder `node` in the snapshot `at`, sorted by name.
    pub fn children(&self, node: NodeId, at: u64) -> Result<Vec<Child>> {
        self.run(|connection| children_of(connection, node, at))
    }

    /// The number that the next new path gets.
    pub fn next_node(&self) -> Result<NodeId> {
        self.run(next_node)
    }
}
