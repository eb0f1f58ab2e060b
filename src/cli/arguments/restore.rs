//! What `yore restore` and `yore undo` are given.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, value_parser};

use super::{at, path};
use crate::i18n::gettext;

/// The command `restore` with its options.
pub fn restore() -> Command {
    Command::new("restore")
        .about(gettext("Bring files and folders back"))
        .after_help(gettext(
            "What is replaced or removed is kept beside it: “yore undo” puts it back. Without --at, what is in the newest snapshot no more comes from the last that has it.",
        ))
        .args([at(), path(false).num_args(1..).required_unless_present("resume")])
        .args(places())
        .args(owners())
        .args([
            flag(
                "damaged",
                gettext("Bring back files whose stored copy is damaged, too, as they are now"),
            ),
            flag("no-before", gettext("With --exact: don’t make a backup of what is there now first"))
                .requires("exact"),
            flag("resume", gettext("Go on with the restore that was interrupted"))
                .conflicts_with_all([
                    "at", "path", "to", "on-conflict", "exact", "privileged", "map-user",
                    "map-group", "damaged", "no-before", "dry-run",
                ]),
            flag("dry-run", gettext("Only say what would be done")),
        ])
}

/// Where to, and what becomes of what is there.
fn places() -> [Arg; 3] {
    [
        Arg::new("to")
            .long("to")
            .value_name("DIR")
            .value_parser(value_parser!(PathBuf))
            .help(gettext("Restore into this folder instead of the original place")),
        Arg::new("on-conflict")
            .long("on-conflict")
            .value_name("POLICY")
            .default_value("keep-both")
            .value_parser(PossibleValuesParser::new(["keep-both", "replace", "skip"]))
            .help(gettext("What to do where something else is in the way")),
        flag(
            "exact",
            gettext(
                "Make folders exactly as they were: what differs is replaced, and what is newer is removed; both are kept for “yore undo”",
            ),
        )
        .conflicts_with("on-conflict"),
    ]
}

/// Whose it becomes.
fn owners() -> [Arg; 3] {
    let map = |name: &'static str| {
        Arg::new(name).long(name).value_name("OLD:NEW").action(ArgAction::Append).value_parser(pair)
    };
    [
        flag(
            "privileged",
            gettext("Bring back set-user-id bits, capabilities and devices, too; for root"),
        ),
        map("map-user").help(gettext(
            "Give what belonged to the user OLD to NEW, each a name or a number; may be given more than once",
        )),
        map("map-group").help(gettext("The same for groups")),
    ]
}

/// The command `undo` with its options.
pub fn undo() -> Command {
    Command::new("undo")
        .about(gettext("Take a restore back"))
        .after_help(gettext(
            "What a restore replaced or removed is kept for 30 days, or until its room is needed. What was changed after it was restored is left as it is. Undoing an undone restore, by its number, does it again.",
        ))
        .args([
            Arg::new("restore").value_name("RESTORE").help(gettext(
                "Which, by the beginning of its number; the last one that was not undone without this",
            )),
            flag("list", gettext("Only list the restores that can be undone"))
                .conflicts_with_all(["restore", "discard"]),
            flag(
                "discard",
                gettext("Give up what that restore replaced or removed, to make room"),
            )
            .requires("restore"),
            flag("yes", gettext("Don’t ask, also where half a restore stays as it is"))
                .requires("discard"),
        ])
}

fn flag(name: &'static str, help: String) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

/// Two names with a colon between them.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((old, new)) if !old.is_empty() && !new.is_empty() && !new.contains(':') => {
            Ok((old.to_owned(), new.to_owned()))
        }
        _ => Err(gettext("it must be the former name or number, “:”, and the new one")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_pairs() {
        assert_eq!(pair("ann:1001"), Ok(("ann".to_owned(), "1001".to_owned())));
        for text in ["", "ann", "ann:", ":ann", "a:b:c"] {
            assert!(pair(text).is_err(), "{text}");
        }
    }
}
