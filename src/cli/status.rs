//! `yore status`: tell whether everything is well.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Ending;
use super::output::{
    Output, path_json, path_words, snapshot_json, snapshot_path_json, sources_json,
};
use super::restore::restore_json;
use super::setup::show_retention;
use crate::app::error::Result;
use crate::app::last_verify::{LastVerify, OpenFault};
use crate::app::refusal::{source_advice, source_missing};
use crate::app::status::{Health, Status, status};
use crate::app::target::{Options, Target};
use crate::app::text;
use crate::app::undo::kept_until;
use crate::app::unread::{Settled, Unread};
use crate::engine::path::RelPath;
use crate::engine::restore::JournalState;
use crate::engine::retention::LONGEST_REACH_DAYS;
use crate::i18n::{gettext, gettext_f, ngettext_f};

pub fn run(options: &Options, output: Output) -> Result<Ending> {
    let target = Target::require(options)?;
    // A configuration that names the wrong place should say so, not look like a drive that is away.
    if options.repository.is_some() {
        target.open()?;
    }
    let status = status(&target);
    output.line(headline(&status));
    if let Some(explanation) = &status.unreachable {
        output.line(explanation.text());
        if status.newest.is_some() {
            output.line(gettext("What follows is what this computer knows of it."));
        }
    }
    let repository = target.repository_path.display().to_string();
    output.line(gettext_f("Repository: {path}", &[("path", &repository)]));
    if let Some(newest) = &status.newest {
        let when = text::moment(newest.started);
        let ago = text::ago(newest.started, Timestamp::now());
        output
            .line(gettext_f("Newest snapshot: {when} ({ago})", &[("when", &when), ("ago", &ago)]));
        if let Some(same) = newest.same_at {
            let when = text::moment(same);
            output.line(gettext_f("Nothing had changed at {when}.", &[("when", &when)]));
        }
    }
    if let Some(oldest) = &status.oldest {
        output.line(ngettext_f(
            "{count} snapshot, the oldest of {when}",
            "{count} snapshots, the oldest of {when}",
            status.snapshots,
            &[("when", &text::moment(oldest.started))],
        ));
    }
    if let (Some(free), Some(total)) = (status.free_bytes, status.total_bytes) {
        let (free, total) = (text::size(free), text::size(total));
        output.line(gettext_f("{free} free of {total}", &[("free", &free), ("total", &total)]));
    }
    show_outlook(&target, &status, output);
    show_problems(&status, output);
    show_checks(&status, output);
    show_damage(&status, output);
    show_restores(&status, output);
    for source in &target.sources {
        let path = source.path.display().to_string();
        output.line(gettext_f("Folder: {path}", &[("path", &path)]));
    }
    output.document(&document(&target, &status));
    // As of `yore verify`: a script that only asks for the status should hear of it, too.
    Ok(if matches!(status.health, Health::Damaged(_)) { Ending::Partial } else { Ending::Done })
}

/// What is kept, what would go now, and how far back the drive reaches.
fn show_outlook(target: &Target, status: &Status, output: Output) {
    show_retention(target, output);
    if let Some(path) = &status.missing_source {
        output.line(source_missing(path));
        output.line(source_advice());
    }
    let Some(outlook) = &status.outlook else { return };
    if outlook.droppable > 0 {
        output.line(ngettext_f(
            "{count} snapshot is not kept by them any more; “yore prune” deletes it.",
            "{count} snapshots are not kept by them any more; “yore prune” deletes them.",
            outlook.droppable,
            &[],
        ));
    }
    if let Some(days) = outlook.reach_days {
        output.line(reach(days, outlook.fills_up));
    }
}

/// How long the room lasts.
fn reach(days: u32, fills_up: bool) -> String {
    let time = text::days(days);
    let words: &[(&str, &str)] = &[("time", &time)];
    match (days, fills_up) {
        (0, _) => gettext(
            "At this pace the drive is full: rules that keep less, “yore forget” or a larger drive would help.",
        ),
        (LONGEST_REACH_DAYS, true) => {
            gettext("At this pace the drive will not be full in a lifetime.")
        }
        (LONGEST_REACH_DAYS, false) => {
            gettext("At this pace the drive reaches back more than a lifetime.")
        }
        (_, true) => gettext_f("At this pace the drive will be full in about {time}.", words),
        (_, false) => gettext_f("At this pace the drive reaches back about {time}.", words),
    }
}

