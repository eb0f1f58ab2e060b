//! The words for why a path isn't in a snapshot, and what to do about it.

use super::explain::Explanation;
use super::{text, words};
use crate::engine::history::{Missing, SnapshotInfo};
use crate::engine::path::RelPath;
use crate::engine::rules::Why;
use crate::i18n::{gettext, gettext_f};

/// The words for why `path` is `missing` in the snapshot `at`, one of `snapshots`; it can be brought back from `good`.
pub fn explain_missing(
    path: &RelPath,
    missing: &Missing,
    at: &SnapshotInfo,
    snapshots: &[SnapshotInfo],
    good: Option<&SnapshotInfo>,
) -> Explanation {
    let asked = path.to_string();
    let time = text::moment(at.started);
    let said: &[(&str, &str)] = &[("path", &asked), ("time", &time)];
    let bring_back = || Some(restore_advice(good, path));
    match missing {
        Missing::There => Explanation {
            what: gettext_f("{path} is in the snapshot of {time}.", said),
            advice: bring_back(),
        },
        Missing::NotProtected { nearest } => Explanation::new(
            gettext_f(
                "{path} is not in the snapshot of {time}: it was in none of the folders that were backed up then.",
                said,
            ),
            source_advice(nearest.as_ref()),
        ),
        Missing::LeftOut { at: decided, why } => left_out(path, decided, why, &time),
        Missing::Older { at: unread, of, reason } => {
            let mut told = unreadable(path, unread, reason.as_deref(), &time);
            let of = [("time", text::moment(of.started))];
            let of: &[(&str, &str)] = &of.each_ref().map(|(name, time)| (*name, time.as_str()));
            let older =
                gettext_f("An older state of it is kept, that of the snapshot of {time}.", of);
            told.what = format!("{} {older}", told.what);
            let readable =
                gettext("To have its present state, make it readable and back up again.");
            told.advice = Some(format!("{readable}\n{}", restore_advice(good, path)));
            told
        }
        Missing::Unread { at: unread, reason } => {
            unreadable(path, unread, reason.as_deref(), &time)
        }
        Missing::NotYet { at: came, first, moved_from } => Explanation {
            what: not_yet(path, came, moved_from.as_ref(), &moment(*first, snapshots)),
            advice: bring_back(),
        },
        Missing::Gone { at: went, last, gone, moved_to } => {
            let times = moments(*last, *gone, snapshots);
            Explanation {
                what: was_there(path, went, moved_to.as_ref(), (&times.0, &times.1)),
                advice: bring_back(),
            }
        }
        Missing::MovedApart { last, gone } => Explanation {
            what: moved_apart(path, moments(*last, *gone, snapshots)),
            advice: bring_back(),
        },
        Missing::Pruned => Explanation {
            what: gettext_f(
                "What was known of {path} was in snapshots that are deleted by now.",
                said,
            ),
            advice: None,
        },
        Missing::NeverSeen => Explanation::new(
            gettext_f("{path} is in no snapshot.", said),
            gettext("Check the spelling: “yore ls” shows what is in a folder."),
        ),
    }
}

/// The words for that `path` is not in the snapshot called `snapshot`; `last` is the last one that has it.
pub fn explain_not_in(path: &RelPath, snapshot: &str, last: Option<&str>) -> Explanation {
    let what = gettext_f(
        "{path} is not in the snapshot {snapshot}.",
        &[("path", &path.to_string()), ("snapshot", snapshot)],
    );
    let advice = last.map(|last| {
        gettext_f(
            "The last one that has it is {last}: add --at {last}. “yore why {path}” tells more.",
            &[("last", last), ("path", &text::quoted(&path.to_absolute()))],
        )
    });
    Explanation::new(what, advice.unwrap_or_else(spelling_advice))
}

/// The same of two snapshots that are compared.
pub fn explain_in_neither(
    path: &RelPath,
    (earlier, later): (&str, &str),
    last: Option<&str>,
) -> Explanation {
    let what = gettext_f(
        "{path} is neither in the snapshot {earlier} nor in {later}.",
        &[("path", &path.to_string()), ("earlier", earlier), ("later", later)],
    );
    let advice = last.map(|last| {
        gettext_f(
            "The last one that has it is {last}. “yore versions {path}” tells when it was there.",
            &[("last", last), ("path", &text::quoted(&path.to_absolute()))],
        )
    });
    Explanation::new(what, advice.unwrap_or_else(spelling_advice))
}

fn spelling_advice() -> String {
    gettext("Check the spelling, and that it lies in a folder that is backed up.")
}

/// The command that brings a path back from a good snapshot, or that there is none.
pub fn restore_advice(good: Option<&SnapshotInfo>, path: &RelPath) -> String {
    let Some(snapshot) = good else {
        return gettext("No snapshot that could bring it back whole is left on the drive.");
    };
    gettext_f(
        "To bring it back: yore restore --at {snapshot} {path}",
        &[("snapshot", &snapshot.name), ("path", &text::quoted(&path.to_absolute()))],
    )
}

