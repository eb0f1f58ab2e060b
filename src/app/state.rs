//! What is remembered on this computer: how the last run ended, so that a failure is not forgotten when the window
//! closes, and what takes long to work out anew.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{config, places};
use crate::engine::history::KnownUsage;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "outcome")]
pub enum Outcome {
    /// Everything is in the snapshot.
    Done,
    /// Some paths could not be read.
    Partial {
        /// How many.
        problems: u64,
    },
    /// The person stopped it.
    Stopped {
        /// How much of it was done; `None` if that could not be told.
        #[serde(default)]
        percent: Option<u8>,
    },
    /// Nothing was made.
    Failed {
        /// Why, in the words that the person was shown.
        reason: String,
        /// The drive wasn't attached: no failure to worry about.
        away: bool,
    },
}

/// The last run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    /// When it ended.
    pub finished: Timestamp,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

fn file(repository: Uuid) -> PathBuf {
    places::state_dir().join(format!("{repository}.json"))
}

/// What is remembered of the last run to `repository`; anything unreadable is as good as nothing.
pub fn last_run(repository: Uuid) -> Option<LastRun> {
    let text = std::fs::read(file(repository)).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Remembers a run. A state folder that can't be written to costs nothing but the memory.
pub fn remember(repository: Uuid, outcome: Outcome) {
    let run = LastRun { finished: Timestamp::now(), outcome };
    if let Ok(text) = serde_json::to_vec(&run) {
        let _ = config::write_private(&file(repository), &text);
    }
}

fn usage_file(repository: Uuid) -> PathBuf {
    places::state_dir().join(format!("usage-{repository}.json"))
}

/// What is remembered of what snapshots of `repository` alone hold; anything unreadable is as good as nothing.
pub fn known_usage(repository: Uuid) -> KnownUsage {
    let text = std::fs::read(usage_file(repository)).ok();
    text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

/// Remembers what snapshots alone hold. A state folder that can't be written to costs nothing but the memory.
pub fn remember_usage(repository: Uuid, known: &KnownUsage) {
    if let Ok(text) = serde_json::to_vec(known) {
        let _ = config::write_private(&usage_file(repository), &text);
    }
}
