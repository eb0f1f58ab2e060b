//! Moves single items between their places and the workspaces. Which inode is where tells what was done already.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::Statx;
use rustix::io::Errno;

use super::journal::{Flag, Journal, Swap, Thing};
use super::loose::Loose;
use super::place::dated_name;
use super::workspace::{Workspace, slot_name, stat_in};
use super::{flags, moves, target};
use crate::engine::dir::Dir;
use crate::engine::error::{Error, Result, TargetProblem};
use crate::engine::meta::{Kind, Metadata};

/// How often an item is tried whose place others change all the time.
const TRIES: u32 = 100;

/// Moves items; holds the folder of the last one.
pub struct Mover<'a> {
    workspaces: &'a [Option<Workspace>],
    folder: Option<(PathBuf, Arc<Dir>)>,
    /// Whether something else was set aside than the steps say.
    pub has_noted: bool,
}

/// How far an item has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Nothing was done yet.
    Waiting,
    /// All is done.
    Done,
    /// It was done, and then somebody changed what is there.
    Changed,
    /// Nothing was done, and what was staged is gone.
    Lost,
}

/// Whether this is the thing.
pub fn is_it(stat: Option<&Statx>, thing: Option<&Thing>) -> bool {
    stat.zip(thing).is_some_and(|(stat, thing)| stat.stx_ino == thing.inode)
}

/// Whether the content of a file is as it was; of others that can't be told.
pub fn is_unwritten(stat: Option<&Statx>, thing: &Thing) -> bool {
    let mtime = stat.and_then(Metadata::from_statx).map(|meta| meta.mtime);
    thing.mtime.is_none() || mtime == thing.mtime
}

/// What is known of something that is moved.
pub fn thing_of(stat: &Statx, bytes: u64) -> Thing {
    let kind = Kind::from_mode(stat.stx_mode.into());
    let mode = u32::from(stat.stx_mode) & 0o7777;
    let mode = (kind == Some(Kind::Directory) && mode & 0o700 != 0o700).then_some(mode);
    let mtime = Metadata::from_statx(stat).map(|meta| meta.mtime);
    let mtime = mtime.filter(|_| kind == Some(Kind::File));
    Thing { inode: stat.stx_ino, mode, flags: flags::fixing(stat), entries: 0, bytes, mtime }
}

