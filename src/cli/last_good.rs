//! `yore versions --last-good` and `--check`: find out when a file went bad.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgMatches;
use serde_json::{Value, json};

use super::Ending;
use super::output::{Output, entry_json, snapshot_path_json};
use super::watch::watch;
use crate::app::check::Checker;
use crate::app::error::Result;
use crate::app::missing::{moment, moments, restore_advice};
use crate::engine::history::{History, LastGood, SnapshotInfo, Version};
use crate::engine::meta::ContentHash;
use crate::engine::path::RelPath;
use crate::i18n::{gettext, gettext_f, ngettext_f};

/// Whether one of the options was given.
pub fn is_asked(matches: &ArgMatches) -> bool {
    matches.contains_id("last-good") || matches.contains_id("check")
}

pub fn run(
    matches: &ArgMatches,
    history: History,
    path: &RelPath,
    output: Output,
) -> Result<Ending> {
    let (history, found) = match matches.get_one::<ContentHash>("last-good") {
        Some(hash) => {
            let found = history.last_good_by_hash(path, *hash)?;
            (history, found)
        }
        None => {
            let program = matches.get_one::<PathBuf>("check").cloned().unwrap_or_default();
            let arguments: Vec<OsString> =
                matches.get_many("arguments").into_iter().flatten().cloned().collect();
            let path = path.clone();
            watch(output, move |monitor| {
                let checker = Checker::new(&history, &program, &arguments, monitor);
                let found = history.last_good(&path, &|version| checker.check(version))?;
                Ok((history, found))
            })?
        }
    };
    let snapshots = history.snapshots()?;
    let of = |seq: u64| snapshots.iter().find(|snapshot| snapshot.seq == seq);
    output.line(sentence(&found, path, &snapshots));
    if found.looked_at > 0 {
        output.line(looked_at(&found));
    }
    if let Some(good) = &found.good {
        output.line(restore_advice(good.newest_good(&snapshots), &good.path));
    }
    output.document(&json!({
        "path": snapshot_path_json(path),
        "good": found.good.as_ref().map(|version| version_json(version, &of)),
        "bad": found.bad.as_ref().map(|version| version_json(version, &of)),
        "looked_at": found.looked_at,
        "contents": found.contents,
        "assumed": found.is_assumed,
    }));
    Ok(Ending::Done)
}

/// How much was looked at, and what is only assumed.
fn looked_at(found: &LastGood) -> String {
    let looked_at = ngettext_f(
        "Of {contents} different contents {count} was looked at.",
        "Of {contents} different contents {count} were looked at.",
        found.looked_at as u64,
        &[("contents", &found.contents.to_string())],
    );
    if !found.is_assumed {
        return looked_at;
    }
    let assumed = gettext("It is assumed that once it was bad it stayed bad.");
    format!("{looked_at} {assumed}")
}

fn sentence(found: &LastGood, path: &RelPath, snapshots: &[SnapshotInfo]) -> String {
    let asked = path.to_string();
    match (&found.good, &found.bad) {
        (Some(good), Some(bad)) => {
            let times = moments(good.last, bad.first, snapshots);
            gettext_f(
                "{path} was last good in the snapshot of {good}, and is not since that of {bad}.",
                &[("path", &asked), ("good", &times.0), ("bad", &times.1)],
            )
        }
        (Some(good), None) => gettext_f(
            "{path} was good in the snapshot of {good}, the last with it.",
            &[("path", &asked), ("good", &moment(good.last, snapshots))],
        ),
        (None, _) => gettext_f("No version of {path} is good.", &[("path", &asked)]),
    }
}

fn version_json<'a>(version: &Version, of: &dyn Fn(u64) -> Option<&'a SnapshotInfo>) -> Value {
    json!({
        "path": snapshot_path_json(&version.path),
        "entry": entry_json(&version.entry),
        "first": of(version.first).map(|snapshot| &snapshot.name),
        "last": of(version.last).map(|snapshot| &snapshot.name),
    })
}
