//! What has to be done to bring what is staged to its place, written down before any of it is done.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use rustix::io::Errno;

use super::apply::{Origins, Run};
use super::journal::{Adjust, Flag, Lift, Made, Steps, Swap, Thing};
use super::parted::drop_parted;
use super::stage::{Flagged, Staging};
use super::swap::thing_of;
use super::workspace::{is_writable, slot_name, stat_in};
use super::{Action, PlanItem, Target, adjust, flags, target};
use crate::engine::dir::Dir;
use crate::engine::dress::OwnerRule;
use crate::engine::error::{Error, Result};
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;
use crate::engine::problem::Reason;
use crate::engine::xattr::Xattrs;

/// The folders of items, as far as they are there.
struct Folders<'a> {
    run: &'a Run<'a>,
    origins: &'a Origins,
    last: Option<(PathBuf, Option<Dir>)>,
    seen: HashSet<PathBuf>,
    lifts: BTreeMap<PathBuf, Lift>,
    made: BTreeMap<PathBuf, Made>,
}

/// The steps of a restore whose items are staged.
pub fn steps_of(run: &Run<'_>, origins: &Origins, staging: &Staging<'_>) -> Result<Steps> {
    let mut folders = Folders {
        run,
        origins,
        last: None,
        seen: HashSet::new(),
        lifts: BTreeMap::new(),
        made: BTreeMap::new(),
    };
    let mut steps = Steps {
        entries: staging.entries.load(Relaxed),
        bytes: staging.bytes.load(Relaxed),
        ..Steps::default()
    };
    for (number, item) in run.plan.items.iter().enumerate().filter(|(_, item)| item.is_changed()) {
        if item.action == Action::Adjust {
            match adjust_of(run, origins, item)? {
                Some(adjust) => steps.adjusts.push(adjust),
                None => staging.problem(&item.path, Reason::MetadataNotRestored),
            }
        } else if let Some(swap) = swap_of(run, origins, number, item, &mut folders)? {
            steps.swaps.push(swap);
        }
    }
    drop_parted(run, staging, &mut steps);
    // Whatever is done in a folder moves its time: the deepest come first.
    steps.adjusts.sort_by(|one, other| other.place.cmp(&one.place));
    steps.lifts = folders.lifts.into_values().collect();
    steps.made = folders.made.into_values().collect();
    steps.flags = flags_of(run, &steps.swaps, staging);
    Ok(steps)
}

fn swap_of(
    run: &Run<'_>,
    origins: &Origins,
    number: usize,
    item: &PlanItem,
    folders: &mut Folders<'_>,
) -> Result<Option<Swap>> {
    let failed = |errno| Error::io("examine", &item.target, errno);
    let Some(place) = run.stages.get(&number).copied() else { return Ok(None) };
    let Some(workspace) = run.workspaces.get(place).and_then(Option::as_ref) else {
        return Ok(None);
    };
    let slot = number as u64;
    let fresh = if item.is_written() {
        // What could not be staged has been told of.
        let Some(stat) = workspace.slot(&slot_name(slot)).map_err(failed)? else { return Ok(None) };
        let mut thing = thing_of(&stat, item.bytes);
        thing.entries = item.entries;
        if Kind::from_mode(stat.stx_mode.into()) == Some(Kind::Directory) {
            // It was staged so that it can be moved.
            let mode = run.answers.find(&item.path, item.at)?.1.meta.mode;
            thing.mode = (mode & 0o700 != 0o700).then_some(mode);
        }
        Some(thing)
    } else {
        None
    };
    let path = item.target.parent().unwrap_or(Path::new("/")).to_owned();
    let name = item.target.file_name().unwrap_or_default().as_encoded_bytes().to_vec();
    let folder = folders.get(&path, item.at)?;
    let replaces = matches!(item.action, Action::Replace | Action::Remove);
    let former: Option<Thing> = match folder.filter(|_| replaces) {
        Some(folder) => stat_in(folder, &name).map_err(failed)?.map(|stat| {
            let bytes = item.there.map_or(0, |there| there.bytes);
            thing_of(&stat, bytes)
        }),
        None => None,
    };
    if fresh.is_none() && former.is_none() {
        return Ok(None);
    }
    let moment = origins.get(&item.at).map(|(origin, _)| origin.started).unwrap_or_default();
    let path_in = item.path.clone();
    Ok(Some(Swap {
        path: path_in,
        folder: path,
        name,
        workspace: place,
        slot,
        fresh,
        former,
        replaces,
        moment,
    }))
}

