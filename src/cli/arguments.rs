//! What the command line takes.

mod find;
mod prune;
mod restore;
mod verify;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, value_parser};

use super::find::KINDS;
use crate::app::size::{self, BadSize};
use crate::engine::meta::ContentHash;
use crate::engine::rules::Preset;
use crate::i18n::gettext;

/// Stands for no preset at all.
const NO_PRESET: &str = "none";

/// The whole command line.
pub fn command() -> Command {
    Command::new("yore")
        .version(env!("CARGO_PKG_VERSION"))
        .about(gettext(
            "A time machine for your folders: complete, dated copies on an external drive",
        ))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .args(global_options())
        .arg(
            Arg::new("json")
                .long("json")
                .global(true)
                .action(ArgAction::SetTrue)
                .help(gettext("Answer in JSON, for programs")),
        )
        .subcommands([
            setup(),
            backup(),
            snapshots(),
            ls(),
            deleted(),
            find::find(),
            versions(),
            compare(),
            usage(),
            restore::restore(),
            restore::undo(),
            plain("status", gettext("Tell whether everything is well")),
            why(),
            pin(),
            unpin(),
            prune::prune(),
            prune::forget(),
            verify::verify(),
            adopt(),
            plain("rebuild", gettext("Make the index again from the snapshots")),
            plain("demo", gettext("Show the whole job on a sample in a temporary folder")),
        ])
}

/// The options that both programs have.
pub fn global_options() -> [Arg; 2] {
    [
        Arg::new("config")
            .long("config")
            .value_name("FILE")
            .global(true)
            .value_parser(value_parser!(PathBuf))
            .help(gettext("Use this configuration")),
        Arg::new("repository")
            .long("repository")
            .value_name("DIR")
            .global(true)
            .value_parser(value_parser!(PathBuf))
            .help(gettext(
                "Open this repository without any configuration, on a new computer for instance",
            )),
    ]
}

fn plain(name: &'static str, about: String) -> Command {
    Command::new(name).about(about)
}

fn snapshot() -> Arg {
    at_help(Arg::new("at").value_name("SNAPSHOT").required(true))
}

fn pin() -> Command {
    Command::new("pin").about(gettext("Keep a snapshot for good")).args([snapshot(), label()])
}

fn unpin() -> Command {
    Command::new("unpin")
        .about(gettext("Let a snapshot be thinned out again"))
        .after_help(gettext(
            "One that has a name stays until the name is taken away, too: --label ''",
        ))
        .args([snapshot(), label()])
}

fn label() -> Arg {
    Arg::new("label")
        .long("label")
        .value_name("TEXT")
        .help(gettext("What to call it; an empty text takes the name away"))
}

fn adopt() -> Command {
    Command::new("adopt")
        .about(gettext("Go on with a repository of another computer, name or user"))
        .args([
            Arg::new("drive")
                .long("drive")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .help(gettext("The folder where the drive is mounted, or any folder on it")),
            Arg::new("which")
                .long("which")
                .value_name("NAME")
                .help(gettext("The repository’s folder, where the drive holds several")),
            Arg::new("for")
                .long("for")
                .value_name("USER")
                .help(gettext("As root, give the repository to this user")),
            Arg::new("source")
                .long("source")
                .value_name("OLD=NEW")
                .action(ArgAction::Append)
                .value_parser(value_parser!(OsString))
                .help(gettext("A folder that has another path on this computer")),
        ])
        .arg(Arg::new("unsafe-drive").long("unsafe-drive").hide(true).action(ArgAction::SetTrue))
}

fn setup() -> Command {
    Command::new("setup")
        .about(gettext("Choose a drive and the folders to back up"))
        .arg(
            Arg::new("drive")
                .long("drive")
                .value_name("DIR")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help(gettext("The folder where the drive is mounted, or any folder on it")),
        )
        .arg(
            Arg::new("source")
                .long("source")
                .value_name("PATH")
                .required(true)
                .num_args(1..)
                .action(ArgAction::Append)
                .value_parser(value_parser!(PathBuf))
                .help(gettext("A folder to back up; may be given more than once")),
        )
        .args(rules())
        .arg(Arg::new("unsafe-drive").long("unsafe-drive").hide(true).action(ArgAction::SetTrue))
}

/// What of the folders is left out; what isn't named stays as it was.
fn rules() -> [Arg; 3] {
    let presets = Preset::ALL.map(Preset::name).into_iter().chain([NO_PRESET]);
    [
        Arg::new("exclude")
            .long("exclude")
            .value_name("PATTERN")
            .action(ArgAction::Append)
            .value_parser(value_parser!(OsString))
            .help(gettext(
                "Leave out what this pattern says, as in .gitignore; may be given more than once",
            )),
        Arg::new("include")
            .long("include")
            .value_name("PATH")
            .action(ArgAction::Append)
            .value_parser(value_parser!(PathBuf))
            .help(gettext(
                "Keep this file or folder, whatever leaves it out; may be given more than once",
            )),
        Arg::new("preset")
            .long("preset")
            .value_name("NAME")
            .action(ArgAction::Append)
            .value_parser(PossibleValuesParser::new(presets))
            .help(gettext("Leave out what is usual of this kind; may be given more than once")),
    ]
}

fn backup() -> Command {
    let flag = |name: &'static str, help: String| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    Command::new("backup").about(gettext("Make a snapshot now")).args([
        flag("accept-empty", gettext("Believe a folder that was emptied since the last snapshot")),
        flag("if-changed", gettext("Make no snapshot if nothing is new")),
        flag("scheduled", gettext("Run as the schedule would: no snapshot if nothing is new")),
    ])
}

