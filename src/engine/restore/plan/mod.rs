//! Says, for everything that is asked for, what a restore is going to do with it. Writes nothing.
//!
//! What is there already is walked beside what is stored, a folder at a time and with a stack of its own: how deep a
//! forged index goes must not matter. What is the same leaves nothing behind but a count.

mod item;
mod keepers;
mod merge;
mod names;
mod own;
mod past;
mod room;
mod same;
mod there;
mod tops;
mod unit;
mod unread;
mod warnings;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::target;
use super::{Action, OnConflict, PlanItem, RestorePlan, RestoreRequest, Target};
use crate::engine::copy::BUFFER_BYTES;
use crate::engine::damage::Damage;
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result};
use crate::engine::history::{Answers, History};
use crate::engine::index::{NodeId, State};
use crate::engine::meta::Kind;
use crate::engine::monitor::{Monitor, Phase};
use crate::engine::path::RelPath;
use crate::engine::probe;
use crate::engine::repository::Repository;
use keepers::Keepers;
use names::Names;
use own::Own;
use past::Past;
use room::{Ground, Grounds};
use tops::{Top, Tops};
pub(super) use unit::base_of;
use warnings::Tally;

/// Makes a plan.
struct Planner<'a> {
    answers: Answers<'a>,
    /// None while the drive is away.
    repository: Option<&'a Repository>,
    request: &'a RestoreRequest,
    monitor: &'a Monitor,
    /// The snapshots that are taken from, by number.
    pasts: BTreeMap<u64, Past>,
    /// What stays though it was not in a snapshot, by its number.
    keepers: BTreeMap<u64, Arc<Keepers>>,
    /// What nothing is restored into.
    own: Own,
    tops: Tops,
    items: Vec<PlanItem>,
    names: Names,
    tally: Tally,
    grounds: Grounds,
    same: u64,
    buffer: Vec<u8>,
}

/// An entry as it was, found in the index.
#[derive(Debug, Clone)]
struct Found {
    path: RelPath,
    at: u64,
    node: NodeId,
    state: State,
}

/// A folder of this computer in which something is to be.
#[derive(Debug, Clone)]
struct Spot {
    path: PathBuf,
    /// Open, if it is there.
    dir: Option<Arc<Dir>>,
    /// The file system that it is or will be on.
    ground: Ground,
    /// Whether inode numbers there mean the same tomorrow.
    stable_inodes: bool,
}

/// Plans a restore.
///
/// # Errors
/// A path that isn't in the snapshot, a target that is no folder, or lies in a repository or in one of the program's own, an
/// owner that nobody is, a stop.
pub fn plan_restore(
    history: &History,
    request: &RestoreRequest,
    monitor: &Monitor,
) -> Result<RestorePlan> {
    let repository = history.repository().ok();
    history.ask_at_length(|answers| plan(answers, repository, request, monitor))
}

fn plan(
    answers: Answers<'_>,
    repository: Option<&Repository>,
    request: &RestoreRequest,
    monitor: &Monitor,
) -> Result<RestorePlan> {
    monitor.enter(Phase::Measuring);
    let pasts = past::open_all(answers, repository, request)?;
    // Without that list nothing worse happens than no warning: each content is proven by its hash in any case.
    let damage = repository.and_then(|repository| Damage::read(repository).ok());
    let mut planner = Planner {
        answers,
        repository,
        request,
        monitor,
        pasts,
        keepers: BTreeMap::new(),
        own: Own::new(repository, &request.spared),
        tops: Tops::gather(answers, request)?,
        items: Vec::new(),
        names: Names::default(),
        tally: Tally::new(&damage.unwrap_or_default()),
        grounds: Grounds::default(),
        same: 0,
        buffer: vec![0; BUFFER_BYTES],
    };
    let mut checked = HashSet::new();
    for number in 0..planner.tops.len() {
        let target = planner.tops.get(number).map(|top| top.target.as_path());
        target.map_or(Ok(()), |target| planner.own.refuse(target, &mut checked))?;
    }
    for number in 0..planner.tops.len() {
        if let Some(top) = planner.tops.get(number).cloned() {
            planner.plan_top(number, &top)?;
        }
    }
    Ok(planner.finish())
}

