//! A restore's plan and what came of it, for people and for programs.

use serde_json::{Value, json};

use crate::app::restoring::{root_command, warning};
use crate::app::target::Target;
use crate::app::undo::{self, kept_until};
use crate::app::{text, words};
use crate::cli::output::{Output, path_json, path_words, snapshot_path_json};
use crate::engine::restore::{
    Action, JournalInfo, JournalState, PlanItem, RestorePlan, RestoreReport, There, Warning,
};
use crate::i18n::{gettext, gettext_f, ngettext_f};

/// Items beyond these are only counted.
const SHOWN_ITEMS: usize = 50;

/// How much of a restore's number is shown.
const SHOWN_NUMBER: usize = 8;

/// Says what is going to be done.
pub fn plan(target: &Target, plan: &RestorePlan, output: Output) {
    for name in plan.snapshots.values() {
        output.line(gettext_f("From the snapshot {name}:", &[("name", name)]));
    }
    for item in plan.items.iter().take(SHOWN_ITEMS) {
        output.line(format!("  {}", item_words(item)));
    }
    let more = plan.items.len().saturating_sub(SHOWN_ITEMS) as u64;
    if more > 0 {
        output.line(ngettext_f("  and {count} more", "  and {count} more", more, &[]));
    }
    if plan.same > 0 {
        output.line(ngettext_f(
            "  {count} entry is there already, the same",
            "  {count} entries are there already, the same",
            plan.same,
            &[],
        ));
    }
    let (entries, bytes) = plan.set_aside();
    if entries > 0 {
        output.line(ngettext_f(
            "{count} entry that is there now, {size}, is kept aside for “yore undo”.",
            "{count} entries that are there now, {size}, are kept aside for “yore undo”.",
            entries,
            &[("size", &text::size(bytes))],
        ));
    }
    for one in &plan.warnings {
        output.note(warning(one));
    }
    if let Some(command) = root_command(target, plan) {
        output.note(gettext_f("Root restores all of it by: {command}", &[("command", &command)]));
    }
}

fn item_words(item: &PlanItem) -> String {
    let path = path_words(&item.target);
    let entries = ngettext_f("{count} entry", "{count} entries", item.entries, &[]);
    let size = text::size(item.bytes);
    let there = item.there.as_ref().map(there_words).unwrap_or_default();
    let words: &[(&str, &str)] =
        &[("path", &path), ("entries", &entries), ("size", &size), ("there", &there)];
    match item.action {
        Action::Create => gettext_f("create {path} ({entries}, {size})", words),
        Action::KeepBoth => gettext_f("keep both, create {path} ({entries}, {size})", words),
        Action::Replace => {
            gettext_f("replace {path} ({entries}, {size}), keeping aside {there}", words)
        }
        Action::Remove => gettext_f("remove {path}, keeping aside {there}", words),
        Action::Adjust => gettext_f("give {path} its former owner, permissions and time", words),
        Action::Skip => gettext_f("skip {path}, where something else is: {there}", words),
        Action::Impossible => gettext_f("can’t restore {path}, nothing is stored of it", words),
        Action::LeaveOut => {
            gettext_f("leave out {path}: devices are restored only by root who asks for it", words)
        }
    }
}

/// What is at a place now.
fn there_words(there: &There) -> String {
    let entries = ngettext_f("{count} entry", "{count} entries", there.entries, &[]);
    let (size, time) = (text::size(there.bytes), text::file_time(there.mtime));
    gettext_f(
        "{entries}, {size}, of {time}",
        &[("entries", &entries), ("size", &size), ("time", &time)],
    )
}

/// Says what was done.
pub fn report(report: &RestoreReport, output: Output) {
    output.line(ngettext_f(
        "{count} entry restored, {size}.",
        "{count} entries restored, {size}.",
        report.entries,
        &[("size", &text::size(report.bytes))],
    ));
    if report.removed > 0 {
        output.line(ngettext_f(
            "{count} item that was not there then was removed.",
            "{count} items that were not there then were removed.",
            report.removed,
            &[],
        ));
    }
    for folder in &report.kept {
        output.line(gettext_f(
            "What was replaced or removed is kept in {path}.",
            &[("path", &path_words(folder))],
        ));
    }
    if !report.id.is_nil() {
        output.line(gettext("“yore undo” takes this back."));
    }
    if !report.problems.is_empty() {
        output.note(ngettext_f(
            "{count} entry could not be restored as it was.",
            "{count} entries could not be restored as they were.",
            report.problems.len() as u64,
            &[],
        ));
        output.note(gettext("Other snapshots may hold a good copy: see “yore versions PATH”."));
    }
}