/// Paths beyond these are only counted.
const SHOWN_PROBLEMS: usize = 10;

fn show_problems(status: &Status, output: Output) {
    for Unread { problem, settled } in status.problems.iter().take(SHOWN_PROBLEMS) {
        let path =
            RelPath::decode(&problem.path).map_or_else(|bad| bad.to_string(), |p| p.to_string());
        let words: &[(&str, &str)] = &[("path", &path)];
        output.line(match settled {
            None => gettext_f("Not read: {path}", words),
            Some(Settled::Known) => gettext_f("Not read, as you know: {path}", words),
            Some(Settled::LeftOut) => {
                gettext_f("Not read, and left out from the next backup on: {path}", words)
            }
        });
    }
    let more = status.problems.len().saturating_sub(SHOWN_PROBLEMS) as u64;
    if more > 0 {
        output.line(ngettext_f("and {count} more", "and {count} more", more, &[]));
    }
}

/// When the drive was read again, and whether files came back.
fn show_checks(status: &Status, output: Output) {
    if let Some(verify) = &status.last_verify {
        let left = verify.found.saturating_sub(verify.mended).saturating_add(verify.faults);
        let (when, size) = (text::moment(verify.finished), text::size(verify.bytes));
        let words: &[(&str, &str)] = &[("when", &when), ("size", &size)];
        output.line(match left {
            0 => gettext_f("Checked {when}: {size} read, all as it was backed up.", words),
            left => ngettext_f(
                "Checked {when}: {size} read, {count} thing was not as it was backed up.",
                "Checked {when}: {size} read, {count} things were not as they were backed up.",
                left,
                words,
            ),
        });
    }
    if let Some(drill) = &status.last_drill {
        let (when, back) = (text::moment(drill.finished), drill.came_back.to_string());
        output.line(ngettext_f(
            "Tried {when}: {back} of {count} file came back.",
            "Tried {when}: {back} of {count} files came back.",
            drill.files,
            &[("when", &when), ("back", &back)],
        ));
    }
}

/// What is known to be damaged on the drive, and what a person can do.
fn show_damage(status: &Status, output: Output) {
    if status.damaged > 0 {
        output.line(ngettext_f(
            "{count} stored file is damaged and could not be mended; “yore verify” says which and tries again.",
            "{count} stored files are damaged and could not be mended; “yore verify” says which and tries again.",
            status.damaged,
            &[],
        ));
    }
    if status.open_faults.count() > 0 {
        output.line(ngettext_f(
            "{count} thing in snapshots was found not to be as it was backed up, and was not put right; “yore verify” says which.",
            "{count} things in snapshots were found not to be as they were backed up, and were not put right; “yore verify” says which.",
            status.open_faults.count(),
            &[],
        ));
        output.line(gettext(
            "What was lost or altered, “yore verify” puts back if what is needed is somewhere. What was added can be removed by hand; a snapshot that can’t be put right can be deleted with “yore forget”.",
        ));
    }
}

/// What restores set aside, and those that were interrupted.
fn show_restores(status: &Status, output: Output) {
    super::restore::note_interrupted(output);
    let kept: Vec<_> =
        status.restores.iter().filter(|one| one.state == JournalState::Done).collect();
    let Some(first) = kept.first() else { return };
    let bytes = kept.iter().fold(0_u64, |sum, one| sum.saturating_add(one.kept_bytes));
    output.line(ngettext_f(
        "{count} restore can be undone by “yore undo” until {when}, or until its room is needed; {size} are kept for that.",
        "{count} restores can be undone by “yore undo”, the first until {when}, or until their room is needed; {size} are kept for that.",
        kept.len() as u64,
        &[("when", &text::moment(kept_until(first))), ("size", &text::size(bytes))],
    ));
}

