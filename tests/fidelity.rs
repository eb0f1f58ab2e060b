//! Everything that a source may hold and do: it comes back as it was, or what could not be kept is said.

mod access;
mod attributes;
mod changing;
mod flags;
mod holes;
mod limits;
mod links;
mod mounts;
mod moves;
mod names;
mod reflink;
mod special;
mod swapped;
mod times;
mod unreadable;

use std::path::{Path, PathBuf};

use crate::common::cli::Home;
use crate::common::drive::{KINDS, LoopDrive};
use crate::common::protected::Protected;
use crate::common::survey::{Survey, assert_none, compare};

/// A source and a drive on file systems of their own.
struct Pair {
    protected: Protected,
    /// Unmounted last.
    mounts: [LoopDrive; 2],
}

impl Pair {
    /// As root, from one kind of file system to another.
    fn new(from: &str, to: &str) -> Option<Self> {
        Some(Self::with(Home::new(), [LoopDrive::of_kind(from)?, LoopDrive::of_kind(to)?]))
    }

    /// As [`Pair::new`], with room for more.
    fn sized(from: &str, to: &str, size_mib: u64) -> Option<Self> {
        let sized = |kind| LoopDrive::sized(kind, size_mib);
        Some(Self::with(Home::new(), [sized(from)?, sized(to)?]))
    }

    /// Of somebody without privileges.
    fn of_person(from: &str, to: &str) -> Option<Self> {
        let mounts = [LoopDrive::of_kind(from)?, LoopDrive::of_kind(to)?];
        Some(Self::with(Home::of_nobody(), mounts))
    }

    fn with(home: Home, mounts: [LoopDrive; 2]) -> Self {
        let source = mounts[0].path().join("source");
        home.own(mounts[0].path());
        home.own(mounts[1].path());
        let protected = Protected::at(home, mounts[1].path(), &source);
        Self { protected, mounts }
    }

    /// A path in the source.
    fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        self.protected.source.join(below)
    }

    /// Backs up what the source is now, and fails unless all tools say that the same comes back.
    #[track_caller]
    fn comes_back(&self, what: &str) -> String {
        let name = self.protected.back_up();
        comes_back(&self.protected, &name, what);
        name
    }
}

/// Fails unless a snapshot, restored, is the source as it is now.
#[track_caller]
fn comes_back(protected: &Protected, name: &str, what: &str) {
    let surveyed = Survey::of(&protected.source);
    let back = protected.restore(name);
    assert_none(&compare(&protected.source, &surveyed, &back), what);
}

/// Every kind of drive, each with a source of the same kind.
fn pairs() -> impl Iterator<Item = (&'static str, Pair)> {
    KINDS.into_iter().filter_map(|kind| Some((kind, Pair::new(kind, kind)?)))
}
