//! Brings back what is lost from the snapshots' trees, or was altered in what an inode carries.
//!
//! What an entry should be, the index says, where that is what was sealed; content, targets and attributes are taken only from what proves to have them.
//! Nothing that lies there unexpected is removed.

mod arrival;
mod builder;
mod folder;
mod task;
mod vouched;
mod wanted;

use std::collections::HashSet;

use rustix::io::Errno;

use super::failure::{MendFailure, failed, of_files};
use super::finish::{finish_within, lock_out_readers};
use super::journal;
use super::known::Known;
use super::survey::Name;
use super::{GoodCopy, PATIENCE, stage};
use crate::engine::damage::Damage;
use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::meta::Kind;
use crate::engine::monitor::{Monitor, Phase};
use crate::engine::path::RelPath;
use crate::engine::recover::Writer;
use crate::engine::verify::{Aspect, Fault, TreeFault};
use arrival::{Arrival, move_all_in};
use builder::Builder;
use folder::Undressed;
use task::{Task, Tasks};
use vouched::Vouched;

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

impl NotReturned {
    fn new(name: &Name, failure: MendFailure) -> Self {
        let Name { snapshot, path } = name.clone();
        Self { snapshot, path, failure }
    }
}

/// Brings back what can be of these faults, which are sorted by path, each looked at again before, and says what was put
/// in its place, and why other things were not. Whether all is well then, a verification tells.
///
/// A source of a snapshot of which the index doesn't tell what was sealed is left as it is.
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
    let mut outcome = BroughtBack::default();
    if let Some(failure) = finish_within(repository, PATIENCE, monitor)? {
        outcome.refuse_others(faults, failure);
        return Ok(outcome);
    }
    let known = Known::gather(&writer.index, &[])?;
    let damage = Damage::read(repository)?;
    let mut builder = Builder::new(repository, &known, &damage, monitor);
    let mut vouched = Vouched::new(repository, &known, monitor);
    let ended = bring_entries_back(&mut builder, &mut vouched, faults, &mut outcome)?;
    let ended = match ended {
        None => put_folders_right(&builder, &mut vouched, faults, &mut outcome)?,
        ended => ended,
    };
    if let Some(failure) = ended {
        outcome.refuse_others(faults, failure);
    }
    Ok(outcome)
}

impl BroughtBack {
    /// Says this of what nothing was said of until now.
    fn refuse_others(&mut self, faults: &[TreeFault], failure: MendFailure) {
        let returned = self.returned.iter().map(|one| (&one.snapshot, &one.path));
        let refused = self.failures.iter().map(|one| (&one.snapshot, &one.path));
        let told: HashSet<(&String, &RelPath)> = returned.chain(refused).collect();
        let mut others = Vec::new();
        for fault in faults.iter().filter(|fault| can_bring_back(&fault.fault)) {
            let names = fault.snapshots.iter().filter(|name| !told.contains(&(name, &fault.path)));
            others.extend(names.map(|snapshot| NotReturned {
                snapshot: snapshot.clone(),
                path: fault.path.clone(),
                failure,
            }));
        }
        self.failures.extend(others);
    }
}

/// Brings back all but the folders that are put right where they are; says why no more can be done.
fn bring_entries_back<'a>(
    builder: &mut Builder<'a>,
    vouched: &mut Vouched<'a>,
    faults: &'a [TreeFault],
    outcome: &mut BroughtBack,
) -> Result<Option<MendFailure>> {
    let repository = builder.repository;
    let mut tasks = Tasks::of((builder.known, builder.monitor), vouched, faults.iter());
    loop {
        let portion = tasks.next_portion()?;
        outcome.failures.append(&mut tasks.refused);
        if portion.is_empty() {
            return Ok(None);
        }
        let Err(error) = bring_back_portion(builder, &portion, outcome) else {
            continue;
        };
        let is_pending = journal::is_there(repository).unwrap_or(true);
        if !is_pending {
            // What can't be removed now is by the next opening.
            let _ = stage::remove(repository);
        }
        let failure = of_files(error)?;
        if is_pending || failure == MendFailure::Waiting {
            return Ok(Some(failure));
        }
        outcome.failures.extend(portion.iter().map(|task| task.refused(failure)));
    }
}

