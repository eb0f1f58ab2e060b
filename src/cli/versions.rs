//! `yore versions`: list the versions of a file or folder.

use std::path::PathBuf;

use clap::ArgMatches;
use serde_json::json;

use super::Ending;
use super::last_good;
use super::ls::find;
use super::output::{Output, entry_json, entry_line, snapshot_path_json};
use super::past::open_history;
use super::period::Period;
use crate::app::error::Result;
use crate::app::target::{Options, Target};
use crate::engine::error::Error as EngineError;
use crate::engine::path::RelPath;
use crate::i18n::gettext_f;

pub fn run(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    let history = open_history(&Target::require(options)?, output)?;
    let given: PathBuf = matches.get_one("path").cloned().unwrap_or_default();
    let path = find(&given, |path| match history.versions(path) {
        Ok(_) => Ok(true),
        Err(EngineError::NeverSeen(_)) => Ok(false),
        Err(error) => Err(error.into()),
    })?;
    if last_good::is_asked(matches) {
        return last_good::run(matches, history, &path, output);
    }
    let versions = history.versions(&path)?;
    let snapshots = history.snapshots()?;
    let (mut list, mut is_earlier) = (Vec::new(), false);
    for version in &versions {
        let period = Period::new(&snapshots, version.first, version.last);
        is_earlier |= version.path == path;
        let place = place(&version.path, &path, is_earlier);
        output.line(format!("{}  ({}){place}", entry_line(&version.entry), period.text()));
        list.push(json!({
            "path": snapshot_path_json(&version.path),
            "entry": entry_json(&version.entry),
            "first": period.first(),
            "last": period.last(),
            "current": period.is_current,
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
