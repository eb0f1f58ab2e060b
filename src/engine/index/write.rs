//! The one transaction per snapshot.

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::names::Names;
use super::read::next_node;
use super::snapshot;
use super::spool::{Record, Spool, SpoolError, Take};
use super::summary::Summaries;
use super::{
    CACHE_KIB, DROP_LATE_INDEXES, Index, LATE_INDEXES, NodeId, OPEN, SORT_CACHE_KIB, SnapshotState,
    StateChange, set_cache,
};
use crate::engine::error::{Error, Result};
use crate::engine::pin::Pin;
use crate::engine::seal::Seal;

impl Index {
    /// Takes a committed snapshot in: its row, its sources and all that the run spooled.
    pub fn add_snapshot(
        &mut self,
        seal: &Seal,
        name: &str,
        state: SnapshotState,
        pin: &Pin,
        spool: &Spool,
    ) -> Result<()> {
        let wrap = |error| Error::index(&self.path, error);
        let transaction = transaction(&self.connection).map_err(wrap)?;
        let is_first = is_first(&transaction).map_err(wrap)?;
        if is_first {
            transaction.execute_batch(DROP_LATE_INDEXES).map_err(wrap)?;
        }
        insert_snapshot(&transaction, seal, name, state, pin).map_err(wrap)?;
        let seq = seal.seq as i64;
        let before = before(&transaction, seq).map_err(wrap)?;
        let first_new = next_node(&transaction).map_err(wrap)?;
        apply(&transaction, seq, before, |take| spool.read_all(take))
            .and_then(|()| summarize(&transaction, seq, before, first_new, spool))
            .map_err(|error| error.wrap(&self.path))?;
        if is_first {
            add_late_indexes(&transaction).map_err(wrap)?;
        }
        transaction.commit().map_err(wrap)?;
        // Its pages are hardly wanted again, and the other copy comes next.
        let _ = self.connection.release_memory();
        Ok(())
    }

    /// Notes that nothing had changed at `moment` since the snapshot `seq`, and how the sources are recognised now.
    pub fn note_same(&mut self, seq: u64, moment: jiff::Timestamp, spool: &Spool) -> Result<()> {
        let wrap = |error| Error::index(&self.path, error);
        let transaction = transaction(&self.connection).map_err(wrap)?;
        transaction
            .execute(
                "UPDATE snapshot SET same_at = ?2 WHERE seq = ?1",
                params![seq as i64, moment.as_millisecond()],
            )
            .map_err(wrap)?;
        apply(&transaction, seq as i64, None, |take| spool.read_all(take))
            .map_err(|error| error.wrap(&self.path))?;
        transaction.commit().map_err(wrap)
    }

    /// Remembers what became of snapshots.
    pub fn set_states(&mut self, changes: &[StateChange]) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        self.run(|connection| {
            let transaction = transaction(connection)?;
            for change in changes {
                transaction.execute(
                    "UPDATE snapshot SET state = ?2 WHERE seq = ?1",
                    params![change.seq as i64, change.state.code()],
                )?;
            }
            transaction.commit()
        })
    }

    /// Repeats what a person said of a snapshot.
    pub fn set_pin(&self, seq: u64, pin: &Pin) -> Result<()> {
        self.run(|connection| {
            let transaction = transaction(connection)?;
            transaction.execute(
                "UPDATE snapshot SET pinned = ?2, label = ?3 WHERE seq = ?1",
                params![seq as i64, pin.pinned, pin.label],
            )?;
            transaction.commit()
        })
    }

    /// Remembers which folders among the snapshots can't be taken in; those that are not named can.
    pub fn set_unusable(&mut self, names: &[String]) -> Result<()> {
        let mut before = self.unusable()?;
        before.sort_unstable();
        if before.iter().eq(names.iter().collect::<std::collections::BTreeSet<_>>()) {
            return Ok(());
        }
        self.run(|connection| {
            let transaction = transaction(connection)?;
            transaction.execute("DELETE FROM unusable", [])?;
            for name in names {
                transaction.execute("INSERT OR IGNORE INTO unusable (name) VALUES (?1)", [name])?;
            }
            transaction.commit()
        })
    }
}

/// Begins a transaction that writes, which is a new generation of the index.
pub(super) fn transaction(connection: &Connection) -> rusqlite::Result<Transaction<'_>> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    transaction.execute("UPDATE head SET generation = generation + 1", [])?;
    Ok(transaction)
}

/// The newest snapshot before `seq` that is not pruned.
fn before(connection: &Connection, seq: i64) -> rusqlite::Result<Option<i64>> {
    let pruned = SnapshotState::Pruned.code();
    connection
        .query_row(
            "SELECT seq FROM snapshot WHERE seq < ?1 AND state <> ?2 ORDER BY seq DESC LIMIT 1",
            params![seq, pruned],
            |row| row.get(0),
        )
        .optional()
}

/// Whether no version is known yet.
fn is_first(connection: &Connection) -> rusqlite::Result<bool> {
    connection.prepare("SELECT 1 FROM version LIMIT 1")?.exists([]).map(|exists| !exists)
}

