//! Makes what is no folder: files by content, the names of a file that has several, and what can't be opened.

use rustix::fs::FileType;

use super::content::Content;
use super::{Piece, Staging, Worker};
use crate::engine::error::Result;
use crate::engine::meta::Kind;
use crate::engine::problem::Reason;
use crate::engine::remove::remove_tree;
use crate::engine::restore::links;

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
            Kind::Symlink => self.make_symlink(worker, piece),
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
        let Some(Content { file, xattrs }) = self.make_content(worker, piece)? else {
            return Ok(());
        };
        self.note_flags(piece, &file)?;
        let owners = &piece.origin.owners;
        let (meta, xattrs) = (owners.map(piece.state.meta), owners.map_attributes(xattrs));
        self.dress(&piece.path, &file, &meta, &xattrs, owners)?;
        self.done(&meta);
        Ok(())
    }

    /// Removes what an earlier run left in the place of an entry.
    pub(super) fn clear(&self, piece: &Piece) -> Result<()> {
        if !self.reuses {
            return Ok(());
        }
        remove_tree(piece.up.dir(), &piece.staged).map_err(|errno| self.failed(errno))
    }
}
