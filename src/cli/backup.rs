//! `yore backup`: make a snapshot now.

use std::time::Instant;

use clap::ArgMatches;
use serde_json::json;

use super::Ending;
use super::output::Output;
use super::watch::watch;
use crate::app::error::Result;
use crate::app::target::{BackUp, Options, Target};
use crate::app::text;
use crate::i18n::{gettext_f, ngettext_f};

/// Names beyond these are only counted.
const SHOWN_NAMES: usize = 10;

pub fn run(matches: &ArgMatches, options: &Options, output: Output) -> Result<Ending> {
    let target = Target::require(options)?;
    let told = BackUp {
        accept_empty: matches.get_flag("accept-empty"),
        scheduled: matches.get_flag("scheduled"),
        only_if_changed: matches.get_flag("if-changed"),
        ..BackUp::default()
    };
    let started = Instant::now();
    let report = watch(output, move |monitor| target.back_up_with(told, monitor))?;
    let counts = &report.counts;
    if report.is_new {
        output.line(gettext_f(
            "Snapshot {name} is complete ({duration}).",
            &[("name", &report.snapshot), ("duration", &text::duration(started.elapsed()))],
        ));
    } else {
        output.line(gettext_f(
            "Nothing is new: everything is still the same as in snapshot {name}.",
            &[("name", &report.snapshot)],
        ));
    }
    output.line(ngettext_f(
        "{count} file, {total}; {copied} written.",
        "{count} files, {total}; {copied} written.",
        counts.files,
        &[("total", &text::size(report.total_bytes)), ("copied", &text::size(report.copied_bytes))],
    ));
    if !report.deleted.is_empty() {
        show_deleted(&report.deleted, output);
    }
    if report.is_partial() {
        output.note(ngettext_f(
            "{count} path could not be stored as it should; what became of it is said above.",
            "{count} paths could not be stored as they should; what became of them is said above.",
            counts.problems,
            &[],
        ));
    }
    output.document(&json!({
        "snapshot": report.snapshot,
        "seq": report.seq,
        "new": report.is_new,
        "counts": counts,
        "total_bytes": report.total_bytes,
        "copied_bytes": report.copied_bytes,
        "deleted": report.deleted,
        "partial": report.is_partial(),
    }));
    Ok(if report.is_partial() { Ending::Partial } else { Ending::Done })
}

/// Which snapshots were deleted for this one, or after it.
fn show_deleted(names: &[String], output: Output) {
    output.line(ngettext_f(
        "{count} old snapshot was deleted, as your rules say:",
        "{count} old snapshots were deleted, as your rules say:",
        names.len() as u64,
        &[],
    ));
    for name in names.iter().take(SHOWN_NAMES) {
        output.line(format!("  {name}"));
    }
    let more = names.len().saturating_sub(SHOWN_NAMES) as u64;
    if more > 0 {
        output.line(ngettext_f("and {count} more", "and {count} more", more, &[]));
    }
}
