//! `yore versions`: list the versions of a file or folder.

use std::path::PathBuf;

use clap::ArgMatches;
use serde_json::json;

use super::Ending;
use super::ls::find;
use super::output::{Output, entry_json, entry_line, snapshot_path_json};
use super::past::open_history;
use crate::app::error::Result;
use crate::app::target::{Options, Target};
use crate::app::text;
use crate::engine::error::Error as EngineError;
use crate::i18n::{gettext, gettext_f};

pub fn run(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    let history = open_history(&Target::require(options)?, output)?;
    let given: PathBuf = matches.get_one("path").cloned().unwrap_or_default();
    let path = find(&given, |path| match history.versions(path) {
        Ok(_) => Ok(true),
        Err(EngineError::NeverSeen(_)) => Ok(false),
        Err(error) => Err(error.into()),
    })?;
    let versions = history.versions(&path)?;
    let snapshots = history.snapshots()?;
    let newest = snapshots.last().map_or(0, |snapshot| snapshot.seq);
    // A version may begin or end with a snapshot that is gone: the nearest that is there stands for it.
    let from = |seq: u64| snapshots.iter().find(|snapshot| snapshot.seq >= seq);
    let to = |seq: u64| snapshots.iter().rev().find(|snapshot| snapshot.seq <= seq);
    let mut list = Vec::new();
    for version in &versions {
        let (first, last) = (from(version.first), to(version.last));
        let moment = |s: Option<&crate::engine::history::SnapshotInfo>| {
            s.map_or_else(|| gettext("unknown time"), |s| text::moment(s.started))
        };
        let lived = if version.last >= newest {
            gettext_f("since {first}", &[("first", &moment(first))])
        } else if version.first == version.last {
            moment(first)
        } else {
            let (first, last) = (moment(first), moment(last));
            gettext_f("{first} to {last}", &[("first", &first), ("last", &last)])
        };
        output.line(format!("{}  ({lived})", entry_line(&version.entry)));
        list.push(json!({
            "entry": entry_json(&version.entry),
            "first": first.map(|snapshot| &snapshot.name),
            "last": last.map(|snapshot| &snapshot.name),
            "current": version.last >= newest,
        }));
    }
    output.document(&json!({ "path": snapshot_path_json(&path), "versions": list }));
    Ok(Ending::Done)
}
