//! How well a person is protected: one pure decision for every face.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::state::{LastRun, Outcome};
use crate::engine::history::{SnapshotInfo, SnapshotState};

/// For so long nobody is told that nothing was backed up.
const PATIENCE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How well the person is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// No snapshot yet.
    Never,
    /// Everything is in the newest snapshot.
    Protected,
    /// Protected, but so many paths could not be read, to which the person said nothing yet.
    Partial(u64),
    /// Nothing was backed up for longer than is well.
    Overdue,
    /// Protected, but for this folder: it is missing or was emptied.
    SourceMissing(PathBuf),
    /// So many things that are stored are not as they were backed up, and could not be mended.
    Damaged(u64),
    /// The drive isn't attached: calm.
    DriveAway,
    /// The last run failed: why, in the person's words.
    Failed(String),
}

/// What is known of a repository and of what is backed up to it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// Whether the drive is attached.
    pub attached: bool,
    /// The newest snapshot.
    pub newest: Option<&'a SnapshotInfo>,
    /// How the last run ended.
    pub last_run: Option<&'a LastRun>,
    /// How many stored things are not as they were backed up.
    pub damaged: u64,
    /// A folder that is missing or was emptied.
    pub missing_source: Option<&'a Path>,
    /// How many of the newest snapshot's unread paths the person knows of.
    pub settled: u64,
    /// The time, which tells whether a backup is overdue.
    pub now: Timestamp,
}

impl Known<'_> {
    /// The newest snapshot is good, and older than is well.
    fn is_overdue(&self) -> bool {
        let good = self.newest.filter(|newest| newest.state == SnapshotState::Good);
        good.is_some_and(|newest| self.now.duration_since(newest.current_at()) > PATIENCE)
    }
}

/// Decides from what the drive holds and how the last run ended.
pub fn health(known: &Known<'_>) -> Health {
    let newest = known.newest;
    if let Some(LastRun { outcome: Outcome::Failed { reason, away: false }, finished }) =
        known.last_run
        && newest.is_none_or(|snapshot| snapshot.finished.max(snapshot.current_at()) <= *finished)
    {
        return Health::Failed(reason.clone());
    }
    // That the drive is away is well until then.
    if !known.attached {
        return if known.is_overdue() { Health::Overdue } else { Health::DriveAway };
    }
    match (newest, known.missing_source) {
        _ if known.damaged > 0 => Health::Damaged(known.damaged),
        (None, _) => Health::Never,
        (Some(snapshot), _) if snapshot.state != SnapshotState::Good => Health::Never,
        // What is missing as a whole says more than how many paths of it could not be read.
        (Some(_), Some(source)) => Health::SourceMissing(source.to_owned()),
        _ if known.is_overdue() => Health::Overdue,
        (Some(snapshot), None) if snapshot.problems > known.settled => {
            Health::Partial(snapshot.problems - known.settled)
        }
        (Some(_), None) => Health::Protected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(problems: u64) -> SnapshotInfo {
        SnapshotInfo { problems, ..SnapshotInfo::taken(1, Timestamp::from_second(1_000).unwrap()) }
    }

    fn failed(second: i64, away: bool) -> LastRun {
        let outcome = Outcome::Failed { reason: "full".into(), away };
        LastRun { finished: Timestamp::from_second(second).unwrap(), outcome }
    }

    #[test]
    fn a_failure_counts_until_a_later_snapshot() {
        let good = snapshot(0);
        for (name, attached, newest, run, wanted) in [
            ("nothing yet", true, None, None, Health::Never),
            ("fine", true, Some(&good), None, Health::Protected),
            ("unread", true, Some(&snapshot(3)), None, Health::Partial(3)),
            ("away", false, Some(&good), None, Health::DriveAway),
            ("away since", false, None, Some(failed(2_000, true)), Health::DriveAway),
            (
                "failed",
                true,
                Some(&good),
                Some(failed(2_000, false)),
                Health::Failed("full".into()),
            ),
            ("failed, mended", true, Some(&good), Some(failed(500, false)), Health::Protected),
            (
                "failed at first",
                true,
                None,
                Some(failed(500, false)),
                Health::Failed("full".into()),
            ),
        ] {
            let known = Known { attached, newest, last_run: run.as_ref(), ..Known::default() };
            assert_eq!(health(&known), wanted, "{name}");
        }
    }

    #[test]
    fn what_the_person_knows_of_is_not_counted() {
        let unread = snapshot(3);
        for (settled, wanted) in
            [(0, Health::Partial(3)), (2, Health::Partial(1)), (3, Health::Protected)]
        {
            let known =
                Known { attached: true, newest: Some(&unread), settled, ..Known::default() };
            assert_eq!(health(&known), wanted, "{settled}");
        }
    }

    #[test]
    fn a_backup_is_overdue_after_a_week_wherever_the_drive_is() {
        let (good, unread) = (snapshot(0), snapshot(3));
        let week = 7 * 24 * 3600;
        for (name, attached, newest, second, wanted) in [
            ("a week", true, &good, 1_000 + week, Health::Protected),
            ("more", true, &good, 1_001 + week, Health::Overdue),
            ("more, unread", true, &unread, 1_001 + week, Health::Overdue),
            ("a week, away", false, &good, 1_000 + week, Health::DriveAway),
            ("more, away", false, &good, 1_001 + week, Health::Overdue),
        ] {
            let now = Timestamp::from_second(second).unwrap();
            let known = Known { attached, newest: Some(newest), now, ..Known::default() };
            assert_eq!(health(&known), wanted, "{name}");
        }
    }

    #[test]
    fn what_is_damaged_or_missing_is_not_called_protected() {
        let (good, unread, source) = (snapshot(0), snapshot(3), Path::new("/home/ann"));
        let attached = Known { attached: true, newest: Some(&good), ..Known::default() };
        let missing = Known { missing_source: Some(source), ..attached };
        let run = failed(2_000, false);
        for (name, known, wanted) in [
            ("damaged", Known { damaged: 2, ..attached }, Health::Damaged(2)),
            ("missing", missing, Health::SourceMissing(source.to_owned())),
            ("both", Known { damaged: 2, ..missing }, Health::Damaged(2)),
            (
                "missing and unread",
                Known { newest: Some(&unread), ..missing },
                Health::SourceMissing(source.to_owned()),
            ),
            ("damaged, away", Known { attached: false, damaged: 2, ..attached }, Health::DriveAway),
            (
                "damaged, and failed since",
                Known { damaged: 2, last_run: Some(&run), ..attached },
                Health::Failed("full".into()),
            ),
        ] {
            assert_eq!(health(&known), wanted, "{name}");
        }
    }
}
