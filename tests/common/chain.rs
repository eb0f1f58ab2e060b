//! Folders inside each other until their path is longer than any system call takes. Never shown: no
//! screen is wide enough.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags};

const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Makes `depth` folders of the same name inside each other, with a file in the last.
#[track_caller]
pub fn make(top: &Path, name: &[u8], depth: usize, content: &[u8]) {
    let mut folder = open(top);
    for _ in 0..depth {
        rustix::fs::mkdirat(&folder, name, Mode::from_raw_mode(0o755)).unwrap();
        folder = rustix::fs::openat(&folder, name, FOLDER, Mode::empty()).unwrap();
    }
    let flags = OFlags::CREATE | OFlags::WRONLY;
    let file = rustix::fs::openat(&folder, "leaf", flags, Mode::from_raw_mode(0o644)).unwrap();
    File::from(file).write_all(content).unwrap();
}

/// How deep the folders go, and what the file in the last one holds.
pub fn read(top: &Path, name: &[u8]) -> (usize, Option<Vec<u8>>) {
    let (mut folder, mut depth) = (open(top), 0);
    while let Ok(next) = rustix::fs::openat(&folder, name, FOLDER, Mode::empty()) {
        (folder, depth) = (next, depth + 1);
    }
    let leaf = rustix::fs::openat(&folder, "leaf", OFlags::RDONLY, Mode::empty());
    let content = leaf.ok().map(|leaf| {
        let mut content = Vec::new();
        File::from(leaf).read_to_end(&mut content).unwrap();
        content
    });
    (depth, content)
}

fn open(path: &Path) -> OwnedFd {
    rustix::fs::openat(CWD, path, FOLDER, Mode::empty()).unwrap()
}
