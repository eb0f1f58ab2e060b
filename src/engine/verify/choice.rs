//! Which snapshots are looked at: what lies on the drive counts, whatever the index says.

use jiff::{SignedDuration, Timestamp};

use super::VerifyOptions;
use crate::engine::error::{Error, Result};
use crate::engine::history::SnapshotInfo;
use crate::engine::recover::snapshot_names;
use crate::engine::repository::Repository;
use crate::engine::seal::Seal;
use crate::engine::snapshot::{BadSeal, Snapshot, name_order, started_of};

/// A snapshot on the drive.
pub(super) struct Chosen {
    pub name: String,
    /// What it is called among those that are done.
    pub key: String,
    /// Its number, if its seal or the index tells.
    pub seq: Option<u64>,
}

/// The snapshots that `options` ask for, by number, and the names of all that there are.
///
/// # Errors
/// One that was named is not there.
pub(super) fn choose(
    repository: &Repository,
    rows: &[SnapshotInfo],
    options: &VerifyOptions,
    now: Timestamp,
) -> Result<(Vec<Chosen>, Vec<String>)> {
    let names = snapshot_names(repository)?;
    if let Some(missing) = options.names.iter().find(|name| !names.contains(name)) {
        return Err(Error::SnapshotMissing(missing.clone()));
    }
    let since = options
        .since_days
        .and_then(|days| now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).ok());
    let mut chosen = Vec::new();
    for name in &names {
        if !options.names.is_empty() && !options.names.contains(name) {
            continue;
        }
        let seal = read_seal(repository, name)?;
        let row = rows.iter().find(|row| row.name == *name);
        let started = seal.as_ref().map(|seal| seal.started.utc);
        let started = started.or(row.map(|row| row.started)).or(started_of(name));
        if since.is_some_and(|since| started.is_some_and(|started| started < since)) {
            continue;
        }
        chosen.push(Chosen {
            key: seal.as_ref().map_or_else(|| name.clone(), |seal| format!("{name} {}", seal.id)),
            seq: seal.map(|seal| seal.seq).or(row.map(|row| row.seq)),
            name: name.clone(),
        });
    }
    chosen.sort_by(|one, other| {
        let seq = |one: &Chosen| one.seq.unwrap_or(u64::MAX);
        seq(one).cmp(&seq(other)).then_with(|| name_order(&one.name).cmp(&name_order(&other.name)))
    });
    Ok((chosen, names))
}

fn read_seal(repository: &Repository, name: &str) -> Result<Option<Seal>> {
    let Some(snapshot) = Snapshot::open(repository, name)? else { return Ok(None) };
    match snapshot.read_seal() {
        Ok(seal) => Ok(Some(seal)),
        Err(BadSeal::Broken(_) | BadSeal::TooNew(_)) => Ok(None),
    }
}
