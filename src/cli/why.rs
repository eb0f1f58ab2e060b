//! `yore why`: tell whether a path is backed up, and if not, which rule leaves it out.

use std::path::PathBuf;

use clap::ArgMatches;
use serde_json::{Value, json};

use super::Ending;
use super::missing::Past;
use super::output::{Output, path_json, snapshot_path_json};
use super::past::open_history;
use crate::app::error::Result;
use crate::app::target::{Options, Target};
use crate::app::why::{Answer, Fate, why};
use crate::app::words;
use crate::engine::rules::Why;
use crate::i18n::{gettext, gettext_f};

pub fn run(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    let target = Target::require(options)?;
    let given: PathBuf = matches.get_one("path").cloned().unwrap_or_default();
    if matches.contains_id("at") {
        let history = open_history(&target, output)?;
        let past = Past::ask(matches, &given, &history, output)?;
        past.tell(output);
        output.document(&past.document());
        return Ok(Ending::Done);
    }
    let answer = why(&target, &given)?;
    let past = past(&target, matches, &answer, output)?;
    // That it would be read is no comfort where it couldn't be.
    if answer.fate != Fate::In || !past.as_ref().is_some_and(Past::is_unread) {
        output.line(sentence(&answer));
    }
    if let Some(advice) = advice(&answer) {
        output.line(advice);
    }
    if let Some(note) = note(&answer) {
        output.note(note);
    }
    if let Some(past) = &past {
        past.tell(output);
    }
    output.document(&document(&answer, past.as_ref()));
    Ok(Ending::Done)
}

/// What the newest snapshot says that isn't plain from what is there now; `None` if there is none, or the drive isn't there.
fn past(
    target: &Target,
    matches: &ArgMatches,
    answer: &Answer,
    output: Output,
) -> Result<Option<Past>> {
    if answer.exists && !answer.fate.is_kept() {
        return Ok(None);
    }
    let history = match open_history(target, output) {
        Err(error) if error.is_drive_away() => {
            output.note(gettext(
                "The drive is away, and this computer has no copy of its index: earlier snapshots could not be asked.",
            ));
            return Ok(None);
        }
        history => history?,
    };
    if history.snapshots()?.is_empty() {
        return Ok(None);
    }
    let past = Past::ask(matches, &answer.path.to_absolute(), &history, output)?;
    Ok(Some(past).filter(|past| !answer.exists || past.is_unread()))
}

fn note(answer: &Answer) -> Option<String> {
    (!answer.exists)
        .then(|| gettext("Nothing is there now; what its size or kind would change is not known."))
}

fn sentence(answer: &Answer) -> String {
    let path = answer.path.to_string();
    match &answer.fate {
        Fate::In if !answer.exists => gettext_f("{path} would be backed up.", &[("path", &path)]),
        Fate::In => gettext_f("{path} is backed up.", &[("path", &path)]),
        Fate::OnTheWay(why) => gettext_f(
            "Of {path} only what is included by its own path is backed up: {rule}.",
            &[("path", &path), ("rule", &words::rule(why))],
        ),
        Fate::Out { why, at } if *at == answer.path => gettext_f(
            "{path} is left out: {rule}.",
            &[("path", &path), ("rule", &words::rule(why))],
        ),
        Fate::Out { why, at } => gettext_f(
            "{path} is left out with {folder}: {rule}.",
            &[("path", &path), ("folder", &at.to_string()), ("rule", &words::rule(why))],
        ),
        Fate::OtherFileSystem { at } if *at == answer.path => gettext_f(
            "{path} is on another file system than the folder that is backed up: what is in it is left out.",
            &[("path", &path)],
        ),
        Fate::OtherFileSystem { at } => gettext_f(
            "{path} is left out: {folder} is on another file system than the folder that is backed up.",
            &[("path", &path), ("folder", &at.to_string())],
        ),
        Fate::MountLoop { at } => gettext_f(
            "{path} is left out: {folder} is a folder that it lies in, seen again through a mount.",
            &[("path", &path), ("folder", &at.to_string())],
        ),
        Fate::SharedMemory { database } => gettext_f(
            "{path} is left out: the programs that use the database {database} share it in memory, and make it anew.",
            &[("path", &path), ("database", &database.to_string())],
        ),
        Fate::Repository => gettext_f(
            "{path} belongs to the backups themselves, which are never backed up.",
            &[("path", &path)],
        ),
        Fate::NoSource => gettext_f(
            "{path} is not backed up: it is in none of the folders that are.",
            &[("path", &path)],
        ),
    }
}

/// What a person can do to have the path backed up.
fn advice(answer: &Answer) -> Option<String> {
    match &answer.fate {
        Fate::Out { why: Why::RestoreFolder | Why::OwnFolder, .. }
        | Fate::In
        | Fate::OnTheWay(_)
        | Fate::MountLoop { .. }
        | Fate::SharedMemory { .. }
        | Fate::Repository => None,
        Fate::Out { why: Why::NoBackup(_), .. } => Some(gettext(
            "To back it up, remove that file, or add the path to “include” in the configuration.",
        )),
        Fate::Out { .. } => Some(gettext(
            "To back it up, add the path to “include” in the configuration, or change the rule there.",
        )),
        Fate::OtherFileSystem { .. } | Fate::NoSource => Some(gettext(
            "To back it up, run “yore setup” again and name it as a source, beside those that there are.",
        )),
    }
}

fn document(answer: &Answer, past: Option<&Past>) -> Value {
    let is_unread = past.is_some_and(Past::is_unread);
    let (outcome, rule, at) = match &answer.fate {
        Fate::In => ("in", None, None),
        Fate::OnTheWay(why) => ("on-the-way", Some(why), Some(&answer.path)),
        Fate::Out { why, at } => ("out", Some(why), Some(at)),
        Fate::OtherFileSystem { at } => ("other-file-system", None, Some(at)),
        Fate::MountLoop { at } => ("mount-loop", None, Some(at)),
        Fate::SharedMemory { database } => ("shared-memory", None, Some(database)),
        Fate::Repository => ("repository", None, None),
        Fate::NoSource => ("no-source", None, None),
    };
    json!({
        "path": snapshot_path_json(&answer.path),
        "exists": answer.exists,
        "backed_up": answer.exists && answer.fate.is_kept() && !is_unread,
        "outcome": outcome,
        "source": answer.source.as_deref().map(path_json),
        "at": at.map(snapshot_path_json),
        "rule": rule.map(rule_json),
        "note": note(answer),
        "past": past.map(Past::document),
    })
}

pub(super) fn rule_json(why: &Why) -> Value {
    match why {
        Why::Preset(preset) => json!({ "kind": "preset", "preset": preset.name() }),
        Why::Pattern(text) => json!({ "kind": "pattern", "pattern": text }),
        Why::Path(path) => json!({ "kind": "path", "path": snapshot_path_json(path) }),
        Why::LargerThan(bytes) => json!({ "kind": "size", "largest_bytes": bytes }),
        Why::CacheTag(folder) => {
            json!({ "kind": "cachedir-tag", "folder": snapshot_path_json(folder) })
        }
        Why::NoBackup(folder) => {
            json!({ "kind": "nobackup", "folder": snapshot_path_json(folder) })
        }
        Why::RestoreFolder => json!({ "kind": "restore-folder" }),
        Why::OwnFolder => json!({ "kind": "own-folder" }),
    }
}