/// Tells of a restore that was interrupted, so that nobody thinks that it was done.
pub fn note_interrupted(output: Output) {
    let Ok(restore) = undo::interrupted() else { return };
    let (when, path) = (text::moment(restore.started), path_words(&restore.first));
    let number = short_number(&restore);
    let words: &[(&str, &str)] = &[("when", &when), ("path", &path), ("number", &number)];
    output.note(if restore.is_undoing {
        gettext_f(
            "Taking back the restore of {when} to {path}, or doing it again, was interrupted: “yore undo {number}” goes on with it.",
            words,
        )
    } else {
        gettext_f(
            "The restore of {when} to {path} was interrupted: “yore restore --resume” goes on with it, “yore undo {number}” takes it back.",
            words,
        )
    });
}

/// The plan for programs.
pub fn plan_json(plan: &RestorePlan) -> Value {
    json!({
        "snapshots": plan.snapshots.values().collect::<Vec<_>>(),
        "entries": plan.entries,
        "bytes": plan.bytes,
        "same": plan.same,
        "free_bytes": plan.free_bytes,
        "items": plan.items.iter().map(item_json).collect::<Vec<_>>(),
        "warnings": plan.warnings.iter().map(warning_json).collect::<Vec<_>>(),
    })
}

fn item_json(item: &PlanItem) -> Value {
    let there = |there: There| {
        json!({
            "entries": there.entries,
            "bytes": there.bytes,
            "mtime": [there.mtime.sec, i64::from(there.mtime.nsec)],
        })
    };
    json!({
        "path": snapshot_path_json(&item.path),
        "target": path_json(&item.target),
        "action": match item.action {
            Action::Create => "create",
            Action::KeepBoth => "keep-both",
            Action::Replace => "replace",
            Action::Remove => "remove",
            Action::Adjust => "adjust",
            Action::Skip => "skip",
            Action::Impossible => "impossible",
            Action::LeaveOut => "leave-out",
        },
        "entries": item.entries,
        "bytes": item.bytes,
        "there": item.there.map(there),
    })
}

fn warning_json(one: &Warning) -> Value {
    let kind = match one {
        Warning::NoRoom { .. } => "no-room",
        Warning::BecomesOwn { .. } => "becomes-own",
        Warning::UnknownOwners { .. } => "unknown-owners",
        Warning::PrivilegesLeftOff { .. } => "privileges-left-off",
        Warning::DevicesLeftOut { .. } => "devices-left-out",
        Warning::Damaged { .. } => "damaged",
        Warning::DamagedSnapshot { .. } => "damaged-snapshot",
    };
    json!({ "kind": kind, "text": warning(one) })
}

/// What was done, for programs.
pub fn report_json(report: &RestoreReport) -> Value {
    let problem = |(path, reason): &(crate::engine::path::RelPath, _)| {
        json!({
            "path": snapshot_path_json(path),
            "reason": words::explain_reason(reason),
        })
    };
    json!({
        "id": report.id,
        "entries": report.entries,
        "bytes": report.bytes,
        "replaced": report.replaced,
        "removed": report.removed,
        "restored": report.restored.iter().map(|path| path_json(path)).collect::<Vec<_>>(),
        "kept": report.kept.iter().map(|path| path_json(path)).collect::<Vec<_>>(),
        "problems": report.problems.iter().map(problem).collect::<Vec<_>>(),
    })
}

fn state_word(state: JournalState) -> &'static str {
    match state {
        JournalState::Unfinished { is_running: true } => "running",
        JournalState::Unfinished { is_running: false } => "interrupted",
        JournalState::Done => "done",
        JournalState::Undone => "undone",
        JournalState::Discarding => "discarding",
    }
}

/// As much of a restore's number as tells it apart.
pub fn short_number(restore: &JournalInfo) -> String {
    restore.id.to_string().chars().take(SHOWN_NUMBER).collect()
}

/// A restore that is known of, for programs.
pub fn restore_json(restore: &JournalInfo) -> Value {
    json!({
        "id": restore.id,
        "started": restore.started,
        "state": state_word(restore.state),
        "snapshots": restore.snapshots,
        "first": path_json(&restore.first),
        "restored": restore.restored,
        "replaced": restore.replaced,
        "removed": restore.removed,
        "kept_bytes": restore.kept_bytes,
        "kept": restore.kept.iter().map(|path| path_json(path)).collect::<Vec<_>>(),
        "kept_until": kept_until(restore),
    })
}
