//! What the command line says of trees that were put right.

use std::fs;

use super::{flip, keep_time};
use crate::common::attribute;
use crate::common::chance::Chance;
use crate::common::place::set_mode;
use crate::common::small::Small;
use crate::common::trace::{can_inject, run_under};
use crate::common::tree::{assert_same, facts, stored, without_inodes};

#[test]
fn what_is_lost_is_put_back_unless_told_not_to() {
    let small = Small::new();
    let names = [small.home.back_up(), small.home.back_up()];
    let tree = |name: &String| stored(&small.repository, name, &small.source);
    let before = facts(&small.repository.join("snapshots"));
    fs::remove_file(tree(&names[1]).join("letter.txt")).unwrap();
    set_mode(&tree(&names[0]).join("photos/winter.jpg"), 0o600);
    let spoilt = facts(&small.repository.join("snapshots"));
    small
        .home
        .run(["verify", "--no-mend"])
        .says(3, &["it is lost", "it was altered: permissions", "without --no-mend puts back"]);
    assert_eq!(facts(&small.repository.join("snapshots")), spoilt);
    small.home.run(["verify"]).says(
        0,
        &[
            "letter.txt, in 1 snapshot",
            "winter.jpg, in 2 snapshots",
            "it was lost or altered, and was put back",
            "mended from",
            "3 entries that were lost or altered were put back.",
            "All of it is as it was backed up again.",
        ],
    );
    small.home.run(["verify"]).says(0, &["All of it is as it was backed up."]);
    let now = facts(&small.repository.join("snapshots"));
    assert_same(&without_inodes(now), &without_inodes(before), "put back");
    assert_eq!(small.home.json(["status"])["last_verify"]["faults"], 0);
}

#[test]
fn what_came_back_is_told_to_programs_and_what_did_not_stays_named() {
    let small = Small::new();
    let name = small.home.back_up();
    let tree = stored(&small.repository, &name, &small.source);
    keep_time(&tree, || fs::remove_file(tree.join("letter.txt")).unwrap());
    let photos = tree.join("photos");
    keep_time(&photos, || fs::remove_file(photos.join("winter.jpg")).unwrap());
    // The source has another letter by now.
    flip(&small.source.join("letter.txt"), &mut Chance::new(9));
    let told = small.home.json_of(3, ["verify"]);
    let back = told["brought_back"].as_array().unwrap();
    assert_eq!(back.len(), 1, "{told:#}");
    assert!(back[0]["path"].to_string().contains("winter.jpg"), "{told:#}");
    assert_eq!(back[0]["snapshots"][0], name.as_str(), "{told:#}");
    assert!(back[0]["from"]["source"].to_string().contains("winter.jpg"), "{told:#}");
    let faults = told["faults"].as_array().unwrap();
    assert_eq!((faults.len(), &faults[0]["fault"]), (1, &"lost".into()), "{told:#}");
}

#[test]
fn what_shuts_its_owner_out_is_opened_again() {
    let small = Small::of_person();
    let names = [small.home.back_up(), small.home.back_up()];
    let before = facts(&small.repository.join("snapshots"));
    let tree = |name: &String| stored(&small.repository, name, &small.source);
    set_mode(&tree(&names[0]).join("photos/old"), 0);
    set_mode(&tree(&names[1]).join("photos"), 0o300);
    set_mode(&tree(&names[1]).join("letter.txt"), 0);
    let words = ["photos/old, in 1 snapshot", "letter.txt, in 2 snapshots", "put back"];
    small.home.run(["verify"]).says(0, &words);
    small.home.run(["verify"]).says(0, &["All of it is as it was backed up."]);
    let now = facts(&small.repository.join("snapshots"));
    assert_same(&without_inodes(now), &without_inodes(before), "opened again");
}

#[test]
fn content_and_hash_that_are_both_wrong_are_put_right_at_once() {
    let small = Small::new();
    let names = [small.home.back_up(), small.home.back_up()];
    let letter = stored(&small.repository, &names[0], &small.source).join("letter.txt");
    flip(&letter, &mut Chance::new(3));
    attribute::set(&letter, "user.yore.blake3", &[7; 32]);
    small.home.run(["verify"]).says(0, &["All of it is as it was backed up again."]);
    assert_eq!(fs::read(&letter).unwrap(), fs::read(small.source.join("letter.txt")).unwrap());
    assert!(!small.repository.join("damage.jsonl").exists());
    small.home.run(["verify"]).says(0, &["All of it is as it was backed up."]);
}

#[test]
fn a_verification_that_was_killed_while_it_put_back_goes_on() {
    if !can_inject() {
        return;
    }
    let small = Small::new();
    let name = small.home.back_up();
    let tree = stored(&small.repository, &name, &small.source);
    let before = facts(&small.repository.join("snapshots"));
    for call in ["renameat2", "syncfs", "utimensat", "fsetxattr"] {
        fs::remove_dir_all(tree.join("photos")).unwrap();
        let injection = format!("{call}:signal=SIGKILL:when=1");
        let killed = run_under(&small.home, &injection, None, &["verify"]);
        assert_ne!(killed.code, Some(0), "{call}: {killed:?}");
        small.home.run(["verify"]).says(0, &[]);
        let now = facts(&small.repository.join("snapshots"));
        assert_same(&without_inodes(now), &without_inodes(before.clone()), call);
    }
}
