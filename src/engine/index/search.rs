//! Names by their letters, and the paths that have a name: what a search asks. Every answer is bounded.

use rusqlite::types::Type;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row, ffi, params};

use super::names::searched;
use super::{Index, NodeId};
use crate::engine::error::Result;
use crate::engine::meta::Kind;
use crate::engine::path::is_name;

/// Number of an interned name.
pub type NameId = i64;

/// Of how many characters each word of the search table is.
const TRIGRAM: usize = 3;

/// What a [`NamedPath`] is read from; `?2` is the newest snapshot that is of interest.
const NAMED_PATH: &str = "n.id, n.parent, w.last, v.first, v.last, v.kind, v.size FROM node n \
     LEFT JOIN version w ON w.node = n.id \
     AND w.first = (SELECT max(first) FROM version WHERE node = n.id) \
     LEFT JOIN version v ON v.node = n.id \
     AND v.first = (SELECT max(first) FROM version WHERE node = n.id AND first <= ?2)";

/// The folder that a path lies in, and its name there.
pub type Link = (NodeId, Vec<u8>);

/// A path that has a certain name, and when it was there.
#[derive(Debug, Clone)]
pub struct NamedPath {
    /// Number of the path.
    pub node: NodeId,
    /// Number of its folder.
    pub parent: NodeId,
    /// When it was there; `None` if every snapshot that had it was pruned.
    pub life: Option<Life>,
}

/// When a path was there, and what it was last.
#[derive(Debug, Clone)]
pub struct Life {
    /// The last snapshot of its newest version.
    pub last: i64,
    /// Its newest version of those that began early enough.
    pub version: Option<PastVersion>,
}

/// What of a version a search decides by.
#[derive(Debug, Clone)]
pub struct PastVersion {
    /// The snapshot that it began with.
    pub first: i64,
    /// The snapshot that it lasts to.
    pub last: i64,
    /// What it was.
    pub kind: Kind,
    /// Length of its content in bytes.
    pub size_bytes: u64,
}

impl Index {
    /// The number of `name`; `None` if no entry ever had it.
    pub fn name_id(&self, name: &[u8]) -> Result<Option<NameId>> {
        self.run(|connection| {
            connection
                .prepare_cached("SELECT id FROM name WHERE name = ?1")?
                .query_row([name], |row| row.get(0))
                .optional()
        })
    }

    /// Up to `limit` of the names that may begin with `text`, which must not be empty nor have a NUL in it.
    pub fn names_beginning(&self, text: &str, limit: usize) -> Result<Vec<(NameId, Vec<u8>)>> {
        let marked = trigrams(&searched(text.as_bytes()));
        // The first one says less than the second, and is in very many names.
        let telling = if marked.len() > 1 { marked.get(1..) } else { None };
        self.names(telling.unwrap_or(&marked), limit)
    }

    /// Up to `limit` of the names that may have `text` in them, which must be of three characters or more without a NUL.
    pub fn names_containing(&self, text: &str, limit: usize) -> Result<Vec<(NameId, Vec<u8>)>> {
        self.names(&trigrams(text), limit)
    }

    /// Names that have all of `trigrams`, anywhere and in any order. SQLite folds letters by tables of its own.
    fn names(&self, trigrams: &[String], limit: usize) -> Result<Vec<(NameId, Vec<u8>)>> {
        let mut quoted: Vec<String> =
            trigrams.iter().map(|text| format!("\"{}\"", text.replace('"', "\"\""))).collect();
        quoted.sort_unstable();
        quoted.dedup();
        let ask = |connection: &Connection| -> rusqlite::Result<Vec<_>> {
            let mut statement = connection.prepare_cached(
                "SELECT m.id, m.name FROM name_text CROSS JOIN name m ON m.id = name_text.rowid \
                 WHERE name_text MATCH ?1 LIMIT ?2",
            )?;
            let words = quoted.join(" AND ");
            let rows = statement.query_map(params![words, limit as i64], read_name)?;
            rows.collect()
        };
        self.run(|connection| ask(connection).map_err(broken))
    }

