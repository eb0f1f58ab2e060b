//! What an entry of a snapshot's tree should be by the index, and what its stored inode has to carry for that.

use rustix::fs::Statx;

use crate::engine::index::State;
use crate::engine::meta::{ContentHash, Kind, Metadata};
use crate::engine::overrides::Override;
use crate::engine::seal::Owner;
use crate::engine::xattr::Xattrs;

/// An entry as it should be.
#[derive(Debug, Clone)]
pub(super) struct WantedEntry {
    /// What the index has of it.
    pub state: State,
    /// Whose all entries are of which no override says otherwise; `None` if the inodes tell.
    pub owner: Option<Owner>,
    change: Override,
}

impl WantedEntry {
    pub fn new(state: State, owner: Option<Owner>) -> Self {
        Self { change: state.change(), state, owner }
    }

    pub fn kind(&self) -> Kind {
        self.state.meta.kind
    }

    /// Whether the tree has something of it: of special files, and of files that were never read, overrides alone tell.
    pub fn is_stored(&self) -> bool {
        match self.kind() {
            Kind::Directory => true,
            Kind::File | Kind::Symlink => !self.change.absent,
            Kind::Fifo | Kind::Socket | Kind::Block | Kind::Character => false,
        }
    }

    /// Whether a stored inode, with the override of the path, tells all of it.
    pub fn is_told_by(&self, stat: &Statx, xattrs: &Xattrs, hash: Option<ContentHash>) -> bool {
        let Some(stored) = Metadata::from_statx(stat) else { return false };
        let told = State::of_stored(stored, self.owner, Some(&self.change), xattrs, hash);
        let wanted = &self.state;
        (told.meta, told.hash, told.xattrs) == (wanted.meta, wanted.hash, wanted.xattrs)
            && told.stored_mtime() == wanted.stored_mtime()
    }

    /// Whether these attributes of an inode are right; any are where the override says them all.
    pub fn has_attributes(&self, worn: &Xattrs) -> bool {
        self.change.xattrs.is_some() || worn.digest() == self.state.xattrs
    }

    /// The metadata that a new inode gets.
    pub fn inode_meta(&self) -> Metadata {
        let meta = self.state.meta;
        // A folder that its owner may not enter is stored as one that they may, and an override says its mode.
        let is_opened = meta.kind == Kind::Directory && self.change.mode.is_some();
        let mode = if is_opened { meta.mode | 0o500 } else { meta.mode };
        Metadata { mode, mtime: self.state.stored_mtime(), ..meta }
    }
}
