//! Which stored file a small picture is made of.

use crate::engine::history::Entry;
use crate::engine::meta::{ContentHash, Kind};
use crate::engine::path::RelPath;
use crate::ui::preview::decode::is_named_so;

/// The largest file that is read for it, in bytes: a folder of pictures is read whole, perhaps over a slow cable.
const FILE_BYTES_MAX: u64 = 48 << 20;

/// A stored file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where it was.
    pub path: RelPath,
    /// The snapshot's number.
    pub at: u64,
    hash: Option<ContentHash>,
}

/// What tells the content of one source from that of others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// Wherever it is.
    Content(ContentHash),
    /// Of which nothing is known but where it is.
    State(RelPath, u64),
}

impl Source {
    /// The source for `entry`, which is at `path` in the snapshot `at`; `None` of what is no picture by its name, or too large.
    pub fn of(entry: &Entry, path: RelPath, at: u64) -> Option<Self> {
        let has_content = entry.kind == Kind::File && !entry.absent;
        let fits = (1..=FILE_BYTES_MAX).contains(&entry.size_bytes);
        let is_one = has_content && fits && is_named_so(&entry.name);
        is_one.then_some(Self { path, at, hash: entry.hash })
    }

    /// What tells its content from that of others.
    pub fn key(&self) -> Key {
        match self.hash {
            Some(hash) => Key::Content(hash),
            None => Key::State(self.path.clone(), self.at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(entry: &Entry, at: u64) -> Option<Source> {
        Source::of(entry, RelPath::parse(b"home/a").unwrap(), at)
    }

    #[test]
    fn only_pictures_that_are_stored_are_sources() {
        assert!(source(&Entry::plain("a.png"), 1).is_some());
        for other in [
            Entry::plain("a.txt"),
            Entry { kind: Kind::Directory, ..Entry::plain("a.png") },
            Entry { kind: Kind::Symlink, ..Entry::plain("a.png") },
            Entry { absent: true, ..Entry::plain("a.png") },
            Entry { size_bytes: 0, ..Entry::plain("a.png") },
            Entry { size_bytes: FILE_BYTES_MAX + 1, ..Entry::plain("a.png") },
        ] {
            assert_eq!(source(&other, 1), None, "{other:?}");
        }
    }

    #[test]
    fn the_same_content_is_the_same_wherever_it_is() {
        let known = Entry { hash: Some(ContentHash::of(b"x")), ..Entry::plain("a.png") };
        let key = |entry: &Entry, at| source(entry, at).map(|source| source.key());
        assert_eq!(key(&known, 1), key(&known, 2));
        assert_ne!(key(&Entry::plain("a.png"), 1), key(&Entry::plain("a.png"), 2));
    }
}
