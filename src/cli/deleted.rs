//! `yore deleted`: list what was deleted, newest first, and how to bring it back.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use serde_json::{Value, json};

use super::Ending;
use super::find::KINDS;
use super::ls::{find, snapshot_of};
use super::output::{Output, entry_json, snapshot_json, snapshot_path_json};
use super::past::open_history;
use crate::app::error::Result;
use crate::app::missing::restore_advice;
use crate::app::target::{Options, Target};
use crate::app::text;
use crate::engine::error::Error as EngineError;
use crate::engine::history::{Deleted, DeletedQuery, History, KindFilter, SnapshotInfo};
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;
use crate::i18n::{gettext, gettext_f, ngettext_f};

pub fn run(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    let history = open_history(&Target::require(options)?, output)?;
    let snapshot = snapshot_of(matches, &history, output)?;
    let query = DeletedQuery {
        under: under(matches, &history)?,
        before: Some(snapshot.seq),
        only_children: false,
        name_contains: matches.get_one::<String>("name").cloned(),
        kind: kind(matches),
        min_bytes: matches.get_one("min-size").copied().unwrap_or_default(),
        after: None,
        limit: matches.get_one::<u64>("limit").map_or(0, |limit| *limit as usize),
    };
    let (rows, has_more) = collect(&history, query.clone())?;
    let snapshots = history.snapshots()?;
    let of = |seq: u64| snapshots.iter().find(|snapshot| snapshot.seq == seq);
    for row in &rows {
        output.line(line(row, of(row.last)));
    }
    if rows.is_empty() {
        output.line(nothing(matches));
    }
    if has_more {
        output.note(gettext("There is more: a larger --limit shows it."));
    }
    if let Some(row) = rows.first() {
        output.line(restore_advice(history.good_with(&row.path, row.last)?.as_ref(), &row.path));
    }
    let document = |row: &Deleted| row_json(row, of(row.last), of(row.gone));
    output.document(&json!({
        "snapshot": snapshot_json(&snapshot),
        "path": snapshot_path_json(&query.under),
        "deleted": rows.iter().map(document).collect::<Vec<_>>(),
        "more": has_more,
    }));
    Ok(Ending::Done)
}

/// The words for that there is no row.
fn nothing(matches: &ArgMatches) -> String {
    let options = ["name", "kind", "min-size"].into_iter();
    let given = options.filter_map(|option| {
        let typed = matches.get_raw(option)?.next()?;
        Some(format!("--{option} {}", text::quoted(Path::new(typed))))
    });
    let filters: Vec<String> = given.collect();
    if filters.is_empty() {
        return gettext("Nothing was deleted there.");
    }
    gettext_f("Nothing that was deleted there fits {filters}.", &[("filters", &filters.join(" "))])
}

fn kind(matches: &ArgMatches) -> Option<KindFilter> {
    let asked = matches.get_one::<String>("kind")?;
    KINDS.iter().find(|(name, _)| asked == name).map(|(_, kind)| *kind)
}

/// The folder to look in; all of them if none is named.
fn under(matches: &ArgMatches, history: &History) -> Result<RelPath> {
    let Some(given) = matches.get_one::<PathBuf>("path") else { return Ok(RelPath::root()) };
    find(given, |path| {
        let query = DeletedQuery { under: path.clone(), ..DeletedQuery::default() };
        match history.deleted(&query) {
            Ok(_) => Ok(true),
            Err(EngineError::NeverSeen(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    })
}

/// As many rows as are wanted, and whether there may be more.
fn collect(history: &History, mut query: DeletedQuery) -> Result<(Vec<Deleted>, bool)> {
    let wanted = query.limit;
    let mut rows = Vec::new();
    while rows.len() < wanted {
        query.limit = wanted - rows.len();
        let page = history.deleted(&query)?;
        rows.extend(page.rows);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok((rows, false)),
        }
    }
    Ok((rows, true))
}

fn line(row: &Deleted, last: Option<&SnapshotInfo>) -> String {
    let time = last.map_or_else(|| gettext("unknown time"), |last| text::moment(last.started));
    let (path, size) = (&row.path, text::size(row.bytes));
    let what = match row.entry.kind {
        Kind::Directory => {
            let size = [("size", size.as_str())];
            let below = ngettext_f(
                "{count} entry, {size}",
                "{count} entries, {size}",
                row.entries_below,
                &size,
            );
            format!("{path}/  ({below})")
        }
        Kind::File if !row.entry.absent => format!("{path}  ({size})"),
        _ => path.to_string(),
    };
    format!("{time:>18}  {what}")
}

fn row_json(row: &Deleted, last: Option<&SnapshotInfo>, gone: Option<&SnapshotInfo>) -> Value {
    json!({
        "path": snapshot_path_json(&row.path),
        "entry": entry_json(&row.entry),
        "last": last.map(|snapshot| &snapshot.name),
        "gone": gone.map(|snapshot| &snapshot.name),
        "entries_below": row.entries_below,
        "bytes": row.bytes,
    })
}