impl Planner<'_> {
    fn finish(self) -> RestorePlan {
        let written = || self.items.iter().filter(|item| item.is_written());
        let total = |count: fn(&PlanItem) -> u64| written().map(count).fold(0, u64::saturating_add);
        let mut warnings: Vec<_> = self.grounds.warnings().collect();
        warnings.extend(self.tally.warnings());
        warnings.extend(self.pasts.values().filter_map(Past::warning));
        RestorePlan {
            request: self.request.clone(),
            snapshots: self.pasts.iter().map(|(at, past)| (*at, past.info.name.clone())).collect(),
            entries: total(|item| item.entries),
            bytes: total(|item| item.bytes),
            free_bytes: self.grounds.free_bytes(),
            warnings,
            same: self.same,
            items: self.items,
        }
    }

    /// The snapshot `at`.
    fn past(&self, at: u64) -> Result<&Past> {
        self.pasts.get(&at).ok_or_else(|| Error::NoSuchSnapshot(at.to_string()))
    }

    /// Whether folders become exactly as they were.
    fn is_exact(&self) -> bool {
        self.request.on_conflict == OnConflict::Exact
    }

    /// Plans one of the entries that were asked for.
    fn plan_top(&mut self, number: usize, top: &Top) -> Result<()> {
        let (node, state) = self.answers.find(&top.path, top.at)?;
        let found = Found { path: top.path.clone(), at: top.at, node, state };
        if self.is_asked_twice(number, top, &found)? {
            self.same = self.same.saturating_add(1);
            return Ok(());
        }
        if let Some(folder) = self.crowded(number, top)? {
            let spot = self.spot(&folder)?;
            return self.plan_beside(&found, &spot);
        }
        let spot = self.spot(parent_of(&top.target))?;
        if found.state.meta.kind == Kind::File
            && let Some(unit) = self.unit_of(&found, &spot)?
        {
            let stays = self.is_exact() && self.stays(&unit, &spot)?;
            return self.plan_unit(unit, &spot, &[], stays);
        }
        // Only the root of the file system has no name of its own.
        let Some(name) = found_name(&top.target) else {
            return self.plan_root(found, &spot);
        };
        self.plan_entry(found, &spot, name, &[])
    }

    fn plan_root(&mut self, found: Found, spot: &Spot) -> Result<()> {
        if found.state.meta.kind != Kind::Directory {
            return self.add(&found, spot, spot.path.clone(), Action::Impossible, None);
        }
        self.merge(found, spot, b".".to_vec(), spot.path.clone())
    }

    /// Opens the folder `path`, if it is there.
    fn spot(&mut self, path: &Path) -> Result<Spot> {
        let dir = target::open(path)?;
        let (near, place) = match dir {
            Some(dir) => (dir, path),
            None => {
                let mut above = path.ancestors().skip(1);
                let near = above.find_map(|path| Some((target::open(path).ok()??, path)));
                near.ok_or_else(|| Error::io("find", path, rustix::io::Errno::NOENT))?
            }
        };
        let stat = near.stat().map_err(|errno| Error::io("examine", place, errno))?;
        let ground = self.grounds.note(&stat, &near, place);
        let stable_inodes = probe::has_stable_inodes(&near);
        let dir = (place == path).then(|| Arc::new(near));
        Ok(Spot { path: path.to_owned(), dir, ground, stable_inodes })
    }

    /// Whether entries go where they came from.
    fn is_original(&self) -> bool {
        self.request.target == Target::Original
    }

    /// What stays though it was not in the snapshot `at`.
    fn keepers(&mut self, at: u64) -> Result<Arc<Keepers>> {
        if let Some(known) = self.keepers.get(&at) {
            return Ok(Arc::clone(known));
        }
        let made = Arc::new(Keepers::new(self, self.past(at)?)?);
        self.keepers.insert(at, Arc::clone(&made));
        Ok(made)
    }
}

/// The folder in which `path` lies; the root lies in itself.
fn parent_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

fn found_name(target: &Path) -> Option<Vec<u8>> {
    use std::os::unix::ffi::OsStrExt as _;
    target.file_name().map(|name| name.as_bytes().to_vec())
}
