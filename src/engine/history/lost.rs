//! What became of the content of a folder that is gone: deleted, moved, or left out since.

use super::moves::Moves;
use super::scope::Scopes;
use super::way::Way;
use super::{Answers, Chain};
use crate::engine::error::Result;
use crate::engine::index::NodeId;
use crate::engine::meta::Kind;
use crate::engine::path::{RelPath, is_name};
use crate::engine::rules::{Decision, Facts};

/// How many entries of a folder that is gone are looked at.
const FOLDER_LOOKED_AT: usize = 4_096;

/// The first snapshot without something, and the one before it.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Number of the last snapshot that has it.
    pub last: u64,
    /// Number of the first one without it.
    pub gone: u64,
}

/// What of a folder's content was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// All that counts.
    All,
    /// Some of it, or there is more than is looked at.
    Some,
    /// Nothing.
    Nothing(Kept),
}

/// What became of a folder's content that wasn't deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// All files were moved to the same places below this folder.
    Together(RelPath),
    /// All files were moved, but not to one folder.
    Apart,
    /// Some files are left out by a rule now.
    LeftOut,
}

/// Tells what was deleted from what was moved or is left out.
pub struct Judge<'a> {
    answers: Answers<'a>,
    /// Which files were moved.
    pub moves: Moves<'a>,
    /// What the snapshots took in.
    pub scopes: Scopes<'a>,
}

impl<'a> Judge<'a> {
    /// A judge of what is gone among the snapshots of `chain`.
    pub fn new(answers: Answers<'a>, chain: &'a Chain) -> Self {
        Self { answers, moves: Moves::new(answers, chain), scopes: Scopes::new(answers) }
    }

    /// Tells what became of the content of the folder `path`, which is gone and lies in a source; and how many entries were
    /// looked at for that.
    pub fn lost_below(
        &mut self,
        path: &RelPath,
        node: NodeId,
        moment: Moment,
    ) -> Result<(Lost, usize)> {
        let (mut is_lost, mut kept) = (false, None);
        let mut way = Way::from(path.clone());
        way.enter(self.there_before(node, moment)?);
        let mut looked_at = 0;
        while let Some(node) = way.next() {
            looked_at += 1;
            let Some((_, _, was)) = self.answers.0.version_at(node, moment.last)? else {
                way.leave();
                continue;
            };
            let scope = self.scopes.at(moment.gone)?;
            let explained = scope.explain(&way.path, Some(Facts::from(&was.meta)))?;
            let counts = explained.is_some_and(|found| !matches!(found.decision, Decision::Out(_)));
            if was.meta.kind == Kind::Directory {
                let children = self.there_before(node, moment)?;
                is_lost |= counts && children.is_empty();
                way.enter(children);
            } else {
                let to = if counts { self.moves.to(&way.path, &was, moment.gone)? } else { None };
                if counts && to.is_none() {
                    is_lost = true;
                } else if was.meta.kind == Kind::File {
                    let found = to.map_or(Kept::LeftOut, |to| moved_with(path, &way.path, &to));
                    kept = Some(kept.map_or_else(|| found.clone(), |kept| both(kept, &found)));
                }
                way.leave();
            }
            if (is_lost && kept.is_some()) || looked_at >= FOLDER_LOOKED_AT {
                break;
            }
        }
        let lost = match (is_lost, kept) {
            (_, None) => Lost::All,
            // There may be something that wasn't looked at.
            (false, Some(kept)) if looked_at < FOLDER_LOOKED_AT => Lost::Nothing(kept),
            (_, Some(_)) => Lost::Some,
        };
        Ok((lost, looked_at))
    }

    /// The children that a folder that is gone had, the first by name last; no more than are looked at.
    fn there_before(&self, folder: NodeId, moment: Moment) -> Result<Vec<(Vec<u8>, NodeId)>> {
        let mut children = self.answers.0.first_children(folder, moment.last, FOLDER_LOOKED_AT)?;
        // A forged row must not name its way out of a folder.
        children.retain(|(name, _)| is_name(name));
        children.reverse();
        Ok(children)
    }
}

/// Whether a file below `folder` was moved `to` the same place below another folder.
fn moved_with(folder: &RelPath, from: &RelPath, to: &RelPath) -> Kept {
    let mut other = to.clone();
    let depth = from.components().count() - folder.components().count();
    for name in from.components().rev().take(depth) {
        if other.name() != Some(name) {
            return Kept::Apart;
        }
        other.pop();
    }
    Kept::Together(other)
}

/// What became of some files and one more.
fn both(kept: Kept, another: &Kept) -> Kept {
    match (&kept, another) {
        (Kept::LeftOut, _) | (_, Kept::LeftOut) => Kept::LeftOut,
        _ if kept == *another => kept,
        _ => Kept::Apart,
    }
}
