//! One file: read, hashed, written to the stage, and looked at again to see that it held still meanwhile.

use std::cell::RefCell;
use std::os::fd::OwnedFd;

use rustix::fs::{SeekFrom, Statx};
use rustix::io::Errno;

use super::dir::{Dir, Opened, add_inode_flags, inode_flags, read_some, stat_fd, write_all};
use super::dress;
use super::meta::{ContentHash, Fingerprint, Metadata};
use super::monitor::Monitor;
use super::xattr::{Labels, Xattrs};
use super::zeros::ContentHasher;

/// Bytes that are read at once; also how often a stop is heard.
pub const BUFFER_BYTES: usize = 256 * 1024;

/// How often a file that changes while it is read is tried.
const TRIES: u32 = 3;

/// Why a file could not be read or stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyError {
    /// The source refused: the run goes on without it.
    Source(Errno),
    /// The drive refused: the run ends.
    Drive(Errno),
    /// A stop was asked for.
    Cancelled,
}

/// A source's file as it was read.
#[derive(Debug)]
pub struct ReadFile {
    /// Its metadata when it was opened.
    pub meta: Metadata,
    /// What to recognise it by.
    pub fingerprint: Fingerprint,
    /// Its attributes.
    pub xattrs: Xattrs,
    /// Its inode flags, of those that are kept.
    pub flags: u32,
    /// How many names it has.
    pub links: u32,
    /// The hash of its content.
    pub hash: ContentHash,
    /// Bytes of its content that are no holes.
    pub data_bytes: u64,
    /// Whether it changed each time that it was read.
    pub torn: bool,
}

/// What a copy is made with at once.
#[derive(Debug, Clone, Copy, Default)]
pub struct Born {
    /// The mode that it is to have in the end, as far as it is known, of which it gets what it may have at once.
    pub mode: u32,
    /// Inode flags that only an empty file takes, as far as its file system has them.
    pub flags: u32,
}

/// What one reading of a file's content gave.
pub(super) struct Content {
    pub hash: ContentHash,
    length: u64,
    pub data_bytes: u64,
}

/// A piece of a file's content.
pub(super) enum Piece<'a> {
    Data(&'a [u8]),
    /// So many zeros that take no room.
    Hole(u64),
}

/// Reads and hashes the file `name` without writing anything.
pub fn hash_file(
    dir: &Dir,
    name: &[u8],
    buffer: &mut [u8],
    labels: Labels,
    monitor: &Monitor,
) -> Result<ReadFile, CopyError> {
    read_steadily((dir, name, None), buffer, labels, monitor, |_| Ok(()), || Ok(()))
}

/// Reads a small file, which may be open already, into `content`, which holds all of it unless the file grew past
/// [`BUFFER_BYTES`] or has holes: then its length is not the file's.
pub fn read_small(
    from: (&Dir, &[u8], Option<Opened>),
    content: &mut Vec<u8>,
    buffer: &mut [u8],
    labels: Labels,
    monitor: &Monitor,
) -> Result<ReadFile, CopyError> {
    let content = RefCell::new(content);
    content.borrow_mut().clear();
    let take = |piece: Piece<'_>| {
        let mut content = content.borrow_mut();
        if let Piece::Data(bytes) = piece
            && content.len() + bytes.len() <= BUFFER_BYTES
        {
            content.extend_from_slice(bytes);
        }
        Ok(())
    };
    read_steadily(from, buffer, labels, monitor, take, || {
        content.borrow_mut().clear();
        Ok(())
    })
}

/// Makes the new file `staged` in `stage`, which is returned without its metadata but, if the process may give it at
/// birth, the mode.
pub fn write_small(
    (stage, staged): (&Dir, &[u8]),
    mode: u32,
    content: &[u8],
    monitor: &Monitor,
) -> rustix::io::Result<OwnedFd> {
    let file = stage.create_file(staged, dress::born_mode(mode))?;
    monitor.add_copied_bytes(content.len() as u64);
    write_all(&file, content)?;
    Ok(file)
}

