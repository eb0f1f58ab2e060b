//! `yore find`.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use serde_json::Value;

use crate::common::small::Small;
use crate::common::tree::write;

/// The paths that a search finds, below the source.
#[track_caller]
fn paths(small: &Small, words: &[&str]) -> Vec<String> {
    let answer = small.home.json([&["find"], words].concat());
    let path = |hit: &Value| hit["path"].as_str().unwrap().to_owned();
    let all = answer["hits"].as_array().unwrap().iter().map(path);
    all.map(|path| path.strip_prefix(&small.arg("")).unwrap().to_owned()).collect()
}

#[test]
fn what_is_there_and_what_is_gone_is_found() {
    let small = Small::new();
    small.home.run(["find", "letter"]).says(1, &["no snapshot yet"]);
    let first = small.home.back_up();
    fs::remove_file(small.source.join("photos/winter.jpg")).unwrap();
    let second = small.home.back_up();
    let jpgs = ["photos/old/first.jpg", "photos/summer.jpg", "photos/winter.jpg"];

    assert_eq!(paths(&small, &["jpg"]), [jpgs[1], jpgs[0], jpgs[2]]);
    assert_eq!(paths(&small, &["JPG", "--deleted"]), [jpgs[2]]);
    assert_eq!(paths(&small, &["jpg", "--under", &small.arg("photos/old")]), [jpgs[0]]);
    assert_eq!(paths(&small, &["jpg", "--since", &second]), [jpgs[1], jpgs[0]]);
    assert_eq!(
        paths(&small, &["jpg", "--until", &first, "--max-size", "1 kB"]),
        [jpgs[0], jpgs[2]]
    );
    assert_eq!(paths(&small, &["jpg", "--min-size", "1 kB"]), [jpgs[1]]);
    assert_eq!(paths(&small, &["ne", "--kind", "link"]), ["newest"]);
    assert_eq!(paths(&small, &["photos/"]), ["photos"]);

    let answer = small.home.json(["find", "winter"]);
    let hit = &answer["hits"][0];
    assert_eq!(
        (&hit["first"], &hit["last"]),
        (&Value::from(first.as_str()), &Value::from(first.as_str()))
    );
    assert_eq!((&hit["gone"], &hit["entry"]["size_bytes"]), (&true.into(), &4.into()));
    assert_eq!((&answer["complete"], &answer["next"]), (&true.into(), &Value::Null));
    small.home.run(["find", "winter"]).says(0, &["photos/winter.jpg  (gone; "]);
    small.home.run(["find", "summer"]).says(0, &["120 kB", "photos/summer.jpg  (since "]);
    small.home.run(["find", "spring"]).says(0, &["Nothing found."]);
    small.home.run(["find", "*.jpg"]).says(0, &["Nothing found.", "letters like any other"]);
    small.home.run(["find", "pg"]).says(0, &["Nothing found.", "only where names begin"]);
    let short = small.home.json(["find", "pg"]);
    assert_eq!((&short["complete"], &short["beginnings_only"]), (&true.into(), &true.into()));
    assert_eq!(answer["beginnings_only"], false);
    let help = ["only where names begin", "letters like any other", "in all its states"];
    small.home.run(["find", "--help"]).says(0, &help);
    small.home.run(["find", "jpg", "--limit", "2"]).says(0, &["--skip 2"]);
    assert_eq!(paths(&small, &["jpg", "--limit", "2", "--skip", "2"]), [jpgs[2]]);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let small = Small::new();
    let first = small.home.back_up();
    write(&small.source.join("late"), "");
    let second = small.home.back_up();
    for (words, said) in [
        (&["find"][..], "TEXT"),
        (&["find", ""], "no letters"),
        (&["find", "//"], "no letters"),
        (&["find", "a", "--min-size", "12"], "no size"),
        (&["find", "a", "--kind", "thing"], "folder"),
        (&["find", "a", "--limit", "0"], "limit"),
        (&["find", "a", "--until", "1999"], "1999"),
        (&["find", "a", "--since", &second, "--until", &first], "--since is beyond --until"),
        (
            &["find", "a", "--min-size", "2 MB", "--max-size", "1 MB"],
            "--min-size is beyond --max-size",
        ),
    ] {
        small.home.run(words).says(2, &[said]);
    }
    let never = ["find", "letter", "--under", &small.arg("never")];
    small.home.run(never).says(1, &["never is in no snapshot"]);
    let one = ["find", "letter", "--since", &first, "--until", &first];
    small.home.run(one).says(0, &["letter.txt"]);
    let long = "x".repeat(100_000);
    small.home.run(["find", &long]).says(0, &["Nothing found."]);
}

#[test]
fn names_that_are_no_text_are_found_by_what_is_shown_of_them() {
    let small = Small::new();
    let name = OsStr::from_bytes(b"caf\xe9 menu");
    write(&small.source.join(name), "");
    small.home.back_up();
    for text in [name, OsStr::new("menu"), OsStr::from_bytes(b"f\xe9 m")] {
        let answer = small.home.json([OsStr::new("find"), text]);
        assert!(answer["hits"][0]["path"]["encoded"].as_str().unwrap().ends_with("caf%E9 menu"));
    }
}
