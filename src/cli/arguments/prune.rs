//! What `yore prune` and `yore forget` are given.

use clap::{Arg, ArgAction, Command};

use super::size_bytes;
use crate::engine::retention::Rule;
use crate::i18n::gettext;

/// The command `prune` with its options.
pub fn prune() -> Command {
    Command::new("prune")
        .about(gettext("Delete the snapshots that the rules let go, and make room"))
        .after_help(gettext(
            "What is pinned or named, the newest good snapshot, and everything while a folder is missing is never deleted. What is kept until room is needed goes only for room: for the next backup, unless --until-free says how much. Without rules in the configuration and without --keep nothing is deleted: what the usual rules would do is shown.",
        ))
        .args([
            dry_run(),
            Arg::new("keep")
                .long("keep")
                .value_name("TAG=REACH")
                .action(ArgAction::Append)
                .value_parser(rule)
                .help(gettext(
                    "Keep this instead of what is configured, such as daily=30days, all=10 or weekly=until-room; may be given more than once",
                )),
            Arg::new("until-free")
                .long("until-free")
                .value_name("SIZE")
                .allow_hyphen_values(true)
                .value_parser(size_bytes)
                .help(gettext("Make room until so much is free, such as “50G”")),
        ])
}

/// The command `forget` with its options.
pub fn forget() -> Command {
    Command::new("forget")
        .about(gettext("Delete snapshots that are not wanted any more"))
        .after_help(gettext(
            "It shows what only these snapshots hold and asks before it deletes them. What is pinned, the newest good snapshot, and everything while a folder is missing is never deleted.",
        ))
        .args([
            Arg::new("at")
                .value_name("SNAPSHOT")
                .required(true)
                .num_args(1..)
                .help(gettext("A snapshot’s name, or a beginning that no other name has")),
            dry_run(),
            Arg::new("yes")
                .long("yes")
                .action(ArgAction::SetTrue)
                .help(gettext("Delete without asking")),
        ])
}

fn dry_run() -> Arg {
    Arg::new("dry-run")
        .long("dry-run")
        .action(ArgAction::SetTrue)
        .help(gettext("Only say what would be done"))
}

/// A rule such as "daily=30days".
fn rule(text: &str) -> Result<Rule, String> {
    let read = || {
        let (tag, reach) = text.split_once('=')?;
        Some(Rule { tag: tag.parse().ok()?, reach: reach.parse().ok()? })
    };
    read().ok_or_else(|| {
        gettext(
            "it must be all, hourly, daily, weekly, monthly or boot, then “=”, and then a number of snapshots, an age such as 24hours, 30days, 4weeks, 6months or 1year (short 24h, 30d, 4w, 6m or 1y), or until-room",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::retention::Tag;

    #[test]
    fn rules_are_read_with_and_without_blanks() {
        for (text, tag, reach) in [
            ("daily=30days", Tag::Daily, "30 days"),
            ("daily = 30 days", Tag::Daily, "30 days"),
            ("ALL=24Hours", Tag::All, "24 hours"),
            ("monthly=1year", Tag::Monthly, "1 year"),
            ("all=24h", Tag::All, "24 hours"),
            ("hourly=1 week ", Tag::Hourly, "1 week"),
            ("boot=5", Tag::Boot, "5"),
            ("weekly=until-room", Tag::Weekly, "until room is needed"),
            ("weekly=until room", Tag::Weekly, "until room is needed"),
            ("weekly=until room is needed", Tag::Weekly, "until room is needed"),
        ] {
            assert_eq!(rule(text), Ok(Rule { tag, reach: reach.parse().unwrap() }), "{text}");
        }
    }

    #[test]
    fn nonsense_is_told_what_is_allowed() {
        for text in [
            "",
            "=",
            "daily",
            "daily=",
            "=30days",
            "dayly=3",
            "daily=0",
            "daily=0days",
            "daily=-3",
            "daily=30 fortnights",
            "daily=days",
            "daily=forever",
            "daily=1=2",
            "daily=99999999999",
            "daily=3d 4d",
        ] {
            let said = rule(text).unwrap_err();
            assert!(said.contains("monthly") && said.contains("until-room"), "{text}: {said}");
        }
    }
}
