//! The whole job from end to end on a sample in a temporary folder, every result checked.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::{Error, Result};
use super::places;
use super::setup::{check_drive, set_up};
use super::target::{Options, Target};
use crate::engine::backup::BackupReport;
use crate::engine::history::History;
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::engine::remove::remove_tree;
use crate::engine::restore::{RestoreRequest, Target as To};

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The sample is there.
    Made {
        /// Where.
        folder: PathBuf,
        /// How many files.
        files: usize,
    },
    /// A repository is there.
    SetUp {
        /// Where.
        repository: PathBuf,
    },
    /// A snapshot was made.
    BackedUp {
        /// Its name.
        snapshot: String,
        /// Files that were written.
        copied: u64,
        /// Files that are links.
        linked: u64,
    },
    /// The sample was changed.
    Changed,
    /// The past was looked at.
    Listed {
        /// How many entries there are.
        entries: usize,
    },
    /// A file came back.
    RestoredFile,
    /// Everything came back.
    RestoredFolder,
    /// The index was made again.
    Rebuilt,
}

/// A folder that is removed in the end.
struct Sample(PathBuf);

impl Drop for Sample {
    fn drop(&mut self) {
        use std::os::unix::ffi::OsStrExt as _;
        if let (Some(parent), Some(name)) = (self.0.parent(), self.0.file_name())
            && let Ok(dir) = crate::engine::dir::Dir::open(parent)
        {
            let _ = remove_tree(&dir, name.as_bytes());
        }
    }
}

/// Does the main job on a sample and tells each step; an error if anything isn't as it must be.
pub fn demonstrate(mut tell: impl FnMut(Step)) -> Result<()> {
    let sample = Sample(find_room()?);
    let (source, drive, back) =
        (sample.0.join("documents"), sample.0.join("drive"), sample.0.join("back"));
    io(&drive, fs::create_dir(&drive))?;
    make_sample(&source)?;
    let first = read_tree(&source)?;
    tell(Step::Made { folder: source.clone(), files: first.len() });

    let options = Options { config: Some(sample.0.join("config.toml")), repository: None };
    let target = set_up(&options, &drive, std::slice::from_ref(&source))?;
    tell(Step::SetUp { repository: target.repository_path.clone() });
    // The run is nobody's: nothing of it is remembered among the person's own.
    let target = Target { repository_id: None, local_limit_bytes: 0, ..target };
    let monitor = Monitor::new();
    let report = target.back_up(&monitor)?;
    tell(backed_up(&report));

    change_sample(&source)?;
    tell(Step::Changed);
    let second = read_tree(&source)?;
    let report = target.back_up(&monitor)?;
    tell(backed_up(&report));
    expect(report.counts.linked > 0, "no unchanged file was linked")?;

    let entries = count(&target.open_history(&monitor)?, &source)?;
    tell(Step::Listed { entries });

    restore(&target, 1, &source.join("letter.txt"), To::Original)?;
    let now = read_tree(&source)?;
    let kept = second.iter().all(|(path, content)| now.get(path) == Some(content));
    expect(kept, "a present file was touched by a restore")?;
    let old = first.get(Path::new("letter.txt"));
    let came = now.iter().any(|(path, content)| !second.contains_key(path) && Some(content) == old);
    expect(came, "the old letter did not come back")?;
    tell(Step::RestoredFile);

    restore(&target, 1, &source, To::Folder(back.clone()))?;
    expect(read_tree(&back.join("documents"))? == first, "the first state did not come back")?;
    tell(Step::RestoredFolder);

    let index = target.repository_path.join(crate::engine::index::INDEX_NAME);
    io(&index, fs::remove_file(&index))?;
    target.rebuild(&monitor)?;
    let again = count(&target.open_history(&monitor)?, &source)?;
    expect(again == entries, "the index that was made again gives other answers")?;
    tell(Step::Rebuilt);
    Ok(())
}

