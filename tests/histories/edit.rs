//! What happens to the sources between two snapshots: few names and few contents, so that paths are reborn, entries
//! take each other's places, and the same content is at many.

use std::ffi::OsStr;
use std::fs::{self, File, FileTimes};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rustix::fs::{FileType, Mode, XattrFlags};

use crate::common::place::set_mode;

/// The folders that are sources, below the one that is, too, at times.
pub const SOURCES: [&str; 2] = ["one", "two"];

/// A file that is in each of them for ever: a source that was emptied is another subject.
pub const ANCHOR: &str = "always";

/// Rules leave out some of them.
const NAMES: [&str; 5] = ["a", "b", "ab", "c.tmp", "\u{e4}\u{1}%_"];

/// Above this size, other metadata is no new copy but an override.
const LARGE: usize = 66_000;

/// One of all entries, the one at this place of them in order; it goes round.
pub type Which = usize;

/// A path: the number of a source, and of the names below it.
type Place = (usize, Vec<usize>);

/// One change. Entries that there are are meant by their place among all. What can't be done is left undone.
#[derive(Debug, Clone)]
pub enum Edit {
    Write { place: Place, content: usize },
    Folder { place: Place },
    Link { place: Place, target: usize },
    Pipe { place: Place },
    Remove { which: Which },
    Move { which: Which, to: Place },
    Swap { which: Which, with: Which },
    Copy { which: Which, to: Place, same_time: bool },
    HardLink { which: Which, to: Place },
    Mode { which: Which, mode: u32 },
    Touch { which: Which, seconds: u64 },
    Attribute { which: Which, value: u8 },
}

pub fn edit() -> impl Strategy<Value = Edit> {
    let place = || (0..SOURCES.len(), vec(0..NAMES.len(), 1..=3));
    let which = || 0..1_000_usize;
    let modes = vec![0o600, 0o644, 0o755, 0o700];
    prop_oneof![
        8 => (place(), 0..8_usize).prop_map(|(place, content)| Edit::Write { place, content }),
        1 => place().prop_map(|place| Edit::Folder { place }),
        1 => (place(), 0..3_usize).prop_map(|(place, target)| Edit::Link { place, target }),
        1 => place().prop_map(|place| Edit::Pipe { place }),
        4 => which().prop_map(|which| Edit::Remove { which }),
        5 => (which(), place()).prop_map(|(which, to)| Edit::Move { which, to }),
        1 => (which(), which()).prop_map(|(which, with)| Edit::Swap { which, with }),
        2 => (which(), place(), any::<bool>())
            .prop_map(|(which, to, same_time)| Edit::Copy { which, to, same_time }),
        1 => (which(), place()).prop_map(|(which, to)| Edit::HardLink { which, to }),
        2 => (which(), select(modes)).prop_map(|(which, mode)| Edit::Mode { which, mode }),
        2 => (which(), 0..3_u64).prop_map(|(which, seconds)| Edit::Touch { which, seconds }),
        1 => (which(), 0..2_u8).prop_map(|(which, value)| Edit::Attribute { which, value }),
    ]
}

/// Some with the same size, none at all, and one that is large.
fn content(number: usize) -> Vec<u8> {
    match number {
        0 => Vec::new(),
        7 => vec![b'L'; LARGE],
        number => vec![b'0' + number as u8; if number < 4 { 10 } else { number * 100 }],
    }
}

/// Makes the sources.
pub fn prepare(root: &Path) {
    for name in SOURCES {
        fs::create_dir(root.join(name)).unwrap();
        fs::write(root.join(name).join(ANCHOR), "").unwrap();
    }
}

/// Carries out one change below `root`.
pub fn apply(root: &Path, edit: &Edit) {
    // What can't be done is no change; the tree is looked at in the end.
    let _ = try_to_apply(root, edit);
}

