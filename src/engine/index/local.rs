//! This computer's copy of an index: where it lies, how large it may become, how it is made again.
//!
//! Each copy that is made has a name of its own, and the last one counts. SQLite finds the log of a database by its
//! path and must never find another copy's; and whoever has a copy open that was replaced reads on, without a name.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

use super::Index;
use super::mirror::{Journal, keep_by, make_private};
use crate::engine::error::{Error, Result};
use crate::engine::monitor::Monitor;

/// A copy that nobody wrote to for so long was left behind.
const LONGEST_MAKING: Duration = Duration::from_secs(24 * 60 * 60);

/// The place of one repository's copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalCopy {
    /// A folder of its own, which is made if need be.
    pub folder: PathBuf,
    /// A copy that would be larger is not kept; 0 keeps none.
    pub limit_bytes: u64,
}

/// What came of building a copy.
#[derive(Debug)]
pub enum Built {
    /// It is this computer's copy now.
    Kept(Index),
    /// It is larger than it may be: to be removed when it was read.
    Passing(Index),
}

impl LocalCopy {
    /// Opens the copy of `repository` for reading only; `None` if there is no sound one.
    pub fn open_read_only(&self, repository: Uuid) -> Option<Index> {
        self.newest(repository, Index::open_read_only)
    }

    /// Opens the copy of `repository` for writing; `None` if there is no sound one.
    pub(super) fn open(&self, repository: Uuid) -> Option<Index> {
        let index = self.newest(repository, Index::open)?;
        // What a power cut takes from the end of the log is seen by the head and made up for.
        let relaxed =
            index.run(|connection| connection.pragma_update(None, "synchronous", "NORMAL"));
        relaxed.ok().map(|()| index)
    }

    fn newest(
        &self,
        repository: Uuid,
        open: impl Fn(&Path) -> Result<Option<Index>>,
    ) -> Option<Index> {
        if self.limit_bytes == 0 {
            return None;
        }
        let mut names: Vec<String> =
            self.names().into_iter().filter(|name| name.ends_with(".sqlite")).collect();
        names.sort_unstable();
        names.iter().rev().find_map(|name| {
            let path = self.folder.join(name);
            let index = open(&path).ok().flatten()?;
            let is_its = index.head().is_ok_and(|head| head.repository == repository);
            // Replaced since it was listed, it may have been read without its log.
            (is_its && path.exists()).then_some(index)
        })
    }

    /// Makes the copy again from the index `from`; `None` if it would be too large.
    pub fn make(&self, from: &Index, monitor: &Monitor) -> Result<Option<()>> {
        if from.size_bytes()? > self.limit_bytes {
            self.remove();
            return Ok(None);
        }
        let (number, new) = self.claim()?;
        let made = from.mirror(&new, Journal::Wal, monitor);
        self.publish(number, &new, made).map(Some)
    }

    /// Makes the copy again by `build`, which is given a path and leaves an index there.
    pub fn build(&self, build: impl FnOnce(&Path) -> Result<Index>) -> Result<Built> {
        if self.limit_bytes == 0 {
            return Err(Error::io("make", &self.folder, io::ErrorKind::StorageFull));
        }
        let (number, new) = self.claim()?;
        let built = make_private(&new).and_then(|()| build(&new)).and_then(|index| {
            let repository = index.head()?.repository;
            Ok((index.size_bytes()? <= self.limit_bytes, repository, index))
        });
        let (made, repository) = match built {
            Ok((false, _, index)) => return Ok(Built::Passing(index)),
            Ok((true, repository, index)) => {
                drop(index);
                (keep_by(&new, Journal::Wal), repository)
            }
            Err(error) => (Err(error), Uuid::nil()),
        };
        self.publish(number, &new, made)?;
        let kept = self.open_read_only(repository).map(Built::Kept);
        kept.ok_or_else(|| Error::index(&self.folder, rusqlite::Error::InvalidQuery))
    }

    /// Removes every copy. What can't be removed is replaced or refused later.
    pub fn remove(&self) {
        self.remove_until(u64::MAX);
    }

    /// A number after all that were given, and the path for a copy that is being made.
    fn claim(&self) -> Result<(u64, PathBuf)> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.map_err(|source| Error::io("make", &self.folder, source))?;
        let last = self.names().iter().filter_map(|name| number_of(name)).max();
        let number = last.map_or(1, |last| last.saturating_add(1));
        Ok((number, self.folder.join(format!("{number:012}-{}.new", Uuid::new_v4()))))
    }

    /// Lets the copy at `new` take the place of all before it, if it was made.
    fn publish(&self, number: u64, new: &Path, made: Result<()>) -> Result<()> {
        let published = made.and_then(|()| {
            let renamed = std::fs::rename(new, new.with_extension("sqlite"));
            renamed.map_err(|source| Error::io("rename", new, source))
        });
        match &published {
            Ok(()) => self.remove_until(number),
            // What is left of it is removed with the next copy's forerunners, if not now.
            Err(_) => drop(std::fs::remove_file(new)),
        }
        published
    }

    /// Removes all copies with lower numbers, their names first: without one, nobody opens a log.
    fn remove_until(&self, number: u64) {
        let mut names = self.names();
        names.retain(|name| {
            number_of(name).is_some_and(|of| of < number) && !self.is_in_the_making(name)
        });
        names.sort_unstable_by_key(|name| (!name.ends_with(".sqlite"), name.len()));
        for name in names {
            // One that stays is tried again the next time, and never taken for the newest.
            let _ = std::fs::remove_file(self.folder.join(name));
        }
    }

    /// Whether another process may still be at work on this file.
    fn is_in_the_making(&self, name: &str) -> bool {
        let written = std::fs::metadata(self.folder.join(name)).and_then(|meta| meta.modified());
        let is_recent =
            written.is_ok_and(|at| at.elapsed().is_ok_and(|since| since < LONGEST_MAKING));
        name.contains(".new") && is_recent
    }

    fn names(&self) -> Vec<String> {
        let listed = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        listed.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }
}

/// The number of the copy that a file belongs to; `None` if it isn't one of ours.
fn number_of(name: &str) -> Option<u64> {
    name.split_once('-')?.0.parse().ok()
}
