//! A running operation's counters in words; backup and restore show the same.

use std::time::Duration;

use crate::app::text;
use crate::engine::monitor::Phase;
use crate::i18n::{gettext, gettext_f, ngettext_f};
use crate::ui::bridge::Tick;

const SECOND: Duration = Duration::from_secs(1);

/// What is shown of a running operation.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// What it is busy with.
    pub phase: String,
    /// Items done, of how many.
    pub items: String,
    /// Bytes done, of how many, and how fast.
    pub bytes: String,
    /// How long it will take; empty while that can't be told.
    pub left: String,
    /// The folder that is being worked on.
    pub current: String,
    /// How much is done, from 0 to 1.
    pub fraction: Option<f64>,
}

/// Words for one look at the counters.
pub fn shown(tick: &Tick) -> Shown {
    let progress = &tick.progress;
    Shown {
        phase: phase(progress.phase),
        items: items(tick),
        bytes: match tick.bytes_per_second.and_then(|bytes| text::rate(bytes, SECOND)) {
            Some(rate) => join(&bytes(tick), &rate),
            None => bytes(tick),
        },
        left: text::time_left(progress, tick.elapsed).unwrap_or_default(),
        current: if tick.current.is_root() { String::new() } else { tick.current.to_string() },
        fraction: progress.fraction(),
    }
}

fn phase(phase: Phase) -> String {
    match phase {
        Phase::Opening => gettext("Opening the drive…"),
        Phase::Measuring => gettext("Looking at the folders…"),
        Phase::Copying => gettext("Copying…"),
        Phase::Syncing => gettext("Making sure it is on the drive…"),
        Phase::Indexing => gettext("Updating the index…"),
        Phase::Publishing => gettext("Putting files in place…"),
        Phase::Rebuilding => gettext("Reading the snapshots…"),
        Phase::Deleting => gettext("Deleting snapshots…"),
        Phase::Verifying => gettext("Checking stored files…"),
        Phase::Mending => gettext("Mending damaged files…"),
        Phase::Undoing => gettext("Putting everything back…"),
    }
}

fn items(tick: &Tick) -> String {
    let (done, total) = (tick.progress.done_entries, tick.progress.total_entries);
    if total >= done && total > 0 {
        let done = done.to_string();
        return ngettext_f(
            "{done} of {count} item",
            "{done} of {count} items",
            total,
            &[("done", &done)],
        );
    }
    ngettext_f("{count} item", "{count} items", done, &[])
}

fn bytes(tick: &Tick) -> String {
    let (done, total) = (tick.progress.done_bytes, tick.progress.total_bytes);
    if total >= done && total > 0 {
        let (done, total) = (text::size(done), text::size(total));
        return gettext_f("{done} of {total}", &[("done", &done), ("total", &total)]);
    }
    text::size(done)
}

/// Two facts on one line.
pub fn join(first: &str, second: &str) -> String {
    format!("{first} · {second}")
}
