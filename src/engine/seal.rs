//! `seal.json`: written last into a snapshot, never changed, and telling what the snapshot is.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::meta::Kind;
use super::overrides::SnapshotRef;
use super::path::RelPath;
use super::repository::Features;

/// Why a snapshot was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SnapshotKind {
    /// By the schedule.
    Scheduled,
    /// Because the person asked for it.
    Manual,
    /// Before something that changes much.
    Before,
    /// After it.
    After,
    /// Taken over from another program.
    Import,
}

/// A source as a seal names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSource {
    /// The identity that it keeps when its path changes.
    pub id: Uuid,
    /// Its path, relative to `files/`, percent-encoded.
    pub path: String,
}

impl SealedSource {
    /// The path, if it can be one.
    pub fn path(&self) -> Option<RelPath> {
        RelPath::decode(&self.path).ok()
    }
}

/// A moment in UTC with the local time beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedTime {
    /// The moment.
    pub utc: Timestamp,
    /// The same, in the zone that the computer was in.
    pub local: String,
}

impl From<&Zoned> for SealedTime {
    fn from(moment: &Zoned) -> Self {
        let local = jiff::fmt::strtime::format("%Y-%m-%dT%H:%M:%S%:z", moment);
        Self { utc: moment.timestamp(), local: local.unwrap_or_default() }
    }
}

/// Owner and group of every entry that no override gives another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// The names behind the numbers, on the computer that was backed up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ids {
    /// User ids.
    pub users: BTreeMap<u32, String>,
    /// Group ids.
    pub groups: BTreeMap<u32, String>,
}

/// How many of what a snapshot holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Regular files.
    pub files: u64,
    /// Directories, the sources themselves included.
    pub directories: u64,
    /// Symbolic links.
    pub symlinks: u64,
    /// Fifos, sockets and devices.
    pub special: u64,
    /// Files that are links to what was there before.
    pub linked: u64,
    /// Files whose content was written.
    pub copied: u64,
    /// Lines in `overrides.jsonl`.
    pub overrides: u64,
    /// Lines in `problems.jsonl`.
    pub problems: u64,
    /// Files whose hash isn't known.
    pub unverified: u64,
}

impl Counts {
    /// Counts an entry that is of this kind.
    pub(crate) fn count(&mut self, kind: Kind) {
        *match kind {
            Kind::File => &mut self.files,
            Kind::Directory => &mut self.directories,
            Kind::Symlink => &mut self.symlinks,
            Kind::Fifo | Kind::Socket | Kind::Block | Kind::Character => &mut self.special,
        } += 1;
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        // Taken apart, so that none can be forgotten.
        let Self {
            files,
            directories,
            symlinks,
            special,
            linked,
            copied,
            overrides,
            problems,
            unverified,
        } = more;
        self.files += files;
        self.directories += directories;
        self.symlinks += symlinks;
        self.special += special;
        self.linked += linked;
        self.copied += copied;
        self.overrides += overrides;
        self.problems += problems;
        self.unverified += unverified;
    }
}

/// Bytes of content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ByteCounts {
    /// Of all files.
    pub total: u64,
    /// That were written.
    pub copied: u64,
}

/// The content of `seal.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Version of the format.
    pub format: u32,
    /// What a reader or writer must know beyond the format.
    #[serde(default)]
    pub features: Features,
    /// Order among all snapshots of the repository.
    pub seq: u64,
    /// Identity.
    pub id: Uuid,
    /// The snapshot that this one was compared with.
    pub parent: Option<SnapshotRef>,
    /// When the run began.
    pub started: SealedTime,
    /// When the tree was complete.
    pub finished: SealedTime,
    /// The computer that was backed up.
    pub host: String,
    /// The person whose folders they are.
    pub user: String,
    /// Version of the program.
    pub version: String,
    /// Why it was made.
    pub kind: SnapshotKind,
    /// The boot of the computer in which it was made, as Linux numbers it; `None` if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<Uuid>,
    /// What was protected.
    pub sources: Vec<SealedSource>,
    /// The rules that were in force, one a line, in the words of FORMAT.md.
    #[serde(default)]
    pub rules: Vec<String>,
    /// Default owner of the entries.
    pub owner: Owner,
    /// Names of users and groups.
    #[serde(default)]
    pub ids: Ids,
    /// How many of what.
    #[serde(default)]
    pub counts: Counts,
    /// How much content.
    #[serde(default)]
    pub bytes: ByteCounts,
    /// BLAKE3 of `overrides.jsonl`, hexadecimal, if there is one.
    pub overrides: Option<String>,
    /// BLAKE3 of `problems.jsonl`, hexadecimal, if there is one.
    pub problems: Option<String>,
    /// Merkle digest of each source's folder, hexadecimal, by the source's id.
    pub tree: BTreeMap<Uuid, String>,
}

impl Seal {
    /// The sources with their identities, each once and none within another: no run seals such, but a forged seal may say so.
    pub fn sources_apart(&self) -> Vec<(Uuid, RelPath)> {
        let all = || self.sources.iter().filter_map(|source| Some((source.id, source.path()?)));
        let is_apart = |at: usize, path: &RelPath| {
            all().enumerate().all(|(other, (_, outer))| {
                other == at || !path.is_within(&outer) || (*path == outer && at < other)
            })
        };
        all()
            .enumerate()
            .filter(|(at, (_, path))| is_apart(*at, path))
            .map(|(_, source)| source)
            .collect()
    }

    /// The reference that other snapshots keep of this one.
    pub fn reference(&self) -> SnapshotRef {
        SnapshotRef { id: self.id, started: self.started.utc }
    }
}

/// One line of `problems.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The path, percent-encoded.
    pub path: String,
    /// What happened, in English.
    pub reason: String,
}
