//! Setting Yore up: choosing a drive and folders, checking both, and writing the configuration.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::config::{Config, LOCAL_LIMIT_BYTES, Source};
use super::error::{Error, Result};
use super::places;
use super::rules::RuleWishes;
use super::target::{Options, Target, identity};
use crate::engine::backup::canonical_source;
use crate::engine::dir::Dir;
use crate::engine::error::Error as EngineError;
use crate::engine::history::History;
use crate::engine::monitor::Monitor;
use crate::engine::mounts::{Mount, mounts};
use crate::engine::path::RelPath;
use crate::engine::probe;
use crate::engine::repository::{Repository, YORE_DIR, open_drive};
use crate::engine::retention::Policy;
use crate::engine::rules::RuleSet;

/// File systems that are no drive: what they hold lies in memory, or in a file that can't be written.
const NO_DRIVES: [&[u8]; 4] = [b"tmpfs", b"ramfs", b"overlay", b"squashfs"];

/// What is known of a folder that is proposed as drive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriveCheck {
    /// Bytes that can still be written.
    pub free_bytes: u64,
    /// Bytes in all.
    pub total_bytes: u64,
    /// The file system's name.
    pub file_system: String,
}

/// Finds out, by trying, whether a folder can hold backups of the sources.
///
/// # Errors
/// Why it can't: missing, no folder, read-only, full, a file system that can't, inside a source.
pub fn check_drive(drive: &Path, sources: &[PathBuf]) -> Result<DriveCheck> {
    check(drive, sources, false)
}

fn check(drive: &Path, sources: &[PathBuf], unsafe_drive: bool) -> Result<DriveCheck> {
    let dir = open_drive(drive)?;
    for source in sources {
        check_apart(drive, &dir, source)?;
    }
    if !unsafe_drive {
        probe::check_kind(&dir, drive)?;
    }
    // A drive that belongs to root may hold a folder for backups that anyone can add to.
    match dir.child(YORE_DIR.as_bytes()) {
        Ok(home) => probe::probe(&home, drive)?,
        Err(_) => probe::probe(&dir, drive)?,
    };
    let space = probe::space(&dir, drive)?;
    Ok(DriveCheck {
        free_bytes: space.free_bytes,
        total_bytes: space.total_bytes,
        file_system: probe::file_system_name(&dir).to_owned(),
    })
}

/// Refuses a drive and a source that contain each other on one mounted file system.
pub(super) fn check_apart(drive: &Path, dir: &Dir, source: &Path) -> Result<()> {
    let (Ok(drive), Ok(source)) = (drive.canonicalize(), source.canonicalize()) else {
        return Ok(());
    };
    if source.starts_with(drive.join(YORE_DIR)) {
        return Err(EngineError::SourceInside { path: source, outer: drive.join(YORE_DIR) }.into());
    }
    let mount = |dir: &Dir| dir.stat().ok().map(|stat| stat.stx_mnt_id);
    let same_mount = Dir::open(&source).ok().and_then(|dir| mount(&dir)) == mount(dir);
    // A drive that is mounted somewhere inside a source is left out of its backup by itself.
    if drive.starts_with(&source) && same_mount {
        return Err(EngineError::DriveInsideSource { path: drive, source_path: source }.into());
    }
    Ok(())
}

/// Makes or finds the repository on the drive and writes the configuration, with the usual rules for what is kept: the
/// person was shown them.
pub fn set_up(options: &Options, drive: &Path, sources: &[PathBuf]) -> Result<Target> {
    let wishes = RuleWishes { retention: Some(Policy::default()), ..RuleWishes::default() };
    set_up_with(options, drive, sources, &wishes, false)
}

