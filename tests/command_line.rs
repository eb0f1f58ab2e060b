//! Every command of `yore` as people and programs use it: answers, exit codes, paths and snapshots.

mod backup;
mod begun;
mod compare;
mod find;
mod forget;
mod last_good;
mod names;
mod past;
mod pin;
mod prune;
mod restore;
mod setup;
mod status;
mod stop;
mod undo;
mod usage;

use std::fs;

use jiff::Timestamp;
use serde_json::Value;

use crate::common::cli::Home;
use crate::common::engine::Rig;
use crate::common::small::{Small, names};
use crate::common::tree::write;

#[test]
fn every_command_answers_people_and_programs() {
    let small = Small::new();
    let name = small.home.back_up();
    let (source, letter) = (small.arg(""), small.arg("letter.txt"));
    let drive = small.drive.to_str().unwrap();
    let back = small.path().join("back");
    let back = back.to_str().unwrap();
    let table: &[(&[&str], &str, &str)] = &[
        (&["setup", "--drive", drive, "--source", &source], "yore backup", "/sources/0/id"),
        (&["snapshots"], &name, "/snapshots/0/name"),
        (&["snapshots", &source], "the oldest", "/snapshots/0/name"),
        (&["ls", &source], "letter.txt", "/entries/0/name"),
        (&["deleted"], "Nothing was deleted", "/deleted"),
        (&["find", "LETTER"], "letter.txt", "/hits/0/first"),
        (&["ls", "--changes", &source], "what is there now", "/entries/0/name"),
        (&["compare", &name, "latest"], "nothing changed", "/totals/added"),
        (&["usage"], "that no other has", "/totals/only_bytes"),
        (&["usage", &source], "letter.txt", "/entries/0/kept_bytes"),
        (&["versions", &letter], "letter.txt", "/versions/0/entry/blake3"),
        (&["restore", "--dry-run", &letter, "--to", back], back, "/plan/items/0/target"),
        (&["restore", &letter, "--to", back], "1 entry restored", "/report/entries"),
        (&["why", &letter], "is backed up", "/outcome"),
        (&["status"], "Protected.", "/newest/name"),
        (&["prune", "--dry-run"], "Kept: everything of the last", "/snapshots/0/reason"),
        (&["prune"], "Nothing had to be deleted", "/free/bytes"),
        (&["rebuild"], "1 snapshot", "/snapshots"),
        (&["backup"], "is complete", "/counts/files"),
        (&["demo"], "Everything came back", "/passed"),
    ];
    for (words, said, key) in table {
        let answer = small.home.run(*words);
        answer.says(0, &[said]);
        assert!(serde_json::from_str::<Value>(&answer.out).is_err(), "{answer:?}");
        let answer = small.home.json(*words);
        assert!(answer.pointer(key).is_some_and(|value| !value.is_null()), "{key} in {answer:#}");
    }
}

#[test]
fn exit_codes_tell_how_it_ended() {
    let small = Small::new();
    let home = &small.home;
    let letter = small.arg("letter.txt");
    home.run(["--help"]).says(0, &["setup", "backup", "restore"]);
    home.run(["--version"]).says(0, &[env!("CARGO_PKG_VERSION")]);
    home.run(["ls", &letter]).says(1, &["no snapshot yet", "yore backup"]);
    let first = home.back_up();
    home.run(["ls", "/nowhere/at all"]).says(1, &["/nowhere/at all", &first, "spelling"]);
    home.run(["versions", "/nowhere"]).says(1, &["/nowhere", "spelling"]);
    home.run(["ls", "--at", "1999-12-31", &letter]).says(2, &["1999-12-31", "yore snapshots"]);
    home.run(["restore", "--on-conflict", "guess", &letter]).says(2, &["guess", "keep-both"]);
    home.run(["ls"]).says(2, &["PATH"]);
    home.run(["frobnicate"]).says(2, &["frobnicate"]);
    home.run([""; 0]).says(2, &["setup"]);
    Home::new().run(["backup"]).says(2, &["not set up", "config.toml", "yore setup"]);
}

