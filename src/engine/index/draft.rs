//! The index of a repository's first snapshot, written while that is still being made.
//!
//! It is a file of its own that takes the place of the empty index at the end: until then, whoever reads that waits for nobody.

use std::path::Path;

use rusqlite::InterruptHandle;
use uuid::Uuid;

use super::mirror::{Journal, keep_by};
use super::spool::Spool;
use super::write::{add_late_indexes, apply, insert_snapshot, summarize};
use super::{DROP_LATE_INDEXES, Index, NodeId, ROOT_NODE, SnapshotState};
use crate::engine::error::{Error, Result};
use crate::engine::pin::Pin;
use crate::engine::seal::Seal;

/// The first path that a snapshot brings.
const FIRST_NEW: NodeId = ROOT_NODE + 1;

/// An index in the making.
#[derive(Debug)]
pub struct Draft {
    index: Index,
    seq: i64,
}

impl Draft {
    /// Begins the index of the repository `repository`, whose first snapshot gets the number `seq`, at `path`, where nothing may be.
    pub fn begin(path: &Path, repository: Uuid, seq: u64) -> Result<Self> {
        let index = Index::create(path, repository)?;
        index.run(|connection| {
            // What is broken off is thrown away, so nothing has to be able to be taken back.
            connection.execute_batch(
                "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; BEGIN IMMEDIATE; \
                 UPDATE head SET generation = generation + 1",
            )?;
            connection.execute_batch(DROP_LATE_INDEXES)
        })?;
        Ok(Self { index, seq: seq as i64 })
    }

    /// Breaks off, from another thread, what is being written.
    pub fn interrupt(&self) -> InterruptHandle {
        self.index.connection.get_interrupt_handle()
    }

    /// Writes all that the run hands over to `spool`, until that is complete.
    ///
    /// # Errors
    /// A run that ends before that; a failed read or write. The draft is of no use then.
    pub fn fill(&self, spool: &Spool) -> Result<()> {
        let connection = &self.index.connection;
        apply(connection, self.seq, None, |take| spool.follow(take))
            .and_then(|()| summarize(connection, self.seq, None, FIRST_NEW, spool))
            .map_err(|error| error.wrap(&self.index.path))?;
        self.index.run(add_late_indexes)
    }

    /// Adds the snapshot itself, once it is committed as `name`, and closes and flushes the index.
    pub fn finish(self, seal: &Seal, name: &str) -> Result<()> {
        let Index { path, connection } = self.index;
        insert_snapshot(&connection, seal, name, SnapshotState::Good, &Pin::default())
            .and_then(|()| connection.execute_batch("COMMIT"))
            .map_err(|error| Error::index(&path, error))?;
        drop(connection);
        keep_by(&path, Journal::Delete)
    }
}

impl Index {
    /// Whether nothing was ever written to it.
    pub fn is_blank(&self) -> Result<bool> {
        let has_snapshots = !self.numbers()?.is_empty() || !self.unusable()?.is_empty();
        Ok(!has_snapshots && self.next_node()? == FIRST_NEW)
    }
}
