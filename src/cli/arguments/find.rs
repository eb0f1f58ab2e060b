//! What `yore find` is given.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, PossibleValuesParser, TypedValueParser as _};
use clap::{Arg, ArgAction, Command, value_parser};

use super::size_bytes;
use crate::cli::find::KINDS;
use crate::i18n::gettext;

/// The command with its options.
pub fn find() -> Command {
    let when = |name: &'static str, help: String| {
        Arg::new(name).long(name).value_name("SNAPSHOT").help(help)
    };
    let bytes = |name: &'static str, help: String| {
        Arg::new(name).long(name).value_name("SIZE").value_parser(size_bytes).help(help)
    };
    let count = |name: &'static str, least: i64, help: String| {
        let range = value_parser!(u32).range(least..);
        Arg::new(name).long(name).value_name("COUNT").value_parser(range).help(help)
    };
    let about = gettext("Find files and folders of every snapshot by their names");
    Command::new("find").about(about).after_help(gettext(
        "A text of one or two letters, or with a “/” before its end, is looked for only where names begin. “*” and “?” are letters like any other.\n\nA line shows the newest state of a path that is of the kind, size and time asked for; the time behind it is that of the path, in all its states.",
    )).args([
        Arg::new("text")
            .value_name("TEXT")
            .required(true)
            .value_parser(OsStringValueParser::new().try_map(searched))
            .help(gettext(
                "Letters of the name; “FOLDER/NAME” finds what begins with NAME in FOLDER, and a “/” behind finds folders only",
            )),
        Arg::new("under")
            .long("under")
            .value_name("PATH")
            .value_parser(value_parser!(PathBuf))
            .help(gettext("Search only this folder and what is below it")),
        Arg::new("deleted")
            .long("deleted")
            .action(ArgAction::SetTrue)
            .help(gettext("Find only what is not in the newest snapshot")),
        Arg::new("kind")
            .long("kind")
            .value_name("KIND")
            .value_parser(PossibleValuesParser::new(KINDS.map(|(name, _)| name)))
            .help(gettext("Find only what was once of this kind")),
        bytes("min-size", gettext("Find only files of at least this size, such as “4 MB”")),
        bytes("max-size", gettext("Find only files of at most this size")),
        when("since", gettext("Find only what was there in this snapshot or later")),
        when("until", gettext("Find only what was there in this snapshot or earlier")),
        count("limit", 1, gettext("Show so many at most, 50 if nothing is said")),
        count("skip", 0, gettext("Pass over so many of the best ones")),
    ])
}

/// A text that says what is looked for.
fn searched(text: OsString) -> Result<OsString, String> {
    match text.as_encoded_bytes().iter().all(|byte| *byte == b'/') {
        true => Err(gettext("it has no letters to look for")),
        false => Ok(text),
    }
}
