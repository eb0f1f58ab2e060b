//! The sources of a run: their own folders opened, and the folders above them made.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};

use rustix::io::Errno;

use super::folder::{Base, Folder};
use super::run::Run;
use super::{Source, source_path};
use crate::engine::dir::Dir;
use crate::engine::error::{Context as _, Error, Result};
use crate::engine::index::{self, Change, Child, Index, NodeId, OPEN, ROOT_NODE};
use crate::engine::monitor::Event;
use crate::engine::path::{EntryName, RelPath, has_name};
use crate::engine::probe;
use crate::engine::problem::Reason;

/// Whether nothing is left of what a source had `before`; the names that it has now are sorted.
pub fn is_lost(before: &[Child], names: &[EntryName]) -> bool {
    let is_left = |child: &Child| has_name(names, &child.name);
    !before.is_empty() && !before.iter().any(is_left)
}

impl Run<'_> {
    /// Ends what is known of sources that are no longer protected.
    pub fn end_dropped_sources(&self, index: &Index, sources: &[Source]) -> Result<()> {
        let Some(newest) = index.snapshots()?.last().map(|row| row.seq) else { return Ok(()) };
        let kept = sources
            .iter()
            .map(|source| Ok((source.id, source_path(source)?)))
            .collect::<Result<Vec<_>>>()?;
        let mut out = self.spool.writer();
        for (id, path) in index.sources_of(newest)? {
            let source = (id, path);
            if kept.contains(&source) {
                continue;
            }
            let (_, path) = source;
            if let Some(node) = index.node_of(&path)? {
                if let Some((first, OPEN, _)) = index.version_at(node, newest)? {
                    self.push(&mut out, Change::End { node, first })?;
                }
                index::end_below(index, node, newest, &mut out)?;
            }
        }
        out.flush().map_err(|errno| self.drive_error(errno))
    }

    /// Opens a source's own folder, with what is known of it; the inner error is the source's.
    pub fn open_source(
        &self,
        index: &Index,
        source: &Source,
        base: Option<Base>,
    ) -> Result<Result<Arc<Folder>, Errno>> {
        let path = source_path(source)?;
        let (node, is_new) = self.intern_scaffold(index, &path)?;
        let known = match &base {
            Some(base) => index.version_at(node, base.seq)?,
            None => None,
        };
        let opened = Dir::open(&source.path).and_then(|dir| dir.names().map(|names| (dir, names)));
        let guard = match opened {
            Ok((dir, names)) => {
                // An empty mount point is no reason to forget what was copied from the disk that belongs there.
                let is_left =
                    || self.leftover.as_ref().is_some_and(|dir| dir.beneath(&path).is_ok());
                if names.is_empty() && is_left() {
                    self.keeps_leftover.store(true, Relaxed);
                }
                if probe::is_in_memory(&dir) {
                    self.monitor.emit(&Event::SourceInMemory { path: source.path.clone() });
                }
                let before = match &base {
                    Some(base) => index.children(node, base.seq)?,
                    None => Vec::new(),
                };
                let inode_before = known.as_ref().and_then(|(_, _, state)| state.fingerprint);
                let is_other = match (inode_before, dir.stat()) {
                    (Some(before), Ok(stat)) => before.inode != stat.stx_ino,
                    _ => false,
                };
                let is_lost = is_lost(&before, &names) && !self.accept_empty;
                if is_lost && names.is_empty() {
                    Err((Errno::NODATA, Reason::Emptied))
                } else if is_lost && is_other {
                    Err((Errno::NODATA, Reason::Exchanged))
                } else {
                    Ok(dir)
                }
            }
            Err(errno) => Err((errno, Reason::of_source(errno))),
        };
        let dir = match guard {
            Ok(dir) => Some(dir),
            Err((errno, reason)) => {
                self.keeps_leftover.store(true, Relaxed);
                self.problem(&path, reason);
                if known.is_none() {
                    return Ok(Err(errno));
                }
                None
            }
        };
        let stage = self.make_scaffold(&path)?;
        Folder::root(self, source.id, path, (node, is_new), base, known, dir, stage).map(Ok)
    }

    fn intern_scaffold(&self, index: &Index, path: &RelPath) -> Result<(NodeId, bool)> {
        let mut out = self.spool.writer();
        let mut place = (ROOT_NODE, false);
        let mut walked = RelPath::root();
        for name in path.components() {
            walked = walked.join(name);
            // Two sources may share folders above them that the index doesn't know yet.
            let mut scaffold = self.scaffold.lock().unwrap_or_else(PoisonError::into_inner);
            place = match scaffold.get(&walked) {
                Some(node) => (*node, true),
                None => self.intern(index, &mut out, place, name)?,
            };
            if place.1 {
                scaffold.insert(walked.clone(), place.0);
            }
        }
        out.flush().map_err(|errno| self.drive_error(errno))?;
        Ok(place)
    }

    /// Makes the folders above a source, which are no entries, and the source's own.
    fn make_scaffold(&self, path: &RelPath) -> Result<Dir> {
        let failed = |errno| self.drive_error(errno);
        let mut dir = self.stage.files().duplicate().map_err(failed)?;
        for name in path.components() {
            dir = dir.ensure(name, 0o755).map_err(failed)?;
        }
        Ok(dir)
    }
}

/// The canonical path of a source, which must be a folder that can be read.
pub fn canonical_source(path: &Path) -> Result<PathBuf> {
    let unreadable = |source| Error::SourceUnreadable { path: path.to_owned(), source };
    let canonical = path.canonicalize().map_err(unreadable)?;
    let dir = Dir::open(&canonical).map_err(|errno| unreadable(errno.into()))?;
    dir.names().context("list", &canonical)?;
    Ok(canonical)
}
