//! `yore snapshots`: list the snapshots.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use serde_json::json;

use super::Ending;
use super::ls::find;
use super::output::{Output, counts_json, snapshot_json, snapshot_path_json};
use super::past::open_history;
use crate::app::changes::{code, counts, word};
use crate::app::error::Result;
use crate::app::target::{Options, Target};
use crate::app::text;
use crate::engine::error::Error as EngineError;
use crate::engine::history::{History, SnapshotState, Tick, Turn};
use crate::engine::meta::Kind;
use crate::engine::path::{RelPath, display};
use crate::i18n::{gettext, gettext_f, ngettext_f};

pub fn run(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    let history = open_history(&Target::require(options)?, output)?;
    if let Some(given) = matches.get_one::<PathBuf>("path") {
        return of_path(&history, given, output);
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

/// Those that have a folder, and what each changed in it; of what is no folder, those in which it differs.
fn of_path(history: &History, given: &Path, output: Output) -> Result<Ending> {
    let path = find(given, |path| Ok(!moments(history, path)?.is_empty()))?;
    let moments = moments(history, &path)?;
    if moments.is_empty() {
        return Err(EngineError::NeverSeen(path).into());
    }
    let mut list = Vec::new();
    for snapshot in history.snapshots()? {
        let Some(moment) = moments.get(&snapshot.seq) else { continue };
        let when = text::moment(snapshot.started);
        output.line(format!("{:<22}  {when:>18}  {}", snapshot.name, moment.words()));
        let mut value = snapshot_json(&snapshot);
        let is_folder = moment.tick.is_some().then_some(Kind::Directory);
        value["kind"] = json!(moment.turn.map_or(is_folder, |turn| turn.kind));
        value["difference"] = json!(moment.turn.and_then(|turn| turn.difference).map(code));
        value["changes"] =
            json!(moment.tick.and_then(|tick| tick.counts).as_ref().map(counts_json));
        list.push(value);
    }
    output.document(&json!({ "path": snapshot_path_json(&path), "snapshots": list }));
    Ok(Ending::Done)
}

/// What a snapshot means to a path: as to a folder, and as to what is or was none.
#[derive(Debug, Clone, Copy, Default)]
struct Moment {
    tick: Option<Tick>,
    turn: Option<Turn>,
}

impl Moment {
    fn words(&self) -> String {
        let is_oldest = self.turn.is_none_or(|turn| turn.difference.is_none())
            && self.tick.is_none_or(|tick| tick.counts.is_none());
        if is_oldest {
            return gettext("the oldest");
        }
        let of_turn = self.turn.and_then(|turn| {
            let became = turn.kind == Some(Kind::Directory);
            let became = became.then(|| gettext("a folder since then"));
            became.or_else(|| turn.difference.map(word))
        });
        let of_tick = self.tick.and_then(|tick| tick.counts).as_ref().map(counts);
        let words: Vec<String> = of_turn.into_iter().chain(of_tick).collect();
        words.join("; ")
    }
}

/// The snapshots that mean something to `path`, by their numbers.
fn moments(history: &History, path: &RelPath) -> Result<BTreeMap<u64, Moment>> {
    let mut moments: BTreeMap<u64, Moment> = BTreeMap::new();
    match history.timeline(path) {
        Ok(ticks) => ticks
            .into_iter()
            .for_each(|tick| moments.entry(tick.seq).or_default().tick = Some(tick)),
        Err(EngineError::NeverSeen(_)) => {}
        Err(error) => return Err(error.into()),
    }
    for turn in history.turns(path)? {
        moments.entry(turn.seq).or_default().turn = Some(turn);
    }
    Ok(moments)
}
