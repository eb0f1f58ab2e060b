//! A large file that changed a little, on a file system that can clone: its stored version is cloned, and
//! only the blocks that differ are written. The stored file is opened for reading alone.

use std::cell::RefCell;
use std::os::fd::OwnedFd;

use rustix::fs::{FallocateFlags, SeekFrom};
use rustix::io::Errno;

use super::copy::{CopyError, Piece, ReadFile, read_steadily};
use super::dir::Dir;
use super::monitor::Monitor;
use super::xattr::Labels;

/// The least that is compared and written at once, where a file system has smaller blocks.
const BLOCK_BYTES: u64 = 4096;

/// A file that was stored as a changed clone.
#[derive(Debug)]
pub struct Delta {
    /// The source as it was read.
    pub read: ReadFile,
    /// The new file, without its metadata.
    pub file: OwnedFd,
    /// Bytes that were written, those for a version that changed while it was read included.
    pub written_bytes: u64,
}

/// Told before something is written: up to where in the file, and how many bytes. Gives whether they may be.
pub type Charge<'a> = &'a dyn Fn(u64, u64) -> bool;

/// Stores the file `name` as the new file `staged` in `stage`: a clone of the regular file `stored_name` in
/// `stored`, in which the blocks that differ are written.
///
/// `None` if it can't be done in this way: the file system doesn't clone, the stored file isn't there or can't
/// be read, or no hole can be made in it. A plain copy still may succeed. Nothing is left in `stage` then,
/// nor if it fails, as it does with `NOSPC` if the charge is refused. The buffer must hold two bytes at least.
pub fn copy_delta(
    (dir, name): (&Dir, &[u8]),
    (stored, stored_name): (&Dir, &[u8]),
    (stage, staged): (&Dir, &[u8]),
    (buffer, charge): (&mut [u8], Charge<'_>),
    labels: Labels,
    monitor: &Monitor,
) -> Result<Option<Delta>, CopyError> {
    let Ok(file) = clone_file((stored, stored_name), (stage, staged)) else { return Ok(None) };
    match patch(&file, (dir, name), (buffer, charge), labels, monitor) {
        Ok((read, written_bytes)) => Ok(Some(Delta { read, file, written_bytes })),
        Err(error) => {
            // The stage is thrown away if this fails too: the error that is returned says enough.
            let _ = stage.unlink(staged);
            match error {
                CopyError::Drive(Errno::IO | Errno::OPNOTSUPP) => Ok(None),
                error => Err(error),
            }
        }
    }
}

/// Makes the new file `staged` in `stage` with the content of the regular file `stored_name` in `stored`, which
/// takes no room; it is open for reading and writing and has no metadata yet.
///
/// Nothing is left in `stage` if it fails: `OPNOTSUPP`, `XDEV`, `INVAL` and others mean that a copy must do.
pub fn clone_file(
    (stored, stored_name): (&Dir, &[u8]),
    (stage, staged): (&Dir, &[u8]),
) -> rustix::io::Result<OwnedFd> {
    let (original, _) = stored.open_file(stored_name)?;
    let file = stage.create_file_rw(staged, 0o600)?;
    match rustix::fs::ioctl_ficlone(&file, &original) {
        Ok(()) => Ok(file),
        Err(errno) => {
            // The stage is thrown away if this fails too.
            let _ = stage.unlink(staged);
            Err(errno)
        }
    }
}

/// Makes the content of `file` that of the source, and gives how many bytes were written for it.
fn patch(
    file: &OwnedFd,
    (dir, name): (&Dir, &[u8]),
    (buffer, charge): (&mut [u8], Charge<'_>),
    labels: Labels,
    monitor: &Monitor,
) -> Result<(ReadFile, u64), CopyError> {
    let block = rustix::fs::fstatvfs(file).map_err(CopyError::Drive)?.f_frsize.max(BLOCK_BYTES);
    let (buffer, old) = buffer.split_at_mut(buffer.len() / 2);
    let patch = RefCell::new(Patch { file, charge, monitor, block, old, position: 0, written: 0 });
    let take = |piece: Piece<'_>| match piece {
        Piece::Data(bytes) => patch.borrow_mut().write_changes(bytes),
        Piece::Hole(length) => patch.borrow_mut().clear(length),
    };
    let restart = || {
        patch.borrow_mut().position = 0;
        Ok(())
    };
    let read = read_steadily((dir, name, None), buffer, labels, monitor, take, restart)?;
    rustix::fs::ftruncate(file, read.meta.size_bytes).map_err(CopyError::Drive)?;
    Ok((read, patch.into_inner().written))
}

/// The new file while it becomes the source.
struct Patch<'a> {
    file: &'a OwnedFd,
    charge: Charge<'a>,
    monitor: &'a Monitor,
    /// Bytes that the file system writes at once.
    block: u64,
    /// Room for what the file holds, as long as the longest piece.
    old: &'a mut [u8],
    position: u64,
    written: u64,
}

