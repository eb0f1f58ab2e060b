//! What a snapshot could not read: it may have been there although the snapshot doesn't have it.

use std::collections::BTreeSet;

use crate::engine::history::SnapshotInfo;
use crate::engine::path::RelPath;
use crate::engine::repository::Repository;
use crate::engine::snapshot::Snapshot;

/// The paths of a snapshot's problems.
#[derive(Debug, Default)]
pub struct Unread(BTreeSet<RelPath>);

impl Unread {
    /// Reads the problems of the snapshot `info`; `None` if not all of them can be known.
    pub fn read(repository: Option<&Repository>, info: &SnapshotInfo) -> Option<Self> {
        if info.problems == 0 {
            return Some(Self::default());
        }
        let snapshot = Snapshot::open(repository?, &info.name).ok()??;
        let problems = snapshot.read_problems().ok()?;
        if (problems.len() as u64) < info.problems {
            return None;
        }
        let paths = problems.iter().map(|problem| RelPath::decode(&problem.path).ok());
        paths.collect::<Option<_>>().map(Self)
    }

    /// Whether `path` is one of them, or has one below it.
    pub fn is_at_or_below(&self, path: &RelPath) -> bool {
        self.0.range(path..).next().is_some_and(|next| next.is_within(path))
    }

    /// Whether `path` is one of them, or lies in one.
    pub fn is_at_or_above(&self, path: &RelPath) -> bool {
        let mut above = std::iter::successors(Some(path.clone()), RelPath::parent);
        !self.0.is_empty() && above.any(|above| self.0.contains(&above))
    }
}
