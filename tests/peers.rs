//! What once went wrong in programs of the same kind, each as a test of this one.

mod spoofed;
mod words;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::common::canary;
use crate::common::cli::{Home, NOBODY};
use crate::common::place::{is_root, scratch, set_mode};
use crate::common::protected::Protected;
use crate::common::race::Race;
use crate::common::small::Small;
use crate::common::tree::write;

#[track_caller]
fn assert_unruffled(at: &Path, before: &canary::Canaries, what: &str) {
    let ruffled = canary::ruffled(before, &canary::look(at), false);
    assert!(ruffled.is_empty(), "{what}: {}", ruffled.join("\n"));
}

fn canaries(at: &Path) -> canary::Canaries {
    fs::create_dir(at).unwrap();
    canary::settle(at);
    canary::look(at)
}

/// Everything below a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut waiting) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(path) = waiting.pop() {
        if path.symlink_metadata().unwrap().is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|child| child.unwrap().path()));
        }
        found.push(path);
    }
    found
}

/// Back In Time, CVE-2017-7572: a helper that runs as root and is told by path what to give away.
#[test]
fn who_swaps_folders_while_root_gives_a_repository_away_gets_nothing_else() {
    if !is_root() {
        return;
    }
    for round in 0..8 {
        let former = Home::of_user(64_301);
        let folder = scratch();
        let drive = folder.path().join("drive");
        fs::create_dir(&drive).unwrap();
        former.own(&drive);
        let person = Protected::at(former, &drive, &folder.path().join("source"));
        for number in 0..40 {
            let path = person.source.join(format!("folder/{number}/first"));
            write(&path, "x");
            path.ancestors().take(3).for_each(|path| person.home.own(path));
        }
        let name = person.back_up();
        let race = Race::new(&folder.path().join("outside"), round);
        let stored = person.stored(&name);
        race.release(&[
            stored.clone(),
            stored.join("folder"),
            stored.join("always"),
            stored.join("folder/7"),
            person.snapshot(&name),
            person.repository.join("snapshots"),
        ]);
        let repository = person.repository.to_str().unwrap();
        let adopt = ["adopt", "--repository", repository, "--for", "nobody"];
        let answer = Home::new().run(adopt);
        race.hold();
        assert!(matches!(answer.code, Some(0..=3)), "{answer:?}");
        assert!(!answer.err.contains("panicked"), "{answer:?}");
        race.check(&person.repository, &format!("round {round}: {answer:?}"));
    }
}

