//! `yore restore`: bring files and folders back, never over what is there unless asked to.

use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use clap::ArgMatches;
use serde_json::{Value, json};

use super::Ending;
use super::ls::{find, snapshot_of};
use super::output::{Output, path_json, snapshot_path_json};
use super::past::open_history;
use super::watch::watch;
use crate::app::error::Result;
use crate::app::target::{Options, Target};
use crate::app::text;
use crate::engine::history::SnapshotState;
use crate::engine::path::display;
use crate::engine::restore::{
    Action, OnConflict, PlanItem, RestorePlan, RestoreReport, RestoreRequest, Target as To,
};
use crate::i18n::{gettext, gettext_f, ngettext_f};

/// Items beyond these are only counted.
const SHOWN_ITEMS: usize = 50;

pub fn run(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    let target = Target::require(options)?;
    let request = request(matches, &target, output)?;
    let planner = target.clone();
    let plan = watch(output, move |monitor| planner.plan_restore(&request, monitor))?;
    show_plan(&plan, output);
    if matches.get_flag("dry-run") {
        output.document(&json!({ "plan": plan_json(&plan) }));
        return Ok(Ending::Done);
    }
    let carried_out = plan.clone();
    let report = watch(output, move |monitor| target.restore(&carried_out, monitor))?;
    show_report(&report, output);
    output.document(&json!({ "plan": plan_json(&plan), "report": report_json(&report) }));
    Ok(if report.problems.is_empty() { Ending::Done } else { Ending::Partial })
}

fn request(matches: &ArgMatches, target: &Target, output: Output) -> Result<RestoreRequest> {
    let history = open_history(target, output)?;
    let snapshot = snapshot_of(matches, &history, output)?;
    if snapshot.state == SnapshotState::Damaged {
        output.note(gettext_f(
            "The snapshot {name} is damaged: what comes back may be incomplete, and owners, permissions or times may be wrong.",
            &[("name", &snapshot.name)],
        ));
    }
    let given = matches.get_many::<PathBuf>("path").into_iter().flatten();
    let paths = given
        .map(|path| find(path, |path| Ok(history.entry(path, snapshot.seq)?.is_some())))
        .collect::<Result<Vec<_>>>()?;
    Ok(RestoreRequest {
        target: match matches.get_one::<PathBuf>("to") {
            Some(folder) => To::Folder(folder.clone()),
            None => To::Original,
        },
        privileges: matches.get_flag("privileged"),
        on_conflict: match matches.get_one::<String>("on-conflict").map(String::as_str) {
            Some("replace") => OnConflict::Replace,
            Some("skip") => OnConflict::Skip,
            _ => OnConflict::KeepBoth,
        },
        ..RestoreRequest::of(snapshot.seq, paths)
    })
}

fn action_words(item: &PlanItem) -> String {
    let path = display(item.target.as_os_str().as_bytes());
    let path: &[(&str, &str)] = &[("path", &path)];
    match item.action {
        Action::Create => gettext_f("create {path}", path),
        Action::KeepBoth => gettext_f("keep both, create {path}", path),
        Action::Replace => gettext_f("replace {path}, keeping the present one aside", path),
        Action::Skip => gettext_f("skip {path}, something else is there", path),
        Action::Remove => gettext_f("remove {path}, keeping it aside", path),
        Action::Adjust => gettext_f("give {path} its former permissions and time", path),
        Action::Impossible => gettext_f("can’t restore {path}, nothing is stored of it", path),
    }
}

fn show_plan(plan: &RestorePlan, output: Output) {
    for name in plan.snapshots.values() {
        output.line(gettext_f("From the snapshot {name}:", &[("name", name)]));
    }
    let telling = &plan.items;
    for item in telling.iter().take(SHOWN_ITEMS) {
        let entries = ngettext_f("{count} entry", "{count} entries", item.entries, &[]);
        output.line(format!("  {} ({entries}, {})", action_words(item), text::size(item.bytes)));
    }
    if telling.len() > SHOWN_ITEMS {
        let more = (telling.len() - SHOWN_ITEMS) as u64;
        output.line(ngettext_f("  and {count} more", "  and {count} more", more, &[]));
    }
    let same = plan.same;
    if same > 0 {
        output.line(ngettext_f(
            "  {count} entry is there already, the same",
            "  {count} entries are there already, the same",
            same,
            &[],
        ));
    }
    if plan.free_bytes.is_some_and(|free| free < plan.bytes) {
        output.note(gettext_f(
            "This needs {size}, which is more than there is room for.",
            &[("size", &text::size(plan.bytes))],
        ));
    }
}

fn show_report(report: &RestoreReport, output: Output) {
    output.line(ngettext_f(
        "{count} entry restored, {size}.",
        "{count} entries restored, {size}.",
        report.entries,
        &[("size", &text::size(report.bytes))],
    ));
    for folder in &report.kept {
        let path = display(folder.as_os_str().as_bytes());
        output.line(gettext_f("What was replaced is kept in {path}.", &[("path", &path)]));
    }
    if !report.problems.is_empty() {
        output.note(ngettext_f(
            "{count} entry could not be restored.",
            "{count} entries could not be restored.",
            report.problems.len() as u64,
            &[],
        ));
        output.note(gettext("Other snapshots may hold a good copy: see “yore versions PATH”."));
    }
}

fn plan_json(plan: &RestorePlan) -> Value {
    let items: Vec<Value> = plan
        .items
        .iter()
        .map(|item| {
            json!({
                "path": snapshot_path_json(&item.path),
                "target": path_json(&item.target),
                "action": match item.action {
                    Action::Create => "create",
                    Action::KeepBoth => "keep-both",
                    Action::Replace => "replace",
                    Action::Skip => "skip",
                    Action::Remove => "remove",
                    Action::Adjust => "adjust",
                    Action::Impossible => "impossible",
                },
                "entries": item.entries,
                "bytes": item.bytes,
            })
        })
        .collect();
    json!({
        "snapshots": plan.snapshots.values().collect::<Vec<_>>(),
        "entries": plan.entries,
        "bytes": plan.bytes,
        "items": items,
    })
}

fn report_json(report: &RestoreReport) -> Value {
    let problems: Vec<Value> = report
        .problems
        .iter()
        .map(|(path, reason)| json!({ "path": snapshot_path_json(path), "reason": reason.to_string() }))
        .collect();
    json!({
        "entries": report.entries,
        "bytes": report.bytes,
        "restored": report.restored.iter().map(|path| path_json(path)).collect::<Vec<_>>(),
        "kept": report.kept.iter().map(|path| path_json(path)).collect::<Vec<_>>(),
        "problems": problems,
    })
}
