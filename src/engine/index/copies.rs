//! Where a content is stored already: asked by size, and then by hash.

use std::collections::{HashMap, HashSet};

use rusqlite::params;

use super::state::{COLUMNS, State};
use super::{Index, NodeId, ROOT_NODE};
use crate::engine::error::Result;
use crate::engine::meta::{ContentHash, FileTime};
use crate::engine::path::RelPath;

/// How many stored copies are tried: the first may have as many links as its file system allows.
const TRIED: u32 = 8;

/// Of how many: a content may be stored under a hundred thousand names.
const LOOKED_AT: u32 = 256;

/// One path under which a content was stored, in the snapshots from `first` to `last`.
#[derive(Debug, Clone)]
pub struct StoredCopy {
    /// The path's number.
    pub node: NodeId,
    /// The folder's number.
    pub parent: NodeId,
    /// The name in it.
    pub name: Vec<u8>,
    /// The snapshot that the version began with.
    pub first: i64,
    /// The snapshot that it lasts to.
    pub last: i64,
    /// What it was.
    pub state: State,
}

/// One path under which a content was stored, in the snapshots from `first` to `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The path's number.
    pub node: NodeId,
    /// The snapshot that the version began with.
    pub first: i64,
    /// The snapshot that it lasts to.
    pub last: i64,
}

impl Index {
    /// Whether any version of a file has this size, which must not be 0.
    pub fn has_size(&self, size_bytes: u64) -> Result<bool> {
        self.run(|connection| {
            connection
                .prepare_cached(
                    "SELECT 1 FROM version WHERE size = ?1 AND kind = 102 AND size > 0 LIMIT 1",
                )?
                .exists([size_bytes as i64])
        })
    }

    /// A few of the versions that have this content, those of the mtime `mtime` first; its size must not be 0.
    pub fn copies(
        &self,
        size_bytes: u64,
        hash: ContentHash,
        mtime: FileTime,
    ) -> Result<Vec<StoredCopy>> {
        self.copies_up_to(size_bytes, hash, mtime, TRIED)
    }

    /// As [`Index::copies`], at most `limit` of them.
    pub fn copies_up_to(
        &self,
        size_bytes: u64,
        hash: ContentHash,
        mtime: FileTime,
        limit: u32,
    ) -> Result<Vec<StoredCopy>> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT n.id, n.parent, m.name, v.first, v.last, {COLUMNS} FROM \
                 (SELECT * FROM version WHERE size = ?1 AND substr(hash, 1, 8) = ?2 AND kind = 102 \
                 AND size > 0 AND hash = ?3 LIMIT {LOOKED_AT}) v JOIN node n ON n.id = v.node \
                 JOIN name m ON m.id = n.name \
                 ORDER BY v.mtime = ?4 AND v.mtime_ns = ?5 DESC LIMIT ?6"
            ))?;
            let (size, start) = (size_bytes as i64, &hash.0[..8]);
            let rows = statement.query_map(
                params![size, start, hash.0.as_slice(), mtime.sec, mtime.nsec, limit],
                |row| {
                    Ok(StoredCopy {
                        node: row.get(0)?,
                        parent: row.get(1)?,
                        name: row.get(2)?,
                        first: row.get(3)?,
                        last: row.get(4)?,
                        state: State::read(row, 5)?,
                    })
                },
            )?;
            rows.collect()
        })
    }

    /// All versions that have this content; its size must not be 0.
    pub fn places_of(&self, size_bytes: u64, hash: ContentHash) -> Result<Vec<Place>> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT node, first, last FROM version WHERE size = ?1 AND substr(hash, 1, 8) = ?2 \
                 AND kind = 102 AND size > 0 AND hash = ?3",
            )?;
            let rows = statement
                .query_map(params![size_bytes as i64, &hash.0[..8], hash.0.as_slice()], |row| {
                    Ok(Place { node: row.get(0)?, first: row.get(1)?, last: row.get(2)? })
                })?;
            rows.collect()
        })
    }

    /// How many bytes each of these contents has; one that no version has is left out. Looks at every version that there is,
    /// once.
    pub fn sizes_of_contents(
        &self,
        hashes: &HashSet<ContentHash>,
    ) -> Result<HashMap<ContentHash, u64>> {
        let mut sizes = HashMap::new();
        if hashes.is_empty() {
            return Ok(sizes);
        }
        self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT hash, size FROM version WHERE kind = 102 AND hash IS NOT NULL",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()?
                && sizes.len() < hashes.len()
            {
                let hash = ContentHash::from_slice(row.get_ref(0)?.as_blob()?);
                if let Some(hash) = hash.filter(|hash| hashes.contains(hash)) {
                    sizes.insert(hash, row.get(1)?);
                }
            }
            Ok(())
        })?;
        Ok(sizes)
    }

    /// The path with the number `node`; `None` if a row is missing or absurd.
    pub fn path_of(&self, node: NodeId) -> Result<Option<RelPath>> {
        let (mut names, mut at) = (Vec::new(), node);
        while at != ROOT_NODE {
            match self.link_of(at)? {
                // A forged row must not make a circle of folders.
                Some((parent, name)) if parent < at => {
                    names.push(name);
                    at = parent;
                }
                _ => return Ok(None),
            }
        }
        names.reverse();
        Ok(RelPath::parse(&names.join(&b'/')).ok())
    }
}
