//! `yore forget`: delete snapshots that are not wanted any more.

use clap::ArgMatches;
use serde_json::{Value, json};

use super::Ending;
use super::ask::{Enter, ask};
use super::output::{Output, amount_json, snapshot_json, snapshot_path_json};
use super::past::open_history;
use super::prune::{deleted_json, note_stuck};
use super::usage::alone;
use super::watch::watch;
use crate::app::error::{Error, Result};
use crate::app::moment::called;
use crate::app::retention::Doomed;
use crate::app::target::{Options, Target};
use crate::app::text;
use crate::engine::history::OnlyFile;
use crate::engine::path::display;
use crate::engine::prune::PruneReport;
use crate::i18n::{gettext, ngettext_f};

pub fn run(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    let target = Target::require(options)?;
    let snapshots = open_history(&target, output)?.snapshots()?;
    let mut names: Vec<String> = Vec::new();
    for text in matches.get_many::<String>("at").into_iter().flatten() {
        let found = called(text, &snapshots)?;
        let name = &found.ok_or_else(|| Error::NoSuchName(text.clone()))?.name;
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let (asking, asked) = (target.clone(), names.clone());
    let doomed = watch(output, move |monitor| asking.plan_forget(&asked, monitor))?;
    for one in &doomed {
        output.line(preview(one));
        for file in &one.largest {
            output.line(format!("{:>10}  {}", text::size(file.bytes), file.path));
        }
        let shown = one.largest.len() as u64;
        let more = one.usage.map_or(0, |usage| usage.only_files.saturating_sub(shown));
        if more > 0 {
            output.line(ngettext_f(
                "            and {count} smaller one",
                "            and {count} smaller ones",
                more,
                &[],
            ));
        }
    }
    if matches.get_flag("dry-run") {
        output.document(&document(&doomed, None));
        return Ok(Ending::Done);
    }
    if !matches.get_flag("yes") && !agrees(doomed.len() as u64, output)? {
        output.line(gettext("Nothing was deleted."));
        return Ok(Ending::Done);
    }
    let report = watch(output, move |monitor| target.forget(&names, monitor))?;
    output.line(ngettext_f(
        "{count} snapshot was deleted; {size} free now.",
        "{count} snapshots were deleted; {size} free now.",
        report.deleted.len() as u64,
        &[("size", &text::size(report.free.bytes))],
    ));
    note_stuck(&report, output);
    output.document(&document(&doomed, Some(&report)));
    Ok(Ending::Done)
}

/// What goes away with a snapshot.
fn preview(doomed: &Doomed) -> String {
    let snapshot = &doomed.snapshot;
    let holds = match doomed.usage {
        Some(usage) => alone(&usage),
        None => gettext("it is missing on the drive and only ceases to be listed"),
    };
    let when = text::moment(snapshot.started);
    let label = match &snapshot.label {
        Some(label) => format!("  “{}”", display(label.as_bytes())),
        None => String::new(),
    };
    format!("{:<22}  {when:>18}{label}  {holds}", snapshot.name)
}

/// Asks whether they are to be deleted.
///
/// # Errors
/// Nobody can be asked.
fn agrees(count: u64, output: Output) -> Result<bool> {
    let question = ngettext_f(
        "Delete it for good? [y/N] ",
        "Delete these {count} for good? [y/N] ",
        count,
        &[],
    );
    ask(&question, Enter::No, output).ok_or(Error::NobodyAsked)
}

fn only_json(file: &OnlyFile) -> Value {
    json!({ "path": snapshot_path_json(&file.path), "bytes": file.bytes })
}

fn document(doomed: &[Doomed], report: Option<&PruneReport>) -> Value {
    let one = |one: &Doomed| {
        json!({
            "snapshot": snapshot_json(&one.snapshot),
            "only_files": one.usage.map(|usage| usage.only_files),
            "only_bytes": one.usage.map(|usage| usage.only_bytes),
            "largest": one.largest.iter().map(only_json).collect::<Vec<_>>(),
        })
    };
    json!({
        "dry_run": report.is_none(),
        "snapshots": doomed.iter().map(one).collect::<Vec<_>>(),
        "deleted": report.map(deleted_json),
        "stuck": report.map(|report| &report.stuck),
        "free": report.map(|report| amount_json(report.free)),
    })
}