fn why() -> Command {
    Command::new("why")
        .about(gettext("Tell whether a path is backed up, and if not, what leaves it out"))
        .args([at(), path(true)])
}

fn at() -> Arg {
    at_help(Arg::new("at").long("at").value_name("SNAPSHOT"))
}

fn at_help(arg: Arg) -> Arg {
    arg.help(gettext(
        "A snapshot’s name or its beginning, “latest”, or a time such as “2026-11-21 10:00”, “yesterday 10:00” or “monday”",
    ))
}

fn path(required: bool) -> Arg {
    Arg::new("path")
        .value_name("PATH")
        .required(required)
        .value_parser(value_parser!(PathBuf))
        .help(gettext("A file or folder, by the path that it has or had"))
}

fn snapshots() -> Command {
    Command::new("snapshots")
        .about(gettext("List the snapshots"))
        .arg(path(false).help(gettext("Only those with this folder, and what each changed in it; of a file, those in which it is another")))
}

fn ls() -> Command {
    Command::new("ls")
        .about(gettext("List a folder as it was"))
        .args([at(), path(true)])
        .arg(Arg::new("changes").long("changes").action(ArgAction::SetTrue).help(gettext(
        "Tell what is different now; from the newest snapshot, where the folder can’t be read now",
    )))
}

fn compare() -> Command {
    let moment = |name: &'static str, value: &'static str| {
        at_help(Arg::new(name).value_name(value).required(true))
    };
    Command::new("compare")
        .about(gettext("Tell what is different between two snapshots"))
        .after_help(gettext(
            "It is always told from the earlier to the later of both, in whichever order they are given. What is in the folders now is compared by “yore ls --changes”.",
        ))
        .args([moment("a", "A"), moment("b", "B")])
        .arg(path(false).help(gettext("Only what is at or below this path")))
        .arg(
            Arg::new("content")
                .long("content")
                .action(ArgAction::SetTrue)
                .help(gettext("Show how texts differ, line by line")),
        )
        .arg(
            Arg::new("limit")
                .long("limit")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..))
                .help(gettext("Tell at most so many entries; in JSON 10000 if nothing is said")),
        )
        .arg(
            Arg::new("after")
                .long("after")
                .value_name("PATH")
                .value_parser(value_parser!(PathBuf))
                .help(gettext("Go on after this path, where an earlier answer ended")),
        )
}

fn usage() -> Command {
    Command::new("usage")
        .about(gettext("Tell what takes the room"))
        .after_help(gettext(
            "Without a path: how much each snapshot holds that no other has, under any path. About so much deleting it alone would free; what two share is freed only with both.\n\nWith a path: for each entry of the folder how large it is in the snapshot, and how much all states of its files in all snapshots are together, those of deleted files included. A content that is there several times counts each time here, but is stored once.",
        ))
        .arg(path(false).help(gettext("A folder, to tell what is in it, or a file")))
        .arg(at().requires("path"))
}

/// A size with its unit.
fn size_bytes(text: &str) -> Result<u64, String> {
    size::parse(text).map_err(|bad| match bad {
        BadSize::Unclear => gettext("it is no size with a unit, such as “4 GB” or “700 KiB”"),
        BadSize::Nothing => gettext("a size is from 1 byte on"),
        BadSize::TooLarge => gettext("it is too large"),
    })
}

fn deleted() -> Command {
    let deleted = Command::new("deleted").about(gettext("List what was deleted, newest first"));
    let deleted = deleted.after_help(gettext(
        "The date is that of the last snapshot with it. What was deleted last comes first.",
    ));
    deleted.args([
        at_help(Arg::new("at").long("before").value_name("SNAPSHOT")),
        Arg::new("limit")
            .long("limit")
            .value_name("NUMBER")
            .default_value("50")
            .value_parser(value_parser!(u64).range(1..=1_000_000))
            .help(gettext("The most lines that are shown")),
        Arg::new("name")
            .long("name")
            .value_name("TEXT")
            .help(gettext("Only what has this text in its name")),
        Arg::new("kind")
            .long("kind")
            .value_name("KIND")
            .value_parser(PossibleValuesParser::new(KINDS.map(|(name, _)| name)))
            .help(gettext("Only what is of this kind")),
        Arg::new("min-size")
            .long("min-size")
            .value_name("SIZE")
            .value_parser(size_bytes)
            .help(gettext("Only what is at least so large, a folder with all in it")),
        path(false),
    ])
}

fn versions() -> Command {
    let hash = |text: &str| {
        let hash = blake3::Hash::from_hex(text).map(|hash| ContentHash(*hash.as_bytes()));
        hash.map_err(|_| gettext("it is no BLAKE3 hash of 64 digits, as --json shows them"))
    };
    Command::new("versions").about(gettext("List the versions of a file or folder")).args([
        path(true),
        Arg::new("last-good")
            .long("last-good")
            .value_name("HASH")
            .conflicts_with("check")
            .value_parser(hash)
            .help(gettext("Find the newest version with this content, and what came after it")),
        Arg::new("check")
            .long("check")
            .value_name("PROGRAM")
            .value_parser(value_parser!(PathBuf))
            .help(gettext(
                "Find the last version for which this program ends with 0; it gets a copy as its last argument",
            )),
        Arg::new("arguments")
            .value_name("ARGUMENT")
            .last(true)
            .num_args(0..)
            .requires("check")
            .value_parser(value_parser!(OsString))
            .help(gettext("What the program gets before the copy")),
    ])
}
