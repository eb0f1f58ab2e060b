//! Forged indexes, and forged journals of the index and of the repository.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use super::case::Case;
use super::papers::PATHS;
use super::{Forgery, forgery};

/// What somebody may do to an index that Yore then opens.
const SQL: [(&str, &str); 23] = [
    (
        "a trigger that deletes",
        "CREATE TRIGGER t AFTER INSERT ON snapshot BEGIN DELETE FROM version; DELETE FROM snapshot; END;",
    ),
    (
        "a trigger that fails",
        "CREATE TRIGGER t BEFORE INSERT ON version BEGIN SELECT RAISE(ABORT, 'no'); END;",
    ),
    (
        "a view as its snapshots",
        "ALTER TABLE snapshot RENAME TO s2; CREATE VIEW snapshot AS SELECT * FROM s2;",
    ),
    (
        "a view without an end",
        "ALTER TABLE node RENAME TO n2; CREATE VIEW node AS WITH RECURSIVE r(id) AS (SELECT 1 UNION ALL SELECT id+1 FROM r) SELECT id, 1 AS parent, id AS name FROM r;",
    ),
    (
        "a view that calls for files",
        "ALTER TABLE name RENAME TO n2; CREATE VIEW name AS SELECT id, readfile('/etc/shadow') AS name FROM n2;",
    ),
    ("parents in a circle", "UPDATE OR IGNORE node SET parent = id + 1 WHERE id > 1;"),
    ("nodes that are their own parents", "UPDATE OR IGNORE node SET parent = id;"),
    (
        "names of dots",
        "UPDATE OR IGNORE name SET name = CAST('..' AS BLOB) WHERE id = (SELECT max(id) FROM name);",
    ),
    (
        "names with a slash",
        "UPDATE OR IGNORE name SET name = CAST('../../../outside/' || id AS BLOB) WHERE id > 0;",
    ),
    ("names that are numbers", "UPDATE OR IGNORE name SET name = id;"),
    (
        "names of ten megabytes",
        "UPDATE OR IGNORE name SET name = zeroblob(10000000 + id) WHERE id > 0;",
    ),
    (
        "snapshots by the name of another folder",
        "UPDATE snapshot SET name = '../../../outside/folder';",
    ),
    ("snapshots by an absolute name", "UPDATE snapshot SET name = '/etc';"),
    (
        "snapshots with a name that a terminal obeys",
        "UPDATE snapshot SET name = char(27) || '[2J' || char(7), label = char(27) || '[31m';",
    ),
    (
        "snapshots at the end of time",
        "UPDATE snapshot SET started = 9223372036854775807, finished = -9223372036854775808;",
    ),
    ("sources elsewhere", "UPDATE source SET path = CAST('etc' AS BLOB);"),
    ("sources out of everything", "UPDATE source SET path = CAST('../../etc' AS BLOB);"),
    (
        "versions of other kinds",
        "UPDATE version SET kind = CASE kind WHEN 102 THEN 100 WHEN 100 THEN 102 WHEN 108 THEN 102 ELSE 98 END;",
    ),
    (
        "versions that overlap",
        "INSERT OR IGNORE INTO version SELECT node, first - 1, last, kind, mode, uid, gid, size, mtime, mtime_ns, device, hash, xattrs, inode, ctime, ctime_ns, stored_mtime, stored_mtime_ns, override FROM version;",
    ),
    ("versions with every bit", "UPDATE version SET mode = 4095, uid = 0, gid = 0, device = 1281;"),
    (
        "versions of absurd sizes",
        "UPDATE version SET size = 9223372036854775807, mtime = -9223372036854775808, mtime_ns = 4294967295;",
    ),
    (
        "overrides that make devices",
        "UPDATE version SET override = '{\"special\":{\"kind\":\"block\",\"major\":8},\"mode\":2559,\"xattrs\":{\"security.capability\":\"AAAAAg==\"}}';",
    ),
    (
        "another repository's head",
        "UPDATE head SET repository = zeroblob(16), generation = 9223372036854775807;",
    ),
];

