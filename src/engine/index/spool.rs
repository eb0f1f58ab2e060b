//! What a run is going to change in the index, kept in a nameless file until the snapshot is committed.
//!
//! Memory stays flat however many entries there are, and nothing in the index moves before the commit.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

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

/// Takes the records of a spool, one after the other.
pub(super) type Take<'a> = &'a mut dyn FnMut(Record) -> rusqlite::Result<()>;

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
    file: File,
    handed: Mutex<Handed>,
    /// More was handed over, or nothing more will be.
    news: Condvar,
    /// Whether more than fingerprints changed.
    has_versions: AtomicBool,
    /// Whether the run failed, so that nobody needs to read on.
    is_given_up: AtomicBool,
}

/// What was handed over by all writers.
#[derive(Debug, Clone, Copy)]
struct Handed {
    bytes: u64,
    state: Progress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// The run goes on.
    Open,
    /// All is there.
    Complete,
    /// The run ended before it was.
    Abandoned,
}

impl Spool {
    /// Makes an empty spool on the file system of `dir`.
    pub fn create(dir: &Dir) -> rustix::io::Result<Self> {
        let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
        let file = rustix::fs::openat(dir, ".", flags, Mode::from_raw_mode(0o600))?;
        Ok(Self {
            file: File::from(file),
            handed: Mutex::new(Handed { bytes: 0, state: Progress::Open }),
            news: Condvar::new(),
            has_versions: AtomicBool::new(false),
            is_given_up: AtomicBool::new(false),
        })
    }

    /// Whether anything but fingerprints changed, so that the snapshot would differ from the last one.
    pub fn has_versions(&self) -> bool {
        self.has_versions.load(Relaxed)
    }

