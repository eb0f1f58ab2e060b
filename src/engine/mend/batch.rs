//! A few damaged files on their way: new inodes are staged, the journal is written, names are swapped.

use std::collections::{HashMap, HashSet};

use super::finish::{carry_out, lock_out_readers, remove_stage};
use super::fresh::Workshop;
use super::journal::{self, PATH_LIMIT_BYTES, PORTION_BYTES, Step};
use super::survey::{Name, Survey, failed, hits};
use super::swap::{Origin, by_number, mtime_of};
use super::{GoodCopy, MendFailure, Mending, Rot};
use crate::engine::copy::{self, BUFFER_BYTES};
use crate::engine::damage::Damage;
use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::monitor::Monitor;
use crate::engine::recover::Writer;
use crate::engine::repository::Repository;
use crate::engine::snapshot::{BadSeal, Snapshot};

/// The folder of new inodes in `stage/`.
pub(in crate::engine) const STAGE_NAME: &[u8] = b"mend";

/// A line of the journal without its path takes about so much.
const LINE_BYTES: usize = 160;

/// Contents are staged together up to so much: the damaged ones take their room until then.
const STAGED_BYTES: u64 = 256 << 20;

/// A new inode that waits to be put in its place.
struct Ready {
    /// Which of the damaged files it is for.
    at: usize,
    /// Its number in the stage.
    number: u32,
    from: GoodCopy,
}

/// Mends some files of which all names are known, and says what came of each.
pub(super) fn mend_batch(
    writer: &Writer,
    rots: &[Rot],
    surveys: &[Survey],
    damage: &mut Damage,
    monitor: &Monitor,
) -> Result<Vec<Mending>> {
    let mut mendings: Vec<Mending> = rots
        .iter()
        .zip(surveys)
        .map(|(rot, survey)| Mending {
            rot: rot.clone(),
            hits: hits(survey.names.iter()),
            mended_from: None,
            failure: Some(MendFailure::NoGoodCopy),
        })
        .collect();
    let locked = too_new(&writer.repository, surveys)?;
    let is_mendable = |survey: &Survey| {
        let is_too_long = |name: &Name| name.path.encode().len() > PATH_LIMIT_BYTES;
        !survey.names.iter().any(|name| locked.contains(&name.snapshot) || is_too_long(name))
    };
    let mut from = 0;
    while from < rots.len() {
        let to = from + portion(surveys.get(from..).unwrap_or_default());
        let wanted: Vec<(usize, &Rot, &Survey)> = (from..to)
            .filter_map(|at| Some((at, rots.get(at)?, surveys.get(at)?)))
            .filter(|(_, _, survey)| is_mendable(survey))
            .collect();
        let mended = mend_portion(&writer.repository, &wanted, damage, monitor);
        let mended = match mended {
            Ok(mended) => mended,
            Err(error) => {
                abandon(&writer.repository);
                return Err(error);
            }
        };
        for ready in mended {
            if let Some(mending) = mendings.get_mut(ready.at) {
                mending.mended_from = Some(ready.from);
                mending.failure = None;
            }
        }
        from = to;
    }
    Ok(mendings)
}

/// How many of these are staged together: one at least.
fn portion(surveys: &[Survey]) -> usize {
    let mut bytes = 0_u64;
    let fits = |survey: &&Survey| {
        bytes = bytes.saturating_add(survey.size_bytes.unwrap_or(0));
        bytes <= STAGED_BYTES
    };
    surveys.iter().take_while(fits).count().max(1)
}

/// The snapshots among those concerned in which a newer version may count on what this one doesn't know.
fn too_new(repository: &Repository, surveys: &[Survey]) -> Result<HashSet<String>> {
    let names = surveys.iter().flat_map(|survey| &survey.names);
    let snapshots: HashSet<&String> = names.map(|name| &name.snapshot).collect();
    let mut found = HashSet::new();
    for name in snapshots {
        let Some(snapshot) = Snapshot::open(repository, name)? else { continue };
        let is_too_new = match snapshot.read_seal() {
            Ok(seal) => !seal.features.write.is_empty(),
            Err(BadSeal::TooNew(_)) => true,
            Err(BadSeal::Broken(_)) => false,
        };
        if is_too_new {
            found.insert(name.clone());
        }
    }
    Ok(found)
}

