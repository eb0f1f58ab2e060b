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
use crate::app::error::{Error, Result};
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
    let query = query(matches, &history, output)?;
    let found = history.search(&query)?;
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
    rest(&found, &query.text).into_iter().for_each(|line| output.line(line));
    output.document(&json!({
        "hits": list,
        "complete": found.is_complete,
        "beginnings_only": found.beginnings_only,
        "next": found.next,
    }));
    Ok(Ending::Done)
}

/// What is to be said of what is beyond the hits of a search for `text`.
fn rest(found: &Found, text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(next) = found.next {
        let next = next.to_string();
        lines.push(gettext_f("There are more: go on with --skip {next}.", &[("next", &next)]));
    }
    match (found.hits.is_empty(), found.is_complete) {
        (true, true) => lines.push(gettext("Nothing found.")),
        (true, false) => lines.push(gettext(
            "Nothing found in what was looked at, but too much fits to look at all. Type more letters, or narrow it with --under, --kind, sizes or times.",
        )),
        (false, true) => {}
        (false, false) => lines.push(gettext(
            "Too much fits to look at all. To see the rest, type more letters, or narrow it with --under, --kind, sizes or times.",
        )),
    }
    if found.hits.is_empty() && found.beginnings_only {
        lines.push(gettext(
            "A text of one or two letters, or with a “/” before its end, is looked for only where names begin.",
        ));
    }
    if found.hits.is_empty() && text.contains(['*', '?']) {
        lines.push(gettext("“*” and “?” are letters like any other here."));
    }
    lines
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
        (Some(least), Some(most)) if least > most => {
            return Err(Error::EmptyRange("min-size", "max-size"));
        }
        (least, most) => Some(least.unwrap_or(0)..=most.unwrap_or(u64::MAX)),
    };
    let (since, until) = (snapshot("since")?, snapshot("until")?);
    if since.zip(until).is_some_and(|(since, until)| since > until) {
        return Err(Error::EmptyRange("since", "until"));
    }
    let count = |name| matches.get_one::<u32>(name).map(|count| *count as usize);
    let query = Query::new(&text.unwrap_or_default());
    Ok(Query {
        under: under(matches, history)?,
        kind: kind.map(|(_, kind)| *kind),
        size_bytes,
        since,
        until,
        deleted_only: matches.get_flag("deleted"),
        offset: count("skip").unwrap_or(query.offset),
        limit: count("limit").unwrap_or(query.limit),
        ..query
    })
}

/// The folder that is searched; everything if none was named.
fn under(matches: &ArgMatches, history: &History) -> Result<RelPath> {
    let Some(given) = matches.get_one::<PathBuf>("under") else { return Ok(RelPath::root()) };
    find(given, |path| {
        let query = Query { under: path.clone(), ..Query::new("") };
        match history.search(&query) {
            Ok(_) => Ok(true),
            Err(EngineError::NeverSeen(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_to_be_there_only_if_all_was_looked_at() {
        let said = |text, is_complete, beginnings_only| {
            let found = Found { hits: Vec::new(), is_complete, beginnings_only, next: None };
            rest(&found, text).join("\n")
        };
        assert_eq!(said("letter", true, false), "Nothing found.");
        let incomplete = said("letter", false, false);
        assert!(!incomplete.contains("Nothing found."), "{incomplete}");
        assert!(incomplete.contains("--under"), "{incomplete}");
        assert!(said("le", true, true).contains("names begin"));
        for text in ["*.jpg", "i?g"] {
            assert!(said(text, true, false).contains("letters like any other"), "{text}");
        }
    }
}