/// A new folder on the first of the usual places whose file system can hold a repository.
fn find_room() -> Result<PathBuf> {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let mut refused = None;
    for place in [places::cache_dir(), here, PathBuf::from("/var/tmp")] {
        // A place that can't be made is passed over by the check that follows.
        let _ = fs::create_dir_all(&place);
        match check_drive(&place, &[]) {
            Ok(_) => {
                let folder = place.join(format!("yore-demo-{}", uuid::Uuid::new_v4().simple()));
                io(&folder, fs::create_dir(&folder))?;
                return Ok(folder);
            }
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or_else(|| Error::Demo("there is no place for it".to_owned())))
}

fn make_sample(source: &Path) -> Result<()> {
    for (path, content) in [
        ("letter.txt", "Dear future, all is well.\n".repeat(10)),
        ("Photographs/summer.jpg", "not really a photograph\n".repeat(2_000)),
        ("Photographs/winter.jpg", "snow\n".repeat(5_000)),
        ("Drafts/chapter one.md", "# One\n".to_owned()),
        ("Drafts/Größe\nund Länge.md", "A name with a newline.\n".to_owned()),
    ] {
        let path = source.join(path);
        let folder = path.parent().unwrap_or(source);
        io(folder, fs::create_dir_all(folder))?;
        io(&path, fs::write(&path, content))?;
    }
    let link = source.join("newest");
    io(&link, std::os::unix::fs::symlink("Drafts/chapter one.md", &link))
}

fn change_sample(source: &Path) -> Result<()> {
    let (letter, photo) = (source.join("letter.txt"), source.join("Photographs/winter.jpg"));
    io(&letter, fs::write(&letter, "Dear future, things have changed.\n"))?;
    io(&photo, fs::remove_file(&photo))?;
    let (old, new) = (source.join("Drafts"), source.join("Book"));
    io(&old, fs::rename(&old, &new))?;
    let note = source.join("note.txt");
    io(&note, fs::write(&note, "New.\n"))
}

fn backed_up(report: &BackupReport) -> Step {
    Step::BackedUp {
        snapshot: report.snapshot.clone(),
        copied: report.counts.copied,
        linked: report.counts.linked,
    }
}

fn restore(target: &Target, at: u64, path: &Path, to: To) -> Result<()> {
    let path = RelPath::from_absolute(path).map_err(crate::engine::error::Error::from)?;
    let request = RestoreRequest { target: to, ..RestoreRequest::of(at, [path]) };
    let monitor = Monitor::new();
    let plan = target.plan_restore(&request, &monitor)?;
    let report = target.restore(&plan, &monitor)?;
    expect(report.problems.is_empty(), "something could not be restored")
}

/// How many entries the first snapshot holds, folder by folder.
fn count(history: &History, source: &Path) -> Result<usize> {
    let root = RelPath::from_absolute(source).map_err(crate::engine::error::Error::from)?;
    let mut folders = vec![root];
    let mut entries = 0;
    while let Some(folder) = folders.pop() {
        for entry in history.list(&folder, 1)? {
            entries += 1;
            if entry.kind == crate::engine::meta::Kind::Directory {
                folders.push(folder.join(&entry.name));
            }
        }
    }
    Ok(entries)
}

/// Every file and link below a folder, with its content.
fn read_tree(root: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut tree = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in io(&folder, fs::read_dir(&folder))? {
            let path = io(&folder, entry)?.path();
            let kind = io(&path, fs::symlink_metadata(&path))?;
            let relative = path.strip_prefix(root).unwrap_or(&path).to_owned();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_symlink() {
                let link = io(&path, fs::read_link(&path))?;
                tree.insert(relative, link.into_os_string().into_encoded_bytes());
            } else {
                tree.insert(relative, io(&path, fs::read(&path))?);
            }
        }
    }
    Ok(tree)
}

fn expect(holds: bool, otherwise: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::Demo(otherwise.to_owned())) }
}

fn io<T>(path: &Path, outcome: std::io::Result<T>) -> Result<T> {
    outcome.map_err(|error| Error::Demo(format!("{}: {error}", path.display())))
}
