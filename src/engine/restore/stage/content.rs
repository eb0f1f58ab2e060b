//! Stages the content of a file: what an earlier run made of it, else its own stored copy, else another one.

use std::os::fd::OwnedFd;

use super::{Piece, Staging, Worker};
use crate::engine::copy::{self, Born, CopyError, ReadFile};
use crate::engine::dir::Dir;
use crate::engine::dress;
use crate::engine::error::{Error, Result};
use crate::engine::meta::NOCOW_FLAG;
use crate::engine::problem::Reason;
use crate::engine::restore::links;
use crate::engine::xattr::{Labels, Xattrs};

/// A file with its content, and the attributes that it is to have.
pub(super) struct Content {
    pub file: OwnedFd,
    pub xattrs: Xattrs,
}

/// What came of staging a content from one stored copy.
pub(super) enum Attempt {
    /// It is there.
    Made(Content),
    /// The target doesn't take it, which was said.
    Refused,
    /// The stored copy is of no use, for this reason; its attributes, if it could be read.
    Failed(Reason, Option<Xattrs>),
}

impl Staging<'_> {
    /// Stages the content of a file; `None` if that can't be done, which is said then.
    pub(super) fn make_content(
        &self,
        worker: &mut Worker,
        piece: &Piece,
    ) -> Result<Option<Content>> {
        if let Some(found) = self.found(worker, piece)? {
            return Ok(Some(found));
        }
        let mut attempt = self.copy_own(worker, piece, false)?;
        if let (Attempt::Failed(reason, xattrs), Some(hash)) = (&mut attempt, piece.state.hash) {
            attempt = self.take_content(worker, piece, hash, (*reason, xattrs.take()))?;
        }
        if self.damaged && matches!(attempt, Attempt::Failed(Reason::StoredDamaged, _)) {
            attempt = self.copy_own(worker, piece, true)?;
        }
        match attempt {
            Attempt::Made(content) => return Ok(Some(content)),
            Attempt::Refused => {}
            Attempt::Failed(reason, _) => self.problem(&piece.path, reason),
        }
        Ok(None)
    }

    /// Stages a file's own stored copy; one that is damaged only if that is wanted, and then it is said.
    fn copy_own(&self, worker: &mut Worker, piece: &Piece, takes_damaged: bool) -> Result<Attempt> {
        let from = match piece.own() {
            Ok(from) => from,
            Err(errno) => return Ok(Attempt::Failed(self.unread(errno)?, None)),
        };
        let (read, file) = match self.copy(&mut worker.buffer, piece, from)? {
            Ok(copied) => copied,
            Err(failed) => return Ok(failed),
        };
        if piece.state.hash.is_some_and(|hash| hash != read.hash) {
            if !takes_damaged {
                self.discard(piece)?;
                return Ok(Attempt::Failed(Reason::StoredDamaged, Some(read.xattrs)));
            }
            self.problem(&piece.path, Reason::RestoredDamaged);
        }
        let xattrs = self.attributes(worker, piece, std::iter::once(read.xattrs))?;
        Ok(Attempt::Made(Content { file, xattrs }))
    }

    /// Stages a stored file, whatever is in it; or what came of trying it.
    pub(super) fn copy(
        &self,
        buffer: &mut [u8],
        piece: &Piece,
        from: (&Dir, &[u8]),
    ) -> Result<std::result::Result<(ReadFile, OwnedFd), Attempt>> {
        let to = (piece.up.dir(), piece.staged.as_slice());
        let born = Born {
            mode: piece.origin.owners.map(piece.state.meta).mode,
            flags: piece.state.change().flags.unwrap_or(0) & NOCOW_FLAG,
        };
        match copy::copy_file(from, to, born, buffer, Labels::Leave, self.monitor) {
            Ok(copied) => Ok(Ok(copied)),
            Err(CopyError::Cancelled) => Err(Error::Cancelled),
            Err(CopyError::Drive(errno)) => {
                self.refused(piece, errno)?;
                Ok(Err(Attempt::Refused))
            }
            Err(CopyError::Source(errno)) => Ok(Err(Attempt::Failed(self.unread(errno)?, None))),
        }
    }

    /// Removes a staged file that turned out not to be what is wanted.
    pub(super) fn discard(&self, piece: &Piece) -> Result<()> {
        piece.up.dir().unlink(&piece.staged).map_err(|errno| self.failed(errno))
    }

    /// What an earlier run made of a file, if it is whole; what is not is removed.
    fn found(&self, worker: &mut Worker, piece: &Piece) -> Result<Option<Content>> {
        let (stage, staged) = (piece.up.dir(), piece.staged.as_slice());
        if !self.reuses || links::name_of(&piece.state).is_some() {
            return Ok(None);
        }
        if let Ok((file, stat)) = stage.open_file(staged)
            && stat.stx_size == piece.state.meta.size_bytes
            && stat.stx_nlink == 1
        {
            let buffer = &mut worker.buffer;
            match copy::hash_file(stage, staged, buffer, Labels::Leave, self.monitor) {
                Ok(read) if Some(read.hash) == piece.state.hash => {
                    dress::make_writable(&file, stat.stx_mode.into())
                        .map_err(|errno| self.failed(errno))?;
                    let own = own_attributes(piece);
                    let xattrs = self.attributes(worker, piece, own.into_iter())?;
                    return Ok(Some(Content { file, xattrs }));
                }
                Err(CopyError::Cancelled) => return Err(Error::Cancelled),
                _ => {}
            }
        }
        self.clear(piece)?;
        Ok(None)
    }
}

fn own_attributes(piece: &Piece) -> Option<Xattrs> {
    let (dir, name) = piece.own().ok()?;
    Xattrs::read(dir.open_file(name).ok()?.0).ok()
}
