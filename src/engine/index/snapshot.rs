//! Snapshots, as the index knows them.

use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::Index;
use crate::engine::error::Result;
use crate::engine::pin::Pin;
use crate::engine::retention::Growth;
use crate::engine::seal::{Seal, SnapshotKind};

/// Whether a snapshot can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotState {
    /// Complete, with a good seal.
    Good,
    /// On the drive, but its seal is missing or broken.
    Damaged,
    /// Known to the index, but not on the drive.
    Missing,
    /// Deleted on purpose: known to the index alone, and never listed.
    Pruned,
}

impl SnapshotState {
    pub(super) fn code(self) -> i64 {
        match self {
            Self::Good => 0,
            Self::Damaged => 1,
            Self::Missing => 2,
            Self::Pruned => 3,
        }
    }

    fn of(code: i64) -> Self {
        match code {
            0 => Self::Good,
            1 => Self::Damaged,
            3 => Self::Pruned,
            _ => Self::Missing,
        }
    }
}

/// A snapshot whose state changed.
#[derive(Debug, Clone)]
pub struct StateChange {
    /// Which one.
    pub seq: u64,
    /// What it is now.
    pub state: SnapshotState,
}

/// One snapshot, as the index knows it.
#[derive(Debug, Clone)]
pub struct SnapshotRow {
    /// Order among all.
    pub seq: u64,
    /// Identity.
    pub id: Uuid,
    /// The folder's name.
    pub name: String,
    /// When the run began.
    pub started: jiff::Timestamp,
    /// When the tree was complete.
    pub finished: jiff::Timestamp,
    /// Entries of every kind.
    pub entries: u64,
    /// Regular files.
    pub files: u64,
    /// Bytes of content.
    pub total_bytes: u64,
    /// Bytes of content that this snapshot added.
    pub copied_bytes: u64,
    /// Paths that could not be read.
    pub problems: u64,
    /// Whether it can be relied on.
    pub state: SnapshotState,
    /// When a later run last found that nothing had changed since.
    pub same_at: Option<jiff::Timestamp>,
    /// A person wants it kept.
    pub pinned: bool,
    /// What the person calls it.
    pub label: Option<String>,
    /// Why it was made.
    pub kind: SnapshotKind,
    /// The boot of the computer in which it was made; `None` if that is not known.
    pub boot: Option<Uuid>,
}

#[cfg(test)]
impl SnapshotRow {
    /// A good snapshot of one moment, in which nothing was.
    pub(crate) fn taken(seq: u64, at: jiff::Timestamp) -> Self {
        Self {
            seq,
            id: Uuid::nil(),
            name: crate::engine::snapshot::name_of(at),
            started: at,
            finished: at,
            entries: 0,
            files: 0,
            total_bytes: 0,
            copied_bytes: 0,
            problems: 0,
            state: SnapshotState::Good,
            same_at: None,
            pinned: false,
            label: None,
            kind: SnapshotKind::Manual,
            boot: None,
        }
    }
}

impl SnapshotRow {
    /// When the sources were last known to be as the snapshot has them.
    pub fn current_at(&self) -> jiff::Timestamp {
        self.same_at.map_or(self.started, |same| same.max(self.started))
    }
}

impl Index {
    /// All snapshots but the pruned ones, oldest first.
    pub fn snapshots(&self) -> Result<Vec<SnapshotRow>> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT seq, id, name, started, finished, entries, files, total_bytes, \
                 copied_bytes, problems, state, same_at, pinned, label, kind, boot FROM snapshot \
                 WHERE state <> ?1 ORDER BY seq",
            )?;
            let rows = statement.query_map([SnapshotState::Pruned.code()], read)?;
            rows.collect()
        })
    }

    /// All numbers that are taken, those of pruned snapshots included, in order.
    pub fn numbers(&self) -> Result<Vec<u64>> {
        self.run(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT seq FROM snapshot ORDER BY seq")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            rows.collect()
        })
    }

    /// What each snapshot added when it was made, oldest first: pruned ones, too, as far as they are known, which is until the
    /// index is made again from the trees.
    pub fn growth(&self) -> Result<Vec<Growth>> {
        self.run(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT seq, started, copied_bytes FROM snapshot ORDER BY seq")?;
            let rows = statement.query_map([], |row| {
                Ok(Growth { seq: row.get(0)?, started: time(row, 1)?, copied_bytes: row.get(2)? })
            })?;
            rows.collect()
        })
    }
}

/// Adds the row of a snapshot that was made by the rules with the number `rules`.
pub(super) fn insert(
    connection: &Connection,
    seal: &Seal,
    name: &str,
    state: SnapshotState,
    pin: &Pin,
    rules: i64,
) -> rusqlite::Result<()> {
    let counts = &seal.counts;
    let entries = [counts.files, counts.directories, counts.symlinks, counts.special]
        .into_iter()
        .fold(0_u64, u64::saturating_add);
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    connection
        .execute(
            "INSERT INTO snapshot (seq, id, name, started, finished, entries, files, total_bytes, \
             copied_bytes, problems, state, pinned, label, rules, kind, boot) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
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
                rules,
                code_of(seal.kind),
                seal.boot.map(Uuid::into_bytes),
            ],
        )
        .map(drop)
}

fn read(row: &Row<'_>) -> rusqlite::Result<SnapshotRow> {
    Ok(SnapshotRow {
        seq: row.get(0)?,
        id: Uuid::from_slice(&row.get::<_, Vec<u8>>(1)?).unwrap_or_default(),
        name: row.get(2)?,
        started: time(row, 3)?,
        finished: time(row, 4)?,
        entries: row.get(5)?,
        files: row.get(6)?,
        total_bytes: row.get(7)?,
        copied_bytes: row.get(8)?,
        problems: row.get(9)?,
        state: SnapshotState::of(row.get(10)?),
        same_at: row
            .get::<_, Option<i64>>(11)?
            .and_then(|time| jiff::Timestamp::from_millisecond(time).ok()),
        pinned: row.get(12)?,
        label: row.get(13)?,
        kind: kind_of(row.get(14)?)?,
        boot: row.get::<_, Option<Vec<u8>>>(15)?.and_then(|bytes| Uuid::from_slice(&bytes).ok()),
    })
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<jiff::Timestamp> {
    let milliseconds: i64 = row.get(column)?;
    jiff::Timestamp::from_millisecond(milliseconds)
        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, milliseconds))
}

/// The number that stands for a reason in the index.
fn code_of(kind: SnapshotKind) -> i64 {
    match kind {
        SnapshotKind::Scheduled => 0,
        SnapshotKind::Manual => 1,
        SnapshotKind::Before => 2,
        SnapshotKind::After => 3,
        SnapshotKind::Import => 4,
    }
}

fn kind_of(code: i64) -> rusqlite::Result<SnapshotKind> {
    Ok(match code {
        0 => SnapshotKind::Scheduled,
        1 => SnapshotKind::Manual,
        2 => SnapshotKind::Before,
        3 => SnapshotKind::After,
        4 => SnapshotKind::Import,
        _ => {
            let absurd = "a reason that no snapshot is made for".into();
            return Err(rusqlite::Error::FromSqlConversionFailure(14, Type::Integer, absurd));
        }
    })
}
