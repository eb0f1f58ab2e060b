//! When a file went bad: its contents are asked about from the newest on; many are bisected.

use super::{History, Version};
use crate::engine::error::{Error, Result};
use crate::engine::meta::{ContentHash, Kind};
use crate::engine::path::RelPath;

/// Of more contents than these only some are asked about.
const ASKED_ONE_BY_ONE: usize = 32;

/// Between which versions a file went bad.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastGood {
    /// The newest good version; `None` if there is none.
    pub good: Option<Version>,
    /// The first bad one after it; `None` if there is none.
    pub bad: Option<Version>,
    /// How many contents were asked about.
    pub looked_at: usize,
    /// How many there are.
    pub contents: usize,
    /// Not all that matter were asked about: what is bad once was taken to have stayed so.
    pub is_assumed: bool,
}

impl History {
    /// Finds the last version of the file at `path` that `is_good`, and the one that came after it. Of very many contents
    /// only some are asked about: what is bad once is taken to have stayed so.
    ///
    /// # Errors
    /// Those of [`History::versions`] and of `is_good`; [`Error::NotFile`] if no content of a file is stored.
    pub fn last_good(
        &self,
        path: &RelPath,
        is_good: &dyn Fn(&Version) -> Result<bool>,
    ) -> Result<LastGood> {
        let contents = self.contents(path)?;
        let is_assumed = contents.len() > ASKED_ONE_BY_ONE;
        let mut found = LastGood { contents: contents.len(), is_assumed, ..LastGood::default() };
        let mut ask = |version: &Version| {
            found.looked_at += 1;
            is_good(version)
        };
        if !is_assumed {
            for version in contents.iter().rev() {
                if ask(version)? {
                    found.good = Some(version.clone());
                    break;
                }
                found.bad = Some(version.clone());
            }
            return Ok(found);
        }
        let (good, bad) = bisect(&contents, ask)?;
        found.good = good.checked_sub(1).and_then(|last| contents.get(last)).cloned();
        found.bad = contents.get(bad).cloned();
        Ok(found)
    }

    /// Finds the newest version of the file at `path` with the content `hash`, and the one that came after it.
    ///
    /// # Errors
    /// Those of [`History::versions`]; [`Error::NotFile`] if no content of a file is stored, [`Error::NoSuchContent`] if none
    /// is this one.
    pub fn last_good_by_hash(&self, path: &RelPath, hash: ContentHash) -> Result<LastGood> {
        let contents = self.contents(path)?;
        let last = contents.iter().rposition(|version| version.entry.hash == Some(hash));
        let last = last.ok_or_else(|| Error::NoSuchContent(path.clone()))?;
        Ok(LastGood {
            good: contents.get(last).cloned(),
            bad: contents.get(last + 1).cloned(),
            contents: contents.len(),
            ..LastGood::default()
        })
    }

    /// The versions of a file that differ in content, oldest first: of equal ones the newest. What nothing is stored of is left out.
    fn contents(&self, path: &RelPath) -> Result<Vec<Version>> {
        let mut versions = self.versions(path)?;
        versions.retain(|version| version.entry.kind == Kind::File && !version.entry.absent);
        versions.dedup_by(|older, newer| {
            newer.entry.hash.is_some() && newer.entry.hash == older.entry.hash
        });
        versions.reverse();
        if versions.is_empty() {
            return Err(Error::NotFile(path.clone()));
        }
        Ok(versions)
    }
}

/// How many are good, and from which on they are bad, if what is bad once stays so. The newest is asked about first.
fn bisect(
    contents: &[Version],
    mut ask: impl FnMut(&Version) -> Result<bool>,
) -> Result<(usize, usize)> {
    // All before `good` are good, all from `bad` on are bad.
    let (mut good, mut bad) = (0, contents.len());
    if let Some(newest) = contents.last() {
        match ask(newest)? {
            true => good = bad,
            false => bad -= 1,
        }
    }
    if let Some(oldest) = contents.first().filter(|_| good < bad) {
        match ask(oldest)? {
            true => good = 1,
            false => bad = 0,
        }
    }
    while good < bad {
        let middle = good + (bad - good) / 2;
        let Some(version) = contents.get(middle) else { break };
        match ask(version)? {
            true => good = middle + 1,
            false => bad = middle,
        }
    }
    Ok((good, bad))
}
