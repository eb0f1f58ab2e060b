//! `yore undo`: take a restore back.

use clap::ArgMatches;
use serde_json::{Value, json};

use super::Ending;
use super::ask::{Enter, ask};
use super::output::{Output, path_json, path_words};
use super::restore::{restore_json, short_number};
use super::watch::watch;
use crate::app::error::{Error, Result};
use crate::app::text;
use crate::app::undo::{abandon, discard, find, kept_until, problem_words, restores, undo};
use crate::engine::restore::{JournalInfo, JournalState, UndoProblem, UndoReport};
use crate::i18n::{gettext, gettext_f, ngettext_f};

pub fn run(matches: &ArgMatches, output: Output) -> Result<Ending> {
    if matches.get_flag("list") {
        return list(output);
    }
    let restore = find(matches.get_one::<String>("restore").map(String::as_str))?;
    if matches.get_flag("discard") {
        return give_up(matches, &restore, output);
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

/// Gives up what a restore set aside.
fn give_up(matches: &ArgMatches, restore: &JournalInfo, output: Output) -> Result<Ending> {
    let (size, when) = (text::size(restore.kept_bytes), text::moment(restore.started));
    let words: &[(&str, &str)] = &[("size", &size), ("when", &when)];
    if restore.is_half_done {
        if !matches.get_flag("yes") && !agrees(&when, output)? {
            output.line(gettext("Nothing was given up."));
            return Ok(Ending::Done);
        }
        abandon(restore.id)?;
        output.line(gettext_f("The restore of {when} stays as far as it came.", words));
    } else {
        discard(restore.id)?;
        output.line(gettext_f(
            "{size} are free again; the restore of {when} can’t be undone any more.",
            words,
        ));
    }
    output.document(&json!({ "discarded": restore_json(restore) }));
    Ok(Ending::Done)
}

/// Asks whether half a restore is to stay as it is.
///
/// # Errors
/// Nobody can be asked.
fn agrees(when: &str, output: Output) -> Result<bool> {
    let question = gettext_f(
        "The restore of {when} was interrupted half-way. It stays so, and what it set aside is deleted for good. Give it up? [y/N] ",
        &[("when", when)],
    );
    ask(&question, Enter::No, output).ok_or(Error::HalfDone)
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
    let when = text::moment(restore.started);
    let state = match restore.state {
        JournalState::Unfinished { is_running: true } => gettext("at work"),
        JournalState::Unfinished { is_running: false } if restore.is_undoing => {
            gettext("interrupted: “yore undo” goes on with it")
        }
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
        JournalState::Discarding => gettext("being given up"),
    };
    let path = path_words(&restore.first);
    let more = restore.restored.saturating_add(restore.removed).saturating_sub(1);
    let places = match more {
        0 => path,
        more => ngettext_f(
            "{path} and {count} more",
            "{path} and {count} more",
            more,
            &[("path", &path)],
        ),
    };
    format!("{}  {when}  {places}  {state}", short_number(restore))
}

fn show(report: &UndoReport, output: Output) {
    if report.put_back > 0 {
        output.line(ngettext_f(
            "{count} item is back in its place.",
            "{count} items are back in their place.",
            report.put_back,
            &[],
        ));
    } else if report.taken_away == 0 {
        output.line(if report.problems.is_empty() {
            gettext("There was nothing to put back.")
        } else {
            gettext("Nothing was put back.")
        });
    }
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

fn report_json(report: &UndoReport) -> Value {
    let problem = |(path, problem): &(std::path::PathBuf, UndoProblem)| json!({ "path": path_json(path), "reason": problem_words(path, problem) });
    json!({
        "put_back": report.put_back,
        "taken_away": report.taken_away,
        "problems": report.problems.iter().map(problem).collect::<Vec<_>>(),
    })
}
