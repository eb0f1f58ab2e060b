//! What is remembered on this computer of the last verification, and of what earlier ones found and nobody put right.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::verify::{Verified, write_state};
use super::{faults, places};
use crate::engine::damage::Damage;
use crate::engine::path::RelPath;
use crate::engine::verify::{VerifyOptions, VerifyReport};

/// So many names of snapshots are kept with open faults, all in all; faults beyond are only counted.
const NAMES_LIMIT: usize = 20_000;

/// What a damaged content is called that the drive doesn't remember; what else there is, [`faults::code`] tells.
const CONTENT: &str = "content";

/// The last verification, as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastVerify {
    /// When it ended.
    pub finished: Timestamp,
    /// Snapshots that were looked at.
    pub snapshots: u64,
    /// Stored files that were read.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Of how many files in a hundred the content was read.
    pub sample_percent: u8,
    /// Damaged files that were found, but for those that were good when they were looked at again.
    pub found: u64,
    /// How many of them were mended.
    pub mended: u64,
    /// What else is wrong.
    pub faults: u64,
    /// What this one or an earlier one found and nobody put right; `None` if an older version remembered this.
    #[serde(default)]
    pub open: Option<OpenFaults>,
}

/// What is not as it was backed up, as far as this computer knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenFaults {
    /// By path and kind.
    pub faults: Vec<OpenFault>,
    /// How many more there are, of which nothing is kept.
    pub more: u64,
}

/// A fault that was found, and the snapshots that have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenFault {
    /// The path, in the spelling of the format; the root stands for the snapshot itself.
    pub path: String,
    /// What is wrong, as it is told to programs.
    pub fault: String,
    /// Names of the snapshots.
    pub snapshots: BTreeSet<String>,
}

impl LastVerify {
    /// What is not as it was backed up, as far as it is in snapshots that still are, which `is_there` tells.
    pub fn open(&self, is_there: impl Fn(&String) -> bool) -> OpenFaults {
        let Some(open) = &self.open else {
            let more = self.faults.saturating_add(self.found.saturating_sub(self.mended));
            return OpenFaults { faults: Vec::new(), more };
        };
        let mut open = open.clone();
        open.retain(|_, name| is_there(name));
        open
    }
}

impl OpenFaults {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.more.saturating_add(self.faults.len() as u64)
    }

    /// Keeps the faults in those snapshots for which `is_kept`.
    fn retain(&mut self, is_kept: impl Fn(&OpenFault, &String) -> bool) {
        for fault in &mut self.faults {
            let snapshots = std::mem::take(&mut fault.snapshots);
            fault.snapshots = snapshots.into_iter().filter(|name| is_kept(fault, name)).collect();
        }
        self.faults.retain(|fault| !fault.snapshots.is_empty());
    }

    /// Takes what a verification found in the place of what was known of the snapshots that it looked at. `damage` is what the
    /// drive remembered before it.
    fn follow(&mut self, options: &VerifyOptions, verified: &Verified, damage: &Damage) {
        let VerifyReport { looked_at, faults: found, more_faults, .. } = &verified.report;
        let is_looked_at = |name: &String| looked_at.contains(name);
        let is_read = options.sample_percent >= 100;
        // A content is the same in all snapshots that share the file.
        self.faults.retain(|fault| {
            fault.fault != CONTENT || !is_read || !fault.snapshots.iter().any(is_looked_at)
        });
        self.retain(|fault, name| fault.fault == CONTENT || !is_looked_at(name));
        let is_whole = options.names.is_empty() && options.since_days.is_none();
        self.more = if is_whole { *more_faults } else { self.more.max(*more_faults) };
        let trees = found.iter().map(|one| {
            ((one.path.encode(), faults::code(&one.fault).to_owned()), one.snapshots.clone())
        });
        let contents = unremembered(verified, damage);
        let contents = contents.map(|(path, names)| ((path.encode(), CONTENT.to_owned()), names));
        let mut all: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        let known = std::mem::take(&mut self.faults).into_iter();
        let known = known.map(|one| ((one.path, one.fault), one.snapshots.into_iter().collect()));
        for (key, names) in known.chain(trees).chain(contents) {
            all.entry(key).or_default().extend::<Vec<String>>(names);
        }
        let mut left = NAMES_LIMIT;
        for ((path, fault), snapshots) in all {
            if let Some(rest) = left.checked_sub(snapshots.len()) {
                left = rest;
                self.faults.push(OpenFault { path, fault, snapshots });
            } else {
                self.more = self.more.saturating_add(1);
            }
        }
    }
}