/// As [`set_up`], with what was told about rules; `unsafe_drive` takes any file system.
pub fn set_up_with(
    options: &Options,
    drive: &Path,
    sources: &[PathBuf],
    wishes: &RuleWishes,
    unsafe_drive: bool,
) -> Result<Target> {
    let path = options.config_path();
    let former = Config::load(&path)?;
    if sources.is_empty() {
        return Err(Error::NoSources);
    }
    let sources = check_sources(sources)?;
    let rules = former.as_ref().map_or_else(RuleSet::for_home, |config| config.rules.clone());
    let rules = wishes.apply(rules)?;
    check(drive, &sources, unsafe_drive)?;
    let repository = Repository::create(drive, &identity(), unsafe_drive)?;
    let one_file_system = former.as_ref().is_none_or(|config| config.one_file_system);
    let security_labels = former.as_ref().is_some_and(|config| config.security_labels);
    let local_limit_bytes =
        former.as_ref().map_or(LOCAL_LIMIT_BYTES, |config| config.local_limit_bytes);
    // Of a configuration without rules nobody ever agreed that something is deleted.
    let retention = match &former {
        Some(config) => config.retention.clone(),
        None => wishes.retention.clone(),
    };
    let known = known_sources(&repository, former);
    let sources = sources
        .into_iter()
        .map(|path| {
            let former = known.iter().find(|source| source.path == path);
            Source { id: former.map_or_else(Uuid::new_v4, |source| source.id), path }
        })
        .collect();
    let repository_path = std::path::absolute(repository.path())
        .map_err(|source| Error::ConfigFile { path: path.clone(), source })?;
    let config = Config {
        repository_id: repository.marker().id,
        repository_path,
        unsafe_drive,
        sources,
        one_file_system,
        security_labels,
        rules,
        retention,
        local_limit_bytes,
    };
    config.save(&path)?;
    Ok(config.into())
}

/// The canonical paths of the sources, none inside another.
pub(super) fn check_sources(sources: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for source in sources {
        let path = canonical_source(source)?;
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    for path in &paths {
        if let Some(outer) = paths.iter().find(|outer| *outer != path && path.starts_with(outer)) {
            let (path, outer) = (path.clone(), outer.clone());
            return Err(EngineError::SourceInside { path, outer }.into());
        }
    }
    Ok(paths)
}

/// Sources that keep their identity: those of the former configuration, and of the newest snapshot.
fn known_sources(repository: &Repository, former: Option<Config>) -> Vec<Source> {
    let mut known = former.map(|config| config.sources).unwrap_or_default();
    known.extend(sealed_sources(repository));
    known
}

/// The history of a repository that may be another computer's; `None` if it can't be read.
pub(super) fn history_of(repository: &Repository) -> Option<History> {
    let again = Repository::open(repository.path(), Some(repository.marker().id)).ok()?;
    let scratch = std::env::temp_dir().join(format!("yore-{}.sqlite", Uuid::new_v4()));
    History::open(again, None, &scratch, &Monitor::new()).ok()
}

/// The sources of the newest snapshot; none if there is no snapshot or no history can be read.
pub(super) fn sealed_sources(repository: &Repository) -> Vec<Source> {
    let Some(history) = history_of(repository) else { return Vec::new() };
    let newest = history.snapshots().ok().and_then(|mut all| all.pop());
    let sealed = newest.map(|newest| history.sealed_sources(newest.seq).unwrap_or_default());
    let source = |(id, path): (Uuid, RelPath)| Source { id, path: path.to_absolute() };
    let mut sources: Vec<Source> = sealed.unwrap_or_default().into_iter().map(source).collect();
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    sources
}

/// What is proposed at first: the home folder.
pub fn default_sources() -> Vec<PathBuf> {
    vec![places::home()]
}

/// Mount points that look like external or further drives, to be offered at first.
pub fn candidate_drives() -> Vec<PathBuf> {
    let found = mounts().into_iter().filter(is_drive);
    let mut drives: Vec<PathBuf> = found.map(|mount| mount.point).collect();
    drives.sort();
    drives.dedup();
    drives
}

fn is_drive(mount: &Mount) -> bool {
    let above = ["/media", "/run/media", "/mnt"];
    !NO_DRIVES.contains(&mount.kind.as_slice())
        && above.iter().any(|above| mount.point.starts_with(above))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_memory_or_elsewhere_is_not_offered() {
        for (kind, point, is_offered) in [
            ("ext4", "/media/My Disk", true),
            ("btrfs", "/run/media/anna/disk", true),
            ("tmpfs", "/mnt/memory", false),
            ("overlay", "/mnt/layers", false),
            ("ext4", "/mnt2", false),
            ("ext4", "/", false),
        ] {
            let kind = kind.as_bytes().to_vec();
            let mount = Mount { id: 1, point: point.into(), kind, source: "/dev/sda1".into() };
            assert_eq!(is_drive(&mount), is_offered, "{point}");
        }
    }

    #[test]
    fn sources_inside_each_other_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        let outcome = check_sources(&[folder.path().to_owned(), inner.clone()]);
        assert!(matches!(outcome, Err(Error::Engine(EngineError::SourceInside { .. }))));
        assert_eq!(check_sources(&[inner.clone(), inner]).unwrap().len(), 1);
    }
}
