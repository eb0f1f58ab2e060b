//! Stored files that went bad: mended from what is still good, remembered where nothing is, and never linked to again.

mod crashed;
mod drives;
mod forged;
mod halfway;
mod mended;
mod pending;
mod remembered;
mod sealed;
mod stuck;
mod trees;

use std::fs;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;

use rustix::fs::{Timespec, Timestamps};
use yore::engine::damage::{Damage, DamageState};
use yore::engine::mend::{Mending, Rot, mend};
use yore::engine::meta::ContentHash;
use yore::engine::monitor::Monitor;

use crate::common::engine::Rig;
use crate::common::tree::{Facts, facts};

/// A past in which `kept` lasts under one name in every snapshot.
struct Past {
    rig: Rig,
    names: Vec<String>,
}

impl Past {
    /// So many snapshots of a source, each with something new beside what lasts.
    fn of(rig: Rig, count: usize) -> Self {
        let names = (0..count)
            .map(|number| {
                crate::common::tree::write(&rig.source.join("new"), format!("{number}"));
                rig.back_up().snapshot
            })
            .collect();
        Self { rig, names }
    }

    /// A path of the source as it is stored in the snapshot number `at`.
    fn stored(&self, at: usize, below: &str) -> std::path::PathBuf {
        self.rig.stored(&self.names[at]).join(below)
    }

    fn inode(&self, at: usize, below: &str) -> u64 {
        self.stored(at, below).symlink_metadata().unwrap().ino()
    }

    /// What a verification would say of a stored file that went bad.
    fn rot(&self, at: usize, below: &str) -> Rot {
        Rot {
            snapshot: self.names[at].clone(),
            path: self.rig.path_of(below),
            inode: self.inode(at, below),
            hash: carried(&self.stored(at, below)),
            state: DamageState::Rotten,
        }
    }

    /// Flips a bit of a stored file and says what a verification would.
    fn flip(&self, at: usize, below: &str) -> Rot {
        let rot = self.rot(at, below);
        flip(&self.stored(at, below));
        rot
    }

    #[track_caller]
    fn mend(&self, rots: Vec<Rot>) -> Vec<Mending> {
        let monitor = Monitor::new();
        mend(&mut self.rig.writer(&monitor).unwrap(), rots, &monitor).unwrap()
    }

    fn damage(&self) -> Damage {
        Damage::read(&self.rig.open().unwrap()).unwrap()
    }

    /// All that is stored in the snapshots.
    fn stored_facts(&self) -> Vec<Facts> {
        self.names.iter().map(|name| facts(&self.rig.snapshot(name))).collect()
    }

    /// Fails unless the trees are as they were, but for the inode of these paths of the source.
    #[track_caller]
    fn assert_mended(&self, before: &[Facts], mended: &[&str], what: &str) {
        for (at, (mut now, mut then)) in
            self.stored_facts().into_iter().zip(before.to_vec()).enumerate()
        {
            for below in mended {
                let stored = self.stored(at, below);
                let path = stored.strip_prefix(self.rig.snapshot(&self.names[at])).unwrap();
                let (Some(now), Some(then)) = (now.get_mut(path), then.get_mut(path)) else {
                    continue;
                };
                assert_ne!(now.inode, then.inode, "{what}: {path:?} has its inode still");
                (now.inode, then.inode) = (0, 0);
            }
            crate::common::tree::assert_same(&now, &then, &format!("{what}: snapshot {at}"));
        }
    }

    /// Fails if anything is left of a mending.
    #[track_caller]
    fn assert_tidy(&self) {
        for folder in ["journal", "stage"] {
            let mut entries = fs::read_dir(self.rig.repository.join(folder)).unwrap();
            assert!(entries.next().is_none(), "something is left in {folder}");
        }
    }
}

/// The hash that a stored file carries.
fn carried(path: &Path) -> ContentHash {
    let value = crate::common::attribute::get(path, "user.yore.blake3").unwrap();
    ContentHash::from_slice(&value).unwrap()
}

/// Changes one bit of a file, and nothing else that can be seen of it.
pub fn flip(path: &Path) {
    let meta = path.metadata().unwrap();
    let mode = meta.mode();
    crate::common::place::set_mode(path, 0o600);
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    let at = meta.size() / 2;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 4], at).unwrap();
    crate::common::place::set_mode(path, mode & 0o7777);
    let time = |sec, nsec: i64| Timespec { tv_sec: sec, tv_nsec: nsec };
    let times = Timestamps {
        last_access: time(meta.atime(), meta.atime_nsec()),
        last_modification: time(meta.mtime(), meta.mtime_nsec()),
    };
    rustix::fs::futimens(&file, &times).unwrap();
    file.sync_all().unwrap();
}
