//! Carries a plan out: stages everything beside its place, writes the steps down, and only then moves anything.

use std::cell::Cell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::io::Errno;

use super::journal::{Header, Journal, Journals, Place, Steps};
use super::links::Links;
use super::owner::OwnerMap;
use super::publish::publish;
use super::stage::{Origin, Piece, Staging, Stored, Up};
use super::steps::steps_of;
use super::workspace::{self, Workspace, mount_of, slot_name};
use super::{Action, RestorePlan, RestoreReport, Target, Warning, target};
use crate::engine::dir::Dir;
use crate::engine::disk;
use crate::engine::error::{Error, Result, TargetProblem};
use crate::engine::gone;
use crate::engine::history::{Answers, History};
use crate::engine::monitor::{Event, Monitor, Phase};
use crate::engine::path::RelPath;
use crate::engine::problem::Reason;
use crate::engine::repository::Repository;
use crate::engine::seal::Ids;
use crate::engine::snapshot::Snapshot;

/// Carries out `plan`. What it sets aside is kept, and [`super::undo()`] puts it back.
///
/// # Errors
/// Whatever stops the whole restore: a target that can't be written to or has no room, a stop. What is in its place by
/// then is whole, stays and can be undone, and after [`Error::RestoreStopped`] be gone on with; what could not be read is
/// a problem in the report.
pub fn apply(
    history: &History,
    plan: &RestorePlan,
    journals: &Journals,
    monitor: &Monitor,
) -> Result<RestoreReport> {
    if !plan.items.iter().any(super::PlanItem::is_changed) {
        let problems = not_done(plan, monitor);
        return Ok(RestoreReport { problems, ..RestoreReport::default() });
    }
    let repository = history.repository()?;
    let mut header = Header::new(repository.marker().id, plan);
    if let Target::Folder(folder) = &plan.request.target {
        header.request.target = Target::Folder(target::resolve(folder)?);
    }
    for warning in &plan.warnings {
        if let Warning::NoRoom { path, needed_bytes, .. } = warning {
            journals.make_room(path, *needed_bytes)?;
        }
    }
    let journal = journals.begin(header, &plan.items)?;
    stage_and_publish(history, journal, plan, false, monitor)
}

/// What of the plan is not done at all.
fn not_done(plan: &RestorePlan, monitor: &Monitor) -> Vec<(RelPath, Reason)> {
    let reason = |action: Action| match action {
        Action::Impossible => Some(Reason::NeverStored),
        Action::LeaveOut => Some(Reason::Device),
        _ => None,
    };
    let items = plan.items.iter();
    let problems: Vec<_> =
        items.filter_map(|item| Some((item.path.clone(), reason(item.action)?))).collect();
    for (path, reason) in &problems {
        monitor.emit(&Event::Problem { path: path.clone(), reason: *reason });
    }
    problems
}

/// Does what the journal is about; with `reuses` what an earlier run staged is used again.
pub fn stage_and_publish(
    history: &History,
    mut journal: Journal,
    plan: &RestorePlan,
    reuses: bool,
    monitor: &Monitor,
) -> Result<RestoreReport> {
    match stage(history, &mut journal, plan, reuses, monitor) {
        Ok((steps, workspaces)) => publish(journal, steps, workspaces, reuses, monitor),
        Err(error) => {
            let is_made = journal.header.workspaces.iter().any(Place::is_kept);
            if is_made && !is_final(&error, reuses) {
                return Err(Error::RestoreKept(Box::new(error)));
            }
            // What can't be removed now is removed when old journals are.
            if super::journal::remove_workspaces(&journal).is_ok() {
                let _ = journal.forget();
            }
            Err(error)
        }
    }
}

/// Whether what is staged is given up after this error, since it was stopped or its room is needed, or since the target
/// doesn't take it. All else, such as a drive that was pulled, can be gone on with.
fn is_final(error: &Error, reuses: bool) -> bool {
    match error {
        Error::Cancelled => true,
        Error::BadTarget { reason, .. } => !reuses || *reason == TargetProblem::Full,
        Error::Io { source, .. } => {
            let errno = Errno::from_io_error(source);
            matches!(errno, Some(Errno::NOSPC | Errno::DQUOT))
        }
        _ => false,
    }
}

