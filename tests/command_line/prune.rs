//! `yore prune`: what the rules let go, and room.

use std::fs;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::common::aged::Aged;
use crate::common::drive::LoopDrive;
use crate::common::small::Small;

const USUAL: &str = "[retention]\nall = \"24 hours\"\ndaily = \"30 days\"\n\
                     weekly = \"until room is needed\"\n";

/// All that the drive has, which it never has free.
fn all_of_it(aged: &Aged) -> String {
    format!("{}B", aged.home.json(["status"])["total_bytes"])
}

fn ago(hours: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(hours)
}

/// The names of the snapshots that a plan keeps, or doesn't.
fn judged(answer: &Value, kept: bool) -> Vec<String> {
    let all = answer["snapshots"].as_array().unwrap().iter();
    let those = all.filter(|one| one["kept"] == kept);
    those.map(|one| one["snapshot"]["name"].as_str().unwrap().to_owned()).collect()
}

/// The reason that a plan gives for one snapshot.
fn reason(answer: &Value, name: &str) -> String {
    let all = answer["snapshots"].as_array().unwrap();
    let one = all.iter().find(|one| one["snapshot"]["name"] == name).unwrap();
    one["reason"].as_str().unwrap().to_owned()
}

#[test]
fn a_dry_run_tells_all_and_changes_nothing() {
    let aged = Aged::of_weeks();
    let index = || fs::read(aged.rig.index()).unwrap();
    let before = index();
    let answer = aged.home.json(["prune", "--dry-run"]);
    assert_eq!(judged(&answer, true), aged.usually_kept(), "{answer:#}");
    assert_eq!(answer["dry_run"], true);
    assert_eq!(answer["default"], true);
    assert_eq!(answer["retention"]["daily"], "30 days");
    assert!(answer["deleted"].is_null() && answer["freed_bytes"].is_null(), "{answer:#}");
    let newest = &aged.made.last().unwrap().0;
    assert_eq!(reason(&answer, newest), "newest-good");
    assert_eq!(reason(&answer, &aged.made[0].0), "until-room");
    let first = &answer["snapshots"][0];
    assert_eq!(first["rules"][0]["tag"], "weekly", "{answer:#}");
    assert_eq!(first["rules"][0]["reach"], "until room is needed");
    for one in answer["snapshots"].as_array().unwrap() {
        if one["kept"] == false {
            assert_eq!(one["reason"], "thinned");
            assert!(one["frees"]["bytes"].as_u64().unwrap() > 1000, "{one:#}");
        }
    }
    aged.home.run(["prune", "--dry-run"]).says(
        0,
        &[
            "No rules were agreed to yet. By the usual ones is kept: ",
            "daily ones of the last 30 days",
            "goes: no rule keeps it any longer; frees about",
            "snapshots would be deleted, which frees about",
            "snapshots are kept:",
            "the newest good one",
            "daily, for 30 days",
            "weekly, until room is needed",
            " free now, about ",
        ],
    );
    assert_eq!((aged.on_drive(), index()), (aged.names(), before));
}

#[test]
fn a_dry_run_lists_what_goes_and_counts_the_rest() {
    let aged = Aged::of_weeks();
    aged.configure(USUAL);
    let kept = aged.usually_kept();
    let answer = aged.home.run(["prune", "--dry-run"]);
    answer.says(0, &[&format!("{} snapshots are kept:", kept.len())]);
    for name in aged.names() {
        assert_eq!(answer.out.contains(&name), !kept.contains(&name), "{name} in {answer:?}");
    }
    let answer = aged.home.run(["prune", "--dry-run", "--keep", "all=until-room"]);
    answer.says(0, &["Nothing would be deleted.", " free now"]);
    assert!(!answer.out.contains("then"), "{answer:?}");
}

#[test]
fn nothing_goes_by_rules_that_nobody_agreed_to() {
    let aged = Aged::of_weeks();
    let config = aged.home.config().into_os_string().into_string().unwrap();
    for words in [&["prune"][..], &["prune", "--until-free", "1k"]] {
        aged.home.run(words).says(
            2,
            &[
                "daily ones of the last 30 days",
                "goes: no rule keeps it any longer",
                "would be deleted",
                "Nothing was deleted: no rules were agreed to",
                &config,
                "--keep",
            ],
        );
    }
    let error = aged.home.json_of(2, ["prune"]);
    assert!(error["error"]["advice"].as_str().unwrap().contains(&config), "{error:#}");
    // Of a repository that was named the configuration says nothing.
    let repository = aged.rig.repository.to_str().unwrap();
    let answer = aged.home.run(["prune", "--repository", repository]);
    answer.says(2, &["no rules were agreed to", "--keep"]);
    assert!(!answer.err.contains(&config), "{answer:?}");
    assert_eq!(aged.on_drive(), aged.names());
}