/// Damaged files that were found and are remembered nowhere else: nobody tried to mend them.
fn unremembered<'a>(
    verified: &'a Verified,
    damage: &'a Damage,
) -> impl Iterator<Item = (&'a RelPath, Vec<String>)> {
    let is_new = |rot: &crate::engine::mend::Rot| {
        damage.files().all(|file| (file.hash, file.inode) != (rot.hash, rot.inode))
    };
    let found = verified.mendings.iter().filter(move |mending| {
        !verified.is_tried && mending.mended_from.is_none() && is_new(&mending.rot)
    });
    found.map(|mending| {
        let hits = mending.hits.iter().flat_map(|hit| hit.snapshots.iter().cloned());
        (&mending.rot.path, hits.chain([mending.rot.snapshot.clone()]).collect())
    })
}

fn file(repository: Uuid) -> PathBuf {
    places::state_dir().join(format!("verify-{repository}.json"))
}

/// What is remembered of the last verification of `repository`; anything unreadable is as good as nothing.
pub fn last_verify(repository: Uuid) -> Option<LastVerify> {
    serde_json::from_slice(&std::fs::read(file(repository)).ok()?).ok()
}

/// Remembers a verification, and what is still open of earlier ones; `damage` is what the drive remembered before it.
pub(super) fn remember_verify(
    repository: Uuid,
    options: &VerifyOptions,
    verified: &Verified,
    damage: &Damage,
) {
    let VerifyReport { tally, rots, faults, more_faults, .. } = &verified.report;
    let mut open = last_verify(repository).map(|last| last.open(|_| true)).unwrap_or_default();
    open.follow(options, verified, damage);
    let last = LastVerify {
        finished: Timestamp::now(),
        snapshots: tally.snapshots,
        files: tally.files,
        bytes: tally.bytes,
        sample_percent: options.sample_percent,
        found: (rots.len() - verified.good_since().len()) as u64,
        mended: verified.mended(),
        faults: more_faults.saturating_add(faults.len() as u64),
        open: Some(open),
    };
    write_state(file(repository), &last);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_version_remembered_still_counts() {
        let text = r#"{"finished":"2026-01-01T00:00:00Z","snapshots":1,"files":1,"bytes":1,
            "sample_percent":100,"found":3,"mended":1,"faults":4}"#;
        let last: LastVerify = serde_json::from_str(text).unwrap();
        assert_eq!(last.open(|_| true).count(), 6);
    }

    #[test]
    fn only_snapshots_that_are_there_count() {
        let fault = |path: &str, names: &[&str]| OpenFault {
            path: path.to_owned(),
            fault: "lost".to_owned(),
            snapshots: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        let mut last: LastVerify = serde_json::from_str(
            r#"{"finished":"2026-01-01T00:00:00Z","snapshots":1,"files":1,"bytes":1,
            "sample_percent":100,"found":0,"mended":0,"faults":0}"#,
        )
        .unwrap();
        let faults = vec![fault("a", &["one"]), fault("b", &["one", "two"])];
        last.open = Some(OpenFaults { faults, more: 0 });
        assert_eq!(last.open(|name| name == "two").faults, [fault("b", &["two"])]);
    }
}
