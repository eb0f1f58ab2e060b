//! `yore ls`: list a folder, or a file, as it was.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use jiff::tz::TimeZone;
use serde_json::json;

use super::Ending;
use super::output::{
    Output, bytes_json, entry_json, entry_line, snapshot_json, snapshot_path_json,
};
use super::past::open_history;
use crate::app::beside::{Beside, compare_with_now};
use crate::app::changes::{code, since};
use crate::app::error::Result;
use crate::app::explain::explain;
use crate::app::moment::{Resolved, resolve};
use crate::app::target::{Options, Target};
use crate::engine::error::Error as EngineError;
use crate::engine::history::{Compared, Entry, History, SnapshotInfo};
use crate::engine::meta::Kind;
use crate::engine::path::{RelPath, display};
use crate::i18n::{gettext, gettext_f};

pub fn run(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    let target = Target::require(options)?;
    let history = open_history(&target, output)?;
    let snapshot = snapshot_of(matches, &history, output)?;
    let given: PathBuf = matches.get_one("path").cloned().unwrap_or_default();
    let path = find(&given, |path| Ok(history.entry(path, snapshot.seq)?.is_some()))?;
    let entry = history.existing(&path, snapshot.seq)?;
    if matches.get_flag("changes") {
        return changes(&target, &history, &snapshot, &path, &entry, output);
    }
    let entries = match entry.kind {
        Kind::Directory => history.list(&path, snapshot.seq)?,
        _ => vec![entry],
    };
    for entry in &entries {
        output.line(entry_line(entry));
    }
    let entries: Vec<_> = entries.iter().map(entry_json).collect();
    output.document(&json!({
        "snapshot": snapshot_json(&snapshot),
        "path": snapshot_path_json(&path),
        "entries": entries,
    }));
    Ok(Ending::Done)
}

/// Lists a folder, or a file, with what is different now.
fn changes(
    target: &Target,
    history: &History,
    snapshot: &SnapshotInfo,
    path: &RelPath,
    entry: &Entry,
    output: Output,
) -> Result<Ending> {
    let folder = match entry.kind {
        Kind::Directory => path.clone(),
        _ => path.parent().unwrap_or_default(),
    };
    let (mut compared, beside) = compare_with_now(target, history, &folder, snapshot.seq)?;
    if entry.kind != Kind::Directory {
        compared.retain(|one| one.name == entry.name);
    }
    let mut entries = Vec::new();
    for one in &compared {
        // What is left out and was not there then is of no interest.
        let is_told = one.entry.is_some() || !one.left_out;
        if !is_told {
            continue;
        }
        let entry = one.entry.as_ref().or(one.other.as_ref());
        let words = changed_words(one);
        let words = if words.is_empty() { words } else { format!("  ({words})") };
        let line = entry.map_or_else(
            || format!("{:>10}  {:>18}  {}", "-", "-", display(&one.name)),
            entry_line,
        );
        output.line(format!("{line}{words}"));
        let mut value = entry.map_or_else(|| json!({ "name": bytes_json(&one.name) }), entry_json);
        value["difference"] = json!(one.difference.map(code));
        value["compared"] = json!(one.is_by_size_and_time().then_some("size-and-time"));
        value["unreadable"] = json!(one.unreadable);
        value["differs_below"] = json!(one.differs_below);
        value["left_out"] = json!(one.left_out);
        entries.push(value);
    }
    output.line(beside_words(&beside));
    let newest = match &beside {
        Beside::Now => None,
        Beside::NoSource(newest) | Beside::OutOfReach(newest, _) => Some(newest),
    };
    output.document(&json!({
        "snapshot": snapshot_json(snapshot),
        "path": snapshot_path_json(path),
        "compared_with": newest.map_or_else(|| json!("now"), snapshot_json),
        "entries": entries,
    }));
    Ok(Ending::Done)
}

fn changed_words(compared: &Compared) -> String {
    let mut words: Vec<String> = compared.difference.map(since).into_iter().collect();
    if compared.may_be_same() {
        words = vec![gettext("changed since, or only its time")];
    }
    if compared.unreadable {
        words.push(gettext("can’t be read now"));
    }
    if compared.left_out {
        words.push(gettext("left out of backups now"));
    }
    let is_both = compared.entry.is_some() && compared.other.is_some();
    if compared.differs_below && is_both {
        words.push(gettext("changed inside"));
    }
    words.join("; ")
}

fn beside_words(beside: &Beside) -> String {
    match beside {
        Beside::Now => {
            gettext("Compared with what is there now; folders’ insides, with the newest snapshot.")
        }
        Beside::NoSource(newest) => gettext_f(
            "Compared with the newest snapshot, {snapshot}: the folder is in none of those that are backed up.",
            &[("snapshot", &newest.name)],
        ),
        Beside::OutOfReach(newest, error) => gettext_f(
            "Compared with the newest snapshot, {snapshot}, as the folder can’t be read now: {reason}",
            &[("snapshot", &newest.name), ("reason", &explain(error).what)],
        ),
    }
}

/// The snapshot that `--at` means, the newest without it; says which time was taken if that isn't plain.
pub fn snapshot_of(
    matches: &ArgMatches,
    history: &History,
    output: Output,
) -> Result<SnapshotInfo> {
    snapshot_named(matches.get_one::<String>("at").map(String::as_str), history, output)
}

/// As [`snapshot_of`], of what was typed elsewhere.
pub fn snapshot_named(
    text: Option<&str>,
    history: &History,
    output: Output,
) -> Result<SnapshotInfo> {
    let Resolved { snapshot, clock_change } =
        resolve(text, &history.snapshots()?, &TimeZone::system())?;
    if let Some(change) = clock_change {
        output.note(gettext_f(
            "The clock was changed around {typed}; {taken} was taken.",
            &[("typed", &change.typed), ("taken", &change.taken)],
        ));
    }
    Ok(snapshot)
}

/// The path that a person means: as it was typed, or with links in it resolved as they are now.
pub fn find(given: &Path, known: impl Fn(&RelPath) -> Result<bool>) -> Result<RelPath> {
    let absolute = std::path::absolute(given).map_err(|source| EngineError::Io {
        action: "find",
        path: given.to_owned(),
        source,
    })?;
    let typed = RelPath::from_absolute(&absolute).map_err(EngineError::from)?;
    if known(&typed)? {
        return Ok(typed);
    }
    for existing in absolute.ancestors() {
        if let (Ok(canonical), Ok(rest)) =
            (existing.canonicalize(), absolute.strip_prefix(existing))
            && let Ok(resolved) = RelPath::from_absolute(&canonical.join(rest))
        {
            return Ok(if known(&resolved)? { resolved } else { typed });
        }
    }
    Ok(typed)
}
