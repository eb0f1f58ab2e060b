//! Says, for everything that is asked for, what a restore is going to do with it. Writes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::place::dated_name;
use super::target;
use super::{
    Action, OnConflict, PlanItem, RestorePlan, RestoreRequest, Target, There, Wanted as Asked,
};
use crate::engine::copy::{self, BUFFER_BYTES, CopyError};
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result};
use crate::engine::history::Answers;
use crate::engine::history::{History, SnapshotInfo, SnapshotState};
use crate::engine::index::{NodeId, State};
use crate::engine::meta::{ContentHash, Kind, Metadata};
use crate::engine::monitor::{Monitor, Phase};
use crate::engine::path::RelPath;
use crate::engine::probe;
use crate::engine::xattr::Labels;

struct Planner<'a> {
    answers: Answers<'a>,
    snapshots: BTreeMap<u64, SnapshotInfo>,
    on_conflict: OnConflict,
    privileges: bool,
    monitor: &'a Monitor,
    items: Vec<PlanItem>,
    same: u64,
    buffer: Vec<u8>,
}

/// What is asked for, resolved in the index.
struct Wanted {
    path: RelPath,
    at: u64,
    node: NodeId,
    state: State,
}

/// Plans a restore.
///
/// # Errors
/// A path that isn't in the snapshot, a target that is no folder, a stop.
pub fn plan_restore(
    history: &History,
    request: &RestoreRequest,
    monitor: &Monitor,
) -> Result<RestorePlan> {
    for at in request.wanted.iter().map(|wanted| wanted.at).collect::<BTreeSet<_>>() {
        let SnapshotInfo { name, state, .. } = history.snapshot(at)?;
        // The index may not know yet.
        let is_gone = history
            .repository()
            .is_ok_and(|repository| !repository.path().join("snapshots").join(&name).exists());
        if is_gone || state == SnapshotState::Missing {
            return Err(Error::SnapshotMissing(name));
        }
    }
    history.ask_at_length(|answers| plan(answers, request, monitor))
}

fn plan(answers: Answers<'_>, request: &RestoreRequest, monitor: &Monitor) -> Result<RestorePlan> {
    monitor.enter(Phase::Measuring);
    let mut snapshots = BTreeMap::new();
    for wanted in &request.wanted {
        if !snapshots.contains_key(&wanted.at) {
            snapshots.insert(wanted.at, answers.snapshot(wanted.at)?);
        }
    }
    let mut planner = Planner {
        answers,
        snapshots,
        on_conflict: request.on_conflict,
        privileges: request.privileges,
        monitor,
        items: Vec::new(),
        same: 0,
        buffer: vec![0; BUFFER_BYTES],
    };
    let mut paths = Vec::new();
    for wanted in &request.wanted {
        planner.expand(wanted, &mut paths)?;
    }
    paths.sort();
    // What lies in another of the selected folders comes back with it.
    paths.dedup_by(|(path, at), (kept, kept_at)| at == kept_at && path.is_within(kept));
    let mut existing = None;
    for (path, at) in paths {
        let wanted = planner.find(&path, at)?;
        let target = match &request.target {
            Target::Original => path.to_absolute(),
            Target::Folder(folder) => {
                let name = path.name().unwrap_or(b"files");
                target::resolve(folder)?.join(OsStr::from_bytes(name))
            }
        };
        let folder = target.parent().unwrap_or(Path::new("/")).to_owned();
        let dir = target::open(&folder)?;
        existing = existing.or_else(|| nearest_existing(&folder));
        planner.plan(&wanted, dir.as_ref(), &folder, target)?;
    }
    let free_bytes = existing
        .and_then(|path| Some((Dir::open(&path).ok()?, path)))
        .and_then(|(dir, path)| probe::space(&dir, &path).ok())
        .map(|space| space.free_bytes);
    let written = || planner.items.iter().filter(|item| item.is_written());
    Ok(RestorePlan {
        request: request.clone(),
        entries: written().map(|item| item.entries).sum(),
        bytes: written().map(|item| item.bytes).sum(),
        snapshots: planner.snapshots.into_iter().map(|(at, info)| (at, info.name)).collect(),
        items: planner.items,
        same: planner.same,
        free_bytes,
        warnings: Vec::new(),
    })
}

fn nearest_existing(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|path| path.is_dir()).map(Path::to_owned)
}

