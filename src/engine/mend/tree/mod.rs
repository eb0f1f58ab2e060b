//! Brings back what is lost from the snapshots' trees, or was altered in what an inode carries.
//!
//! What an entry should be, the index says; content, targets and attributes are taken only from what proves to have them.
//! Nothing that lies there unexpected is removed.

mod arrival;
mod builder;
mod folder;
mod wanted;

use std::collections::HashMap;

use super::failure::{MendFailure, of_files};
use super::finish::finish_within;
use super::journal::{self, PATH_LIMIT_BYTES, PORTION_BYTES};
use super::known::Known;
use super::survey::Name;
use super::{BATCH, GoodCopy, LINE_BYTES, PATIENCE, STAGED_BYTES, stage};
use crate::engine::damage::Damage;
use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::meta::Kind;
use crate::engine::monitor::{Monitor, Phase};
use crate::engine::path::RelPath;
use crate::engine::recover::Writer;
use crate::engine::repository::{Owners, Repository};
use crate::engine::seal::Owner;
use crate::engine::snapshot::Snapshot;
use crate::engine::verify::{Aspect, Fault, TreeFault};
use arrival::{Arrival, move_all_in};
use builder::{Builder, look_if_told};
use folder::Undressed;
use wanted::WantedEntry;

/// An entry of one snapshot's tree that was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returned {
    /// The snapshot's name.
    pub snapshot: String,
    /// The path in it.
    pub path: RelPath,
    /// What it was made from; `None` of a folder.
    pub from: Option<GoodCopy>,
}

/// Whether this is a kind of fault that can be put right if what is needed is somewhere.
pub fn can_bring_back(fault: &Fault) -> bool {
    match fault {
        Fault::Lost => true,
        Fault::Altered(aspects) => {
            !aspects.iter().any(|aspect| matches!(aspect, Aspect::Kind | Aspect::Override))
        }
        _ => false,
    }
}

/// Brings back what can be of these faults, each looked at again before, and says what was put in its place. Whether all is
/// well then, a verification tells.
///
/// Nobody may hold a reader's lock by this process: readers are waited for, half a minute; if that is in vain, no more is
/// brought back.
///
/// # Errors
/// The drive is gone, or a stop: what was brought back until then is.
pub fn bring_back(
    writer: &mut Writer,
    faults: &[TreeFault],
    monitor: &Monitor,
) -> Result<Vec<Returned>> {
    monitor.enter(Phase::Mending);
    let repository = &writer.repository;
    if finish_within(repository, PATIENCE, monitor)?.is_some() {
        return Ok(Vec::new());
    }
    let known = Known::gather(&writer.index, &[])?;
    let damage = Damage::read(repository)?;
    let tasks = tasks(repository, &known, faults, monitor)?;
    let is_in_place = |task: &Task| !task.is_lost && task.wanted.kind() == Kind::Directory;
    let (in_place, moved): (Vec<Task>, Vec<Task>) = tasks.into_iter().partition(is_in_place);
    let mut builder = Builder::new(repository, &known, &damage, monitor);
    let mut returned = Vec::new();
    let mut rest = moved.as_slice();
    while !rest.is_empty() {
        let (now, later) = rest.split_at(portion(rest));
        match bring_back_portion(&mut builder, now, &mut returned) {
            Ok(()) => {}
            Err(error) => {
                if journal::is_there(repository).unwrap_or(true) {
                    of_files(error)?;
                    return Ok(returned);
                }
                // What can't be removed now is by the next opening.
                let _ = stage::remove(repository);
                if of_files(error)? == MendFailure::Waiting {
                    return Ok(returned);
                }
            }
        }
        rest = later;
    }
    put_folders_right(&builder, in_place, &mut returned)?;
    Ok(returned)
}

/// An entry that is to be brought back.
struct Task {
    name: Name,
    wanted: WantedEntry,
    is_lost: bool,
}

impl Task {
    /// Whether its place is as the verification found it, and what has it; `None` if there is nothing to do, or nothing that
    /// may be done.
    fn look(&self, repository: &Repository) -> Option<Option<u64>> {
        let folder = self.name.folder(repository).ok()??;
        let name = self.name.path.name()?;
        if self.is_lost {
            return (folder.has(name) == Ok(false)).then_some(None);
        }
        let stat = folder.stat_child(name).ok()?;
        let is_kind = Kind::from_mode(stat.stx_mode.into()) == Some(self.wanted.kind());
        let is_right = look_if_told(&folder, name, &self.wanted).is_some();
        (is_kind && !is_right).then_some(Some(stat.stx_ino))
    }
}