#[test]
fn a_failure_is_a_document_too() {
    let small = Small::new();
    for (code, words, said) in [
        (1, vec!["versions".to_owned(), "/nowhere".to_owned()], "/nowhere"),
        (2, vec!["ls".to_owned(), "--at".to_owned(), "1999".to_owned(), small.arg("")], "1999"),
    ] {
        small.home.back_up();
        let answer = small.home.json_of(code, words);
        assert!(answer["error"]["what"].as_str().unwrap().contains(said), "{answer:#}");
        assert!(answer["error"]["advice"].is_string(), "{answer:#}");
    }
}

/// A history with snapshots of given moments, each of its own state of one file.
fn dated(moments: &[&str]) -> Rig {
    let rig = Rig::new();
    for moment in moments {
        write(&rig.source.join("diary"), moment);
        rig.back_up_at(moment.parse::<Timestamp>().unwrap());
    }
    rig
}

#[test]
fn snapshots_are_named_as_people_think_of_them() {
    let rig = dated(&["2026-03-01T10:00:20Z", "2026-03-02T10:00:00Z", "2026-04-01T00:00:00Z"]);
    let (home, repository) = (Home::new(), rig.repository.to_str().unwrap());
    let diary = rig.source.join("diary");
    let words = |at| ["--repository", repository, "ls", "--at", at, diary.to_str().unwrap()];
    for (at, wanted) in [
        ("latest", "2026-04-01T00-00-00Z"),
        ("2026-03-02T10-00-00Z", "2026-03-02T10-00-00Z"),
        ("2026-04", "2026-04-01T00-00-00Z"),
        ("2026-03-01T", "2026-03-01T10-00-20Z"),
        ("2026-03-01 10:00", "2026-03-01T10-00-20Z"),
        ("2026-03-02 09:59:59", "2026-03-01T10-00-20Z"),
        ("2026-03-31 12:00", "2026-03-02T10-00-00Z"),
        ("2030-01-01", "2026-04-01T00-00-00Z"),
    ] {
        let answer = home.json(words(at));
        assert_eq!(answer["snapshot"]["name"], wanted, "{at}");
    }
    home.run(words("2026-03")).says(2, &["2026-03-01T10-00-20Z", "2026-03-02T10-00-00Z"]);
    home.run(words("2026-03-01 10:00:19")).says(2, &["2026-03-01 10:00:19"]);
    home.run(words("whenever")).says(2, &["whenever"]);
}

#[test]
fn folders_files_and_what_is_above_are_listed() {
    let small = Small::new();
    let first = small.home.back_up();
    fs::remove_file(small.source.join("letter.txt")).unwrap();
    write(&small.source.join("note.txt"), "new\n");
    let second = small.home.back_up();

    assert_eq!(small.ls(&first, ""), ["letter.txt", "newest", "photos"]);
    assert_eq!(small.ls(&second, ""), ["newest", "note.txt", "photos"]);
    assert_eq!(small.ls("latest", "photos"), ["old", "summer.jpg", "winter.jpg"]);
    assert_eq!(small.ls(&first, "letter.txt"), ["letter.txt"]);
    assert_eq!(small.ls(&first, "newest"), ["newest"]);
    assert_eq!(small.ls("latest", "photos/../photos/old/"), ["first.jpg"]);

    // Above the source there are only the folders on the way to it.
    let above = small.path().parent().unwrap().to_str().unwrap().to_owned();
    let name = small.path().file_name().unwrap().to_str().unwrap();
    assert_eq!(names(&small.home.json(["ls", &above])), [name]);
    assert_eq!(names(&small.home.json(["ls", "/"])).len(), 1);

    let gone = small.home.run(["ls", &small.arg("letter.txt")]);
    let advice = format!("add --at {first}. “yore why {}”", small.arg("letter.txt"));
    gone.says(1, &[&small.arg("letter.txt"), &second, &advice]);
    let entry = &small.home.json(["ls", "--at", &first, &small.arg("letter.txt")])["entries"][0];
    assert_eq!(entry["kind"], "file");
    assert_eq!(entry["size_bytes"], 12);
    assert_eq!(entry["blake3"], blake3::hash(b"all is well\n").to_hex().as_str());
}

