//! Passes of verifications that were stopped: where they are kept, for how long, and what is still believed of them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use uuid::Uuid;

use super::error::Result;
use super::places;
use crate::engine::history::History;
use crate::engine::monitor::Monitor;
use crate::engine::verify::{self, Fault, TreeFault, VerifyOptions, VerifyReport};

/// Where a pass with these options is kept: others go on with others.
pub(super) fn pass_file(repository: Uuid, options: &VerifyOptions) -> PathBuf {
    let folder = places::state_dir();
    // Where it can't be made, a stopped pass can't be gone on with.
    let _ = std::fs::create_dir_all(&folder);
    let text = serde_json::to_vec(options).unwrap_or_default();
    let hash = blake3::hash(&text).to_hex();
    let (short, _) = hash.split_at(16);
    folder.join(format!("verify-{repository}-{short}.pass"))
}

/// Forgets all stopped passes over `repository`: something was mended that they may have noted.
pub(super) fn end_passes(repository: Uuid) {
    let Ok(entries) = std::fs::read_dir(places::state_dir()) else { return };
    let start = format!("verify-{repository}-");
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_pass = |name: &str| name.starts_with(&start) && name.ends_with(".pass");
        if name.to_str().is_some_and(is_pass) {
            // What stays is checked again before it is told.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Checks the faults of a pass that was gone on with again: others may have mended since what it noted before. What can't be
/// read it asked anew already.
pub(super) fn checked_again(
    history: &History,
    mut report: VerifyReport,
    monitor: &Monitor,
) -> Result<VerifyReport> {
    if report.faults.is_empty() && report.more_faults == 0 {
        return Ok(report);
    }
    let faults = report.faults.iter();
    let names: BTreeSet<String> = match report.more_faults {
        0 => faults.flat_map(|fault| fault.snapshots.iter().cloned()).collect(),
        // The others may be in any of them.
        _ => report.looked_at.clone(),
    };
    let again = verify::check_trees(history, names.into_iter().collect(), monitor)?;
    let is_unreadable = |fault: &TreeFault| matches!(fault.fault, Fault::Unreadable(_));
    report.faults.retain(is_unreadable);
    report.faults.extend(again.faults.into_iter().filter(|fault| !is_unreadable(fault)));
    sort(&mut report.faults);
    report.more_faults = again.more_faults;
    Ok(report)
}

/// What is told of a pass that was stopped again: faults that were noted a while ago only once they were checked again.
pub(super) fn without_old(mut report: VerifyReport) -> VerifyReport {
    if report.is_resumed {
        report.faults.clear();
        report.more_faults = 0;
    }
    report
}

/// Sorts faults as a pass tells them.
pub(super) fn sort(faults: &mut [TreeFault]) {
    faults.sort_by(|one, other| (&one.path, &one.fault).cmp(&(&other.path, &other.fault)));
}
