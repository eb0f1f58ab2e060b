//! `yore versions`: list the versions of a file or folder.

use std::path::PathBuf;

use clap::ArgMatches;
use serde_json::json;

use super::Ending;
use super::last_good;
use super::ls::find;
use super::output::{Output, entry_json, entry_line, snapshot_path_json};
use crate::app::error::Result;
use crate::app::target::{Options, Target};
use crate::app::text;
use crate::engine::error::Error as EngineError;
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::i18n::{gettext, gettext_f};

pub fn run(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    let history = Target::require(options)?.open_history(&Monitor::new())?;
    let given: PathBuf = matches.get_one("path").cloned().unwrap_or_default();
    let path = find(&given, |path| match history.versions(path) {
        Ok(_) => Ok(true),
        Err(EngineError::NeverSeen(_)) => Ok(false),
        Err(error) => Err(error.into()),
    })?;
    if last_good::is_asked(matches) {
        return last_good::run(matches, &history, &path, output);
    }
    let versions = history.versions(&path)?;
    let snapshots = history.snapshots()?;
    let newest = snapshots.last().map_or(0, |snapshot| snapshot.seq);
    // A version may begin or end with a snapshot that is gone: the nearest that is there stands for it.
    let from = |seq: u64| snapshots.iter().find(|snapshot| snapshot.seq >= seq);
    let to = |seq: u64| snapshots.iter().rev().find(|snapshot| snapshot.seq <= seq);
    let (mut list, mut is_earlier) = (Vec::new(), false);
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
        is_earlier |= version.path == path;
        let place = place(&version.path, &path, is_earlier);
        output.line(format!("{}  ({lived}){place}", entry_line(&version.entry)));
        list.push(json!({
            "path": snapshot_path_json(&version.path),
            "entry": entry_json(&version.entry),
            "first": first.map(|snapshot| &snapshot.name),
            "last": last.map(|snapshot| &snapshot.name),
            "current": version.last >= newest,
        }));
    }
    output.document(&json!({ "path": snapshot_path_json(&path), "versions": list }));
    Ok(Ending::Done)
}

/// Where a version was, if that isn't the path that was asked for.
fn place(version: &RelPath, asked: &RelPath, is_earlier: bool) -> String {
    let path = version.to_string();
    match is_earlier {
        _ if version == asked => String::new(),
        true => gettext_f("  [was {path}]", &[("path", &path)]),
        false => gettext_f("  [moved to {path}]", &[("path", &path)]),
    }
}