#[test]
fn versions_are_the_distinct_states() {
    let small = Small::new();
    let letter = small.source.join("letter.txt");
    let first = small.home.back_up();
    let second = small.home.back_up();
    write(&letter, "changed\n");
    let third = small.home.back_up();
    fs::remove_file(&letter).unwrap();
    small.home.back_up();
    write(&letter, "again\n");
    let fifth = small.home.back_up();

    let answer = small.home.json(["versions", &small.arg("letter.txt")]);
    let lived = |version: &Value| {
        let text = |key: &str| version[key].as_str().unwrap().to_owned();
        (text("first"), text("last"), version["current"].as_bool().unwrap())
    };
    let versions: Vec<_> = answer["versions"].as_array().unwrap().iter().map(lived).collect();
    let wanted =
        [(fifth.clone(), fifth, true), (third.clone(), third, false), (first, second, false)];
    assert_eq!(versions, wanted);
}

#[test]
fn status_follows_what_happens() {
    let small = Small::new();
    let health = || small.home.json(["status"])["health"].as_str().unwrap().to_owned();
    assert_eq!(health(), "never");
    small.home.back_up();
    assert_eq!(health(), "protected");
    let away = small.drive.with_extension("away");
    fs::rename(&small.drive, &away).unwrap();
    assert_eq!(health(), "drive-away");
    small.home.run(["backup"]).says(1, &[small.repository.to_str().unwrap(), "mount it"]);
    assert_eq!(health(), "drive-away");
    fs::rename(&away, &small.drive).unwrap();
    assert_eq!(health(), "protected");
}

#[test]
fn a_rebuilt_index_gives_the_same_answers() {
    let small = Small::new();
    let first = small.home.back_up();
    write(&small.source.join("letter.txt"), "changed\n");
    small.home.back_up();
    let ask = || {
        [
            small.home.json(["snapshots"]),
            small.home.json(["ls", "--at", &first, &small.arg("")]),
            small.home.json(["ls", &small.arg("photos")]),
            small.home.json(["versions", &small.arg("letter.txt")]),
        ]
    };
    let before = ask();
    assert_eq!(small.home.json(["rebuild"])["snapshots"], 2);
    assert_eq!(ask(), before);
    fs::remove_file(small.repository.join("index.sqlite")).unwrap();
    assert_eq!(ask(), before, "a lost index is made again when it is needed");
}

#[test]
fn a_repository_opens_without_configuration() {
    let small = Small::new();
    let name = small.home.back_up();
    let stranger = Home::new();
    let repository = small.repository.to_str().unwrap();
    let with = |words: &[&str]| {
        let all: Vec<String> = ["--repository", repository]
            .iter()
            .chain(words)
            .map(|word| (*word).to_owned())
            .collect();
        stranger.run(all)
    };
    with(&["snapshots"]).says(0, &[&name]);
    with(&["ls", &small.arg("")]).says(0, &["letter.txt"]);
    with(&["status"]).says(0, &["Protected."]);
    let to = small.path().join("back");
    with(&["restore", &small.arg(""), "--to", to.to_str().unwrap()]).says(0, &["restored"]);
    assert_eq!(fs::read(to.join("documents/letter.txt")).unwrap(), b"all is well\n");
    with(&["backup"]).says(2, &["yore setup"]);
    stranger
        .run(["--repository", small.path().to_str().unwrap(), "snapshots"])
        .says(1, &["no Yore repository", small.path().to_str().unwrap()]);
    assert!(!stranger.config().exists());
}

#[test]
fn the_demonstration_passes_and_leaves_nothing() {
    let home = Home::new();
    home.run(["demo"]).says(0, &["compared every byte", "removed"]);
    let left: Vec<_> = fs::read_dir(home.path().join("cache/yore")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(!home.config().exists());
}
