//! A folder at one moment beside the same folder at another, or as it is now.

use std::collections::{BTreeMap, HashMap};

use super::{Answers, Difference, Entry, History};
use crate::engine::error::Result;
use crate::engine::index::{NodeId, State};
use crate::engine::live::{Live, LiveEntry};
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;

/// What a folder is compared with.
#[derive(Debug, Clone, Copy)]
pub enum Side<'a> {
    /// The same folder in the snapshot with this number, earlier or later.
    Snapshot(u64),
    /// What is in it now, which is later than any snapshot.
    Now(&'a Live),
}

/// One name in a folder, on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The name.
    pub name: Vec<u8>,
    /// What it is on the one side.
    pub entry: Option<Entry>,
    /// What it is on the other. The content of a live file isn't read, so that it has no hash.
    pub other: Option<Entry>,
    /// How the later side differs from the earlier one. What is there now, but left out, never differs.
    pub difference: Option<Difference>,
    /// Of a folder: something below it changed in a snapshot between both sides, perhaps back and forth.
    pub differs_below: bool,
    /// It is there now, and the next backup leaves it out.
    pub left_out: bool,
    /// It is there now, but can't be looked at: whether it differs is not known.
    pub unreadable: bool,
}

impl Compared {
    /// Whether it is a file of which the sizes and times were compared, as the content of one side is not known.
    pub fn is_by_size_and_time(&self) -> bool {
        let sides = [&self.entry, &self.other];
        let is_file =
            |side: &&Option<Entry>| matches!(side, Some(entry) if entry.kind == Kind::File);
        let is_known = |side: &&Option<Entry>| matches!(side, Some(entry) if entry.hash.is_some());
        sides.iter().all(is_file) && !sides.iter().all(is_known)
    }

    /// Whether a file is told to be another for its time alone, so that its content may still be the same.
    pub fn may_be_same(&self) -> bool {
        let size = |side: &Option<Entry>| side.as_ref().map(|entry| entry.size_bytes);
        self.difference == Some(Difference::Changed)
            && self.is_by_size_and_time()
            && size(&self.entry) == size(&self.other)
    }
}

/// What one name is on one side.
#[derive(Debug)]
enum Found<'a> {
    /// In a snapshot; a folder above the sources has no state.
    Stored(Option<State>),
    Live(&'a LiveEntry),
    /// There now, but out of reach.
    Unreadable,
}

impl Found<'_> {
    fn entry(&self, name: &[u8]) -> Option<Entry> {
        match self {
            Self::Stored(state) => Some(Entry::of(name, state)),
            Self::Live(live) => Some(Entry::new(name, &live.state(None))),
            Self::Unreadable => None,
        }
    }
}

impl History {
    /// The entries of `folder` in the snapshot `at` and on another side, sorted by name bytes.
    ///
    /// # Errors
    /// [`Error::NotInSnapshot`](crate::engine::error::Error::NotInSnapshot) if there is nothing of it on either side.
    pub fn compare(&self, folder: &RelPath, at: u64, side: &Side<'_>) -> Result<Vec<Compared>> {
        self.ask(|answers| answers.compare(folder, at, side))
    }
}

impl Answers<'_> {
    fn compare(&self, folder: &RelPath, at: u64, side: &Side<'_>) -> Result<Vec<Compared>> {
        let mut sides: BTreeMap<Vec<u8>, [Option<Found<'_>>; 2]> = BTreeMap::new();
        let mut stale = [self.is_stale(folder, at)?, false];
        for (name, state) in self.states(folder, at)? {
            sides.entry(name).or_default()[0] = Some(Found::Stored(state));
        }
        let other = match side {
            Side::Snapshot(other) => {
                stale[1] = self.is_stale(folder, *other)?;
                for (name, state) in self.states(folder, *other)? {
                    sides.entry(name).or_default()[1] = Some(Found::Stored(state));
                }
                *other
            }
            Side::Now(live) => {
                for entry in live.entries() {
                    sides.entry(entry.name.clone()).or_default()[1] = Some(Found::Live(entry));
                }
                for name in live.unreadable() {
                    sides.entry(name.clone()).or_default()[1] = Some(Found::Unreadable);
                }
                self.chain()?.newest().unwrap_or(at)
            }
        };
        let moments = self.in_order(at, other)?;
        if sides.is_empty()
            && self.entry(folder, at)?.is_none()
            && self.entry(folder, other)?.is_none()
        {
            return Err(self.not_in(folder, at));
        }
        let node = self.0.node_of(folder)?;
        let named = node.map(|node| self.0.differing(node, moments.0, moments.1)).transpose()?;
        let named: HashMap<Vec<u8>, NodeId> = named.into_iter().flatten().collect();
        let is_later = moments.0 == at;
        let compared = sides.into_iter().map(|(name, found)| {
            let difference = difference(&found, is_later);
            let node = named.get(&name).copied();
            let mut compared = one(name, &found, stale, difference);
            let is_folder = [&compared.entry, &compared.other]
                .into_iter()
                .flatten()
                .any(|entry| entry.kind == Kind::Directory);
            if let Some(node) = node.filter(|_| is_folder) {
                compared.differs_below = self.0.differs_below(node, moments.0, moments.1)?;
            }
            Ok(compared)
        });
        compared.collect()
    }
}

/// What is known of one name but for what is below it; `stale` if the folder is on that side.
fn one(
    name: Vec<u8>,
    found: &[Option<Found<'_>>; 2],
    stale: [bool; 2],
    difference: Option<Difference>,
) -> Compared {
    let mut entries = [None, None];
    for ((entry, found), stale) in entries.iter_mut().zip(found).zip(stale) {
        let found = found.as_ref().and_then(|found| found.entry(&name));
        *entry = found.map(|entry| Entry { stale: entry.stale || stale, ..entry });
    }
    let left_out = matches!(&found[1], Some(Found::Live(live)) if live.left_out);
    let difference = difference.filter(|_| !left_out);
    let unreadable = matches!(&found[1], Some(Found::Unreadable));
    let [entry, other] = entries;
    Compared { name, entry, other, difference, differs_below: false, left_out, unreadable }
}

/// How the later of both sides differs, which is the second one if `is_later`.
fn difference(found: &[Option<Found<'_>>; 2], is_later: bool) -> Option<Difference> {
    let (one, other) = match found {
        [Some(Found::Stored(one)), Some(Found::Stored(other))] => (one.clone(), other.clone()),
        [Some(Found::Stored(one)), Some(Found::Live(live))] => {
            (one.clone(), Some(live.state(one.as_ref())))
        }
        [_, Some(Found::Unreadable)] => return None,
        // Folders above the sources come and go with what is in them.
        [Some(Found::Stored(None)), None] | [None, Some(Found::Stored(None))] => return None,
        [Some(_), None] if is_later => return Some(Difference::Removed),
        [Some(_), None] => return Some(Difference::Added),
        [None, Some(_)] if is_later => return Some(Difference::Added),
        [None, Some(_)] => return Some(Difference::Removed),
        _ => return None,
    };
    match (one, other) {
        // Of a folder above the sources nothing but its name is known.
        (None, None) => None,
        (None, Some(known)) | (Some(known), None) => {
            (known.meta.kind != Kind::Directory).then_some(Difference::Changed)
        }
        (Some(one), Some(other)) if is_later => Difference::between(Some(&one), Some(&other)),
        (Some(one), Some(other)) => Difference::between(Some(&other), Some(&one)),
    }
}
