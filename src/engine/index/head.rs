//! Which index this is, and how far it has come: two copies of one index are told apart by it.

use rusqlite::{Connection, params};
use uuid::Uuid;

use super::{Index, SnapshotRow};
use crate::engine::error::Result;

/// Two indexes with equal heads hold the same, down to the numbers of paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The repository that it is of.
    pub repository: Uuid,
    /// Made up with the index; a copy keeps it, one that is made again has another.
    pub lineage: Uuid,
    /// How often it was written to.
    pub generation: i64,
}

impl Index {
    /// Which index this is.
    pub fn head(&self) -> Result<Head> {
        self.run(|connection| {
            connection.query_row("SELECT repository, lineage, generation FROM head", [], |row| {
                let id = |column| -> rusqlite::Result<Uuid> {
                    Ok(Uuid::from_slice(&row.get::<_, Vec<u8>>(column)?).unwrap_or_default())
                };
                Ok(Head { repository: id(0)?, lineage: id(1)?, generation: row.get(2)? })
            })
        })
    }
}

impl Index {
    /// Whether both hold the same. Of drives that were cloned, both may have come as far by other snapshots.
    pub fn equals(&self, other: &Self) -> Result<bool> {
        if self.head()? != other.head()? {
            return Ok(false);
        }
        let told = |rows: Vec<SnapshotRow>| -> Vec<_> {
            rows.into_iter()
                .map(|row| (row.seq, row.id, row.state, row.pinned, row.label, row.same_at))
                .collect()
        };
        Ok(told(self.snapshots()?) == told(other.snapshots()?))
    }

    /// Makes this copy an index of its own, which goes on apart from the one that it was copied from.
    pub(crate) fn part(&self) -> Result<()> {
        let lineage = Uuid::new_v4();
        self.run(|connection| {
            connection.execute("UPDATE head SET lineage = ?1", [lineage.as_bytes()]).map(drop)
        })
    }
}

/// Writes the head of a new index.
pub(super) fn begin(connection: &Connection, repository: Uuid) -> rusqlite::Result<()> {
    connection
        .execute(
            "INSERT INTO head (repository, lineage, generation) VALUES (?1, ?2, 0)",
            params![repository.as_bytes(), Uuid::new_v4().as_bytes()],
        )
        .map(drop)
}
