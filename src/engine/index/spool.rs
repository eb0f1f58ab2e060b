//! What a run is going to change in the index, kept in a nameless file until the snapshot is committed.
//!
//! Memory stays flat however many entries there are, and nothing in the index moves before the commit.

use std::fs::File;
use std::io::{BufReader, Read, Seek, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::NodeId;
use super::state::{SpooledState, State};
use crate::engine::dir::Dir;
use crate::engine::error::Error;
use crate::engine::meta::Fingerprint;

/// A writer hands its changes over when it has gathered this many bytes.
const CHUNK_BYTES: usize = 64 * 1024;

/// The longest record: an override with attributes of 64 KiB each can be large, but not larger.
const RECORD_LIMIT_BYTES: usize = 256 << 20;

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Record {
    Node { id: NodeId, parent: NodeId, name: Vec<u8> },
    Begin { node: NodeId, replaces: Option<i64>, state: SpooledState },
    End { node: NodeId, first: i64 },
    Fingerprint { node: NodeId, first: i64, fingerprint: Option<Fingerprint> },
}

/// One change of the index.
#[derive(Debug)]
pub enum Change<'a> {
    /// A name that was never seen below its parent.
    Node {
        /// Its number, allocated by the run.
        id: NodeId,
        /// The folder's number.
        parent: NodeId,
        /// The name.
        name: &'a [u8],
    },
    /// A version that begins with this snapshot.
    Begin {
        /// Of which path.
        node: NodeId,
        /// The snapshot that the version began with which ends here and whose place it takes.
        replaces: Option<i64>,
        /// What it is.
        state: State,
    },
    /// A version that ended before this snapshot, and nothing takes its place.
    End {
        /// Of which path.
        node: NodeId,
        /// The snapshot that it began with.
        first: i64,
    },
    /// A version that goes on, but whose source is now recognised otherwise.
    Fingerprint {
        /// Of which path.
        node: NodeId,
        /// The snapshot that it began with.
        first: i64,
        /// How; `None` if it must be read again.
        fingerprint: Option<Fingerprint>,
    },
}

/// The nameless file.
#[derive(Debug)]
pub struct Spool {
    file: Mutex<File>,
    /// Whether more than fingerprints changed.
    has_versions: AtomicBool,
}

impl Spool {
    /// Makes an empty spool on the file system of `dir`.
    pub fn create(dir: &Dir) -> rustix::io::Result<Self> {
        let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
        let file = rustix::fs::openat(dir, ".", flags, Mode::from_raw_mode(0o600))?;
        Ok(Self { file: Mutex::new(File::from(file)), has_versions: AtomicBool::new(false) })
    }

    /// Whether anything but fingerprints changed, so that the snapshot would differ from the last one.
    pub fn has_versions(&self) -> bool {
        self.has_versions.load(Relaxed)
    }

    /// A writer for one thread.
    pub fn writer(&self) -> SpoolWriter<'_> {
        SpoolWriter { spool: self, chunk: Vec::with_capacity(CHUNK_BYTES * 2) }
    }

    /// Reads all records from the start, in the order in which they were handed over.
    pub(super) fn read_all(
        &self,
        mut take: impl FnMut(Record) -> rusqlite::Result<()>,
    ) -> Result<(), SpoolError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.rewind()?;
        let mut reader = BufReader::with_capacity(CHUNK_BYTES, &mut *file);
        let mut record = Vec::new();
        loop {
            let mut length = [0; 4];
            match reader.read_exact(&mut length) {
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(()),
                outcome => outcome?,
            }
            record.resize(u32::from_le_bytes(length) as usize, 0);
            reader.read_exact(&mut record)?;
            let decoded = postcard::from_bytes(&record)
                .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))?;
            take(decoded).map_err(SpoolError::Index)?;
        }
    }
}

/// Why the spool could not be carried out.
#[derive(Debug)]
pub(super) enum SpoolError {
    Io(std::io::Error),
    Index(rusqlite::Error),
}

impl SpoolError {
    /// As the engine says it, of the index at `path`.
    pub(super) fn wrap(self, path: &Path) -> Error {
        match self {
            Self::Io(source) => Error::io("read the changes for", path, source),
            Self::Index(source) => Error::index(path, source),
        }
    }
}

impl From<std::io::Error> for SpoolError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// Gathers one thread's changes.
#[derive(Debug)]
pub struct SpoolWriter<'a> {
    spool: &'a Spool,
    chunk: Vec<u8>,
}

impl SpoolWriter<'_> {
    /// Adds a change.
    pub fn push(&mut self, change: Change<'_>) -> rustix::io::Result<()> {
        if !matches!(change, Change::Fingerprint { .. }) {
            self.spool.has_versions.store(true, Relaxed);
        }
        let record = match change {
            Change::Node { id, parent, name } => Record::Node { id, parent, name: name.to_vec() },
            Change::Begin { node, replaces, state } => {
                Record::Begin { node, replaces, state: state.into() }
            }
            Change::End { node, first } => Record::End { node, first },
            Change::Fingerprint { node, first, fingerprint } => {
                Record::Fingerprint { node, first, fingerprint }
            }
        };
        let start = self.chunk.len();
        self.chunk.extend_from_slice(&[0; 4]);
        let chunk = std::mem::take(&mut self.chunk);
        self.chunk = postcard::to_extend(&record, chunk).map_err(|_| Errno::INVAL)?;
        let length = self.chunk.len() - start - 4;
        if length > RECORD_LIMIT_BYTES {
            return Err(Errno::FBIG);
        }
        self.chunk[start..start + 4].copy_from_slice(&(length as u32).to_le_bytes());
        if self.chunk.len() >= CHUNK_BYTES { self.flush() } else { Ok(()) }
    }

    /// Hands over what is gathered; must be called at the end.
    pub fn flush(&mut self) -> rustix::io::Result<()> {
        let mut file = self.spool.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&self.chunk)
            .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        self.chunk.clear();
        Ok(())
    }
}
