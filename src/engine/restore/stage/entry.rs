//! Makes what is no folder: files by content, the names of a file that has several, and what can't be opened.

use std::os::fd::OwnedFd;

use rustix::fs::FileType;

use super::{Piece, Staging, Worker};
use crate::engine::copy::{self, CopyError, ReadFile};
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result};
use crate::engine::meta::{Kind, NOCOW_FLAG};
use crate::engine::problem::Reason;
use crate::engine::remove::remove_tree;
use crate::engine::restore::links;
use crate::engine::xattr::{Labels, Xattrs};

impl Staging<'_> {
    pub(super) fn make_entry(&self, worker: &mut Worker, piece: &Piece) -> Result<()> {
        let state = &piece.state;
        if state.change().absent {
            self.problem(&piece.path, Reason::NeverStored);
            return Ok(());
        }
        let (workspace, dir) = (piece.up.workspace(), piece.up.dir());
        let Some(name) = links::name_of(state) else { return self.make_new(worker, piece) };
        let _turn = self.links.turn(&name);
        self.clear(piece)?;
        // Its flags come with the first name.
        match links::take(workspace, &name, dir, &piece.staged) {
            Ok(true) => {
                self.done(&piece.origin.owners.map(state.meta));
                return Ok(());
            }
            Ok(false) => {}
            Err(errno) => return self.refused(piece, errno),
        }
        self.make_new(worker, piece)?;
        links::keep(workspace, &name, dir, &piece.staged).map_err(|errno| self.failed(errno))
    }

    fn make_new(&self, worker: &mut Worker, piece: &Piece) -> Result<()> {
        match piece.state.meta.kind {
            Kind::File => self.make_file(worker, piece),
            Kind::Symlink => self.make_symlink(piece),
            Kind::Fifo => self.make_special(piece, FileType::Fifo),
            Kind::Socket => self.make_special(piece, FileType::Socket),
            Kind::Block | Kind::Character if !piece.origin.owners.makes_devices() => {
                self.problem(&piece.path, Reason::Device);
                Ok(())
            }
            Kind::Block => self.make_special(piece, FileType::BlockDevice),
            Kind::Character => self.make_special(piece, FileType::CharacterDevice),
            Kind::Directory => Ok(()),
        }
    }

    fn make_file(&self, worker: &mut Worker, piece: &Piece) -> Result<()> {
        let name = piece.path.name().unwrap_or_default();
        let (stage, staged) = (piece.up.dir(), piece.staged.as_slice());
        let change = piece.state.change();
        let (from, to) = ((&*piece.stored, name), (stage, staged));
        let born = change.flags.unwrap_or(0) & NOCOW_FLAG;
        let buffer = &mut worker.buffer;
        let copied = match self.found(piece, buffer)? {
            Some(found) => Ok(found),
            None => copy::copy_file(from, to, born, buffer, Labels::Leave, self.monitor),
        };
        let (read, file) = match copied {
            Ok(copied) => copied,
            Err(CopyError::Cancelled) => return Err(Error::Cancelled),
            Err(CopyError::Drive(errno)) => return self.refused(piece, errno),
            Err(CopyError::Source(errno)) => {
                self.problem(&piece.path, Reason::of_stored(errno));
                return Ok(());
            }
        };
        if piece.state.hash.is_some_and(|hash| hash != read.hash) {
            if !self.damaged {
                stage.unlink(staged).map_err(|errno| self.failed(errno))?;
                self.problem(&piece.path, Reason::StoredDamaged);
                return Ok(());
            }
            self.problem(&piece.path, Reason::RestoredDamaged);
        }
        self.note_flags(&piece.path, change.flags, &file)?;
        let xattrs = piece.origin.owners.map_attributes(change.xattrs().unwrap_or(read.xattrs));
        let meta = piece.origin.owners.map(piece.state.meta);
        self.dress(&piece.path, &file, &meta, &xattrs, piece.origin.owners.rule())?;
        self.done(&meta);
        Ok(())
    }

    /// What an earlier run made of a file, if it is whole; what is not is removed.
    fn found(&self, piece: &Piece, buffer: &mut [u8]) -> Result<Option<(ReadFile, OwnedFd)>> {
        let (stage, staged) = (piece.up.dir(), piece.staged.as_slice());
        if !self.reuses || links::name_of(&piece.state).is_some() {
            return Ok(None);
        }
        if let Ok((file, stat)) = stage.open_file(staged)
            && stat.stx_size == piece.state.meta.size_bytes
            && stat.stx_nlink == 1
        {
            match copy::hash_file(stage, staged, buffer, Labels::Leave, self.monitor) {
                Ok(read) if Some(read.hash) == piece.state.hash => {
                    let stored = piece.path.name().unwrap_or_default();
                    if let Some(xattrs) = stored_attributes(&piece.stored, stored) {
                        return Ok(Some((ReadFile { xattrs, ..read }, file)));
                    }
                }
                Err(CopyError::Cancelled) => return Err(Error::Cancelled),
                _ => {}
            }
        }
        self.clear(piece)?;
        Ok(None)
    }

    /// Removes what an earlier run left in the place of an entry.
    pub(super) fn clear(&self, piece: &Piece) -> Result<()> {
        if !self.reuses {
            return Ok(());
        }
        remove_tree(piece.up.dir(), &piece.staged).map_err(|errno| self.failed(errno))
    }
}

fn stored_attributes(stored: &Dir, name: &[u8]) -> Option<Xattrs> {
    Xattrs::read(stored.open_file(name).ok()?.0).ok()
}