fn try_to_apply(root: &Path, edit: &Edit) -> io::Result<()> {
    match edit {
        Edit::Write { place, content: number } => {
            let path = path_of(root, place);
            // In place, if there is a file already.
            if !path.symlink_metadata().is_ok_and(|meta| meta.is_file()) {
                clear(root, &path)?;
            }
            fs::write(path, content(*number))
        }
        Edit::Folder { place } => fs::create_dir(cleared(root, place)?),
        Edit::Link { place, target } => {
            std::os::unix::fs::symlink(NAMES[*target], cleared(root, place)?)
        }
        Edit::Pipe { place } => Ok(rustix::fs::mknodat(
            rustix::fs::CWD,
            cleared(root, place)?,
            FileType::Fifo,
            Mode::from_raw_mode(0o640),
            0,
        )?),
        Edit::Remove { which } => remove(&pick(root, *which)?),
        Edit::Move { which, to } => {
            let from = pick(root, *which)?;
            fs::rename(&from, room(root, &from, to)?)
        }
        Edit::Swap { which, with } => {
            let (one, other) = (pick(root, *which)?, pick(root, *with)?);
            let flags = rustix::fs::RenameFlags::EXCHANGE;
            Ok(rustix::fs::renameat_with(rustix::fs::CWD, one, rustix::fs::CWD, other, flags)?)
        }
        Edit::Copy { which, to, same_time } => copy(root, *which, to, *same_time),
        Edit::HardLink { which, to } => {
            let from = pick(root, *which)?;
            fs::hard_link(&from, room(root, &from, to)?)
        }
        Edit::Mode { which, mode } => {
            let (path, meta) = look(root, *which)?;
            if !meta.is_symlink() {
                set_mode(&path, if meta.is_dir() { mode | 0o700 } else { *mode });
            }
            Ok(())
        }
        Edit::Touch { which, seconds } => touch(root, *which, *seconds),
        Edit::Attribute { which, value } => {
            let (path, meta) = look(root, *which)?;
            if meta.is_file() || meta.is_dir() {
                rustix::fs::setxattr(path, "user.note", &[*value], XattrFlags::empty())?;
            }
            Ok(())
        }
    }
}

fn touch(root: &Path, which: Which, seconds: u64) -> io::Result<()> {
    let (path, meta) = look(root, which)?;
    let time = UNIX_EPOCH + Duration::from_secs(seconds);
    if meta.is_file() || meta.is_dir() {
        File::open(path)?.set_times(FileTimes::new().set_modified(time))?;
    }
    Ok(())
}

fn copy(root: &Path, which: Which, to: &Place, same_time: bool) -> io::Result<()> {
    let from = pick(root, which)?;
    let (meta, to) = (from.symlink_metadata()?, room(root, &from, to)?);
    if meta.is_file() {
        fs::copy(from, &to)?;
        if same_time {
            let times = FileTimes::new().set_modified(meta.modified()?);
            File::options().write(true).open(to)?.set_times(times)?;
        }
    }
    Ok(())
}

fn path_of(root: &Path, (source, names): &Place) -> PathBuf {
    let mut path = root.join(SOURCES[*source]);
    path.extend(names.iter().map(|name| NAMES[*name]));
    path
}

/// One of the entries below the sources.
fn pick(root: &Path, which: Which) -> io::Result<PathBuf> {
    let mut all = Vec::new();
    let mut waiting: Vec<PathBuf> = SOURCES.iter().map(|name| root.join(name)).collect();
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                waiting.push(entry.path());
            }
            if entry.file_name() != OsStr::new(ANCHOR) {
                all.push(entry.path());
            }
        }
    }
    all.sort();
    if all.is_empty() {
        Err(io::ErrorKind::NotFound.into())
    } else {
        Ok(all[which % all.len()].clone())
    }
}

fn look(root: &Path, which: Which) -> io::Result<(PathBuf, fs::Metadata)> {
    let path = pick(root, which)?;
    let meta = path.symlink_metadata()?;
    Ok((path, meta))
}

/// Where `from` can be moved or copied to; an error if one is in the other.
fn room(root: &Path, from: &Path, to: &Place) -> io::Result<PathBuf> {
    let to = path_of(root, to);
    if to.starts_with(from) || from.starts_with(&to) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    clear(root, &to)?;
    // A file that was on the way may have been the one.
    from.symlink_metadata()?;
    Ok(to)
}

fn cleared(root: &Path, place: &Place) -> io::Result<PathBuf> {
    let path = path_of(root, place);
    clear(root, &path)?;
    Ok(path)
}

/// Removes what is at `path`, and makes the folders above it, whatever was there.
fn clear(root: &Path, path: &Path) -> io::Result<()> {
    let above: Vec<&Path> = path.ancestors().skip(1).take_while(|above| *above != root).collect();
    for folder in above.into_iter().rev() {
        if !folder.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
            let _ = fs::remove_file(folder);
            fs::create_dir(folder)?;
        }
    }
    match remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    if path.symlink_metadata()?.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}
