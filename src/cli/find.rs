//! `yore find`: find entries of every snapshot by their names.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgMatches;
use serde_json::json;

use super::Ending;
use super::ls::{find, snapshot_named};
use super::output::{Output, entry_json, entry_line_as, snapshot_path_json};
use super::past::open_history;
use super::period::Period;
use crate::app::error::Result;
use crate::app::target::{Options, Target};
use crate::engine::error::Error as EngineError;
use crate::engine::history::{Found, History, Hit, KindFilter, Query};
use crate::engine::path::RelPath;
use crate::i18n::{gettext, gettext_f};

/// The kinds that can be asked for, by their names.
pub const KINDS: [(&str, KindFilter); 4] = [
    ("file", KindFilter::File),
    ("folder", KindFilter::Folder),
    ("link", KindFilter::Link),
    ("other", KindFilter::Other),
];

pub fn run(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    let history = open_history(&Target::require(options)?, output)?;
    let snapshots = history.snapshots()?;
    if snapshots.is_empty() {
        return Err(EngineError::NoSnapshots.into());
    }
    let found = history.search(&query(matches, &history, output)?)?;
    let mut list = Vec::new();
    for Hit { path, entry, first, last, is_gone } in &found.hits {
        let period = Period::new(&snapshots, *first, *last);
        let lived = match is_gone {
            true => gettext_f("gone; {period}", &[("period", &period.text())]),
            false => period.text(),
        };
        output.line(format!("{}  ({lived})", entry_line_as(entry, &path.to_string())));
        list.push(json!({
            "path": snapshot_path_json(path),
            "entry": entry_json(entry),
            "first": period.first(),
            "last": period.last(),
            "gone": is_gone,
        }));
    }
    say_rest(&found, output);
    output.document(&json!({ "hits": list, "complete": found.is_complete, "next": found.next }));
    Ok(Ending::Done)
}

/// Says what is beyond the lines above.
fn say_rest(found: &Found, output: Output) {
    if let Some(next) = found.next {
        let next = next.to_string();
        output.line(gettext_f("There are more: go on with --skip {next}.", &[("next", &next)]));
    } else if found.hits.is_empty() {
        output.line(gettext("Nothing found."));
    }
    if !found.is_complete {
        output.line(gettext("Too many names match to look at all. Type more letters to see all."));
    }
}

fn query(matches: &ArgMatches, history: &History, output: Output) -> Result<Query> {
    let text = matches.get_one::<OsString>("text").map(|text| text.to_string_lossy());
    let snapshot = |name| match matches.get_one::<String>(name) {
        Some(text) => snapshot_named(Some(text), history, output).map(|found| Some(found.seq)),
        None => Ok(None),
    };
    let kind = matches.get_one::<String>("kind");
    let kind = KINDS.iter().find(|(name, _)| kind.is_some_and(|kind| kind == name));
    let bytes = |name| matches.get_one::<u64>(name).copied();
    let size_bytes = match (bytes("min-size"), bytes("max-size")) {
        (None, None) => None,
        (least, most) => Some(least.unwrap_or(0)..=most.unwrap_or(u64::MAX)),
    };
    let count = |name| matches.get_one::<u32>(name).map(|count| *count as usize);
    let query = Query::new(&text.unwrap_or_default());
    Ok(Query {
        under: under(matches, history)?,
        kind: kind.map(|(_, kind)| *kind),
        size_bytes,
        since: snapshot("since")?,
        until: snapshot("until")?,
        deleted_only: matches.get_flag("deleted"),
        offset: count("skip").unwrap_or(query.offset),
        limit: count("limit").unwrap_or(query.limit),
        ..query
    })
}

/// The folder that is searched; everything if none was named.
fn under(matches: &ArgMatches, history: &History) -> Result<RelPath> {
    let Some(given) = matches.get_one::<PathBuf>("under") else { return Ok(RelPath::root()) };
    find(given, |path| match history.versions(path) {
        Ok(_) => Ok(true),
        Err(EngineError::NeverSeen(_)) => Ok(false),
        Err(error) => Err(error.into()),
    })
}
