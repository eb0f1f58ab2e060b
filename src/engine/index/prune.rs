//! Forgets snapshots: their versions that no other holds, and what they changed, which the next one takes over. The work is
//! that of the changes in both, however many entries there are.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::changes::changed_children;
use super::summary::Summaries;
use super::write::transaction;
use super::{Index, NodeId, OPEN, SnapshotState};
use crate::engine::error::Result;

/// The largest number that is added to another one: forged ones can't overflow.
const LARGEST: i64 = i64::MAX / 2;

impl Index {
    /// Marks snapshots as pruned at `moment`. What is said of the other snapshots stays the same.
    pub fn prune(&mut self, numbers: &[u64], moment: jiff::Timestamp) -> Result<()> {
        if numbers.is_empty() {
            return Ok(());
        }
        self.run(|connection| {
            let transaction = transaction(connection)?;
            for seq in numbers {
                prune_one(&transaction, *seq as i64, moment)?;
            }
            transaction.commit()
        })
    }
}

fn prune_one(connection: &Connection, seq: i64, moment: jiff::Timestamp) -> rusqlite::Result<()> {
    let pruned = SnapshotState::Pruned.code();
    let marked = connection.execute(
        "UPDATE snapshot SET state = ?2, pruned_at = ?3 WHERE seq = ?1 AND state <> ?2",
        params![seq, pruned, moment.as_millisecond()],
    )?;
    if marked == 0 {
        return Ok(());
    }
    let neighbour = |sql: &str| -> rusqlite::Result<Option<i64>> {
        connection.query_row(sql, params![seq, pruned], |row| row.get(0)).optional()
    };
    let before = neighbour(
        "SELECT seq FROM snapshot WHERE seq < ?1 AND state <> ?2 ORDER BY seq DESC LIMIT 1",
    )?;
    let after =
        neighbour("SELECT seq FROM snapshot WHERE seq > ?1 AND state <> ?2 ORDER BY seq LIMIT 1")?;
    match (before, after) {
        (Some(before), Some(after)) => between(connection, before, seq, after),
        (None, Some(after)) => oldest(connection, seq, after),
        (Some(before), None) => newest(connection, before, seq),
        (None, None) => connection.execute_batch("DELETE FROM version; DELETE FROM change;"),
    }
}

/// The next one's changes are from now on those since the one before.
fn between(connection: &Connection, before: i64, seq: i64, after: i64) -> rusqlite::Result<()> {
    let mut nodes = changed_nodes(connection, seq)?;
    nodes.append(&mut changed_nodes(connection, after)?);
    nodes.sort_unstable();
    nodes.dedup();
    forget_versions(connection, &nodes, before, after)?;
    connection.execute("DELETE FROM change WHERE snapshot IN (?1, ?2)", [seq, after])?;
    let mut summaries = Summaries::new(connection, NodeId::MAX)?;
    for node in nodes {
        summaries.compare(node, Some(before), after)?;
    }
    summaries.write(after)
}

/// What the oldest one holds is what the history begins with: its rows are kept as such, added to those of older ones.
fn oldest(connection: &Connection, seq: i64, after: i64) -> rusqlite::Result<()> {
    forget_versions(connection, &changed_nodes(connection, after)?, 0, after)?;
    let base: Option<i64> = connection.query_row(
        "SELECT min(snapshot) FROM change WHERE snapshot < ?1",
        [seq],
        |row| row.get(0),
    )?;
    let Some(base) = base else { return Ok(()) };
    connection.execute(
        "INSERT INTO change SELECT ?2, folder, added, changed, touched, removed, bytes_in, bytes_out, x'' \
         FROM change WHERE snapshot = ?1 \
         ON CONFLICT (snapshot, folder) DO UPDATE SET \
         added = min(added, ?3) + min(excluded.added, ?3), \
         removed = min(removed, ?3) + min(excluded.removed, ?3), \
         bytes_in = min(bytes_in, ?3) + min(excluded.bytes_in, ?3), \
         bytes_out = min(bytes_out, ?3) + min(excluded.bytes_out, ?3)",
        [seq, base, LARGEST],
    )?;
    connection.execute("DELETE FROM change WHERE snapshot = ?1", [seq]).map(drop)
}

/// What held in the one before holds on: the next one is compared with it.
fn newest(connection: &Connection, before: i64, seq: i64) -> rusqlite::Result<()> {
    let nodes = changed_nodes(connection, seq)?;
    forget_versions(connection, &nodes, before, OPEN)?;
    let mut reopen = connection.prepare_cached(
        "UPDATE version SET last = ?3 WHERE node = ?1 AND first <= ?2 AND last >= ?2",
    )?;
    for node in nodes {
        reopen.execute(params![node, before, OPEN])?;
    }
    connection.execute("DELETE FROM change WHERE snapshot = ?1", [seq]).map(drop)
}

/// Deletes the versions of `nodes` that are in no snapshot up to `before`, nor in one from `after` on.
fn forget_versions(
    connection: &Connection,
    nodes: &[NodeId],
    before: i64,
    after: i64,
) -> rusqlite::Result<()> {
    // While the newest one goes, what is open ends nowhere.
    let last = if after == OPEN { OPEN } else { after - 1 };
    let mut delete = connection
        .prepare_cached("DELETE FROM version WHERE node = ?1 AND first > ?2 AND last <= ?3")?;
    for node in nodes {
        delete.execute(params![node, before, last])?;
    }
    Ok(())
}

/// All paths that the rows of the snapshot `seq` name; some may not differ.
fn changed_nodes(connection: &Connection, seq: i64) -> rusqlite::Result<Vec<NodeId>> {
    let mut statement =
        connection.prepare_cached("SELECT folder FROM change WHERE snapshot = ?1")?;
    let folders = statement.query_map([seq], |row| row.get(0))?;
    let mut nodes = Vec::new();
    for folder in folders {
        nodes.append(&mut changed_children(connection, folder?, seq)?);
    }
    Ok(nodes)
}
