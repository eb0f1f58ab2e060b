//! Reads a stored file's content from the drive, not from memory, and leaves memory as it was.

use std::os::fd::OwnedFd;

use rustix::fs::{Advice, Statx, fadvise};

use crate::engine::copy::{Content, CopyError, Piece, read_once};
use crate::engine::monitor::Monitor;

/// Bytes that are read at once; also how often a stop is heard.
pub(super) const BUFFER_BYTES: usize = 1 << 20;

/// How far ahead the drive is kept busy while what it gave is hashed.
const AHEAD_BYTES: u64 = 8 << 20;

/// Reads and hashes an open stored file.
pub(super) fn read_content(
    file: &OwnedFd,
    stat: &Statx,
    buffer: &mut [u8],
    monitor: &Monitor,
) -> Result<Content, CopyError> {
    // All of this is advice: a system that doesn't take it gives the same bytes.
    let advise = |from: u64, length: u64, advice| {
        let _ = fadvise(file, from, std::num::NonZeroU64::new(length), advice);
    };
    advise(0, 0, Advice::DontNeed);
    advise(0, 0, Advice::Sequential);
    let is_long = stat.stx_size > buffer.len() as u64;
    let (mut at, mut dropped, mut asked) = (0_u64, 0_u64, 0_u64);
    let take = |piece: Piece<'_>| {
        let length = match piece {
            Piece::Data(bytes) => bytes.len() as u64,
            Piece::Hole(length) => length,
        };
        at = at.saturating_add(length);
        monitor.add_bytes(length);
        if is_long && at.saturating_add(AHEAD_BYTES / 2) > asked {
            asked = at.max(asked);
            advise(asked, AHEAD_BYTES, Advice::WillNeed);
            asked = asked.saturating_add(AHEAD_BYTES);
            advise(dropped, at - dropped, Advice::DontNeed);
            dropped = at;
        }
        Ok(())
    };
    let content = read_once(file, stat, buffer, monitor, &mut { take });
    advise(0, 0, Advice::DontNeed);
    content
}
