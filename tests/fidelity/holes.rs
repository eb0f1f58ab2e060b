//! Files with holes: a huge one fits a small drive, and holes stay holes in both directions.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rustix::fs::SeekFrom;

use super::{Pair, pairs};
use crate::common::node::{set_mtime, sparse};
use crate::common::place::set_mode;

const TEBIBYTE: u64 = 1 << 40;

/// Where the data is, and what.
type Pieces<'a> = Vec<(u64, &'a [u8])>;

/// Where there is data in a file: each piece's beginning and end.
fn pieces(path: &Path) -> Vec<(u64, u64)> {
    let file = File::open(path).unwrap();
    let (mut pieces, mut at) = (Vec::new(), 0);
    while let Ok(start) = rustix::fs::seek(&file, SeekFrom::Data(at)) {
        at = rustix::fs::seek(&file, SeekFrom::Hole(start)).unwrap();
        pieces.push((start, at));
    }
    pieces
}

fn shape(path: &Path) -> (u64, Vec<(u64, u64)>) {
    (path.metadata().unwrap().len(), pieces(path))
}

#[test]
fn a_tebibyte_of_holes_fits_a_small_drive() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    let path = pair.path("disk.img");
    let data = [(0, b"boot".as_slice()), (5 << 30, &[7; 8192]), (TEBIBYTE - 4096, b"end")];
    sparse(&path, TEBIBYTE, &data);
    let first = pair.protected.back_up();
    let stored = pair.protected.stored(&first).join("disk.img");
    assert_eq!(shape(&stored), shape(&path));
    let back = pair.protected.restore(&first).join("disk.img");
    assert_eq!(shape(&back), shape(&path));
    let file = File::open(&back).unwrap();
    for (at, bytes) in data {
        let mut found = vec![0; bytes.len()];
        file.read_exact_at(&mut found, at).unwrap();
        assert_eq!(found, bytes, "at {at}");
    }
    // Touched, it is neither written again nor anything but the same file.
    set_mtime(&path, 1_700_000_000, 0).unwrap();
    let second = pair.protected.back_up();
    assert_eq!(pair.protected.sealed(&second).copied_bytes(), 0);
    assert!(pair.mounts[1].used_bytes() < 32 << 20);
}

#[test]
fn holes_are_where_they_were() {
    for (kind, pair) in pairs() {
        let block = [1_u8; 4096];
        let all: [(&str, u64, Pieces<'_>); 6] = [
            ("only a hole", 1 << 26, vec![]),
            ("a hole of one byte", 1, vec![]),
            ("a hole first", 1 << 20, vec![((1 << 20) - 4096, &block)]),
            ("a hole last", 1 << 20, vec![(0, &block)]),
            ("many", 1 << 22, (0..32).map(|n| (n << 17, block.as_slice())).collect()),
            ("an odd end", (1 << 20) + 1, vec![(1 << 16, &block)]),
        ];
        for (name, size, data) in &all {
            sparse(&pair.path(name), *size, data);
        }
        let name = pair.comes_back(kind);
        // With other metadata the same content goes other ways.
        all.iter().for_each(|(name, ..)| set_mode(&pair.path(name), 0o600));
        let changed = pair.comes_back(kind);
        let back = pair.protected.restore(&changed);
        for (file, ..) in &all {
            let wanted = shape(&pair.path(file));
            assert_eq!(
                shape(&pair.protected.stored(&name).join(file)),
                wanted,
                "{kind}: {file}, stored"
            );
            assert_eq!(shape(&back.join(file)), wanted, "{kind}: {file}, restored");
        }
    }
}

#[test]
fn a_hole_that_is_filled_and_data_that_became_a_hole_are_seen() {
    let Some(pair) = Pair::new("ext4", "ext4") else { return };
    let path = pair.path("file");
    sparse(&path, 1 << 20, &[(0, &[1; 4096]), (1 << 19, &[2; 4096])]);
    let before = shape(&path);
    let first = pair.comes_back("before");
    let file = File::options().write(true).open(&path).unwrap();
    file.write_all_at(&[3; 4096], 1 << 18).unwrap();
    let flags = rustix::fs::FallocateFlags::PUNCH_HOLE | rustix::fs::FallocateFlags::KEEP_SIZE;
    rustix::fs::fallocate(&file, flags, 1 << 19, 4096).unwrap();
    pair.comes_back("after");
    assert_eq!(shape(&pair.protected.restore(&first).join("file")), before);
}
