//! Whether what is there is what is going to be restored. No content is read where the index knows the answer.

use std::path::Path;

use rustix::fs::Statx;

use super::{Found, Planner, Spot};
use crate::engine::copy::{self, CopyError};
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result};
use crate::engine::meta::{ContentHash, Fingerprint, Kind, Metadata};
use crate::engine::plan::is_recognised;
use crate::engine::xattr::{Labels, Xattrs};

impl Planner<'_> {
    /// Whether the entry `name` of the open folder `dir` has the content that `found` had, and, where that was asked
    /// for, its metadata.
    pub(super) fn is_same(
        &mut self,
        found: &Found,
        spot: &Spot,
        dir: &Dir,
        name: &[u8],
        stat: &Statx,
    ) -> Result<bool> {
        let then = &found.state.meta;
        let now = Metadata::from_statx(stat).ok_or_else(|| odd(&spot.path))?;
        if now.kind != then.kind || now.size_bytes != then.size_bytes {
            return Ok(false);
        }
        if self.is_exact() && !self.past(found.at)?.owners.has_metadata(&now, then) {
            return Ok(false);
        }
        match now.kind {
            Kind::File => {
                // Elsewhere than where it came from, only the inode itself tells.
                let by_inode = spot.stable_inodes || !self.is_original();
                let seen = Fingerprint::from_statx(stat);
                Ok(is_recognised(&found.state, &now, &seen, by_inode)
                    || self.has_content(found, dir, name)?)
            }
            Kind::Symlink => {
                let link = dir.read_link(name).ok();
                Ok(link.map(|link| ContentHash::of(&link)) == found.state.hash)
            }
            _ => Ok(now.device == then.device),
        }
    }

    /// Reads the file `name`; one that can't be read is another.
    fn has_content(&mut self, found: &Found, dir: &Dir, name: &[u8]) -> Result<bool> {
        match copy::hash_file(dir, name, &mut self.buffer, Labels::Leave, self.monitor) {
            Ok(read) if Some(read.hash) != found.state.hash => Ok(false),
            Ok(read) => Ok(!self.is_exact() || self.has_attributes(found, read.xattrs)?),
            Err(CopyError::Cancelled) => Err(Error::Cancelled),
            Err(_) => Ok(false),
        }
    }

    /// Whether the open folder `dir` has the metadata that `found` had.
    pub(super) fn is_dressed(&self, found: &Found, dir: &Dir, now: &Metadata) -> Result<bool> {
        if !self.past(found.at)?.owners.has_metadata(now, &found.state.meta) {
            return Ok(false);
        }
        match Xattrs::read(dir) {
            Ok(xattrs) => self.has_attributes(found, xattrs),
            Err(_) => Ok(true),
        }
    }

    fn has_attributes(&self, found: &Found, now: Xattrs) -> Result<bool> {
        let digest = now.digest();
        if digest.is_none() && found.state.xattrs.is_none() {
            return Ok(true);
        }
        let then = found.state.change().xattrs().or_else(|| {
            let (folder, name) = self.stored(found)?;
            match found.state.meta.kind {
                Kind::Directory => Xattrs::read(folder.child(&name).ok()?).ok(),
                _ => Xattrs::read(folder.open_file(&name).ok()?.0).ok(),
            }
        });
        match then {
            Some(then) => Ok(self.past(found.at)?.owners.has_attributes(now, then)),
            None => Ok(digest == found.state.xattrs),
        }
    }
}

fn odd(path: &Path) -> Error {
    Error::io("examine something in", path, rustix::io::Errno::INVAL)
}