#[test]
fn the_rules_are_carried_out_once() {
    let aged = Aged::of_weeks();
    aged.configure(USUAL);
    let kept = aged.usually_kept();
    let gone = aged.made.len() - kept.len();
    assert!(gone > 3, "the history is made for this");

    let answer = aged.home.json(["prune"]);
    let deleted = answer["deleted"].as_array().unwrap();
    assert_eq!(deleted.len(), gone, "{answer:#}");
    assert!(deleted.iter().all(|one| one["reason"] == "thinned"), "{answer:#}");
    assert_eq!(answer["default"], false);
    assert_eq!((aged.on_drive(), aged.home.snapshots()), (kept.clone(), kept.clone()));

    let again = aged.home.run(["prune"]);
    again.says(0, &["Kept: everything of the last 24 hours", "Nothing had to be deleted"]);
    assert_eq!(aged.on_drive(), kept);
}

#[test]
fn a_table_without_rules_keeps_everything() {
    let aged = Aged::of_weeks();
    aged.configure("[retention]\n");
    aged.home.run(["prune"]).says(0, &["Kept: everything.", "there are no rules"]);
    let words = ["prune", "--until-free", &all_of_it(&aged)];
    let answer = aged.home.json_of(3, words);
    assert_eq!(answer["deleted"], Value::Array(Vec::new()));
    let help = "are kept because the table [retention] has no rules";
    aged.home.run(words).says(3, &[help, "--keep", "A larger drive"]);
    assert_eq!(aged.on_drive(), aged.names());
}

#[test]
fn what_is_kept_is_said_for_once_with_the_command() {
    let aged = Aged::of_weeks();
    aged.configure(USUAL);
    let names = aged.names();
    let last = |count: usize| names[names.len() - count..].to_vec();
    for (words, wanted) in [
        (vec!["--keep", "all=3"], last(3)),
        (vec!["--keep", "all = 24 hours"], last(2)),
        (vec!["--keep=all=2", "--keep=all=25hours"], last(2)),
        (vec!["--keep", "all=until-room"], names.clone()),
        (vec!["--keep=all=90days"], names.clone()),
    ] {
        let mut all = vec!["prune", "--dry-run"];
        all.extend(&words);
        assert_eq!(judged(&aged.home.json(all), true), wanted, "{words:?}");
    }
    let answer = aged.home.run(["prune", "--keep", "all=3"]);
    answer.says(
        0,
        &["Kept: the newest 3.", "deleted: no rule keeps it any longer; about", "which freed"],
    );
    assert_eq!(aged.on_drive(), last(3));
    let config = fs::read_to_string(aged.home.config()).unwrap();
    assert!(config.ends_with(USUAL), "{config}");
}

#[test]
fn nonsense_is_a_wrong_use_that_names_what_is_right() {
    let aged = Aged::new();
    for text in ["daily", "dayly=3", "daily=0", "daily=soon", "=", "all=until-christmas"] {
        let answer = aged.home.run(["prune", "--keep", text]);
        answer.says(2, &["hourly, daily, weekly, monthly or boot", "30days", "until-room"]);
    }
    for (size, said) in [
        ("50", "4 GB"),
        ("soon", "4 GB"),
        ("0", "from 1 byte on"),
        ("0 GB", "from 1 byte on"),
        ("-5G", "from 1 byte on"),
        ("99999999999999 TB", "too large"),
    ] {
        aged.home.run(["prune", "--until-free", size]).says(2, &[said]);
    }
    for (table, place, said) in [
        ("[retention]\nal = 3\n", "line 9, column 1", "“al” is none of all, hourly, daily"),
        ("[retention]\nall = [1, \"soon\"]\n", "line 9, column 11", "soon"),
    ] {
        aged.configure(table);
        for words in [&["prune"][..], &["status"], &["backup"]] {
            aged.home.run(words).says(1, &[place, said, "It was not changed"]);
        }
        assert!(fs::read_to_string(aged.home.config()).unwrap().ends_with(table));
    }
}

