//! How well a person is protected: one pure decision for every face.

use super::state::{LastRun, Outcome};
use crate::engine::history::{SnapshotInfo, SnapshotState};

/// How well the person is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// No snapshot yet.
    Never,
    /// Everything is in the newest snapshot.
    Protected,
    /// Protected, but so many paths could not be read.
    Partial(u64),
    /// The drive isn't attached: calm.
    DriveAway,
    /// The last run failed: why, in the person's words.
    Failed(String),
}

/// Decides from what the drive holds and how the last run ended.
pub fn health(attached: bool, newest: Option<&SnapshotInfo>, last_run: Option<&LastRun>) -> Health {
    if let Some(LastRun { outcome: Outcome::Failed { reason, away: false }, finished }) = last_run
        && newest.is_none_or(|snapshot| snapshot.finished.max(snapshot.current_at()) <= *finished)
    {
        return Health::Failed(reason.clone());
    }
    if !attached {
        return Health::DriveAway;
    }
    match newest {
        None => Health::Never,
        Some(snapshot) if snapshot.state != SnapshotState::Good => Health::Never,
        Some(snapshot) if snapshot.problems > 0 => Health::Partial(snapshot.problems),
        Some(_) => Health::Protected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn snapshot(problems: u64) -> SnapshotInfo {
        let time = Timestamp::from_second(1_000).unwrap();
        SnapshotInfo {
            seq: 1,
            id: uuid::Uuid::nil(),
            name: String::new(),
            started: time,
            finished: time,
            entries: 1,
            files: 1,
            total_bytes: 1,
            copied_bytes: 1,
            problems,
            state: SnapshotState::Good,
            same_at: None,
            pinned: false,
            label: None,
            kind: crate::engine::seal::SnapshotKind::Manual,
            boot: None,
        }
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
            assert_eq!(health(attached, newest, run.as_ref()), wanted, "{name}");
        }
    }
}
