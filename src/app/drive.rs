//! The words for what can be wrong with a drive.

use std::path::Path;

use super::error::Away;
use super::explain::{Explanation, shown};
use super::text;
use super::words::ability;
use crate::engine::backup::NoRoom;
use crate::engine::error::{Error as EngineError, Room};
use crate::engine::path::display;
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

/// What concerns the drive, its room and its file system.
pub(super) fn explain_drive(error: &EngineError) -> Option<Explanation> {
    match error {
        EngineError::DriveFull { path, room, missing } => Some(explain_full(path, *room, *missing)),
        EngineError::NoRoom(refusal) => Some(explain_no_room(refusal)),
        EngineError::RoomShort(path) => Some(explain_full(path, Room::Bytes, 0)),
        _ => explain_state(error),
    }
}

/// Whether it is there and can hold backups.
fn explain_state(error: &EngineError) -> Option<Explanation> {
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
        EngineError::DriveRefused { path, kind } => Explanation::new(
            gettext_f(
                "{path} is on {kind}, which can’t hold backups.",
                &[("path", &at(path)), ("kind", kind)],
            ),
            use_another(),
        ),
        EngineError::DriveLacks { path, lacks } => Explanation::new(
            gettext_f(
                "The file system at {path} can’t hold backups; it lacks: {abilities}.",
                &[
                    ("path", &at(path)),
                    ("abilities", &lacks.iter().map(ability).collect::<Vec<_>>().join(", ")),
                ],
            ),
            use_another(),
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

fn use_another() -> String {
    gettext("Use a drive with ext4, XFS or btrfs. Formatting a drive erases everything on it.")
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
            gettext("Ask whoever looks after the drive for more."),
        ),
    };
    Explanation::new(what, advice)
}

/// Why a drive can't take a backup, and what would help.
fn explain_no_room(refusal: &NoRoom) -> Explanation {
    let NoRoom { path, missing, .. } = refusal;
    let is_of_inodes = missing.bytes == 0 && missing.inodes > 0;
    let (room, lacks) =
        if is_of_inodes { (Room::Inodes, missing.inodes) } else { (Room::Bytes, missing.bytes) };
    let full = explain_full(path, room, lacks);
    let what = if refusal.is_held_by_others() { held_by_others(refusal) } else { full.what };
    let advice = if !refusal.deleted.is_empty() {
        gettext(
            "What your rules let go was deleted, and that is not enough. Make more room on it or use a larger drive.",
        )
    } else if let Some(source) =
        refusal.missing_source.as_ref().filter(|_| refusal.is_held_by_history())
    {
        gettext_f(
            "Older snapshots could make room, but nothing is deleted while the folder {source} is missing: bring it back first.",
            &[("source", &shown(source))],
        )
    } else if refusal.is_held_by_others() {
        gettext_f(
            "About {size} more are needed for your backup: make room, or use a larger drive. All snapshots that were there are untouched.",
            &[("size", &text::size(missing.bytes))],
        )
    } else if refusal.is_held_by_history() {
        gettext_f(
            "Snapshots that your rules keep hold {size}: loosen the rules, unpin or delete some of them, or use a larger drive. All snapshots that were there are untouched.",
            &[("size", &text::size(refusal.history.bytes))],
        )
    } else if is_of_inodes {
        return Explanation { what, advice: full.advice };
    } else {
        gettext_f(
            "Make room on it or use a larger drive, of at least {size}. All snapshots that were there are untouched.",
            &[("size", &text::size(refusal.enough_bytes()))],
        )
    };
    Explanation::new(what, advice)
}

fn held_by_others(refusal: &NoRoom) -> String {
    let place = shown(&refusal.path);
    let sizes = [text::size(refusal.others_bytes), text::size(refusal.total_bytes)];
    let [others, total] = &sizes;
    let names: Vec<String> = refusal.others.iter().map(|name| display(name)).collect();
    if names.is_empty() {
        return gettext_f(
            "The drive at {path} is full because of other files: about {others} of {total} are not from your backups.",
            &[("path", &place), ("others", others), ("total", total)],
        );
    }
    gettext_f(
        "The drive at {path} is full because of other people’s backups ({names}) or other files: about {others} of {total} are not yours.",
        &[("path", &place), ("names", &names.join(", ")), ("others", others), ("total", total)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::retention::Amount;

    const GB: u64 = 1_000_000_000;

    /// A drive of 100 GB, 1 GB of which is free, where 3 GB more are needed.
    fn refusal() -> NoRoom {
        NoRoom {
            path: "/d".into(),
            needed: Amount::of_bytes(4 * GB),
            free: Amount::of_bytes(GB),
            freeable: Amount::default(),
            missing: Amount::of_bytes(3 * GB),
            history: Amount::default(),
            total_bytes: 100 * GB,
            own_bytes: 2 * GB,
            others_bytes: GB,
            others: Vec::new(),
            missing_source: None,
            deleted: Vec::new(),
        }
    }

    #[track_caller]
    fn says(refusal: NoRoom, words: &[&str]) {
        let text = explain_no_room(&refusal).text();
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    }

    #[test]
    fn whoever_holds_the_room_is_named() {
        says(refusal(), &["is full: about 3 GB more", "at least 103 GB", "untouched"]);
        let history = Amount::of_bytes(50 * GB);
        says(NoRoom { history, ..refusal() }, &["keep hold 50 GB", "unpin"]);
        let others = NoRoom { others_bytes: 60 * GB, ..refusal() };
        says(others.clone(), &["other files: about 60 GB of 100 GB", "About 3 GB more"]);
        let named = NoRoom { others: vec![b"bob@desktop\n".to_vec()], ..others.clone() };
        says(named, &["other people’s backups (bob@desktop", "are not yours"]);
        let history = Amount::of_bytes(70 * GB);
        says(NoRoom { history, own_bytes: 80 * GB, ..others }, &["keep hold 70 GB"]);
    }

    #[test]
    fn what_stands_in_the_way_of_deleting_is_said() {
        let missing = NoRoom {
            history: Amount::of_bytes(50 * GB),
            missing_source: Some("/home/ann".into()),
            ..refusal()
        };
        says(missing, &["while the folder /home/ann is missing"]);
        let deleted = NoRoom { deleted: vec!["one".to_owned()], ..refusal() };
        assert!(!explain_no_room(&deleted).text().contains("untouched"));
        let lacks = Amount { bytes: 0, inodes: 12 };
        says(NoRoom { missing: lacks, ..refusal() }, &["12 more are needed", "inodes"]);
    }
}
