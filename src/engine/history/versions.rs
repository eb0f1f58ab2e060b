//! The versions of a path, and of the paths that a file had before and after.

use super::moves::Moves;
use super::{Answers, Chain, Difference, Entry, SnapshotInfo, SnapshotState, Version};
use crate::engine::error::{Error, Result};
use crate::engine::index::State;
use crate::engine::path::RelPath;

/// How often a file is followed from path to path.
const HOPS: usize = 64;

/// A version with all that is known of it.
type Known = (Version, State);

impl Answers<'_> {
    /// The distinct versions of `path`, newest first, and of the paths that a file came from and went to.
    pub fn versions(&self, path: &RelPath) -> Result<Vec<Version>> {
        let chain = self.chain()?;
        let mut versions = self.versions_at(path, &chain)?;
        let mut moves = Moves::new(*self, &chain);
        if let Some(oldest) = versions.last() {
            let earlier = self.came_from(oldest.clone(), &chain, &mut moves)?;
            versions.extend(earlier);
        }
        let Some(newest) = versions.first() else { return Err(Error::NeverSeen(path.clone())) };
        let later = self.went_to(newest.clone(), &chain, &mut moves)?;
        Ok(later.into_iter().rev().chain(versions).map(|(version, _)| version).collect())
    }

    /// A good snapshot that has `path`: that with the number `wanted` if it is one, else the newest; `None` if there is none.
    pub fn good_with(&self, path: &RelPath, wanted: u64) -> Result<Option<SnapshotInfo>> {
        let chain = self.chain()?;
        let has = |seq| Ok::<_, Error>(self.entry(path, seq)?.is_some_and(|entry| !entry.absent));
        if let Ok(snapshot) = chain.get(wanted)
            && snapshot.state == SnapshotState::Good
            && has(wanted)?
        {
            return Ok(Some(snapshot.clone()));
        }
        let versions = self.versions_at(path, &chain)?.into_iter().map(|(version, _)| version);
        let stored = versions.filter(|version| !version.entry.absent);
        Ok(stored.filter_map(|version| version.newest_good(chain.all()).cloned()).next())
    }

    /// The distinct versions under this very path, newest first; none if it was never seen.
    pub(super) fn versions_at(&self, path: &RelPath, chain: &Chain) -> Result<Vec<Known>> {
        let Some(node) = self.0.node_of(path)? else { return Ok(Vec::new()) };
        let name = path.name().unwrap_or_default();
        let mut versions: Vec<Known> = Vec::new();
        for (first, last, state) in self.0.versions_of(node)? {
            let Some((first, last)) = chain.clip(first, last) else { continue };
            match versions.last_mut() {
                // A mark that came or went is no new version.
                Some((later, same))
                    if chain.after(last) == Some(later.first)
                        && Difference::between(Some(&state), Some(same)).is_none() =>
                {
                    later.first = first;
                }
                _ => {
                    let (path, entry) = (path.clone(), Entry::new(name, &state));
                    versions.push((Version { path, entry, first, last }, state));
                }
            }
        }
        Ok(versions)
    }

    /// The versions, newest first, that a file had under other paths before the version `oldest`.
    fn came_from(
        &self,
        mut oldest: Known,
        chain: &Chain,
        moves: &mut Moves<'_>,
    ) -> Result<Vec<Known>> {
        let mut earlier = Vec::new();
        for _ in 0..HOPS {
            let (version, state) = &oldest;
            let before = chain.before(version.first);
            let from = moves.from(&version.path, state, version.first)?;
            let (Some(from), Some(before)) = (from, before) else { break };
            let versions = self.versions_at(&from, chain)?.into_iter();
            let life = one_life(versions.skip_while(|(version, _)| version.last > before), chain);
            let Some(first) = life.last() else { break };
            oldest = first.clone();
            earlier.extend(life);
        }
        Ok(earlier)
    }

    /// The versions, oldest first, that a file had under other paths after the version `newest`.
    fn went_to(
        &self,
        mut newest: Known,
        chain: &Chain,
        moves: &mut Moves<'_>,
    ) -> Result<Vec<Known>> {
        let mut later = Vec::new();
        for _ in 0..HOPS {
            let (version, state) = &newest;
            let Some(gone) = chain.after(version.last) else { break };
            let Some(to) = moves.to(&version.path, state, gone)? else { break };
            let versions = self.versions_at(&to, chain)?.into_iter().rev();
            let life = one_life(versions.skip_while(|(version, _)| version.first < gone), chain);
            let Some(last) = life.last() else { break };
            newest = last.clone();
            later.extend(life);
        }
        Ok(later)
    }
}

/// The first of `versions`, and those that follow without a gap, in either direction of time.
fn one_life(versions: impl Iterator<Item = Known>, chain: &Chain) -> Vec<Known> {
    let mut life: Vec<Known> = Vec::new();
    for (version, state) in versions {
        let follows = life.last().is_none_or(|(beside, _)| {
            chain.after(version.last) == Some(beside.first)
                || chain.after(beside.last) == Some(version.first)
        });
        if !follows {
            break;
        }
        life.push((version, state));
    }
    life
}
