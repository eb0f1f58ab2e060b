//! Which paths lost a content and which got it, from one snapshot to the next: what proves that a file was moved.

use rusqlite::{CachedStatement, Connection, params};

use super::{Index, NodeId};
use crate::engine::error::Result;
use crate::engine::meta::ContentHash;

/// Of a content that has more versions than this, or came or went under more paths than [`PATHS`], no move is proven.
const LOOKED_AT: u32 = 16_384;

/// The most paths on a side.
const PATHS: usize = 256;

/// The paths that had the content of some version in one snapshot and are not there at all in another; the size must not be 0.
const ONLY_IN: &str = "SELECT v.node FROM version v WHERE v.size = ?1 AND substr(v.hash, 1, 8) = ?2 \
     AND v.kind = 102 AND v.size > 0 AND v.hash = ?3 AND v.first <= ?4 AND v.last >= ?4 AND NOT EXISTS \
     (SELECT 1 FROM version w WHERE w.node = v.node AND w.first <= ?5 AND w.last >= ?5) LIMIT ?6";

/// Paths that a content left, and paths that it came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// Those that had it in the earlier snapshot and are not there in the later one.
    pub gone: Vec<NodeId>,
    /// Those that have it in the later snapshot and were not there in the earlier one.
    pub new: Vec<NodeId>,
}

impl Index {
    /// The paths that the content left and came to from the snapshot `before` to the snapshot `after`, in no order; none if there
    /// are absurdly many. A file's size must not be 0.
    pub fn moved(
        &self,
        size_bytes: u64,
        hash: ContentHash,
        before: u64,
        after: u64,
    ) -> Result<Moved> {
        self.run(|connection| {
            if has_too_many(connection, size_bytes, hash)? {
                return Ok(Moved::default());
            }
            let mut statement = connection.prepare_cached(ONLY_IN)?;
            let mut only_in = |one: u64, other: u64| {
                only_in(&mut statement, (size_bytes, hash), (one as i64, other as i64))
            };
            let gone = only_in(before, after)?;
            // Mostly it is not there any more.
            let new = if gone.is_empty() { Vec::new() } else { only_in(after, before)? };
            let is_bounded = gone.len() <= PATHS && new.len() <= PATHS;
            Ok(if is_bounded { Moved { gone, new } } else { Moved::default() })
        })
    }
}

/// Whether a content has more versions than are looked at; the index of contents alone knows.
fn has_too_many(
    connection: &Connection,
    size_bytes: u64,
    hash: ContentHash,
) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT 1 FROM version WHERE size = ?1 AND substr(hash, 1, 8) = ?2 AND kind = 102 \
             AND size > 0 LIMIT 1 OFFSET ?3",
        )?
        .exists(params![size_bytes as i64, &hash.0[..8], LOOKED_AT])
}

fn only_in(
    statement: &mut CachedStatement<'_>,
    (size_bytes, hash): (u64, ContentHash),
    (one, other): (i64, i64),
) -> rusqlite::Result<Vec<NodeId>> {
    let rows = statement.query_map(
        params![size_bytes as i64, &hash.0[..8], hash.0.as_slice(), one, other, PATHS as i64 + 1],
        |row| row.get(0),
    )?;
    rows.collect()
}
