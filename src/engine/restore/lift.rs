//! Read-only and immutable folders, made writable for as long as something in them is moved.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::Statx;
use rustix::io::Errno;

use super::adjust::{hold, set_mode};
use super::journal::{Journal, Lift, Steps};
use super::swap::is_general;
use super::{flags, target};
use crate::engine::dir::{Dir, add_inode_flags, stat_fd};
use crate::engine::error::{Error, Result};

/// What a folder needs so that something in it can be moved.
const WRITABLE: u32 = 0o300;

/// Makes folders writable. The modes and flags that they have by now are noted first; `was_raised` says that an
/// interrupted run may have made them writable already.
pub fn raise(steps: &mut Steps, journal: &Journal, was_raised: bool) -> Result<()> {
    let mut is_other = false;
    for lift in &mut steps.lifts {
        let Some((_, stat)) = held(lift)? else { continue };
        let (mode, flags) = (mode_of(&stat), flags::fixing(&stat));
        if mode != lift.mode && !(was_raised && mode == lift.raised_mode()) {
            lift.mode = mode;
            is_other = true;
        }
        if flags != lift.flags && !(was_raised && flags == 0) {
            lift.flags = flags;
            is_other = true;
        }
    }
    if is_other {
        journal.write_steps(steps)?;
    }
    lift(&steps.lifts, true)
}

/// Makes folders writable, or gives those that still are as this made them their modes and flags back.
pub fn lift(lifts: &[Lift], is_writable: bool) -> Result<()> {
    for lift in lifts {
        let Some((held, stat)) = held(lift)? else { continue };
        let changed = if is_writable { lift.raise(&held, &stat) } else { lift.lower(&held, &stat) };
        let failed = |errno| Error::io("change the permissions of", &lift.path, errno);
        skip_single(changed.map_err(failed))?;
    }
    Ok(())
}

impl Lift {
    /// The mode with which something can be moved.
    pub fn raised_mode(&self) -> u32 {
        // Root, who takes flags off, needs no permission.
        if self.flags == 0 { self.mode | WRITABLE } else { self.mode }
    }

    fn raise(&self, held: &OwnedFd, stat: &Statx) -> rustix::io::Result<()> {
        if self.flags != 0 {
            flags::take(Dir::opened(held)?, self.flags)?;
        }
        let wanted = if self.flags == 0 { mode_of(stat) | WRITABLE } else { mode_of(stat) };
        if wanted == mode_of(stat) { Ok(()) } else { set_mode(held, wanted) }
    }

    fn lower(&self, held: &OwnedFd, stat: &Statx) -> rustix::io::Result<()> {
        // One to which somebody gave another mode or other flags meanwhile keeps these.
        if mode_of(stat) == self.raised_mode() && mode_of(stat) != self.mode {
            set_mode(held, self.mode)?;
        }
        let is_taken = self.flags != 0 && flags::fixing(stat) == 0;
        if is_taken && !add_inode_flags(Dir::opened(held)?, self.flags) {
            return Err(Errno::PERM);
        }
        Ok(())
    }
}

fn mode_of(stat: &Statx) -> u32 {
    u32::from(stat.stx_mode) & 0o7777
}

/// The folder as it is now; `None` if it is not there any more.
fn held(lift: &Lift) -> Result<Option<(OwnedFd, Statx)>> {
    let failed = |errno| Error::io("examine", &lift.path, errno);
    let parent = lift.path.parent().unwrap_or(Path::new("/"));
    let Some(parent) = skip_single(target::open(parent))?.flatten() else { return Ok(None) };
    let name = lift.path.file_name().map_or(&b"."[..], |name| name.as_encoded_bytes());
    let held = match hold(&parent, name, lift.inode) {
        Ok(Some(held)) => held,
        Ok(None) | Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
        Err(errno) => return skip_single(Err(failed(errno))),
    };
    let stat = stat_fd(&held).map_err(failed)?;
    Ok(Some((held, stat)))
}

/// What concerns a single folder is told of when something in it can't be moved.
fn skip_single<T>(outcome: Result<T>) -> Result<Option<T>> {
    match outcome {
        Ok(done) => Ok(Some(done)),
        Err(error) if is_general(&error) => Err(error),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt};

    use super::*;

    #[test]
    fn a_mode_that_somebody_gave_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        let set = |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        let mode = || path.metadata().unwrap().mode() & 0o7777;
        set(0o555);
        let inode = path.metadata().unwrap().ino();
        let lifts = [Lift { path: path.clone(), inode, mode: mode(), flags: 0 }];
        lift(&lifts, true).unwrap();
        assert_eq!(mode(), 0o755);
        lift(&lifts, false).unwrap();
        assert_eq!(mode(), 0o555);
        lift(&lifts, true).unwrap();
        set(0o711);
        lift(&lifts, false).unwrap();
        assert_eq!(mode(), 0o711);
        set(0o755);
    }
}
