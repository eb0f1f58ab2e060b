//! `yore snapshots`: list the snapshots.

use serde_json::json;

use super::Ending;
use super::output::{Output, snapshot_json};
use super::past::open_history;
use crate::app::error::Result;
use crate::app::target::{Options, Target};
use crate::app::text;
use crate::engine::history::SnapshotState;
use crate::engine::path::display;
use crate::i18n::{gettext, gettext_f, ngettext_f};

pub fn run(options: &Options, output: Output) -> Result<Ending> {
    let history = open_history(&Target::require(options)?, output)?;
    let snapshots = history.snapshots()?;
    if snapshots.is_empty() {
        output.line(gettext("There is no snapshot yet."));
    }
    for snapshot in &snapshots {
        let files = ngettext_f("{count} file", "{count} files", snapshot.files, &[]);
        let mut words = vec![files, text::size(snapshot.total_bytes)];
        if snapshot.problems > 0 {
            words.push(ngettext_f("{count} problem", "{count} problems", snapshot.problems, &[]));
        }
        match snapshot.state {
            SnapshotState::Good => {}
            SnapshotState::Damaged => words.push(gettext("damaged")),
            SnapshotState::Missing => words.push(gettext("missing from the drive")),
            SnapshotState::Pruned => words.push(gettext("deleted")),
        }
        if snapshot.pinned {
            words.push(gettext("pinned"));
        }
        if let Some(label) = &snapshot.label {
            words.push(gettext_f("“{label}”", &[("label", &display(label.as_bytes()))]));
        }
        if let Some(same) = snapshot.same_at {
            let when = text::moment(same);
            words.push(gettext_f("still the same at {when}", &[("when", &when)]));
        }
        let when = text::moment(snapshot.started);
        output.line(format!("{:<22}  {when:>18}  {}", snapshot.name, words.join(", ")));
    }
    let snapshots: Vec<_> = snapshots.iter().map(snapshot_json).collect();
    output.document(&json!({ "snapshots": snapshots, "drive_away": history.is_away() }));
    Ok(Ending::Done)
}
