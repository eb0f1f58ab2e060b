//! The command line of Yore.

use std::process::ExitCode;

fn main() -> ExitCode {
    yore::cli::run(std::env::args_os())
}
