//! Moves single items between their places and the workspaces. Which inode is where tells what was done already.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::Statx;
use rustix::io::Errno;

use super::adjust::{hold, set_mode};
use super::journal::{Flag, Journal, Lift, Swap, Thing};
use super::place::dated_name;
use super::workspace::{Workspace, slot_name, stat_in};
use super::{moves, target};
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result};
use crate::engine::meta::{Kind, Metadata};

/// How often an item is tried whose place others change all the time.
const TRIES: u32 = 100;

/// Moves items; holds the folder of the last one.
pub struct Mover<'a> {
    workspaces: &'a [Option<Workspace>],
    folder: Option<(PathBuf, Arc<Dir>)>,
}

/// A folder that is made movable until it is set free.
struct Loose(Option<(OwnedFd, u32)>);

impl Loose {
    fn new(dir: &Dir, name: &[u8], thing: Option<&Thing>) -> rustix::io::Result<Self> {
        let Some((thing, mode)) = thing.and_then(|thing| Some((thing, thing.mode?))) else {
            return Ok(Self(None));
        };
        let Some(held) = hold(dir, name, thing.inode)? else { return Ok(Self(None)) };
        set_mode(&held, mode | 0o700)?;
        Ok(Self(Some((held, mode))))
    }

    fn fasten(self) -> rustix::io::Result<()> {
        self.0.map_or(Ok(()), |(held, mode)| set_mode(&held, mode))
    }
}

/// Whether this is the thing.
pub fn is_it(stat: Option<&Statx>, thing: Option<&Thing>) -> bool {
    stat.zip(thing).is_some_and(|(stat, thing)| stat.stx_ino == thing.inode)
}

/// What is known of something that is moved.
pub fn thing_of(stat: &Statx, bytes: u64) -> Thing {
    let is_folder = Kind::from_mode(stat.stx_mode.into()) == Some(Kind::Directory);
    let mode = u32::from(stat.stx_mode) & 0o7777;
    let mode = (is_folder && mode & 0o700 != 0o700).then_some(mode);
    Thing { inode: stat.stx_ino, mode, bytes }
}

impl<'a> Mover<'a> {
    /// Moves items from and to these workspaces.
    pub fn new(workspaces: &'a [Option<Workspace>]) -> Self {
        Self { workspaces, folder: None }
    }

