//! `yore compare` and `yore ls --changes`.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use serde_json::Value;

use crate::common::bound::Bound;
use crate::common::place::set_mode;
use crate::common::small::Small;
use crate::common::tree::write;

/// The paths that `yore compare` gave, with what it said of them, below the source.
fn told(small: &Small, answer: &Value) -> Vec<(String, String)> {
    let source = format!("{}/", small.source.display());
    let changes = answer["changes"].as_array().unwrap().iter();
    changes
        .map(|change| {
            let path = change["path"].as_str().unwrap().strip_prefix(&source).unwrap();
            (path.to_owned(), change["difference"].as_str().unwrap().to_owned())
        })
        .collect()
}

/// Two snapshots with one change of each kind between them.
fn changed(small: &Small) -> (String, String) {
    let first = small.home.back_up();
    write(&small.source.join("letter.txt"), "all is well\nstill\n");
    write(&small.source.join("photos/new/spring.jpg"), "green");
    fs::remove_file(small.source.join("photos/old/first.jpg")).unwrap();
    set_mode(&small.source.join("photos/winter.jpg"), 0o600);
    (first, small.home.back_up())
}

#[test]
fn what_is_different_is_told_in_signs_and_in_words() {
    let small = Small::new();
    let (first, second) = changed(&small);
    // Both orders mean the same.
    for (a, b) in [(&first, &second), (&second, &first)] {
        let answer = small.home.run(["compare", a, b]);
        let line = |sign: &str, below: &str| format!("{sign} {}\n", small.arg(below));
        answer.says(
            0,
            &[
                &format!("From {first} to {second}:"),
                "+ added   ~ changed   m only permissions",
                &line("~", "letter.txt"),
                &line("+", "photos/new/"),
                &line("+", "photos/new/spring.jpg"),
                &line("-", "photos/old/first.jpg"),
                &line("m", "photos/winter.jpg"),
                "In all: 2 added, 1 changed, 1 changed in metadata only, 1 removed; 23 B came, 12 B went.",
            ],
        );
    }
    let all = small.home.json(["compare", &first, "latest"]);
    assert_eq!((&all["earlier"]["name"], &all["later"]["name"]), (&first.into(), &second.into()));
    assert_eq!((&all["next"], &all["totals"]["bytes_in"]), (&Value::Null, &23.into()));
    let pairs = [
        ("letter.txt", "changed"),
        ("photos/new", "added"),
        ("photos/new/spring.jpg", "added"),
        ("photos/old/first.jpg", "removed"),
        ("photos/winter.jpg", "metadata"),
    ];
    let pairs = pairs.map(|(path, word)| (path.to_owned(), word.to_owned()));
    assert_eq!(told(&small, &all), pairs);
    assert_eq!(all["changes"][0]["before"]["size_bytes"], 12);
    assert_eq!(all["changes"][3]["after"], Value::Null);
}

#[test]
fn a_part_is_told_alone_and_in_pages() {
    let small = Small::new();
    let (first, second) = changed(&small);
    let photos = small.arg("photos");
    let whole = small.home.json(["compare", &first, &second, &photos]);
    assert_eq!(told(&small, &whole).len(), 4);
    let (mut pages, mut after) = (Vec::new(), small.arg("photos"));
    loop {
        let words = ["compare", &first, &second, &photos, "--limit", "1", "--after", &after];
        let page = small.home.json(words);
        assert_eq!(page["totals"], whole["totals"]);
        pages.extend(told(&small, &page));
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => break,
        }
    }
    assert_eq!(pages, told(&small, &whole));
    let answer = small.home.run(["compare", &first, &second, "--limit", "1"]);
    answer.says(0, &[&format!("More follows: --after {}", small.arg("letter.txt"))]);
    assert!(!answer.out.contains("photos"), "{answer:?}");

    let home = &small.home;
    home.run(["compare", &first, &second, "/nowhere"]).says(1, &["/nowhere"]);
    home.run(["compare", &first, &second, "/nowhere"]).says(1, &[&first, &second, "spelling"]);
    // Paths are taken as everywhere: through links, and from the folder one is in.
    let link = small.path().join("link");
    std::os::unix::fs::symlink(&small.source, &link).unwrap();
    let after = link.join("photos/old").to_str().unwrap().to_owned();
    let page = home.json(["compare", &first, &second, "--after", &after]);
    let left = ["photos/old/first.jpg", "photos/winter.jpg"];
    assert_eq!(told(&small, &page).iter().map(|told| &told.0[..]).collect::<Vec<_>>(), left);
    fs::remove_dir_all(small.source.join("photos/new")).unwrap();
    let third = home.back_up();
    let fourth = home.back_up();
    let gone = small.arg("photos/new");
    let last = format!("last one that has it is {second}.");
    let advice = format!("yore versions {gone}");
    home.run(["compare", &third, &fourth, &gone])
        .says(1, &[&gone, &third, &fourth, &last, &advice]);
    home.run(["compare", &first, "1999"]).says(2, &["1999", "yore snapshots"]);
    home.run(["compare", &first]).says(2, &["<B>"]);
    home.run(["compare", &first, &second, "--limit", "0"]).says(2, &["0"]);
}