/// Whether the stored file `name` really holds the content that hashes to `hash`, read from the drive itself and
/// not from memory.
pub fn is_proven(
    dir: &Dir,
    name: &[u8],
    hash: ContentHash,
    buffer: &mut [u8],
    monitor: &Monitor,
) -> Result<bool, CopyError> {
    let Ok((file, _)) = dir.open_file(name) else { return Ok(false) };
    // Only advice: where it is not taken, memory holds what the flush before wrote.
    let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
    match hash_file(dir, name, buffer, Labels::Leave, monitor) {
        Ok(read) => Ok(read.hash == hash && !read.torn),
        Err(CopyError::Source(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Copies the file `name` to the new file `staged` in `stage`, which is returned with nothing of its metadata but what it
/// is born with.
///
/// Nothing is left in `stage` if it fails.
pub fn copy_file(
    (dir, name): (&Dir, &[u8]),
    (stage, staged): (&Dir, &[u8]),
    born: Born,
    buffer: &mut [u8],
    labels: Labels,
    monitor: &Monitor,
) -> Result<(ReadFile, OwnedFd), CopyError> {
    let file = stage.create_file(staged, dress::born_mode(born.mode)).map_err(CopyError::Drive)?;
    if born.flags != 0 {
        add_inode_flags(&file, born.flags);
    }
    let take = |piece: Piece<'_>| match piece {
        Piece::Data(bytes) => {
            monitor.add_copied_bytes(bytes.len() as u64);
            write_all(&file, bytes)
        }
        Piece::Hole(length) => {
            let length = i64::try_from(length).map_err(|_| Errno::FBIG)?;
            let end = rustix::fs::seek(&file, SeekFrom::Current(length))?;
            rustix::fs::ftruncate(&file, end)
        }
    };
    let restart = || {
        rustix::fs::seek(&file, SeekFrom::Start(0))?;
        rustix::fs::ftruncate(&file, 0)
    };
    match read_steadily((dir, name, None), buffer, labels, monitor, take, restart) {
        Ok(read) => Ok((read, file)),
        Err(error) => {
            // The stage is thrown away if this fails too: the error that is returned says enough.
            let _ = stage.unlink(staged);
            Err(error)
        }
    }
}

/// Reads the file, which may be open already, up to [`TRIES`] times, until it was the same before and after.
pub(super) fn read_steadily(
    (dir, name, mut opened): (&Dir, &[u8], Option<Opened>),
    buffer: &mut [u8],
    labels: Labels,
    monitor: &Monitor,
    mut take: impl FnMut(Piece<'_>) -> rustix::io::Result<()>,
    mut restart: impl FnMut() -> rustix::io::Result<()>,
) -> Result<ReadFile, CopyError> {
    for attempt in 1.. {
        let (file, before) = match opened.take() {
            Some(opened) => opened,
            None => dir.open_file(name).map_err(CopyError::Source)?,
        };
        let Content { hash, length, data_bytes } =
            read_once(&file, &before, buffer, monitor, &mut take)?;
        let xattrs = Xattrs::read_with(&file, labels).map_err(CopyError::Source)?;
        let flags = inode_flags(&file);
        let after = stat_fd(&file).map_err(CopyError::Source)?;
        let steady = is_same(&before, &after) && length == before.stx_size;
        if !steady && attempt < TRIES {
            restart().map_err(CopyError::Drive)?;
            continue;
        }
        let mut meta = Metadata::from_statx(&after).ok_or(CopyError::Source(Errno::INVAL))?;
        meta.size_bytes = length;
        let fingerprint = Fingerprint::from_statx(&after);
        return Ok(ReadFile {
            meta,
            fingerprint,
            xattrs,
            flags,
            links: after.stx_nlink,
            hash,
            data_bytes,
            torn: !steady,
        });
    }
    Err(CopyError::Source(Errno::AGAIN))
}

fn is_same(before: &Statx, after: &Statx) -> bool {
    Metadata::from_statx(before) == Metadata::from_statx(after)
        && Fingerprint::from_statx(before) == Fingerprint::from_statx(after)
}

/// Reads and hashes an open file of this `stat` from its beginning, a buffer at a time.
pub(super) fn read_once(
    file: &OwnedFd,
    stat: &Statx,
    buffer: &mut [u8],
    monitor: &Monitor,
    take: &mut impl FnMut(Piece<'_>) -> rustix::io::Result<()>,
) -> Result<Content, CopyError> {
    let mut hasher = ContentHasher::new();
    let (mut position, mut data_bytes) = (0_u64, 0_u64);
    let is_sparse = stat.stx_blocks.saturating_mul(512) < stat.stx_size;
    let mut data_end = if is_sparse { 0 } else { u64::MAX };
    loop {
        if monitor.cancel().is_cancelled() {
            return Err(CopyError::Cancelled);
        }
        if position >= data_end {
            let (start, end) = next_data(file, position, stat.stx_size)?;
            if start > position {
                hasher.update_zeros(start - position, monitor)?;
                take(Piece::Hole(start - position)).map_err(CopyError::Drive)?;
                rustix::fs::seek(file, SeekFrom::Start(start)).map_err(CopyError::Source)?;
                position = start;
            }
            data_end = end;
        }
        let room = usize::try_from(data_end - position).unwrap_or(usize::MAX).min(buffer.len());
        let read = match read_some(file, &mut buffer[..room.max(1)]) {
            Ok(0) => {
                let hash = hasher.finalize();
                return Ok(Content { hash, length: position, data_bytes });
            }
            Ok(read) => read,
            Err(errno) => return Err(CopyError::Source(errno)),
        };
        hasher.update(&buffer[..read]);
        take(Piece::Data(&buffer[..read])).map_err(CopyError::Drive)?;
        position += read as u64;
        data_bytes += read as u64;
    }
}

/// Where content goes on at or after `position`, and where the next hole begins.
fn next_data(file: &OwnedFd, position: u64, size: u64) -> Result<(u64, u64), CopyError> {
    let start = match rustix::fs::seek(file, SeekFrom::Data(position)) {
        Ok(start) => start,
        // Nothing but a hole up to the end.
        Err(Errno::NXIO) => return Ok((size.max(position), u64::MAX)),
        Err(_) => position,
    };
    let end = rustix::fs::seek(file, SeekFrom::Hole(start)).unwrap_or(u64::MAX);
    rustix::fs::seek(file, SeekFrom::Start(start)).map_err(CopyError::Source)?;
    Ok((start, if end > start { end } else { u64::MAX }))
}
