//! What is said where nothing can be seen.

use rustix::io::Errno;

use super::decode::NotShown;
use crate::engine::history::Entry;
use crate::engine::meta::Kind;
use crate::i18n::gettext;

/// An icon, what is so, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The icon's name.
    pub icon: &'static str,
    /// What is so.
    pub title: String,
    /// Why.
    pub body: String,
}

/// Of a live file that is there and can't be looked at.
pub fn unreadable_now() -> Words {
    Words {
        icon: "dialog-warning-symbolic",
        title: gettext("Can’t Be Read Now"),
        body: gettext("It is here, but can’t be looked at now"),
    }
}

/// What is said of an entry that has no content to show; `None` of a file.
pub fn without_content(entry: &Entry) -> Option<Words> {
    let (icon, title) = match entry.kind {
        Kind::File if entry.absent => {
            return Some(Words {
                icon: "dialog-warning-symbolic",
                title: gettext("Never Read"),
                body: gettext("It was there, but could not be read: nothing of it is stored."),
            });
        }
        Kind::File => return None,
        Kind::Directory => ("folder-symbolic", gettext("Folder")),
        Kind::Symlink => ("go-jump-symbolic", gettext("Link")),
        Kind::Fifo | Kind::Socket | Kind::Block | Kind::Character => {
            ("application-x-addon-symbolic", gettext("Special File"))
        }
    };
    Some(Words { icon, title, body: String::new() })
}

/// What is said of a file that was decoded in vain.
pub fn not_shown(why: NotShown) -> Words {
    match why {
        NotShown::Binary => Words {
            icon: "text-x-generic-symbolic",
            title: gettext("No Preview"),
            body: gettext("Only pictures and text can be shown here."),
        },
        NotShown::TooLarge => Words {
            icon: "image-x-generic-symbolic",
            title: gettext("Too Large to Show"),
            body: gettext("The picture is larger than what is shown here."),
        },
        NotShown::Broken => broken(),
    }
}

/// What is said of a picture that can't be decoded.
pub fn broken() -> Words {
    Words {
        icon: "image-x-generic-symbolic",
        title: gettext("Can’t Be Shown"),
        body: gettext("The picture is damaged, or takes too much to show."),
    }
}

/// What is said when the stored file can't be read.
pub fn failure(body: String) -> Words {
    Words { icon: "dialog-warning-symbolic", title: gettext("Can’t Be Read"), body }
}

/// What is said when there is no such file on this computer now, or it can't be read.
pub fn not_now(errno: Errno) -> Words {
    match errno {
        Errno::NOENT | Errno::NOTDIR => Words {
            icon: "edit-find-symbolic",
            title: gettext("Not There Now"),
            body: gettext("There is no such file on this computer any more."),
        },
        Errno::LOOP | Errno::OPNOTSUPP => Words {
            icon: "go-jump-symbolic",
            title: gettext("Something Else Now"),
            body: gettext("There is no file by this name now, but something else."),
        },
        _ => failure(gettext("The file on this computer can’t be read.")),
    }
}
