//! A snapshot whose seal is damaged is kept and can be browsed, but nothing links to it.

use std::fs;
use std::path::Path;

use yore::engine::history::SnapshotState;

use super::{assert_stored, is_about};
use crate::common::engine::Rig;
use crate::common::tree::{facts, write};

type Damage = fn(&Path);

const WAYS: [(&str, Damage); 6] = [
    ("deleted", |path| fs::remove_file(path).unwrap()),
    ("empty", |path| fs::write(path, "").unwrap()),
    ("garbage", |path| fs::write(path, [0x5a_u8; 3_000]).unwrap()),
    ("one bit", |path| {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    }),
    ("a folder", |path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    }),
    ("absurd", |path| {
        let text = fs::read_to_string(path).unwrap();
        fs::write(path, text.replace("\"seq\": 1", "\"seq\": 18446744073709551615")).unwrap();
    }),
];

#[test]
fn a_damaged_seal_is_told_and_nothing_is_linked_to() {
    for (way, damage) in WAYS {
        let rig = Rig::new();
        write(&rig.source.join("folder/file"), "content");
        write(&rig.source.join("large"), "x".repeat(100_000));
        let first = rig.back_up().snapshot;
        damage(&rig.snapshot(&first).join("seal.json"));
        let events = rig.recover();
        let told = |e: &_| is_about(e, "SnapshotDamaged") && is_about(e, &first);
        assert!(events.iter().any(told), "{way}: {events:?}");

        let history = rig.history();
        assert_eq!(history.snapshots().unwrap()[0].state, SnapshotState::Damaged, "{way}");
        assert_eq!(history.list(&rig.path_of("folder"), 1).unwrap().len(), 1, "{way}");
        let (restored, _) = rig.restore(1);
        assert_eq!(fs::read(restored.join("folder/file")).unwrap(), b"content", "{way}");

        let second = rig.back_up();
        assert_eq!((second.counts.copied, second.counts.linked), (2, 0), "{way}");
        assert_stored(&rig, &second.snapshot);
        let inodes = |name: &str| -> Vec<u64> {
            let all = facts(&rig.stored(name)).into_values();
            all.filter(|fact| fact.is_file()).map(|fact| fact.inode).collect()
        };
        let old = inodes(&first);
        assert!(inodes(&second.snapshot).iter().all(|inode| !old.contains(inode)), "{way}");

        let third = rig.back_up();
        assert_eq!((third.counts.copied, third.counts.linked), (0, 2), "{way}: {third:?}");
    }
}

#[test]
fn a_damaged_seal_survives_the_loss_of_the_index() {
    let rig = Rig::new();
    write(&rig.source.join("file"), "content");
    let first = rig.back_up().snapshot;
    write(&rig.source.join("file"), "changed");
    let second = rig.back_up();
    fs::write(rig.snapshot(&first).join("seal.json"), "{").unwrap();
    fs::remove_file(rig.index()).unwrap();
    let events = rig.recover();
    assert!(events.iter().any(|e| is_about(e, "SnapshotDamaged") && is_about(e, &first)));
    assert_eq!(fs::read(rig.stored(&first).join("file")).unwrap(), b"content");
    let listed = rig.history().list(&rig.path_of(""), second.seq).unwrap();
    assert_eq!(listed.len(), 1);
    let next = rig.back_up();
    assert_eq!((next.counts.copied, next.counts.linked), (0, 1));
    assert_stored(&rig, &next.snapshot);
}

#[test]
fn damaged_overrides_are_told() {
    let rig = Rig::new();
    write(&rig.source.join("large"), "x".repeat(100_000));
    rig.back_up();
    crate::common::place::set_mode(&rig.source.join("large"), 0o600);
    let second = rig.back_up().snapshot;
    let path = rig.snapshot(&second).join("overrides.jsonl");
    fs::write(&path, fs::read_to_string(&path).unwrap().replace("384", "511")).unwrap();
    fs::remove_file(rig.index()).unwrap();
    let events = rig.recover();
    assert!(
        events.iter().any(|e| is_about(e, "SnapshotDamaged") && is_about(e, &second)),
        "{events:?}"
    );
    let next = rig.back_up();
    assert_stored(&rig, &next.snapshot);
}
