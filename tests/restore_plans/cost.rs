//! What a plan costs: no content is read where the index knows the answer, and depth takes no stack.

use std::fs;

use yore::engine::restore::{Action, OnConflict};

use super::{actions, asked, pairs, planned};
use crate::common::cli::Home;
use crate::common::engine::Rig;
use crate::common::trace::{calls_of_files, can_inject};
use crate::common::tree::write;

/// Files that nothing happened to.
const FILES: usize = 50;

#[test]
fn what_is_the_same_is_not_read() {
    if !can_inject() {
        return;
    }
    let rig = Rig::new();
    for number in 0..FILES {
        write(&rig.source.join(format!("f/same-{number}")), "the same");
    }
    write(&rig.source.join("f/touched"), "the same length");
    rig.back_up();
    write(&rig.source.join("f/touched"), "the same extent");
    let home = Home::new();
    let (repository, folder) = (rig.repository.to_str().unwrap(), rig.source.join("f"));
    let words = ["--repository", repository, "--json", "restore", "--dry-run"];
    let words = [&words[..], &["--on-conflict", "replace", folder.to_str().unwrap()]].concat();
    let calls = calls_of_files(&home, &words);
    let of = |call: &str, name: &str| {
        let is = |line: &&String| line.contains(call) && line.contains(name);
        calls.iter().filter(is).count()
    };
    assert_eq!(of("openat", "\"same-"), 0);
    assert_eq!(of("openat", "\"touched\""), 1);
    assert!(of("statx", "\"same-") >= FILES);
    assert_eq!(of("openat", "\"f\""), 1 + usize::from(of("openat2", "\"f\"") > 0));
}

#[test]
fn a_forged_index_of_any_depth_overflows_nothing() {
    const DEPTH: usize = 60_000;
    let rig = Rig::new();
    write(&rig.source.join("f/x"), "x");
    rig.back_up();
    let sql = format!(
        "WITH RECURSIVE top(id, name) AS (
            SELECT n.id, n.name FROM node n JOIN name m ON m.id = n.name
            WHERE m.name = CAST('f' AS BLOB) ORDER BY n.id DESC LIMIT 1),
        deep(id, parent) AS (
            SELECT (SELECT max(id) FROM node) + 1, (SELECT id FROM top)
            UNION ALL SELECT id + 1, id FROM deep LIMIT {DEPTH})
        INSERT INTO node (id, parent, name) SELECT id, parent, (SELECT name FROM top) FROM deep;
        INSERT INTO version SELECT n.id, v.first, v.last, v.kind, v.mode, v.uid, v.gid, v.size,
            v.mtime, v.mtime_ns, v.device, v.hash, v.xattrs, v.inode, v.ctime, v.ctime_ns,
            v.stored_mtime, v.stored_mtime_ns, v.override
        FROM node n CROSS JOIN version v WHERE n.id NOT IN (SELECT node FROM version)
            AND n.name = (SELECT n.name FROM node n JOIN name m ON m.id = n.name
                WHERE m.name = CAST('f' AS BLOB) LIMIT 1)
            AND v.node = (SELECT min(n.id) FROM node n JOIN name m ON m.id = n.name
                WHERE m.name = CAST('f' AS BLOB));"
    );
    rusqlite::Connection::open(rig.index()).unwrap().execute_batch(&sql).unwrap();
    for folder in ["f/f/f/f", "f/f"] {
        fs::create_dir_all(rig.source.join(folder)).unwrap();
    }
    let plan = planned(&rig, &asked(&rig, 1, OnConflict::Exact, ["f"]));
    let mut found = actions(&rig, &plan);
    found.retain(|(_, action)| *action != Action::Adjust);
    assert_eq!(found, pairs(&[("f/f/f/f/f", Action::Create)]));
    assert_eq!(plan.entries, (DEPTH - 3) as u64);
}
