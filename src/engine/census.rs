//! Which snapshots lie on the drive, and what the index can be told of each: from its seal, or from its
//! neighbours' where that is lost. Never writes to the drive.

use uuid::Uuid;

use super::dir::Dir;
use super::error::{Error, Result};
use super::index::{self, Imported, Index, SnapshotRow};
use super::monitor::{Event, Monitor, Phase};
use super::repository::Repository;
use super::seal::{ByteCounts, Counts, Seal, SealedTime, SnapshotKind};
use super::snapshot::{BadSeal, Snapshot, name_order, started_of};

/// A snapshot that can be taken into the index.
#[derive(Debug, Clone)]
pub struct Found {
    /// The folder's name.
    pub name: String,
    /// Its seal, or what can be assumed in its place.
    pub seal: Seal,
    /// What is wrong with it, in English; `None` if it is good.
    pub damage: Option<String>,
}

/// What came of taking snapshots in, by their names.
#[derive(Debug, Default)]
pub struct Taken {
    /// Good ones that the index knows now.
    pub recovered: Vec<String>,
    /// Those that it can't know.
    pub unusable: Vec<String>,
}

/// The snapshots that an index doesn't know.
#[derive(Debug, Default)]
pub struct Census {
    /// Those that can be taken in, by number.
    pub usable: Vec<Found>,
    /// Those that can't, with the reason.
    pub unusable: Vec<(String, String)>,
}

