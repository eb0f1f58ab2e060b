//! A verification that mends, killed or failing at its system calls: every name has the old or the new inode, and the
//! next verification mends all of it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use super::points::{Point, Points};
use super::scene::Checked;
use crate::common::place::set_mode;
use crate::common::small::Small;
use crate::common::trace;
use crate::common::tree::{Facts, facts, without_inodes, write};

/// How many points are tried, unless all are.
const SAMPLE: usize = 12;

const ROTTEN: &str = "locked/kept";

/// A drive on which one content is stored under a name in each snapshot, and lies in the source still.
struct Store {
    small: Small,
    names: Vec<PathBuf>,
}

impl Store {
    fn new() -> Self {
        let small = Small::new();
        write(&small.source.join(ROTTEN), "kept ".repeat(2_000));
        set_mode(&small.source.join("locked"), 0o555);
        let names = (0..3)
            .map(|number| {
                write(&small.source.join("changing"), format!("{number}"));
                let name = small.home.back_up();
                crate::common::tree::stored(&small.repository, &name, &small.source).join(ROTTEN)
            })
            .collect();
        Self { small, names }
    }

    fn inodes(&self) -> Vec<u64> {
        self.names.iter().map(|name| name.metadata().unwrap().ino()).collect()
    }

    fn stored(&self) -> Facts {
        without_inodes(facts(&self.small.repository.join("snapshots")))
    }

    /// Mends with a fault; whether it was killed.
    fn disturbed(&self, point: &Point) -> Checked<bool> {
        let before = self.stored();
        let good = fs::read(self.small.source.join(ROTTEN)).unwrap();
        let old = self.inodes()[0];
        crate::mending::flip(&self.names[0]);
        let answer = trace::run_under(&self.small.home, &point.injection(), None, &["verify"]);
        let in_words = |what: &str| Err(format!("{what}\n  {answer:?}"));
        for (name, inode) in self.names.iter().zip(self.inodes()) {
            if inode != old && fs::read(name).unwrap() != good {
                return in_words("neither old nor new");
            }
        }
        self.small.home.run(["verify"]);
        let last = self.small.home.run(["verify"]);
        if last.code != Some(0) {
            return in_words(&format!("not mended: {last:?}"));
        }
        let inodes = self.inodes();
        if inodes.iter().any(|inode| *inode == old || *inode != inodes[0]) {
            return in_words(&format!("{inodes:?}, formerly {old}"));
        }
        if self.stored() != before {
            return in_words("the snapshots are not as they were");
        }
        for folder in ["journal", "stage"] {
            let mut entries = fs::read_dir(self.small.repository.join(folder)).unwrap();
            if entries.next().is_some() {
                return in_words(&format!("something is left in {folder}"));
            }
        }
        Ok(answer.code.is_none())
    }
}

#[test]
fn a_disturbed_mending_is_completed_by_the_next_verification() {
    if !trace::can_inject() {
        return;
    }
    let store = Store::new();
    crate::mending::flip(&store.names[0]);
    let counts = trace::counts(&store.small.home, &["verify"]);
    store.small.home.run(["verify"]);
    let mut points = Points::new();
    for point in points.of(&counts, SAMPLE) {
        let outcome = store.disturbed(&point);
        points.note(&point, outcome);
    }
    points.end("mend");
}
