//! What snapshots alone hold, remembered: to work it out anew for each of many takes seconds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Chain, History, SnapshotInfo, SnapshotUsage};
use crate::engine::error::Result;

/// What was worked out before, by the snapshots' numbers; it can be written down and read again. Nothing but numbers is taken
/// from it: in one that was tampered with there may be any, so that sums of them must not overflow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownUsage(BTreeMap<u64, Known>);

/// What one snapshot alone held, between these neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    id: Uuid,
    before: Option<u64>,
    after: Option<u64>,
    only_files: u64,
    only_bytes: u64,
}

impl History {
    /// What each snapshot alone holds, oldest first, taken from `known` where the snapshot and its neighbours are still the
    /// same; `known` has the answer then, and nothing of snapshots that are gone.
    ///
    /// What was known is an estimate: a content that came back in a later snapshot is still said to be the older one's alone, and
    /// one that two snapshots had which are no neighbours isn't said to be the other's alone once one of them is gone.
    /// [`History::usage`] is exact.
    pub fn usage_with(&self, known: &mut KnownUsage) -> Result<Vec<SnapshotUsage>> {
        let (usage, kept) = self.ask_at_length(|answers| {
            let chain = answers.chain()?;
            let (mut usage, mut kept) =
                (Vec::with_capacity(chain.all().len()), KnownUsage::default());
            for row in chain.all() {
                let told = match known.of(&chain, row) {
                    Some(told) => told,
                    None => answers.usage_in(&chain, row.seq)?,
                };
                kept.note(&chain, row, told);
                usage.push(told);
            }
            Ok((usage, kept))
        })?;
        *known = kept;
        Ok(usage)
    }
}

impl KnownUsage {
    /// What is known of a snapshot, if it is one and the same between the same others.
    fn of(&self, chain: &Chain, row: &SnapshotInfo) -> Option<SnapshotUsage> {
        let known = self.0.get(&row.seq)?;
        let neighbours = (chain.before(row.seq), chain.after(row.seq));
        (known.id == row.id && (known.before, known.after) == neighbours).then_some(SnapshotUsage {
            seq: row.seq,
            only_files: known.only_files,
            only_bytes: known.only_bytes,
        })
    }

    fn note(&mut self, chain: &Chain, row: &SnapshotInfo, usage: SnapshotUsage) {
        let known = Known {
            id: row.id,
            before: chain.before(row.seq),
            after: chain.after(row.seq),
            only_files: usage.only_files,
            only_bytes: usage.only_bytes,
        };
        self.0.insert(row.seq, known);
    }
}
