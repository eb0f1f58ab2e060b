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
use crate::engine::pin::PinChange;
use crate::i18n::gettext_f;

pub fn run(
    matches: &ArgMatches,
    options: &Options,
    output: Output,
    pinned: bool,
) -> Result<Ending> {
    let target = Target::require(options)?;
    let label = matches.try_get_one::<String>("label").ok().flatten().cloned();
    let change = PinChange { pinned: Some(pinned), label };
    let snapshot = snapshot_of(matches, &target.open_history(&Monitor::new())?, output)?;
    let name = snapshot.name.clone();
    let pin = watch(output, move |monitor| target.mark(&snapshot, &change, monitor))?;
    let words: &[(&str, &str)] = &[("name", &name)];
    output.line(match (pinned, &pin.label) {
        (true, Some(label)) => gettext_f(
            "The snapshot {name}, “{label}”, is kept for good.",
            &[("name", &name), ("label", &display(label.as_bytes()))],
        ),
        (true, None) => gettext_f("The snapshot {name} is kept for good.", words),
        (false, _) => gettext_f("The snapshot {name} is not pinned any more.", words),
    });
    output.document(&json!({ "snapshot": name, "pinned": pin.pinned, "label": pin.label }));
    Ok(Ending::Done)
}