    /// The workspace of an item, if it is still there.
    pub fn workspace(&self, swap: &Swap) -> Option<&'a Workspace> {
        self.workspaces.get(swap.workspace).and_then(Option::as_ref)
    }

    /// The folder of an item's place; `None` if it is not there.
    pub fn folder(&mut self, path: &Path) -> Result<Option<Arc<Dir>>> {
        if let Some((_, dir)) = self.folder.as_ref().filter(|(known, _)| known == path) {
            return Ok(Some(Arc::clone(dir)));
        }
        let Some(dir) = target::open(path)?.map(Arc::new) else { return Ok(None) };
        self.folder = Some((path.to_owned(), Arc::clone(&dir)));
        Ok(Some(dir))
    }

    /// As [`Mover::folder`], but it is made if need be.
    pub fn made_folder(&mut self, path: &Path) -> Result<Arc<Dir>> {
        if let Some(dir) = self.folder(path)? {
            return Ok(dir);
        }
        let dir = Arc::new(target::make(path)?);
        self.folder = Some((path.to_owned(), Arc::clone(&dir)));
        Ok(dir)
    }

    /// What is at the place now, and what in the slot.
    pub fn look(&mut self, swap: &Swap) -> Result<(Option<Statx>, Option<Statx>)> {
        let failed = |errno| Error::io("examine", &swap.place(), errno);
        let place = match self.folder(&swap.folder)? {
            Some(folder) => stat_in(&folder, &swap.name).map_err(failed)?,
            None => None,
        };
        let slot = self.workspace(swap).map(|workspace| workspace.slot(&slot_name(swap.slot)));
        Ok((place, slot.transpose().map_err(failed)?.flatten()))
    }

    /// Puts right what an interrupted exchange left.
    pub fn settle(&mut self, swap: &Swap) -> Result<()> {
        let Some(workspace) = self.workspace(swap) else { return Ok(()) };
        let folder = self.folder(&swap.folder)?;
        moves::settle(&workspace.dir, &slot_name(swap.slot), folder.as_deref(), &swap.name)
            .map_err(|errno| Error::io("put in place", &swap.place(), errno))
    }

    /// Puts what is staged in its place, and sets aside what is there, unless it is `next`, which comes to the same place
    /// in a later step; whatever is set aside, it is noted in `swap`.
    pub fn publish(
        &mut self,
        swap: &mut Swap,
        next: Option<&Thing>,
        journal: &Journal,
    ) -> Result<()> {
        let (place, slot) = self.look(swap)?;
        let failed = |path: PathBuf| move |errno| Error::io("put in place", &path, errno);
        let is_waiting = match &swap.fresh {
            Some(fresh) => is_it(slot.as_ref(), Some(fresh)),
            None => slot.is_none() && place.is_some() && !is_it(place.as_ref(), next),
        };
        if !is_waiting {
            if swap.fresh.is_some() && !is_it(place.as_ref(), swap.fresh.as_ref()) {
                return Err(failed(swap.place())(Errno::NOENT));
            }
            self.fasten(swap, swap.fresh.as_ref(), swap.former.as_ref())
                .map_err(failed(swap.place()))?;
            return self.note(swap);
        }
        let folder = self.made_folder(&swap.folder)?;
        let Some(workspace) = self.workspace(swap) else { return Ok(()) };
        let name = slot_name(swap.slot);
        let in_place = |errno| Error::io("put in place", &swap.place(), errno);
        let fresh = Loose::new(&workspace.dir, &name, swap.fresh.as_ref()).map_err(in_place)?;
        let former = match &place {
            Some(_) => Loose::new(&folder, &swap.name, swap.former.as_ref()).map_err(in_place)?,
            None => Loose(None),
        };
        let moved = if swap.fresh.is_none() {
            match moves::move_to(&folder, &swap.name, &workspace.dir, &name) {
                // It went away just now.
                Err(Errno::NOENT) => Ok(()),
                moved => moved.map_err(in_place),
            }
        } else {
            place_it(swap, &workspace.dir, &name, &folder, journal)
        };
        let fastened = fresh.fasten().and(former.fasten());
        moved?;
        fastened.map_err(failed(swap.place()))?;
        self.note(swap)
    }

    /// Notes what was set aside in truth.
    fn note(&self, swap: &mut Swap) -> Result<()> {
        if swap.fresh.is_some() && !swap.replaces {
            return Ok(());
        }
        let Some(workspace) = self.workspace(swap) else { return Ok(()) };
        let found = workspace.slot(&slot_name(swap.slot));
        let found = found.map_err(|errno| Error::io("examine", workspace.path(), errno))?;
        let is_known = is_it(found.as_ref(), swap.former.as_ref());
        if !is_known {
            let bytes = |stat: &Statx| Metadata::from_statx(stat).map_or(0, |meta| meta.size_bytes);
            swap.former = found.map(|stat| thing_of(&stat, bytes(&stat)));
        }
        Ok(())
    }

    /// Gives folders that were moved before an interruption their modes back: the one that should be at the place,
    /// and the one in the slot.
    pub fn fasten(
        &mut self,
        swap: &Swap,
        placed: Option<&Thing>,
        kept: Option<&Thing>,
    ) -> rustix::io::Result<()> {
        if let Some((_, dir)) = self.folder.as_ref().filter(|(path, _)| *path == swap.folder)
            && dir.has(&swap.name)?
        {
            Loose::new(dir, &swap.name, placed)?.fasten()?;
        }
        let Some(workspace) = self.workspace(swap) else { return Ok(()) };
        let name = slot_name(swap.slot);
        if workspace.dir.has(&name)? {
            Loose::new(&workspace.dir, &name, kept)?.fasten()?;
        }
        Ok(())
    }

    /// Lets both change places, or moves what there is of them: `outgoing` goes from the place to the slot, what lies
    /// in the slot comes to the place.
    ///
    /// # Errors
    /// `STALE` if something else than `outgoing` was there, which stays.
    pub fn turn(
        &mut self,
        swap: &Swap,
        outgoing: Option<&Thing>,
        incoming: Option<&Thing>,
        flags: &[Flag],
    ) -> Result<rustix::io::Result<()>> {
        let folder = match outgoing {
            Some(_) => self.folder(&swap.folder)?,
            None => Some(self.made_folder(&swap.folder)?),
        };
        let (Some(folder), Some(workspace)) = (folder, self.workspace(swap)) else {
            return Ok(Err(Errno::NOENT));
        };
        let slot = slot_name(swap.slot);
        for flag in flags {
            flags_clear(&folder, swap, flag);
        }
        Ok(turn((&folder, &swap.name), (&workspace.dir, &slot), outgoing, incoming))
    }
}

