//! Carries a plan out: stage everything, flush, then publish item by item with renames that never overwrite.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::io::Errno;
use uuid::Uuid;

use super::flags;
use super::links::Links;
use super::owner::OwnerMap;
use super::place::{Workspace, dated_name};
use super::stage::{Origin, Piece, Staging, Up};
use super::target;
use super::{Action, Journals, PlanItem, RestorePlan, RestoreReport};
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result};
use crate::engine::history::Answers;
use crate::engine::history::History;
use crate::engine::monitor::{Event, Monitor, Phase};
use crate::engine::path::RelPath;
use crate::engine::problem::Reason;
use crate::engine::repository::Repository;
use crate::engine::seal::Ids;
use crate::engine::snapshot::Snapshot;

/// Which file system a folder is on.
type Place = (u32, u32, u64);

/// The workspaces of one restore, and what is staged in them.
struct Workspaces {
    list: Vec<Workspace>,
    by_place: HashMap<Place, usize>,
}

/// An item on its way.
struct Staged<'a> {
    item: &'a PlanItem,
    origin: Arc<Origin>,
    /// Under which name, in which workspace.
    name: Vec<u8>,
    workspace: usize,
    parent_path: PathBuf,
    /// The mode that a folder gets when it is in its place.
    mode: Option<u32>,
}

/// Carries out `plan`.
///
/// # Errors
/// Whatever stops the whole restore: a target that can't be written to or has no room, a stop. Until
/// then nothing is in its place but whole items; what could not be read is a problem in the report.
pub fn apply(
    history: &History,
    plan: &RestorePlan,
    _journals: &Journals,
    monitor: &Monitor,
) -> Result<RestoreReport> {
    let repository = history.repository()?;
    let _lock = repository.lock_for_reading()?;
    monitor.enter(Phase::Copying);
    monitor.set_totals(plan.entries, plan.bytes);
    // Staging alone reads the index, so a second attempt finds nothing published.
    history.ask_at_length(|answers| attempt(repository, answers, plan, monitor))
}

/// Goes on with the restore `id`, which was interrupted.
///
/// # Errors
/// [`Error::NoSuchRestore`], and as of [`apply`].
pub fn resume(
    _history: &History,
    _journals: &Journals,
    id: Uuid,
    _monitor: &Monitor,
) -> Result<RestoreReport> {
    Err(Error::NoSuchRestore(id))
}

fn attempt(
    repository: &Repository,
    answers: Answers<'_>,
    plan: &RestorePlan,
    monitor: &Monitor,
) -> Result<RestoreReport> {
    let mut workspaces = Workspaces { list: Vec::new(), by_place: HashMap::new() };
    let outcome = carry_out(repository, answers, plan, &mut workspaces, monitor);
    let (mut kept, mut untidy) = (Vec::new(), None);
    for workspace in workspaces.list {
        match workspace.close() {
            Ok(folder) => kept.extend(folder),
            Err(errno) => untidy = Some(errno),
        }
    }
    // What is in its place gets its flags, whatever could not be tidied up.
    let outcome = outcome.map(|published| set_flags(published, monitor));
    match (outcome, untidy) {
        (Ok(report), None) => Ok(RestoreReport { kept, ..report }),
        (outcome, untidy) => {
            // The answer is an error, which can't tell where replaced files are.
            for path in kept {
                monitor.emit(&Event::ReplacedKept { path });
            }
            let path = plan.items.first().map(|item| item.target.clone()).unwrap_or_default();
            Err(outcome
                .err()
                .unwrap_or_else(|| Error::io("tidy up beside", &path, untidy.unwrap_or(Errno::IO))))
        }
    }
}

