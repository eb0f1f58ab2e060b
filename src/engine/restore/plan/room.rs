//! What a restore needs on each file system that it writes to, and what is free there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rustix::fs::Statx;

use crate::engine::dir::Dir;
use crate::engine::probe;
use crate::engine::restore::Warning;

/// What an entry takes beside its content: its inode, its name and what is lost of its last block.
const ENTRY_BYTES: u64 = 4096;

/// A file system, by the numbers of its device.
pub type Ground = (u32, u32);

#[derive(Debug)]
struct Need {
    /// A folder on it.
    path: PathBuf,
    needed_bytes: u64,
    /// `None` if it can't be known.
    free_bytes: Option<u64>,
}

/// The file systems that were met.
#[derive(Debug, Default)]
pub struct Grounds {
    needs: BTreeMap<Ground, Need>,
    /// The one that is written to first, or else was met first.
    first: Option<Ground>,
    is_written: bool,
}

impl Grounds {
    /// The file system of the open folder `dir` at `path`, which has this `stat`.
    pub fn note(&mut self, stat: &Statx, dir: &Dir, path: &Path) -> Ground {
        let ground = (stat.stx_dev_major, stat.stx_dev_minor);
        self.first.get_or_insert(ground);
        self.needs.entry(ground).or_insert_with(|| Need {
            path: path.to_owned(),
            needed_bytes: 0,
            free_bytes: probe::space(dir, path).ok().map(|space| space.free_bytes),
        });
        ground
    }

    /// Counts what is going to be written. What is set aside meanwhile is kept, and frees nothing.
    pub fn add(&mut self, ground: Ground, entries: u64, bytes: u64) {
        if !self.is_written {
            (self.first, self.is_written) = (Some(ground), true);
        }
        if let Some(need) = self.needs.get_mut(&ground) {
            let more = entries.saturating_mul(ENTRY_BYTES).saturating_add(bytes);
            need.needed_bytes = need.needed_bytes.saturating_add(more);
        }
    }

    /// What is free where the first item goes.
    pub fn free_bytes(&self) -> Option<u64> {
        self.needs.get(&self.first?)?.free_bytes
    }

    /// One for each file system that has too little room.
    pub fn warnings(&self) -> impl Iterator<Item = Warning> {
        self.needs.values().filter_map(|need| {
            let free_bytes = need.free_bytes.filter(|free| *free < need.needed_bytes)?;
            let (path, needed_bytes) = (need.path.clone(), need.needed_bytes);
            Some(Warning::NoRoom { path, needed_bytes, free_bytes })
        })
    }
}
