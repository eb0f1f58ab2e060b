//! The window. See `yore::ui`.

use std::io::Write;
use std::process::ExitCode;

use yore::app::limits::raise_open_files;
use yore::i18n::{self, gettext};
use yore::ui;

fn main() -> ExitCode {
    if let Some(done) = ui::decode_if_asked() {
        return done;
    }
    i18n::init();
    raise_open_files();
    let matches = ui::command().get_matches();
    match ui::run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => {
            let words = gettext(
                "There is no display to show a window on. The command “yore” works without one.",
            );
            let _nobody_reads = writeln!(std::io::stderr(), "yore-gtk: {words}");
            ExitCode::FAILURE
        }
    }
}