/// Makes the indexes that a first snapshot is written without. With less memory for sorting it is even faster.
pub(super) fn add_late_indexes(connection: &Connection) -> rusqlite::Result<()> {
    set_cache(connection, SORT_CACHE_KIB)?;
    let added = connection.execute_batch(LATE_INDEXES);
    set_cache(connection, CACHE_KIB)?;
    added
}

pub(super) fn insert_snapshot(
    connection: &Connection,
    seal: &Seal,
    name: &str,
    state: SnapshotState,
    pin: &Pin,
) -> rusqlite::Result<()> {
    let rules = intern_rules(connection, &seal.rules)?;
    snapshot::insert(connection, seal, name, state, pin, rules)?;
    let seq = i64::try_from(seal.seq).unwrap_or(i64::MAX);
    for (id, path) in seal.sources_apart() {
        connection.execute(
            "INSERT OR IGNORE INTO source (snapshot, id, path) VALUES (?1, ?2, ?3)",
            params![seq, id.as_bytes(), path.as_bytes()],
        )?;
    }
    Ok(())
}

/// The number of the rules with these lines.
fn intern_rules(connection: &Connection, lines: &[String]) -> rusqlite::Result<i64> {
    let lines = serde_json::Value::from(lines.to_vec()).to_string();
    connection.execute("INSERT OR IGNORE INTO rules (lines) VALUES (?1)", [&lines])?;
    connection.query_row("SELECT id FROM rules WHERE lines = ?1", [&lines], |row| row.get(0))
}

/// Carries out what a run spooled, as `read` gives it, for the snapshot `seq`, which comes after the snapshot `before`.
pub(super) fn apply(
    connection: &Connection,
    seq: i64,
    before: Option<i64>,
    read: impl FnOnce(Take<'_>) -> Result<(), SpoolError>,
) -> Result<(), SpoolError> {
    let prepare = |sql| connection.prepare(sql).map_err(SpoolError::Index);
    let mut names = Names::new(connection).map_err(SpoolError::Index)?;
    let mut node = prepare("INSERT INTO node (id, parent, name) VALUES (?1, ?2, ?3)")?;
    let mut end = prepare("UPDATE version SET last = ?3 WHERE node = ?1 AND first = ?2")?;
    // How the source was recognised is of use to the newest version alone.
    let mut replace = prepare(
        "UPDATE version SET last = ?3, inode = NULL, ctime = NULL, ctime_ns = NULL \
         WHERE node = ?1 AND first = ?2",
    )?;
    let mut begin = prepare(
        "INSERT INTO version (node, first, last, kind, mode, uid, gid, size, mtime, mtime_ns, device, \
         hash, xattrs, inode, ctime, ctime_ns, stored_mtime, stored_mtime_ns, override) VALUES \
         (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
    )?;
    let mut fingerprint = prepare(
        "UPDATE version SET inode = ?3, ctime = ?4, ctime_ns = ?5 WHERE node = ?1 AND first = ?2",
    )?;
    let last = before.unwrap_or(seq - 1);
    read(&mut |record| {
        match record {
            Record::Node { id, parent, name } => {
                node.execute(params![id, parent, names.intern(&name)?])?;
            }
            Record::End { node, first } => {
                end.execute(params![node, first, last])?;
            }
            Record::Begin { node, replaces, state } => {
                if let Some(first) = replaces {
                    replace.execute(params![node, first, last])?;
                }
                begin.raw_bind_parameter(1, node)?;
                begin.raw_bind_parameter(2, seq)?;
                begin.raw_bind_parameter(3, OPEN)?;
                state.bind(&mut begin, 4)?;
                begin.raw_execute()?;
            }
            Record::Fingerprint { node, first, fingerprint: value } => {
                fingerprint.execute(params![
                    node,
                    first,
                    value.map(|value| value.inode as i64),
                    value.map(|value| value.ctime.sec),
                    value.map(|value| value.ctime.nsec),
                ])?;
            }
        }
        Ok(())
    })
}

/// Notes for every folder what is different below it from the snapshot `before`; paths from the number `first_new` on are new.
pub(super) fn summarize(
    connection: &Connection,
    seq: i64,
    before: Option<i64>,
    first_new: NodeId,
    spool: &Spool,
) -> Result<(), SpoolError> {
    let mut summaries = Summaries::new(connection, first_new).map_err(SpoolError::Index)?;
    let mut exists = connection
        .prepare("SELECT 1 FROM version WHERE node = ?1 AND first = ?2")
        .map_err(SpoolError::Index)?;
    spool.read_all(&mut |record| match record {
        Record::Begin { node, state, .. } if summaries.is_new(node) => {
            summaries.add_new(node, state.file_bytes())
        }
        Record::Begin { node, .. } => summaries.compare(node, before, seq),
        // Of two sources one within the other, one may end what the other goes on with.
        Record::End { node, .. } if exists.exists(params![node, seq])? => Ok(()),
        Record::End { node, .. } => summaries.compare(node, before, seq),
        Record::Node { .. } | Record::Fingerprint { .. } => Ok(()),
    })?;
    summaries.write(seq).map_err(SpoolError::Index)
}
