//! What files lose when their owner changes (setuid, setgid and capabilities), and which of it is given back.
//!
//! Who owned a file until now may have linked it to a place of their own: there it would be a program that does
//! things in the new owner's name. So only a file all of whose names are in the repository gets anything back, and
//! nothing does what would make a program root's.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::fd::OwnedFd;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustix::fs::{Mode, Statx, XattrFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::handover::{Parent, walk};
use super::journal::{Draft, Found, LOSSES_NAME, find};
use crate::engine::dir::stat_fd;
use crate::engine::error::{Error, Result};
use crate::engine::meta::Kind;
use crate::engine::monitor::{Event, Monitor};
use crate::engine::path::RelPath;
use crate::engine::repository::Repository;
use crate::engine::xattr::{CAPABILITY_NAME, read_capability};

/// The longest line: a path that is deeper than that holds no program that anyone runs.
const LINE_LIMIT_BYTES: u64 = 1 << 20;

/// Bits that the kernel takes from a file whose owner changes.
const LOST_MODE: u32 = 0o6000;

/// Bits of a folder in which others than its owner may rename.
const WRITABLE_MODE: u16 = 0o022;

/// What one file loses when its owner changes.
#[derive(Debug, Serialize, Deserialize)]
struct Loss {
    /// Below the repository, percent-encoded.
    path: String,
    inode: u64,
    mode: u32,
    /// Base64.
    capability: Option<String>,
}

/// Folder and name: the same name is counted once, however folders are moved about meanwhile.
type Names = HashSet<(u64, Vec<u8>)>;

/// Notes in the journal, durably, what files of the user `from` will lose.
pub fn write(repository: &Repository, from: u32, monitor: &Monitor) -> Result<()> {
    let failed = |errno| Error::drive("write the journal of", repository.path(), errno);
    let mut seen = HashSet::new();
    let mut draft = Draft::new(repository, LOSSES_NAME).map_err(failed)?;
    let mut too_long = LeftOff::default();
    walk(repository, monitor, &mut |visited| {
        let mode = u32::from(visited.stat.stx_mode);
        let is_new = visited.stat.stx_nlink == 1 || seen.insert(visited.stat.stx_ino);
        let (Some(Parent { dir, name, .. }), Some(Kind::File), true) =
            (visited.parent, Kind::from_mode(mode), is_new && visited.stat.stx_uid == from)
        else {
            return Ok(());
        };
        let (file, stat) = dir.open_file(name)?;
        let capability = read_capability(&file)?;
        if stat.stx_ino != visited.stat.stx_ino || (mode & LOST_MODE == 0 && capability.is_none()) {
            return Ok(());
        }
        let loss = Loss {
            path: visited.path.encode(),
            inode: stat.stx_ino,
            mode: mode & 0o7777,
            capability: capability.map(|value| BASE64.encode(value)),
        };
        let mut line = serde_json::to_vec(&loss).map_err(|_| Errno::INVAL)?;
        line.push(b'\n');
        if line.len() as u64 > LINE_LIMIT_BYTES {
            too_long.add(visited.path);
            return Ok(());
        }
        draft.write(&line)
    })?;
    draft.publish().map_err(failed)?;
    too_long.tell(monitor);
    Ok(())
}

