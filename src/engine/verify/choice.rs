//! Which snapshots are looked at: what lies on the drive, and what the index says should lie there.

use jiff::{SignedDuration, Timestamp};

use super::VerifyOptions;
use crate::engine::error::{Error, Result};
use crate::engine::history::{SnapshotInfo, SnapshotState};
use crate::engine::index::Index;
use crate::engine::recover::{open_drive, snapshot_names};
use crate::engine::repository::Repository;
use crate::engine::seal::Seal;
use crate::engine::snapshot::{BadSeal, Snapshot, name_order, started_of};
use crate::engine::trash;

/// A snapshot on the drive.
pub(super) struct Chosen {
    pub name: String,
    /// What it is called among those that are done.
    pub key: String,
    /// Its number, if its seal or the index tells.
    pub seq: Option<u64>,
}

/// What is looked at.
pub(super) struct Choice {
    /// What is on the drive, by number.
    pub chosen: Vec<Chosen>,
    /// Names of what should be there and isn't.
    pub vanished: Vec<String>,
    /// The names of all that there are on the drive.
    pub names: Vec<String>,
}

/// The snapshots that `options` ask for.
///
/// # Errors
/// One that was named is not there, and the index doesn't know it either.
pub(super) fn choose(
    repository: &Repository,
    rows: &[SnapshotInfo],
    options: &VerifyOptions,
    now: Timestamp,
) -> Result<Choice> {
    let names = snapshot_names(repository)?;
    let gone = gone(repository, rows, &names)?;
    let is_known = |name: &String| names.contains(name) || gone.iter().any(|row| row.name == *name);
    if let Some(missing) = options.names.iter().find(|name| !is_known(name)) {
        return Err(Error::SnapshotMissing(missing.clone()));
    }
    let is_named = |name: &String| options.names.is_empty() || options.names.contains(name);
    let since = options
        .since_days
        .and_then(|days| now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).ok());
    let mut chosen = Vec::new();
    for name in &names {
        if !is_named(name) {
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
    let is_wanted = |row: &&&SnapshotInfo| {
        is_named(&row.name) && since.is_none_or(|since| row.started >= since)
    };
    let vanished = gone.iter().filter(is_wanted).map(|row| row.name.clone()).collect();
    Ok(Choice { chosen, vanished, names })
}

/// What the index knows and nobody deleted, and yet isn't on the drive.
fn gone<'a>(
    repository: &Repository,
    rows: &'a [SnapshotInfo],
    names: &[String],
) -> Result<Vec<&'a SnapshotInfo>> {
    let lacks =
        |row: &&SnapshotInfo| row.state != SnapshotState::Pruned && !names.contains(&row.name);
    let mut gone: Vec<&SnapshotInfo> = rows.iter().filter(lacks).collect();
    if gone.is_empty() {
        return Ok(gone);
    }
    let in_trash = trash::names(repository)?;
    gone.retain(|row| !in_trash.contains(&row.name));
    // One that was deleted just now this computer's copy of the index may not know of yet.
    if let Ok(Some(rows)) = open_drive(repository, Index::open_read_only)
        .and_then(|drive| drive.map(|drive| drive.snapshots()).transpose())
    {
        gone.retain(|row| rows.iter().any(|known| known.name == row.name));
    }
    Ok(gone)
}

fn read_seal(repository: &Repository, name: &str) -> Result<Option<Seal>> {
    let Some(snapshot) = Snapshot::open(repository, name)? else { return Ok(None) };
    match snapshot.read_seal() {
        Ok(seal) => Ok(Some(seal)),
        Err(BadSeal::Broken(_) | BadSeal::TooNew(_)) => Ok(None),
    }
}
