//! `yore why`: in, out and by which rule, in no source, or the backups themselves.

use std::fs;
use std::os::unix::fs::symlink;

use rusqlite::Connection;
use serde_json::json;

use super::{make_tree, set_up_again};
use crate::common::bound::Bound;
use crate::common::drive::{LoopDrive, copy_tree};
use crate::common::protected::name_of;
use crate::common::small::Small;
use crate::common::tree::write;

#[test]
fn every_fate_is_told_to_people_and_programs() {
    let small = Small::new();
    make_tree(&small.source);
    let precious = small.arg(".cache/precious");
    let words = ["--exclude", "*.tmp", "--exclude", "!keep.tmp", "--include", &precious];
    set_up_again(&small, &words);
    let text = fs::read_to_string(small.home.config()).unwrap();
    fs::write(small.home.config(), text + "largest-file = \"3 kB\"\n").unwrap();
    symlink(&small.source, small.path().join("link")).unwrap();
    write(&small.source.join(".yore-restore-1/x"), "x");

    let beside = small.path().join("link/draft.tmp").to_str().unwrap().to_owned();
    let marker = small.repository.join("repository.json").to_str().unwrap().to_owned();
    let arg = |below: &str| small.arg(below);
    for (path, outcome, at, kind, said) in [
        (arg(""), "in", None, None, "is backed up"),
        (arg("letter.txt"), "in", None, None, "is backed up"),
        (arg("keep.tmp"), "in", None, None, "is backed up"),
        (arg("draft.tmp"), "out", Some("draft.tmp"), Some("pattern"), "“*.tmp”"),
        (beside, "out", Some("draft.tmp"), Some("pattern"), "“*.tmp”"),
        (arg(".cache"), "on-the-way", Some(".cache"), Some("preset"), "“caches”"),
        (arg(".cache/app/blob"), "out", Some(".cache/app"), Some("preset"), "“caches”"),
        (arg(".cache/precious/seed"), "in", None, None, "is backed up"),
        (arg("large.bin"), "out", Some("large.bin"), Some("size"), "3 kB"),
        (arg("tagged/inner"), "out", Some("tagged/inner"), Some("cachedir-tag"), "CACHEDIR.TAG"),
        (arg("tagged/CACHEDIR.TAG"), "in", None, None, "is backed up"),
        (arg("forged/data"), "in", None, None, "is backed up"),
        (arg("private/sub/data"), "out", Some("private/sub"), Some("nobackup"), ".nobackup"),
        (arg(".yore-restore-1"), "out", Some(".yore-restore-1"), Some("restore-folder"), "restore"),
        ("/etc/hostname".to_owned(), "no-source", None, None, "none of the folders"),
        (marker, "repository", None, None, "backups themselves"),
    ] {
        small.home.run(["why", &path]).says(0, &[said]);
        let answer = small.home.json(["why", &path]);
        assert_eq!(answer["outcome"], outcome, "{answer:#}");
        assert_eq!(answer["backed_up"], matches!(outcome, "in" | "on-the-way"), "{answer:#}");
        let at = at.map(arg);
        assert_eq!(answer["at"].as_str(), at.as_deref(), "{answer:#}");
        assert_eq!(answer["rule"]["kind"].as_str(), kind, "{answer:#}");
        assert_eq!(answer["exists"], true, "{answer:#}");
    }
    let answer = small.home.run(["why", &arg("gone.tmp")]);
    answer.says(0, &["“*.tmp”", "Nothing is there now"]);
    small.home.run(["why", &arg("gone")]).says(0, &["would be backed up", "Nothing is there now"]);
    let answer = small.home.json(["why", &arg("gone")]);
    assert_eq!(answer["outcome"], "in", "{answer:#}");
    assert_eq!((&answer["exists"], &answer["backed_up"]), (&json!(false), &json!(false)));
    assert!(answer["note"].as_str().is_some_and(|note| note.contains("Nothing")), "{answer:#}");
}

#[test]
fn what_why_says_is_what_the_backup_does() {
    let small = Small::new();
    make_tree(&small.source);
    let precious = small.arg(".cache/precious");
    let words = ["--preset", "caches", "--preset", "build-output", "--preset", "virtual-machines"];
    set_up_again(&small, &[&words[..], &["--exclude", "stays", "--include", &precious]].concat());
    let name = small.home.back_up();
    let kept = super::entries(&super::stored(&small.repository, &name, &small.source));
    for path in super::entries(&small.source) {
        let answer = small.home.json(["why", &small.arg(&path)]);
        assert_eq!(answer["backed_up"], kept.contains(&path), "{answer:#}");
    }
}

