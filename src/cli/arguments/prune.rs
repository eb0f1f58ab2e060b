//! What `yore prune` and `yore forget` are given.

use clap::{Arg, ArgAction, Command};
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::{Error as BadTag, StringDeserializer};

use super::{at_help, size_bytes};
use crate::engine::retention::{Reach, Rule, Tag};
use crate::i18n::gettext;

/// What people write for "until room is needed", without blanks and hyphens.
const UNTIL_ROOM: [&str; 2] = ["untilroom", "untilroomisneeded"];

/// The command `prune` with its options.
pub fn prune() -> Command {
    Command::new("prune")
        .about(gettext("Delete the snapshots that the rules let go, and make room"))
        .after_help(gettext(
            "What is pinned or named, the newest good snapshot, and everything while a folder is missing is never deleted. What is kept until room is needed goes only for room: for the next backup, unless --until-free says how much.",
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
                .value_parser(size_bytes)
                .help(gettext("Make room until so much is free, such as “50G”")),
        ])
}

/// The command `forget` with its options.
pub fn forget() -> Command {
    Command::new("forget").about(gettext("Delete snapshots that are not wanted any more")).args([
        at_help(Arg::new("at").value_name("SNAPSHOT").required(true).num_args(1..)),
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
        let tag: StringDeserializer<BadTag> = tag.trim().to_lowercase().into_deserializer();
        let tag = Tag::deserialize(tag).ok()?;
        Some(Rule { tag, reach: reach_of(reach)? })
    };
    read().ok_or_else(|| {
        gettext(
            "it must be all, hourly, daily, weekly, monthly or boot, then “=”, and then a number of snapshots, an age such as 24hours, 30days, 4weeks, 6months or 1year, or until-room",
        )
    })
}

/// A reach as it is typed, with or without blanks.
fn reach_of(text: &str) -> Option<Reach> {
    let text = text.trim().to_lowercase();
    let letters: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if UNTIL_ROOM.contains(&letters.as_str()) {
        return Some(Reach::UntilRoom);
    }
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    format!("{number} {}", unit.trim_start()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_with_and_without_blanks() {
        for (text, tag, reach) in [
            ("daily=30days", Tag::Daily, "30 days"),
            ("daily = 30 days", Tag::Daily, "30 days"),
            ("ALL=24Hours", Tag::All, "24 hours"),
            ("monthly=1year", Tag::Monthly, "1 year"),
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
