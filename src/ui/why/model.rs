//! Why something isn't there, in words, and the one thing that helps.

use crate::app::missing::explain_missing;
use crate::engine::history::{Missing, SnapshotInfo};
use crate::engine::path::RelPath;
use crate::engine::rules::Why;
use crate::i18n::gettext;

/// What the history says of a path that is missing.
#[derive(Debug)]
pub struct Absence {
    /// The path.
    pub path: RelPath,
    /// The snapshot that it is missing in.
    pub at: SnapshotInfo,
    /// Why.
    pub missing: Missing,
    /// All snapshots, oldest first.
    pub snapshots: Vec<SnapshotInfo>,
    /// What it can be brought back from.
    pub good: Option<SnapshotInfo>,
    /// No snapshot has it yet, but this computer does.
    pub is_new: bool,
}

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Why it isn't there.
    pub what: String,
    /// What to do; nothing where the button says it.
    pub advice: Option<String>,
    /// The number of the snapshot that shows it.
    pub shown_in: Option<u64>,
}

impl Absence {
    /// The words, and what helps.
    pub fn answer(&self) -> Answer {
        let Self { path, at, missing, snapshots, good, is_new } = self;
        if *is_new {
            let what = gettext("It is here now, and no snapshot has it yet.");
            let advice = Some(gettext("The next backup stores it."));
            return Answer { what, advice, shown_in: None };
        }
        let what = explain_missing(path, missing, at, snapshots, good.as_ref()).what;
        let stored = missing.stored_in(at.seq).filter(|_| !matches!(missing, Missing::There));
        let shown_in = good.as_ref().map(|good| good.seq).or(stored);
        let advice = if shown_in.is_some() { None } else { advice(missing) };
        Answer { what, advice, shown_in }
    }
}

fn advice(missing: &Missing) -> Option<String> {
    match missing {
        Missing::LeftOut { why: Why::RestoreFolder | Why::OwnFolder, .. } => None,
        Missing::LeftOut { .. } => {
            Some(gettext("To have it from the next backup on, change the rule that leaves it out."))
        }
        Missing::NotProtected { .. } => Some(gettext(
            "To have it from the next backup on, add its folder to those that are backed up.",
        )),
        Missing::Unread { .. } => Some(gettext("Make it readable, and back up again.")),
        Missing::NeverSeen => Some(gettext("Check the spelling.")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(seq: u64) -> SnapshotInfo {
        SnapshotInfo::taken(seq, jiff::Timestamp::from_second(1_000).unwrap())
    }

    fn answer(missing: Missing, good: Option<u64>) -> Answer {
        let path = RelPath::parse(b"home/ann/a").unwrap();
        let snapshots = vec![snapshot(1), snapshot(2)];
        let good = good.map(snapshot);
        Absence { path, at: snapshot(2), missing, snapshots, good, is_new: false }.answer()
    }

    #[test]
    fn what_is_stored_somewhere_is_shown_there() {
        let path = RelPath::parse(b"home/ann/a").unwrap();
        let gone = Missing::Gone { at: path, last: 1, gone: 2, moved_to: None };
        let found = answer(gone, Some(1));
        assert_eq!((found.shown_in, found.advice), (Some(1), None));
    }

    #[test]
    fn what_is_stored_nowhere_has_advice_instead() {
        let found = answer(Missing::NeverSeen, None);
        assert!(found.shown_in.is_none() && found.advice.is_some());
        assert!(answer(Missing::Pruned, None).advice.is_none());
    }
}
