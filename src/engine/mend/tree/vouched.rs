//! What the seals vouch for: a tree is changed on the index's word only where that is what was sealed.

use std::collections::HashMap;

use crate::engine::error::Result;
use crate::engine::mend::failure::MendFailure;
use crate::engine::mend::known::Known;
use crate::engine::mend::survey::Name;
use crate::engine::monitor::Monitor;
use crate::engine::path::RelPath;
use crate::engine::repository::{Owners, Repository};
use crate::engine::seal::{Owner, Seal};
use crate::engine::snapshot::{BadSeal, Snapshot};

/// The seals of the snapshots that were asked about, and what the index tells of their sources.
pub(super) struct Vouched<'a> {
    repository: &'a Repository,
    known: &'a Known<'a>,
    monitor: &'a Monitor,
    snapshots: HashMap<String, std::result::Result<Sealed, MendFailure>>,
}

/// A snapshot whose seal is good, is that of which the index knows, and lets its tree be changed.
struct Sealed {
    /// Whose its entries are of which no override says otherwise; `None` if the inodes tell.
    owner: Option<Owner>,
    sources: Vec<Source>,
}

struct Source {
    path: RelPath,
    /// What is sealed of it, hexadecimal.
    digest: Option<String>,
    /// Whether the index tells the same; `None` if that was not looked at yet.
    is_told: Option<bool>,
}

/// What is known of an entry that the index may be believed about.
pub(super) struct Voucher {
    /// Whose it is if no override says otherwise; `None` if the inode tells.
    pub owner: Option<Owner>,
    /// The path of the source that it belongs to, of whose own folder no digest tells.
    pub source: RelPath,
}

impl<'a> Vouched<'a> {
    pub fn new(repository: &'a Repository, known: &'a Known<'a>, monitor: &'a Monitor) -> Self {
        Self { repository, known, monitor, snapshots: HashMap::new() }
    }

    /// What vouches for what the index tells of this entry, or why nothing does. The index's states of a source are
    /// gone through once in each snapshot, and compared as a whole: any of them may be wrong if they are not what was
    /// sealed.
    ///
    /// # Errors
    /// A stop; an index that fails.
    pub fn of(&mut self, name: &Name) -> Result<std::result::Result<Voucher, MendFailure>> {
        let (repository, known) = (self.repository, self.known);
        let sealed = self.snapshots.entry(name.snapshot.clone());
        let sealed = match sealed.or_insert_with(|| Sealed::of(repository, known, &name.snapshot)) {
            Ok(sealed) => sealed,
            Err(failure) => return Ok(Err(*failure)),
        };
        let mut sources = sealed.sources.iter_mut();
        let Some(source) = sources.find(|source| name.path.is_within(&source.path)) else {
            return Ok(Err(MendFailure::NoSeal));
        };
        let Some(digest) = &source.digest else { return Ok(Err(MendFailure::NoSeal)) };
        let is_told = match source.is_told {
            Some(is_told) => is_told,
            None => {
                let top = Name { path: source.path.clone(), ..name.clone() };
                let told = known.digest_of(&top, self.monitor)?;
                told.is_some_and(|told| {
                    blake3::Hash::from_bytes(told).to_hex().as_str() == digest.as_str()
                })
            }
        };
        source.is_told = Some(is_told);
        if !is_told {
            return Ok(Err(MendFailure::IndexDiffers));
        }
        Ok(Ok(Voucher { owner: sealed.owner, source: source.path.clone() }))
    }
}

impl Sealed {
    fn of(
        repository: &Repository,
        known: &Known<'_>,
        name: &str,
    ) -> std::result::Result<Self, MendFailure> {
        let snapshot = Snapshot::open(repository, name).ok().flatten();
        let seal: Seal = match snapshot.ok_or(MendFailure::NoSeal)?.read_seal() {
            Ok(seal) => seal,
            Err(BadSeal::TooNew(_)) => return Err(MendFailure::UnknownFeature),
            Err(BadSeal::Broken(_)) => return Err(MendFailure::NoSeal),
        };
        if !seal.features.write.is_empty() {
            return Err(MendFailure::UnknownFeature);
        }
        if known.number_of(name) != Some(seal.seq) {
            return Err(MendFailure::IndexDiffers);
        }
        let by_seal = repository.marker().owners == Owners::Seal;
        let source =
            |(id, path)| Source { path, digest: seal.tree.get(&id).cloned(), is_told: None };
        let sources = seal.sources_apart().into_iter().map(source).collect();
        Ok(Self { owner: by_seal.then_some(seal.owner), sources })
    }
}