fn stage(
    history: &History,
    journal: &mut Journal,
    plan: &RestorePlan,
    reuses: bool,
    monitor: &Monitor,
) -> Result<(Steps, Vec<Option<Workspace>>)> {
    let repository = history.repository()?;
    let _lock = repository.lock_for_reading()?;
    monitor.enter(Phase::Copying);
    monitor.set_totals(plan.entries, plan.bytes);
    let (workspaces, stages) = open_workspaces(journal, plan, reuses)?;
    if reuses {
        for workspace in workspaces.iter().flatten() {
            // Further names of files are found again when they are made.
            let kept = |name: &[u8]| name != super::links::FOLDER;
            workspace.sweep(kept).map_err(|errno| Error::io("use", workspace.path(), errno))?;
        }
    }
    // The index may turn out to be broken half-way, and is asked again then.
    let again = Cell::new(reuses);
    let steps = history.ask_at_length(|answers| {
        let run = Run { repository, answers, plan, stages: &stages, workspaces: &workspaces };
        run.stage(again.replace(true), monitor)
    })?;
    monitor.enter(Phase::Syncing);
    for workspace in workspaces.iter().flatten() {
        let synced = workspace.dir.sync_file_system();
        synced.map_err(|errno| Error::io("flush", workspace.path(), errno))?;
    }
    journal.write_steps(&steps)?;
    Ok((steps, workspaces))
}

/// Which workspace each item uses.
pub type Stages = HashMap<usize, usize>;

/// The workspaces of the plan, and for each item that is moved which of them it uses.
fn open_workspaces(
    journal: &mut Journal,
    plan: &RestorePlan,
    reuses: bool,
) -> Result<(Vec<Option<Workspace>>, Stages)> {
    let (mut by_mount, mut stages) = (HashMap::new(), HashMap::new());
    let mut places = journal.header.workspaces.clone();
    for (number, place) in places.iter().enumerate() {
        let stat = match place.inode {
            Some(_) => Workspace::open(place)?.map(|found| found.dir.stat()),
            // It is made yet, in this folder.
            None => target::open(&place.parent)?.map(|parent| parent.stat()),
        };
        if let Some(Ok(stat)) = stat {
            by_mount.insert(mount_of(&stat), number);
        }
    }
    let mut last: Option<(PathBuf, usize)> = None;
    let is_moved = |action: Action| !matches!(action, Action::Adjust);
    let items = plan.items.iter().enumerate();
    for (number, item) in items.filter(|(_, item)| item.is_changed() && is_moved(item.action)) {
        let folder = item.target.parent().unwrap_or(Path::new("/"));
        let known = last.as_ref().filter(|(path, _)| path == folder);
        let place = match known {
            Some((_, place)) => *place,
            None => {
                let (dir, path) = target::nearest(folder)?;
                let stat = dir.stat().map_err(|errno| Error::io("examine", &path, errno))?;
                match by_mount.get(&mount_of(&stat)) {
                    Some(place) => *place,
                    None => {
                        let mut place = Place::near(folder, journal.header.id)?;
                        if reuses {
                            // One of its first name is not the one that was made.
                            place.rename();
                        }
                        places.push(place);
                        by_mount.insert(mount_of(&stat), places.len() - 1);
                        places.len() - 1
                    }
                }
            }
        };
        last = Some((folder.to_owned(), place));
        stages.insert(number, place);
    }
    let workspaces = workspace::prepare(&mut places, |places| {
        journal.header.workspaces = places.to_vec();
        journal.save()
    })?;
    Ok((workspaces, stages))
}

/// The staging of one restore.
pub struct Run<'a> {
    repository: &'a Repository,
    /// The index.
    pub answers: Answers<'a>,
    /// What is to be done.
    pub plan: &'a RestorePlan,
    /// Which workspace each item uses.
    pub stages: &'a Stages,
    /// The workspaces.
    pub workspaces: &'a [Option<Workspace>],
}

/// The snapshots that a plan takes from, open, by number.
pub type Origins = HashMap<u64, (Arc<Origin>, Dir)>;

