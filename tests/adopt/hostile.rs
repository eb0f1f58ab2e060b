//! What a forged repository must not make root give away.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown, symlink};
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::handover::{Estate, FORMER};
use crate::common::cli::{Home, NOBODY};
use crate::common::drive::must;
use crate::common::tree::write;

#[test]
fn only_what_belongs_to_the_former_owner_and_lies_in_the_repository_is_given_away() {
    let Some(estate) = Estate::new() else { return };
    let outside = estate.path().join("outside");
    let names = ["linked", "hard", "mounted"].map(|name| outside.join(name));
    for path in &names {
        write(path, "root's");
    }
    let snapshot = estate.repository.join("snapshots").join(&estate.names[0]);
    symlink(&names[0], snapshot.join("files/link")).unwrap();
    symlink(&outside, snapshot.join("files/folder-link")).unwrap();
    fs::hard_link(&names[1], snapshot.join("files/hard")).unwrap();
    let mount = estate.repository.join("stage/mount");
    fs::create_dir(&mount).unwrap();
    chown(outside.join("mounted"), Some(FORMER), Some(FORMER)).unwrap();
    must(Command::new("mount").arg("--bind").arg(&outside).arg(&mount));
    let answer =
        Home::new().run(["adopt", "--repository", estate.repository_arg(), "--for", "nobody"]);
    must(Command::new("umount").arg(&mount));
    answer.says(0, &["nobody"]);
    assert_eq!(names.each_ref().map(|path| owner(path)), [0, 0, FORMER]);
    assert_eq!(owner(&outside), 0);
    assert_eq!(owner(&snapshot.join("files")), NOBODY);
}

#[test]
fn a_journal_that_root_did_not_write_is_not_believed() {
    let Some(estate) = Estate::new() else { return };
    let victim = estate.path().join("victim");
    write(&victim, "root's");
    let snapshot = estate.repository.join("snapshots").join(&estate.names[0]);
    fs::hard_link(&victim, snapshot.join("files/victim")).unwrap();
    let to = json!({ "host": "h", "user": "u", "machine": "", "euid": NOBODY, "gid": NOBODY });
    let forged = json!({ "from": 0, "to": to, "started": "2026-01-01T00:00:00Z" });
    let journal = estate.repository.join("journal/adopt.json");
    fs::write(&journal, forged.to_string()).unwrap();
    let adopt = ["adopt", "--repository", estate.repository_arg(), "--for", "nobody"];
    let root = Home::new();
    chown(&journal, Some(0), Some(0)).unwrap();
    fs::hard_link(&journal, estate.repository.join("journal/second-name")).unwrap();
    root.run(adopt).says(1, &["adopt.json", "several names"]);
    fs::remove_file(estate.repository.join("journal/second-name")).unwrap();
    fs::write(&journal, "{").unwrap();
    root.run(adopt).says(1, &["adopt.json", "damaged"]);
    assert_eq!(victim.metadata().unwrap().uid(), 0);
    estate.former.run(["backup"]).says(1, &["adopt.json"]);
    fs::remove_file(&journal).unwrap();

    // What isn't even root's is in nobody's way.
    let words = ["root did not write", "removed"];
    let put: [&dyn Fn(); 4] = [
        &|| give(&journal, &forged.to_string(), FORMER),
        &|| give(&journal, "{", NOBODY),
        &|| symlink(&victim, &journal).unwrap(),
        &|| fs::create_dir(&journal).unwrap(),
    ];
    for put in put {
        put();
        estate.former.run(["backup"]).says(0, &words);
        put();
        root.run(&adopt[..3]).says(2, &["--for"]);
        assert!(!journal.exists() && !journal.is_symlink());
    }
    give(&journal, &forged.to_string(), FORMER);
    root.run(adopt).says(0, &words);
    assert_eq!(victim.metadata().unwrap().uid(), 0);
    assert_eq!(owner(&snapshot.join("files")), NOBODY);
}

fn give(path: &Path, text: &str, user: u32) {
    fs::write(path, text).unwrap();
    chown(path, Some(user), Some(user)).unwrap();
}

fn owner(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().uid()
}
