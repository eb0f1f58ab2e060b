//! What a journal says of its restore as a whole.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::encoded;
use crate::engine::meta::FileTime;
use crate::engine::restore::{RestorePlan, RestoreRequest};

/// The format of journals.
pub const FORMAT: u32 = 1;

/// How long what a restore set aside is kept, in days.
pub const KEPT_DAYS: u32 = 30;

/// On how many different days it must have been seen meanwhile.
const SEEN_DAYS: u32 = 7;

const SECONDS_OF_DAY: i64 = 24 * 60 * 60;

/// How far a restore has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Nothing is in its place yet.
    Staging,
    /// Its steps are written down, and some are perhaps done. Never written: the file of the steps says so.
    Publishing,
    /// All that it could do is done.
    Done,
    /// It is being taken back.
    Undoing,
    /// It was taken back.
    Undone,
    /// It is being done again.
    Redoing,
    /// It is being given up: of what it set aside some is perhaps gone.
    Discarding,
}

impl Standing {
    /// Whether things are being moved, so that some are in their place and others not.
    pub fn is_half_done(self) -> bool {
        matches!(self, Self::Publishing | Self::Undoing | Self::Redoing)
    }
}

/// A folder beside the targets in which a restore stages, and keeps what it sets aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The folder that it is in.
    #[serde(with = "encoded::absolute")]
    pub parent: PathBuf,
    /// Its name there.
    #[serde(with = "encoded::name")]
    pub name: Vec<u8>,
    /// Its inode; `None` until it is made.
    pub inode: Option<u64>,
    /// By what its file system is known again.
    pub file_system: u64,
    /// Its file system keeps no modes, nor the numbers of inodes: it is known by its name and owner.
    #[serde(default)]
    pub is_modeless: bool,
    /// Nothing was left in it, so that it was removed.
    #[serde(default)]
    pub is_gone: bool,
    /// By the clock of its file system, when the last thing was put in its place: what changes later, others change.
    #[serde(default)]
    pub settled: Option<FileTime>,
}

/// What had become of things before anything of them was taken back, or done again: that itself changes them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The slots of items that somebody had changed.
    pub changed: HashSet<u64>,
    /// Of each folder with other metadata whether somebody gave it another mode or owner, and the time of a change by
    /// somebody; `None` of one that could not be looked at.
    pub folders: Vec<Option<(bool, Option<FileTime>)>>,
}

/// All but the items and steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`].
    pub format: u32,
    /// By which it is called.
    pub id: Uuid,
    /// The repository that it takes from.
    pub repository: Uuid,
    /// When it began.
    pub started: Timestamp,
    /// How far it has come.
    pub standing: Standing,
    /// When it was done, or undone.
    #[serde(default)]
    pub ended: Option<Timestamp>,
    /// On how many days since it was looked whether it is old, [`SEEN_DAYS`] at most.
    #[serde(default)]
    pub days_seen: u32,
    /// The last of them, in days since 1970.
    #[serde(default)]
    pub last_day: Option<i64>,
    /// What was asked for.
    pub request: RestoreRequest,
    /// Names of the snapshots, by number.
    pub snapshots: BTreeMap<u64, String>,
    /// One of the places that it writes to.
    #[serde(with = "encoded::absolute")]
    pub first: PathBuf,
    /// Entries of the plan.
    pub entries: u64,
    /// Bytes of the plan.
    pub bytes: u64,
    /// Where it works.
    pub workspaces: Vec<Place>,
    /// Items that are in their place.
    #[serde(default)]
    pub restored: u64,
    /// Items that took the place of something.
    #[serde(default)]
    pub replaced: u64,
    /// Items that were set aside, without anything in their place.
    #[serde(default)]
    pub removed: u64,
    /// Bytes of what is kept.
    #[serde(default)]
    pub kept_bytes: u64,
    /// While it is being taken back or done again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
}

impl Header {
    /// The header of a restore that is about to begin.
    pub fn new(repository: Uuid, plan: &RestorePlan) -> Self {
        let first = plan.items.iter().find(|item| item.is_changed());
        Self {
            format: FORMAT,
            id: Uuid::new_v4(),
            repository,
            started: Timestamp::now(),
            standing: Standing::Staging,
            ended: None,
            days_seen: 0,
            last_day: None,
            request: plan.request.clone(),
            snapshots: plan.snapshots.clone(),
            first: first.map(|item| item.target.clone()).unwrap_or_default(),
            entries: plan.entries,
            bytes: plan.bytes,
            workspaces: Vec::new(),
            restored: 0,
            replaced: 0,
            removed: 0,
            kept_bytes: 0,
            seen: None,
        }
    }

    /// Notes that it was seen on the day of `now`; says whether that is new.
    pub fn note_day(&mut self, now: Timestamp) -> bool {
        let day = now.as_second().div_euclid(SECONDS_OF_DAY);
        let is_new = self.days_seen < SEEN_DAYS && self.last_day != Some(day);
        if is_new {
            self.last_day = Some(day);
            self.days_seen += 1;
        }
        is_new
    }

    /// Whether it was kept for as long as was promised. A clock that jumped ahead does not end that: it was seen on
    /// several days, too.
    pub fn is_over(&self, now: Timestamp) -> bool {
        let kept = SignedDuration::from_hours(24 * i64::from(KEPT_DAYS));
        let since = self.ended.unwrap_or(self.started);
        self.days_seen >= SEEN_DAYS && now.duration_since(since) > kept
    }

    /// The plan that the journal holds, with these items.
    pub fn plan(&self, items: Vec<crate::engine::restore::PlanItem>) -> RestorePlan {
        RestorePlan {
            request: self.request.clone(),
            snapshots: self.snapshots.clone(),
            items,
            same: 0,
            entries: self.entries,
            bytes: self.bytes,
            free_bytes: None,
            warnings: Vec::new(),
        }
    }
}
