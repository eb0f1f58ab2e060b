//! A thing that can't be moved as it is: a folder without permissions, or what is immutable. It is made movable for as
//! long as it is moved, and gets what it had back then; after a kill the steps know what that was.

use std::os::fd::OwnedFd;

use rustix::io::{Errno, Result};

use super::adjust::{hold, set_mode};
use super::flags;
use super::journal::Thing;
use crate::engine::dir::{Dir, add_inode_flags};

/// A thing that is movable until it is fastened or dropped.
#[derive(Debug)]
pub struct Loose {
    folder: Option<(OwnedFd, u32)>,
    flagged: Option<(OwnedFd, u32)>,
}

impl Loose {
    /// Nothing that has to be made movable.
    pub const NONE: Self = Self { folder: None, flagged: None };

    /// Makes what is called `name` in `dir` movable, if it is this thing.
    pub fn new(dir: &Dir, name: &[u8], thing: Option<&Thing>) -> Result<Self> {
        let mut loose = Self::NONE;
        let Some(thing) = thing else { return Ok(loose) };
        if thing.flags != 0 {
            match flags::open(dir, name, thing.inode) {
                Ok(held) => {
                    flags::take(&held, thing.flags)?;
                    loose.flagged = Some((held, thing.flags));
                }
                Err(Errno::NOENT) => return Ok(loose),
                Err(errno) => return Err(errno),
            }
        }
        if let Some(mode) = thing.mode
            && let Some(held) = hold(dir, name, thing.inode)?
        {
            set_mode(&held, mode | 0o700)?;
            loose.folder = Some((held, mode));
        }
        Ok(loose)
    }

    /// Gives it back what it had.
    pub fn fasten(mut self) -> Result<()> {
        self.put_back()
    }

    fn put_back(&mut self) -> Result<()> {
        let mode = self.folder.take().map_or(Ok(()), |(held, mode)| set_mode(&held, mode));
        // Last: what is immutable takes no mode.
        let is_flagged =
            self.flagged.take().is_none_or(|(held, flags)| add_inode_flags(held, flags));
        mode.and(if is_flagged { Ok(()) } else { Err(Errno::PERM) })
    }
}

impl Drop for Loose {
    /// An error in between must not leave it as it was made for the moment.
    fn drop(&mut self) {
        let _ = self.put_back();
    }
}
