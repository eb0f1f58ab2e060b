//! What becomes of one entry, and what restoring it takes.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::Statx;
use rustix::io::Errno;

use super::there::{Place, Seen, look, mount_of};
use super::{Found, Planner, Spot};
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result};
use crate::engine::index::{Child, NodeId, State};
use crate::engine::meta::{Kind, Metadata};
use crate::engine::overrides::Override;
use crate::engine::restore::{Action, OnConflict, PlanItem, There};
use crate::engine::snapshot::Snapshot;

/// What writing an entry and all below it takes.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    entries: u64,
    bytes: u64,
    /// The same without the content that further names of a file share.
    room_bytes: u64,
}

impl Found {
    /// Whether nothing of it can come back.
    pub(super) fn is_lost(&self) -> bool {
        self.state.meta.kind != Kind::Directory && self.state.change().absent
    }
}

impl Planner<'_> {
    /// Plans one entry that is to be called `name`; `siblings`, sorted by name, are restored beside it.
    pub(super) fn plan_entry(
        &mut self,
        found: Found,
        spot: &Spot,
        name: Vec<u8>,
        siblings: &[Child],
    ) -> Result<()> {
        self.monitor.check_cancelled()?;
        let target = spot.path.join(OsStr::from_bytes(&name));
        let stat = match &spot.dir {
            Some(dir) => {
                stat_if_there(dir, &name).map_err(|errno| Error::io("examine", &target, errno))?
            }
            None => None,
        };
        let (Some(dir), Some(stat)) = (&spot.dir, stat) else {
            let action = if self.can_make(&found) { Action::Create } else { Action::Impossible };
            return self.add(&found, spot, target, action, None);
        };
        let kind = Kind::from_mode(u32::from(stat.stx_mode));
        if kind == Some(Kind::Directory) && found.state.meta.kind == Kind::Directory {
            return self.merge(found, spot, name, target);
        }
        if self.can_make(&found) && self.is_same(&found, spot, dir, &name, &stat)? {
            self.same = self.same.saturating_add(1);
            return Ok(());
        }
        let seen = self.look_at(&found, spot, dir, &name, &stat)?;
        self.plan_over(&found, spot, &name, seen, siblings)
    }

    /// Something else is in the way.
    fn plan_over(
        &mut self,
        found: &Found,
        spot: &Spot,
        name: &[u8],
        seen: Seen,
        siblings: &[Child],
    ) -> Result<()> {
        let target = spot.path.join(OsStr::from_bytes(name));
        let there = Some(seen.there);
        if !self.can_make(found) {
            return self.add(found, spot, target, Action::Impossible, there);
        }
        match self.request.on_conflict {
            OnConflict::Skip => self.add(found, spot, target, Action::Skip, there),
            OnConflict::Replace | OnConflict::Exact if !seen.is_held => {
                self.add(found, spot, target, Action::Replace, there)
            }
            // Also what can't be moved away, as it is or holds something that stays.
            OnConflict::KeepBoth | OnConflict::Replace | OnConflict::Exact => {
                let name = self.own_name(spot, name, found.at, siblings, &[b""])?;
                let target = spot.path.join(OsStr::from_bytes(&name));
                self.add(found, spot, target, Action::KeepBoth, there)
            }
        }
    }

    /// Plans an entry that gets a name of its own in any case: its place is another's.
    pub(super) fn plan_beside(&mut self, found: &Found, spot: &Spot) -> Result<()> {
        let name = found.path.name().unwrap_or(b"files").to_vec();
        if found.state.meta.kind == Kind::File
            && let Some(unit) = self.unit_of(found, spot)?
        {
            return self.keep_unit(&unit, spot, &[]);
        }
        let own = self.own_name(spot, &name, found.at, &[], &[b""])?;
        let target = spot.path.join(OsStr::from_bytes(&own));
        let action = if self.can_make(found) { Action::KeepBoth } else { Action::Impossible };
        let there = match &spot.dir {
            Some(dir) => match stat_if_there(dir, &name) {
                Ok(Some(stat)) => Some(self.look_at(found, spot, dir, &name, &stat)?.there),
                _ => None,
            },
            None => None,
        };
        self.add(found, spot, target, action, there)
    }

    /// Whether an entry can be made at all.
    pub(super) fn can_make(&self, found: &Found) -> bool {
        let is_device = matches!(found.state.meta.kind, Kind::Block | Kind::Character);
        let makes_devices =
            self.pasts.get(&found.at).is_some_and(|past| past.owners.makes_devices());
        !found.is_lost() && (!is_device || makes_devices)
    }

    /// What is called `name` in the folder `dir` now.
    pub(super) fn look_at(
        &mut self,
        found: &Found,
        spot: &Spot,
        dir: &Arc<Dir>,
        name: &[u8],
        stat: &Statx,
    ) -> Result<Seen> {
        let above = dir.stat().map_err(|errno| Error::io("examine", &spot.path, errno))?;
        let mut place = Place {
            parent: Arc::clone(dir),
            name: name.to_vec(),
            path: found.path.clone(),
            target: spot.path.join(OsStr::from_bytes(name)),
            left_out: Vec::new(),
        };
        let is_folder = Kind::from_mode(u32::from(stat.stx_mode)) == Some(Kind::Directory);
        let keepers = if is_folder { Some(self.keepers(found.at)?) } else { None };
        let mut stays = false;
        if let Some(keepers) = &keepers {
            place.left_out = keepers.left_out(&found.path);
            stays = keepers.stays(spot, &found.path.parent().unwrap_or_default(), name)?;
        }
        let mut seen = look(&place, stat, mount_of(&above), keepers.as_deref(), self.monitor)?;
        seen.is_held |= stays;
        Ok(seen)
    }

    /// Adds an item, with all that is below it in the snapshot.
    pub(super) fn add(
        &mut self,
        found: &Found,
        spot: &Spot,
        mut target: PathBuf,
        mut action: Action,
        there: Option<There>,
    ) -> Result<()> {
        let is_written = matches!(action, Action::Create | Action::KeepBoth | Action::Replace);
        let size = self.measure(found, is_written)?;
        if is_written {
            self.grounds.add(spot.ground, size.entries, size.room_bytes);
            // Only a forged index has two entries of one name in a folder.
            while !self.names.take(&target) {
                let name = target.file_name().unwrap_or_default().as_bytes().to_vec();
                let own = self.own_name(spot, &name, found.at, &[], &[b""])?;
                target = spot.path.join(OsStr::from_bytes(&own));
                action = Action::KeepBoth;
            }
        }
        if action == Action::Impossible && !found.is_lost() {
            action = Action::LeaveOut;
            self.tally.add_device();
        }
        self.items.push(PlanItem {
            path: found.path.clone(),
            at: found.at,
            target,
            action,
            entries: size.entries.max(1),
            bytes: size.bytes,
            there,
        });
        Ok(())
    }

    /// What an entry and all below it come to; what is written is looked at for warnings, too.
    fn measure(&mut self, found: &Found, is_written: bool) -> Result<Size> {
        let mut size = Size::default();
        let mut waiting = vec![(found.node, found.state.clone())];
        while let Some((node, state)) = waiting.pop() {
            self.monitor.check_cancelled()?;
            let change = state.change();
            if self.is_left(found.at, &state, &change) {
                if is_written && !change.absent {
                    self.tally.add_device();
                }
                continue;
            }
            size.entries = size.entries.saturating_add(1);
            size.bytes = size.bytes.saturating_add(state.file_bytes());
            if is_written {
                let room_bytes = self.tally.room_of(found.at, &state, &change);
                size.room_bytes = size.room_bytes.saturating_add(room_bytes);
                self.note(found.at, node, &state, &change)?;
            }
            if state.meta.kind == Kind::Directory {
                let children = self.answers.0.children(node, found.at)?;
                waiting.extend(children.into_iter().map(|child| (child.node, child.state)));
            }
        }
        Ok(size)
    }

    /// Whether an entry is not made, even if the folder around it is.
    fn is_left(&self, at: u64, state: &State, change: &Override) -> bool {
        let makes_devices = self.pasts.get(&at).is_some_and(|past| past.owners.makes_devices());
        match state.meta.kind {
            Kind::Directory => false,
            Kind::Block | Kind::Character => change.absent || !makes_devices,
            _ => change.absent,
        }
    }

    /// Counts an entry that is written for the warnings.
    fn note(&mut self, at: u64, node: NodeId, state: &State, change: &Override) -> Result<()> {
        if let Some(past) = self.pasts.get(&at) {
            self.tally.add(past, &state.meta, change);
        }
        if self.tally.damaged_inodes(state).is_empty() {
            return Ok(());
        }
        let Some(path) = self.answers.0.path_of(node)? else { return Ok(()) };
        let found = Found { path, at, node, state: state.clone() };
        // Others of the same content may be good.
        let inode = self.stored(&found).and_then(|(dir, name)| dir.stat_child(&name).ok());
        let inode = inode.map(|stat| stat.stx_ino);
        if inode.is_some_and(|inode| self.tally.damaged_inodes(state).contains(&inode)) {
            self.tally.add_damaged(found.path);
        }
        Ok(())
    }

    /// The folder on the drive in which an entry is stored, and its name there.
    pub(super) fn stored(&self, found: &Found) -> Option<(Dir, Vec<u8>)> {
        let name = &self.pasts.get(&found.at)?.info.name;
        let snapshot = Snapshot::open(self.repository?, name).ok()??;
        let folder = snapshot.files().ok()?.beneath(&found.path.parent()?).ok()?;
        Some((folder, found.path.name()?.to_vec()))
    }
}

/// The `statx` of the child `name`, if there is one.
pub(super) fn stat_if_there(dir: &Dir, name: &[u8]) -> rustix::io::Result<Option<Statx>> {
    match dir.stat_child(name) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// What is said of a single entry that is there.
pub(super) fn there_of(meta: &Metadata) -> There {
    let bytes = if meta.kind == Kind::File { meta.size_bytes } else { 0 };
    There { entries: 1, bytes, mtime: meta.mtime }
}
