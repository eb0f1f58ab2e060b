//! Asking a program whether a stored version is good. It gets a copy: no path of a repository is ever handed out.

use std::ffi::OsString;
use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use uuid::Uuid;

use super::places;
use crate::engine::error::{Error, Result};
use crate::engine::history::{History, Version};
use crate::engine::monitor::Monitor;
use crate::engine::restore::{self, Journals, OnConflict, RestoreRequest, Target};

/// Copies that are older than this are left over from a run that was killed.
const LEFT_OVER: Duration = Duration::from_secs(24 * 60 * 60);

/// Asks a program about versions.
pub struct Checker<'a> {
    history: &'a History,
    program: &'a Path,
    arguments: &'a [OsString],
    monitor: &'a Monitor,
}

impl<'a> Checker<'a> {
    /// Asks `program`, which gets the `arguments` and then a copy. What was left over by runs before is removed.
    pub fn new(
        history: &'a History,
        program: &'a Path,
        arguments: &'a [OsString],
        monitor: &'a Monitor,
    ) -> Self {
        remove_left_over();
        Self { history, program, arguments, monitor }
    }

    /// Whether the program ends well when it is given a copy of the version.
    ///
    /// # Errors
    /// The version can't be copied whole, the program can't be run, or a stop was asked for.
    pub fn check(&self, version: &Version) -> Result<bool> {
        self.monitor.check_cancelled()?;
        let folder = PrivateFolder::create()?;
        let copy = self.copy(version, &folder.0)?;
        let status = Command::new(self.program)
            .args(self.arguments)
            .arg(&copy)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .map_err(|source| Error::Io { action: "run", path: self.program.to_owned(), source })?;
        // The program may have been stopped, too: then it said nothing.
        self.monitor.check_cancelled()?;
        Ok(status.success())
    }

    /// Brings the version into `folder`, checked by its hash, for this user to read alone.
    fn copy(&self, version: &Version, folder: &Path) -> Result<PathBuf> {
        let snapshots = self.history.snapshots()?;
        let at = version.newest_good(&snapshots).map_or(version.last, |snapshot| snapshot.seq);
        let request = RestoreRequest {
            target: Target::Folder(folder.to_owned()),
            on_conflict: OnConflict::Skip,
            ..RestoreRequest::of(at, [version.path.clone()])
        };
        let plan = restore::plan_restore(self.history, &request, self.monitor)?;
        let report = restore::apply(
            self.history,
            &plan,
            &Journals::new(folder.join("journal")),
            self.monitor,
        )?;
        let damaged = |reason: String| Error::Damaged { path: version.path.to_absolute(), reason };
        if let Some((_, reason)) = report.problems.first() {
            return Err(damaged(reason.to_string()));
        }
        let [path] = report.restored.as_slice() else {
            return Err(damaged("nothing came".to_owned()));
        };
        std::fs::set_permissions(path, Permissions::from_mode(0o400))
            .map_err(|source| Error::Io { action: "protect", path: path.clone(), source })?;
        Ok(path.clone())
    }
}

/// Where the copies lie.
fn copies_dir() -> PathBuf {
    places::cache_dir().join("open")
}

/// Removes copies that nobody looks at any more; what can't be removed or looked at stays.
fn remove_left_over() {
    for entry in std::fs::read_dir(copies_dir()).into_iter().flatten().flatten() {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|modified| modified.elapsed().ok());
        if age.is_some_and(|age| age > LEFT_OVER) {
            let path = entry.path();
            let _ = std::fs::remove_dir_all(&path).or_else(|_| std::fs::remove_file(&path));
        }
    }
}

/// A folder that only this user may enter, removed with all in it.
struct PrivateFolder(PathBuf);

impl PrivateFolder {
    fn create() -> Result<Self> {
        let path = copies_dir().join(Uuid::new_v4().to_string());
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
