//! Why a path isn't in a snapshot, as far as the index tells.

use super::lost::{Judge, Kept, Lost, Moment};
use super::moves::Moves;
use super::scope::Scopes;
use super::{Answers, Chain};
use crate::engine::error::{Error, Result};
use crate::engine::index::State;
use crate::engine::meta::Kind;
use crate::engine::overrides::SnapshotRef;
use crate::engine::path::RelPath;
use crate::engine::rules::{Decision, Facts, Why};

/// Why a path is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// It isn't: the snapshot has it.
    There,
    /// It could not be read, and the snapshot has an older state of it.
    Older {
        /// The path, or the folder above it that could not be read.
        at: RelPath,
        /// The snapshot that the state is of; it may be deleted by now.
        of: SnapshotRef,
        /// What was wrong, in English, if the drive is there to tell.
        reason: Option<String>,
    },
    /// The snapshot holds no source that it lies in.
    NotProtected {
        /// The source that is nearest to it; `None` if the snapshot names none.
        nearest: Option<RelPath>,
    },
    /// A rule left it out.
    LeftOut {
        /// The path, or the folder above it that the rule speaks of.
        at: RelPath,
        /// Which.
        why: Why,
    },
    /// It was there but could not be read.
    Unread {
        /// The path, or the folder above it that could not be read.
        at: RelPath,
        /// What was wrong, in English, if the drive is there to tell.
        reason: Option<String>,
    },
    /// It came later.
    NotYet {
        /// The path, or the first folder above it that came with it.
        at: RelPath,
        /// Number of the first snapshot that has it.
        first: u64,
        /// Where the file was before, if its content proves that.
        moved_from: Option<RelPath>,
    },
    /// It was there before.
    Gone {
        /// The path, or the first folder above it that went with it.
        at: RelPath,
        /// Number of the last snapshot that has it.
        last: u64,
        /// Number of the first one without it.
        gone: u64,
        /// Where the file was moved to, or the folder with all files in it, if their content proves that.
        moved_to: Option<RelPath>,
    },
    /// The folder was there before; all files in it were moved, to several places.
    MovedApart {
        /// Number of the last snapshot that has it.
        last: u64,
        /// Number of the first one without it.
        gone: u64,
    },
    /// What is known of it was in snapshots that were deleted.
    Pruned,
    /// It is in no snapshot.
    NeverSeen,
}

/// The snapshots that a path is in next to one without it, with its state in them.
#[derive(Debug, Default)]
struct Lives {
    /// The last one before.
    before: Option<(u64, State)>,
    /// The first one after.
    after: Option<(u64, State)>,
}

impl Missing {
    /// Number of a snapshot that has the path, if `at`, which was asked about, or the answer names one.
    pub fn stored_in(&self, at: u64) -> Option<u64> {
        match self {
            Self::There | Self::Older { .. } => Some(at),
            Self::NotYet { first, .. } => Some(*first),
            Self::Gone { last, .. } | Self::MovedApart { last, .. } => Some(*last),
            _ => None,
        }
    }

    /// Whether the path could not be read when the snapshot was made.
    pub fn is_unread(&self) -> bool {
        matches!(self, Self::Unread { .. } | Self::Older { .. })
    }
}

