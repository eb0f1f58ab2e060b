//! Read-only folders, made writable for as long as something in them is moved.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::io::Errno;

use super::adjust::{hold, set_mode};
use super::journal::{Journal, Lift, Steps};
use super::swap::is_general;
use super::target;
use crate::engine::dir::stat_fd;
use crate::engine::error::{Error, Result};

/// What a folder needs so that something in it can be moved.
pub const WRITABLE: u32 = 0o300;

/// Makes folders writable. The modes that they have by now are noted first; `was_raised` says that an interrupted run may
/// have made them writable already.
pub fn raise(steps: &mut Steps, journal: &Journal, was_raised: bool) -> Result<()> {
    let mut is_other = false;
    for lift in &mut steps.lifts {
        let Some((_, mode)) = held(lift)? else { continue };
        if mode != lift.mode && !(was_raised && mode == lift.mode | WRITABLE) {
            lift.mode = mode;
            is_other = true;
        }
    }
    if is_other {
        journal.write_steps(steps)?;
    }
    lift(&steps.lifts, true)
}

/// Makes folders writable, or gives those that still are as this made them their modes back.
pub fn lift(lifts: &[Lift], is_writable: bool) -> Result<()> {
    for lift in lifts {
        let Some((held, mode)) = held(lift)? else { continue };
        let wanted = match is_writable {
            true => mode | WRITABLE,
            false if mode == lift.mode | WRITABLE => lift.mode,
            // Somebody gave it another one meanwhile.
            false => mode,
        };
        if wanted != mode {
            let changed = set_mode(&held, wanted);
            skip_single(
                changed.map_err(|errno| Error::io("change the permissions of", &lift.path, errno)),
            )?;
        }
    }
    Ok(())
}

/// The folder and its mode; `None` if it is not there any more.
fn held(lift: &Lift) -> Result<Option<(OwnedFd, u32)>> {
    let failed = |errno| Error::io("examine", &lift.path, errno);
    let parent = lift.path.parent().unwrap_or(Path::new("/"));
    let Some(parent) = skip_single(target::open(parent))?.flatten() else { return Ok(None) };
    let name = lift.path.file_name().map_or(&b"."[..], |name| name.as_encoded_bytes());
    let held = match hold(&parent, name, lift.inode) {
        Ok(Some(held)) => held,
        Ok(None) | Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
        Err(errno) => return skip_single(Err(failed(errno))),
    };
    let mode = u32::from(stat_fd(&held).map_err(failed)?.stx_mode) & 0o7777;
    Ok(Some((held, mode)))
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
        let lifts = [Lift { path: path.clone(), inode, mode: mode() }];
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
