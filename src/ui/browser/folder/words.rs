//! What the middle says when there is no list to show: an icon, what is so, why, and what can be done.

use crate::i18n::gettext;

/// A status page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The icon's name.
    pub icon: &'static str,
    /// What is so.
    pub title: String,
    /// Why, and what to do.
    pub body: String,
    /// The button under it, if there is something to do.
    pub remedy: Option<Remedy>,
}

/// What a status page's button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Make the first backup.
    BackUp,
    /// Try again.
    Reload,
    /// Tell why it isn't there.
    Why,
}

impl Remedy {
    /// What the button says.
    pub fn label(self) -> String {
        match self {
            Self::BackUp => gettext("Make the First Backup"),
            Self::Reload => gettext("Try Again"),
            Self::Why => gettext("Why Isn’t It Here?"),
        }
    }
}

impl Words {
    /// The folder has no entries.
    pub fn empty_folder() -> Self {
        Self {
            icon: "folder-symbolic",
            title: gettext("Empty Folder"),
            body: gettext("There was nothing in this folder at that moment."),
            remedy: None,
        }
    }

    /// There are no live files in the folder, or no folder.
    pub fn nothing_now() -> Self {
        Self {
            icon: "folder-symbolic",
            title: gettext("Nothing Here Now"),
            body: gettext("The folder is empty or gone. Go back in time to see what was in it."),
            remedy: None,
        }
    }

    /// The folder isn't in the chosen snapshot.
    pub fn not_there() -> Self {
        Self {
            icon: "edit-find-symbolic",
            title: gettext("Not Here at That Moment"),
            body: gettext("This folder was not part of that snapshot. Choose another one."),
            remedy: Some(Remedy::Why),
        }
    }

    /// There is no snapshot yet.
    pub fn no_snapshots(can_back_up: bool) -> Self {
        Self {
            icon: "document-open-recent-symbolic",
            title: gettext("No Backups Yet"),
            body: gettext("Once there is one, your folders can be seen here as they were."),
            remedy: can_back_up.then_some(Remedy::BackUp),
        }
    }

    /// The first backup is being made.
    pub fn first_backup() -> Self {
        Self {
            icon: "document-open-recent-symbolic",
            title: gettext("Making the First Backup"),
            body: gettext("You can go on working. Your folders can be seen here when it is done."),
            remedy: None,
        }
    }

    /// The index was lost, and the history can't be read before it is made again.
    pub fn index_made_again() -> Self {
        Self {
            icon: "emblem-synchronizing-symbolic",
            title: gettext("Making the Index Again"),
            body: gettext(
                "The list of what is on the drive was lost or is broken. Yore makes it again from the copies themselves; your folders can be seen when that is done.",
            ),
            remedy: None,
        }
    }

    /// The drive isn't attached: nothing to worry about.
    pub fn drive_away() -> Self {
        Self {
            icon: "drive-harddisk-symbolic",
            title: gettext("The Drive Is Not Attached"),
            body: gettext("Attach it to see your folders as they were."),
            remedy: Some(Remedy::Reload),
        }
    }

    /// The history can't be read: what happened and what to do.
    pub fn failure(body: String) -> Self {
        Self {
            icon: "dialog-warning-symbolic",
            title: gettext("The Past Can’t Be Shown"),
            body,
            remedy: Some(Remedy::Reload),
        }
    }
}