/// Timeshift, CVE-2020-10174: a folder in `/tmp` with a name that anyone can guess, used by root.
#[test]
fn names_that_can_be_guessed_are_made_by_nobody() {
    let small = Small::new();
    let outside = small.path().join("outside");
    let before = canaries(&outside);
    small.home.back_up();
    let (tmp, target) = (small.path().join("tmp"), small.path().join("target"));
    for folder in [&tmp, &target] {
        fs::create_dir(folder).unwrap();
        set_mode(folder, 0o1777);
        for name in [
            "yore",
            ".yore",
            ".yore-restore",
            ".yore-restore-",
            ".yore-restore-000000000000",
            "replaced",
            "links",
            "0",
            "index.sqlite",
        ] {
            symlink(outside.join("empty"), folder.join(name)).unwrap();
        }
        if is_root() {
            chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    let was = canary::look(&tmp);
    for words in [
        vec!["backup"],
        vec!["restore", "--to", target.to_str().unwrap(), &small.arg("photos")],
        vec![
            "restore",
            "--to",
            target.to_str().unwrap(),
            "--on-conflict",
            "replace",
            &small.arg("photos"),
        ],
        vec!["versions", &small.arg("letter.txt"), "--check", "true"],
        vec!["compare", "latest", "latest", "--content"],
        vec!["rebuild"],
        vec!["usage"],
    ] {
        let mut command = small.home.command(env!("CARGO_BIN_EXE_yore"));
        let output = command.args(&words).env("TMPDIR", &tmp).output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        let now = canary::look(&tmp);
        assert!(canary::ruffled(&was, &now, false).is_empty(), "{words:?} wrote to TMPDIR");
        assert_unruffled(&outside, &before, &words.join(" "));
    }
    let photo = fs::read(target.join("photos/winter.jpg")).unwrap();
    assert_eq!(photo, b"snow");
}

/// rsync: the log written through a link; and what everyone could read in it.
#[test]
fn nothing_is_written_through_links_in_the_state_folder() {
    let small = Small::new();
    let outside = small.path().join("outside");
    let before = canaries(&outside);
    let everything = |small: &Small| {
        let target = small.path().join("target");
        for words in [
            vec!["backup"],
            vec!["usage"],
            vec!["status"],
            vec!["snapshots"],
            vec!["find", "letter"],
            vec![
                "restore",
                "--to",
                target.to_str().unwrap(),
                "--on-conflict",
                "replace",
                &small.arg(""),
            ],
            vec!["versions", &small.arg("letter.txt"), "--check", "true"],
        ] {
            let answer = small.home.run(&words);
            assert!(matches!(answer.code, Some(0..=3)), "{words:?}: {answer:?}");
            assert!(!answer.err.contains("panicked"), "{answer:?}");
            assert_unruffled(&outside, &before, &words.join(" "));
        }
    };
    everything(&small);
    write(&small.source.join("more"), "so that there is something to do");
    let mut replaced = 0;
    for folder in ["state", "cache"] {
        for path in below(&small.home.path().join(folder)) {
            if path.symlink_metadata().unwrap().is_file() {
                fs::remove_file(&path).unwrap();
                symlink(outside.join("secret"), &path).unwrap();
                replaced += 1;
            }
        }
    }
    assert!(replaced > 2, "{replaced} files in the state folder");
    everything(&small);
}

#[test]
fn what_is_remembered_is_for_its_owner_alone_and_holds_no_content() {
    let small = Small::new();
    write(&small.source.join("diary"), canary::SECRET);
    small.home.back_up();
    fs::remove_file(small.source.join("diary")).unwrap();
    small.home.back_up();
    for words in [
        vec!["usage"],
        vec!["status"],
        vec!["deleted"],
        vec!["versions", &small.arg("diary"), "--check", "true"],
    ] {
        small.home.run(&words).says(0, &[]);
    }
    let target = small.path().join("target");
    let to = target.to_str().unwrap();
    small.home.run(["restore", "--at", "latest", "--to", to, &small.arg("")]).says(0, &[]);
    for folder in ["state", "cache", "config"] {
        let folder = small.home.path().join(folder);
        for path in below(&folder) {
            let meta = path.symlink_metadata().unwrap();
            if meta.is_file() {
                assert_eq!(meta.permissions().mode() & 0o077, 0, "{path:?} is open to others");
            }
        }
        assert!(canary::leaks(&folder).is_empty(), "{:?}", canary::leaks(&folder));
    }
    // And where others may look around, nobody gets that far.
    let yore = small.repository.parent().unwrap();
    let reachable = |path: &Path| path.metadata().unwrap().mode() & 0o077 != 0;
    let open: Vec<PathBuf> = fs::read_dir(yore)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| reachable(path))
        .collect();
    assert!(open.is_empty(), "{open:?}");
}

/// rsync: owner, mode and times given to what a link leads to.
#[test]
fn what_is_said_of_a_link_is_given_to_nothing_else() {
    let small = Small::new();
    let outside = small.path().join("outside");
    fs::create_dir(&outside).unwrap();
    canary::settle(&outside);
    symlink(outside.join("secret"), small.source.join("to-file")).unwrap();
    symlink(outside.join("folder"), small.source.join("to-folder")).unwrap();
    let before = canary::look(&outside);
    let name = small.home.back_up();
    let snapshot = small.repository.join("snapshots").join(&name);
    let lines: String = ["to-file", "to-folder", "newest"]
        .map(|name| {
            let path = small.arg(name).trim_start_matches('/').to_owned();
            let line = json!({ "path": path, "mode": 0o4777, "uid": 1, "gid": 1, "mtime": [1, 1],
                "flags": 0x30, "xattrs": { "user.note": "AA==", "trusted.x": "AA==" } });
            format!("{line}\n")
        })
        .concat();
    spoofed::put_hashed(&snapshot.join("overrides.jsonl"), &lines);
    let hash = blake3::hash(lines.as_bytes()).to_hex().to_string();
    spoofed::reseal(&snapshot, |seal| seal["overrides"] = json!(hash));
    fs::remove_file(small.repository.join("index.sqlite")).unwrap();
    let _ = fs::remove_dir_all(small.home.path().join("state"));
    for policy in ["keep-both", "replace"] {
        let target = small.path().join("target");
        let words = [
            "restore",
            "--privileged",
            "--on-conflict",
            policy,
            "--to",
            target.to_str().unwrap(),
            &small.arg(""),
        ];
        let answer = small.home.run(words);
        assert!(matches!(answer.code, Some(0 | 3)), "{answer:?}");
        assert_unruffled(&outside, &before, policy);
        assert!(target.join("documents/to-file").is_symlink());
    }
}
