//! The words for an error: what happened to which path, and what to do next.

use std::path::Path;

use super::drive::{explain_away, explain_drive};
use super::error::Error;
use super::missing::{explain_in_neither, explain_not_in};
use super::owners::{explain_owner, explain_wish};
use super::refusal::{explain_deletion, explain_refusal};
use super::words::{bad_rule, target_problem};
use crate::engine::error::Error as EngineError;
use crate::engine::path::{RelPath, display};
use crate::engine::pin::LABEL_LIMIT_CHARS;
use crate::i18n::{gettext, gettext_f, ngettext_f};

/// Words for a person, translated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What happened to which path.
    pub what: String,
    /// What to do about it.
    pub advice: Option<String>,
}

impl Explanation {
    pub(super) fn new(what: String, advice: String) -> Self {
        Self { what, advice: Some(advice) }
    }

    /// Both in one text.
    pub fn text(&self) -> String {
        match &self.advice {
            Some(advice) => format!("{} {advice}", self.what),
            None => self.what.clone(),
        }
    }
}

pub(super) fn shown(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    display(path.as_os_str().as_bytes())
}

/// The words for an error.
pub fn explain(error: &Error) -> Explanation {
    explain_wish(error)
        .or_else(|| explain_deletion(error))
        .or_else(|| super::undo::explain(error))
        .unwrap_or_else(|| explain_other(error))
}

fn explain_other(error: &Error) -> Explanation {
    match error {
        Error::Engine(error) => explain_engine(error),
        Error::DriveAway(away) => explain_away(away),
        Error::BadConfig { path, line, column, message } => Explanation::new(
            gettext_f(
                "The configuration {path} can’t be understood at line {line}, column {column}: {message}.",
                &[
                    ("path", &shown(path)),
                    ("line", &line.to_string()),
                    ("column", &column.to_string()),
                    ("message", message.trim_end_matches('.')),
                ],
            ),
            gettext(
                "Correct it in a text editor, or move it away and set Yore up again. It was not changed.",
            ),
        ),
        Error::BadRule(bad) => Explanation::new(
            bad_rule(bad),
            gettext("Patterns are those of .gitignore, such as “*.tmp” or “/home/ann/big”."),
        ),
        Error::ConfigFile { path, source } => Explanation::new(
            gettext_f(
                "The configuration {path} can’t be read or written: {reason}.",
                &[("path", &shown(path)), ("reason", &source.to_string())],
            ),
            gettext("Check the permissions of the file and of its folder."),
        ),
        Error::NotSetUp(path) => Explanation::new(
            gettext_f("Yore is not set up yet: there is no {path}.", &[("path", &shown(path))]),
            gettext(
                "Run “yore setup --drive DIR --source PATH”, or name a repository with --repository.",
            ),
        ),
        Error::NoSources => Explanation::new(
            gettext("No folders to back up are configured."),
            gettext("Run “yore setup --drive DIR --source PATH” first."),
        ),
        Error::EmptyRange(least, most) => explain_range(least, most),
        Error::BrokenDown => Explanation::new(
            gettext("Yore made a mistake of its own and gave up."),
            gettext(
                "Nothing that was backed up is lost. Please report what you did, and try again.",
            ),
        ),
        Error::Demo(reason) => Explanation {
            what: gettext_f("The demonstration failed: {reason}.", &[("reason", reason)]),
            advice: None,
        },
        other => Explanation { what: other.to_string(), advice: None },
    }
}

fn explain_range(least: &str, most: &str) -> Explanation {
    Explanation::new(
        gettext_f(
            "--{least} is beyond --{most}, so nothing can be meant.",
            &[("least", least), ("most", most)],
        ),
        gettext("Exchange them, or leave one out."),
    )
}

fn explain_engine(error: &EngineError) -> Explanation {
    explain_drive(error)
        .or_else(|| explain_owner(error))
        .or_else(|| explain_repository(error))
        .or_else(|| explain_refusal(error))
        .or_else(|| explain_snapshot(error))
        .unwrap_or_else(|| explain_rest(error))
}

/// What concerns the repository on the drive.
fn explain_repository(error: &EngineError) -> Option<Explanation> {
    Some(match error {
        EngineError::NotRepository(path) => Explanation::new(
            gettext_f("There is no Yore repository in {path}.", &[("path", &shown(path))]),
            gettext("Is the right drive mounted there? Nothing was written."),
        ),
        EngineError::OtherRepository { path, .. } => Explanation::new(
            gettext_f(
                "{path} holds another repository than the one that was set up.",
                &[("path", &shown(path))],
            ),
            gettext(
                "Attach the right drive, or run “yore setup” for this one. Nothing was written.",
            ),
        ),
        EngineError::NewerFormat { path, format, .. } => Explanation::new(
            gettext_f(
                "The repository {path} was made by a newer Yore (format {format}).",
                &[("path", &shown(path)), ("format", &format.to_string())],
            ),
            gettext("Update Yore. Nothing was changed, and the files can still be copied by hand."),
        ),
        EngineError::UnknownFeature { path, feature } => Explanation::new(
            gettext_f(
                "The repository {path} uses “{feature}”, which this Yore doesn’t know.",
                &[("path", &shown(path)), ("feature", &display(feature.as_bytes()))],
            ),
            gettext("Update Yore. Nothing was changed, and the files can still be copied by hand."),
        ),
        EngineError::Damaged { path, reason } => Explanation::new(
            gettext_f(
                "{path} is damaged: {reason}.",
                &[("path", &shown(path)), ("reason", reason)],
            ),
            gettext(
                "The snapshots beside it are plain folders and can still be copied by hand. Check the drive.",
            ),
        ),
        EngineError::Locked { path, holder } => Explanation::new(
            gettext_f(
                "Another Yore is writing to {path}: {holder}.",
                &[("path", &shown(path)), ("holder", holder)],
            ),
            gettext("Wait until it is done, or stop it."),
        ),
        EngineError::CopyDamaged(path) => Explanation::new(
            gettext_f(
                "What this computer knows of the drive is damaged: {path}.",
                &[("path", &shown(path))],
            ),
            gettext("Attach the drive: its past is all there, and the copy is made again from it."),
        ),
        EngineError::Index { path, source } => Explanation::new(
            gettext_f(
                "The index {path} failed: {reason}.",
                &[("path", &shown(path)), ("reason", &source.to_string())],
            ),
            gettext("Run “yore rebuild” to make it again from the snapshots."),
        ),
        _ => return None,
    })
}