/// Stages, proves and moves to their places.
fn bring_back_portion(
    builder: &mut Builder<'_>,
    tasks: &[Task],
    outcome: &mut BroughtBack,
) -> Result<()> {
    let (repository, known, monitor) = (builder.repository, builder.known, builder.monitor);
    let stage = builder.begin()?;
    let (mut arrivals, mut folders, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for (number, task) in (1_u32..).zip(tasks) {
        monitor.check_cancelled()?;
        let altered = match task.look(repository) {
            Ok(Some(altered)) => altered,
            Ok(None) => continue,
            Err(failure) => {
                refused.push(task.refused(failure));
                continue;
            }
        };
        match build(builder, &stage, task, number)? {
            Ok((from, made)) => {
                folders.extend((!made.is_empty()).then_some(made));
                arrivals.push(Arrival { task, number, altered, from });
            }
            Err(failure) => refused.push(task.refused(failure)),
        }
    }
    let bad = builder.prove(&stage)?;
    let is_bad = |arrival: &Arrival<'_>| bad.contains(&place(arrival.number));
    let unproven = arrivals.iter().filter(|arrival| is_bad(arrival));
    refused.extend(unproven.map(|it| it.task.refused(MendFailure::Unreachable(Errno::IO))));
    arrivals.retain(|arrival| !is_bad(arrival));
    for made in &folders {
        builder.dress_folders(&stage, made)?;
    }
    if !arrivals.is_empty() {
        let moved = move_all_in(repository, known, &stage, &arrivals, (PATIENCE, monitor))?;
        for (arrival, failure) in arrivals.into_iter().zip(moved) {
            let Name { snapshot, path } = arrival.task.name.clone();
            match failure {
                None => outcome.returned.push(Returned { snapshot, path, from: arrival.from }),
                Some(failure) => refused.push(arrival.task.refused(failure)),
            }
        }
    }
    outcome.failures.append(&mut refused);
    // What can't be removed now is by the next opening.
    let _ = stage::remove(repository);
    Ok(())
}

/// What an entry was made from, and which folders were made for it; or why it was not made.
type Built = std::result::Result<(Option<GoodCopy>, Vec<Undressed>), MendFailure>;

/// Makes an entry in the stage.
fn build(builder: &mut Builder<'_>, stage: &Dir, task: &Task, number: u32) -> Result<Built> {
    let Task { name, wanted, .. } = task;
    if wanted.kind() == Kind::Directory {
        let made = builder.make_folder(stage, name, wanted, place(number))?;
        return Ok(made.map(|made| (None, made)));
    }
    let from = builder.make_leaf(name, wanted, (stage, place(number)))?;
    Ok(from.map(|from| (Some(from), Vec::new())))
}

/// Where an entry lies in the stage.
fn place(number: u32) -> RelPath {
    RelPath::root().join(number.to_string().as_bytes())
}

/// Puts altered folders right where they are, what is in a folder before the folder, and flushes; says why no more can be
/// done.
fn put_folders_right<'a>(
    builder: &Builder<'a>,
    vouched: &mut Vouched<'a>,
    faults: &'a [TreeFault],
    outcome: &mut BroughtBack,
) -> Result<Option<MendFailure>> {
    let before = outcome.returned.len();
    let repository = builder.repository;
    // What it refuses was told of when the entries were brought back.
    let mut tasks = Tasks::of((builder.known, builder.monitor), vouched, faults.iter().rev());
    let mut lock = None;
    while let Some(task) = tasks.next_task()? {
        if !task.is_in_place() {
            continue;
        }
        if lock.is_none() {
            match lock_out_readers(repository, PATIENCE, builder.monitor) {
                Ok(held) => lock = Some(held),
                Err(error) => return of_files(error).map(Some),
            }
        }
        match builder.put_right(&task.name, &task.wanted)? {
            Ok(true) => {
                let Name { snapshot, path } = task.name;
                outcome.returned.push(Returned { snapshot, path, from: None });
            }
            Ok(false) => {}
            Err(failure) => outcome.failures.push(task.refused(failure)),
        }
    }
    if outcome.returned.len() > before {
        repository.dir().sync_file_system().map_err(|errno| failed(repository, errno))?;
    }
    Ok(None)
}
