//! What the card says of a status: one title, the lines under it, and the one thing that helps.

use jiff::Timestamp;

use crate::app::begun::Begun;
use crate::app::status::{Health, Status};
use crate::app::text;
use crate::i18n::{gettext, gettext_f, ngettext_f};
use crate::ui::widgets::name_of;

/// An icon and the colour of its disc: never the colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The icon's name.
    pub icon: &'static str,
    /// The disc's class.
    pub class: &'static str,
}

/// What the card's button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Back up.
    BackUp,
    /// Go on with the first backup, which was interrupted.
    GoOn,
    /// See whether the drive is attached.
    LookAgain,
}

impl Remedy {
    /// What helps most.
    pub fn of(status: &Status) -> Self {
        match &status.health {
            Health::DriveAway => Self::LookAgain,
            Health::Overdue if status.unreachable.is_some() => Self::LookAgain,
            Health::Never if status.begun.is_some() => Self::GoOn,
            _ => Self::BackUp,
        }
    }

    /// What the button says.
    pub fn label(self) -> String {
        match self {
            Self::BackUp => gettext("Back Up Now"),
            Self::GoOn => gettext("Go On"),
            Self::LookAgain => gettext("Look Again"),
        }
    }

    /// What it does.
    pub fn tooltip(self) -> String {
        match self {
            Self::BackUp => gettext("Make a snapshot of the protected folders (Ctrl+B)"),
            Self::GoOn => gettext("Go on with the first backup (Ctrl+B)"),
            Self::LookAgain => gettext("See whether the drive is attached (F5)"),
        }
    }
}

/// The icon for a health.
pub fn look(health: &Health) -> Look {
    let (icon, class) = match health {
        Health::Never => ("document-open-recent-symbolic", "calm"),
        Health::Protected => ("emblem-ok-symbolic", "good"),
        Health::Overdue | Health::Partial(_) | Health::SourceMissing(_) | Health::Damaged(_) => {
            ("dialog-warning-symbolic", "doubtful")
        }
        Health::DriveAway => ("drive-harddisk-symbolic", "calm"),
        Health::Failed(_) => ("dialog-error-symbolic", "bad"),
    };
    Look { icon, class }
}

/// How things are, in a few words.
pub fn title(status: &Status) -> String {
    match &status.health {
        Health::Never if status.begun.is_some() => gettext("First backup not finished"),
        Health::Never => gettext("Not backed up yet"),
        Health::Protected | Health::Partial(_) => gettext("Protected"),
        Health::Overdue => gettext("Backup overdue"),
        Health::SourceMissing(_) => gettext("A folder is missing"),
        Health::Damaged(_) => gettext("Stored files are damaged"),
        Health::DriveAway => gettext("Drive not attached"),
        Health::Failed(_) => gettext("Last backup failed"),
    }
}

/// What there is to know about it.
pub fn lines(status: &Status, now: Timestamp) -> Vec<String> {
    let mut lines = about(status);
    if let Some(newest) = &status.newest {
        // Why the drive can't be reached says of when its last backup is.
        if status.health != Health::DriveAway {
            lines.push(text::ago(newest.current_at(), now));
        }
        if status.unreachable.is_some() {
            lines.push(gettext("You can look around in what this computer knows of it."));
        }
    }
    lines
}

fn about(status: &Status) -> Vec<String> {
    match &status.health {
        Health::Never | Health::Protected => status.begun.map(begun).unwrap_or_default(),
        Health::Partial(count) => vec![ngettext_f(
            "{count} file could not be read",
            "{count} files could not be read",
            *count,
            &[],
        )],
        Health::Overdue if status.unreachable.is_some() => {
            vec![gettext("Attach the drive, so that what is new is safe, too.")]
        }
        Health::Overdue => vec![gettext("What is new since then is not safe yet.")],
        Health::SourceMissing(path) => {
            vec![gettext_f("{path} is missing or was emptied", &[("path", &name_of(path))])]
        }
        Health::Damaged(count) => vec![ngettext_f(
            "{count} thing is not as it was backed up: “yore verify” says which",
            "{count} things are not as they were backed up: “yore verify” says which",
            *count,
            &[],
        )],
        Health::Failed(why) => vec![why.clone()],
        Health::DriveAway => {
            status.unreachable.as_ref().map(|why| why.what.clone()).into_iter().collect()
        }
    }
}

/// An interrupted first backup.
fn begun(begun: Begun) -> Vec<String> {
    let known = begun.percent.map(|percent| {
        gettext_f("About {percent} % was copied.", &[("percent", &percent.to_string())])
    });
    let kept = gettext("What was copied stays on the drive, and is not copied again.");
    known.into_iter().chain([kept]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_is_said_of_a_begun_backup() {
        assert!(begun(Begun { percent: Some(62) })[0].contains("62 %"));
        assert_eq!(begun(Begun { percent: None }).len(), 1);
    }
}
