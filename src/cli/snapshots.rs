//! `yore snapshots`: list the snapshots.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use serde_json::json;

use super::Ending;
use super::ls::find;
use super::output::{Output, counts_json, snapshot_json, snapshot_path_json};
use super::past::open_history;
use crate::app::changes::counts;
use crate::app::error::Result;
use crate::app::target::{Options, Target};
use crate::app::text;
use crate::engine::error::Error as EngineError;
use crate::engine::history::{History, SnapshotState};
use crate::engine::path::display;
use crate::i18n::{gettext, gettext_f, ngettext_f};

pub fn run(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    let history = open_history(&Target::require(options)?, output)?;
    if let Some(given) = matches.get_one::<PathBuf>("path") {
        return of_folder(&history, given, output);
    }
    let snapshots = history.snapshots()?;
    if snapshots.is_empty() {
        output.line(gettext("There is no snapshot yet."));
    }
    for snapshot in &snapshots {
        let files = ngettext_f("{count} file", "{count} files", snapshot.files, &[]);
        let mut words = vec![files, text::size(snapshot.total_bytes)];
        if snapshot.problems > 0 {
            words.push(ngettext_f("{count} problem", "{count} problems", snapshot.problems, &[]));
        }
        match snapshot.state {
            SnapshotState::Good => {}
            SnapshotState::Damaged => words.push(gettext("damaged")),
            SnapshotState::Missing => words.push(gettext("missing from the drive")),
            SnapshotState::Pruned => words.push(gettext("deleted")),
        }
        if snapshot.pinned {
            words.push(gettext("pinned"));
        }
        if let Some(label) = &snapshot.label {
            words.push(gettext_f("“{label}”", &[("label", &display(label.as_bytes()))]));
        }
        if let Some(same) = snapshot.same_at {
            let when = text::moment(same);
            words.push(gettext_f("still the same at {when}", &[("when", &when)]));
        }
        let when = text::moment(snapshot.started);
        output.line(format!("{:<22}  {when:>18}  {}", snapshot.name, words.join(", ")));
    }
    let snapshots: Vec<_> = snapshots.iter().map(snapshot_json).collect();
    output.document(&json!({ "snapshots": snapshots, "drive_away": history.is_away() }));
    Ok(Ending::Done)
}

/// Those that have a folder, and what each changed in it.
fn of_folder(history: &History, given: &Path, output: Output) -> Result<Ending> {
    let path = find(given, |path| match history.timeline(path) {
        Ok(_) => Ok(true),
        Err(EngineError::NeverSeen(_)) => Ok(false),
        Err(error) => Err(error.into()),
    })?;
    let (ticks, snapshots) = (history.timeline(&path)?, history.snapshots()?);
    let mut list = Vec::new();
    for tick in &ticks {
        let Some(snapshot) = snapshots.iter().find(|snapshot| snapshot.seq == tick.seq) else {
            continue;
        };
        let words = tick.counts.as_ref().map_or_else(|| gettext("the oldest"), counts);
        let when = text::moment(snapshot.started);
        output.line(format!("{:<22}  {when:>18}  {words}", snapshot.name));
        let mut value = snapshot_json(snapshot);
        value["changes"] = json!(tick.counts.as_ref().map(counts_json));
        list.push(value);
    }
    output.document(&json!({ "path": snapshot_path_json(&path), "snapshots": list }));
    Ok(Ending::Done)
}
