//! What is stored already, and what only some of the snapshots hold.

use rusqlite::{Connection, params};

use super::state::{COLUMNS, State};
use super::{Index, NodeId, OPEN};
use crate::engine::error::Result;
use crate::engine::meta::FileTime;

/// Contents of at least this many bytes are named one by one.
const LARGE_BYTES: u64 = 1 << 20;

/// Contents that some snapshots hold and no others.
#[derive(Debug, Default)]
pub struct HeldOnly {
    /// How many, of every size.
    pub count: u64,
    /// The sizes in bytes of the small ones together.
    pub small_bytes: u64,
    /// The others.
    pub large: Vec<LargeContent>,
}

/// A large content, and where it lies.
#[derive(Debug, Clone, Copy)]
pub struct LargeContent {
    /// A snapshot that holds it.
    pub seq: u64,
    /// The path that it has there.
    pub node: NodeId,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// What becomes of the path's other contents.
    pub others: Others,
    first: i64,
}

/// What becomes of other contents of the same path, with which one may share blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// There are none.
    None,
    /// They go, too.
    Go {
        /// The first snapshot of the content.
        written_in: u64,
    },
    /// Some stay.
    Stay {
        /// The first snapshot of the content that took its place: what that wrote is shared no more. Its own, if none did.
        written_in: u64,
    },
}

/// Versions of one content, as far as they were seen.
#[derive(Default)]
struct Held {
    content: Option<(u64, Vec<u8>)>,
    /// A path, the first snapshot that has the content there, and one of those that go.
    by_going: Option<(NodeId, i64, i64)>,
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

    /// One of them that has a version that lasts from `first` to `last`.
    fn holder(&self, first: i64, last: i64) -> Option<i64> {
        let at = self.0.partition_point(|number| *number < first);
        self.0.get(at).copied().filter(|number| *number <= last)
    }

    /// Whether any of them has it.
    fn hold(&self, first: i64, last: i64) -> bool {
        self.holder(first, last).is_some()
    }
}

impl HeldOnly {
    fn add(&mut self, held: &Held) {
        let (Some((size_bytes, _)), Some((node, first, seq)), false) =
            (&held.content, held.by_going, held.by_kept)
        else {
            return;
        };
        self.count += 1;
        if *size_bytes < LARGE_BYTES {
            self.small_bytes = self.small_bytes.saturating_add(*size_bytes);
        } else {
            let (seq, size_bytes) = (seq.cast_unsigned(), *size_bytes);
            let others = Others::None;
            self.large.push(LargeContent { seq, node, size_bytes, others, first });
        }
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

    /// The different contents that some of the snapshots `going` hold and none of `kept` does.
    ///
    /// Looks at every version that there is.
    pub fn contents_only_in(&self, going: &[u64], kept: &[u64]) -> Result<HeldOnly> {
        let (going, kept) = (Numbers::new(going), Numbers::new(kept));
        self.run(|connection| {
            let mut only = HeldOnly::default();
            add_known(connection, &going, &kept, &mut only)?;
            add_unknown(connection, &going, &kept, &mut only)?;
            for large in &mut only.large {
                large.others = others(connection, large, &kept)?;
            }
            Ok(only)
        })
    }
}

/// Adds what has a hash: those of one size that begin alike are equal.
fn add_known(
    connection: &Connection,
    going: &Numbers,
    kept: &Numbers,
    only: &mut HeldOnly,
) -> rusqlite::Result<()> {
    let mut known = connection.prepare_cached(
        "SELECT size, substr(hash, 1, 8), first, last, node FROM version INDEXED BY content \
         WHERE kind = 102 AND size > 0 AND substr(hash, 1, 8) IS NOT NULL \
         ORDER BY size, substr(hash, 1, 8)",
    )?;
    let mut rows = known.query([])?;
    let mut held = Held::default();
    while let Some(row) = rows.next()? {
        let content = Some((row.get(0)?, row.get(1)?));
        if held.content != content {
            only.add(&held);
            held = Held { content, ..Held::default() };
        }
        let (first, last) = (row.get(2)?, row.get(3)?);
        if let Some(seq) = going.holder(first, last) {
            held.by_going = Some((row.get(4)?, first, seq));
        }
        held.by_kept |= kept.hold(first, last);
    }
    only.add(&held);
    Ok(())
}

/// Adds files of which nothing is known but their sizes, each of which counts as one of its own.
fn add_unknown(
    connection: &Connection,
    going: &Numbers,
    kept: &Numbers,
    only: &mut HeldOnly,
) -> rusqlite::Result<()> {
    let mut unknown = connection.prepare_cached(&format!(
        "SELECT v.first, v.last, v.node, {COLUMNS} FROM version v INDEXED BY content \
         WHERE kind = 102 AND size > 0 AND substr(hash, 1, 8) IS NULL"
    ))?;
    let mut rows = unknown.query([])?;
    while let Some(row) = rows.next()? {
        let (first, last, node) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let state = State::read(row, 3)?;
        let holder = going.holder(first, last).filter(|_| !state.change().absent);
        let content = Some((state.meta.size_bytes, Vec::new()));
        let by_going = holder.map(|seq| (node, first, seq));
        only.add(&Held { content, by_going, by_kept: kept.hold(first, last) });
    }
    Ok(())
}

fn others(
    connection: &Connection,
    large: &LargeContent,
    kept: &Numbers,
) -> rusqlite::Result<Others> {
    let mut versions = connection.prepare_cached(
        "SELECT first, last FROM version WHERE node = ?1 AND kind = 102 AND size > 0 ORDER BY first",
    )?;
    let mut rows = versions.query([large.node])?;
    let (mut count, mut stays, mut next) = (0_u64, false, None);
    while let Some(row) = rows.next()? {
        let (first, last) = (row.get(0)?, row.get(1)?);
        count += 1;
        stays |= kept.hold(first, last);
        next = next.or((first > large.first).then_some(first));
    }
    Ok(match (count > 1, stays) {
        (false, _) => Others::None,
        (true, false) => Others::Go { written_in: large.first.cast_unsigned() },
        (true, true) => Others::Stay { written_in: next.unwrap_or(large.first).cast_unsigned() },
    })
}
