//! Names of any bytes, and paths longer than any system call takes.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{Pair, pairs};
use crate::common::chain;
use crate::common::place::set_mode;
use crate::common::protected::name_of;
use crate::common::tree::{assert_same, facts, named, without_inodes, write};

/// A file of this size gets an override when its mode changes, so its name is written there too.
const LARGE_BYTES: u64 = 65 * 1024;

/// Names that have gone wrong somewhere before.
const ODD: [&[u8]; 18] = [
    b"...",
    b".. ",
    b" ",
    b"-rf",
    b"--",
    b"a\nb",
    b"\n",
    b"\x1b[31mred",
    b"%2e%2e",
    b"%",
    b"\"quoted\"",
    b"back\\slash",
    b"caf\xc3\xa9",
    b"cafe\xcc\x81",
    b"\xff\xfe\xc0\x80",
    b"CON",
    b"*?[a]",
    b"\xe2\x80\xae txt.exe",
];

fn all() -> Vec<Vec<u8>> {
    let bytes = (1..=255_u8).filter(|byte| *byte != b'/' && *byte != b'.');
    let mut all: Vec<Vec<u8>> = bytes.map(|byte| vec![byte]).collect();
    all.extend(ODD.map(<[u8]>::to_vec));
    all.extend([b'a', b'\n', 0xff].map(|byte| vec![byte; 255]));
    all.sort();
    all.dedup();
    all
}

/// A small file, a large one, a folder and a link of every name.
fn fill(source: &Path) {
    let kinds = ["small", "large", "folders", "links"].map(|kind| source.join(kind));
    kinds.iter().for_each(|folder| fs::create_dir(folder).unwrap());
    for name in all() {
        write(&named(&kinds[0], &name), &name);
        File::create(named(&kinds[1], &name)).unwrap().set_len(LARGE_BYTES).unwrap();
        fs::create_dir(named(&kinds[2], &name)).unwrap();
        symlink(named(Path::new(""), &name), named(&kinds[3], &name)).unwrap();
    }
}

#[test]
fn every_name_is_kept_byte_for_byte() {
    for (kind, pair) in pairs() {
        fill(&pair.protected.source);
        let tree = |path: &Path| without_inodes(facts(path));
        let states = [0o644, 0o600].map(|mode| {
            for folder in ["small", "large"] {
                for name in all() {
                    set_mode(&named(&pair.path(folder), &name), mode);
                }
            }
            let name = pair.protected.back_up();
            (name, tree(&pair.protected.source))
        });
        for (name, state) in &states {
            let stored = facts(&pair.protected.stored(name));
            let is_same = stored.keys().eq(state.keys());
            assert!(is_same, "{kind}: other names are stored than there were");
            assert_same(&tree(&pair.protected.restore(name)), state, kind);
        }
        // What an index made from the trees and overrides knows is the same.
        pair.protected.home.json(["rebuild"]);
        let (name, state) = &states[1];
        assert_same(&tree(&pair.protected.restore(name)), state, kind);
    }
}

#[test]
fn a_link_that_is_too_long_for_the_drive_stops_nothing() {
    // XFS takes 1,023 bytes, ext4 four times that.
    let Some(pair) = Pair::new("ext4", "xfs") else { return };
    let [fits, long] = ["fits", "long"].map(|name| pair.path(name));
    symlink("x".repeat(1_023), &fits).unwrap();
    symlink("x".repeat(1_024), &long).unwrap();
    write(&pair.path("zebra/file"), "after it");
    let answer = pair.protected.home.run(["--json", "backup"]);
    assert!(matches!(answer.code, Some(0 | 3)), "{answer:?}");
    let name = name_of(&answer.json());
    let stored = facts(&pair.protected.stored(&name));
    assert!(stored.contains_key(Path::new("zebra/file")) && stored.contains_key(Path::new("fits")));
    // Kept in some way, or said to be missing.
    let is_said = pair.protected.sealed(&name).has_problem(&long);
    let code = if is_said { 3 } else { 0 };
    assert_eq!(answer.code, Some(code), "{answer:?}");
    let source = pair.protected.source.clone();
    let back = pair.protected.restore_with(code, &name, &pair.protected.privilege(), &[&source]);
    assert_eq!(back.join("fits").read_link().unwrap(), fits.read_link().unwrap());
    assert!(is_said || back.join("long").read_link().unwrap() == long.read_link().unwrap());
}

#[test]
fn paths_may_be_longer_than_any_system_call_takes() {
    // By the length of the names, and by their number: neither strings nor descriptors may run out.
    for (length, depth) in [(200, 60), (1, 2_100)] {
        let Some(pair) = Pair::new("ext4", "ext4") else { return };
        let name = vec![b'd'; length];
        chain::make(&pair.protected.source, &name, depth, b"at the bottom");
        let wanted = (depth, Some(b"at the bottom".to_vec()));
        let is_same = |path: &Path| chain::read(path, &name) == wanted;
        for run in ["first", "second"] {
            let made = pair.protected.back_up();
            assert!(
                is_same(&pair.protected.stored(&made)),
                "{depth} deep, stored by the {run} run"
            );
            let back = pair.protected.restore(&made);
            assert!(is_same(&back), "{depth} deep, restored from the {run} run");
        }
    }
}
