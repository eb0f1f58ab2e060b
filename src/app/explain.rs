//! The words for an error: what happened to which path, and what to do next.

use std::path::Path;

use super::error::Error;
use super::owners::{explain_owner, explain_wish};
use super::text;
use super::words::{ability, bad_rule, target_problem};
use crate::engine::error::{Error as EngineError, Room};
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
    explain_wish(error).unwrap_or_else(|| explain_other(error))
}

fn explain_other(error: &Error) -> Explanation {
    match error {
        Error::Engine(error) => explain_engine(error),
        Error::DriveAway(away) => Explanation::new(
            match away.last_seen {
                Some(moment) => gettext_f(
                    "The drive “{drive}” is away (last backup: {when}).",
                    &[("drive", &shown(away.drive())), ("when", &text::moment(moment))],
                ),
                None => {
                    gettext_f("The drive “{drive}” is away.", &[("drive", &shown(away.drive()))])
                }
            },
            gettext_f(
                "Attach and mount it: the repository was at {path}.",
                &[("path", &shown(&away.path))],
            ),
        ),
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

fn explain_engine(error: &EngineError) -> Explanation {
    explain_drive(error)
        .or_else(|| explain_owner(error))
        .or_else(|| explain_repository(error))
        .unwrap_or_else(|| explain_rest(error))
}

/// What concerns the drive and its file system.
fn explain_drive(error: &EngineError) -> Option<Explanation> {
    let at = |path: &Path| shown(path);
    Some(match error {
        EngineError::DriveMissing(path) => Explanation::new(
            gettext_f("The drive is not there: nothing is at {path}.", &[("path", &at(path))]),
            gettext("Attach and mount it, and try again. Nothing was written."),
        ),
        EngineError::DriveNotFolder(path) => Explanation::new(
            gettext_f("{path} is not a folder.", &[("path", &at(path))]),
            gettext("Name the folder where the drive is mounted."),
        ),
        EngineError::DriveReadOnly(path) => Explanation::new(
            gettext_f("The drive at {path} can only be read.", &[("path", &at(path))]),
            gettext(
                "Check its switch and its health, and mount it with write access. What is on it can be restored as it is.",
            ),
        ),
        EngineError::DriveNotWritable(path) => Explanation::new(
            gettext_f("You may not write to the drive at {path}.", &[("path", &at(path))]),
            gettext_f(
                "Make a folder for backups on it with this command: sudo install -d -m 1777 {folder}",
                &[("folder", &text::quoted(&path.join(crate::engine::repository::YORE_DIR)))],
            ),
        ),
        EngineError::DriveFull { path, room, missing } => explain_full(path, *room, *missing),
        EngineError::DriveRefused { path, kind } => Explanation::new(
            gettext_f(
                "{path} is on {kind}, which can’t hold backups.",
                &[("path", &at(path)), ("kind", kind)],
            ),
            gettext(
                "Use a drive with ext4, XFS or btrfs. Formatting a drive erases everything on it.",
            ),
        ),
        EngineError::DriveLacks { path, lacks } => Explanation::new(
            gettext_f(
                "The file system at {path} can’t hold backups; it lacks: {abilities}.",
                &[
                    ("path", &at(path)),
                    ("abilities", &lacks.iter().map(ability).collect::<Vec<_>>().join(", ")),
                ],
            ),
            gettext(
                "Use a drive with ext4, XFS or btrfs. Formatting a drive erases everything on it.",
            ),
        ),
        EngineError::DriveInsideSource { path, source_path } => Explanation::new(
            gettext_f(
                "The drive folder {path} lies inside the folder {source} that is to be backed up.",
                &[("path", &at(path)), ("source", &at(source_path))],
            ),
            gettext("Choose a folder on another drive."),
        ),
        EngineError::SourceInside { path, outer } => Explanation::new(
            gettext_f(
                "The folder {path} lies inside {outer}.",
                &[("path", &at(path)), ("outer", &at(outer))],
            ),
            gettext("Choose only the outer one, or folders beside each other."),
        ),
        EngineError::SourceUnreadable { path, source } => Explanation::new(
            gettext_f(
                "The folder {path} can’t be read: {reason}.",
                &[("path", &at(path)), ("reason", &source.to_string())],
            ),
            gettext("Check that it is there and that you may read it."),
        ),
        _ => return None,
    })
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

fn explain_rest(error: &EngineError) -> Explanation {
    let path_of = |path: &RelPath| path.to_string();
    match error {
        EngineError::Cancelled => Explanation { what: gettext("Stopped."), advice: None },
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
        EngineError::BadLabel => Explanation::new(
            gettext("The label can’t be taken."),
            ngettext_f(
                "A label is one line of at most {count} character.",
                "A label is one line of at most {count} characters.",
                LABEL_LIMIT_CHARS as u64,
                &[],
            ),
        ),
        EngineError::NotInSnapshot { path, snapshot } => Explanation::new(
            gettext_f(
                "{path} is not in the snapshot {snapshot}.",
                &[("path", &path_of(path)), ("snapshot", snapshot)],
            ),
            gettext("“yore versions PATH” tells when it was there."),
        ),
        EngineError::SnapshotMissing(snapshot) => Explanation::new(
            gettext_f(
                "The snapshot {snapshot} is missing on the drive.",
                &[("snapshot", snapshot)],
            ),
            gettext("“yore versions PATH” tells which other snapshots have it."),
        ),
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

fn explain_full(path: &Path, room: Room, missing: u64) -> Explanation {
    let place = shown(path);
    let (what, advice) = match room {
        Room::Bytes if missing > 0 => (
            gettext_f(
                "The drive at {path} is full: about {size} more are needed.",
                &[("path", &place), ("size", &text::size(missing))],
            ),
            gettext(
                "Make room on it or use a larger drive. All snapshots that were there are untouched.",
            ),
        ),
        Room::Bytes => (
            gettext_f("The drive at {path} is full.", &[("path", &place)]),
            gettext(
                "Make room on it or use a larger drive. All snapshots that were there are untouched.",
            ),
        ),
        Room::Inodes if missing > 0 => (
            ngettext_f(
                "The file system at {path} can’t hold more files: {count} more is needed.",
                "The file system at {path} can’t hold more files: {count} more are needed.",
                missing,
                &[("path", &place)],
            ),
            gettext(
                "Its number of inodes was fixed when it was made. Use another drive or format it anew with more.",
            ),
        ),
        Room::Inodes => (
            gettext_f("The file system at {path} can’t hold more files.", &[("path", &place)]),
            gettext(
                "Its number of inodes was fixed when it was made. Use another drive or format it anew with more.",
            ),
        ),
        Room::Quota => (
            gettext_f("Your quota on the drive at {path} is used up.", &[("path", &place)]),
            gettext(
                "Ask whoever looks after the drive for more. All snapshots that were there are untouched.",
            ),
        ),
    };
    Explanation::new(what, advice)
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
