//! One leaf of a tree: its part of the folder's digest, and its content if that was not read yet.

use std::os::fd::OwnedFd;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use rustix::fs::Statx;
use rustix::io::Errno;

use super::entry::Stored;
use super::finding::{Fault, Suspect};
use super::folder::{Folder, Leaf};
use super::ledger::Outcome;
use super::read::read_content;
use super::walk::Walk;
use crate::engine::copy::CopyError;
use crate::engine::error::{Error, Result};
use crate::engine::gone;
use crate::engine::meta::{ContentHash, Kind};
use crate::engine::path::RelPath;
use crate::engine::xattr;

/// Files from this size on are read one at a time from a disk that turns.
const LARGE_BYTES: u64 = 8 << 20;

impl Walk<'_, '_> {
    /// Looks at a leaf: for the digest if it `counts`, and at its content, unless that was read, if it `is_read`.
    pub(super) fn check_leaf(
        &self,
        folder: &Folder,
        leaf: &Leaf,
        counts: bool,
        is_read: bool,
        buffer: &mut [u8],
    ) -> Result<()> {
        let is_read = is_read && leaf.kind == Some(Kind::File) && self.ledger.is_open(leaf.inode);
        if !counts && !is_read {
            return Ok(());
        }
        let path = folder.path.join(&leaf.name);
        let (file, stat) = match self.tree.look(&path, &folder.dir, leaf) {
            Ok(Stored::File(file, stat)) => (file, stat),
            Ok(Stored::Other(state)) => {
                folder.add(&leaf.name, &state, &self.tree.change(&path));
                return Ok(());
            }
            Ok(Stored::Foreign) => {
                self.fault(path, Fault::Added);
                return Ok(());
            }
            Err(errno) => return self.fail(folder, path, leaf.inode, is_read, errno),
        };
        if !self.tree.is_own(&stat) {
            folder.is_broken.store(true, Relaxed);
            self.fault(path, Fault::Mounted);
            return Ok(());
        }
        if counts {
            match self.tree.file_state(&path, &file, &stat) {
                Ok(state) => folder.add(&leaf.name, &state, &self.tree.change(&path)),
                Err(errno) => return self.fail(folder, path, leaf.inode, is_read, errno),
            }
        }
        if is_read && self.ledger.claim(&file, stat.stx_ino) {
            self.check_content(path, &file, &stat, buffer)?;
        }
        Ok(())
    }

    /// Notes that a leaf can't be looked at, so that its folder has no digest.
    fn fail(
        &self,
        folder: &Folder,
        path: RelPath,
        inode: u64,
        is_read: bool,
        errno: Errno,
    ) -> Result<()> {
        folder.is_broken.store(true, Relaxed);
        let fault = self.tree.fault_of(errno)?;
        let is_suspect = if is_read && gone::is_damage(errno) {
            let suspect = self.suspect(path.clone(), inode, Err(errno.to_string()), None);
            self.ledger.suspect_unread(suspect)
        } else {
            self.ledger.is_suspect(inode)
        };
        if !is_suspect {
            self.fault(path, fault);
        }
        Ok(())
    }

    fn check_content(
        &self,
        path: RelPath,
        file: &OwnedFd,
        stat: &Statx,
        buffer: &mut [u8],
    ) -> Result<()> {
        let monitor = self.tree.monitor;
        monitor.set_current(path.clone());
        let waits = self.tree.turns && stat.stx_size >= LARGE_BYTES;
        let turn = waits.then(|| self.large.lock().unwrap_or_else(PoisonError::into_inner));
        let read = read_content(file, stat, buffer, monitor);
        drop(turn);
        let (carried, inode) = (xattr::read_hash(file).ok().flatten(), stat.stx_ino);
        let (bytes, found) = match read {
            Ok(content) => (content.data_bytes, Ok(content.hash)),
            Err(CopyError::Cancelled) => return Err(Error::Cancelled),
            Err(CopyError::Source(errno) | CopyError::Drive(errno)) => {
                self.tree.fault_of(errno)?;
                (0, Err(errno.to_string()))
            }
        };
        let is_good = carried.is_some_and(|carried| found == Ok(carried));
        let suspect = (!is_good).then(|| self.suspect(path, inode, found, carried));
        self.ledger.finish(Outcome { inode, bytes, suspect });
        monitor.add_entries(1);
        Ok(())
    }

    fn suspect(
        &self,
        path: RelPath,
        inode: u64,
        found: std::result::Result<ContentHash, String>,
        carried: Option<ContentHash>,
    ) -> Suspect {
        Suspect { snapshot: self.tree.snapshot.clone(), path, inode, found, carried }
    }
}
