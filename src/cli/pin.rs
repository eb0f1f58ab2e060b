//! `yore pin` and `yore unpin`: keep a snapshot for good, and name it.

use clap::ArgMatches;
use serde_json::json;

use super::Ending;
use super::ls::snapshot_of;
use super::output::Output;
use super::watch::watch;
use crate::app::error::Result;
use crate::app::target::{Options, Target};
use crate::engine::monitor::Monitor;
use crate::engine::path::display;
use crate::engine::pin::{Pin, PinChange};
use crate::i18n::gettext_f;

pub fn run(
    matches: &ArgMatches,
    options: &Options,
    output: Output,
    pinned: bool,
) -> Result<Ending> {
    let target = Target::require(options)?;
    let label = matches.get_one::<String>("label").cloned();
    let change = PinChange { pinned: Some(pinned), label };
    let snapshot = snapshot_of(matches, &target.open_history(&Monitor::new())?, output)?;
    let (name, was_pinned) = (snapshot.name.clone(), snapshot.pinned);
    let former = snapshot.label.clone();
    let pin = watch(output, move |monitor| target.mark(&snapshot, &change, monitor))?;
    if pin.pinned {
        output.line(kept_words(&name, &pin));
    } else {
        show_unpinned(&name, was_pinned, former.as_deref(), &pin, output);
    }
    output.document(&json!({ "snapshot": name, "pinned": pin.pinned, "label": pin.label }));
    Ok(Ending::Done)
}

fn kept_words(name: &str, pin: &Pin) -> String {
    match &pin.label {
        Some(label) => gettext_f(
            "The snapshot {name}, “{label}”, is kept for good.",
            &[("name", name), ("label", &display(label.as_bytes()))],
        ),
        None => gettext_f("The snapshot {name} is kept for good.", &[("name", name)]),
    }
}

/// What became of the mark, and of the name, which keeps a snapshot as well.
fn show_unpinned(name: &str, was_pinned: bool, former: Option<&str>, pin: &Pin, output: Output) {
    let words: &[(&str, &str)] = &[("name", name)];
    output.line(match was_pinned {
        true => gettext_f("The snapshot {name} is not pinned any more.", words),
        false => gettext_f("The snapshot {name} was not pinned.", words),
    });
    match (former, &pin.label) {
        (_, Some(label)) => output.line(gettext_f(
            "It still has the name “{label}” and so stays; to take that away, too, run: yore unpin {name} --label ''",
            &[("label", &display(label.as_bytes())), ("name", name)],
        )),
        (Some(former), None) => output.line(gettext_f(
            "It is not called “{label}” any more.",
            &[("label", &display(former.as_bytes()))],
        )),
        (None, None) => {}
    }
}
