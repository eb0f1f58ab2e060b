//! `yore undo`: take a restore back.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use clap::ArgMatches;
use serde_json::{Value, json};

use super::Ending;
use super::output::{Output, path_json};
use super::restore::restore_json;
use super::watch::watch;
use crate::app::error::Result;
use crate::app::text;
use crate::app::undo::{discard, find, kept_until, problem_words, restores, undo};
use crate::engine::path::display;
use crate::engine::restore::{JournalInfo, JournalState, UndoProblem, UndoReport};
use crate::i18n::{gettext, gettext_f, ngettext_f};

/// How much of a number is shown: enough to tell restores apart.
const SHOWN_NUMBER: usize = 8;

pub fn run(matches: &ArgMatches, output: Output) -> Result<Ending> {
    if matches.get_flag("list") {
        return list(output);
    }
    let restore = find(matches.get_one::<String>("restore").map(String::as_str))?;
    if matches.get_flag("discard") {
        discard(restore.id)?;
        output.line(gettext_f(
            "{size} are free again; the restore of {when} can’t be undone any more.",
            &[("size", &text::size(restore.kept_bytes)), ("when", &text::moment(restore.started))],
        ));
        output.document(&json!({ "discarded": restore_json(&restore) }));
        return Ok(Ending::Done);
    }
    let when = text::moment(restore.started);
    let words: &[(&str, &str)] = &[("when", &when)];
    output.line(match restore.state {
        JournalState::Undone => gettext_f("Doing the restore of {when} again.", words),
        _ => gettext_f("Taking back the restore of {when}.", words),
    });
    let id = restore.id;
    let report = watch(output, move |monitor| undo(id, monitor))?;
    show(&report, output);
    output.document(&json!({ "restore": restore_json(&restore), "report": report_json(&report) }));
    Ok(if report.problems.is_empty() { Ending::Done } else { Ending::Partial })
}

fn list(output: Output) -> Result<Ending> {
    let restores = restores()?;
    for restore in &restores {
        output.line(line(restore));
    }
    if restores.is_empty() {
        output.line(gettext("There is no restore to undo."));
    }
    let restores: Vec<Value> = restores.iter().map(restore_json).collect();
    output.document(&json!({ "restores": restores }));
    Ok(Ending::Done)
}

fn line(restore: &JournalInfo) -> String {
    let number = restore.id.to_string();
    let when = text::moment(restore.started);
    let state = match restore.state {
        JournalState::Unfinished { is_running: true } => gettext("at work"),
        JournalState::Unfinished { is_running: false } => {
            gettext("interrupted: “yore restore --resume” goes on")
        }
        JournalState::Done => gettext_f(
            "kept until {when}: {size}",
            &[
                ("when", &text::moment(kept_until(restore))),
                ("size", &text::size(restore.kept_bytes)),
            ],
        ),
        JournalState::Undone => gettext("undone"),
    };
    let place = shown(&restore.first);
    format!("{}  {when}  {place}  {state}", number.get(..SHOWN_NUMBER).unwrap_or(&number))
}

fn show(report: &UndoReport, output: Output) {
    output.line(ngettext_f(
        "{count} item is back in its place.",
        "{count} items are back in their place.",
        report.put_back,
        &[],
    ));
    if report.taken_away > 0 {
        output.line(ngettext_f(
            "{count} restored item was taken away again.",
            "{count} restored items were taken away again.",
            report.taken_away,
            &[],
        ));
    }
    for (path, problem) in &report.problems {
        output.note(problem_words(path, problem));
    }
}

fn shown(path: &Path) -> String {
    display(path.as_os_str().as_bytes())
}

fn report_json(report: &UndoReport) -> Value {
    let problem = |(path, problem): &(std::path::PathBuf, UndoProblem)| json!({ "path": path_json(path), "reason": problem_words(path, problem) });
    json!({
        "put_back": report.put_back,
        "taken_away": report.taken_away,
        "problems": report.problems.iter().map(problem).collect::<Vec<_>>(),
    })
}