/// Two different moments; the snapshots' names where both read the same.
pub fn moments(one: u64, other: u64, snapshots: &[SnapshotInfo]) -> (String, String) {
    let times = (moment(one, snapshots), moment(other, snapshots));
    let found = |seq| snapshots.iter().find(|snapshot| snapshot.seq == seq);
    match (found(one), found(other)) {
        (Some(one), Some(other)) if times.0 == times.1 => (one.name.clone(), other.name.clone()),
        _ => times,
    }
}

/// When a snapshot was made.
pub fn moment(seq: u64, snapshots: &[SnapshotInfo]) -> String {
    let found = snapshots.iter().find(|snapshot| snapshot.seq == seq);
    found.map_or_else(|| gettext("unknown time"), |snapshot| text::moment(snapshot.started))
}

fn source_advice(nearest: Option<&RelPath>) -> String {
    match nearest {
        Some(source) => gettext_f(
            "The nearest that was is {folder}. To back it up from now on, run “yore setup” again and name it as a source, beside those that there are.",
            &[("folder", &source.to_string())],
        ),
        None => gettext(
            "To back it up from now on, run “yore setup” again and name it as a source, beside those that there are.",
        ),
    }
}

fn left_out(path: &RelPath, decided: &RelPath, why: &Why, time: &str) -> Explanation {
    let (asked, folder, rule) = (path.to_string(), decided.to_string(), words::rule(why));
    let said: &[(&str, &str)] =
        &[("path", &asked), ("folder", &folder), ("rule", &rule), ("time", time)];
    let what = if path == decided {
        gettext_f("{path} was left out of the snapshot of {time}: {rule}.", said)
    } else {
        gettext_f("{path} was left out of the snapshot of {time} with {folder}: {rule}.", said)
    };
    let advice = match why {
        Why::RestoreFolder | Why::OwnFolder => None,
        Why::NoBackup(_) => Some(gettext(
            "To back it up, remove that file, or add the path to “include” in the configuration.",
        )),
        _ => Some(gettext(
            "To back it up, add the path to “include” in the configuration, or change the rule there.",
        )),
    };
    Explanation { what, advice }
}

fn unreadable(path: &RelPath, unread: &RelPath, reason: Option<&str>, time: &str) -> Explanation {
    let (asked, folder) = (path.to_string(), unread.to_string());
    let said: &[(&str, &str)] = &[("path", &asked), ("folder", &folder), ("time", time)];
    let mut what = if path == unread {
        gettext_f("{path} could not be read when the snapshot of {time} was made.", said)
    } else {
        gettext_f(
            "{path} could not be read when the snapshot of {time} was made, as {folder} could not be.",
            said,
        )
    };
    if let Some(reason) = reason {
        let noted = gettext_f("What was noted then: {reason}.", &[("reason", reason)]);
        what = format!("{what} {noted}");
    }
    let advice = gettext(
        "Make it readable and back up again; “yore versions PATH” tells whether another snapshot has it.",
    );
    Explanation::new(what, advice)
}

fn not_yet(path: &RelPath, came: &RelPath, from: Option<&RelPath>, first: &str) -> String {
    let (asked, folder) = (path.to_string(), came.to_string());
    let said: &[(&str, &str)] = &[("path", &asked), ("folder", &folder), ("first", first)];
    match from {
        Some(from) => gettext_f(
            "{path} came later, moved from {from}: the first snapshot with it is that of {first}.",
            &[said, &[("from", &from.to_string())]].concat(),
        ),
        None if path == came => {
            gettext_f("{path} came later: the first snapshot with it is that of {first}.", said)
        }
        None => gettext_f(
            "{path} came later, with {folder}: the first snapshot with it is that of {first}.",
            said,
        ),
    }
}

fn moved_apart(path: &RelPath, (last, gone): (String, String)) -> String {
    gettext_f(
        "All files in {path} were moved to several places: it was last there in the snapshot of {last}, and not any more in that of {gone}.",
        &[("path", &path.to_string()), ("last", &last), ("gone", &gone)],
    )
}

fn was_there(
    path: &RelPath,
    went: &RelPath,
    to: Option<&RelPath>,
    (last, gone): (&str, &str),
) -> String {
    let (asked, folder) = (path.to_string(), went.to_string());
    let said: &[(&str, &str)] =
        &[("path", &asked), ("folder", &folder), ("last", last), ("gone", gone)];
    match to {
        Some(to) => gettext_f(
            "{path} was moved to {to}: it was last there in the snapshot of {last}, and not any more in that of {gone}.",
            &[said, &[("to", &to.to_string())]].concat(),
        ),
        None if path == went => gettext_f(
            "{path} was deleted: it was last there in the snapshot of {last}, and not any more in that of {gone}.",
            said,
        ),
        None => gettext_f(
            "{path} was deleted with {folder}: it was last there in the snapshot of {last}, and not any more in that of {gone}.",
            said,
        ),
    }
}
