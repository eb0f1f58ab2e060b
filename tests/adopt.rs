//! A repository that goes on with another computer, name or user, and what that must not change.

mod handover;
mod hostile;
mod interrupted;
mod kept;
mod privileges;

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::cli::Home;
use crate::common::small::Small;
use crate::common::tree::write;

/// Makes a repository that of another computer and name.
fn estrange(repository: &Path) {
    let marker = repository.join("repository.json");
    let mut value: Value = serde_json::from_slice(&fs::read(&marker).unwrap()).unwrap();
    value["host"] = "old-laptop".into();
    value["user"] = "maiden-name".into();
    value["machine"] = "0".repeat(64).into();
    fs::write(&marker, value.to_string()).unwrap();
}

fn marker(repository: &Path) -> Value {
    serde_json::from_slice(&fs::read(repository.join("repository.json")).unwrap()).unwrap()
}

#[test]
fn a_new_computer_goes_on_with_the_history() {
    let small = Small::new();
    let other = small.path().join("music");
    write(&other.join("song"), "la\n");
    let gone = small.path().join("gone=away");
    write(&gone.join("file"), "x");
    let before = small.home.set_up(&small.drive, &[&small.source, &other, &gone]);
    let first = small.home.back_up();
    estrange(&small.repository);
    let moved = small.path().join("tunes=new");
    fs::rename(&other, &moved).unwrap();
    fs::remove_dir_all(&gone).unwrap();

    let home = Home::new();
    let mapping = format!("{}={}", other.display(), moved.display());
    let words = ["adopt", "--drive", small.drive.to_str().unwrap(), "--source", mapping.as_str()];
    let answer = home.json_of(3, words);
    assert_eq!(answer["id"], before["id"]);
    assert_eq!(answer["sources"][0], before["sources"][0]);
    assert_eq!(answer["sources"][1]["id"], before["sources"][1]["id"]);
    assert_eq!(answer["sources"][1]["path"], moved.to_str().unwrap());
    assert_eq!(answer["sources"].as_array().unwrap().len(), 2);
    assert_eq!(answer["left_out"], serde_json::json!([gone.to_str().unwrap()]));
    home.run(words).says(3, &["gone=away", "--source", "Run “yore backup”"]);
    let here = marker(&small.repository);
    assert_ne!((&here["host"], &here["user"]), (&"old-laptop".into(), &"maiden-name".into()));
    assert_ne!(here["machine"], "0".repeat(64));

    let second = home.back_up();
    assert_eq!(home.snapshots(), [first.clone(), second]);
    home.run(["ls", "--at", &first, gone.to_str().unwrap()]).says(0, &["file"]);
    home.run(["ls", moved.to_str().unwrap()]).says(0, &["song"]);
    let counts = home.json(["backup"]);
    assert_eq!(counts["counts"]["copied"], 0, "{counts:#}");
}

#[test]
fn setting_up_says_that_there_is_something_to_adopt() {
    let small = Small::new();
    small.home.back_up();
    let old = small.repository.to_str().unwrap();
    let words = ["setup", "--drive", small.drive.to_str().unwrap(), "--source"];
    let (source, home) = (small.arg(""), Home::new());
    let set_up = |home: &Home| home.run(words.iter().copied().chain([source.as_str()]));
    assert_eq!(home.set_up(&small.drive, &[&small.source])["adoptable"], serde_json::json!([]));

    estrange(&small.repository);
    set_up(&home).says(0, &[&format!("yore adopt --repository {old}")]);
    assert_eq!(fs::read_dir(small.drive.join("Yore")).unwrap().count(), 2);
    // Once that is decided, it is not asked again.
    let again = home.set_up(&small.drive, &[&small.source]);
    assert_eq!(again["adoptable"], serde_json::json!([]));
    assert_ne!(again["repository"], old);

    fs::remove_dir_all(again["repository"].as_str().unwrap()).unwrap();
    let asked = home.set_up(&small.drive, &[&small.source]);
    assert_eq!(asked["adoptable"], serde_json::json!([old]));
    home.run(["--repository", old, "adopt"]).says(0, &[old]);
    home.run(["adopt", "--repository", old]).says(0, &[old]);
    assert_eq!(home.snapshots().len(), 1);
}

#[test]
fn what_cannot_be_meant_is_refused_with_words() {
    let small = Small::new();
    small.home.back_up();
    let (home, drive) = (Home::new(), small.drive.to_str().unwrap());
    let adopt = |more: &[&str]| home.run(["adopt", "--drive", drive].iter().chain(more));
    let other = Home::new();
    estrange(&small.repository);
    let second = other.set_up(&small.drive, &[&small.source])["repository"].clone();
    let name = |path: &str| Path::new(path).file_name().unwrap().to_str().unwrap().to_owned();
    let (one, two) = (name(small.repository.to_str().unwrap()), name(second.as_str().unwrap()));
    adopt(&[]).says(2, &["more than one", "--which", &one, &two]);
    adopt(&["--which", "nobody@nowhere"]).says(1, &["no Yore repository"]);
    adopt(&["--which", &one, "--source", "/nowhere=/tmp"]).says(2, &["/nowhere=/tmp", "OLD=NEW"]);
    let mistyped = format!("{}=/no/where", small.arg(""));
    adopt(&["--which", &one, "--source", mistyped.trim_start()])
        .says(2, &["/no/where", "no folder"]);
    adopt(&["--which", &one, "--for", "no such user"]).says(2, &["no such user"]);
    home.run(["adopt"]).says(2, &["--drive"]);
    let empty = small.path().join("empty");
    fs::create_dir(&empty).unwrap();
    home.run(["adopt", "--drive", empty.to_str().unwrap()]).says(1, &["no Yore repository"]);
    assert!(!home.config().exists());
    assert_eq!(marker(&small.repository)["host"], "old-laptop");
    adopt(&["--which", &one]).says(0, &[&one]);
    let id = marker(Path::new(second.as_str().unwrap()))["id"].as_str().unwrap().to_owned();
    adopt(&["--which", &id]).says(0, &[&two]);
}
