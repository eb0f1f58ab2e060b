//! What becomes of each snapshot, and why. Values only: a face has the words.

use super::policy::Rule;
use super::room::Amount;

/// Why a snapshot is kept, or why it may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Kept: a person pinned it.
    Pinned,
    /// Kept: a person gave it a name.
    Labelled,
    /// Kept: it is damaged, and only a person can tell whether it is worth something.
    Damaged,
    /// Kept: it began after now, so that a clock is wrong.
    Future,
    /// Kept: it is the newest good one.
    NewestGood,
    /// Kept: it is a `before`, and its `after` may still come.
    AfterToCome,
    /// Kept: by these rules.
    Rules(Vec<Rule>),
    /// Kept: by these rules, until room is needed.
    UntilRoom(Vec<Rule>),
    /// Kept: its other half is kept, `before` or `after`.
    Pair {
        /// The other half's number.
        seq: u64,
    },
    /// Kept: there are no rules.
    NoRules,
    /// Kept: nothing else keeps it, but a source is missing.
    SourceMissing,
    /// Dropped: no rule keeps it any longer.
    Thinned,
    /// Dropped: room is needed.
    Room,
    /// Dropped: a person said so, whatever the rules are.
    Forgotten,
}

impl Reason {
    /// Whether it is one for keeping.
    pub fn keeps(&self) -> bool {
        !matches!(self, Self::Thinned | Self::Room | Self::Forgotten)
    }
}

/// What becomes of one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Its number.
    pub seq: u64,
    /// Why.
    pub reason: Reason,
}

impl Verdict {
    /// Whether the snapshot is kept.
    pub fn is_kept(&self) -> bool {
        self.reason.keeps()
    }
}

/// What becomes of all snapshots on the drive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// One verdict each, in the order of their numbers.
    pub verdicts: Vec<Verdict>,
    /// The numbers of what no rule keeps, oldest first, both halves of a pair at once.
    pub thinned: Vec<Vec<u64>>,
    /// The numbers of what goes for room, least valuable first, in the same way. What several of them share is freed only with the
    /// last of them and not counted here: whoever deletes in this order and looks at the drive in between may stop earlier.
    pub for_room: Vec<Vec<u64>>,
    /// What deleting all that is dropped frees at least.
    pub frees: Amount,
    /// What is still missing of the wanted room then.
    pub missing: Amount,
    /// What could be freed besides: by what is kept only until room is needed.
    pub more: Amount,
}