/// What is to be done for these faults; without what a newer version sealed, or nothing vouches for.
fn tasks(
    repository: &Repository,
    known: &Known<'_>,
    faults: &[TreeFault],
    monitor: &Monitor,
) -> Result<Vec<Task>> {
    let mut sealed: HashMap<&String, Option<Sealed>> = HashMap::new();
    let mut tasks = Vec::new();
    for fault in faults.iter().filter(|fault| can_bring_back(&fault.fault)) {
        for snapshot in &fault.snapshots {
            monitor.check_cancelled()?;
            let sealed =
                sealed.entry(snapshot).or_insert_with(|| Sealed::of(repository, known, snapshot));
            let name = Name { snapshot: snapshot.clone(), path: fault.path.clone() };
            let (Some(Sealed { owner }), Some(state)) = (sealed, known.state_of(&name)?) else {
                continue;
            };
            let wanted = WantedEntry::new(state, *owner);
            let is_short = name.path.encode().len() <= PATH_LIMIT_BYTES;
            if !name.path.is_root() && is_short && wanted.is_stored() {
                tasks.push(Task { name, wanted, is_lost: fault.fault == Fault::Lost });
            }
        }
    }
    Ok(tasks)
}

/// A snapshot whose seal is good, is that of which the index knows, and lets its tree be changed.
struct Sealed {
    /// Whose its entries are of which no override says otherwise; `None` if the inodes tell.
    owner: Option<Owner>,
}

impl Sealed {
    fn of(repository: &Repository, known: &Known<'_>, name: &str) -> Option<Self> {
        let seal = Snapshot::open(repository, name).ok()??.read_seal().ok()?;
        let is_known = known.number_of(name) == Some(seal.seq);
        let by_seal = repository.marker().owners == Owners::Seal;
        let owner = by_seal.then_some(seal.owner);
        (is_known && seal.features.write.is_empty()).then_some(Self { owner })
    }
}

/// How many of these are staged together: one at least.
fn portion(tasks: &[Task]) -> usize {
    let (mut staged, mut journaled) = (0_u64, 0);
    let fits = |task: &&Task| {
        staged = staged.saturating_add(task.wanted.state.file_bytes());
        // A folder has a line of its own.
        journaled += 2 * (task.name.path.encode().len() + LINE_BYTES);
        staged <= STAGED_BYTES && journaled <= PORTION_BYTES
    };
    tasks.iter().take(BATCH).take_while(fits).count().max(1)
}

/// Stages, proves and moves to their places.
fn bring_back_portion(
    builder: &mut Builder<'_>,
    tasks: &[Task],
    returned: &mut Vec<Returned>,
) -> Result<()> {
    let (repository, known, monitor) = (builder.repository, builder.known, builder.monitor);
    let stage = builder.begin()?;
    let (mut arrivals, mut folders) = (Vec::new(), Vec::new());
    for (number, task) in (1_u32..).zip(tasks) {
        monitor.check_cancelled()?;
        let Some(altered) = task.look(repository) else { continue };
        if let Some((from, made)) = build(builder, &stage, task, number)? {
            folders.extend((!made.is_empty()).then_some(made));
            let Task { name, wanted, .. } = task;
            arrivals.push(Arrival { name, wanted, number, altered, from });
        }
    }
    let bad = builder.prove(&stage)?;
    arrivals.retain(|arrival| !bad.contains(&place(arrival.number)));
    for made in &folders {
        builder.dress_folders(&stage, made)?;
    }
    if !arrivals.is_empty() {
        let moved = move_all_in(repository, known, &stage, &arrivals, (PATIENCE, monitor))?;
        for (arrival, _) in arrivals.into_iter().zip(moved).filter(|(_, is_moved)| *is_moved) {
            let Name { snapshot, path } = arrival.name.clone();
            returned.push(Returned { snapshot, path, from: arrival.from });
        }
    }
    // What can't be removed now is by the next opening.
    let _ = stage::remove(repository);
    Ok(())
}

/// Makes an entry in the stage, and says what from; of a folder, which ones were made.
fn build(
    builder: &mut Builder<'_>,
    stage: &Dir,
    task: &Task,
    number: u32,
) -> Result<Option<(Option<GoodCopy>, Vec<Undressed>)>> {
    let Task { name, wanted, .. } = task;
    if wanted.kind() == Kind::Directory {
        let made = builder.make_folder(stage, name, wanted, place(number))?;
        return Ok((!made.is_empty()).then_some((None, made)));
    }
    let from = builder.make_leaf(name, wanted, (stage, place(number)))?;
    Ok(from.map(|from| (Some(from), Vec::new())))
}

/// Where an entry lies in the stage.
fn place(number: u32) -> RelPath {
    RelPath::root().join(number.to_string().as_bytes())
}

/// Puts altered folders right where they are, the deepest first, and flushes.
fn put_folders_right(
    builder: &Builder<'_>,
    mut tasks: Vec<Task>,
    returned: &mut Vec<Returned>,
) -> Result<()> {
    tasks.sort_by_key(|task| std::cmp::Reverse(task.name.path.components().count()));
    let mut is_changed = false;
    for task in tasks {
        builder.monitor.check_cancelled()?;
        if builder.put_right(&task.name, &task.wanted)? {
            is_changed = true;
            let Name { snapshot, path } = task.name;
            returned.push(Returned { snapshot, path, from: None });
        }
    }
    if is_changed {
        let repository = builder.repository;
        let synced = repository.dir().sync_file_system();
        synced.map_err(|errno| super::failure::failed(repository, errno))?;
    }
    Ok(())
}