/// Puts back what files lost, as the journal says, where that gives nobody else the new owner's rights.
///
/// May be done again from the beginning at any time.
pub fn give_back(repository: &Repository, owner: (u32, u32), monitor: &Monitor) -> Result<()> {
    let mut names: HashMap<u64, Names> = HashMap::new();
    for_each(repository, owner.0, monitor, &mut |loss, file, _| {
        // Whoever could write to it could link it still. Nobody else can from here on.
        rustix::fs::fchmod(file, Mode::from_raw_mode(0o600))?;
        names.insert(loss.inode, Names::new());
        Ok(())
    })?;
    if names.is_empty() {
        return tell_forged(repository, monitor);
    }
    walk(repository, monitor, &mut |visited| {
        let Some(Parent { stat, name, .. }) = visited.parent else { return Ok(()) };
        let is_lasting = stat.stx_uid == owner.0 && stat.stx_mode & WRITABLE_MODE == 0;
        if let Some(names) = names.get_mut(&visited.stat.stx_ino).filter(|_| is_lasting) {
            names.insert((stat.stx_ino, name.to_vec()));
        }
        Ok(())
    })?;
    let makes_root = owner.0 == 0 || owner.1 == 0;
    let mut left_off = LeftOff::default();
    for_each(repository, owner.0, monitor, &mut |loss, file, path| {
        let inside = names.get(&loss.inode).map_or(0, HashSet::len);
        let has_all = inside as u64 == u64::from(stat_fd(file)?.stx_nlink);
        if makes_root || !has_all {
            left_off.add(path);
            let rest = Mode::from_raw_mode(loss.mode & 0o7777 & !LOST_MODE);
            return rustix::fs::fchmod(file, rest);
        }
        rustix::fs::fchmod(file, Mode::from_raw_mode(loss.mode & 0o7777))?;
        let Some(value) = &loss.capability else { return Ok(()) };
        let value = BASE64.decode(value).map_err(|_| Errno::INVAL)?;
        rustix::fs::fsetxattr(file, CAPABILITY_NAME, &value, XattrFlags::empty())
    })?;
    left_off.tell(monitor);
    Ok(())
}

/// Calls `act` with each file that the journal names and that still lacks something.
fn for_each(
    repository: &Repository,
    owner: u32,
    monitor: &Monitor,
    act: &mut dyn FnMut(&Loss, &OwnedFd, &RelPath) -> rustix::io::Result<()>,
) -> Result<()> {
    let failed = |errno| Error::drive("put back special bits in", repository.path(), errno);
    let Found::Roots(file) = find(repository, LOSSES_NAME)? else { return Ok(()) };
    let mut lines = BufReader::new(File::from(file));
    let mut line = Vec::new();
    loop {
        monitor.check_cancelled()?;
        line.clear();
        let read = lines.by_ref().take(LINE_LIMIT_BYTES).read_until(b'\n', &mut line);
        read.map_err(|error| failed(Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
        if line.is_empty() {
            return Ok(());
        }
        // A line that is longer than the limit is none of ours, and its beginning is no JSON.
        let loss: Loss = serde_json::from_slice(&line).map_err(|_| failed(Errno::INVAL))?;
        let path = RelPath::decode(&loss.path).map_err(|_| failed(Errno::INVAL))?;
        if let Some((file, stat)) = open(repository, &path).map_err(failed)?
            && (stat.stx_ino, stat.stx_uid) == (loss.inode, owner)
            && !is_whole(&loss, &file, &stat).map_err(failed)?
        {
            act(&loss, &file, &path).map_err(failed)?;
        }
    }
}

fn open(repository: &Repository, path: &RelPath) -> rustix::io::Result<Option<(OwnedFd, Statx)>> {
    let (Some(parent), Some(name)) = (path.parent(), path.name()) else { return Ok(None) };
    match repository.dir().beneath(&parent).and_then(|dir| dir.open_file(name)) {
        Ok((file, stat)) => {
            let is_here = stat.stx_mnt_id == repository.dir().stat()?.stx_mnt_id;
            Ok(is_here.then_some((file, stat)))
        }
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::OPNOTSUPP) => Ok(None),
        Err(errno) => Err(errno),
    }
}

fn is_whole(loss: &Loss, file: &OwnedFd, stat: &Statx) -> rustix::io::Result<bool> {
    let has_mode = u32::from(stat.stx_mode) & 0o7777 == loss.mode;
    let capability = read_capability(file)?.map(|value| BASE64.encode(value));
    Ok(has_mode && capability == loss.capability)
}

/// Says that the list of losses isn't root's any more, so that nothing could be given back.
fn tell_forged(repository: &Repository, monitor: &Monitor) -> Result<()> {
    if let Found::Forged = find(repository, LOSSES_NAME)? {
        monitor.emit(&Event::JournalForged);
    }
    Ok(())
}

/// Files that did not get back what they lost.
#[derive(Debug, Default)]
struct LeftOff {
    count: u64,
    first: RelPath,
}

impl LeftOff {
    fn add(&mut self, path: &RelPath) {
        if self.count == 0 {
            self.first.clone_from(path);
        }
        self.count += 1;
    }

    fn tell(self, monitor: &Monitor) {
        if self.count > 0 {
            monitor.emit(&Event::PrivilegesLeftOff { count: self.count, first: self.first });
        }
    }
}
