//! What a stored entry carries: its metadata is set, and looked at again, since not every drive takes all of it.

use std::os::fd::AsFd;

use super::run::Run;
use crate::engine::dress;
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

    /// Sets a stored entry's metadata, and tells which override it needs in spite of that.
    pub fn dress(
        &self,
        fd: impl AsFd,
        meta: &Metadata,
        xattrs: &Xattrs,
    ) -> Result<(Override, Metadata)> {
        let rule = self.carrier.owners.into();
        let (all, now) = dress::finish(&fd, meta, xattrs, rule, self.owner)
            .map_err(|errno| self.drive_error(errno))?;
        let stored = self.stored_meta(now);
        let mut change = Override::between(meta, &stored);
        if !all || xattrs.has_labels() {
            change.set_xattrs(xattrs);
        }
        Ok((change, stored))
    }
}