impl Run<'_> {
    fn stage(&self, reuses: bool, monitor: &Monitor) -> Result<Steps> {
        let first = self.plan.items.iter().find(|item| item.is_written());
        let staging = Staging {
            repository: self.repository,
            index: self.answers.0.path(),
            target: first.map(|item| item.target.clone()).unwrap_or_default(),
            monitor,
            problems: Mutex::new(not_done(self.plan, monitor)),
            links: Links::default(),
            flags: Mutex::default(),
            entries: Default::default(),
            bytes: Default::default(),
            damaged: self.plan.request.damaged,
            own_copies: self.plan.request.own_copies,
            elsewhere: Default::default(),
            taken: Default::default(),
            reuses,
            turns: disk::turns(self.repository.dir())
                || self.workspaces.iter().flatten().any(|workspace| disk::turns(&workspace.dir)),
        };
        let origins = self.origins()?;
        staging.run(self.pieces(&origins)?)?;
        staging.tell_taken();
        let mut steps = steps_of(self, &origins, &staging)?;
        steps.problems = staging.problems.into_inner().unwrap_or_else(PoisonError::into_inner);
        if !steps.problems.is_empty() {
            // What failed last may have failed since the drive is gone.
            gone::prove(self.repository)?;
        }
        Ok(steps)
    }

    /// What is to be made, each with its stored folder, if that can be opened.
    fn pieces(&self, origins: &Origins) -> Result<Vec<Piece>> {
        let mut pieces = Vec::new();
        let mut last: Option<((u64, RelPath), Stored)> = None;
        let mut dirs: HashMap<usize, Arc<Dir>> = HashMap::new();
        let items = self.plan.items.iter().enumerate();
        for (number, item) in items.filter(|(_, item)| item.is_written()) {
            let Some((origin, files)) = origins.get(&item.at) else { continue };
            let (node, state) = self.answers.find(&item.path, item.at)?;
            let folder = (item.at, item.path.parent().unwrap_or_default());
            let stored = match last.as_ref().filter(|(known, _)| *known == folder) {
                Some((_, stored)) => stored.clone(),
                // Only the last one: a plan may name more folders than there are descriptors.
                None => {
                    let opened = files.beneath(&folder.1).map(Arc::new);
                    last.insert((folder, opened)).1.clone()
                }
            };
            let dir = self.dir(number, &item.target, &mut dirs)?;
            pieces.push(Piece {
                origin: Arc::clone(origin),
                path: item.path.clone(),
                node,
                state,
                stored,
                up: Up::Workspace(dir),
                staged: slot_name(number as u64).into(),
            });
        }
        Ok(pieces)
    }

    /// The workspace of an item, as it is shared by all that stage.
    fn dir(
        &self,
        number: usize,
        target: &Path,
        dirs: &mut HashMap<usize, Arc<Dir>>,
    ) -> Result<Arc<Dir>> {
        let failed = |errno| Error::io("open a folder beside", target, errno);
        let place = self.stages.get(&number).copied().unwrap_or_default();
        if let Some(dir) = dirs.get(&place) {
            return Ok(Arc::clone(dir));
        }
        let workspace = self.workspaces.get(place).and_then(Option::as_ref);
        let dir = workspace.ok_or_else(|| failed(Errno::NOENT))?.dir.duplicate().map_err(failed)?;
        Ok(Arc::clone(dirs.entry(place).or_insert(Arc::new(dir))))
    }

    fn origins(&self) -> Result<Origins> {
        let mut origins = HashMap::new();
        for (at, name) in &self.plan.snapshots {
            let snapshot = Snapshot::open(self.repository, name)?
                .ok_or_else(|| Error::NoSuchSnapshot(name.clone()))?;
            let root = self.repository.path().join("snapshots").join(name);
            let files = snapshot.files().map_err(|errno| Error::drive("open", &root, errno))?;
            let ids = snapshot.read_seal().map_or_else(|_| Ids::default(), |seal| seal.ids);
            let owners =
                OwnerMap::new(&ids, self.plan.request.privileges, &self.plan.request.owners)?;
            let started = self.answers.snapshot(*at)?.started;
            origins.insert(*at, (Arc::new(Origin { at: *at, started, owners }), files));
        }
        Ok(origins)
    }
}
