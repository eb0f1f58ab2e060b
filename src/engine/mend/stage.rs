//! `stage/mend/`: where new inodes are made, and wait for their names.

use std::collections::HashSet;

use rustix::io::Errno;

use super::{journal, remove_tree};
use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::mend::failure::failed;
use crate::engine::repository::Repository;

/// The folder of new inodes in `stage/`.
pub(in crate::engine) const STAGE_NAME: &[u8] = b"mend";

/// The folder as an interrupted mending left it, or an empty one.
pub(super) fn open(repository: &Repository) -> Result<Dir> {
    let stage = repository.folder("stage")?;
    let open = || match stage.ensure(STAGE_NAME, 0o700) {
        Err(Errno::NOTDIR | Errno::LOOP) => {
            remove_tree(&stage, STAGE_NAME)?;
            stage.create(STAGE_NAME, 0o700)
        }
        opened => opened,
    };
    furnished(open()).map_err(|errno| failed(repository, errno))
}

/// An empty folder for new inodes.
pub(super) fn make(repository: &Repository) -> Result<Dir> {
    remove(repository)?;
    let stage = repository.folder("stage")?;
    furnished(stage.create(STAGE_NAME, 0o700)).map_err(|errno| failed(repository, errno))
}

/// What the drive would hand down is none of what a damaged file carries.
fn furnished(opened: rustix::io::Result<Dir>) -> rustix::io::Result<Dir> {
    let stage = opened?;
    stage.drop_default_acl()?;
    Ok(stage)
}

/// Removes what was staged.
pub(super) fn remove(repository: &Repository) -> Result<()> {
    let stage = match repository.dir().child(b"stage") {
        Ok(stage) => stage,
        Err(Errno::NOENT) => return Ok(()),
        Err(errno) => return Err(failed(repository, errno)),
    };
    let removed = match stage.has(STAGE_NAME) {
        Ok(true) => remove_tree(&stage, STAGE_NAME),
        Ok(false) => Ok(()),
        Err(errno) => Err(errno),
    };
    removed.map_err(|errno| failed(repository, errno))
}

/// The inodes that a mending was just putting in the place of damaged ones when it was interrupted.
pub(in crate::engine) fn new_inodes(repository: &Repository) -> HashSet<u64> {
    let staged = || {
        if !journal::is_there(repository)? {
            return Ok(Vec::new());
        }
        repository.dir().child(b"stage")?.child(STAGE_NAME)?.entries()
    };
    let staged: rustix::io::Result<_> = staged();
    staged.unwrap_or_default().into_iter().map(|entry| entry.inode).collect()
}
