//! Reads what one entry of a tree is: its inode and the override of its path.

use std::borrow::Cow;
use std::collections::HashMap;
use std::os::fd::OwnedFd;

use rustix::fs::Statx;
use rustix::io::Errno;

use super::finding::Fault;
use super::folder::Leaf;
use crate::engine::dir::Dir;
use crate::engine::disk;
use crate::engine::error::{Error, Result};
use crate::engine::gone;
use crate::engine::index::{NOTHING, State, treeless};
use crate::engine::listing::Listed;
use crate::engine::meta::{ContentHash, Kind, Metadata};
use crate::engine::monitor::Monitor;
use crate::engine::overrides::Override;
use crate::engine::path::{EntryName, RelPath};
use crate::engine::repository::Repository;
use crate::engine::seal::Owner;
use crate::engine::xattr::{self, Xattrs};

/// One snapshot's tree, as it is to be understood.
pub(super) struct Tree<'a> {
    pub repository: &'a Repository,
    /// The snapshot's name.
    pub snapshot: String,
    pub overrides: HashMap<RelPath, Override>,
    treeless: HashMap<RelPath, Vec<Vec<u8>>>,
    /// Whose all entries are of which no override says otherwise; `None` if the inodes tell.
    pub owner: Option<Owner>,
    /// The drive's number: inode numbers of another mean nothing.
    device: (u32, u32),
    /// Whether the drive says that it turns.
    pub turns: bool,
    pub monitor: &'a Monitor,
}

/// A leaf as it is stored.
pub(super) enum Stored {
    /// A file, open for reading.
    File(OwnedFd, Statx),
    /// A link, or what the overrides alone tell of.
    Other(State),
    /// Nothing that Yore writes.
    Foreign,
}

impl<'a> Tree<'a> {
    pub fn new(
        repository: &'a Repository,
        snapshot: &str,
        overrides: HashMap<RelPath, Override>,
        owner: Option<Owner>,
        monitor: &'a Monitor,
    ) -> Result<Self> {
        let path = repository.path();
        let stat = repository.dir().stat().map_err(|errno| Error::drive("examine", path, errno))?;
        Ok(Self {
            repository,
            snapshot: snapshot.to_owned(),
            treeless: treeless(&overrides),
            overrides,
            owner,
            device: (stat.stx_dev_major, stat.stx_dev_minor),
            turns: disk::turns(repository.dir()),
            monitor,
        })
    }

    /// Whether this lies on the repository's own file system.
    pub fn is_own(&self, stat: &Statx) -> bool {
        (stat.stx_dev_major, stat.stx_dev_minor) == self.device
    }

    /// What the overrides say of `path`.
    pub fn change(&self, path: &RelPath) -> Cow<'_, Override> {
        self.overrides.get(path).map_or_else(|| Cow::Owned(Override::default()), Cow::Borrowed)
    }

    fn state(
        &self,
        path: &RelPath,
        stored: Metadata,
        attributes: &Xattrs,
        hash: Option<ContentHash>,
    ) -> State {
        State::of_stored(stored, self.owner, self.overrides.get(path), attributes, hash)
    }

    /// The metadata of what lies at `path`, as far as that is told without opening it.
    pub fn meta_of(&self, path: &RelPath, stat: &Statx) -> Option<Metadata> {
        let stored = Metadata::from_statx(stat)?;
        Some(self.state(path, stored, &Xattrs::default(), None).meta)
    }

    /// What the folder `dir` at `path` is.
    pub fn folder_state(
        &self,
        path: &RelPath,
        dir: &Dir,
        stat: &Statx,
    ) -> rustix::io::Result<State> {
        let stored = Metadata::from_statx(stat).ok_or(Errno::INVAL)?;
        Ok(self.state(path, stored, &Xattrs::read(dir)?, None))
    }

    /// What the open file at `path` is, with the hash that it carries.
    pub fn file_state(
        &self,
        path: &RelPath,
        file: &OwnedFd,
        stat: &Statx,
    ) -> rustix::io::Result<State> {
        let stored = Metadata::from_statx(stat).ok_or(Errno::INVAL)?;
        let attributes = Xattrs::read(file)?;
        Ok(self.state(path, stored, &attributes, xattr::read_hash(file)?))
    }

    /// All that lies in the folder `dir` at `path`, sorted, and after it what overrides alone tell of.
    pub fn list(&self, path: &RelPath, dir: &Dir) -> rustix::io::Result<Vec<Listed>> {
        let mut entries = dir.entries()?;
        let stored = entries.len();
        for name in self.treeless.get(path).into_iter().flatten() {
            let known = entries.get(..stored).unwrap_or_default();
            if Listed::find(known, name).is_none() {
                entries.push(Listed { name: EntryName::from_slice(name), inode: 0, kind: None });
            }
        }
        Ok(entries)
    }

    /// Looks at the leaf of the folder `dir` that has this path.
    pub fn look(&self, path: &RelPath, dir: &Dir, leaf: &Leaf) -> rustix::io::Result<Stored> {
        let change = self.change(path);
        Ok(match leaf.kind {
            None if leaf.inode == 0 => {
                Stored::Other(self.state(path, NOTHING, &Xattrs::default(), None))
            }
            // Of these nothing is stored.
            _ if change.special.is_some() || change.absent => Stored::Foreign,
            Some(Kind::File) => {
                let (file, stat) = dir.open_file(&leaf.name)?;
                Stored::File(file, stat)
            }
            Some(Kind::Symlink) => {
                let stat = dir.stat_child(&leaf.name)?;
                let stored = Metadata::from_statx(&stat).ok_or(Errno::INVAL)?;
                let hash = ContentHash::of(&dir.read_link(&leaf.name)?);
                Stored::Other(self.state(path, stored, &Xattrs::default(), Some(hash)))
            }
            _ => Stored::Foreign,
        })
    }

    /// The fault that a failure to read stands for.
    ///
    /// # Errors
    /// The drive is gone, or this computer can't go on.
    pub fn fault_of(&self, errno: Errno) -> Result<Fault> {
        match errno {
            Errno::NODEV | Errno::NXIO | Errno::MFILE | Errno::NFILE | Errno::NOMEM => {
                return Err(Error::drive("read", self.repository.path(), errno));
            }
            errno if gone::is_damage(errno) => gone::prove(self.repository)?,
            _ => {}
        }
        Ok(Fault::Unreadable(errno.to_string()))
    }
}