fn headline(status: &Status) -> String {
    match &status.health {
        Health::Never if status.begun.is_some() => begun(status.begun.and_then(|it| it.percent)),
        Health::Never => gettext("Nothing is backed up yet."),
        Health::Protected => gettext("Protected."),
        Health::Partial(count) => ngettext_f(
            "Protected, but {count} path could not be read.",
            "Protected, but {count} paths could not be read.",
            *count,
            &[],
        ),
        Health::SourceMissing(path) => gettext_f(
            "Protected, but {path} is missing or was emptied.",
            &[("path", &path_words(path))],
        ),
        Health::Damaged(count) => ngettext_f(
            "Attention: {count} stored thing is not as it was backed up; “yore verify” says which.",
            "Attention: {count} stored things are not as they were backed up; “yore verify” says which.",
            *count,
            &[],
        ),
        Health::Overdue => gettext("Attention: nothing was backed up for more than a week."),
        Health::DriveAway => gettext("The drive is away."),
        Health::Failed(reason) => {
            gettext_f("The last backup failed: {reason}", &[("reason", reason)])
        }
    }
}

/// What is said of a first backup that was interrupted.
fn begun(percent: Option<u8>) -> String {
    match percent {
        Some(percent) => gettext_f(
            "The first backup is not finished: about {percent} % was copied. “yore backup” goes on with it.",
            &[("percent", &percent.to_string())],
        ),
        None => gettext("The first backup is not finished. “yore backup” goes on with it."),
    }
}

fn document(target: &Target, status: &Status) -> Value {
    let (health, reason) = match &status.health {
        Health::Never => ("never", None),
        Health::Protected => ("protected", None),
        Health::Partial(_) => ("partial", None),
        Health::SourceMissing(_) => ("source-missing", None),
        Health::Damaged(_) => ("damaged", None),
        Health::Overdue => ("overdue", None),
        Health::DriveAway => ("drive-away", None),
        Health::Failed(reason) => ("failed", Some(reason)),
    };
    let outlook = status.outlook.as_ref();
    let not_read = status.problems.iter();
    json!({
        "health": health,
        "problems": status.newest.as_ref().map_or(0, |newest| newest.problems),
        "not_read": not_read.clone().map(|unread| &unread.problem).collect::<Vec<_>>(),
        "known": not_read.filter(|unread| unread.settled.is_some()).count(),
        "reason": reason,
        "unreachable": status.unreachable.as_ref().map(|why| &why.what),
        "repository": path_json(&target.repository_path),
        "newest": status.newest.as_ref().map(snapshot_json),
        "oldest": status.oldest.as_ref().map(snapshot_json),
        "snapshots": status.snapshots,
        "free_bytes": status.free_bytes,
        "total_bytes": status.total_bytes,
        "last_run": status.last_run,
        "begun": status.begun.is_some(),
        "begun_percent": status.begun.and_then(|begun| begun.percent),
        "retention": target.retention,
        "droppable": outlook.map(|outlook| outlook.droppable),
        "reach_days": outlook.and_then(|outlook| outlook.reach_days),
        "fills_up": outlook.map(|outlook| outlook.fills_up),
        "missing_source": status.missing_source.as_deref().map(path_json),
        "damaged": status.damaged,
        "faults": status.open_faults.faults.iter().map(open_fault_json).collect::<Vec<_>>(),
        "more_faults": status.open_faults.more,
        "last_verify": status.last_verify.as_ref().map(last_verify_json),
        "last_drill": status.last_drill,
        "restores": status.restores.iter().map(restore_json).collect::<Vec<_>>(),
        "sources": sources_json(&target.sources),
    })
}

/// What the last verification alone came to; what is open of all of them is told beside it.
fn last_verify_json(last: &LastVerify) -> Value {
    json!({
        "finished": last.finished,
        "snapshots": last.snapshots,
        "files": last.files,
        "bytes": last.bytes,
        "sample_percent": last.sample_percent,
        "found": last.found,
        "mended": last.mended,
        "faults": last.faults,
    })
}

fn open_fault_json(open: &OpenFault) -> Value {
    json!({
        "path": RelPath::decode(&open.path).ok().as_ref().map(snapshot_path_json),
        "fault": open.fault,
        "snapshots": open.snapshots,
    })
}