pub fn all() -> Vec<Forgery> {
    let mut all: Vec<Forgery> = SQL
        .into_iter()
        .map(|(what, sql)| forgery(format!("an index with {what}"), move |case| case.sql(sql)))
        .collect();
    for at in [18, 19, 21, 28, 100, 4096, 8192] {
        all.push(forgery(format!("an index with another byte {at}"), move |case| {
            let path = case.repository.join("index.sqlite");
            let mut bytes = fs::read(&path).unwrap();
            // At 18 and 19 a two says that there is a log beside it.
            bytes[at] = if at < 20 { 2 } else { !bytes[at] };
            fs::write(&path, bytes).unwrap();
        }));
    }
    for name in ["-journal", "-wal"] {
        for target in ["secret", "made", "folder/inner/file"] {
            all.push(forgery(format!("an index{name} that names {target} outside"), move |case| {
                let named = case.outside(target);
                let path = case.repository.join(format!("index.sqlite{name}"));
                fs::write(path, master_journal(named.to_str().unwrap().as_bytes())).unwrap();
            }));
        }
    }
    all.extend(adoptions());
    all.extend(mends());
    all
}

/// A journal of the database that says that another one, which may be deleted, belongs to it.
fn master_journal(name: &[u8]) -> Vec<u8> {
    let magic = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
    let sum: u32 = name.iter().map(|&byte| u32::from(byte)).sum();
    let mut bytes = magic.to_vec();
    bytes.resize(512, 0);
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(&u32::try_from(name.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(&sum.to_be_bytes());
    bytes.extend_from_slice(&magic);
    bytes
}

/// Journals of an adoption that never was: root's own, if the drive says so.
fn adoptions() -> Vec<Forgery> {
    let mut all = Vec::new();
    for (from, euid) in [(0, 65534), (0, 0), (1234, 65534), (65534, 0), (u32::MAX, u32::MAX)] {
        all.push(forgery(format!("an adoption from {from} to {euid}"), move |case| {
            let to =
                json!({ "host": "h", "user": "nobody", "machine": "", "euid": euid, "gid": euid });
            let entry = json!({ "from": from, "to": to, "started": "2026-01-01T00:00:00Z" });
            put(case, "adopt.json", &entry.to_string());
        }));
    }
    for (what, path) in PATHS {
        all.push(forgery(format!("losses of an adoption at {what}"), move |case| {
            let to = json!({ "host": "h", "user": "nobody", "machine": "", "euid": 65534, "gid": 65534 });
            let entry = json!({ "from": 0, "to": to, "started": "2026-01-01T00:00:00Z" });
            put(case, "adopt.json", &entry.to_string());
            let loss = json!({ "path": path, "inode": 1, "mode": 0o6755, "capability": "AQAAAgAEAAAAAAAAAAAAAAAAAAA=" });
            put(case, "adopt.jsonl", &format!("{loss}\n"));
        }));
    }
    all
}

/// Journals of a mend that never was, and what lies about.
fn mends() -> Vec<Forgery> {
    let mut all = Vec::new();
    for (what, path) in PATHS {
        all.push(forgery(format!("a mend of {what}"), move |case| {
            let place = json!({ "snapshot": case.names[0], "path": path, "inode": 1 });
            let other = json!({ "snapshot": path, "path": "etc/passwd", "inode": 1 });
            let entry = json!({ "hash": "00".repeat(32), "staged": path, "paths": [place, other],
                "places": [place, other], "started": "2026-01-01T00:00:00Z" });
            put(case, "mend.json", &entry.to_string());
            put(case, "mend.jsonl", &format!("{entry}\n"));
        }));
    }
    all.push(forgery("a mend of a canary", |case| {
        fs::create_dir_all(case.repository.join("stage")).unwrap();
        symlink(case.outside("folder"), case.repository.join("stage/mend")).unwrap();
        put(case, "mend.json", "{\"hash\":\"\",\"inode\":1}");
    }));
    for (what, text) in [
        ("depth", "[".repeat(100_000)),
        ("nothing", String::new()),
        ("zeros", "\0".repeat(1 << 20)),
    ] {
        all.push(forgery(format!("journals of {what}"), move |case| {
            for name in ["adopt.json", "adopt.jsonl", "mend.json", "mend.jsonl", "unknown\u{1b}[2J"]
            {
                put(case, name, &text);
            }
        }));
    }
    all
}

fn put(case: &Case, name: &str, text: &str) {
    fs::write(case.repository.join("journal").join(name), text).unwrap();
}
