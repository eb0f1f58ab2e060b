//! In which snapshots a folder changed, and how much.

use super::{Answers, ChangeCounts, History};
use crate::engine::error::{Error, Result};
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

impl History {
    /// The snapshots that have `folder`, or in which anything below it changed, oldest first.
    ///
    /// # Errors
    /// [`Error::NeverSeen`] if it was never in a snapshot.
    pub fn timeline(&self, folder: &RelPath) -> Result<Vec<Tick>> {
        self.ask(|answers| answers.timeline(folder))
    }
}

impl Answers<'_> {
    fn timeline(&self, folder: &RelPath) -> Result<Vec<Tick>> {
        let node = self.0.node_of(folder)?.ok_or_else(|| Error::NeverSeen(folder.clone()))?;
        let chain = self.chain()?;
        let lives: Vec<(i64, i64)> = self
            .0
            .versions_of(node)?
            .into_iter()
            .filter(|(_, _, state)| state.meta.kind == Kind::Directory)
            .map(|(first, last, _)| (first, last))
            .collect();
        let mut changed = self.0.counts_below(node)?.into_iter().peekable();
        let mut ticks = Vec::new();
        for (at, snapshot) in chain.all().iter().enumerate() {
            let seq = snapshot.seq;
            let counts = changed.next_if(|(changed, _)| *changed == seq).map(|(_, counts)| counts);
            let number = seq as i64;
            let exists = lives.iter().any(|(first, last)| (*first..=*last).contains(&number))
                || self.is_above_a_source(folder, seq)?;
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

    fn is_above_a_source(&self, folder: &RelPath, at: u64) -> Result<bool> {
        Ok(self.0.sources_of(at)?.iter().any(|(_, source)| source.is_within(folder)))
    }
}
