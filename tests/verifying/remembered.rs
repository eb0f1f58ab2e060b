//! What is known to be damaged, or was found and could not be mended yet, is not forgotten.

use std::fs;

use super::flip;
use crate::common::chance::Chance;
use crate::common::small::Small;
use crate::common::tree::stored;

/// A letter that is damaged in two snapshots and that the source lacks.
fn damaged() -> Small {
    let small = Small::new();
    let name = small.home.back_up();
    small.home.back_up();
    flip(&stored(&small.repository, &name, &small.source).join("letter.txt"), &mut Chance::new(5));
    fs::rename(small.source.join("letter.txt"), small.path().join("aside")).unwrap();
    small
}

#[test]
fn every_snapshot_that_has_it_is_told_without_mending() {
    let small = damaged();
    let told = small.home.json_of(3, ["verify", "--no-mend"]);
    let snapshots = told["mendings"][0]["hits"][0]["snapshots"].as_array().unwrap().len();
    assert_eq!(snapshots, 2, "{told:#}");
    assert_eq!(told["is_tried"], false, "{told:#}");
}

#[test]
fn what_is_known_counts_until_it_is_mended() {
    let small = damaged();
    let newest = small.home.snapshots().pop().unwrap();
    small.home.run(["verify"]).says(3, &["there is no good copy", "1 damaged file is left"]);
    fs::rename(small.path().join("aside"), small.source.join("letter.txt")).unwrap();
    small.home.run(["backup"]).says(0, &[]);
    let last = small.home.snapshots().pop().unwrap();
    assert_ne!(newest, last);
    // The newest has a good one; the damage of the others is known.
    let told = small.home.json_of(3, ["verify", "--no-mend", &last]);
    assert_eq!(told["damaged"].as_array().unwrap().len(), 0, "{told:#}");
    assert_eq!(told["left"], 1, "{told:#}");
    small.home.run(["verify", &last]).says(0, &["1 file that was known to be damaged was mended."]);
    small.home.run(["verify"]).says(0, &["All of it is as it was backed up."]);
}

#[test]
fn what_was_edited_on_the_drive_is_wholly_right_again() {
    let small = Small::new();
    let name = small.home.back_up();
    let letter = stored(&small.repository, &name, &small.source).join("letter.txt");
    // As an editor that saves in place: its content and its time are others then.
    let edited = fs::read(&letter).unwrap().to_ascii_uppercase();
    fs::write(&letter, edited).unwrap();
    small.home.run(["verify"]).says(0, &["1 damaged file was mended"]);
    let told = small.home.json(["verify"]);
    assert_eq!(told["damaged"].as_array().unwrap().len(), 0, "{told:#}");
}

/// Two snapshots, of which the first lacks a letter that is nowhere else.
fn lacking() -> (Small, [String; 2]) {
    let small = Small::new();
    let first = small.home.back_up();
    fs::remove_file(small.source.join("letter.txt")).unwrap();
    let names = [first, small.home.back_up()];
    fs::remove_file(stored(&small.repository, &names[0], &small.source).join("letter.txt"))
        .unwrap();
    (small, names)
}

#[test]
fn what_is_lost_counts_until_its_own_snapshot_is_good_or_deleted() {
    let (small, [first, second]) = lacking();
    small.home.run(["verify"]).says(3, &["it is lost"]);
    for partial in [vec!["verify", &second], vec!["verify", &second, "--sample", "1"]] {
        small.home.run(partial).says(0, &[]);
        let told = small.home.json_of(3, ["status"]);
        assert_eq!(told["health"], "damaged", "{told:#}");
        let faults = told["faults"].as_array().unwrap();
        assert!(faults.iter().any(|fault| fault["fault"] == "lost"), "{told:#}");
        assert!(faults.iter().all(|fault| fault["snapshots"][0] == first.as_str()), "{told:#}");
    }
    small.home.run(["status"]).says(3, &["Attention: ", "“yore verify” says which", "yore forget"]);
    small.home.run(["forget", &first, "--yes"]).says(0, &[]);
    small.home.run(["status"]).says(0, &["Protected."]);
}

#[test]
fn a_content_that_nobody_tried_to_mend_counts_until_it_is_read_again() {
    let small = damaged();
    small.home.run(["backup"]).says(0, &[]);
    let newest = small.home.snapshots().pop().unwrap();
    small.home.run(["verify", "--no-mend"]).says(3, &[]);
    small.home.run(["verify", &newest]).says(0, &[]);
    let told = small.home.json_of(3, ["status"]);
    assert_eq!(told["faults"][0]["fault"], "content", "{told:#}");
    fs::rename(small.path().join("aside"), small.source.join("letter.txt")).unwrap();
    small.home.run(["verify"]).says(0, &["1 damaged file was mended."]);
    small.home.run(["status"]).says(0, &["Protected."]);
}
