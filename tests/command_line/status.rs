//! `yore status` and `yore setup` about what is kept.

use std::fs;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::common::aged::Aged;
use crate::common::drive::LoopDrive;
use crate::common::small::Small;
use crate::common::tree::stored;

fn usual() -> Value {
    json!({ "all": "24 hours", "daily": "30 days", "weekly": "until room is needed" })
}

#[test]
fn a_new_set_up_says_what_is_kept_and_a_later_one_leaves_it() {
    let small = Small::new();
    let words = "Kept: everything of the last 24 hours, daily ones of the last 30 days, \
                 weekly ones until room is needed.";
    let (drive, source) = (small.drive.to_str().unwrap(), small.arg(""));
    let again = ["setup", "--drive", drive, "--source", &source];
    small.home.run(again).says(0, &[words, "Each backup deletes what these rules no longer keep."]);
    assert_eq!(small.home.json(again)["retention"], usual());
    assert_eq!(small.home.json(["status"])["retention"], usual());
    small.home.run(["status"]).says(0, &[words]);

    let text = fs::read_to_string(small.home.config()).unwrap();
    let head = text.split("[retention]").next().unwrap();
    for (table, said, wanted) in [
        ("[retention]\nboot = 5\n", "(the newest 5).", json!({ "boot": 5 })),
        ("[retention]\n", "Kept: everything.", json!({})),
        ("", "no rules were agreed to", Value::Null),
    ] {
        fs::write(small.home.config(), format!("{head}{table}")).unwrap();
        small.home.run(again).says(0, &[said]);
        small.home.run(["status"]).says(0, &[said]);
        assert_eq!(small.home.json(again)["retention"], wanted);
        assert_eq!(small.home.json(["status"])["retention"], wanted);
    }
}

#[test]
fn status_tells_what_would_go_and_how_far_back_the_drive_reaches() {
    let aged = Aged::of_weeks();
    let answer = aged.home.json(["status"]);
    assert!(answer["droppable"].is_null() && answer["reach_days"].is_null(), "{answer:#}");

    aged.configure(
        "[retention]\nall = \"24 hours\"\ndaily = \"30 days\"\nweekly = \"until room is needed\"\n",
    );
    let gone = aged.made.len() - aged.usually_kept().len();
    let answer = aged.home.json(["status"]);
    assert_eq!(answer["droppable"], gone);
    assert!(answer["reach_days"].as_u64().unwrap() > 0, "{answer:#}");
    let words = format!("{gone} snapshots are not kept by them any more");
    aged.home.run(["status"]).says(0, &[&words, "At this pace the drive reaches back"]);

    // What was worked out is remembered; what can't be read is worked out again.
    let state = aged.home.path().join("state/yore");
    let known = state.join(format!("usage-{}.json", aged.rig.id));
    let text = fs::read(&known).unwrap();
    assert!(text.len() > 100);
    fs::write(&known, "{").unwrap();
    assert_eq!(aged.home.json(["status"])["reach_days"], answer["reach_days"]);
    assert_eq!(fs::read(&known).unwrap(), text);

    let hidden = aged.hide_source();
    let (answer, path) = (aged.home.json(["status"]), aged.rig.source.to_str().unwrap());
    assert_eq!((&answer["droppable"], &answer["missing_source"]), (&0.into(), &path.into()));
    aged.home.run(["status"]).says(0, &[path, "nothing is deleted", "“yore setup” without it"]);
    fs::rename(hidden, &aged.rig.source).unwrap();
    aged.home.json(["prune"]);
    let answer = aged.home.json(["status"]);
    assert_eq!(answer["droppable"], 0, "{answer:#}");
    assert!(answer["missing_source"].is_null(), "{answer:#}");
}