#[test]
fn contents_are_shown_as_far_as_they_are_text() {
    let small = Small::new();
    let file = |name: &str| small.source.join(name);
    let contents: [(&str, Vec<u8>, Vec<u8>); 6] = [
        ("text", b"one\ntwo\n".to_vec(), b"one\nthree\n".to_vec()),
        ("nul", b"a\0".to_vec(), b"a\0bc".to_vec()),
        ("latin", b"caf\xe9".to_vec(), b"caf\xe9s".to_vec()),
        ("long", vec![b'x'; (1 << 20) + 1], b"x".to_vec()),
        ("escape", b"x\n".to_vec(), b"x\n\x1b]0;title\x07\tend\n".to_vec()),
        ("shrunk", b"y\n".to_vec(), Vec::new()),
    ];
    contents.iter().for_each(|(name, before, _)| write(&file(name), before));
    let first = small.home.back_up();
    contents.iter().for_each(|(name, _, after)| write(&file(name), after));
    write(&file("new"), "unseen\n");
    let second = small.home.back_up();

    let plain = small.home.run(["compare", &first, &second]);
    assert!(!plain.out.contains("three"), "{plain:?}");
    let answer = small.home.run(["compare", "--content", &first, &second]);
    answer.says(
        0,
        &[
            "    @@ -1,2 +1,2 @@\n     one\n    -two\n    +three\n",
            "nul\n    binary files differ, 2 B → 4 B\n",
            "latin\n    binary files differ, 4 B → 5 B\n",
            "long\n    contents differ, too long to show, 1.0 MB → 1 B\n",
            "+\\u{1b}]0;title\\u{7}\tend\n",
            "    -y\n",
        ],
    );
    assert!(!answer.out.contains('\u{1b}') && !answer.out.contains("unseen"), "{answer:?}");
    let answer = small.home.json(["compare", "--content", &first, &second]);
    let kind = |name: &str| {
        let changes = answer["changes"].as_array().unwrap();
        let found = changes.iter().find(|change| change["path"] == small.arg(name).as_str());
        found.unwrap()["content"]["kind"].clone()
    };
    assert_eq!([kind("text"), kind("nul"), kind("long")], ["text", "binary", "too-long"]);
    assert_eq!(kind("new"), Value::Null);

    // What is not what was backed up is not shown.
    let stored = crate::common::tree::stored(&small.repository, &second, &small.source);
    fs::remove_file(stored.join("text")).unwrap();
    write(&stored.join("text"), "one\nforge\n");
    let answer = small.home.run(["compare", "--content", &first, &second]);
    answer.says(3, &["can’t be compared", "binary files differ"]);
    assert!(!answer.out.contains("forge"), "{answer:?}");
}

#[test]
fn odd_names_forge_nothing() {
    let small = Small::new();
    let first = small.home.back_up();
    let odd = OsStr::from_bytes(b"line\n+ forged\x1b[31m\xff");
    write(&small.source.join(Path::new(odd)), "x");
    let second = small.home.back_up();
    let answer = small.home.run(["compare", &first, &second]);
    answer.says(0, &["line\\n+ forged\\u{1b}[31m\\xff\n"]);
    assert!(!answer.out.contains('\u{1b}') && !answer.out.contains("\n+ forged"), "{answer:?}");
    let answer = small.home.json(["compare", &first, &second]);
    let encoded = answer["changes"][0]["path"]["encoded"].as_str().unwrap();
    assert!(encoded.ends_with("line%0A+ forged%1B[31m%FF"), "{encoded}");
    small.home.run(["usage", &small.arg("")]).says(0, &["line\\n+"]);
    small.home.run(["ls", "--changes", &small.arg("")]).says(0, &["line\\n+"]);
}

