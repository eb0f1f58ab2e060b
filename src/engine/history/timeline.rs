//! In which snapshots a folder changed, and how much; and in which an entry itself did.

use std::collections::BTreeSet;

use super::{Answers, Chain, ChangeCounts, Difference, History};
use crate::engine::error::{Error, Result};
use crate::engine::index::{NodeId, State};
use crate::engine::meta::Kind;
use crate::engine::path::RelPath;

/// A snapshot, as a folder sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// The snapshot's number.
    pub seq: u64,
    /// What is different below the folder from the snapshot before; `None` of the oldest one, which has none before it.
    pub counts: Option<ChangeCounts>,
}

/// A snapshot, as an entry sees it that is no folder in it, or was none in the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The snapshot's number.
    pub seq: u64,
    /// How the entry differs from the snapshot before; `None` in the oldest one, which has none before it.
    pub difference: Option<Difference>,
    /// What the entry is from then on; `None` if it is gone.
    pub kind: Option<Kind>,
}

impl History {
    /// The snapshots that have `folder`, or in which anything below it changed, oldest first.
    ///
    /// # Errors
    /// [`Error::NeverSeen`] if it was never in a snapshot, or never a folder.
    pub fn timeline(&self, folder: &RelPath) -> Result<Vec<Tick>> {
        self.ask(|answers| answers.timeline(folder))
    }

    /// The snapshots in which what is at `path` differs from the one before, and is no folder in both of them, oldest first; the
    /// oldest one is among them if it has it. None of a path that never was anything but a folder.
    pub fn turns(&self, path: &RelPath) -> Result<Vec<Turn>> {
        self.ask(|answers| answers.turns(path))
    }
}

impl Answers<'_> {
    fn timeline(&self, folder: &RelPath) -> Result<Vec<Tick>> {
        let node = self.0.node_of(folder)?.ok_or_else(|| Error::NeverSeen(folder.clone()))?;
        let chain = self.chain()?;
        let exists = self.lives_as_folder(folder, node, &chain)?;
        let mut changed = self.0.counts_below(node)?.into_iter().peekable();
        let mut ticks = Vec::new();
        for (at, (snapshot, exists)) in chain.all().iter().zip(exists).enumerate() {
            let seq = snapshot.seq;
            let counts = changed.next_if(|(changed, _)| *changed == seq).map(|(_, counts)| counts);
            // What the oldest one has is no change.
            match counts {
                _ if at == 0 && exists => ticks.push(Tick { seq, counts: None }),
                Some(counts) if at > 0 => ticks.push(Tick { seq, counts: Some(counts) }),
                None if exists => ticks.push(Tick { seq, counts: Some(ChangeCounts::default()) }),
                _ => {}
            }
        }
        if ticks.is_empty() { Err(Error::NeverSeen(folder.clone())) } else { Ok(ticks) }
    }

    /// For each snapshot of the chain whether `path` is a folder in it.
    fn lives_as_folder(&self, path: &RelPath, node: NodeId, chain: &Chain) -> Result<Vec<bool>> {
        let lives = self.0.versions_of(node)?.into_iter().rev();
        let mut lives = lives
            .filter(|(_, _, state)| state.meta.kind == Kind::Directory)
            .map(|(first, last, _)| (first, last))
            .peekable();
        let mut end = None;
        let mut is_folder = Vec::with_capacity(chain.all().len());
        for snapshot in chain.all() {
            let seq = snapshot.seq as i64;
            while let Some((_, last)) = lives.next_if(|(first, _)| *first <= seq) {
                end = end.max(Some(last));
            }
            is_folder.push(end >= Some(seq));
        }
        // Where it isn't, it may still be above what was backed up.
        if is_folder.contains(&false) {
            let above: BTreeSet<u64> = self.0.snapshots_above(path)?.into_iter().collect();
            for (is_folder, snapshot) in is_folder.iter_mut().zip(chain.all()) {
                *is_folder |= above.contains(&snapshot.seq);
            }
        }
        Ok(is_folder)
    }

    fn turns(&self, path: &RelPath) -> Result<Vec<Turn>> {
        let chain = self.chain()?;
        let mut turns = Vec::new();
        let mut before: Option<(u64, State)> = None;
        for (version, state) in self.versions_at(path, &chain)?.into_iter().rev() {
            let (first, kind) = (version.first, state.meta.kind);
            let earlier = match before.take() {
                Some((last, earlier)) if chain.after(last) == Some(first) => Some(earlier),
                gone => {
                    turns.extend(gone.and_then(|(last, state)| went(&chain, last, &state)));
                    None
                }
            };
            let was_folder =
                earlier.as_ref().is_none_or(|earlier| earlier.meta.kind == Kind::Directory);
            if kind != Kind::Directory || !was_folder {
                let is_oldest = chain.before(first).is_none();
                let difference = Difference::between(earlier.as_ref(), Some(&state));
                let difference = difference.filter(|_| !is_oldest);
                turns.push(Turn { seq: first, difference, kind: Some(kind) });
            }
            before = Some((version.last, state));
        }
        turns.extend(before.and_then(|(last, state)| went(&chain, last, &state)));
        Ok(turns)
    }
}

/// The snapshot that doesn't have an entry any more which was in the one before, `last`, and was no folder.
fn went(chain: &Chain, last: u64, state: &State) -> Option<Turn> {
    let seq = chain.after(last).filter(|_| state.meta.kind != Kind::Directory)?;
    Some(Turn { seq, difference: Some(Difference::Removed), kind: None })
}