/// Which snapshot is meant, and whether it is there.
fn explain_snapshot(error: &EngineError) -> Option<Explanation> {
    Some(match error {
        EngineError::NoSnapshots => Explanation::new(
            gettext("There is no snapshot yet."),
            gettext("Run “yore backup” to make the first one."),
        ),
        EngineError::NoSuchSnapshot(text) => Explanation::new(
            gettext_f("No snapshot matches “{text}”.", &[("text", &display(text.as_bytes()))]),
            gettext("“yore snapshots” lists them; a time must not be before the oldest."),
        ),
        EngineError::AmbiguousSnapshot { text, names } => Explanation::new(
            gettext_f(
                "“{text}” could be more than one snapshot.",
                &[("text", &display(text.as_bytes()))],
            ),
            gettext_f("Say more of the name: {names}.", &[("names", &names.join(", "))]),
        ),
        EngineError::SnapshotMissing(snapshot) => Explanation::new(
            gettext_f(
                "The snapshot {snapshot} is missing on the drive.",
                &[("snapshot", snapshot)],
            ),
            gettext("“yore versions PATH” tells which other snapshots have it."),
        ),
        _ => return None,
    })
}

fn explain_rest(error: &EngineError) -> Explanation {
    let path_of = |path: &RelPath| path.to_string();
    match error {
        EngineError::Cancelled => Explanation { what: gettext("Stopped."), advice: None },
        EngineError::RestoreKept(cause) => explain_kept(cause),
        EngineError::RestoreHalfDone(cause) => Explanation::new(
            explain_engine(cause).what,
            gettext(
                "Some of it is in its place: “yore restore --resume” goes on, “yore undo” takes back what was moved.",
            ),
        ),
        EngineError::BadLabel => Explanation::new(
            gettext("The label can’t be taken."),
            ngettext_f(
                "A label is one line of at most {count} character.",
                "A label is one line of at most {count} characters.",
                LABEL_LIMIT_CHARS as u64,
                &[],
            ),
        ),
        EngineError::NotInSnapshot { path, snapshot, last } => {
            explain_not_in(path, snapshot, last.as_deref())
        }
        EngineError::NotInEither { path, earlier, later, last } => {
            explain_in_neither(path, (earlier, later), last.as_deref())
        }
        EngineError::NotFile(path) => {
            let path = path_of(path);
            let what = gettext_f("{path} is no file with a stored content.", &[("path", &path)]);
            Explanation { what, advice: None }
        }
        EngineError::NoSuchContent(path) => no_such_content(path),
        EngineError::NeverSeen(path) => Explanation::new(
            gettext_f("{path} is in no snapshot.", &[("path", &path_of(path))]),
            gettext("Check the spelling, and that it lies in a folder that is backed up."),
        ),
        EngineError::BadTarget { path, reason } => Explanation::new(
            gettext_f(
                "Can’t restore to {path}: {reason}.",
                &[("path", &shown(path)), ("reason", &target_problem(*reason))],
            ),
            gettext("Choose another folder. Nothing that was there has been changed."),
        ),
        EngineError::Io { action, path, source } => Explanation {
            what: gettext_f(
                "Could not {action} {path}: {reason}.",
                &[("action", action), ("path", &shown(path)), ("reason", &source.to_string())],
            ),
            advice: None,
        },
        other => Explanation { what: other.to_string(), advice: None },
    }
}

/// A restore that can be gone on with.
fn explain_kept(cause: &EngineError) -> Explanation {
    Explanation::new(
        explain_engine(cause).what,
        gettext(
            "What was copied is kept, and nothing was changed: “yore restore --resume” goes on, “yore undo” gives it up.",
        ),
    )
}

fn no_such_content(path: &RelPath) -> Explanation {
    Explanation::new(
        gettext_f("No version of {path} has that content.", &[("path", &path.to_string())]),
        gettext("“yore --json versions PATH” shows the hashes that there are, as “blake3”."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::error::Room;

    #[test]
    fn a_drive_that_only_root_may_write_to_gets_one_command() {
        let error = EngineError::DriveNotWritable("/media/ann/My Disk".into());
        let text = explain(&error.into()).text();
        assert!(text.contains("sudo install -d -m 1777 '/media/ann/My Disk/Yore'"), "{text}");
    }

    #[test]
    fn a_full_drive_says_what_is_missing() {
        let full = |room, missing| {
            explain(&EngineError::DriveFull { path: "/d".into(), room, missing }.into()).text()
        };
        assert!(full(Room::Bytes, 1_500_000).contains("1.5 MB more"));
        assert!(full(Room::Inodes, 1).contains("1 more is needed"));
        assert!(full(Room::Quota, 0).contains("quota"));
    }

    #[test]
    fn names_in_messages_cannot_forge_lines() {
        let error = EngineError::NotRepository("/media/evil\nAll is well".into());
        assert!(!explain(&error.into()).text().contains('\n'));
    }
}
