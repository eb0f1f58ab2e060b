//! What is stored already, and what only some of the snapshots hold.

use rusqlite::params;

use super::state::{COLUMNS, State};
use super::{Index, OPEN};
use crate::engine::error::Result;
use crate::engine::meta::FileTime;

/// Versions of one content, as far as they were seen.
#[derive(Default)]
struct Held {
    content: Option<(u64, Vec<u8>)>,
    by_going: bool,
    by_kept: bool,
}

/// Numbers of snapshots, in order.
struct Numbers(Vec<i64>);

impl Numbers {
    fn new(seqs: &[u64]) -> Self {
        let mut numbers: Vec<i64> =
            seqs.iter().map(|seq| i64::try_from(*seq).unwrap_or(OPEN)).collect();
        numbers.sort_unstable();
        Self(numbers)
    }

    /// Whether any of them has a version that lasts from `first` to `last`.
    fn hold(&self, first: i64, last: i64) -> bool {
        let at = self.0.partition_point(|number| *number < first);
        self.0.get(at).is_some_and(|number| *number <= last)
    }
}

impl Index {
    /// Whether the newest state of any path is a file of this size and time: moved, copied or touched, it is stored already.
    pub fn has_file_like(&self, size_bytes: u64, mtime: FileTime) -> Result<bool> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT 1 FROM version WHERE kind = 102 AND size > 0 AND size = ?1 \
                 AND last = ?2 AND mtime = ?3 AND mtime_ns = ?4 AND hash IS NOT NULL",
            )?;
            statement.exists(params![size_bytes as i64, OPEN, mtime.sec, mtime.nsec])
        })
    }

    /// How many different contents some of the snapshots `going` hold and none of `kept` does, and their sizes in bytes.
    ///
    /// Looks at every version that there is.
    pub fn contents_only_in(&self, going: &[u64], kept: &[u64]) -> Result<(u64, u64)> {
        let (going, kept) = (Numbers::new(going), Numbers::new(kept));
        self.run(|connection| {
            let (mut count, mut bytes) = (0_u64, 0_u64);
            let mut add = |held: &Held| {
                if let Some((size, _)) =
                    held.content.as_ref().filter(|_| held.by_going && !held.by_kept)
                {
                    count += 1;
                    bytes = bytes.saturating_add(*size);
                }
            };
            // Those of one size that begin alike are equal.
            let mut known = connection.prepare_cached(
                "SELECT size, substr(hash, 1, 8), first, last FROM version INDEXED BY content \
                 WHERE kind = 102 AND size > 0 AND substr(hash, 1, 8) IS NOT NULL \
                 ORDER BY size, substr(hash, 1, 8)",
            )?;
            let mut rows = known.query([])?;
            let mut held = Held::default();
            while let Some(row) = rows.next()? {
                let content = Some((row.get(0)?, row.get(1)?));
                if held.content != content {
                    add(&held);
                    held = Held { content, ..Held::default() };
                }
                let (first, last) = (row.get(2)?, row.get(3)?);
                held.by_going |= going.hold(first, last);
                held.by_kept |= kept.hold(first, last);
            }
            add(&held);
            let mut unknown = connection.prepare_cached(&format!(
                "SELECT v.first, v.last, {COLUMNS} FROM version v INDEXED BY content \
                 WHERE kind = 102 AND size > 0 AND substr(hash, 1, 8) IS NULL"
            ))?;
            let mut rows = unknown.query([])?;
            while let Some(row) = rows.next()? {
                let (first, last) = (row.get(0)?, row.get(1)?);
                let state = State::read(row, 2)?;
                let by_going = going.hold(first, last) && !state.change().absent;
                let content = Some((state.meta.size_bytes, Vec::new()));
                add(&Held { content, by_going, by_kept: kept.hold(first, last) });
            }
            Ok((count, bytes))
        })
    }
}