    /// A writer for one thread.
    pub fn writer(&self) -> SpoolWriter<'_> {
        SpoolWriter { spool: self, chunk: Vec::with_capacity(CHUNK_BYTES * 2) }
    }

    /// Says to whoever follows that all is there.
    pub fn complete(&self) {
        self.end(Progress::Complete);
    }

    /// Says to whoever follows or reads that it was for nothing.
    pub fn give_up(&self) {
        self.is_given_up.store(true, Relaxed);
        self.end(Progress::Abandoned);
    }

    fn end(&self, state: Progress) {
        let mut handed = self.lock();
        if handed.state == Progress::Open {
            handed.state = state;
        }
        self.news.notify_all();
    }

    /// Reads all records from the start, in the order in which they were handed over.
    pub(super) fn read_all(&self, take: Take<'_>) -> Result<(), SpoolError> {
        let bytes = self.lock().bytes;
        self.read(0..bytes, take)
    }

    /// As [`Spool::read_all`], while they are handed over; an error if the run ends before all is there.
    pub(super) fn follow(&self, take: Take<'_>) -> Result<(), SpoolError> {
        let mut read = 0;
        loop {
            let handed = self.wait_beyond(read);
            match handed.state {
                Progress::Abandoned => return Err(ErrorKind::Interrupted.into()),
                Progress::Complete if handed.bytes == read => return Ok(()),
                Progress::Open | Progress::Complete => self.read(read..handed.bytes, take)?,
            }
            read = handed.bytes;
        }
    }

    /// Waits until more than `read` bytes were handed over, or nothing more will be.
    fn wait_beyond(&self, read: u64) -> Handed {
        let is_waiting =
            |handed: &mut Handed| handed.state == Progress::Open && handed.bytes == read;
        *self.news.wait_while(self.lock(), is_waiting).unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the records that lie in `range`.
    fn read(&self, range: Range<u64>, take: Take<'_>) -> Result<(), SpoolError> {
        let mut left = range.end - range.start;
        let mut reader = BufReader::with_capacity(CHUNK_BYTES, Part { file: &self.file, range });
        let mut record = Vec::new();
        while left > 0 {
            if self.is_given_up.load(Relaxed) {
                return Err(ErrorKind::Interrupted.into());
            }
            let mut length = [0; 4];
            reader.read_exact(&mut length)?;
            record.resize(u32::from_le_bytes(length) as usize, 0);
            reader.read_exact(&mut record)?;
            let decoded = postcard::from_bytes(&record)
                .map_err(|error| std::io::Error::new(ErrorKind::InvalidData, error))?;
            take(decoded).map_err(SpoolError::Index)?;
            left = left.saturating_sub((length.len() + record.len()) as u64);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Handed> {
        self.handed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A part of the file, read without moving the place at which others write.
struct Part<'a> {
    file: &'a File,
    range: Range<u64>,
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = usize::try_from(self.range.end - self.range.start).unwrap_or(usize::MAX);
        let length = buffer.len().min(left);
        let read = self.file.read_at(&mut buffer[..length], self.range.start)?;
        self.range.start += read as u64;
        Ok(read)
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

impl From<ErrorKind> for SpoolError {
    fn from(kind: ErrorKind) -> Self {
        Self::Io(kind.into())
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
        let mut handed = self.spool.lock();
        let written = self.spool.file.write_all_at(&self.chunk, handed.bytes);
        written.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        handed.bytes += self.chunk.len() as u64;
        self.spool.news.notify_all();
        self.chunk.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// Hands over so many nodes, each chunk by itself.
    fn hand_over(spool: &Spool, count: NodeId) {
        for id in 1..=count {
            let mut out = spool.writer();
            out.push(Change::Node { id, parent: 0, name: b"name" }).unwrap();
            out.flush().unwrap();
        }
    }

    /// The numbers of the nodes that are read by `read`.
    fn nodes(read: impl FnOnce(Take<'_>) -> Result<(), SpoolError>) -> Option<Vec<NodeId>> {
        let mut found = Vec::new();
        let ended = read(&mut |record| {
            if let Record::Node { id, .. } = record {
                found.push(id);
            }
            Ok(())
        });
        ended.ok().map(|()| found)
    }

    fn spool() -> (tempfile::TempDir, Spool) {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::create(&Dir::open(folder.path()).unwrap()).unwrap();
        (folder, spool)
    }

    /// What one gets who follows while so many nodes are handed over and the run ends by `end`.
    fn followed(spool: &Spool, count: NodeId, end: fn(&Spool)) -> Option<Vec<NodeId>> {
        thread::scope(|scope| {
            let following = scope.spawn(|| nodes(|take| spool.follow(take)));
            hand_over(spool, count);
            end(spool);
            following.join().unwrap()
        })
    }

    #[test]
    fn who_follows_gets_all_that_is_handed_over_until_it_is_complete() {
        let (_folder, spool) = spool();
        let followed = followed(&spool, 100, Spool::complete);
        assert_eq!(followed, Some((1..=100).collect()));
        assert_eq!(nodes(|take| spool.read_all(take)), followed);
    }

    #[test]
    fn who_follows_a_run_that_ends_early_is_told_so() {
        let (_folder, spool) = spool();
        assert_eq!(followed(&spool, 3, Spool::give_up), None);
    }

    #[test]
    fn nothing_more_is_read_of_what_was_given_up() {
        let (_folder, spool) = spool();
        hand_over(&spool, 100);
        spool.complete();
        let mut read = 0;
        let ended = spool.follow(&mut |_| {
            read += 1;
            spool.give_up();
            Ok(())
        });
        assert!(ended.is_err());
        assert_eq!(read, 1);
    }

    #[test]
    fn a_spool_that_lost_its_end_is_not_taken_for_a_whole_one() {
        let (_folder, spool) = spool();
        hand_over(&spool, 3);
        spool.complete();
        let bytes = spool.file.metadata().unwrap().len();
        for lost in [1, bytes / 3, bytes] {
            spool.file.set_len(bytes - lost).unwrap();
            assert_eq!(nodes(|take| spool.follow(take)), None, "without {lost} bytes");
        }
    }
}
