//! Reads what one entry of a tree is: from its inode, its attributes and the override of its path.

use rustix::io::Errno;

use super::{Tally, Walk};
use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::index::{Child, OPEN, State};
use crate::engine::listing::Listed;
use crate::engine::meta::{ContentHash, FileTime, Kind, Metadata};
use crate::engine::overrides::Override;
use crate::engine::path::RelPath;
use crate::engine::xattr::{self, Xattrs};

/// An entry that was read.
pub(super) enum Read {
    /// Nothing that Yore writes: a hand put it there.
    Foreign,
    /// A directory, to be read when its turn comes.
    Directory,
    /// Anything else.
    Entry(State),
}

impl Walk<'_> {
    /// Reads the entry `listed` of `dir`, which lies at `path`.
    pub(super) fn read_entry(&self, dir: &Dir, listed: &Listed, path: &RelPath) -> Result<Read> {
        let (name, failed) = (listed.name.as_slice(), |errno| self.failed(errno));
        if listed.kind == Some(Kind::Directory) {
            return Ok(Read::Directory);
        }
        let stat = match dir.stat_child(name) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => {
                let state = self.state(path, NOTHING, &Xattrs::default(), None);
                return Ok(Read::Entry(state));
            }
            Err(errno) => return Err(failed(errno)),
        };
        let Some(stored) = Metadata::from_statx(&stat) else { return Ok(Read::Foreign) };
        Ok(match stored.kind {
            Kind::Directory => Read::Directory,
            Kind::File => {
                let (file, _) = dir.open_file(name).map_err(failed)?;
                let attributes = Xattrs::read(&file).map_err(failed)?;
                let hash = xattr::read_hash(&file).map_err(failed)?;
                Read::Entry(self.state(path, stored, &attributes, hash))
            }
            Kind::Symlink => {
                let target = dir.read_link(name).map_err(failed)?;
                let hash = Some(ContentHash::of(&target));
                Read::Entry(self.state(path, stored, &Xattrs::default(), hash))
            }
            Kind::Fifo | Kind::Socket | Kind::Block | Kind::Character => Read::Foreign,
        })
    }

    /// Whether the file at `path`, which is the same inode as in the base, is still the version that is known of it.
    ///
    /// The index has that from the inode and the base's override, so nothing of the inode needs to be read if this
    /// snapshot says the same of it.
    pub(super) fn says_the_same(&self, known: &Child, path: &RelPath) -> bool {
        let (state, change) = (&known.state, self.overrides.get(path));
        let is_owned_alike = self.owner.is_none_or(|owner| {
            let uid = change.and_then(|change| change.uid).unwrap_or(owner.uid);
            let gid = change.and_then(|change| change.gid).unwrap_or(owner.gid);
            (state.meta.uid, state.meta.gid) == (uid, gid)
        });
        known.last == OPEN
            && state.meta.kind == Kind::File
            && is_owned_alike
            && state.override_text == change.and_then(Override::to_text)
    }

    /// What an inode and the override of its path tell together.
    pub(super) fn state(
        &self,
        path: &RelPath,
        stored: Metadata,
        attributes: &Xattrs,
        hash: Option<ContentHash>,
    ) -> State {
        State::of_stored(stored, self.owner, self.overrides.get(path), attributes, hash)
    }
}

impl Tally {
    /// Counts one entry.
    pub(super) fn count(&mut self, meta: &Metadata) {
        self.counts.count(meta.kind);
        if meta.kind == Kind::File {
            self.total_bytes = self.total_bytes.saturating_add(meta.size_bytes);
        }
    }

    /// Counts what another thread has counted.
    pub(super) fn add(&mut self, other: &Self) {
        self.counts += other.counts;
        self.total_bytes = self.total_bytes.saturating_add(other.total_bytes);
    }
}

/// The inode of an entry that an override alone tells of.
pub(crate) const NOTHING: Metadata = Metadata {
    kind: Kind::File,
    mode: 0,
    uid: 0,
    gid: 0,
    size_bytes: 0,
    mtime: FileTime { sec: 0, nsec: 0 },
    device: (0, 0),
};
