//! What a forged index, journal or seal, or an odd history, must not do to the engine.

use std::fs;
use std::io::Write as _;

use serde_json::json;
use uuid::Uuid;
use yore::engine::backup::{BackupOptions, Source};
use yore::engine::history::Entry;
use yore::engine::path::RelPath;

use crate::common::attribute;
use crate::common::engine::Rig;
use crate::common::node;
use crate::common::tree::write;

/// Runs SQL on the rig's index as somebody who is not Yore.
fn forge(rig: &Rig, sql: &str) {
    rusqlite::Connection::open(rig.index()).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn a_forged_name_does_not_lead_out_of_its_folder() {
    let rig = Rig::new();
    write(&rig.source.join("letter"), "dear");
    rig.back_up();
    for forged in ["'../../escaped'", "'/escaped'", "'..'", "''"] {
        forge(
            &rig,
            &format!(
                "UPDATE node SET name = CAST({forged} AS BLOB) WHERE name = CAST('letter' AS BLOB)"
            ),
        );
        // The forged index is seen through: a passing one tells what the tree says.
        let names: Vec<_> =
            rig.history().list(&rig.path_of(""), 1).unwrap().into_iter().map(|e| e.name).collect();
        assert_eq!(names, [b"letter".to_vec()], "{forged}");
        let (folder, report) = rig.restore(1);
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        assert!(folder.exists());
        rig.recover();
        rig.writer(&yore::engine::monitor::Monitor::new())
            .unwrap()
            .rebuild(&yore::engine::monitor::Monitor::new())
            .unwrap();
    }
}

#[test]
fn a_forged_journal_deletes_no_file() {
    let rig = Rig::new();
    write(&rig.source.join("letter"), "dear");
    rig.back_up();
    let victim = rig.source.join("victim");
    write(&victim, "precious");
    let name = victim.to_str().unwrap().as_bytes();
    let magic = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
    let journal = rig.repository.join("index.sqlite-journal");
    let mut file = fs::File::create(&journal).unwrap();
    let sum: u32 = name.iter().map(|&b| u32::from(b)).sum();
    let mut bytes = magic.to_vec();
    bytes.resize(512, 0);
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(&u32::try_from(name.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(&sum.to_be_bytes());
    bytes.extend_from_slice(&magic);
    file.write_all(&bytes).unwrap();
    drop(file);
    rig.recover();
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
    assert!(!journal.exists());
    rig.back_up();
}

#[test]
fn a_path_with_a_new_identity_is_listed_once() {
    let rig = Rig::new();
    write(&rig.source.join("letter"), "dear");
    rig.back_up();
    let sources = rig
        .options()
        .sources
        .into_iter()
        .map(|source| Source { id: Uuid::new_v4(), ..source })
        .collect();
    let options = BackupOptions { sources, ..rig.options() };
    rig.back_up_listening(&options);
    for seq in [1, 2] {
        assert_eq!(rig.history().list(&rig.path_of(""), seq).unwrap().len(), 1, "{seq}");
    }
    assert_eq!(rig.history().versions(&rig.path_of("letter")).unwrap().len(), 1);
}

#[test]
fn a_source_that_was_never_there_keeps_no_index_from_being_made() {
    let rig = Rig::new();
    write(&rig.source.join("letter"), "dear");
    let mut options = rig.options();
    options.sources.push(Source { id: Uuid::new_v4(), path: "/nonexistent/folder".into() });
    let (report, _) = rig.back_up_listening(&options);
    assert_eq!(report.counts.problems, 1);
    fs::remove_file(rig.index()).unwrap();
    rig.recover();
    assert_eq!(rig.history().list(&rig.path_of(""), 1).unwrap().len(), 1);
}

/// Changes what a snapshot's seal says, as someone would who can also say that it is right.
fn forge_seal(rig: &Rig, name: &str, change: impl FnOnce(&mut serde_json::Value)) {
    let mut seal = rig.sealed(name).seal;
    change(&mut seal);
    let path = rig.snapshot(name).join("seal.json");
    let text = seal.to_string();
    fs::write(&path, &text).unwrap();
    attribute::set(&path, "user.yore.blake3", blake3::hash(text.as_bytes()).as_bytes());
}

#[test]
fn sources_within_each_other_in_a_seal_keep_nobody_from_anything() {
    for below in ["", "/inner", "/inner/deep"] {
        let rig = Rig::new();
        for name in ["outer", "inner/file", "inner/deep/file"] {
            write(&rig.source.join(name), name);
        }
        let name = rig.back_up().snapshot;
        let answers = rig.answers().lists;
        forge_seal(&rig, &name, |seal| {
            let path = seal["sources"][0]["path"].as_str().unwrap();
            let more = json!({ "id": Uuid::new_v4(), "path": format!("{path}{below}") });
            seal["sources"].as_array_mut().unwrap().insert(0, more);
        });
        fs::remove_file(rig.index()).unwrap();
        rig.recover();
        assert_eq!(rig.answers().lists, answers, "{below}");
        rig.back_up();
        fs::remove_file(rig.index()).unwrap();
        rig.recover();
        let again = rig.answers();
        assert_eq!(again.lists.len(), 2 * answers.len(), "{below}");
        let names = |lists: &[(u64, RelPath, Vec<Entry>)]| -> Vec<_> {
            lists.iter().map(|(_, path, entries)| (path.clone(), entries.len())).collect()
        };
        assert_eq!(names(&again.lists[answers.len()..]), names(&answers), "{below}");
    }
}

#[test]
fn numbers_in_overrides_that_no_device_has_lock_nobody_out() {
    let rig = Rig::new();
    write(&rig.source.join("file"), "x");
    node::fifo(&rig.source.join("pipe"));
    let name = rig.back_up().snapshot;
    let path = rig.snapshot(&name).join("overrides.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let forged: String = text
        .lines()
        .map(|line| {
            let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
            if line["special"].is_object() {
                line["special"] = json!({ "kind": "block", "major": u32::MAX, "minor": u32::MAX });
            }
            format!("{line}\n")
        })
        .collect();
    assert_ne!(forged, text);
    fs::write(&path, &forged).unwrap();
    let hash = blake3::hash(forged.as_bytes());
    attribute::set(&path, "user.yore.blake3", hash.as_bytes());
    forge_seal(&rig, &name, |seal| seal["overrides"] = json!(hash.to_hex().to_string()));
    fs::remove_file(rig.index()).unwrap();
    rig.recover();
    rig.recover();
    assert_eq!(rig.history().snapshots().unwrap().len(), 1);
    rig.back_up();
}

#[test]
fn a_journal_without_its_index_is_not_played_back_into_the_next_one() {
    let rig = Rig::new();
    write(&rig.source.join("letter"), "dear");
    rig.back_up();
    let answers = rig.answers();
    let connection = rusqlite::Connection::open(rig.index()).unwrap();
    connection.execute_batch("PRAGMA synchronous = OFF; BEGIN; DELETE FROM version;").unwrap();
    let journal = rig.index().with_file_name("index.sqlite-journal");
    let kept = fs::read(&journal).unwrap();
    drop(connection);
    fs::remove_file(rig.index()).unwrap();
    fs::write(&journal, kept).unwrap();
    rig.recover();
    assert_eq!(rig.answers(), answers);
    rig.back_up();
}

#[test]
fn an_index_that_keeps_a_log_is_made_again_and_nothing_is_written_beside_it_before() {
    let rig = Rig::new();
    write(&rig.source.join("letter"), "dear");
    rig.back_up();
    let answers = rig.answers();
    let connection = rusqlite::Connection::open(rig.index()).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    drop(connection);
    assert_eq!(rig.answers(), answers);
    for suffix in ["-wal", "-shm"] {
        assert!(!rig.index().with_file_name(format!("index.sqlite{suffix}")).exists(), "{suffix}");
    }
    rig.recover();
    let connection = rusqlite::Connection::open(rig.index()).unwrap();
    let mode: String = connection.pragma_query_value(None, "journal_mode", |r| r.get(0)).unwrap();
    assert_eq!(mode, "delete");
    assert_eq!(rig.answers(), answers);
}

#[test]
fn a_snapshot_that_was_copied_on_the_drive_is_told_and_left_out() {
    let rig = Rig::new();
    write(&rig.source.join("letter"), "dear");
    let name = rig.back_up().snapshot;
    let copy = rig.repository.join("snapshots").join(format!("{name}-2"));
    let status = std::process::Command::new("cp")
        .arg("-a")
        .arg(rig.repository.join("snapshots").join(&name))
        .arg(&copy)
        .status()
        .unwrap();
    assert!(status.success());
    let told = rig.recover();
    assert!(format!("{told:?}").contains("SnapshotDamaged"), "{told:?}");
    assert_eq!(rig.history().snapshots().unwrap().len(), 1);
    rig.back_up();
    assert_eq!(rig.history().snapshots().unwrap().len(), 2);
}
