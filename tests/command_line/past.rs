//! `yore deleted`, `yore versions` and `yore why --at`: what became of a path.

use std::fs;

use crate::common::cli::Home;
use crate::common::place::set_mode;
use crate::common::protected::Protected;
use crate::common::small::Small;
use crate::common::tree::write;

/// What a snapshot is called beside another: its minute, unless that is the same for both.
fn called(name: &str, other: &str) -> String {
    let minute = |name: &str| name[.."2026-01-01T00-00".len()].to_owned();
    if minute(name) == minute(other) {
        return name.to_owned();
    }
    let (day, time) = name.trim_end_matches(|end| end != 'Z').split_once('T').unwrap();
    let started: jiff::Timestamp = format!("{day}T{}", time.replace('-', ":")).parse().unwrap();
    started.to_zoned(jiff::tz::TimeZone::system()).strftime("%-d %b %Y, %H:%M").to_string()
}

/// Two snapshots: from the first to the second a folder is deleted and a file moved.
fn two() -> (Small, String, String) {
    let small = Small::new();
    let first = small.home.back_up();
    fs::remove_dir_all(small.source.join("photos")).unwrap();
    fs::rename(small.source.join("letter.txt"), small.source.join("old letter.txt")).unwrap();
    let second = small.home.back_up();
    (small, first, second)
}

#[test]
fn what_was_deleted_is_listed_with_how_to_bring_it_back() {
    let (small, first, second) = two();
    let home = &small.home;
    let photos = small.arg("photos");
    let hint = format!("yore restore --at {first} {photos}");
    let listed = format!("{photos}/  (4 entries, 120.0 kB)");
    home.run(["deleted"]).says(0, &[&listed, &hint]);
    home.run(["deleted", &small.arg("photos/old")]).says(0, &["photos/old/  (1 entry, 0 B)"]);
    home.run(["deleted", "--before", &first]).says(0, &["Nothing was deleted there."]);
    home.run(["deleted", "--min-size", "1 MB"]).says(0, &["fits --min-size '1 MB'."]);
    home.run(["deleted", "--min-size", "large"]).says(2, &["large", "4 GB"]);
    home.run(["deleted", "--kind", "folder", "--name", "PHOTO"]).says(0, &[&listed]);
    let nothing = home.run(["deleted", "--kind", "link", "--name", "x y"]);
    nothing.says(0, &["Nothing that was deleted there fits --name 'x y' --kind link."]);
    let (summer, hint) = (small.arg("photos/summer.jpg"), format!("{first} {photos}/"));
    home.run(["deleted", "--name", "summ"]).says(0, &[&format!("{summer}  (120 kB)"), &hint]);
    home.run(["deleted", "/nowhere"]).says(1, &["/nowhere", "spelling"]);

    let answer = home.json(["deleted", &small.arg("")]);
    let row = &answer["deleted"][0];
    assert_eq!(row["path"], photos.as_str(), "{answer:#}");
    assert_eq!((&row["last"], &row["gone"]), (&first.into(), &second.into()), "{answer:#}");
    assert_eq!((&row["entries_below"], &row["bytes"]), (&4.into(), &120_004.into()), "{answer:#}");
    assert_eq!(row["entry"]["kind"], "directory", "{answer:#}");
    assert_eq!(answer["deleted"].as_array().unwrap().len(), 1, "{answer:#}");
    assert_eq!(answer["more"], false, "{answer:#}");
}

#[test]
fn a_shell_brings_back_what_no_screen_can_show() {
    use std::os::unix::ffi::OsStrExt as _;

    let small = Small::new();
    let odd = small.source.join(std::ffi::OsStr::from_bytes(b"it's\n\x1b \xff"));
    write(&odd, "odd");
    small.home.back_up();
    fs::remove_file(&odd).unwrap();
    small.home.back_up();
    for words in [vec!["deleted".as_ref()], vec!["why".as_ref(), odd.as_os_str()]] {
        let told = small.home.run(words).out;
        let hint = told.split_once("yore restore").unwrap().1.lines().next().unwrap().to_owned();
        let program = env!("CARGO_BIN_EXE_yore");
        let shell =
            small.home.command("bash").arg("-c").arg(format!("{program} restore{hint}")).output();
        assert!(shell.unwrap().status.success(), "{hint}");
        assert_eq!(fs::read_to_string(&odd).unwrap(), "odd");
        fs::remove_file(&odd).unwrap();
    }
}

