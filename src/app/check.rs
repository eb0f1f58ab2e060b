//! Asking a program whether a stored version is good. It gets a copy: no path of a repository is ever handed out.

use std::ffi::OsString;
use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use uuid::Uuid;

use super::places;
use crate::engine::error::{Error, Result};
use crate::engine::history::{History, Version};
use crate::engine::monitor::Monitor;
use crate::engine::restore::{self, OnConflict, RestoreRequest, Target};

/// Whether `program` ends well when it is given a copy of the version as its last argument.
///
/// # Errors
/// The version can't be copied whole, or the program can't be run.
pub fn check(
    history: &History,
    version: &Version,
    program: &Path,
    arguments: &[OsString],
) -> Result<bool> {
    let folder = PrivateFolder::create()?;
    let copy = copy(history, version, &folder.0)?;
    let status = Command::new(program)
        .args(arguments)
        .arg(&copy)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .map_err(|source| Error::Io { action: "run", path: program.to_owned(), source })?;
    Ok(status.success())
}

/// Brings the version into `folder`, checked by its hash, for this user to read alone.
fn copy(history: &History, version: &Version, folder: &Path) -> Result<PathBuf> {
    let snapshots = history.snapshots()?;
    let good = version.newest_good(&snapshots);
    let request = RestoreRequest {
        at: good.map_or(version.last, |snapshot| snapshot.seq),
        paths: vec![version.path.clone()],
        target: Target::Folder(folder.to_owned()),
        on_conflict: OnConflict::Skip,
        privileges: false,
    };
    let monitor = Monitor::new();
    let plan = restore::plan_restore(history, &request, &monitor)?;
    let report = restore::apply(history, &plan, &monitor)?;
    let damaged = |reason: String| Error::Damaged { path: version.path.to_absolute(), reason };
    if let Some((_, reason)) = report.problems.first() {
        return Err(damaged(reason.to_string()));
    }
    let [path] = report.restored.as_slice() else { return Err(damaged("nothing came".to_owned())) };
    std::fs::set_permissions(path, Permissions::from_mode(0o400)).map_err(|source| Error::Io {
        action: "protect",
        path: path.clone(),
        source,
    })?;
    Ok(path.clone())
}

/// A folder that only this user may enter, removed with all in it.
struct PrivateFolder(PathBuf);

impl PrivateFolder {
    fn create() -> Result<Self> {
        let path = places::cache_dir().join("open").join(Uuid::new_v4().to_string());
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map_err(|source| Error::Io { action: "make", path: path.clone(), source })?;
        Ok(Self(path))
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        // What can't be removed lies in a cache folder that nobody else may enter.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
