//! The folders that a restore writes into: reached from the root without ever following a symbolic link.

use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Uid};
use rustix::io::Errno;

use super::journal::Made;
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result, TargetProblem};
use crate::engine::path::RelPath;

/// The path of a folder that a person named, links in it resolved once and for all; it need not exist.
pub fn resolve(folder: &Path) -> Result<PathBuf> {
    let failed = |source| Error::io("find", folder, source);
    let absolute = std::path::absolute(folder).map_err(failed)?;
    for existing in absolute.ancestors() {
        match existing.canonicalize() {
            Ok(canonical) => {
                let rest = absolute.strip_prefix(existing).unwrap_or(Path::new(""));
                return Ok(if rest.as_os_str().is_empty() {
                    canonical
                } else {
                    canonical.join(rest)
                });
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(absolute)
}

/// Opens the folder `path`; `None` if it has to be made.
pub fn open(path: &Path) -> Result<Option<Dir>> {
    let relative = RelPath::from_absolute(path)?;
    let root = Dir::open(Path::new("/")).map_err(|errno| Error::io("open", path, errno))?;
    match root.beneath(&relative) {
        Ok(dir) => Ok(Some(dir)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(refused(path, errno)),
    }
}

/// Opens the nearest folder at or above `path` that is there, and says where that is.
pub fn nearest(path: &Path) -> Result<(Dir, PathBuf)> {
    for above in path.ancestors() {
        if let Some(dir) = open(above)? {
            return Ok((dir, above.to_owned()));
        }
    }
    Err(refused(path, Errno::NOENT))
}

/// Opens the folder `path`, making what is missing of it.
pub fn make(path: &Path) -> Result<Dir> {
    make_with(path, 0o755)
}

/// Makes a folder unless it is there; nobody else may enter it before it is whose it is to be.
pub fn make_as(made: &Made) -> Result<()> {
    let Some(mode) = made.mode else { return make(&made.path).map(drop) };
    if open(&made.path)?.is_some() {
        return Ok(());
    }
    let dir = make_with(&made.path, 0o700)?;
    let failed = |errno| refused(&made.path, errno);
    if let Some((uid, gid)) = made.owner {
        let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
        rustix::fs::fchown(&dir, Some(uid), Some(gid)).map_err(failed)?;
    }
    dir.set_mode(mode).map_err(failed)
}

fn make_with(path: &Path, mode: u32) -> Result<Dir> {
    if let Some(dir) = open(path)? {
        return Ok(dir);
    }
    let relative = RelPath::from_absolute(path)?;
    let mut dir = Dir::open(Path::new("/")).map_err(|errno| Error::io("open", path, errno))?;
    for name in relative.components() {
        dir = dir.ensure(name, mode).map_err(|errno| refused(path, errno))?;
    }
    Ok(dir)
}

/// An error of the system call that was to open or make a folder to restore into.
pub fn refused(path: &Path, errno: Errno) -> Error {
    let reason = match errno {
        Errno::LOOP => TargetProblem::Link,
        Errno::NOTDIR => TargetProblem::NotFolder,
        Errno::ACCESS | Errno::PERM => TargetProblem::NoPermission,
        Errno::ROFS => TargetProblem::ReadOnly,
        Errno::NOSPC => TargetProblem::Full,
        errno => return Error::io("open", path, errno),
    };
    Error::BadTarget { path: path.to_owned(), reason }
}
