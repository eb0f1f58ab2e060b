//! What there is to say of found backups.

use jiff::Timestamp;

use crate::app::adopt::Adopted;
use crate::app::found::{Access, Found};
use crate::app::places::drive_of;
use crate::app::text;
use crate::i18n::{gettext, gettext_f, ngettext_f};
use crate::ui::widgets::name_of;

/// No drive that is attached holds any.
pub fn nothing() -> String {
    gettext("No backups were found. Attach the drive, or choose it.")
}

/// What lies in it, or why that can't be told.
pub fn contents(found: &Found, now: Timestamp) -> String {
    let drive = name_of(drive_of(&found.path));
    let drive = gettext_f("On {drive}", &[("drive", &drive)]);
    let what = match &found.access {
        Access::ByRoot { .. } => gettext("Belongs to another user"),
        Access::Open { newest: None, .. } => gettext("Empty"),
        Access::Open { newest: Some(newest), snapshots, .. } => ngettext_f(
            "{count} snapshot, newest {time}",
            "{count} snapshots, newest {time}",
            *snapshots,
            &[("time", &text::ago(*newest, now))],
        ),
    };
    format!("{what}\n{drive}")
}

/// What going on with it here means.
pub fn meaning(found: &Found) -> String {
    match &found.access {
        Access::Open { is_here: true, .. } => gettext(
            "These backups are this computer’s already. They are used again, and nothing in them changes.",
        ),
        Access::Open { is_here: false, .. } => gettext(
            "New snapshots of this computer follow the old ones. Nothing that is stored changes, but the other computer can’t add to these backups any more.",
        ),
        Access::ByRoot { .. } => gettext(
            "Everything in it will belong to you, and no longer to the user who made it. Only the administrator can do that, with this command:",
        ),
    }
}

/// What was adopted.
pub fn adopted(adopted: &Adopted) -> String {
    let mut lines = vec![gettext("The backups go on here.")];
    lines.extend(
        adopted.sources.iter().map(|source| {
            gettext_f("{path} will be backed up.", &[("path", &name_of(&source.path))])
        }),
    );
    lines.extend(adopted.left_out.iter().map(|path| {
        let path = name_of(path);
        gettext_f(
            "{path} is not on this computer, and is not backed up any more. What was backed up of it stays.",
            &[("path", &path)],
        )
    }));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_on_a_drive_is_said_at_a_glance() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let at = |access| {
            let path = "/media/ann/Disk/Yore/ann@old".into();
            contents(&Found { path, name: String::new(), access }, now)
        };
        let open = |snapshots, newest| Access::Open { is_here: false, snapshots, newest };
        assert_eq!(at(open(0, None)), "Empty\nOn Disk");
        let hours_ago = Timestamp::from_second(1_000_000 - 7_200).ok();
        assert_eq!(at(open(3, hours_ago)), "3 snapshots, newest 2 hours ago\nOn Disk");
        let by_root = Access::ByRoot { command: String::new() };
        assert_eq!(at(by_root), "Belongs to another user\nOn Disk");
    }
}