#[test]
fn shared_memory_of_a_database_is_told_from_what_is_only_called_so() {
    let small = Small::new();
    let path = small.source.join("x");
    let database = Connection::open(&path).unwrap();
    database.pragma_update(None, "journal_mode", "wal").unwrap();
    database.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1);").unwrap();
    // No log; a log that is left out; no database; a journal that is a folder.
    for (name, suffixes) in
        [("unlogged", &["-shm"][..]), ("ruled", &["-shm", "-wal"]), ("odd", &["-shm", "-wal"])]
    {
        fs::copy(&path, small.source.join(name)).unwrap();
        for suffix in suffixes {
            write(&small.source.join(format!("{name}{suffix}")), "beside");
        }
    }
    write(&small.source.join("odd-journal/inside"), "x");
    for name in ["letter", "letter-wal", "letter-shm"] {
        write(&small.source.join(name), name);
    }
    set_up_again(&small, &["--exclude", "ruled-wal"]);
    // A database whose log or journal can't be stored with it may be torn.
    let name = name_of(&small.home.json_of(3, ["backup"]));
    let kept = super::entries(&super::stored(&small.repository, &name, &small.source));
    // A log is stored with a database that is found in use, even if a rule names it.
    for path in super::entries(&small.source).into_iter().filter(|path| path != "ruled-wal") {
        let answer = small.home.json(["why", &small.arg(&path)]);
        assert_eq!(answer["backed_up"], kept.contains(&path), "{answer:#}");
        assert_eq!(answer["outcome"] == "shared-memory", path == "x-shm", "{answer:#}");
    }
    let answer = small.home.json(["why", &small.arg("x-shm")]);
    assert_eq!(answer["at"], small.arg("x"), "{answer:#}");
    small.home.run(["why", &small.arg("x-shm")]).says(0, &["is left out", "share"]);
}

#[test]
fn other_repositories_are_told() {
    let small = Small::new();
    small.home.back_up();
    let copied = small.source.join("deeper/copied");
    fs::create_dir_all(copied.parent().unwrap()).unwrap();
    copy_tree(&small.repository, &copied);
    write(&small.source.join("plain/repository.json"), "{}");
    for (path, outcome) in [
        ("deeper", "in"),
        ("deeper/copied", "repository"),
        ("deeper/copied/repository.json", "repository"),
        ("deeper/copied/snapshots/gone", "repository"),
        ("plain/repository.json", "in"),
    ] {
        let answer = small.home.json(["why", &small.arg(path)]);
        assert_eq!(answer["outcome"], outcome, "{answer:#}");
        assert_eq!(answer["backed_up"], outcome == "in", "{answer:#}");
    }
    // Its folder was left out before the backup could see what it is.
    set_up_again(&small, &["--exclude", "deeper", "--exclude", "stage"]);
    for (path, outcome) in [("deeper/copied", "out"), ("plain/stage", "out")] {
        assert_eq!(small.home.json(["why", &small.arg(path)])["outcome"], outcome);
    }
}

#[test]
fn without_sources_there_is_nothing_to_ask() {
    let small = Small::new();
    let repository = small.repository.to_str().unwrap();
    small.home.run(["why", "--repository", repository, "/etc"]).says(2, &["No folders"]);
    small.home.run(["why"]).says(2, &["PATH"]);
}

#[test]
fn another_file_system_is_said() {
    let small = Small::new();
    let Some(other) = LoopDrive::ext4(8) else { return };
    let outer = other.path().parent().unwrap();
    write(&other.path().join("folder/x"), "x");
    let drive = small.drive.to_str().unwrap();
    small.home.json(["setup", "--drive", drive, "--source", outer.to_str().unwrap()]);
    write(&outer.join("plain"), "below");
    let Some(_bound) = Bound::to(&other.path().join("folder/x"), &outer.join("plain")) else {
        return;
    };
    let below = |name: &str| other.path().join(name).to_str().unwrap().to_owned();
    let mounted = other.path().to_str().unwrap();
    for path in
        [mounted, &below("folder"), &below("folder/x"), outer.join("plain").to_str().unwrap()]
    {
        let answer = small.home.json(["why", path]);
        assert_eq!(answer["outcome"], "other-file-system", "{answer:#}");
        assert_eq!(answer["backed_up"], false, "{answer:#}");
        let at = if path.starts_with(mounted) { mounted } else { path };
        assert_eq!(answer["at"], at, "{answer:#}");
        small.home.run(["why", path]).says(0, &["another file system", "left out", "yore setup"]);
    }
    assert_eq!(small.home.json(["why", outer.to_str().unwrap()])["outcome"], "in");
}

#[test]
fn mounts_that_are_entered_are_told_from_loops() {
    let small = Small::new();
    let Some(other) = LoopDrive::ext4(8) else { return };
    write(&other.path().join("x"), "x");
    let [inner, media] = ["inner", "media"].map(|name| small.source.join(name));
    for path in [&inner, &media] {
        fs::create_dir(path).unwrap();
    }
    let Some(_inner) = Bound::to(&small.source, &inner) else { return };
    let Some(_media) = Bound::to(other.path(), &media) else { return };
    let outcome = |path: &str| {
        let answer = small.home.json(["why", &small.arg(path)]);
        answer["outcome"].as_str().unwrap().to_owned()
    };
    let all = ["", "media", "media/x", "inner", "inner/letter.txt"];
    let other = "other-file-system";
    assert_eq!(all.map(outcome), ["in", other, other, other, other]);
    let text = fs::read_to_string(small.home.config()).unwrap();
    let entered = "[backup]\none-file-system = false\n\n[[source]]";
    fs::write(small.home.config(), text.replacen("[[source]]", entered, 1)).unwrap();
    assert_eq!(all.map(outcome), ["in", "in", "in", "mount-loop", "mount-loop"]);
}
