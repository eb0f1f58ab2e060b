//! Restores: what is planned.

mod cost;
mod databases;
mod exact;
mod held;
mod names;
mod owners;
mod policies;
mod refused;
mod trust;
mod warnings;

use std::path::PathBuf;

use yore::engine::monitor::Monitor;
use yore::engine::restore::{
    Action, OnConflict, PlanItem, RestorePlan, RestoreRequest, Target, plan_restore,
};

use crate::common::engine::Rig;

/// Asks for what lies below the source, as it was in the snapshot `at`.
fn asked<'a>(
    rig: &Rig,
    at: u64,
    on_conflict: OnConflict,
    below: impl IntoIterator<Item = &'a str>,
) -> RestoreRequest {
    let paths: Vec<_> = below.into_iter().map(|below| rig.path_of(below)).collect();
    RestoreRequest { on_conflict, ..RestoreRequest::of(at, paths) }
}

#[track_caller]
fn planned(rig: &Rig, request: &RestoreRequest) -> RestorePlan {
    let plan = plan_restore(&rig.history(), request, &Monitor::new()).unwrap();
    // The log of a database goes before another comes to its place.
    let target = |item: &PlanItem| (item.target.clone(), item.action == Action::Remove);
    let mut targets: Vec<(PathBuf, bool)> = plan.items.iter().map(target).collect();
    targets.sort();
    targets.dedup();
    assert_eq!(targets.len(), plan.items.len(), "two items with one target: {plan:#?}");
    plan
}

/// What becomes of what, by paths below the source.
fn actions(rig: &Rig, plan: &RestorePlan) -> Vec<(String, Action)> {
    let below = |item: &PlanItem| {
        let path = item.path.to_absolute();
        path.strip_prefix(&rig.source).unwrap().to_str().unwrap().to_owned()
    };
    plan.items.iter().map(|item| (below(item), item.action)).collect()
}

#[track_caller]
fn item<'a>(rig: &Rig, plan: &'a RestorePlan, below: &str) -> &'a PlanItem {
    let path = rig.path_of(below);
    plan.items.iter().find(|item| item.path == path).unwrap_or_else(|| panic!("{plan:#?}"))
}

fn into(folder: PathBuf, request: RestoreRequest) -> RestoreRequest {
    RestoreRequest { target: Target::Folder(folder), ..request }
}

/// The same pairs, for comparing.
fn pairs(wanted: &[(&str, Action)]) -> Vec<(String, Action)> {
    wanted.iter().map(|(path, action)| ((*path).to_owned(), *action)).collect()
}
