//! Runs an operation with a progress bar on a terminal, silently in a pipe, and stops it on Ctrl+C.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::Output;
use crate::app::error::{Error, Result};
use crate::app::events::describe;
use crate::app::jobs::Job;
use crate::app::text;
use crate::engine::monitor::{Cancel, Event, Monitor, Phase};
use crate::i18n::{gettext, gettext_f, ngettext_f};

/// How often the counters are looked at.
const TICK: Duration = Duration::from_millis(100);

/// Problems beyond these are only counted.
const SHOWN_PROBLEMS: u64 = 20;

/// What Ctrl+C stops.
static STOP: OnceLock<Mutex<Option<Cancel>>> = OnceLock::new();

/// Runs `work` on its own thread and shows how it goes.
pub fn watch<T: Send + 'static>(
    output: Output,
    work: impl FnOnce(&Monitor) -> Result<T> + Send + 'static,
) -> Result<T> {
    let bar = bar(output);
    let untold = Arc::new(Mutex::new(Vec::new()));
    let monitor = Monitor::with_listener(listener(output, bar.clone(), Arc::clone(&untold)));
    stop_on_signal(monitor.cancel().clone());
    let started = Instant::now();
    let mut read = None;
    let waiting = std::thread::current();
    let job = Job::start(monitor, move |monitor| {
        let result = work(monitor);
        waiting.unpark();
        result
    });
    // If nobody looks on, the thread's end is all there is to wait for.
    while !bar.is_hidden() && !job.is_finished() {
        // What is done at once needs no bar.
        if started.elapsed() >= TICK {
            show(&bar, job.monitor(), started.elapsed(), &mut read);
        }
        std::thread::park_timeout(TICK);
    }
    let result = job.join();
    bar.finish_and_clear();
    stop_at_once();
    let result = result.unwrap_or(Err(Error::BrokenDown));
    if result.is_err() {
        let untold = std::mem::take(&mut *untold.lock().unwrap_or_else(PoisonError::into_inner));
        untold.iter().for_each(|event| output.note(describe(event)));
    }
    result
}

fn bar(output: Output) -> ProgressBar {
    if output.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(1000), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {wide_msg}") {
        bar.set_style(style);
    }
    bar
}

/// When reading was first seen, and how much of it was done then: by an earlier run.
type Begun = Option<(Instant, u64)>;

fn show(bar: &ProgressBar, monitor: &Monitor, elapsed: Duration, read: &mut Begun) {
    let progress = monitor.progress();
    bar.set_position((progress.fraction().unwrap_or(0.0) * 1000.0) as u64);
    let mut words = vec![match progress.phase {
        Phase::Opening => gettext("Opening the repository"),
        Phase::Measuring => gettext("Looking at what there is"),
        Phase::Copying => {
            ngettext_f("{count} entry", "{count} entries", progress.done_entries, &[])
        }
        Phase::Syncing => gettext("Making sure that everything is on the drive"),
        Phase::Indexing => gettext("Writing the index"),
        Phase::Publishing => gettext("Putting everything in its place"),
        Phase::Rebuilding => gettext("Reading the snapshots"),
        Phase::Deleting => ngettext_f(
            "{count} entry deleted",
            "{count} entries deleted",
            progress.done_entries,
            &[],
        ),
        Phase::Verifying => {
            ngettext_f("{count} file checked", "{count} files checked", progress.done_entries, &[])
        }
        Phase::Mending => gettext("Mending damaged files"),
        Phase::Undoing => gettext("Putting everything back"),
    }];
    if progress.phase == Phase::Deleting && progress.free_bytes > 0 {
        words.push(gettext_f("{free} free", &[("free", &text::size(progress.free_bytes))]));
    }
    if matches!(progress.phase, Phase::Copying | Phase::Verifying) {
        words.push(text::size(progress.done_bytes));
        words.extend(match progress.phase {
            Phase::Verifying => {
                let (since, before) = *read.get_or_insert((Instant::now(), progress.done_bytes));
                text::rate(progress.done_bytes.saturating_sub(before), since.elapsed())
            }
            _ => text::rate(progress.copied_bytes, elapsed),
        });
        words.extend(text::time_left(&progress, elapsed));
    }
    if monitor.cancel().is_cancelled() {
        words = vec![gettext("Stopping…")];
    }
    bar.set_message(words.join(" · "));
}

/// Says what happens; what was deleted is kept in `untold`.
fn listener(
    output: Output,
    bar: ProgressBar,
    untold: Arc<Mutex<Vec<Event>>>,
) -> impl Fn(&Event) + Send + Sync + 'static {
    let problems = Arc::new(AtomicU64::new(0));
    move |event| {
        // Each command tells in its own words what it deleted, if it comes to that.
        if matches!(event, Event::SnapshotDeleted { .. }) {
            untold.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
            return;
        }
        if matches!(event, Event::Problem { .. })
            && problems.fetch_add(1, Relaxed) >= SHOWN_PROBLEMS
        {
            return;
        }
        bar.suspend(|| output.note(describe(event)));
    }
}

/// From now on there is nothing to stop cleanly.
fn stop_at_once() {
    if let Some(stop) = STOP.get() {
        *stop.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Lets the first Ctrl+C stop the operation cleanly, and the second end the program.
fn stop_on_signal(cancel: Cancel) {
    let is_first = STOP.get().is_none();
    let stop = STOP.get_or_init(Mutex::default);
    *stop.lock().unwrap_or_else(PoisonError::into_inner) = Some(cancel);
    if !is_first {
        return;
    }
    // Without a handler Ctrl+C ends the program at once; the next run puts things right then.
    let _ = ctrlc::set_handler(|| {
        let current = STOP.get().and_then(|stop| stop.lock().ok()?.clone());
        match current {
            Some(cancel) if !cancel.is_cancelled() => cancel.cancel(),
            _ => std::process::exit(130),
        }
    });
}
