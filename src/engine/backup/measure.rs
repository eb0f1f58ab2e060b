//! How much a first backup has to copy: a quick walk that reads no content.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rustix::fs::Statx;

use crate::engine::dir::Dir;
use crate::engine::error::Result;
use crate::engine::meta::{Kind, Metadata};
use crate::engine::monitor::Monitor;
use crate::engine::pool::{Pool, walk_threads};
use crate::engine::probe::Space;

/// What an entry costs beside its content: an inode, its share of a directory, and its rows in spool and index.
const ENTRY_COST_BYTES: u64 = 1024;

/// What an unchanged entry costs in a new snapshot: its share of a directory block.
pub const LINK_COST_BYTES: u64 = 410;

/// A drive's block, to which every file's content is rounded up.
const BLOCK_BYTES: u64 = 4096;

/// What was found in the sources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Entries of every kind.
    pub entries: u64,
    /// Bytes of content.
    pub bytes: u64,
    /// Bytes that the content takes on a drive, holes left out.
    pub stored_bytes: u64,
}

impl Found {
    /// Bytes that a first backup needs.
    pub fn needed_bytes(&self) -> u64 {
        self.stored_bytes.saturating_add(self.entries.saturating_mul(ENTRY_COST_BYTES))
    }
}

/// Room that is always left free, so that the index can be written and a full drive can be tidied up.
pub fn reserve_bytes(space: &Space) -> u64 {
    (space.total_bytes / 100).clamp(2 << 20, 1 << 30)
}

/// Counts what is in the `sources`, each on its own file system only. What can't be read counts nothing.
pub fn measure(sources: &[PathBuf], monitor: &Monitor) -> Result<Found> {
    let (entries, bytes, stored) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    // A folder waits as its parent and its name: a thousand siblings must not be a thousand descriptors.
    let roots: Vec<(Arc<Dir>, Vec<u8>, u64)> = sources
        .iter()
        .filter_map(|path| {
            let dir = Dir::open(path).ok()?;
            let mount = dir.stat().ok()?.stx_mnt_id;
            Some((Arc::new(dir), b".".to_vec(), mount))
        })
        .collect();
    let count = |stat: &Statx| {
        entries.fetch_add(1, Relaxed);
        if let Some(meta) = Metadata::from_statx(stat)
            && meta.kind == Kind::File
        {
            bytes.fetch_add(meta.size_bytes, Relaxed);
            let allocated = stat.stx_blocks.saturating_mul(512);
            let rounded = meta.size_bytes.next_multiple_of(BLOCK_BYTES);
            stored.fetch_add(allocated.min(rounded), Relaxed);
        }
    };
    Pool::run(
        walk_threads(),
        roots,
        || Ok(()),
        |(), (parent, name, mount), pool| {
            monitor.check_cancelled()?;
            let Ok(dir) = parent.child(&name).map(Arc::new) else { return Ok(()) };
            let Ok(names) = dir.names() else { return Ok(()) };
            let mut folders = Vec::new();
            for name in names {
                let Ok(stat) = dir.stat_child(&name) else { continue };
                count(&stat);
                let kind = Kind::from_mode(u32::from(stat.stx_mode));
                if kind == Some(Kind::Directory) && stat.stx_mnt_id == mount {
                    folders.push((Arc::clone(&dir), name, mount));
                }
            }
            pool.push(folders);
            monitor.set_totals(entries.load(Relaxed), bytes.load(Relaxed));
            Ok(())
        },
        Ok,
    )?;
    let (entries, bytes) = (entries.into_inner(), bytes.into_inner());
    Ok(Found { entries, bytes, stored_bytes: stored.into_inner() })
}