    /// Up to `limit` of the paths with the name `name` whose numbers are below `before`, those that were seen first last; of each
    /// the newest version that began with the snapshot `until` or before.
    pub fn paths_named(
        &self,
        name: NameId,
        before: NodeId,
        until: u64,
        limit: usize,
    ) -> Result<Vec<NamedPath>> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {NAMED_PATH} WHERE n.name = ?1 AND n.id < ?3 ORDER BY n.id DESC LIMIT ?4"
            ))?;
            let rows = statement
                .query_map(params![name, until as i64, before, limit as i64], read_named_path)?;
            rows.collect()
        })
    }

    /// As [`Index::paths_named`], of the path `node`.
    pub fn named_path(&self, node: NodeId, until: u64) -> Result<Option<NamedPath>> {
        self.run(|connection| {
            connection
                .prepare_cached(&format!("SELECT {NAMED_PATH} WHERE n.id = ?1"))?
                .query_row(params![node, until as i64], read_named_path)
                .optional()
        })
    }

    /// Up to `limit` of the versions of the path `node` that began before the snapshot `first`, newest first.
    pub fn versions_before(
        &self,
        node: NodeId,
        first: i64,
        limit: usize,
    ) -> Result<Vec<PastVersion>> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT v.first, v.last, v.kind, v.size FROM version v WHERE v.node = ?1 AND v.first < ?2 \
                 ORDER BY v.first DESC LIMIT ?3",
            )?;
            let rows = statement
                .query_map(params![node, first, limit as i64], |row| read_version(row, 0))?;
            rows.collect()
        })
    }

    /// Up to `limit` of the paths in the folder `node`, with the numbers of their names.
    pub fn paths_in(&self, node: NodeId, limit: usize) -> Result<Vec<(NodeId, NameId)>> {
        self.run(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT n.id, n.name FROM node n WHERE n.parent = ?1 LIMIT ?2")?;
            let rows = statement.query_map(params![node, limit as i64], |row| {
                let (id, name): (NodeId, NameId) = (row.get(0)?, row.get(1)?);
                // A forged row must not make a circle of folders.
                if id > node { Ok((id, name)) } else { Err(absurd(0)) }
            })?;
            rows.collect()
        })
    }

    /// The name with the number `id`; `None` if there is none.
    pub fn name_of(&self, id: NameId) -> Result<Option<Vec<u8>>> {
        self.run(|connection| {
            connection
                .prepare_cached("SELECT m.id, m.name FROM name m WHERE m.id = ?1")?
                .query_row([id], |row| Ok(read_name(row)?.1))
                .optional()
        })
    }

    /// The folder and the name of the path `node`; `None` if no row tells of it.
    pub fn link_of(&self, node: NodeId) -> Result<Option<Link>> {
        self.run(|connection| {
            connection
                .prepare_cached(
                    "SELECT n.parent, m.name FROM node n JOIN name m ON m.id = n.name WHERE n.id = ?1",
                )?
                .query_row([node], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
    }

    /// The snapshot that the oldest version of the path `node` began with.
    pub fn first_of(&self, node: NodeId) -> Result<Option<i64>> {
        self.run(|connection| {
            connection
                .prepare_cached("SELECT min(first) FROM version WHERE node = ?1")?
                .query_row([node], |row| row.get(0))
        })
    }
}

/// All runs of three characters in `text`.
fn trigrams(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.windows(TRIGRAM).map(|window| window.iter().collect()).collect()
}

/// What the search table says is wrong with itself in plain words means that it is broken: what it is asked is well formed.
fn broken(error: rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqliteFailure(failure, message) if failure.code == ErrorCode::Unknown => {
            rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), message)
        }
        error => error,
    }
}

fn read_name(row: &Row<'_>) -> rusqlite::Result<(NameId, Vec<u8>)> {
    let (id, name): (NameId, Vec<u8>) = (row.get(0)?, row.get(1)?);
    if is_name(&name) { Ok((id, name)) } else { Err(absurd(1)) }
}

fn read_named_path(row: &Row<'_>) -> rusqlite::Result<NamedPath> {
    let (node, parent): (NodeId, NodeId) = (row.get(0)?, row.get(1)?);
    if parent >= node {
        return Err(absurd(1));
    }
    let version = match row.get::<_, Option<i64>>(3)? {
        None => None,
        Some(_) => Some(read_version(row, 3)?),
    };
    let life = row.get::<_, Option<i64>>(2)?.map(|last| Life { last, version });
    Ok(NamedPath { node, parent, life })
}

/// Reads the columns from `at` on.
fn read_version(row: &Row<'_>, at: usize) -> rusqlite::Result<PastVersion> {
    let kind = u8::try_from(row.get::<_, i64>(at + 2)?).ok().and_then(Kind::from_code);
    Ok(PastVersion {
        first: row.get(at)?,
        last: row.get(at + 1)?,
        kind: kind.ok_or_else(|| absurd(at + 2))?,
        size_bytes: row.get(at + 3)?,
    })
}

fn absurd(column: usize) -> rusqlite::Error {
    let what = "a value that no path can have".into();
    rusqlite::Error::FromSqlConversionFailure(column, Type::Null, what)
}