impl Census {
    /// Looks at the snapshots `names`, which are not among the index's `rows`; `numbers` are all that it ever gave.
    pub fn take<'a>(
        repository: &Repository,
        names: impl Iterator<Item = &'a String>,
        rows: &[SnapshotRow],
        numbers: &[u64],
    ) -> Result<Self> {
        let mut census = Self::default();
        let mut sealless = Vec::new();
        for name in names {
            let name = name.clone();
            let Some(snapshot) = Snapshot::open(repository, &name)? else {
                census.unusable.push((name, "it is not a folder".to_owned()));
                continue;
            };
            if let Err(errno) = snapshot.files() {
                census.unusable.push((name, format!("its files can't be opened: {errno}")));
                continue;
            }
            match snapshot.read_seal() {
                Ok(seal) if rows.iter().any(|row| row.seq == seal.seq) => census.collides(name),
                Ok(seal) => census.usable.push(sealed(name, seal, &snapshot)),
                Err(BadSeal::TooNew(reason)) => census.unusable.push((name, reason)),
                Err(BadSeal::Broken(reason)) => sealless.push((name, reason)),
            }
        }
        census.refuse_doubles();
        sealless.sort_by(|one, other| name_order(&one.0).cmp(&name_order(&other.0)));
        for (name, reason) in sealless {
            match census.assume(repository, &name, rows, numbers)? {
                Some(seal) => census.usable.push(Found { name, seal, damage: Some(reason) }),
                None => census.unusable.push((name, reason)),
            }
        }
        census.usable.sort_by_key(|found| found.seal.seq);
        Ok(census)
    }

    fn collides(&mut self, name: String) {
        self.unusable.push((name, "another snapshot has its number".to_owned()));
    }

    /// Of several with one number, the first by name is taken.
    fn refuse_doubles(&mut self) {
        self.usable.sort_by(|one, other| {
            let key = |found: &Found| found.seal.seq;
            key(one).cmp(&key(other)).then_with(|| one.name.cmp(&other.name))
        });
        let mut last = 0;
        for found in std::mem::take(&mut self.usable) {
            if found.seal.seq == last {
                self.collides(found.name);
            } else {
                last = found.seal.seq;
                self.usable.push(found);
            }
        }
    }

    /// The seal that the snapshot `name` may have had; `None` if too little is left to tell.
    fn assume(
        &self,
        repository: &Repository,
        name: &str,
        rows: &[SnapshotRow],
        numbers: &[u64],
    ) -> Result<Option<Seal>> {
        let (Some(snapshot), Some(started)) = (Snapshot::open(repository, name)?, started_of(name))
        else {
            return Ok(None);
        };
        let mut others: Vec<(&str, u64)> =
            rows.iter().map(|row| (row.name.as_str(), row.seq)).collect();
        others.extend(self.usable.iter().map(|found| (found.name.as_str(), found.seal.seq)));
        others.sort_by_key(|(name, _)| name_order(name));
        let place = others.partition_point(|(other, _)| name_order(other) < name_order(name));
        let (older, newer) = others.split_at(place);
        let first = older.last().map_or(0, |(_, seq)| *seq);
        let end = newer.first().map_or(repository.marker().next_seq, |(_, seq)| *seq);
        let is_free =
            |seq: &u64| !numbers.contains(seq) && others.iter().all(|(_, taken)| taken != seq);
        let Some(seq) = (first.saturating_add(1)..end).find(is_free) else { return Ok(None) };

        let nearest = older.iter().rev().chain(newer).map(|(name, _)| *name);
        let Some(neighbour) = Self::neighbour(repository, nearest)? else { return Ok(None) };
        let Ok(files) = snapshot.files() else { return Ok(None) };
        let is_there = |path| files.beneath(&path).is_ok();
        let sources: Vec<_> = neighbour
            .sources
            .iter()
            .filter(|source| source.path().is_some_and(is_there))
            .cloned()
            .collect();
        if sources.is_empty() {
            return Ok(None);
        }
        let moment = SealedTime { utc: started, local: started.to_string() };
        let problems = snapshot.read_problems().map_or(0, |problems| problems.len() as u64);
        let mut seal = Seal {
            seq,
            id: assumed_id(repository, name),
            parent: None,
            started: moment.clone(),
            finished: moment,
            kind: SnapshotKind::Manual,
            boot: None,
            sources,
            counts: Counts { problems, ..Counts::default() },
            bytes: ByteCounts::default(),
            overrides: snapshot.proven_overrides(),
            problems: None,
            tree: Default::default(),
            ..neighbour
        };
        if snapshot.read_overrides(&seal).is_err() {
            seal.overrides = None;
        }
        Ok(Some(seal))
    }

    /// The seal of the first of `names` that has one that says what it said when it was written.
    fn neighbour<'a>(
        repository: &Repository,
        names: impl Iterator<Item = &'a str>,
    ) -> Result<Option<Seal>> {
        for name in names {
            let snapshot = Snapshot::open(repository, name)?;
            if let Some(seal) = snapshot.and_then(|snapshot| snapshot.read_seal().ok()) {
                return Ok(Some(seal));
            }
        }
        Ok(None)
    }

    /// Leaves out those among `names`, which could not be taken in before.
    pub fn set_aside(&mut self, names: &[String]) {
        for found in std::mem::take(&mut self.usable) {
            if names.contains(&found.name) {
                let reason = found.damage.unwrap_or_else(|| "its tree can't be read".to_owned());
                self.unusable.push((found.name, reason));
            } else {
                self.usable.push(found);
            }
        }
    }

    /// Takes them into `index`, which knows older ones only.
    pub fn take_in(
        self,
        index: &mut Index,
        repository: &Repository,
        scratch: &Dir,
        monitor: &Monitor,
    ) -> Result<Taken> {
        if !self.usable.is_empty() {
            monitor.enter(Phase::Rebuilding);
            monitor.reset_done();
            let counts = self.usable.iter().map(|found| entries(&found.seal));
            monitor.set_totals(counts.fold(0, u64::saturating_add), 0);
        }
        let mut unusable = self.unusable;
        let mut taken = Taken::default();
        let is_made_anew = index.numbers()?.is_empty();
        for found in self.usable {
            let name = found.name.clone();
            match (index::import(index, repository, &found, scratch, monitor), found.damage) {
                (Ok(Imported::Yes), None) => taken.recovered.push(name),
                (Ok(Imported::Yes), Some(reason)) => {
                    monitor.emit(&Event::SnapshotDamaged { name, reason });
                }
                (Ok(Imported::Damaged(reason)), _) => unusable.push((name, reason)),
                // A tree that can't be read must not keep the others from being used, as long as the drive is there.
                (Err(Error::Io { source, .. }), _) if repository.dir().names().is_ok() => {
                    unusable.push((name, source.to_string()));
                }
                // What a new index refuses isn't the index's fault.
                (Err(Error::Index { source, .. }), _)
                    if is_made_anew && index::is_missing_or_broken(&source) =>
                {
                    unusable.push((name, source.to_string()));
                }
                (Err(error), _) => return Err(error),
            }
        }
        unusable.sort();
        for (name, reason) in unusable {
            taken.unusable.push(name.clone());
            monitor.emit(&Event::SnapshotDamaged { name, reason });
        }
        Ok(taken)
    }
}

/// A snapshot with a good seal; without the overrides that belong to it, it is damaged all the same.
fn sealed(name: String, mut seal: Seal, snapshot: &Snapshot) -> Found {
    let damage = snapshot.read_overrides(&seal).err();
    if damage.is_some() {
        seal.overrides = None;
    }
    Found { name, seal, damage }
}

/// An identity that is the same each time that it is assumed.
fn assumed_id(repository: &Repository, name: &str) -> Uuid {
    let mut hasher = blake3::Hasher::new_derive_key("yore 1 assumed snapshot");
    hasher.update(repository.marker().id.as_bytes());
    hasher.update(name.as_bytes());
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

fn entries(seal: &Seal) -> u64 {
    let counts = &seal.counts;
    [counts.files, counts.directories, counts.symlinks, counts.special]
        .into_iter()
        .fold(0, u64::saturating_add)
}
