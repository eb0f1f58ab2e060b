//! Makes what has no content and can't be opened: links, pipes, sockets and devices.

use rustix::fs::{AtFlags, FileType, Gid, Mode, Uid};
use rustix::io::Errno;

use super::{Piece, Staging, Worker};
use crate::engine::dir::set_child_mtime;
use crate::engine::dress::OwnerRule;
use crate::engine::error::Result;
use crate::engine::meta::{ContentHash, Metadata};
use crate::engine::problem::Reason;

impl Staging<'_> {
    pub(super) fn make_symlink(&self, worker: &mut Worker, piece: &Piece) -> Result<()> {
        let Some(target) = self.target_of(worker, piece)? else { return Ok(()) };
        self.clear(piece)?;
        match piece.up.dir().create_link(&piece.staged, &target) {
            Ok(()) => self.finish_nameless(piece),
            Err(errno) => self.refused(piece, errno),
        }
    }

    /// Where a link points to; `None` if no stored copy tells, which is said then.
    fn target_of(&self, worker: &mut Worker, piece: &Piece) -> Result<Option<Vec<u8>>> {
        let own = piece.own().and_then(|(dir, name)| dir.read_link(name));
        let Some(hash) = piece.state.hash else {
            if let Err(errno) = &own {
                self.problem(&piece.path, self.unread(*errno)?);
            }
            return Ok(own.ok());
        };
        if let Ok(target) = &own
            && ContentHash::of(target) == hash
        {
            return Ok(own.ok());
        }
        let reason = match &own {
            Ok(_) if self.damaged => Reason::RestoredDamaged,
            Ok(_) => Reason::StoredDamaged,
            Err(errno) => self.unread(*errno)?,
        };
        if let Some(target) = self.take_target(worker, piece, hash)? {
            return Ok(Some(target));
        }
        self.problem(&piece.path, reason);
        Ok(own.ok().filter(|_| self.damaged))
    }

    pub(super) fn make_special(&self, piece: &Piece, kind: FileType) -> Result<()> {
        let meta = piece.origin.owners.map(piece.state.meta);
        let (major, minor) = meta.device;
        let device = rustix::fs::makedev(major, minor);
        // Nobody may use it before its owner is set.
        let mode = Mode::from_raw_mode(0o600);
        let (dir, name) = (piece.up.dir(), piece.staged.as_slice());
        self.clear(piece)?;
        match rustix::fs::mknodat(dir, name, kind, mode, device) {
            Ok(()) => self.finish_nameless(piece),
            Err(errno) => self.refused(piece, errno),
        }
    }

    /// Owner, mode, attributes and time of what can't be opened.
    fn finish_nameless(&self, piece: &Piece) -> Result<()> {
        let meta = piece.origin.owners.map(piece.state.meta);
        let (dir, name) = (piece.up.dir(), piece.staged.as_slice());
        let failed = |errno| self.failed(errno);
        let (uid, gid) = (Uid::from_raw(meta.uid), Gid::from_raw(meta.gid));
        let all_owners = piece.origin.owners.rule() == OwnerRule::Set;
        let uid = all_owners.then_some(uid);
        match rustix::fs::chownat(dir, name, uid, Some(gid), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(()) => {}
            Err(Errno::PERM) if !all_owners => {}
            Err(errno) => return Err(failed(errno)),
        }
        let xattrs = piece.state.change().xattrs().unwrap_or_default();
        let all =
            piece.origin.owners.map_attributes(xattrs).write_child(dir, name).map_err(failed)?;
        if meta.kind.is_special() {
            let mode = Mode::from_raw_mode(meta.mode);
            rustix::fs::chmodat(dir, name, mode, AtFlags::empty()).map_err(failed)?;
        }
        set_child_mtime(dir, name, meta.mtime).map_err(failed)?;
        let stat = dir.stat_child(name).map_err(failed)?;
        let is_kept = Metadata::from_statx(&stat).is_some_and(|now| now.mtime == meta.mtime);
        if !all || !is_kept {
            self.problem(&piece.path, Reason::MetadataNotRestored);
        }
        self.done(&meta);
        Ok(())
    }
}
