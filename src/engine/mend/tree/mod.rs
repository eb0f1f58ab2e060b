//! Brings back what is lost from the snapshots' trees, or was altered in what an inode carries.
//!
//! What an entry should be, the index says; content, targets and attributes are taken only from what proves to have them.
//! Nothing that lies there unexpected is removed.

mod arrival;
mod builder;
mod folder;
mod wanted;

use std::collections::HashMap;

use super::failure::{MendFailure, failed, of_files};
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

/// An entry of one snapshot's tree that was not put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotReturned {
    /// The snapshot's name.
    pub snapshot: String,
    /// The path in it.
    pub path: RelPath,
    /// Why not.
    pub failure: MendFailure,
}

/// What came of the entries that were to be brought back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BroughtBack {
    /// What was put back.
    pub returned: Vec<Returned>,
    /// What was not, each path of each snapshot once.
    pub failures: Vec<NotReturned>,
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

/// Brings back what can be of these faults, which are sorted by path, each looked at again before, and says what was put in its place. Whether all is
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
) -> Result<BroughtBack> {
    monitor.enter(Phase::Mending);
    let repository = &writer.repository;
    if finish_within(repository, PATIENCE, monitor)?.is_some() {
        return Ok(BroughtBack::default());
    }
    let known = Known::gather(&writer.index, &[])?;
    let damage = Damage::read(repository)?;
    let mut builder = Builder::new(repository, &known, &damage, monitor);
    let mut outcome = BroughtBack::default();
    let mut tasks = Tasks::of(&builder, faults.iter());
    loop {
        let portion = tasks.next_portion()?;
        if portion.is_empty() {
            break;
        }
        let Err(error) = bring_back_portion(&mut builder, &portion, &mut outcome.returned) else {
            continue;
        };
        if journal::is_there(repository).unwrap_or(true) {
            of_files(error)?;
            return Ok(outcome);
        }
        // What can't be removed now is by the next opening.
        let _ = stage::remove(repository);
        if of_files(error)? == MendFailure::Waiting {
            return Ok(outcome);
        }
    }
    put_folders_right(&builder, faults, &mut outcome.returned)?;
    Ok(outcome)
}

/// An entry that is to be brought back.
struct Task {
    name: Name,
    wanted: WantedEntry,
    is_lost: bool,
}

impl Task {
    /// Whether it is a folder that is put right where it is.
    fn is_in_place(&self) -> bool {
        !self.is_lost && self.wanted.kind() == Kind::Directory
    }

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

/// What is to be done for faults, one after the other; without what a newer version sealed, or nothing vouches for.
struct Tasks<'a> {
    repository: &'a Repository,
    known: &'a Known<'a>,
    monitor: &'a Monitor,
    faults: Box<dyn Iterator<Item = (&'a TreeFault, &'a String)> + 'a>,
    sealed: HashMap<&'a String, Option<Sealed>>,
    /// What didn't fit into the last portion.
    waiting: Option<Task>,
}

impl<'a> Tasks<'a> {
    fn of(builder: &Builder<'a>, faults: impl Iterator<Item = &'a TreeFault> + 'a) -> Self {
        let faults = faults.filter(|fault| can_bring_back(&fault.fault));
        let one_by_one = faults.flat_map(|it| it.snapshots.iter().map(move |name| (it, name)));
        Self {
            repository: builder.repository,
            known: builder.known,
            monitor: builder.monitor,
            faults: Box::new(one_by_one),
            sealed: HashMap::new(),
            waiting: None,
        }
    }

    fn next_task(&mut self) -> Result<Option<Task>> {
        for (fault, snapshot) in self.faults.by_ref() {
            self.monitor.check_cancelled()?;
            let (repository, known) = (self.repository, self.known);
            let sealed = self.sealed.entry(snapshot);
            let sealed = sealed.or_insert_with(|| Sealed::of(repository, known, snapshot));
            let name = Name { snapshot: snapshot.clone(), path: fault.path.clone() };
            let (Some(Sealed { owner }), Some(state)) = (sealed, known.state_of(&name)?) else {
                continue;
            };
            let wanted = WantedEntry::new(state, *owner);
            let is_short = name.path.encode().len() <= PATH_LIMIT_BYTES;
            if !name.path.is_root() && is_short && wanted.is_stored() {
                return Ok(Some(Task { name, wanted, is_lost: fault.fault == Fault::Lost }));
            }
        }
        Ok(None)
    }

    /// What is staged together next; nothing at the end. Folders that are put right where they are don't belong to it.
    fn next_portion(&mut self) -> Result<Vec<Task>> {
        let mut portion = Vec::new();
        let (mut staged, mut journaled) = (0_u64, 0);
        while portion.len() < BATCH {
            let task = match self.waiting.take() {
                Some(task) => task,
                None => match self.next_task()? {
                    Some(task) if task.is_in_place() => continue,
                    Some(task) => task,
                    None => break,
                },
            };
            staged = staged.saturating_add(task.wanted.state.file_bytes());
            // A folder has a line of its own.
            journaled += 2 * (task.name.path.encode().len() + LINE_BYTES);
            let fits = staged <= STAGED_BYTES && journaled <= PORTION_BYTES;
            if !fits && !portion.is_empty() {
                self.waiting = Some(task);
                break;
            }
            portion.push(task);
        }
        Ok(portion)
    }
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

/// Puts altered folders right where they are, what is in a folder before the folder, and flushes.
fn put_folders_right(
    builder: &Builder<'_>,
    faults: &[TreeFault],
    returned: &mut Vec<Returned>,
) -> Result<()> {
    let before = returned.len();
    let mut tasks = Tasks::of(builder, faults.iter().rev());
    while let Some(task) = tasks.next_task()? {
        if task.is_in_place() && builder.put_right(&task.name, &task.wanted)? {
            let Name { snapshot, path } = task.name;
            returned.push(Returned { snapshot, path, from: None });
        }
    }
    if returned.len() > before {
        let repository = builder.repository;
        repository.dir().sync_file_system().map_err(|errno| failed(repository, errno))?;
    }
    Ok(())
}