fn carry_out(
    repository: &Repository,
    answers: Answers<'_>,
    plan: &RestorePlan,
    workspaces: &mut Workspaces,
    monitor: &Monitor,
) -> Result<Published> {
    let first = plan.items.iter().find(|item| item.is_written());
    let staging = Staging {
        index: answers.0.path(),
        target: first.map(|item| item.target.clone()).unwrap_or_default(),
        monitor,
        problems: Mutex::default(),
        links: Links::default(),
        flags: Mutex::default(),
        entries: Default::default(),
        bytes: Default::default(),
    };
    for item in plan.items.iter().filter(|item| item.action == Action::Impossible) {
        staging.problem(&item.path, Reason::NeverStored);
    }
    let (staged, pieces) = prepare(repository, answers, plan, workspaces, &staging)?;
    staging.run(pieces)?;
    monitor.enter(Phase::Syncing);
    for workspace in &workspaces.list {
        workspace
            .dir
            .sync_file_system()
            .map_err(|errno| Error::io("flush", &staging.target, errno))?;
    }
    monitor.enter(Phase::Publishing);
    let mut report = RestoreReport::default();
    let mut places = Vec::new();
    for staged in staged {
        monitor.check_cancelled()?;
        let workspace = &mut workspaces.list[staged.workspace];
        let parent = target::make(&staged.parent_path)?;
        match publish(&staged, &parent, workspace, staged.origin.started) {
            Ok(Some(path)) => {
                places.push((staged.item.path.clone(), path.clone()));
                report.restored.push(path);
            }
            Ok(None) => {}
            Err(errno) => return Err(Error::io("put in place", &staged.item.target, errno)),
        }
    }
    report.entries = staging.entries.into_inner();
    report.bytes = staging.bytes.into_inner();
    report.problems = staging.problems.into_inner().unwrap_or_else(PoisonError::into_inner);
    let flags = staging.flags.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Published { report, places, flags })
}

/// What is in its place.
struct Published {
    report: RestoreReport,
    /// Where each item is now.
    places: Vec<(RelPath, PathBuf)>,
    /// Flags that are still to be set.
    flags: Vec<(RelPath, u32)>,
}

/// Sets the flags of what is in its place, from the deepest up: with some of them nothing could be tidied up any more.
fn set_flags(published: Published, monitor: &Monitor) -> RestoreReport {
    let Published { mut report, places, mut flags } = published;
    flags.sort_by(|one, other| other.0.cmp(&one.0));
    for (path, flags) in flags {
        let place = places.iter().find(|(top, _)| path.is_within(top));
        if place.is_some_and(|(top, place)| !flags::set(place, top, &path, flags)) {
            let reason = Reason::MetadataNotRestored;
            monitor.emit(&Event::Problem { path: path.clone(), reason });
            report.problems.push((path, reason));
        }
    }
    report
}

/// Opens the folder of every item on both sides, and a workspace on each file system.
fn prepare<'a>(
    repository: &Repository,
    answers: Answers<'_>,
    plan: &'a RestorePlan,
    workspaces: &mut Workspaces,
    staging: &Staging<'_>,
) -> Result<(Vec<Staged<'a>>, Vec<Piece>)> {
    let (mut staged, mut pieces) = (Vec::new(), Vec::new());
    let mut stored_of: HashMap<(u64, RelPath), Arc<Dir>> = HashMap::new();
    let mut dirs: HashMap<usize, Arc<Dir>> = HashMap::new();
    let origins = origins(repository, answers, plan)?;
    for (number, item) in plan.items.iter().enumerate().filter(|(_, item)| item.is_written()) {
        let Some((origin, files)) = origins.get(&item.at) else { continue };
        let (node, state) = answers.find(&item.path, item.at)?;
        let folder = (item.at, item.path.parent().unwrap_or_default());
        let stored = match stored_of.get(&folder) {
            Some(stored) => Arc::clone(stored),
            None => match files.beneath(&folder.1) {
                Ok(dir) => {
                    // Only the last one: a plan may name more folders than there are descriptors.
                    stored_of.clear();
                    let dir = Arc::new(dir);
                    stored_of.insert(folder, Arc::clone(&dir));
                    dir
                }
                Err(errno) => {
                    staging.problem(&item.path, Reason::of_stored(errno));
                    continue;
                }
            },
        };
        let parent_path = item.target.parent().unwrap_or(Path::new("/")).to_owned();
        let parent = target::make(&parent_path)?;
        let workspace = workspaces.for_folder(&parent, &parent_path)?;
        let dir = match dirs.get(&workspace) {
            Some(dir) => Arc::clone(dir),
            None => {
                let dir = workspaces.list[workspace].dir.duplicate();
                let dir = dir.map_err(|errno| Error::io("open", &parent_path, errno))?;
                Arc::clone(dirs.entry(workspace).or_insert(Arc::new(dir)))
            }
        };
        let name = number.to_string().into_bytes();
        let is_folder = state.meta.kind == crate::engine::meta::Kind::Directory;
        let mode = is_folder.then_some(state.meta.mode);
        let (up, path) = (Up::Workspace(dir), item.path.clone());
        let origin = Arc::clone(origin);
        pieces.push(Piece {
            origin: Arc::clone(&origin),
            path,
            node,
            state,
            stored,
            up,
            staged: name.clone(),
        });
        staged.push(Staged { item, origin, name, workspace, parent_path, mode });
    }
    Ok((staged, pieces))
}