impl Answers<'_> {
    /// Why `path` is not in the snapshot `at`; what was unreadable has no reason yet.
    pub fn why_missing(&self, path: &RelPath, at: u64) -> Result<Missing> {
        let chain = self.chain()?;
        if chain.get(at).is_err() {
            let is_pruned = self.0.numbers()?.contains(&at);
            let unknown = || Error::NoSuchSnapshot(at.to_string());
            return is_pruned.then_some(Missing::Pruned).ok_or_else(unknown);
        }
        if let Some(entry) = self.entry(path, at)? {
            let unread = Missing::Unread { at: path.clone(), reason: None };
            return match self.carried(path, at)? {
                _ if entry.absent => Ok(unread),
                Some((at, of)) => Ok(Missing::Older { at, of, reason: None }),
                None => Ok(Missing::There),
            };
        }
        let mut scopes = Scopes::new(*self);
        let scope = scopes.at(at)?;
        let Lives { before, after } = self.lives(path, at, &chain)?;
        let known = before.as_ref().or(after.as_ref());
        let Some(explanation) =
            scope.explain(path, known.map(|(_, state)| Facts::from(&state.meta)))?
        else {
            return Ok(Missing::NotProtected { nearest: scope.nearest_source(path).cloned() });
        };
        if let Decision::Out(why) = explanation.decision {
            return Ok(Missing::LeftOut { at: explanation.at, why });
        }
        if let Some(before) = before {
            return self.gone(path, before, at, &chain);
        }
        if let Some(at) = self.unread_above(path, at)? {
            return Ok(Missing::Unread { at, reason: None });
        }
        match after {
            Some(after) => self.not_yet(path, after, at, &chain),
            None if self.0.node_of(path)?.is_some() => Ok(Missing::Pruned),
            None => Ok(Missing::NeverSeen),
        }
    }

    fn lives(&self, path: &RelPath, at: u64, chain: &Chain) -> Result<Lives> {
        let mut lives = Lives::default();
        let Some(node) = self.0.node_of(path)? else { return Ok(lives) };
        for (first, last, state) in self.0.versions_of(node)? {
            let Some((first, last)) = chain.clip(first, last) else { continue };
            if first < at {
                lives.before = Some((last, state));
                break;
            }
            lives.after = Some((first, state));
        }
        Ok(lives)
    }

    fn gone(
        &self,
        path: &RelPath,
        (last, state): (u64, State),
        at: u64,
        chain: &Chain,
    ) -> Result<Missing> {
        // There is at least the one that it isn't in.
        let gone = chain.after(last).unwrap_or(at);
        let mut judge = Judge::new(*self, chain);
        let mut moved_to = judge.moves.to(path, &state, gone)?;
        if let Some(node) = self.0.node_of(path)?.filter(|_| state.meta.kind == Kind::Directory) {
            match judge.lost_below(path, node, Moment { last, gone })? {
                (Lost::Nothing(Kept::Apart), _) => return Ok(Missing::MovedApart { last, gone }),
                (Lost::Nothing(Kept::Together(to)), _) => moved_to = Some(to),
                _ => {}
            }
        }
        let with = |lives: Lives| lives.before.is_some_and(|(other, _)| other == last);
        Ok(Missing::Gone { at: self.highest(path, at, chain, with)?, last, gone, moved_to })
    }

    fn not_yet(
        &self,
        path: &RelPath,
        (first, state): (u64, State),
        at: u64,
        chain: &Chain,
    ) -> Result<Missing> {
        let moved_from = Moves::new(*self, chain).from(path, &state, first)?;
        let with = |lives: Lives| lives.after.is_some_and(|(other, _)| other == first);
        Ok(Missing::NotYet { at: self.highest(path, at, chain, with)?, first, moved_from })
    }

    /// The highest of the folders above `path` that aren't in the snapshot `at` and went or came `with` it, or the path itself.
    fn highest(
        &self,
        path: &RelPath,
        at: u64,
        chain: &Chain,
        with: impl Fn(Lives) -> bool,
    ) -> Result<RelPath> {
        let mut highest = path.clone();
        while let Some(parent) = highest.parent() {
            if self.entry(&parent, at)?.is_some() || !with(self.lives(&parent, at, chain)?) {
                break;
            }
            highest = parent;
        }
        Ok(highest)
    }

    /// The highest of `path` and the folders above it that is an older state in the snapshot `at`, and which state `path` has.
    fn carried(&self, path: &RelPath, at: u64) -> Result<Option<(RelPath, SnapshotRef)>> {
        let mut carried: Option<(RelPath, SnapshotRef)> = None;
        let mut walked = Some(path.clone());
        while let Some(path) = walked {
            let of = self.state(&path, at)?.and_then(|state| state.change().stale);
            walked = path.parent();
            if let Some(of) = of {
                // What is below a folder that can't be read keeps the mark of a run before.
                carried = Some((path, carried.map_or(of, |(_, lowest)| lowest)));
            }
        }
        Ok(carried)
    }

    /// The lowest folder above `path` that could not be read when the snapshot `at` was made.
    fn unread_above(&self, path: &RelPath, at: u64) -> Result<Option<RelPath>> {
        let mut walked = path.parent();
        while let Some(folder) = walked {
            let change = self.state(&folder, at)?.map(|state| state.change());
            if change.is_some_and(|change| change.absent || change.stale.is_some()) {
                return Ok(Some(folder));
            }
            walked = folder.parent();
        }
        Ok(None)
    }
}
