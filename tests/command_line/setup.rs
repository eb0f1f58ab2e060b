//! `yore setup`, and where the configuration lies.

use std::fs;

use serde_json::Value;

use crate::common::cli::Home;
use crate::common::small::Small;
use crate::common::tree::write;

/// Identities and paths of the sources that an answer names.
fn sources(answer: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = answer["sources"].as_array().unwrap().iter();
    list.map(|source| (text(&source["id"]), text(&source["path"]))).collect()
}

#[test]
fn setting_up_again_keeps_repository_and_sources() {
    let small = Small::new();
    let again = || small.home.set_up(&small.drive, &[&small.source]);
    let first = again();
    let before = small.home.back_up();
    assert_eq!(again(), first);

    // Even on a computer that has lost its configuration.
    fs::remove_file(small.home.config()).unwrap();
    assert_eq!(again(), first);

    let other = small.path().join("music");
    write(&other.join("song"), "la\n");
    let two = small.home.set_up(&small.drive, &[&small.source, &other]);
    assert_eq!(two["id"], first["id"]);
    assert_eq!(sources(&two)[0], sources(&first)[0]);
    assert_eq!(sources(&two).len(), 2);
    let after = small.home.back_up();
    assert_eq!(small.home.snapshots(), [before, after]);
    let music = other.to_str().unwrap();
    small.home.run(["ls", music]).says(0, &["song"]);
}

#[test]
fn the_configuration_lies_where_the_desktop_keeps_them() {
    let small = Small::new();
    let text = fs::read_to_string(small.home.config()).unwrap();
    assert!(text.contains(small.source.to_str().unwrap()), "{text}");

    let other = small.path().join("elsewhere/yore.toml");
    let home = Home::new();
    let (drive, source, config) =
        (small.drive.to_str().unwrap(), small.arg(""), other.to_str().unwrap());
    home.run(["--config", config, "setup", "--drive", drive, "--source", &source]).says(0, &[]);
    home.run(["backup", "--config", config]).says(0, &["is complete"]);
    assert!(other.is_file() && !home.config().exists());
    home.run(["backup"]).says(2, &[home.config().to_str().unwrap(), "not set up"]);

    // Without the variables of the desktop it is below the home folder.
    let mut command = home.command(env!("CARGO_BIN_EXE_yore"));
    command.args(["setup", "--drive", drive, "--source", &source]);
    let variables = ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"];
    for name in variables {
        command.env_remove(name);
    }
    assert!(command.output().unwrap().status.success());
    assert!(home.path().join(".config/yore/config.toml").is_file());
}

#[test]
fn two_people_share_a_drive() {
    let (one, two) = (Small::new(), Home::new());
    one.home.back_up();
    let stranger = one.drive.join("Yore/stranger@elsewhere");
    fs::rename(&one.repository, &stranger).unwrap();
    let marker = stranger.join("repository.json");
    let text = fs::read_to_string(&marker).unwrap();
    let mut value: Value = serde_json::from_str(&text).unwrap();
    value["user"] = "stranger".into();
    fs::write(&marker, value.to_string()).unwrap();
    let answer = two.set_up(&one.drive, &[&one.source]);
    assert_ne!(answer["id"], value["id"]);
    assert_eq!(two.snapshots(), [""; 0]);
    two.back_up();
    let words = ["--repository", stranger.to_str().unwrap(), "snapshots"];
    assert_eq!(two.json(words)["snapshots"].as_array().unwrap().len(), 1);
}
