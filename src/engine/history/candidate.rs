//! Paths whose names fit a search, and whether they were ever what else is wanted. Looks at a bounded number of their versions.

use std::ops::RangeInclusive;
use std::rc::Rc;

use super::{Chain, Query};
use crate::engine::error::Result;
use crate::engine::index::{Index, NamedPath, NodeId, PastVersion};
use crate::engine::meta::Kind;

/// How many older versions of one path are looked at.
const VERSIONS_OF_PATH: usize = 256;

/// How many of all paths together.
const VERSIONS: usize = 65_536;

/// A path whose name, kind, size and times fit.
#[derive(Debug)]
pub struct Candidate {
    /// Number of the path.
    pub node: NodeId,
    /// Number of its folder.
    pub parent: NodeId,
    /// Its name.
    pub name: Rc<[u8]>,
    /// The last snapshot that has it.
    pub last: u64,
    /// The newest snapshot in which it was as the query wants it.
    pub at: u64,
}

/// Tells candidates from other paths.
#[derive(Debug)]
pub struct Filter<'a> {
    index: &'a Index,
    query: &'a Query,
    chain: &'a Chain,
    folders_only: bool,
    newest: u64,
    range: RangeInclusive<u64>,
    versions_left: usize,
    is_complete: bool,
}

impl<'a> Filter<'a> {
    /// A filter for `query`; `None` if no snapshot is of the time that it asks for.
    pub fn new(
        index: &'a Index,
        query: &'a Query,
        chain: &'a Chain,
        folders_only: bool,
    ) -> Option<Self> {
        let since = chain.from(query.since.unwrap_or(0))?;
        let until = chain.up_to(query.until.unwrap_or(i64::MAX as u64))?;
        let (newest, range, versions_left) = (chain.newest()?, since..=until, VERSIONS);
        let is_complete = true;
        let filter =
            Self { index, query, chain, folders_only, newest, range, versions_left, is_complete };
        (since <= until).then_some(filter)
    }

    /// Number of the newest snapshot of all.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    /// Number of the last snapshot that is asked for.
    pub fn until(&self) -> u64 {
        *self.range.end()
    }

    /// Whether all versions were looked at that could be wanted.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// What is known of `path` without its folders; `None` if it was never what the query wants.
    pub fn candidate(&mut self, name: &Rc<[u8]>, path: &NamedPath) -> Result<Option<Candidate>> {
        let Some(life) = &path.life else { return Ok(None) };
        let Some(last) = self.chain.up_to(life.last.max(0) as u64) else { return Ok(None) };
        let (Some(version), false) =
            (&life.version, self.query.deleted_only && last == self.newest)
        else {
            return Ok(None);
        };
        let at = match self.wanted_at(version) {
            None => self.older(path.node, version)?,
            at => at,
        };
        let (node, parent, name) = (path.node, path.parent, Rc::clone(name));
        Ok(at.map(|at| Candidate { node, parent, name, last, at }))
    }

    /// The newest snapshot in which a version of `node` that is older than `version` is as wanted.
    fn older(&mut self, node: NodeId, version: &PastVersion) -> Result<Option<u64>> {
        if self.is_early(version) {
            return Ok(None);
        }
        let limit = VERSIONS_OF_PATH.min(self.versions_left);
        let versions = self.index.versions_before(node, version.first, limit + 1)?;
        for version in versions.iter().take(limit) {
            self.versions_left -= 1;
            if self.is_early(version) {
                return Ok(None);
            }
            if let Some(at) = self.wanted_at(version) {
                return Ok(Some(at));
            }
        }
        self.is_complete &= versions.len() <= limit;
        Ok(None)
    }

    /// Whether `version` and all older ones were before the time that is asked for.
    fn is_early(&self, version: &PastVersion) -> bool {
        version.last < *self.range.start() as i64
    }

    /// The newest snapshot of the time asked for that has `version`, if that is as wanted.
    fn wanted_at(&self, version: &PastVersion) -> Option<u64> {
        let (first, last) = self.chain.clip(version.first, version.last)?;
        let (since, until) = (*self.range.start(), *self.range.end());
        let query = self.query;
        let fits = first <= until
            && last >= since
            && !(self.folders_only && version.kind != Kind::Directory)
            && query.kind.is_none_or(|kind| kind.takes(version.kind))
            && query.size_bytes.as_ref().is_none_or(|range| {
                version.kind == Kind::File && range.contains(&version.size_bytes)
            });
        fits.then(|| last.min(until))
    }
}
