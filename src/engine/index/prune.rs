//! Forgets snapshots: their versions that no other holds, and what they changed, which the next one takes over. The work is
//! that of the changes in them and in the next one, however many entries there are.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::changes::changed_children;
use super::summary::Summaries;
use super::write::transaction;
use super::{Index, NodeId, OPEN, SnapshotState};
use crate::engine::error::Result;

/// The largest number that is added to another one: forged ones can't overflow.
const LARGEST: i64 = i64::MAX / 2;

/// Paths of several snapshots are told apart only when there are so many.
const GATHERED: usize = 1 << 20;

/// Snapshots that go and follow each other, oldest first, and those that stay before and after them.
struct Run {
    before: Option<i64>,
    numbers: Vec<i64>,
    after: Option<i64>,
}

impl Index {
    /// Marks snapshots as pruned at `moment`. What is said of the other snapshots stays the same.
    ///
    /// Those that follow each other go in one transaction and at once: one by one, each would hand over to the next what it was
    /// handed itself.
    pub fn prune(&mut self, numbers: &[u64], moment: jiff::Timestamp) -> Result<()> {
        if numbers.is_empty() {
            return Ok(());
        }
        let known: Vec<u64> = self.snapshots()?.into_iter().map(|row| row.seq).collect();
        for run in runs(&known, &numbers.iter().copied().collect()) {
            self.run(|connection| {
                let transaction = transaction(connection)?;
                run.prune(&transaction, moment)?;
                transaction.commit()
            })?;
        }
        self.give_back();
        Ok(())
    }
}

/// Those of the snapshots `known` that go.
fn runs(known: &[u64], going: &BTreeSet<u64>) -> Vec<Run> {
    let (mut runs, mut before): (Vec<Run>, _) = (Vec::new(), None);
    let mut is_open = false;
    for seq in known {
        let number = *seq as i64;
        let open = runs.last_mut().filter(|_| is_open);
        is_open = going.contains(seq);
        match (open, is_open) {
            (Some(run), true) => run.numbers.push(number),
            (None, true) => runs.push(Run { before, numbers: vec![number], after: None }),
            (open, false) => {
                before = Some(number);
                if let Some(run) = open {
                    run.after = before;
                }
            }
        }
    }
    runs
}

impl Run {
    fn prune(&self, connection: &Connection, moment: jiff::Timestamp) -> rusqlite::Result<()> {
        let mut mark = connection
            .prepare_cached("UPDATE snapshot SET state = ?2, pruned_at = ?3 WHERE seq = ?1")?;
        for seq in &self.numbers {
            mark.execute(params![seq, SnapshotState::Pruned.code(), moment.as_millisecond()])?;
        }
        match (self.before, self.after) {
            (Some(before), Some(after)) => self.between(connection, before, after),
            (None, Some(after)) => self.oldest(connection, after),
            (Some(before), None) => self.newest(connection, before),
            (None, None) => connection.execute_batch("DELETE FROM version; DELETE FROM change;"),
        }
    }

    /// The next one's changes are from now on those since the one before.
    fn between(&self, connection: &Connection, before: i64, after: i64) -> rusqlite::Result<()> {
        let nodes = changed_nodes(connection, self.numbers.iter().chain([&after]))?;
        forget_versions(connection, &nodes, before, after)?;
        forget_changes(connection, self.numbers.iter().chain([&after]))?;
        let mut summaries = Summaries::new(connection, NodeId::MAX)?;
        for node in nodes {
            summaries.compare(node, Some(before), after)?;
        }
        summaries.write(after)
    }

    /// What the oldest ones held is what the history begins with: their rows are kept as such, added to those of older ones.
    fn oldest(&self, connection: &Connection, after: i64) -> rusqlite::Result<()> {
        // What ends with one of them is named by the one after it.
        let ending = self.numbers.iter().skip(1).chain([&after]);
        forget_versions(connection, &changed_nodes(connection, ending)?, 0, after)?;
        let base: Option<i64> = connection.query_row(
            "SELECT min(snapshot) FROM change WHERE snapshot < ?1",
            [after],
            |row| row.get(0),
        )?;
        let Some(base) = base else { return Ok(()) };
        let mut add = connection.prepare_cached(
            "INSERT INTO change SELECT ?2, folder, added, changed, touched, removed, bytes_in, bytes_out, x'' \
             FROM change WHERE snapshot = ?1 \
             ON CONFLICT (snapshot, folder) DO UPDATE SET \
             added = min(added, ?3) + min(excluded.added, ?3), \
             removed = min(removed, ?3) + min(excluded.removed, ?3), \
             bytes_in = min(bytes_in, ?3) + min(excluded.bytes_in, ?3), \
             bytes_out = min(bytes_out, ?3) + min(excluded.bytes_out, ?3)",
        )?;
        let added = self.numbers.iter().filter(|seq| **seq != base);
        for seq in added.clone() {
            add.execute([*seq, base, LARGEST])?;
        }
        forget_changes(connection, added)
    }

    /// What held in the one before holds on: the next one is compared with it.
    fn newest(&self, connection: &Connection, before: i64) -> rusqlite::Result<()> {
        let nodes = changed_nodes(connection, self.numbers.iter())?;
        forget_versions(connection, &nodes, before, OPEN)?;
        let mut reopen = connection.prepare_cached(
            "UPDATE version SET last = ?3 WHERE node = ?1 AND first <= ?2 AND last >= ?2",
        )?;
        for node in nodes {
            reopen.execute(params![node, before, OPEN])?;
        }
        forget_changes(connection, self.numbers.iter())
    }
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

/// Deletes the rows of what snapshots changed.
fn forget_changes<'a>(
    connection: &Connection,
    snapshots: impl Iterator<Item = &'a i64>,
) -> rusqlite::Result<()> {
    let mut delete = connection.prepare_cached("DELETE FROM change WHERE snapshot = ?1")?;
    for seq in snapshots {
        delete.execute([seq])?;
    }
    Ok(())
}

/// All paths that the rows of some snapshots name, each once; some may not differ. Memory for each path.
fn changed_nodes<'a>(
    connection: &Connection,
    snapshots: impl Iterator<Item = &'a i64>,
) -> rusqlite::Result<Vec<NodeId>> {
    let mut statement =
        connection.prepare_cached("SELECT folder FROM change WHERE snapshot = ?1")?;
    let (mut nodes, mut most) = (Vec::new(), GATHERED);
    for seq in snapshots {
        let folders = statement.query_map([seq], |row| row.get(0))?;
        for folder in folders {
            nodes.append(&mut changed_children(connection, folder?, *seq)?);
        }
        if nodes.len() > most {
            nodes.sort_unstable();
            nodes.dedup();
            most = GATHERED.max(nodes.len() * 2);
        }
    }
    nodes.sort_unstable();
    nodes.dedup();
    Ok(nodes)
}
