//! Databases of which not all could be staged: nothing of them is moved, since an old one beside the log of another, or
//! without its own, would be spoilt on opening.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::apply::Run;
use super::journal::{Steps, Swap};
use super::plan::base_of;
use super::stage::Staging;
use super::{Action, PlanItem};
use crate::engine::problem::Reason;

/// Drops the swaps of databases of which something is planned and not staged; what is staged of them is swept away.
pub fn drop_parted(run: &Run<'_>, staging: &Staging<'_>, steps: &mut Steps) {
    let staged: HashSet<u64> = steps.swaps.iter().map(|swap| swap.slot).collect();
    let is_lacking =
        |number: usize, item: &PlanItem| item.is_written() && !staged.contains(&(number as u64));
    let all = || run.plan.items.iter().enumerate();
    let lacking = || all().filter(|(number, item)| is_lacking(*number, item)).map(|(_, item)| item);
    let mut parted: HashSet<_> = lacking().flat_map(|item| databases_of(&item.target)).collect();
    if run.plan.request.damaged {
        // Whoever takes what is damaged also takes what is left, where it comes beside nothing else.
        let moves = |item: &PlanItem| matches!(item.action, Action::Replace | Action::Remove);
        let items = run.plan.items.iter().filter(|item| moves(item));
        let live: HashSet<_> = items.flat_map(|item| databases_of(&item.target)).collect();
        parted.retain(|database| live.contains(database));
    }
    if parted.is_empty() {
        return;
    }
    // A live log goes before its database, and an old one comes after: two swaps of one path.
    let mut told: HashSet<_> = lacking().map(|item| &item.path).collect();
    let is_parted = |swap: &Swap| databases_of(&swap.place()).any(|it| parted.contains(&it));
    let (dropped, kept) = std::mem::take(&mut steps.swaps).into_iter().partition(is_parted);
    let dropped: Vec<Swap> = dropped;
    steps.swaps = kept;
    for swap in &dropped {
        if told.insert(&swap.path) {
            staging.problem(&swap.path, Reason::DatabaseNotWhole);
        }
        let Some(fresh) = &swap.fresh else { continue };
        steps.entries = steps.entries.saturating_sub(fresh.entries);
        steps.bytes = steps.bytes.saturating_sub(fresh.bytes);
    }
}

/// The databases that what lies at `place` may be a part of: itself, and the one whose log it is.
fn databases_of(place: &Path) -> impl Iterator<Item = PathBuf> {
    let base = place.file_name().and_then(|name| base_of(name.as_bytes()));
    let base = base.map(|base| place.with_file_name(OsStr::from_bytes(base)));
    [place.to_owned()].into_iter().chain(base)
}
