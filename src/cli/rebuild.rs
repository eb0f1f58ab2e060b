//! `yore rebuild`: make the index again from the snapshots.

use serde_json::json;

use super::Ending;
use super::output::Output;
use super::watch::watch;
use crate::app::error::Result;
use crate::app::target::{Options, Target};
use crate::engine::monitor::Monitor;
use crate::i18n::ngettext_f;

pub fn run(options: &Options, output: Output) -> Result<Ending> {
    let target = Target::require(options)?;
    let rebuilt = target.clone();
    watch(output, move |monitor| rebuilt.rebuild(monitor))?;
    let snapshots = target.open_history(&Monitor::new())?.snapshots()?.len() as u64;
    output.line(ngettext_f(
        "The index was made again from {count} snapshot.",
        "The index was made again from {count} snapshots.",
        snapshots,
        &[],
    ));
    output.document(&json!({ "snapshots": snapshots }));
    Ok(Ending::Done)
}