impl Planner<'_> {
    /// Replaces a folder above sources by the sources.
    fn expand(&self, wanted: &Asked, paths: &mut Vec<(RelPath, u64)>) -> Result<()> {
        let Asked { path, at } = wanted;
        if self.answers.state(path, *at)?.is_some() {
            paths.push((path.clone(), *at));
            return Ok(());
        }
        let below: Vec<RelPath> = self
            .answers
            .sources(*at)?
            .into_iter()
            .filter(|source| source.is_within(path))
            .collect();
        if below.is_empty() {
            return Err(self.answers.not_in(path, *at));
        }
        paths.extend(below.into_iter().map(|path| (path, *at)));
        Ok(())
    }

    fn find(&self, path: &RelPath, at: u64) -> Result<Wanted> {
        let (node, state) = self.answers.find(path, at)?;
        Ok(Wanted { path: path.clone(), at, node, state })
    }

    /// Plans one entry; `dir` is the open target folder, if it is there.
    fn plan(
        &mut self,
        wanted: &Wanted,
        dir: Option<&Dir>,
        folder: &Path,
        target: PathBuf,
    ) -> Result<()> {
        self.monitor.check_cancelled()?;
        // Only the root of the file system has no name of its own.
        let name = target.file_name().map_or(&b"."[..], OsStr::as_bytes).to_vec();
        let kind = wanted.state.meta.kind;
        let is_lost = wanted.state.change().absent && kind != Kind::Directory;
        let is_device = matches!(kind, Kind::Block | Kind::Character);
        if is_lost || (is_device && !self.privileges) {
            return self.add(wanted, target, Action::Impossible, None);
        }
        let Some(dir) = dir else { return self.add(wanted, target, Action::Create, None) };
        let there = match dir.stat_child(&name) {
            Ok(stat) => Metadata::from_statx(&stat),
            Err(Errno::NOENT) => return self.add(wanted, target, Action::Create, None),
            Err(errno) => return Err(Error::io("examine", &target, errno)),
        };
        let there = there.ok_or_else(|| Error::io("examine", &target, Errno::INVAL))?;
        if there.kind == Kind::Directory && wanted.state.meta.kind == Kind::Directory {
            return self.merge(wanted, dir, &name, &target);
        }
        if self.is_same(wanted, dir, &name, &there)? {
            self.same += 1;
            return Ok(());
        }
        let there = Some(There { entries: 1, bytes: there.size_bytes, mtime: there.mtime });
        match self.on_conflict {
            OnConflict::Skip => self.add(wanted, target, Action::Skip, there),
            OnConflict::Replace | OnConflict::Exact => {
                self.add(wanted, target, Action::Replace, there)
            }
            OnConflict::KeepBoth => {
                let started = self.snapshots.get(&wanted.at).map(|snapshot| snapshot.started);
                let name = dated_name(&name, started.unwrap_or_default(), dir)
                    .map_err(|errno| Error::io("examine", folder, errno))?;
                self.add(wanted, folder.join(OsStr::from_bytes(&name)), Action::KeepBoth, there)
            }
        }
    }

    /// A folder that is there already is entered: each of its entries is planned for itself.
    fn merge(&mut self, wanted: &Wanted, dir: &Dir, name: &[u8], target: &Path) -> Result<()> {
        let inner = dir.child(name).map_err(|errno| Error::io("open", target, errno))?;
        for child in self.answers.0.children(wanted.node, wanted.at)? {
            let path = wanted.path.join(&child.name);
            let below = target.join(OsStr::from_bytes(&child.name));
            let child = Wanted { path, at: wanted.at, node: child.node, state: child.state };
            self.plan(&child, Some(&inner), target, below)?;
        }
        Ok(())
    }

    fn is_same(
        &mut self,
        wanted: &Wanted,
        dir: &Dir,
        name: &[u8],
        there: &Metadata,
    ) -> Result<bool> {
        let state = &wanted.state;
        if there.kind != state.meta.kind || there.size_bytes != state.meta.size_bytes {
            return Ok(false);
        }
        match there.kind {
            Kind::File => {
                match copy::hash_file(dir, name, &mut self.buffer, Labels::Leave, self.monitor) {
                    Ok(read) => Ok(Some(read.hash) == state.hash),
                    Err(CopyError::Cancelled) => Err(Error::Cancelled),
                    Err(_) => Ok(false),
                }
            }
            Kind::Symlink => {
                Ok(dir.read_link(name).ok().map(|link| ContentHash::of(&link)) == state.hash)
            }
            _ => Ok(there.device == state.meta.device),
        }
    }

    fn add(
        &mut self,
        wanted: &Wanted,
        target: PathBuf,
        action: Action,
        there: Option<There>,
    ) -> Result<()> {
        let (mut entries, mut bytes) = (0, 0);
        let mut pending = vec![(wanted.node, wanted.state.meta)];
        while let Some((node, meta)) = pending.pop() {
            self.monitor.check_cancelled()?;
            entries += 1;
            bytes += if meta.kind == Kind::File { meta.size_bytes } else { 0 };
            if meta.kind == Kind::Directory {
                let children = self.answers.0.children(node, wanted.at)?;
                pending.extend(children.into_iter().map(|child| (child.node, child.state.meta)));
            }
        }
        self.items.push(PlanItem {
            path: wanted.path.clone(),
            at: wanted.at,
            target,
            action,
            entries,
            bytes,
            there,
        });
        Ok(())
    }
}