#[test]
fn a_listed_folder_tells_what_became_of_it() {
    let small = Small::new();
    let first = small.home.back_up();
    write(&small.source.join("photos/old/second.jpg"), "x");
    small.home.back_up();
    write(&small.source.join("letter.txt"), "all is lost\n, or not");
    fs::remove_file(small.source.join("newest")).unwrap();
    write(&small.source.join("unsaved"), "x");
    let source = small.arg("");
    let answer = small.home.run(["ls", "--at", &first, "--changes", &source]);
    answer.says(0, &["Compared with what is there now"]);
    for (name, words) in [
        ("letter.txt", "(changed since)"),
        ("newest@", "(deleted since)"),
        ("photos/", "(changed inside)"),
        ("unsaved", "(new since)"),
    ] {
        let line = answer.out.lines().find(|line| line.contains(name)).unwrap();
        assert!(line.ends_with(words), "{line}");
    }
    let answer = small.home.json(["ls", "--at", &first, "--changes", &source]);
    assert_eq!(answer["compared_with"], "now");
    let differences: Vec<_> =
        answer["entries"].as_array().unwrap().iter().map(|e| e["difference"].clone()).collect();
    assert_eq!(differences, ["changed".into(), "removed".into(), Value::Null, "added".into()]);
    let compared = &answer["entries"][0]["compared"];
    assert_eq!(
        (compared, &answer["entries"][1]["compared"]),
        (&"size-and-time".into(), &Value::Null)
    );
    // Where the time alone is another, nobody knows.
    let past = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let winter = fs::File::open(small.source.join("photos/winter.jpg")).unwrap();
    winter.set_modified(past).unwrap();
    let answer = small.home.run(["ls", "--changes", &small.arg("photos")]);
    answer.says(0, &["winter.jpg  (changed since, or only its time)\n"]);
    let answer = small.home.json(["ls", "--changes", &small.arg("photos")]);
    let winter = answer["entries"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&winter["difference"], &winter["compared"]),
        (&"changed".into(), &"size-and-time".into())
    );
    // Of one file alone.
    let letter = small.arg("letter.txt");
    let answer = small.home.json(["ls", "--at", &first, "--changes", &letter]);
    assert_eq!(answer["entries"].as_array().unwrap().len(), 1);

    // What a rule leaves out since was not deleted.
    let drive = small.drive.to_str().unwrap();
    let setup = ["setup", "--drive", drive, "--source", &source, "--exclude", "*.txt"];
    small.home.run(setup).says(0, &[]);
    let answer = small.home.run(["ls", "--at", &first, "--changes", &source]);
    let line = answer.out.lines().find(|line| line.contains("letter.txt")).unwrap();
    assert!(line.ends_with("(left out of backups now)"), "{line}");

    // A source that isn't there is not an empty one.
    fs::rename(&small.source, small.path().join("elsewhere")).unwrap();
    let answer = small.home.run(["ls", "--at", &first, "--changes", &source]);
    answer.says(0, &["Compared with the newest snapshot", "can’t be read now", "changed inside"]);
    assert!(!answer.out.contains("deleted since"), "{answer:?}");
    let repository = small.repository.to_str().unwrap();
    let words = ["--repository", repository, "ls", "--at", &first, "--changes", &source];
    small.home.run(words).says(0, &["Compared with the newest snapshot", "in none of those"]);
}

#[test]
fn what_cannot_be_read_now_is_not_taken_for_deleted() {
    let small = Small::new();
    small.home.back_up();
    let new = small.source.join("new");
    fs::create_dir(&new).unwrap();
    // As a folder of another computer that can't be reached any more: what is beside it is told as ever.
    let old = Bound::dead(&small.source.join("photos/old"));
    let (Some(_old), Some(_new)) = (old, Bound::dead(&new)) else { return };
    fs::remove_file(small.source.join("letter.txt")).unwrap();
    let answer = small.home.run(["ls", "--changes", &small.arg("")]);
    answer.says(0, &["(deleted since)\n", "new  (can’t be read now)\n", "what is there now"]);
    let answer = small.home.run(["ls", "--changes", &small.arg("photos")]);
    answer.says(0, &["old/  (can’t be read now)\n", "summer.jpg\n"]);
    for (below, name, kind) in [("", "new", Value::Null), ("photos", "old", "directory".into())] {
        let answer = small.home.json(["ls", "--changes", &small.arg(below)]);
        let mut entries = answer["entries"].as_array().unwrap().iter();
        let entry = entries.find(|entry| entry["name"] == name).unwrap();
        assert_eq!((&entry["unreadable"], &entry["kind"]), (&true.into(), &kind));
        assert_eq!(entry["difference"], Value::Null);
    }
}