#[test]
fn a_limit_says_that_there_is_more() {
    let small = Small::new();
    small.home.back_up();
    for name in ["letter.txt", "newest"] {
        fs::remove_file(small.source.join(name)).unwrap();
    }
    small.home.back_up();
    let answer = small.home.run(["deleted", "--limit", "1"]);
    answer.says(0, &["letter.txt", "a larger --limit"]);
    let answer = small.home.json(["deleted", "--limit", "1"]);
    assert_eq!(answer["more"], true, "{answer:#}");
    small.home.run(["deleted", "--limit", "0"]).says(2, &["0"]);
}

#[test]
fn a_file_that_was_moved_is_shown_with_its_places() {
    let (small, first, second) = two();
    let (old, new) = (small.arg("letter.txt"), small.arg("old letter.txt"));
    small.home.run(["versions", &new]).says(0, &[&format!("[was {old}]")]);
    small.home.run(["versions", &old]).says(0, &[&format!("[moved to {new}]")]);
    for path in [&old, &new] {
        let answer = small.home.json(["versions", path]);
        let versions = &answer["versions"];
        assert_eq!(
            (&versions[0]["path"], &versions[1]["path"]),
            (&new.as_str().into(), &old.as_str().into())
        );
        assert_eq!(
            (&versions[0]["first"], &versions[1]["last"]),
            (&second.as_str().into(), &first.as_str().into())
        );
    }
}

#[test]
fn why_a_path_is_missing_is_told_with_what_to_do() {
    let (small, first, second) = two();
    let home = &small.home;
    let (letter, summer) = (small.arg("letter.txt"), small.arg("photos/summer.jpg"));
    // What is not there now is looked for in the newest snapshot.
    home.run(["why", &summer]).says(
        0,
        &[
            "would be backed up",
            &format!(
                "last there in the snapshot of {}, and not any more in that of {}.",
                called(&first, &second),
                called(&second, &first)
            ),
            &format!("was deleted with {}", small.arg("photos")),
            &format!("yore restore --at {first} {summer}"),
        ],
    );
    let answer = home.json(["why", &summer]);
    assert_eq!(answer["outcome"], "in", "{answer:#}");
    assert_eq!(answer["past"]["outcome"], "gone", "{answer:#}");
    assert_eq!(answer["past"]["at"], small.arg("photos"), "{answer:#}");
    assert_eq!(answer["past"]["last"], first.as_str(), "{answer:#}");
    assert_eq!(answer["past"]["gone"], second.as_str(), "{answer:#}");
    assert!(home.json(["why", &small.arg("newest")])["past"].is_null());

    let moved = small.arg("old letter.txt");
    let at = |snapshot: &str, path: &str| home.run(["why", "--at", snapshot, path]);
    at(&second, &letter).says(0, &["was moved to", &moved]);
    at(&first, &moved).says(0, &["came later, moved from", &letter, "yore restore --at", &second]);
    at(&first, &letter).says(0, &["is in the snapshot", &first]);
    at(&first, "/etc/hostname")
        .says(0, &["none of the folders", small.source.to_str().unwrap(), "yore setup"]);
    at(&first, &small.arg("nothing")).says(0, &["is in no snapshot", "yore ls"]);
    let answer = home.json(["why", "--at", &first, &moved]);
    assert_eq!(answer["outcome"], "not-yet", "{answer:#}");
    assert_eq!(answer["moved_from"], letter.as_str(), "{answer:#}");
    assert_eq!(answer["snapshot"]["name"], first.as_str(), "{answer:#}");
    home.run(["why", "--at", "1999", &letter]).says(2, &["1999"]);

    let drive = small.drive.to_str().unwrap();
    home.json(["setup", "--drive", drive, "--source", &small.arg(""), "--exclude", "*.txt"]);
    let third = home.back_up();
    at(&third, &moved).says(0, &["was left out", "“*.txt”", "include"]);
    assert_eq!(home.json(["why", "--at", &third, &moved])["rule"]["pattern"], "*.txt");
}

