//! `yore usage`: tell what takes the room.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ArgMatches;
use serde_json::json;

use super::Ending;
use super::ls::{find, snapshot_of};
use super::output::{Output, bytes_json, snapshot_json, snapshot_path_json};
use super::past::open_history;
use crate::app::error::Result;
use crate::app::target::{Options, Target};
use crate::app::text;
use crate::engine::history::{History, Presence, SnapshotUsage};
use crate::engine::meta::Kind;
use crate::engine::path::display;
use crate::i18n::{gettext, gettext_f, ngettext_f};

pub fn run(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    let history = open_history(&Target::require(options)?, output)?;
    match matches.get_one::<PathBuf>("path") {
        Some(given) => folder(matches, &history, given, output),
        None => snapshots(&history, output),
    }
}

/// What each snapshot alone holds, the newest first.
fn snapshots(history: &History, output: Output) -> Result<Ending> {
    let rows = history.snapshots()?;
    let usage: BTreeMap<u64, SnapshotUsage> =
        history.usage()?.into_iter().map(|usage| (usage.seq, usage)).collect();
    if rows.is_empty() {
        output.line(gettext("There is no snapshot yet."));
    }
    let (mut list, mut only_files, mut only_bytes) = (Vec::new(), 0_u64, 0_u64);
    for row in rows.iter().rev() {
        let Some(usage) = usage.get(&row.seq) else { continue };
        only_files = only_files.saturating_add(usage.only_files);
        only_bytes = only_bytes.saturating_add(usage.only_bytes);
        let when = text::moment(row.started);
        output.line(format!("{:<22}  {when:>18}  {}", row.name, alone(usage)));
        list.push(json!({
            "snapshot": snapshot_json(row),
            "only_files": usage.only_files,
            "only_bytes": usage.only_bytes,
        }));
    }
    if !list.is_empty() {
        let count = rows.len() as u64;
        let size = text::size(only_bytes);
        output.line(ngettext_f(
            "{count} snapshot, {size} of what it holds alone.",
            "{count} snapshots, {size} in all of what only one of them holds.",
            count,
            &[("size", &size)],
        ));
    }
    output.document(&json!({
        "snapshots": list,
        "totals": { "only_files": only_files, "only_bytes": only_bytes },
    }));
    Ok(Ending::Done)
}

/// What a snapshot alone holds, in words.
pub fn alone(usage: &SnapshotUsage) -> String {
    if usage.only_files == 0 && usage.only_bytes == 0 {
        return gettext("nothing that no other has");
    }
    gettext_f(
        "{size} in {files} that no other has",
        &[
            ("size", &text::size(usage.only_bytes)),
            ("files", &ngettext_f("{count} file", "{count} files", usage.only_files, &[])),
        ],
    )
}

/// What the entries of a folder take, those first that take most; or what a file takes.
fn folder(
    matches: &ArgMatches,
    history: &History,
    given: &std::path::Path,
    output: Output,
) -> Result<Ending> {
    let snapshot = snapshot_of(matches, history, output)?;
    let path = find(given, |path| Ok(history.entry(path, snapshot.seq)?.is_some()))?;
    let usage = history.folder_usage(&path, snapshot.seq)?;
    let (then, ever) = (gettext("then"), gettext("all states"));
    output.line(format!("{then:>10}  {ever:>10}"));
    let (mut list, mut bytes, mut kept_bytes) = (Vec::new(), 0_u64, 0_u64);
    for child in &usage {
        bytes = bytes.saturating_add(child.bytes);
        kept_bytes = kept_bytes.saturating_add(child.kept_bytes);
        let end = if child.kind == Kind::Directory { "/" } else { "" };
        let (now, kept) = (text::size(child.bytes), text::size(child.kept_bytes));
        let (presence, words) = match child.presence {
            Presence::There => ("there", String::new()),
            Presence::Gone => ("gone", gettext("  (gone)")),
            Presence::Later => ("later", gettext("  (came later)")),
        };
        output.line(format!("{now:>10}  {kept:>10}  {}{end}{words}", display(&child.name)));
        list.push(json!({
            "name": bytes_json(&child.name),
            "kind": child.kind,
            "presence": presence,
            "entries": child.entries,
            "bytes": child.bytes,
            "kept_bytes": child.kept_bytes,
        }));
    }
    let (now, kept, all) = (text::size(bytes), text::size(kept_bytes), gettext("in all"));
    output.line(format!("{now:>10}  {kept:>10}  {all}"));
    output.document(&json!({
        "snapshot": snapshot_json(&snapshot),
        "path": snapshot_path_json(&path),
        "entries": list,
        "totals": { "bytes": bytes, "kept_bytes": kept_bytes },
    }));
    Ok(Ending::Done)
}
