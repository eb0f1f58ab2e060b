//! `yore versions`: list the versions of a file or folder.

use std::path::PathBuf;

use clap::ArgMatches;
use serde_json::json;

use super::Ending;
use super::ls::find;
use super::output::{Output, entry_json, entry_line, snapshot_path_json};
use super::past::open_history;
use super::period::Period;
use crate::app::error::Result;
use crate::app::target::{Options, Target};
use crate::engine::error::Error as EngineError;

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
    let mut list = Vec::new();
    for version in &versions {
        let period = Period::new(&snapshots, version.first, version.last);
        output.line(format!("{}  ({})", entry_line(&version.entry), period.text()));
        list.push(json!({
            "entry": entry_json(&version.entry),
            "first": period.first(),
            "last": period.last(),
            "current": period.is_current,
        }));
    }
    output.document(&json!({ "path": snapshot_path_json(&path), "versions": list }));
    Ok(Ending::Done)
}
