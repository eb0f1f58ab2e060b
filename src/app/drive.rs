//! The words for what can be wrong with a drive.

use std::path::Path;

use super::error::Away;
use super::explain::{Explanation, shown};
use super::text;
use super::words::ability;
use crate::engine::error::{Error as EngineError, Room};
use crate::i18n::{gettext, gettext_f, ngettext_f};

/// That it isn't attached.
pub(super) fn explain_away(away: &Away) -> Explanation {
    Explanation::new(
        match away.last_seen {
            Some(moment) => gettext_f(
                "The drive “{drive}” is away (last backup: {when}).",
                &[("drive", &shown(away.drive())), ("when", &text::moment(moment))],
            ),
            None => gettext_f("The drive “{drive}” is away.", &[("drive", &shown(away.drive()))]),
        },
        if away.is_replaced {
            gettext_f(
                "Another repository is at {path}: attach the drive that was set up, or run “yore setup” to use this one.",
                &[("path", &shown(&away.path))],
            )
        } else {
            gettext_f(
                "Attach and mount it: the repository was at {path}.",
                &[("path", &shown(&away.path))],
            )
        },
    )
}

/// What concerns the drive and its file system.
pub(super) fn explain_drive(error: &EngineError) -> Option<Explanation> {
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
