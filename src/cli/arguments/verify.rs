//! What `yore verify` is given.

use clap::{Arg, ArgAction, Command, value_parser};

use crate::i18n::gettext;

/// The command `verify` with its options.
pub fn verify() -> Command {
    let flag = |name: &'static str, help: String| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    Command::new("verify")
        .about(gettext("Read what is stored again, and mend what is damaged"))
        .after_help(gettext(
            "Each stored file is read once, however many snapshots have it, and never before anyone else who wants something from the drive. It can be stopped at any moment; the next time with the same options goes on. The exit code is 3 if something damaged could not be mended, or something could not be checked.",
        ))
        .args([
            Arg::new("at").value_name("SNAPSHOT").num_args(0..).help(gettext(
                "A snapshot’s name, or a beginning that no other name has; all if none is given",
            )),
            Arg::new("sample")
                .long("sample")
                .value_name("PERCENT")
                .value_parser(value_parser!(u8).range(1..=100))
                .help(gettext("Read only so many of a hundred files, others each time")),
            Arg::new("since")
                .long("since")
                .value_name("DAYS")
                .value_parser(value_parser!(u32).range(1..))
                .conflicts_with("at")
                .help(gettext("Only the snapshots of so many last days")),
            flag("no-mend", gettext("Only tell what is damaged")),
            flag(
                "drill",
                gettext("Restore 20 files, chosen by chance, and a folder to a temporary place, and compare them"),
            )
            .conflicts_with_all(["at", "sample", "since", "no-mend"]),
        ])
}