impl<'a> Mover<'a> {
    /// Moves items from and to these workspaces.
    pub fn new(workspaces: &'a [Option<Workspace>]) -> Self {
        Self { workspaces, folder: None, has_noted: false }
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

    /// How far an item has come; `next` is what comes to the same place in a later step.
    pub fn progress(&mut self, swap: &Swap, next: Option<&Thing>) -> Result<Progress> {
        let (place, slot) = self.look(swap)?;
        let is_at = |stat: &Option<Statx>, thing| is_it(stat.as_ref(), thing);
        let Some(fresh) = &swap.fresh else {
            let others = place.filter(|stat| !is_it(Some(stat), next));
            return Ok(match (slot, others) {
                (None, Some(_)) => Progress::Waiting,
                (_, None) => Progress::Done,
                (Some(_), Some(_)) => Progress::Changed,
            });
        };
        Ok(if is_at(&place, Some(fresh)) {
            if is_unwritten(place.as_ref(), fresh) { Progress::Done } else { Progress::Changed }
        } else if is_at(&slot, Some(fresh)) {
            Progress::Waiting
        } else if slot.is_none() && is_at(&place, swap.former.as_ref()) {
            Progress::Lost
        } else {
            Progress::Changed
        })
    }

    /// Whether anything that has to be known later was done for an item; what can't be looked at may have been.
    pub fn is_done(&mut self, swap: &Swap) -> bool {
        let name = slot_name(swap.slot);
        let Some(workspace) = self.workspace(swap) else { return true };
        if self.settle(swap).is_err() || workspace.dir.has(&moves::aside_of(&name)).unwrap_or(true)
        {
            return true;
        }
        let is_placed = |place: Option<Statx>| is_it(place.as_ref(), swap.fresh.as_ref());
        match workspace.slot(&name) {
            Ok(Some(slot)) if !is_it(Some(&slot), swap.fresh.as_ref()) => true,
            Ok(_) => self.look(swap).map_or(true, |(place, _)| is_placed(place)),
            Err(_) => true,
        }
    }

    /// Puts what is staged in its place, and sets aside what is there; whatever that is, it is noted in `swap`. What is
    /// `next` stays: it comes to the same place in a later step. `false` if a folder did not get its mode.
    pub fn publish(
        &mut self,
        swap: &mut Swap,
        next: Option<&Thing>,
        journal: &Journal,
    ) -> Result<bool> {
        let failed = |swap: &Swap, errno| Error::io("put in place", &swap.place(), errno);
        let workspace = self.workspace(swap).ok_or_else(|| failed(swap, Errno::NOENT))?;
        let name = slot_name(swap.slot);
        let fastened = match self.progress(swap, next)? {
            Progress::Lost => return Err(failed(swap, Errno::NOENT)),
            Progress::Waiting => self.put(swap, journal)?,
            Progress::Done => {
                if is_it(self.look(swap)?.1.as_ref(), swap.fresh.as_ref()) {
                    // A run that moves by links ended before the last step.
                    workspace.dir.unlink(&name).map_err(|errno| failed(swap, errno))?;
                }
                self.fasten(swap, swap.fresh.as_ref(), swap.former.as_ref())
            }
            Progress::Changed => self.fasten(swap, None, swap.former.as_ref()),
        };
        self.note(swap)?;
        Ok(fastened.is_ok())
    }

    fn put(&mut self, swap: &mut Swap, journal: &Journal) -> Result<rustix::io::Result<()>> {
        let folder = self.made_folder(&swap.folder)?;
        let in_place = |swap: &Swap, errno| Error::io("put in place", &swap.place(), errno);
        let workspace = self.workspace(swap).ok_or_else(|| in_place(swap, Errno::NOENT))?;
        let name = slot_name(swap.slot);
        let failed = |errno| in_place(swap, errno);
        let fresh = Loose::new(&workspace.dir, &name, swap.fresh.as_ref()).map_err(failed)?;
        let former = match folder.has(&swap.name).map_err(failed)? {
            true => Loose::new(&folder, &swap.name, swap.former.as_ref()).map_err(failed)?,
            false => Loose::NONE,
        };
        let moved = if swap.fresh.is_none() {
            match moves::move_to(&folder, &swap.name, &workspace.dir, &name) {
                // It went away just now.
                Err(Errno::NOENT) => Ok(()),
                moved => moved.map_err(|errno| in_place(swap, errno)),
            }
        } else {
            place_it(swap, &workspace.dir, &name, &folder, journal)
        };
        let fastened = fresh.fasten().and(former.fasten());
        moved.map(|()| fastened)
    }

    /// Notes what was set aside in truth.
    pub fn note(&mut self, swap: &mut Swap) -> Result<()> {
        if swap.fresh.is_some() && !swap.replaces {
            return Ok(());
        }
        let gone = || Error::io("use the workspace of", &swap.place(), Errno::NOENT);
        let workspace = self.workspace(swap).ok_or_else(gone)?;
        let found = workspace.slot(&slot_name(swap.slot));
        let found = found.map_err(|errno| Error::io("examine", workspace.path(), errno))?;
        let found = found.filter(|stat| !is_it(Some(stat), swap.fresh.as_ref()));
        let is_known = found.is_none() == swap.former.is_none()
            && (found.is_none() || is_it(found.as_ref(), swap.former.as_ref()));
        if !is_known {
            let bytes = |stat: &Statx| Metadata::from_statx(stat).map_or(0, |meta| meta.size_bytes);
            swap.former = found.map(|stat| thing_of(&stat, bytes(&stat)));
            self.has_noted = true;
        }
        Ok(())
    }

    /// Gives things that were moved before an interruption their modes and flags back: the one that should be at the place,
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
        fixed: &[Flag],
    ) -> Result<rustix::io::Result<()>> {
        let folder = match outgoing {
            Some(_) => self.folder(&swap.folder)?,
            None => Some(self.made_folder(&swap.folder)?),
        };
        let (Some(folder), Some(workspace)) = (folder, self.workspace(swap)) else {
            return Ok(Err(Errno::NOENT));
        };
        let slot = slot_name(swap.slot);
        fixed.iter().for_each(|flag| flags::clear(&folder, &swap.name, flag));
        let turned = turn((&folder, &swap.name), (&workspace.dir, &slot), outgoing, incoming);
        if turned.is_err() {
            // What stays is as it was.
            for flag in fixed {
                let _ = flags::set(&folder, &swap.name, flag);
            }
        }
        Ok(turned)
    }
}

fn turn(
    (folder, name): (&Dir, &[u8]),
    (own, slot): (&Dir, &[u8]),
    outgoing: Option<&Thing>,
    incoming: Option<&Thing>,
) -> rustix::io::Result<()> {
    let out = match outgoing {
        Some(_) => Loose::new(folder, name, outgoing)?,
        None => Loose::NONE,
    };
    let back = match incoming {
        Some(_) => Loose::new(own, slot, incoming)?,
        None => Loose::NONE,
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

/// Whether an error is about a whole file system or the whole program; others concern the one item.
pub fn is_general(error: &Error) -> bool {
    let Error::Io { source, .. } = error else {
        let general = [TargetProblem::Full, TargetProblem::ReadOnly];
        return !matches!(error, Error::BadTarget { reason, .. } if !general.contains(reason));
    };
    let general = [
        Errno::IO,
        Errno::NOSPC,
        Errno::DQUOT,
        Errno::ROFS,
        Errno::MFILE,
        Errno::NFILE,
        Errno::NOMEM,
    ];
    Errno::from_io_error(source).is_none_or(|errno| general.contains(&errno))
}

/// What the system said.
pub fn errno_of(error: &Error) -> Errno {
    match error {
        Error::Io { source, .. } => Errno::from_io_error(source).unwrap_or(Errno::IO),
        Error::BadTarget { reason: TargetProblem::Link, .. } => Errno::LOOP,
        Error::BadTarget { reason: TargetProblem::NotFolder, .. } => Errno::NOTDIR,
        Error::BadTarget { reason: TargetProblem::NoPermission, .. } => Errno::ACCESS,
        Error::BadTarget { reason: TargetProblem::ReadOnly, .. } => Errno::ROFS,
        Error::BadTarget { reason: TargetProblem::Full, .. } => Errno::NOSPC,
        _ => Errno::IO,
    }
}
