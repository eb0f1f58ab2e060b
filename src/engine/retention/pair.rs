//! Which `before` and `after` belong together: one tells little without the other, so neither is dropped alone.

use super::Candidate;
use crate::engine::seal::SnapshotKind;

/// The pairs among some snapshots, by where these stand.
#[derive(Debug)]
pub(super) struct Pairs {
    /// For each where its other half stands.
    pub partners: Vec<Option<usize>>,
    /// The `before` whose `after` may still come.
    pub open: Option<usize>,
}

impl Pairs {
    /// Finds those in `sorted`, which is in the order of their numbers.
    ///
    /// An `after` belongs to the `before` that it follows. What was made meanwhile for other reasons doesn't part
    /// them, so that no pair comes into being when it is dropped. Missing ones have their place in the order, too: else
    /// the `after` of a missing `before` would be given to an earlier one.
    pub fn find(sorted: &[&Candidate]) -> Self {
        let mut partners = vec![None; sorted.len()];
        let mut open: Option<(usize, &Candidate)> = None;
        for (at, candidate) in sorted.iter().enumerate() {
            match candidate.kind {
                SnapshotKind::Before => open = Some((at, candidate)),
                SnapshotKind::After => {
                    let Some((before_at, before)) = open.take() else { continue };
                    if !before.is_here() || !candidate.is_here() {
                        continue;
                    }
                    for (half, other) in [(before_at, at), (at, before_at)] {
                        if let Some(partner) = partners.get_mut(half) {
                            *partner = Some(other);
                        }
                    }
                }
                SnapshotKind::Scheduled | SnapshotKind::Manual | SnapshotKind::Import => {}
            }
        }
        Self { partners, open: open.map(|(at, _)| at) }
    }
}
