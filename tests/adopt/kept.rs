//! What a person said about sources and rules is kept when a repository is adopted.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{estrange, marker};
use crate::common::attribute;
use crate::common::cli::Home;
use crate::common::small::Small;
use crate::common::tree::write;

/// Gives a snapshot a seal that says something else of its rules, and vouches for itself.
fn reseal(repository: &Path, name: &str, rules: Value) {
    let path = repository.join("snapshots").join(name).join("seal.json");
    let mut seal: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    seal["rules"] = rules;
    fs::write(&path, seal.to_string()).unwrap();
    attribute::set(&path, "user.yore.blake3", blake3::hash(seal.to_string().as_bytes()).as_bytes());
}

#[test]
fn the_rules_of_the_newest_snapshot_hold_on() {
    let small = Small::new();
    let set_up = ["setup", "--drive", small.drive.to_str().unwrap(), "--source", &small.arg("")];
    let rules =
        ["--preset", "build-output", "--exclude", "*.iso", "--include", &small.arg("a.iso")];
    let told = small.home.json(set_up.into_iter().chain(rules))["rules"].clone();
    let first = small.home.back_up();
    estrange(&small.repository);

    let home = Home::new();
    let words = ["adopt", "--drive", small.drive.to_str().unwrap()];
    let answer = home.json(words);
    assert_eq!((&answer["rules"], &answer["unknown_rules"]), (&told, &json!([])));
    write(&small.source.join("big.iso"), "x");
    write(&small.source.join("a.iso"), "x");
    let second = home.back_up();
    assert!(!small.ls(&second, "").contains(&"big.iso".to_owned()));
    assert!(small.ls(&second, "").contains(&"a.iso".to_owned()));
    home.run(words).says(0, &["exclude *.iso", "preset build-output"]);
    // Rules that were chosen here count more than those of a snapshot.
    let chosen = home.json(set_up.into_iter().chain(["--exclude", "*.bak"]))["rules"].clone();
    assert_ne!(chosen, told);
    assert_eq!(home.json(words)["rules"], chosen);

    // A newer version's words are told and passed over.
    reseal(&small.repository, &second, json!(["nobackup", "moon full", "exclude ["]));
    let other = Home::new();
    let answer = other.json(words);
    assert_eq!(answer["rules"], json!(["nobackup"]));
    assert_eq!(answer["unknown_rules"], json!(["moon full", "exclude ["]));
    fs::remove_file(other.config()).unwrap();
    other.run(words).says(0, &["“moon full”", "unknown", "nobackup"]);
    // No rules at all are rules, too; and without a good seal, the one before it tells.
    reseal(&small.repository, &second, json!([]));
    assert_eq!(Home::new().json(words)["rules"], json!([]));
    let seal = small.repository.join("snapshots").join(&second).join("seal.json");
    fs::write(seal, "{").unwrap();
    assert_eq!(Home::new().json(words)["rules"], told, "{first}");
}

#[test]
fn a_place_that_is_no_folder_is_refused_before_anything_changes() {
    let small = Small::new();
    small.home.back_up();
    estrange(&small.repository);
    let (home, old) = (Home::new(), small.source.to_str().unwrap());
    let file = small.path().join("file");
    write(&file, "x");
    for new in ["/no/where", "", file.to_str().unwrap()] {
        let mapping = format!("{old}={new}");
        home.run(["adopt", "--drive", small.drive.to_str().unwrap(), "--source", &mapping])
            .says(2, &["no folder on this computer", "OLD=NEW"]);
    }
    assert!(!home.config().exists());
    assert_eq!(marker(&small.repository)["host"], "old-laptop");
}

#[test]
fn adopting_again_keeps_the_sources_that_are_configured() {
    let small = Small::new();
    let (added, sealed) = (small.path().join("added"), small.path().join("sealed"));
    write(&added.join("file"), "x");
    write(&sealed.join("file"), "x");
    small.home.set_up(&small.drive, &[&small.source, &sealed]);
    small.home.back_up();
    let chosen = small.home.set_up(&small.drive, &[&added, &small.source])["sources"].clone();
    let words = ["adopt", "--drive", small.drive.to_str().unwrap()];
    let again = small.home.json(words)["sources"].clone();
    let list = |value: &Value| value.as_array().unwrap().clone();
    assert_eq!(list(&again)[..2], list(&chosen)[..]);
    assert_eq!(list(&again)[2]["path"], sealed.to_str().unwrap());
    assert_eq!(list(&again).len(), 3);

    // One that is away for now stays, and one that has moved is the same.
    let moved = small.path().join("moved");
    fs::rename(&sealed, &moved).unwrap();
    fs::remove_dir_all(&added).unwrap();
    assert_eq!(small.home.json(words)["sources"], again);
    let mapping = format!("{}={}", sealed.display(), moved.display());
    let mapped = small.home.json(words.into_iter().chain(["--source", &mapping]));
    assert_eq!(list(&mapped["sources"])[..2], list(&again)[..2]);
    assert_eq!(mapped["sources"][2]["id"], again[2]["id"]);
    assert_eq!(mapped["sources"][2]["path"], moved.to_str().unwrap());
    assert_eq!(small.home.json(words)["sources"], mapped["sources"]);
}
