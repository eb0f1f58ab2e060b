//! `yore restore`: bring files and folders back, never over what is there unless asked to.

mod before;
mod show;

pub use show::{note_interrupted, restore_json, short_number};

use std::path::PathBuf;

use clap::ArgMatches;
use serde_json::json;

use super::Ending;
use super::ls::{find, snapshot_of};
use super::output::Output;
use super::past::open_history;
use super::watch::watch;
use crate::app::error::Result;
use crate::app::target::{Options, Target};
use crate::app::{text, undo};
use crate::engine::history::{History, SnapshotInfo};
use crate::engine::path::RelPath;
use crate::engine::restore::{
    OnConflict, OwnerChoices, RestoreReport, RestoreRequest, Target as To, Wanted,
};
use crate::i18n::{gettext, gettext_f};

pub fn run(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    let target = Target::require(options)?;
    if matches.get_flag("resume") {
        return resume(target, output);
    }
    note_interrupted(output);
    note_rights(matches, output);
    let history = open_history(&target, output)?;
    let request = request(matches, &history, output)?;
    let (planner, asked) = (target.clone(), request);
    let plan = watch(output, move |monitor| planner.plan_restore(&asked, monitor))?;
    show::plan(&target, &plan, output);
    if matches.get_flag("dry-run") {
        before::announce(matches, &target, &history, &plan, output)?;
        output.document(&json!({ "plan": show::plan_json(&plan) }));
        return Ok(Ending::Done);
    }
    let guard = before::make(matches, &target, &history, &plan, output)?;
    drop(history);
    let carried_out = plan.clone();
    let report = watch(output, move |monitor| target.restore(&carried_out, monitor))?;
    show::report(&report, output);
    output.document(&json!({
        "plan": show::plan_json(&plan),
        "before": guard,
        "report": show::report_json(&report),
    }));
    Ok(ending(&report))
}

/// Goes on with what was interrupted.
fn resume(target: Target, output: Output) -> Result<Ending> {
    let interrupted = undo::resumable()?;
    output.line(gettext_f(
        "Going on with the restore of {when}.",
        &[("when", &text::moment(interrupted.started))],
    ));
    let report = watch(output, move |monitor| target.resume_restore(interrupted.id, monitor))?;
    show::report(&report, output);
    output.document(&json!({ "report": show::report_json(&report) }));
    Ok(ending(&report))
}

fn ending(report: &RestoreReport) -> Ending {
    if report.problems.is_empty() { Ending::Done } else { Ending::Partial }
}

fn request(matches: &ArgMatches, history: &History, output: Output) -> Result<RestoreRequest> {
    let snapshot = snapshot_of(matches, history, output)?;
    let is_newest = !matches.contains_id("at");
    let given = matches.get_many::<PathBuf>("path").into_iter().flatten();
    let wanted = given
        .map(|path| {
            let path = find(path, |path| Ok(history.entry(path, snapshot.seq)?.is_some()))?;
            if !is_newest || history.entry(&path, snapshot.seq)?.is_some() {
                return Ok(Wanted { path, at: snapshot.seq });
            }
            deleted(&path, history, &snapshot, output)
        })
        .collect::<Result<Vec<_>>>()?;
    let on_conflict = match matches.get_one::<String>("on-conflict").map(String::as_str) {
        _ if matches.get_flag("exact") => OnConflict::Exact,
        Some("replace") => OnConflict::Replace,
        Some("skip") => OnConflict::Skip,
        _ => OnConflict::KeepBoth,
    };
    let pairs = |name: &str| -> Vec<(String, String)> {
        matches.get_many::<(String, String)>(name).into_iter().flatten().cloned().collect()
    };
    Ok(RestoreRequest {
        wanted,
        target: match matches.get_one::<PathBuf>("to") {
            Some(folder) => To::Folder(folder.clone()),
            None => To::Original,
        },
        on_conflict,
        privileges: matches.get_flag("privileged"),
        damaged: matches.get_flag("damaged"),
        owners: OwnerChoices { users: pairs("map-user"), groups: pairs("map-group") },
        ..RestoreRequest::default()
    })
}

/// Tells whoever is not root which of the options they have no right to, so that nobody waits for what they promise.
fn note_rights(matches: &ArgMatches, output: Output) {
    if rustix::process::geteuid().is_root() {
        return;
    }
    if matches.get_flag("privileged") {
        output.note(gettext(
            "“--privileged” changes nothing here: only root has such rights to give.",
        ));
    }
    if matches.contains_id("map-user") {
        output.note(gettext("“--map-user” gives no file to another here: only root can do that."));
    }
    if matches.contains_id("map-group") {
        output.note(gettext(
            "“--map-group” gives files only to groups that you are in: only root can do more.",
        ));
    }
}

/// What is in the newest snapshot no more comes from the last that has it, unless a moment was named.
fn deleted(
    path: &RelPath,
    history: &History,
    newest: &SnapshotInfo,
    output: Output,
) -> Result<Wanted> {
    let name = history.last_with(path)?;
    let snapshots = history.snapshots()?;
    let last = snapshots.iter().find(|snapshot| Some(&snapshot.name) == name.as_ref());
    let Some(last) = last else {
        // Says where it is, if anywhere.
        history.existing(path, newest.seq)?;
        return Ok(Wanted { path: path.clone(), at: newest.seq });
    };
    output.note(gettext_f(
        "{path} is in the newest snapshot no more; it comes from {when}.",
        &[("path", &path.to_string()), ("when", &text::moment(last.started))],
    ));
    Ok(Wanted { path: path.clone(), at: last.seq })
}