/// Stages, journals and swaps; gives those that are mended.
fn mend_portion(
    repository: &Repository,
    wanted: &[(usize, &Rot, &Survey)],
    damage: &mut Damage,
    monitor: &Monitor,
) -> Result<Vec<Ready>> {
    let failed = |errno| failed(repository, errno);
    let stage = open_stage(repository)?;
    let buffer = vec![0; BUFFER_BYTES];
    let mut workshop = Workshop { repository, stage: &stage, damage, buffer, monitor };
    let mut ready = Vec::new();
    for (number, (at, rot, survey)) in (1_u32..).zip(wanted) {
        monitor.check_cancelled()?;
        if let Some(from) = workshop.make(rot, survey, number.to_string().as_bytes())? {
            ready.push(Ready { at: *at, number, from });
        }
    }
    let mut buffer = workshop.buffer;
    // Flushed, and then read back: only what the drive has is put in the place of anything. A flush that fails is not
    // tried again.
    stage.sync_file_system().map_err(failed)?;
    let mut proven = Vec::new();
    for one in ready {
        let Some((_, rot, _)) = wanted.iter().find(|(at, ..)| *at == one.at) else { continue };
        let name = one.number.to_string();
        let is_proven = copy::is_proven(&stage, name.as_bytes(), rot.hash, &mut buffer, monitor);
        if is_proven.map_err(|error| super::fresh::explain(repository, error))? {
            proven.push(one);
        }
    }
    let mut steps = Vec::new();
    for one in &proven {
        let found = wanted.iter().find(|(at, ..)| *at == one.at);
        let Some((_, rot, survey)) = found else { continue };
        steps.extend(survey.names.iter().filter_map(|name| step(repository, rot, one, name)));
    }
    steps.sort_by(|one, other| one.order().cmp(&other.order()));
    let left = swap_in_portions(repository, &steps, damage, (&mut buffer, monitor))?;
    remove_stage(repository)?;
    let is_whole = |one: &Ready| !left.contains(&one.number);
    Ok(proven.into_iter().filter(is_whole).collect())
}

/// Swaps by one journal after the other; gives the numbers of new inodes that not all names have got.
fn swap_in_portions(
    repository: &Repository,
    steps: &[Step],
    damage: &mut Damage,
    (buffer, monitor): (&mut [u8], &Monitor),
) -> Result<HashSet<u32>> {
    let mut left = HashSet::new();
    let mut rest = steps;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |step: &&Step| {
            bytes += step.name.path.encode().len() + LINE_BYTES;
            bytes <= PORTION_BYTES
        };
        let (now, later) = rest.split_at(rest.iter().take_while(fits).count().max(1));
        journal::write(repository, now).map_err(|errno| failed(repository, errno))?;
        let lock = lock_out_readers(repository, monitor)?;
        let origins = staged(repository, now)?;
        left.extend(carry_out(repository, now, origins, (&mut *buffer, monitor))?);
        // Only what has no name left in a later portion is damaged no more.
        for step in now {
            let is_last = later.iter().all(|other| other.staged != step.staged);
            if is_last && !left.contains(&step.staged) {
                damage.forget(step.hash, step.inode);
            }
        }
        damage.write_if_room(repository)?;
        journal::clear(repository).map_err(|errno| failed(repository, errno))?;
        drop(lock);
        rest = later;
    }
    Ok(left)
}

/// The new inodes of these steps, which are known to be good.
fn staged(repository: &Repository, steps: &[Step]) -> Result<HashMap<u32, Origin>> {
    let failed = |errno| failed(repository, errno);
    let stage = repository.folder("stage")?.child(STAGE_NAME).map_err(failed)?;
    let mut origins = HashMap::new();
    for number in by_number(steps).into_keys() {
        let dir = stage.duplicate().map_err(failed)?;
        origins.insert(number, Origin { dir, name: number.to_string().into_bytes() });
    }
    Ok(origins)
}

/// What is to be done with one name; `None` if it can't be looked at.
fn step(repository: &Repository, rot: &Rot, ready: &Ready, name: &Name) -> Option<Step> {
    let stat = name.folder(repository)?.stat().ok()?;
    Some(Step {
        hash: rot.hash,
        inode: rot.inode,
        staged: ready.number,
        name: name.clone(),
        mtime: mtime_of(&stat),
        mode: u32::from(stat.stx_mode) & 0o7777,
    })
}

/// An empty folder for new inodes.
fn open_stage(repository: &Repository) -> Result<Dir> {
    remove_stage(repository)?;
    let stage = repository.folder("stage")?;
    stage.create(STAGE_NAME, 0o700).map_err(|errno| failed(repository, errno))
}

/// After a failure before anything was journaled, what was staged is of no use; else the next opening goes on with it.
fn abandon(repository: &Repository) {
    if matches!(journal::read(repository), Ok(journal::Found::Nothing)) {
        // What can't be removed now is by the next opening.
        let _ = remove_stage(repository);
    }
}
