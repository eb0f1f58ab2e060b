//! The one transaction per snapshot.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::spool::{Record, Spool, SpoolError};
use super::{CONTENT_INDEX, Index, OPEN, SnapshotState, StateChange};
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
        spool: Spool,
    ) -> Result<()> {
        let path = self.path.clone();
        let wrap = |error| Error::index(&path, error);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(wrap)?;
        let is_first = is_first(&transaction).map_err(wrap)?;
        if is_first {
            transaction.execute_batch("DROP INDEX content").map_err(wrap)?;
        }
        insert_snapshot(&transaction, seal, name, state, pin).map_err(wrap)?;
        apply(&transaction, seal.seq as i64, spool).map_err(|error| error.wrap(&path))?;
        if is_first {
            transaction.execute_batch(CONTENT_INDEX).map_err(wrap)?;
        }
        transaction.commit().map_err(wrap)
    }

    /// Notes that nothing had changed at `moment` since the snapshot `seq`, and how the sources are recognised now.
    pub fn note_same(&mut self, seq: u64, moment: jiff::Timestamp, spool: Spool) -> Result<()> {
        let path = self.path.clone();
        let wrap = |error| Error::index(&path, error);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(wrap)?;
        transaction
            .execute(
                "UPDATE snapshot SET same_at = ?2 WHERE seq = ?1",
                params![seq as i64, moment.as_millisecond()],
            )
            .map_err(wrap)?;
        apply(&transaction, seq as i64, spool).map_err(|error| error.wrap(&path))?;
        transaction.commit().map_err(wrap)
    }

    /// Remembers what became of snapshots.
    pub fn set_states(&mut self, changes: &[StateChange]) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        self.run(|connection| {
            let transaction =
                Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
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
            connection
                .execute(
                    "UPDATE snapshot SET pinned = ?2, label = ?3 WHERE seq = ?1",
                    params![seq as i64, pin.pinned, pin.label],
                )
                .map(drop)
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
            let transaction =
                Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
            transaction.execute("DELETE FROM unusable", [])?;
            for name in names {
                transaction.execute("INSERT OR IGNORE INTO unusable (name) VALUES (?1)", [name])?;
            }
            transaction.commit()
        })
    }

    /// Marks snapshots as pruned, and forgets the versions that no other snapshot holds.
    ///
    /// What is said of the other snapshots stays the same.
    pub fn prune(&mut self, numbers: &[u64]) -> Result<()> {
        if numbers.is_empty() {
            return Ok(());
        }
        let pruned = SnapshotState::Pruned.code();
        self.run(|connection| {
            let transaction =
                Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
            for seq in numbers {
                transaction.execute(
                    "UPDATE snapshot SET state = ?2 WHERE seq = ?1",
                    params![*seq as i64, pruned],
                )?;
            }
            transaction.execute(
                "DELETE FROM version WHERE NOT EXISTS (SELECT 1 FROM snapshot s \
                 WHERE s.seq BETWEEN version.first AND version.last AND s.state <> ?1)",
                [pruned],
            )?;
            transaction.commit()
        })
    }
}

/// Whether no version is known yet.
fn is_first(connection: &Connection) -> rusqlite::Result<bool> {
    connection.prepare("SELECT 1 FROM version LIMIT 1")?.exists([]).map(|exists| !exists)
}

fn insert_snapshot(
    connection: &Connection,
    seal: &Seal,
    name: &str,
    state: SnapshotState,
    pin: &Pin,
) -> rusqlite::Result<()> {
    let counts = &seal.counts;
    let entries = [counts.files, counts.directories, counts.symlinks, counts.special]
        .into_iter()
        .fold(0_u64, u64::saturating_add);
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    connection.execute(
        "INSERT INTO snapshot (seq, id, name, started, finished, entries, files, total_bytes, \
         copied_bytes, problems, state, pinned, label) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            number(seal.seq),
            seal.id.as_bytes(),
            name,
            seal.started.utc.as_millisecond(),
            seal.finished.utc.as_millisecond(),
            number(entries),
            number(counts.files),
            number(seal.bytes.total),
            number(seal.bytes.copied),
            number(counts.problems),
            state.code(),
            pin.pinned,
            pin.label,
        ],
    )?;
    for source in &seal.sources {
        let Some(path) = source.path() else { continue };
        connection.execute(
            "INSERT OR IGNORE INTO source (snapshot, id, path) VALUES (?1, ?2, ?3)",
            params![number(seal.seq), source.id.as_bytes(), path.as_bytes()],
        )?;
    }
    Ok(())
}

fn apply(connection: &Connection, seq: i64, spool: Spool) -> Result<(), SpoolError> {
    let prepare = |sql| connection.prepare(sql).map_err(SpoolError::Index);
    let mut node = prepare("INSERT INTO node (id, parent, name) VALUES (?1, ?2, ?3)")?;
    let mut end = prepare("UPDATE version SET last = ?3 WHERE node = ?1 AND first = ?2")?;
    let mut begin = prepare(
        "INSERT INTO version (node, first, last, kind, mode, uid, gid, size, mtime, mtime_ns, device, \
         hash, xattrs, inode, ctime, ctime_ns, stored_mtime, stored_mtime_ns, override) VALUES \
         (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
    )?;
    let mut fingerprint = prepare(
        "UPDATE version SET inode = ?3, ctime = ?4, ctime_ns = ?5 WHERE node = ?1 AND first = ?2",
    )?;
    spool.read_all(|record| {
        match record {
            Record::Node { id, parent, name } => {
                node.execute(params![id, parent, name])?;
            }
            Record::End { node, first } => {
                end.execute(params![node, first, seq - 1])?;
            }
            Record::Begin { node, state } => {
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
