//! A snapshot that a restore takes from.

use std::collections::BTreeMap;

use crate::engine::error::{Error, Result};
use crate::engine::history::{Answers, SnapshotInfo, SnapshotState};
use crate::engine::index::ROOT_NODE;
use crate::engine::repository::Repository;
use crate::engine::restore::owner::{OwnerMap, check_choices};
use crate::engine::restore::{RestoreRequest, Warning};
use crate::engine::seal::Ids;
use crate::engine::snapshot::Snapshot;

/// What is known of the snapshot.
#[derive(Debug)]
pub struct Past {
    /// What the index tells.
    pub info: SnapshotInfo,
    /// The names behind the numbers of its owners.
    pub ids: Ids,
    /// Whose its entries become.
    pub owners: OwnerMap,
    /// Its seal is good, and the index knows as many entries of it as were counted.
    pub is_whole: bool,
}

impl Past {
    /// What to know of the snapshot itself.
    pub fn warning(&self) -> Option<Warning> {
        (!self.is_whole).then(|| Warning::DamagedSnapshot { name: self.info.name.clone() })
    }
}

/// Everything that `request` takes from, by number.
pub fn open_all(
    answers: Answers<'_>,
    repository: Option<&Repository>,
    request: &RestoreRequest,
) -> Result<BTreeMap<u64, Past>> {
    let chain = answers.chain()?;
    let mut found = BTreeMap::new();
    for wanted in &request.wanted {
        if found.contains_key(&wanted.at) {
            continue;
        }
        let info = chain.get(wanted.at)?.clone();
        // The index may not know yet that it is gone.
        let snapshot = repository.map(|repository| Snapshot::open(repository, &info.name));
        let snapshot = match snapshot.transpose()? {
            Some(None) => return Err(Error::SnapshotMissing(info.name)),
            _ if info.state == SnapshotState::Missing => {
                return Err(Error::SnapshotMissing(info.name));
            }
            snapshot => snapshot.flatten(),
        };
        let seal = snapshot.and_then(|snapshot| snapshot.read_seal().ok());
        found.insert(wanted.at, (info, seal.map_or_else(Ids::default, |seal| seal.ids)));
    }
    check_choices(&request.owners, found.values().map(|(_, ids)| ids))?;
    let open = |(at, (info, ids)): (u64, (SnapshotInfo, Ids))| {
        let owners = OwnerMap::new(&ids, request.privileges, &request.owners)?;
        let is_whole = info.state == SnapshotState::Good && has_all(answers, &info)?;
        Ok((at, Past { info, ids, owners, is_whole }))
    };
    found.into_iter().map(open).collect()
}

/// Whether the index has as many entries of a snapshot as its seal tells of: one that was made from a tree has what was left in
/// the tree.
fn has_all(answers: Answers<'_>, info: &SnapshotInfo) -> Result<bool> {
    Ok(answers.0.sum_folder(ROOT_NODE, info.seq, 0)?.entries() == info.entries)
}