#[test]
fn rules_that_let_nothing_go_fill_the_drive() {
    let Some(drive) = LoopDrive::ext4(64) else { return };
    let mut aged = Aged::on(drive.path());
    for days in [40, 20, 10, 1] {
        aged.back_up_at(Timestamp::now() - SignedDuration::from_hours(24 * days), 1 << 20);
    }
    let full = "At this pace the drive will be full in about";
    for (table, said) in [
        ("[retention]\n", full),
        ("[retention]\nall = \"100 years\"\n", full),
        (
            "[retention]\nall = \"until room is needed\"\n",
            "At this pace the drive reaches back about",
        ),
    ] {
        aged.configure(table);
        aged.home.run(["status"]).says(0, &[said]);
        let answer = aged.home.json(["status"]);
        assert_eq!(answer["fills_up"], said == full, "{answer:#}");
        assert!(answer["reach_days"].as_u64().unwrap() > 0, "{answer:#}");
    }
    aged.configure("[retention]\n");
    let mut filler = fs::File::create(drive.path().join("filler")).unwrap();
    assert!(std::io::copy(&mut std::io::repeat(b'x'), &mut filler).is_err());
    assert_eq!(aged.home.json(["status"])["reach_days"], 0);
    aged.home
        .run(["status"])
        .says(0, &["At this pace the drive is full", "“yore forget”", "larger"]);
}

#[test]
fn a_folder_is_not_called_backed_up_before_it_is() {
    let small = Small::new();
    let folder = format!("Folder: {}", small.source.display());
    let answer = small.home.run(["status"]);
    answer.says(0, &["Nothing is backed up yet.", &folder]);
    assert!(!answer.out.contains("Backed up:"), "{answer:?}");
}

#[test]
fn of_less_than_a_week_no_pace_is_told() {
    let mut aged = Aged::new();
    aged.configure("[retention]\nall = \"1 year\"\n");
    for hours in [150, 100, 1] {
        aged.back_up_at(Timestamp::now() - SignedDuration::from_hours(hours), 100_000);
    }
    let answer = aged.home.json(["status"]);
    assert!(answer["reach_days"].is_null(), "{answer:#}");
    assert_eq!(answer["droppable"], 0);
    assert!(!aged.home.run(["status"]).out.contains("At this pace"));
}

#[test]
fn what_is_damaged_for_good_is_the_headline() {
    let small = Small::new();
    let name = small.home.back_up();
    let letter = stored(&small.repository, &name, &small.source).join("letter.txt");
    let time = fs::metadata(&letter).unwrap().modified().unwrap();
    fs::write(&letter, "all is over\n").unwrap();
    fs::File::open(&letter).unwrap().set_modified(time).unwrap();
    let aside = small.path().join("aside");
    fs::rename(small.source.join("letter.txt"), &aside).unwrap();

    small.home.run(["verify", "--no-mend"]).says(3, &[]);
    assert_eq!(small.home.json_of(3, ["status"])["damaged"], 0, "found, and not remembered yet");
    small.home.run(["verify"]).says(3, &[]);
    let answer = small.home.run(["status"]);
    answer.says(3, &["Attention: 1 stored thing is not as it was backed up", "“yore verify”"]);
    assert!(!answer.out.contains("Protected"), "{answer:?}");
    let answer = small.home.json_of(3, ["status"]);
    assert_eq!((&answer["health"], &answer["damaged"]), (&"damaged".into(), &1.into()));

    fs::rename(&aside, small.source.join("letter.txt")).unwrap();
    small.home.run(["verify"]).says(0, &["mended"]);
    small.home.run(["status"]).says(0, &["Protected."]);

    // What else is wrong is in no list on the drive, but it was found.
    fs::remove_file(letter).unwrap();
    fs::remove_file(small.source.join("letter.txt")).unwrap();
    small.home.run(["verify"]).says(3, &["it is lost"]);
    small.home.run(["status"]).says(3, &["Attention: "]);
}

#[test]
fn a_missing_folder_is_told_in_the_headline() {
    let small = Small::new();
    small.home.back_up();
    let (aside, path) = (small.path().join("aside"), small.arg(""));
    let path = path.trim_end_matches('/');
    fs::rename(&small.source, &aside).unwrap();
    let words = format!("Protected, but {path} is missing or was emptied.");
    small.home.run(["status"]).says(0, &[&words, "“yore setup” without it"]);
    let answer = small.home.json(["status"]);
    assert_eq!(answer["health"], "source-missing", "{answer:#}");
    assert_eq!(answer["missing_source"], path, "{answer:#}");
    fs::rename(&aside, &small.source).unwrap();
    small.home.run(["status"]).says(0, &["Protected."]);
}
