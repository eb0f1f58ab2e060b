//! The backup that comes before a folder is made exactly as it was.

use clap::ArgMatches;

use crate::app::error::Result;
use crate::app::restoring::{back_up_before, backup_time, offer, wants_backup};
use crate::app::target::Target;
use crate::cli::ask::{Enter, ask};
use crate::cli::output::Output;
use crate::cli::watch::watch;
use crate::engine::history::History;
use crate::engine::restore::RestorePlan;
use crate::i18n::{gettext, gettext_f};

/// Says that it would be made.
pub fn announce(
    matches: &ArgMatches,
    target: &Target,
    history: &History,
    plan: &RestorePlan,
    output: Output,
) -> Result<()> {
    if !matches.get_flag("no-before") && wants_backup(target, plan) {
        output.line(offer(backup_time(history)?));
    }
    Ok(())
}

/// Makes it if it is wanted; the name of the snapshot.
///
/// Where nobody can be asked it is made: `--no-before` leaves it out.
pub fn make(
    matches: &ArgMatches,
    target: &Target,
    history: &History,
    plan: &RestorePlan,
    output: Output,
) -> Result<Option<String>> {
    if matches.get_flag("no-before") || !wants_backup(target, plan) {
        return Ok(None);
    }
    output.line(offer(backup_time(history)?));
    let question = gettext("Make it now? [Y/n] ");
    if ask(&question, Enter::Yes, output) == Some(false) {
        return Ok(None);
    }
    let target = target.clone();
    let made = watch(output, move |monitor| back_up_before(&target, monitor));
    let report = made.inspect_err(|error| {
        if !error.is_cancelled() {
            output.note(gettext(
                "Nothing was restored. With “--no-before” it is restored without a backup first.",
            ));
        }
    })?;
    output.line(gettext_f("Snapshot {name} is complete.", &[("name", &report.snapshot)]));
    Ok(Some(report.snapshot))
}