impl Folders<'_> {
    /// The folder at `path`, if it is there; what has to be made or made writable for it is noted.
    fn get(&mut self, path: &Path, at: u64) -> Result<Option<&Dir>> {
        if self.last.as_ref().is_none_or(|(known, _)| known != path) {
            let dir = target::open(path)?;
            if self.seen.insert(path.to_owned()) {
                self.note(path, at, dir.as_ref())?;
            }
            self.last = Some((path.to_owned(), dir));
        }
        Ok(self.last.as_ref().and_then(|(_, dir)| dir.as_ref()))
    }

    fn note(&mut self, path: &Path, at: u64, dir: Option<&Dir>) -> Result<()> {
        let nearest;
        let (dir, path) = match dir {
            Some(dir) => (dir, path),
            None => {
                nearest = target::nearest(path)?;
                for missing in path.ancestors().take_while(|above| *above != nearest.1) {
                    if !self.made.contains_key(missing) {
                        self.made.insert(missing.to_owned(), self.like(missing, at)?);
                    }
                }
                (&nearest.0, nearest.1.as_path())
            }
        };
        let stat = dir.stat().map_err(|errno| Error::io("examine", path, errno))?;
        let is_own = stat.stx_uid == rustix::process::geteuid().as_raw();
        let flags = flags::fixing(&stat);
        if flags != 0 || is_own && !is_writable(dir) {
            let mode = u32::from(stat.stx_mode) & 0o7777;
            let lift = Lift { path: path.to_owned(), inode: stat.stx_ino, mode, flags };
            self.lifts.insert(path.to_owned(), lift);
        }
        Ok(())
    }
}

impl Folders<'_> {
    /// The folder that is made at `path`: at its original place as it was in the snapshot `at`, and private where nothing
    /// is known of it; root makes those for others, too.
    fn like(&self, path: &Path, at: u64) -> Result<Made> {
        let mut made = Made { path: path.to_owned(), mode: None, owner: None };
        if self.run.plan.request.target != Target::Original {
            return Ok(made);
        }
        let state = self.run.answers.state(&RelPath::from_absolute(path)?, at)?;
        let folder = state.filter(|state| state.meta.kind == Kind::Directory);
        match (folder, self.origins.get(&at)) {
            (Some(state), Some((origin, _))) => {
                let meta = origin.owners.map(state.meta);
                // Something is put into it.
                made.mode = Some(meta.mode | 0o700);
                made.owner =
                    (origin.owners.rule() == OwnerRule::Set).then_some((meta.uid, meta.gid));
            }
            _ if !rustix::process::geteuid().is_root() => made.mode = Some(0o700),
            _ => {}
        }
        Ok(made)
    }
}

/// The step of a folder that gets other metadata; `None` if that is not possible.
fn adjust_of(run: &Run<'_>, origins: &Origins, item: &PlanItem) -> Result<Option<Adjust>> {
    let Some((origin, files)) = origins.get(&item.at) else { return Ok(None) };
    let Some(dir) = target::open(&item.target)? else { return Ok(None) };
    let state = run.answers.find(&item.path, item.at)?.1;
    let failed = |errno: Errno| Error::io("examine", &item.target, errno);
    let xattrs = match state.change().xattrs() {
        Some(xattrs) => xattrs,
        None => match files.beneath(&item.path).and_then(Xattrs::read) {
            Ok(xattrs) if xattrs.digest() == state.xattrs => xattrs,
            // Its stored folder is lost or carries others, and there were none.
            _ if state.xattrs.is_none() => Xattrs::default(),
            _ => return Ok(None),
        },
    };
    let xattrs = origin.owners.map_attributes(xattrs);
    let stat = dir.stat().map_err(failed)?;
    Ok(Some(Adjust {
        path: item.path.clone(),
        place: item.target.clone(),
        inode: stat.stx_ino,
        flags: flags::fixing(&stat),
        fresh: adjust::record(&origin.owners.map(state.meta), &xattrs),
        former: adjust::read(&dir).map_err(failed)?,
    }))
}

/// The flags of what is staged, from the deepest up.
fn flags_of(run: &Run<'_>, swaps: &[Swap], staging: &Staging<'_>) -> Vec<Flag> {
    let mut flags = staging.flags.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if flags.is_empty() {
        return Vec::new();
    }
    let fresh = swaps.iter().filter(|swap| swap.fresh.is_some());
    // The same path may come from two snapshots.
    let slots: BTreeMap<(u64, &RelPath), u64> = fresh
        .filter_map(|swap| {
            let item = run.plan.items.get(usize::try_from(swap.slot).ok()?)?;
            Some(((item.at, &swap.path), swap.slot))
        })
        .collect();
    flags.sort_by(|one, other| other.cmp(one));
    let flag_of = |Flagged { path, at, inode, flags }| {
        let mut top = path.clone();
        while !slots.contains_key(&(at, &top)) {
            top = top.parent()?;
        }
        let mut below = RelPath::root();
        path.components().skip(top.components().count()).for_each(|name| below.push(name));
        let slot = *slots.get(&(at, &top))?;
        Some(Flag { path, slot, below, inode, flags })
    };
    flags.into_iter().filter_map(flag_of).collect()
}
