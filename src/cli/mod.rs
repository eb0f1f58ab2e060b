//! The command line: one file per command, words through gettext, the work in `app`.

mod adopt;
mod arguments;
mod ask;
mod backup;
mod compare;
mod deleted;
mod demo;
mod diff;
mod find;
mod forget;
mod last_good;
mod ls;
mod missing;
mod output;
mod past;
mod period;
mod pin;
mod prune;
mod rebuild;
mod restore;
mod setup;
mod snapshots;
mod status;
mod undo;
mod usage;
mod verify;
mod versions;
mod watch;
mod why;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::ArgMatches;

use crate::app::error::{Error, Result};
use crate::app::explain::explain;
use crate::app::target::Options;

use output::Output;

/// How a command ended, as the exit code says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Done,
    Partial,
}

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const PARTIAL: u8 = 3;

/// Runs the command line `arguments`, the program's name first, to its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    crate::i18n::init();
    crate::app::limits::raise_open_files();
    let matches = match arguments::command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            // Help and version are no errors; clap knows which stream each belongs to.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    let options = Options {
        config: matches.get_one("config").cloned(),
        repository: matches.get_one("repository").cloned(),
    };
    let output = Output { json: matches.get_flag("json") };
    match dispatch(&matches, &options, output) {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Partial) => ExitCode::from(PARTIAL),
        Err(error) => {
            output.error(&explain(&error));
            ExitCode::from(if error.is_usage() { USAGE } else { FAILED })
        }
    }
}

fn dispatch(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    match matches.subcommand() {
        Some(("setup", matches)) => setup::run(matches, options, output),
        Some(("backup", matches)) => backup::run(matches, options, output),
        Some(("snapshots", matches)) => snapshots::run(matches, options, output),
        Some(("ls", matches)) => ls::run(matches, options, output),
        Some(("deleted", matches)) => deleted::run(matches, options, output),
        Some(("find", matches)) => find::run(matches, options, output),
        Some(("versions", matches)) => versions::run(matches, options, output),
        Some(("compare", matches)) => compare::run(matches, options, output),
        Some(("usage", matches)) => usage::run(matches, options, output),
        Some(("restore", matches)) => restore::run(matches, options, output),
        Some(("undo", matches)) => undo::run(matches, output),
        Some(("status", _)) => status::run(options, output),
        Some(("why", matches)) => why::run(matches, options, output),
        Some(("pin", matches)) => pin::run(matches, options, output, true),
        Some(("unpin", matches)) => pin::run(matches, options, output, false),
        Some(("prune", matches)) => prune::run(matches, options, output),
        Some(("forget", matches)) => forget::run(matches, options, output),
        Some(("verify", matches)) => verify::run(matches, options, output),
        Some(("adopt", matches)) => adopt::run(matches, options, output),
        Some(("rebuild", _)) => rebuild::run(options, output),
        Some(("demo", _)) => demo::run(output),
        _ => Err(Error::NotSetUp(options.config_path())),
    }
}
