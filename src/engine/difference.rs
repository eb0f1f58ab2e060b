//! What makes two states of a path different for a person, however they are stored.

use super::index::State;
use super::meta::Kind;

/// How the later of two moments differs from the earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Difference {
    /// Only the later one has it.
    Added,
    /// Another content, or another kind of entry.
    Changed,
    /// The same content; permissions, owner, times or attributes differ.
    Metadata,
    /// Only the earlier one has it.
    Removed,
}

impl Difference {
    /// The difference from `earlier` to `later`; `None` if there is none.
    pub fn between(earlier: Option<&State>, later: Option<&State>) -> Option<Self> {
        match (earlier, later) {
            (None, None) => None,
            (None, Some(_)) => Some(Self::Added),
            (Some(_), None) => Some(Self::Removed),
            (Some(one), Some(other)) if has_other_content(one, other) => Some(Self::Changed),
            (Some(one), Some(other)) => has_other_metadata(one, other).then_some(Self::Metadata),
        }
    }
}

fn has_other_content(one: &State, other: &State) -> bool {
    if one.meta.kind != other.meta.kind {
        return true;
    }
    match one.meta.kind {
        Kind::Directory | Kind::Fifo | Kind::Socket => false,
        Kind::Block | Kind::Character => one.meta.device != other.meta.device,
        Kind::Symlink => one.hash != other.hash,
        Kind::File => match (one.hash, other.hash) {
            (Some(one), Some(other)) => one != other,
            _ => (one.meta.size_bytes, one.meta.mtime) != (other.meta.size_bytes, other.meta.mtime),
        },
    }
}

fn has_other_metadata(one: &State, other: &State) -> bool {
    let (before, after) = (&one.meta, &other.meta);
    // A folder's time tells of its children, which are compared themselves.
    let has_other_time = before.kind != Kind::Directory && before.mtime != after.mtime;
    has_other_time
        || (before.mode, before.uid, before.gid) != (after.mode, after.uid, after.gid)
        || one.xattrs != other.xattrs
        || (one.override_text != other.override_text && one.change().flags != other.change().flags)
}
