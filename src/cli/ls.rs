//! `yore ls`: list a folder, or a file, as it was.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use jiff::tz::TimeZone;
use serde_json::json;

use super::Ending;
use super::output::{Output, entry_json, entry_line, snapshot_json, snapshot_path_json};
use super::past::open_history;
use crate::app::error::Result;
use crate::app::moment::{Resolved, resolve};
use crate::app::target::{Options, Target};
use crate::engine::error::Error as EngineError;
use crate::engine::history::{History, SnapshotInfo};
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;
use crate::i18n::gettext_f;

pub fn run(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    let history = open_history(&Target::require(options)?, output)?;
    let snapshot = snapshot_of(matches, &history, output)?;
    let given: PathBuf = matches.get_one("path").cloned().unwrap_or_default();
    let path = find(&given, |path| Ok(history.entry(path, snapshot.seq)?.is_some()))?;
    let entry = history.entry(&path, snapshot.seq)?.ok_or_else(|| EngineError::NotInSnapshot {
        path: path.clone(),
        snapshot: snapshot.name.clone(),
    })?;
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

/// The snapshot that `--at` means, the newest without it; says which time was taken if that isn't plain.
pub fn snapshot_of(
    matches: &ArgMatches,
    history: &History,
    output: Output,
) -> Result<SnapshotInfo> {
    snapshot_named(matches.get_one::<String>("at"), history, output)
}

/// As [`snapshot_of`], of any text.
pub fn snapshot_named(
    text: Option<&String>,
    history: &History,
    output: Output,
) -> Result<SnapshotInfo> {
    let text = text.map(String::as_str);
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