fn flags_clear(folder: &Dir, swap: &Swap, flag: &Flag) {
    super::flags::clear(folder, &swap.name, flag);
}

fn turn(
    (folder, name): (&Dir, &[u8]),
    (own, slot): (&Dir, &[u8]),
    outgoing: Option<&Thing>,
    incoming: Option<&Thing>,
) -> rustix::io::Result<()> {
    let out = match outgoing {
        Some(_) => Loose::new(folder, name, outgoing)?,
        None => Loose(None),
    };
    let back = match incoming {
        Some(_) => Loose::new(own, slot, incoming)?,
        None => Loose(None),
    };
    let moved = match (outgoing, incoming) {
        (Some(outgoing), Some(_)) => {
            moves::exchange(own, slot, folder, name).and_then(|()| {
                if is_it(stat_in(own, slot)?.as_ref(), Some(outgoing)) {
                    return Ok(());
                }
                // Somebody put something else there just now.
                moves::exchange(own, slot, folder, name)?;
                Err(Errno::STALE)
            })
        }
        (Some(outgoing), None) => moves::move_to(folder, name, own, slot).and_then(|()| {
            if is_it(stat_in(own, slot)?.as_ref(), Some(outgoing)) {
                return Ok(());
            }
            moves::move_to(own, slot, folder, name)?;
            Err(Errno::STALE)
        }),
        (None, Some(_)) => moves::move_to(own, slot, folder, name),
        (None, None) => Ok(()),
    };
    let fastened = out.fasten().and(back.fasten());
    moved.and(fastened)
}

/// Moves a staged item to its place; under another name if something is there that stays.
fn place_it(
    swap: &mut Swap,
    own: &Dir,
    slot: &[u8],
    folder: &Dir,
    journal: &Journal,
) -> Result<()> {
    let failed = |swap: &Swap, errno| Error::io("put in place", &swap.place(), errno);
    for _ in 0..TRIES {
        let moved = if swap.replaces {
            match moves::exchange(own, slot, folder, &swap.name) {
                // It went away since the plan was made.
                Err(Errno::NOENT) => moves::move_to(own, slot, folder, &swap.name),
                moved => moved,
            }
        } else {
            moves::move_to(own, slot, folder, &swap.name)
        };
        match moved {
            Err(Errno::EXIST) if swap.replaces => {}
            // Something came there since the plan was made: it stays, and both are kept.
            Err(Errno::EXIST) => {
                let name = dated_name(&swap.name, swap.moment, folder);
                let name = name.map_err(|errno| failed(swap, errno))?;
                journal.rename(swap.slot, &name)?;
                swap.name = name;
            }
            moved => return moved.map_err(|errno| failed(swap, errno)),
        }
    }
    Err(failed(swap, Errno::EXIST))
}

/// Makes folders writable, or gives them their modes back.
pub fn lift(lifts: &[Lift], is_writable: bool) -> Result<()> {
    for lift in lifts {
        let failed = |errno| Error::io("change the permissions of", &lift.path, errno);
        let parent = lift.path.parent().unwrap_or(Path::new("/"));
        let Some(parent) = target::open(parent)? else { continue };
        let name = lift.path.file_name().map_or(&b"."[..], |name| name.as_encoded_bytes());
        let held = match hold(&parent, name, lift.inode) {
            Ok(Some(held)) => held,
            Ok(None) | Err(Errno::NOENT | Errno::NOTDIR) => continue,
            Err(errno) => return Err(failed(errno)),
        };
        let mode = if is_writable { lift.mode | 0o300 } else { lift.mode };
        set_mode(&held, mode).map_err(failed)?;
    }
    Ok(())
}
