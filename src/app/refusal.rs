//! The words for what is not deleted, and why: nobody agreed to it, it isn't known, or it is never deleted.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::explain::{Explanation, shown};
use super::text;
use crate::engine::error::Error as EngineError;
use crate::engine::path::display;
use crate::i18n::{gettext, gettext_f, ngettext_f};

/// The words for an error that concerns what is to be deleted.
pub(super) fn explain_deletion(error: &Error) -> Option<Explanation> {
    Some(match error {
        Error::NoRulesAgreed { config } => Explanation::new(
            gettext("Nothing was deleted: no rules were agreed to."),
            agree_advice(config.as_ref()),
        ),
        Error::BeyondDrive { total_bytes } => Explanation::new(
            gettext_f(
                "So much can’t become free: the whole drive has {size}.",
                &[("size", &text::size(*total_bytes))],
            ),
            gettext("Ask for less. Nothing was deleted."),
        ),
        Error::NoSuchName(name) => Explanation::new(
            gettext_f("No snapshot is called “{name}”.", &[("name", &display(name.as_bytes()))]),
            gettext("“yore snapshots” lists them."),
        ),
        Error::StillFull { path, deleted } => Explanation::new(
            ngettext_f(
                "The drive at {path} is still full after {count} snapshot was deleted.",
                "The drive at {path} is still full after {count} snapshots were deleted.",
                *deleted,
                &[("path", &shown(path))],
            ),
            gettext("Make more room on it or use a larger drive."),
        ),
        Error::NobodyAsked => Explanation::new(
            gettext("Nobody can be asked here whether that is to be deleted for good."),
            gettext("Say --yes to delete it, or --dry-run to see only what it holds."),
        ),
        Error::DeletionStopped => Explanation::new(
            gettext("Stopped."),
            gettext(
                "What was begun is finished the next time that Yore writes to the drive; “yore snapshots” shows what is left.",
            ),
        ),
        _ => return None,
    })
}

/// How a person agrees to rules.
fn agree_advice(config: Option<&PathBuf>) -> String {
    match config {
        Some(path) => gettext_f(
            "Write the table [retention] into the configuration {path}, or say --keep.",
            &[("path", &shown(path))],
        ),
        None => gettext("Say with --keep what is to be kept."),
    }
}

/// The words for what is never deleted.
pub(super) fn explain_refusal(error: &EngineError) -> Option<Explanation> {
    Some(match error {
        EngineError::NewestGood(name) => Explanation::new(
            gettext_f(
                "The snapshot {name} is the newest good one, which is never deleted.",
                &[("name", name)],
            ),
            gettext("Make another one first, with “yore backup”. Nothing was deleted."),
        ),
        EngineError::SnapshotPinned(name) => Explanation::new(
            gettext_f("The snapshot {name} is pinned.", &[("name", name)]),
            gettext_f(
                "If it may go nevertheless, run “yore unpin {name}” first. Nothing was deleted.",
                &[("name", name)],
            ),
        ),
        EngineError::SourceMissing(path) => Explanation::new(source_missing(path), source_advice()),
        _ => return None,
    })
}

/// That a folder is missing, and what follows from that.
pub fn source_missing(path: &Path) -> String {
    gettext_f(
        "{path} is missing or was emptied, so nothing is deleted: what is stored may be all there is of it.",
        &[("path", &shown(path))],
    )
}

/// What to do about a folder that is missing.
pub fn source_advice() -> String {
    gettext(
        "Mount it or bring it back and make a backup; if it was emptied on purpose, run “yore backup --accept-empty”, and if it is gone for good, “yore setup” without it.",
    )
}
