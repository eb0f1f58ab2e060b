//! Snapshots that claim to be others, and trees, sizes and hashes that lie.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::common::attribute;
use crate::common::canary;
use crate::common::drive::copy_tree;
use crate::common::engine::Rig;
use crate::common::tree::write;

/// Puts a file with the hash that belongs to it.
pub fn put_hashed(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    attribute::set(path, "user.yore.blake3", blake3::hash(text.as_bytes()).as_bytes());
}

/// Changes what a snapshot says of itself.
pub fn reseal(snapshot: &Path, change: impl FnOnce(&mut Value)) {
    let path = snapshot.join("seal.json");
    let mut seal: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut seal);
    put_hashed(&path, &seal.to_string());
}

/// borg, CVE-2023-36811: an archive that somebody put into the repository passes for another.
#[test]
fn a_snapshot_that_claims_to_be_another_does_not_take_its_place() {
    for fields in [
        &["id"][..],
        &["seq"],
        &["seq", "id"],
        &["parent"],
        &["seq", "id", "parent", "started", "finished"],
    ] {
        let rig = Rig::new();
        write(&rig.source.join("letter"), "genuine");
        let first = rig.back_up().snapshot;
        write(&rig.source.join("letter"), "genuine, and newer");
        let second = rig.back_up().snapshot;
        let own = rig.sealed(&first).seal;
        // Its name comes later than theirs, and before any that will be made.
        let forged = rig.snapshot(&format!("{second}-9"));
        copy_tree(rig.snapshot(&second), &forged);
        let letter =
            crate::common::tree::stored(&rig.repository, &format!("{second}-9"), &rig.source)
                .join("letter");
        fs::remove_file(&letter).unwrap();
        put_hashed(&letter, "spoofed");
        reseal(&forged, |seal| {
            seal["id"] = json!(Uuid::new_v4());
            seal["seq"] = json!(77);
            fields.iter().for_each(|field| seal[*field] = own[*field].clone());
        });
        for index in ["known", "lost"] {
            if index == "lost" {
                fs::remove_file(rig.index()).unwrap();
            }
            rig.recover();
            for (seq, wanted) in [(1, "genuine"), (2, "genuine, and newer")] {
                let (restored, _) = rig.restore(seq);
                let found = fs::read_to_string(restored.join("letter")).unwrap();
                assert_eq!(found, wanted, "{fields:?}, index {index}, snapshot {seq}");
            }
        }
        // And it takes in nothing of it.
        let third = rig.back_up().snapshot;
        let found = fs::read_to_string(rig.stored(&third).join("letter")).unwrap();
        assert_eq!(found, "genuine, and newer", "{fields:?}");
    }
}

/// borg: extraction through a link that the archive itself brought.
#[test]
fn what_is_said_to_lie_behind_a_stored_link_is_not_put_there() {
    for keeps_index in [true, false] {
        let rig = Rig::new();
        let outside = rig.path().join("outside");
        fs::create_dir(&outside).unwrap();
        canary::settle(&outside);
        write(&outside.join("folder/file"), canary::SECRET);
        let before = canary::look(&outside);
        write(&rig.source.join("a/file"), "inside");
        write(&rig.source.join("b/file"), "inside");
        let name = rig.back_up().snapshot;
        let stored = rig.stored(&name);
        fs::remove_dir_all(stored.join("a")).unwrap();
        symlink(outside.join("folder"), stored.join("a")).unwrap();
        let line = |below: &str| {
            let path = rig.path_of(below).encode();
            format!("{}\n", json!({ "path": path, "mode": 0o4777, "special": { "kind": "fifo" } }))
        };
        let lines = [line("a/file"), line("a/pipe"), line("b/../../pipe")].concat();
        put_hashed(&rig.snapshot(&name).join("overrides.jsonl"), &lines);
        let hash = blake3::hash(lines.as_bytes()).to_hex().to_string();
        reseal(&rig.snapshot(&name), |seal| seal["overrides"] = json!(hash));
        if !keeps_index {
            fs::remove_file(rig.index()).unwrap();
            rig.recover();
        }
        let (restored, _) = rig.restore(1);
        let ruffled = canary::ruffled(&before, &canary::look(&outside), false);
        assert!(ruffled.is_empty(), "{}", ruffled.join("\n"));
        assert!(canary::leaks(&restored).is_empty(), "{:?}", canary::leaks(&restored));
        assert_eq!(fs::read(restored.join("b/file")).ok(), Some(b"inside".to_vec()));
    }
}

/// rsync, CVE-2024-12084 and 12085: lengths and checksums that lie.
#[test]
fn sizes_and_hashes_that_lie_bring_back_what_is_stored_or_nothing() {
    let content = "as it was stored ".repeat(5_000);
    for sql in [
        "UPDATE version SET size = size + 4096 WHERE kind = 102",
        "UPDATE version SET size = 1 WHERE kind = 102",
        "UPDATE version SET size = 0 WHERE kind = 102",
        "UPDATE version SET size = 9223372036854775807 WHERE kind = 102",
        "UPDATE version SET hash = zeroblob(32) WHERE kind = 102",
        "UPDATE version SET hash = NULL WHERE kind = 102",
        "UPDATE version SET hash = x'00' WHERE kind = 102",
        "UPDATE version SET xattrs = zeroblob(32) WHERE kind = 102",
    ] {
        let rig = Rig::new();
        write(&rig.source.join("file"), &content);
        rig.back_up();
        rusqlite::Connection::open(rig.index()).unwrap().execute_batch(sql).unwrap();
        let (restored, report) = rig.restore(1);
        match fs::read_to_string(restored.join("file")) {
            Ok(found) => assert!(found == content, "{sql}: {} bytes", found.len()),
            Err(_) => assert!(!report.problems.is_empty(), "{sql}: {report:?}"),
        }
    }
    for length in [0, 1, 31, 33, 600] {
        let rig = Rig::new();
        write(&rig.source.join("file"), &content);
        let name = rig.back_up().snapshot;
        let stored = rig.stored(&name).join("file");
        attribute::set(&stored, "user.yore.blake3", &vec![b'x'; length]);
        fs::remove_file(rig.index()).unwrap();
        rig.recover();
        let (restored, _) = rig.restore(1);
        let found = fs::read_to_string(restored.join("file")).unwrap();
        assert!(found == content, "a hash of {length} bytes");
        assert_eq!(attribute::get(&restored.join("file"), "user.yore.blake3"), None);
    }
}
