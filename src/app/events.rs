//! What happened while an operation ran, in words, the same in every face.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::words::explain_reason;
use crate::engine::monitor::Event;
use crate::engine::path::display;
use crate::i18n::{gettext, gettext_f, ngettext_f};

/// An event in words.
pub fn describe(event: &Event) -> String {
    let shown = |path: &Path| display(path.as_os_str().as_bytes());
    match event {
        Event::Problem { path, reason } => {
            let reason = explain_reason(reason);
            gettext_f("{path}: {reason}", &[("path", &path.to_string()), ("reason", &reason)])
        }
        Event::OtherFileSystem { path } => gettext_f(
            "{path} is on another file system, or mounted there once more, and was left out; add it as a folder of its own to back it up.",
            &[("path", &shown(path))],
        ),
        Event::SourceInMemory { path } => gettext_f(
            "{path} lies in memory: a change that a program makes through a memory map can’t always be seen there.",
            &[("path", &shown(path))],
        ),
        Event::MountLoop { path } => gettext_f(
            "{path} shows a folder that it lies in, through a mount, and was left out.",
            &[("path", &shown(path))],
        ),
        Event::RepositoryInside { path } => {
            gettext_f("{path} holds backups and was left out.", &[("path", &shown(path))])
        }
        Event::ReplacedKept { path } => {
            gettext_f("What was replaced until then is kept in {path}.", &[("path", &shown(path))])
        }
        Event::StoredFileChanged { path } => gettext_f(
            "The stored copy of {path} was changed on the drive; it was copied again.",
            &[("path", &path.to_string())],
        ),
        Event::IndexRebuilt { reason } => {
            gettext_f("The index is being made again: {reason}.", &[("reason", reason)])
        }
        Event::IndexSalvaged { reason } => gettext_f(
            "The index was made again from this computer’s copy: {reason}.",
            &[("reason", reason)],
        ),
        Event::SnapshotRecovered { name } => {
            gettext_f("The snapshot {name} was taken into the index.", &[("name", name)])
        }
        Event::SnapshotMissing { name } => {
            gettext_f("The snapshot {name} is not on the drive any more.", &[("name", name)])
        }
        Event::SnapshotDamaged { name, reason } => gettext_f(
            "The snapshot {name} is damaged: {reason}. Its files can still be copied by hand.",
            &[("name", name), ("reason", reason)],
        ),
        Event::Resumed { name } => gettext_f(
            "The interrupted backup {name} goes on: what it copied is checked and kept.",
            &[("name", name)],
        ),
        Event::ReadersAwaited
        | Event::WriterAwaited { .. }
        | Event::StageRemoved { .. }
        | Event::ThinningFailed { .. }
        | Event::SnapshotDeleted { .. }
        | Event::DeletionFinished { .. }
        | Event::DeletionStuck { .. }
        | Event::AdoptionFinished
        | Event::JournalForged
        | Event::MendingFinished
        | Event::MendingRefused
        | Event::MendingWaits
        | Event::MendingStuck { .. }
        | Event::DamageSetAside
        | Event::DamageNotNoted { .. }
        | Event::TakenElsewhere { .. }
        | Event::PrivilegesLeftOff { .. } => describe_finished(event),
    }
}

/// What became of what an interrupted run left, of deletions, adoptions and mendings.
fn describe_finished(event: &Event) -> String {
    match event {
        Event::StageRemoved { name } => gettext_f(
            "The unfinished snapshot {name} of an interrupted run was removed.",
            &[("name", name)],
        ),
        Event::ReadersAwaited => {
            gettext("Someone is just reading from the drive; deleting begins when that is done.")
        }
        Event::WriterAwaited { holder } => gettext_f(
            "Another Yore is just writing ({holder}); mending begins when that is done.",
            &[("holder", holder)],
        ),
        Event::ThinningFailed { reason } => gettext_f(
            "The backup is complete, but old snapshots were not deleted yet; the next backup tries again. {reason}",
            &[("reason", reason)],
        ),
        Event::SnapshotDeleted { name } => {
            gettext_f("The snapshot {name} was deleted.", &[("name", name)])
        }
        Event::DeletionFinished { name } => {
            gettext_f("The deletion of the snapshot {name} was finished.", &[("name", name)])
        }
        Event::DeletionStuck { name, reason } => gettext_f(
            "The deletion of the snapshot {name} could not be finished: {reason}. Look into the folder “trash” on the drive.",
            &[("name", name), ("reason", reason)],
        ),
        Event::AdoptionFinished => {
            gettext("The repository was being handed to another user; that was finished.")
        }
        Event::JournalForged => gettext(
            "The repository’s journal held a note of a handover that root did not write; it was not believed and was removed.",
        ),
        Event::PrivilegesLeftOff { count, first } => ngettext_f(
            "{count} stored program did not get its special rights (setuid, setgid or capabilities) back, since others could have used them: {path}",
            "{count} stored programs did not get their special rights (setuid, setgid or capabilities) back, since others could have used them; one is {path}",
            *count,
            &[("path", &display(first.as_bytes()))],
        ),
        _ => describe_mending(event),
    }
}

/// What became of damaged files.
fn describe_mending(event: &Event) -> String {
    match event {
        Event::MendingFinished => gettext(
            "Damaged files were just being mended when that was interrupted; it was finished.",
        ),
        Event::MendingRefused => gettext(
            "The repository’s journal held a note of a mending that Yore did not write; it was not believed and was removed.",
        ),
        Event::MendingWaits => gettext(
            "Someone is just reading from the drive; mending waits for whoever reads, but not for long.",
        ),
        Event::MendingStuck { reason } => gettext_f(
            "Damaged files were just being mended when that was interrupted, and it could not be finished now: {reason}",
            &[("reason", reason)],
        ),
        Event::DamageSetAside => gettext(
            "The list of damaged files on the drive could not be read and was moved aside, to damage.jsonl.old; “yore verify” makes it again.",
        ),
        Event::DamageNotNoted { count } => ngettext_f(
            "{count} damaged file could not be noted on the drive, for want of room.",
            "{count} damaged files could not be noted on the drive, for want of room.",
            *count,
            &[],
        ),
        Event::TakenElsewhere { count, first } => ngettext_f(
            "{count} file was taken from another stored copy, since its own is damaged or lost: {path}. Run “yore verify”, which mends what it can.",
            "{count} files were taken from other stored copies, since their own are damaged or lost, such as {path}. Run “yore verify”, which mends what it can.",
            *count,
            &[("path", &first.to_string())],
        ),
        _ => String::new(),
    }
}