#[test]
fn what_could_not_be_read_is_told() {
    let Some(person) = Protected::of_person(&[]) else { return };
    let secret = person.source.join("secret");
    write(&secret, "x");
    person.home.own(&secret);
    set_mode(&secret, 0);
    let name = person.back_up_with(3);
    let home: &Home = &person.home;
    let answer = home.run(["why", secret.to_str().unwrap()]);
    answer.says(0, &["could not be read", "noted then", "readable"]);
    assert!(!answer.out.contains("is backed up"), "{answer:?}");
    let answer = home.run(["why", "--at", &name, secret.to_str().unwrap()]);
    answer.says(0, &["could not be read", "noted then", "readable"]);
    let answer = home.json(["why", "--at", &name, secret.to_str().unwrap()]);
    assert_eq!(answer["outcome"], "unread", "{answer:#}");
    assert!(answer["reason"].is_string(), "{answer:#}");
}

#[test]
fn an_older_state_of_what_could_not_be_read_is_told_as_such() {
    let Some(person) = Protected::of_person(&[]) else { return };
    let home: &Home = &person.home;
    let (folder, secret) = (person.source.join("folder"), person.source.join("folder/secret"));
    write(&secret, "x");
    home.own(&folder);
    home.own(&secret);
    let first = person.back_up();
    write(&secret, "other");
    for unreadable in [&secret, &folder] {
        set_mode(unreadable, 0);
        let newest = person.back_up_with(3);
        let path = secret.to_str().unwrap();
        for words in [vec!["why", path], vec!["why", "--at", &newest, path]] {
            let answer = home.run(words);
            let hint = format!("yore restore --at {newest} {path}");
            answer
                .says(0, &["could not be read", "noted then", "An older state", "readable", &hint]);
            assert!(!answer.out.contains("is backed up"), "{answer:?}");
        }
        let answer = home.json(["why", path]);
        assert_eq!(answer["backed_up"], false, "{answer:#}");
        assert_eq!(answer["past"]["outcome"], "older", "{answer:#}");
        assert_eq!(answer["past"]["at"], unreadable.to_str().unwrap(), "{answer:#}");
        set_mode(unreadable, 0o755);
    }
    home.run(["why", "--at", &first, secret.to_str().unwrap()]).says(0, &["is in the snapshot"]);
}

#[test]
fn only_snapshots_that_are_there_are_named_to_restore_from() {
    let small = Small::new();
    let home = &small.home;
    let first = home.back_up();
    let letter = small.arg("letter.txt");
    let second = home.back_up();
    fs::remove_file(&letter).unwrap();
    let third = home.back_up();
    let lose = |name: &str| {
        fs::rename(small.repository.join("snapshots").join(name), small.path().join(name)).unwrap();
        let refused = home.run(["restore", "--at", name, &letter]);
        refused.says(1, &[name, "missing", "yore versions"]);
        assert_eq!(refused.out, "");
        home.back_up();
    };
    lose(&second);
    let hint = format!("yore restore --at {first} {letter}");
    home.run(["deleted"]).says(0, &["letter.txt", &hint]);
    home.run(["why", &letter]).says(0, &["was deleted", &hint]);
    home.run(["why", "--at", &third, &letter]).says(0, &["was deleted", &hint]);
    lose(&first);
    for words in [vec!["deleted"], vec!["why", &letter]] {
        home.run(words).says(0, &["letter.txt", "is left on the drive"]);
    }
}
