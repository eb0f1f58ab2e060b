//! What `yore why` says of a path in a snapshot.

use std::path::Path;

use clap::ArgMatches;
use serde_json::{Value, json};

use super::ls::{find, snapshot_of};
use super::output::{Output, snapshot_json, snapshot_path_json};
use super::why::rule_json;
use crate::app::error::Result;
use crate::app::explain::Explanation;
use crate::app::missing::explain_missing;
use crate::engine::history::{History, Missing, SnapshotInfo};
use crate::engine::path::RelPath;

/// Why a path is or isn't in a snapshot.
pub struct Past {
    path: RelPath,
    snapshot: SnapshotInfo,
    snapshots: Vec<SnapshotInfo>,
    missing: Missing,
    /// From which it can be brought back.
    good: Option<SnapshotInfo>,
}

impl Past {
    /// Asks the history about the snapshot that `--at` means, the newest without it.
    pub fn ask(
        matches: &ArgMatches,
        given: &Path,
        history: &History,
        output: Output,
    ) -> Result<Self> {
        let snapshot = snapshot_of(matches, history, output)?;
        let path = find(given, |path| {
            let missing = history.why_missing(path, snapshot.seq)?;
            Ok(!matches!(missing, Missing::NeverSeen | Missing::NotProtected { .. }))
        })?;
        let missing = history.why_missing(&path, snapshot.seq)?;
        let stored_in = missing.stored_in(snapshot.seq);
        let good = stored_in.map(|seq| history.good_with(&path, seq)).transpose()?.flatten();
        Ok(Self { path, snapshot, snapshots: history.snapshots()?, missing, good })
    }

    fn explanation(&self) -> Explanation {
        let Self { path, snapshot, snapshots, missing, good } = self;
        explain_missing(path, missing, snapshot, snapshots, good.as_ref())
    }

    /// Whether the path could not be read then.
    pub fn is_unread(&self) -> bool {
        self.missing.is_unread()
    }

    /// Tells people.
    pub fn tell(&self, output: Output) {
        let Explanation { what, advice } = self.explanation();
        output.line(what);
        if let Some(advice) = advice {
            output.line(advice);
        }
    }

    /// Tells programs.
    pub fn document(&self) -> Value {
        let name = |seq: &u64| {
            let found = self.snapshots.iter().find(|snapshot| snapshot.seq == *seq);
            found.map(|snapshot| snapshot.name.clone())
        };
        let path = |path: &Option<RelPath>| path.as_ref().map(snapshot_path_json);
        let outcome = match &self.missing {
            Missing::There => json!({ "outcome": "there" }),
            Missing::Older { at, of, reason } => json!({
                "outcome": "older", "at": snapshot_path_json(at), "state_of": of.started,
                "reason": reason,
            }),
            Missing::NotProtected { nearest } => {
                json!({ "outcome": "not-protected", "nearest": path(nearest) })
            }
            Missing::LeftOut { at, why } => json!({
                "outcome": "left-out", "at": snapshot_path_json(at), "rule": rule_json(why),
            }),
            Missing::Unread { at, reason } => json!({
                "outcome": "unread", "at": snapshot_path_json(at), "reason": reason,
            }),
            Missing::NotYet { at, first, moved_from } => json!({
                "outcome": "not-yet", "at": snapshot_path_json(at), "first": name(first),
                "moved_from": path(moved_from),
            }),
            Missing::Gone { at, last, gone, moved_to } => json!({
                "outcome": "gone", "at": snapshot_path_json(at), "last": name(last),
                "gone": name(gone), "moved_to": path(moved_to),
            }),
            Missing::MovedApart { last, gone } => json!({
                "outcome": "moved-apart", "last": name(last), "gone": name(gone),
            }),
            Missing::Pruned => json!({ "outcome": "pruned" }),
            Missing::NeverSeen => json!({ "outcome": "never-seen" }),
        };
        let mut document = json!({
            "path": snapshot_path_json(&self.path),
            "snapshot": snapshot_json(&self.snapshot),
            "advice": self.explanation().advice,
        });
        if let (Some(all), Value::Object(outcome)) = (document.as_object_mut(), outcome) {
            all.extend(outcome);
        }
        document
    }
}