/// The snapshots that `plan` takes from, open, by number.
fn origins(
    repository: &Repository,
    answers: Answers<'_>,
    plan: &RestorePlan,
) -> Result<HashMap<u64, (Arc<Origin>, Dir)>> {
    let mut origins = HashMap::new();
    for (at, name) in &plan.snapshots {
        let snapshot =
            Snapshot::open(repository, name)?.ok_or_else(|| Error::NoSuchSnapshot(name.clone()))?;
        let root = repository.path().join("snapshots").join(name);
        let files = snapshot.files().map_err(|errno| Error::drive("open", &root, errno))?;
        let ids = snapshot.read_seal().map_or_else(|_| Ids::default(), |seal| seal.ids);
        let owners = OwnerMap::new(&ids, plan.request.privileges, &plan.request.owners)?;
        let started = answers.snapshot(*at)?.started;
        origins.insert(*at, (Arc::new(Origin { at: *at, started, owners }), files));
    }
    Ok(origins)
}

impl Workspaces {
    fn for_folder(&mut self, parent: &Dir, path: &Path) -> Result<usize> {
        let stat = parent.stat().map_err(|errno| Error::io("examine", path, errno))?;
        let place = (stat.stx_dev_major, stat.stx_dev_minor, stat.stx_mnt_id);
        if let Some(found) = self.by_place.get(&place) {
            return Ok(*found);
        }
        self.list.push(Workspace::create(parent, path)?);
        self.by_place.insert(place, self.list.len() - 1);
        Ok(self.list.len() - 1)
    }
}

/// Moves a staged item to its place; `None` if nothing of it could be staged.
fn publish(
    staged: &Staged<'_>,
    parent: &Dir,
    workspace: &mut Workspace,
    moment: jiff::Timestamp,
) -> rustix::io::Result<Option<PathBuf>> {
    if !workspace.dir.has(&staged.name)? {
        return Ok(None);
    }
    let mut name = staged.item.target.file_name().unwrap_or_default().as_bytes().to_vec();
    loop {
        let done = if staged.item.action == Action::Replace {
            replace(staged, parent, workspace, &name)
        } else {
            workspace.dir.rename_to(&staged.name, parent, &name)
        };
        match done {
            // Something came there since the plan was made: it stays, and both are kept.
            Err(Errno::EXIST) => name = dated_name(&name, moment, parent)?,
            outcome => break outcome?,
        }
    }
    if let Some(mode) = staged.mode {
        parent.child(&name)?.set_mode(mode)?;
    }
    parent.sync()?;
    Ok(Some(staged.parent_path.join(OsStr::from_bytes(&name))))
}

/// Lets the staged item and what is there change places, and keeps the latter.
fn replace(
    staged: &Staged<'_>,
    parent: &Dir,
    workspace: &mut Workspace,
    name: &[u8],
) -> rustix::io::Result<()> {
    workspace.expect_replaced()?;
    match workspace.dir.exchange(&staged.name, parent, name) {
        Ok(()) => workspace.keep(&staged.name, name),
        // It went away since the plan was made.
        Err(Errno::NOENT) => workspace.dir.rename_to(&staged.name, parent, name),
        // A file system that can't exchange: the old one is put aside first, then the new one in its place.
        Err(Errno::INVAL) => {
            let aside = [staged.name.as_slice(), b".old"].concat();
            parent.rename_to(name, &workspace.dir, &aside)?;
            workspace.keep(&aside, name)?;
            workspace.dir.rename_to(&staged.name, parent, name)
        }
        Err(errno) => Err(errno),
    }
}
