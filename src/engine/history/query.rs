//! What is asked of a search: a text, and what else must be true of a hit.

use std::ops::RangeInclusive;

use crate::engine::meta::Kind;
use crate::engine::path::RelPath;

/// Kinds of entries, as people tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KindFilter {
    /// Regular files.
    File,
    /// Folders.
    Folder,
    /// Symbolic links.
    Link,
    /// Pipes, sockets and devices.
    Other,
}

impl KindFilter {
    /// Whether an entry of this kind is one of these.
    pub fn takes(self, kind: Kind) -> bool {
        let group = match kind {
            Kind::File => Self::File,
            Kind::Directory => Self::Folder,
            Kind::Symlink => Self::Link,
            Kind::Fifo | Kind::Socket | Kind::Block | Kind::Character => Self::Other,
        };
        self == group
    }
}

/// What is looked for, and which part of the answer is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// What is looked for. All characters stand for themselves, only upper and lower case are the same; a text that no path can
    /// have, or none at all, finds nothing.
    ///
    /// - A text without `/` is looked for in names; one of one or two characters only where they begin.
    /// - A text with a `/` is looked for in whole paths, so that what stands behind the last `/` is at the beginning of the name
    ///   that is found, and what stands before it at the end of the path of its folder: `docs/let` finds
    ///   `/home/ann/docs/letter.txt`, and also `/home/ann/mydocs/letters`; `/docs/let` finds only the first. Doubled slashes
    ///   are as one.
    /// - A `/` at the end means that only folders are looked for, by the text before it.
    ///
    /// Of a few letters of rare scripts the index has another opinion of what their lower case is: such a name may be missed where
    /// it was typed in another case, but a wrong one is never found.
    pub text: String,
    /// Only this folder and what is below it.
    pub under: RelPath,
    /// Only what was of this kind at some time that is asked for.
    pub kind: Option<KindFilter>,
    /// Only what was a file of so many bytes then.
    pub size_bytes: Option<RangeInclusive<u64>>,
    /// Only what was there in the snapshot of this number or later.
    pub since: Option<u64>,
    /// Only what was there in the snapshot of this number or earlier.
    pub until: Option<u64>,
    /// Only what is not in the newest snapshot.
    pub deleted_only: bool,
    /// How many hits are passed over.
    pub offset: usize,
    /// How many hits are given at most.
    pub limit: usize,
}

impl Query {
    /// Whether more is asked for than the text.
    pub fn is_filtered(&self) -> bool {
        let is_timed = self.since.is_some() || self.until.is_some();
        let is_placed = self.under != RelPath::root();
        let is_typed = self.kind.is_some() || self.size_bytes.is_some();
        is_timed || is_placed || is_typed || self.deleted_only
    }

    /// A search for `text` everywhere and at any time, for its first 50 hits.
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            under: RelPath::root(),
            kind: None,
            size_bytes: None,
            since: None,
            until: None,
            deleted_only: false,
            offset: 0,
            limit: 50,
        }
    }
}
