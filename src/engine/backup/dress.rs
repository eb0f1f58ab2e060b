//! What a stored entry carries: its metadata is set, and looked at again, since not every drive takes all of it.

use std::os::fd::AsFd;

use rustix::io::Errno;

use super::run::Run;
use crate::engine::copy::{self, OwnerRule};
use crate::engine::dir::{set_mtime, stat_fd};
use crate::engine::error::Result;
use crate::engine::meta::Metadata;
use crate::engine::overrides::Override;
use crate::engine::repository::Owners;
use crate::engine::xattr::Xattrs;

impl Run<'_> {
    /// What a stored inode says, its owner replaced by the seal's where inodes don't carry owners.
    pub fn stored_meta(&self, mut stored: Metadata) -> Metadata {
        if self.carrier.owners == Owners::Seal {
            stored.uid = self.owner.uid;
            stored.gid = self.owner.gid;
        }
        stored
    }

    /// As [`Run::stored_meta`], of what a descriptor stands for, after its metadata was set.
    pub fn stored_meta_of(&self, fd: impl AsFd) -> Result<Metadata> {
        let stat = stat_fd(fd).map_err(|errno| self.drive_error(errno))?;
        let meta = Metadata::from_statx(&stat).ok_or_else(|| self.drive_error(Errno::IO))?;
        Ok(self.stored_meta(meta))
    }

    /// Sets a stored entry's metadata, and tells which override it needs in spite of that.
    pub fn dress(
        &self,
        fd: impl AsFd,
        meta: &Metadata,
        xattrs: &Xattrs,
    ) -> Result<(Override, Metadata)> {
        let failed = |errno| self.drive_error(errno);
        let set = |owner| copy::set_attributes(&fd, meta, xattrs, owner).map_err(failed);
        // What a process makes is its own already, but in a folder or on a drive that hands down its group.
        let is_own = (meta.uid, meta.gid) == (self.owner.uid, self.owner.gid);
        let must_set = self.carrier.owners == Owners::Inode && !is_own;
        let mut all = set(if must_set { OwnerRule::Set } else { OwnerRule::Leave })?;
        set_mtime(&fd, meta.mtime).map_err(failed)?;
        let mut stored = self.stored_meta_of(&fd)?;
        if is_own && (stored.uid, stored.gid) != (meta.uid, meta.gid) {
            all = set(OwnerRule::Set)?;
            stored = self.stored_meta_of(&fd)?;
        }
        // Most were made with it.
        if stored.mode != meta.mode {
            copy::set_mode(&fd, meta.mode).map_err(failed)?;
            stored = self.stored_meta_of(&fd)?;
        }
        let mut change = Override::between(meta, &stored);
        if !all || xattrs.has_labels() {
            change.set_xattrs(xattrs);
        }
        Ok((change, stored))
    }
}