impl Patch<'_> {
    /// Goes on with `new`, of which only the blocks that the file hasn't are written.
    fn write_changes(&mut self, new: &[u8]) -> rustix::io::Result<()> {
        let known = read_at(self.file, self.position, &mut self.old[..new.len()])?;
        let (mut from, mut to) = (0, 0);
        while to < new.len() {
            let end = (to + self.rest_of_block(to)).min(new.len());
            // What lies beyond the file's end has no block yet.
            if end <= known && new[to..end] == self.old[to..end] {
                self.write(from, &new[from..to])?;
                from = end;
            }
            to = end;
        }
        self.write(from, &new[from..])?;
        self.position += new.len() as u64;
        Ok(())
    }

    /// Bytes from `at` in the piece to the end of its block in the file.
    fn rest_of_block(&self, at: usize) -> usize {
        let rest = self.block - (self.position + at as u64) % self.block;
        usize::try_from(rest).unwrap_or(usize::MAX)
    }

    /// Writes `bytes`, which begin at `at` in the piece.
    fn write(&mut self, at: usize, bytes: &[u8]) -> rustix::io::Result<()> {
        let start = self.position + at as u64;
        let length = bytes.len() as u64;
        if length > 0 && !(self.charge)(start + length, length) {
            return Err(Errno::NOSPC);
        }
        write_at(self.file, start, bytes)?;
        self.written += bytes.len() as u64;
        self.monitor.add_copied_bytes(bytes.len() as u64);
        Ok(())
    }

    /// Goes on with a hole; what is one already is neither read nor written.
    fn clear(&mut self, length: u64) -> rustix::io::Result<()> {
        let start = self.position;
        self.position += length;
        let data = match rustix::fs::seek(self.file, SeekFrom::Data(start)) {
            Ok(data) => data,
            Err(Errno::NXIO) => return Ok(()),
            Err(_) => start,
        };
        if data >= self.position {
            return Ok(());
        }
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        rustix::io::retry_on_intr(|| {
            rustix::fs::fallocate(self.file, flags, data, self.position - data)
        })
    }
}

/// Reads from `position` on until `buffer` is full or the file ends; gives how much.
fn read_at(file: &OwnedFd, position: u64, buffer: &mut [u8]) -> rustix::io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        let rest = &mut buffer[done..];
        let read = rustix::io::retry_on_intr(|| {
            rustix::io::pread(file, &mut *rest, position + done as u64)
        })?;
        if read == 0 {
            break;
        }
        done += read;
    }
    Ok(done)
}

fn write_at(file: &OwnedFd, mut position: u64, mut bytes: &[u8]) -> rustix::io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::retry_on_intr(|| rustix::io::pwrite(file, bytes, position))? {
            0 => return Err(Errno::IO),
            written => {
                bytes = &bytes[written..];
                position += written as u64;
            }
        }
    }
    Ok(())
}