#[test]
fn for_room_goes_what_is_kept_until_room_is_needed_and_nothing_else() {
    let aged = Aged::of_weeks();
    aged.configure(USUAL);
    aged.home.json(["pin", &aged.made[0].0]);
    aged.home.run(["prune", "--until-free", "1k"]).says(0, &["are kept only until room is needed"]);
    let thinned = aged.usually_kept();
    assert_eq!(aged.on_drive(), thinned);

    let is_young = |name: &String| *name > aged.made[14].0;
    let mut wanted = vec![aged.made[0].0.clone()];
    wanted.extend(thinned.iter().filter(|name| is_young(name)).cloned());
    let words = ["prune", "--until-free", &all_of_it(&aged)];
    let plan = aged.home.json_of(3, words.iter().chain(&["--dry-run"]));
    assert_eq!(judged(&plan, true), wanted, "{plan:#}");
    assert_eq!(aged.on_drive(), thinned);
    let answer = aged.home.run(words);
    answer.says(
        3,
        &[
            "deleted: room is needed",
            " more are wanted.",
            "kept by rules that could keep less",
            "yore unpin",
            "A larger drive keeps everything.",
        ],
    );
    assert!(!answer.out.contains("--until-free"), "{answer:?}");
    assert_eq!(aged.on_drive(), wanted);
    let again = aged.home.json_of(3, words);
    assert!(again["missing"]["bytes"].as_u64().unwrap() > 0, "{again:#}");
}

#[test]
fn more_than_the_drive_has_is_refused_before_anything_goes() {
    let aged = Aged::of_weeks();
    aged.configure(USUAL);
    for words in
        [&["prune", "--until-free", "9000T"][..], &["prune", "--until-free=9000T", "--dry-run"]]
    {
        aged.home.run(words).says(2, &["the whole drive has ", "Nothing was deleted"]);
        let refused = aged.home.json_of(2, words);
        assert!(refused["error"]["what"].as_str().unwrap().contains("B."), "{refused:#}");
    }
    assert_eq!(aged.on_drive(), aged.names());
}

#[test]
fn while_a_folder_is_missing_nothing_is_deleted() {
    let aged = Aged::of_weeks();
    aged.configure(USUAL);
    let hidden = aged.hide_source();
    let path = aged.rig.source.to_str().unwrap();
    aged.home.run(["prune"]).says(0, &["Nothing was deleted."]);
    let all = all_of_it(&aged);
    for words in [&["prune"][..], &["prune", "--dry-run"], &["prune", "--until-free", &all]] {
        aged.home.run(words).says(0, &[path, "nothing is deleted", "--accept-empty"]);
        let answer = aged.home.json(words);
        assert_eq!(answer["missing_source"], path);
        assert_eq!(judged(&answer, false), [""; 0]);
    }
    assert_eq!(aged.on_drive(), aged.names());
    fs::rename(hidden, &aged.rig.source).unwrap();
    aged.home.run(["prune"]).says(0, &["which freed"]);
    assert_eq!(aged.on_drive(), aged.usually_kept());
}

#[test]
fn a_full_drive_is_thinned_out_all_the_same() {
    let Some(drive) = LoopDrive::ext4(64) else { return };
    let mut aged = Aged::on(drive.path());
    for days in [50, 49, 40, 39] {
        aged.back_up_at(ago(24 * days), 4 << 20);
    }
    aged.back_up_at(ago(2), 4 << 20);
    aged.configure(USUAL);
    let filler = drive.path().join("filler");
    let mut filled = fs::File::create(&filler).unwrap();
    let full = std::io::copy(&mut std::io::repeat(b'x'), &mut filled);
    assert!(full.is_err());
    // What is left of the last block and of the journal.
    for number in 0.. {
        if fs::write(drive.path().join(format!("filler-{number}")), [b'x'; 4096]).is_err() {
            break;
        }
    }
    let newest = aged.made[4].0.as_str();
    aged.home.run(["pin", newest]).says(1, &["is full"]);
    let kept = aged.home.json(["prune", "--dry-run", "--keep", "all=1"]);
    assert_eq!(judged(&kept, true), [newest]);
    let answer = aged.home.json(["prune", "--keep", "all=1"]);
    assert_eq!(answer["deleted"].as_array().unwrap().len(), 4, "{answer:#}");
    assert!(answer["freed_bytes"].as_u64().unwrap() > 14 << 20, "{answer:#}");
    assert_eq!(
        (aged.on_drive(), aged.home.snapshots()),
        (vec![newest.into()], vec![newest.into()])
    );
}

#[test]
fn a_drive_that_is_away_is_asked_for() {
    let small = Small::new();
    small.home.back_up();
    fs::rename(&small.drive, small.drive.with_extension("away")).unwrap();
    for words in [&["prune"][..], &["prune", "--dry-run"], &["forget", "2", "--yes"]] {
        small.home.run(words).says(1, &["is away", "Attach"]);
    }
}
