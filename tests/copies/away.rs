//! The drive isn't attached: what is known of it can be browsed, and whatever needs it says which one to attach.

use std::fs;

use crate::common::drive::LoopDrive;
use crate::common::small::Small;
use crate::common::tree::write;

#[test]
fn everything_known_is_told_while_the_drive_is_away() {
    let Some(drive) = LoopDrive::ext4(64) else { return };
    let small = Small::on(drive.path());
    let first = small.home.back_up();
    write(&small.source.join("letter.txt"), "changed\n");
    small.home.back_up();
    small.home.json(["pin", &first, "--label", "before the move"]);
    let letter = small.arg("letter.txt");
    let ask = || {
        [
            small.home.json(["snapshots"])["snapshots"].clone(),
            small.home.json(["ls", "--at", &first, &small.arg("photos")]),
            small.home.json(["versions", &letter]),
        ]
    };
    let answers = ask();
    assert_eq!(small.home.json(["snapshots"])["drive_away"], false);

    drive.detach();
    assert_eq!(ask(), answers);
    assert_eq!(small.home.json(["snapshots"])["drive_away"], true);
    for words in [&["snapshots"][..], &["ls", &small.arg("")], &["versions", &letter]] {
        small.home.run(words).says(0, &["“drive” is away", "what is known of it"]);
    }
    let to = small.path().join("back");
    let restore = ["restore", &letter, "--to", to.to_str().unwrap()];
    let repository = small.repository.to_str().unwrap();
    small.home.run(restore).says(1, &["“drive” is away", "Attach", repository]);
    assert!(!to.exists());
    small
        .home
        .run(["status"])
        .says(0, &["The drive is away.", "“drive” is away", "knows of it", "2 snapshots"]);
    small.home.run(["backup"]).says(1, &[repository, "mount it"]);
    small.home.run(["pin", "latest"]).says(1, &[repository, "mount it"]);
    assert_eq!(fs::read_dir(drive.path()).unwrap().count(), 0, "nothing was made there");

    assert!(drive.attach("rw"));
    assert_eq!(ask(), answers);
    small.home.json(restore);
    assert_eq!(fs::read(to.join("letter.txt")).unwrap(), b"changed\n");
}

#[test]
fn without_a_copy_it_is_said_that_the_drive_is_not_there() {
    let small = Small::new();
    small.home.back_up();
    let config = fs::read_to_string(small.home.config()).unwrap();
    fs::write(small.home.config(), format!("{config}\n[history]\nlocal-limit-mib = 0\n")).unwrap();
    small.home.back_up();
    let history = small.home.path().join("state/yore/history");
    let kept = fs::read_dir(&history).unwrap().flatten().map(|of| of.path());
    assert_eq!(kept.flat_map(|of| fs::read_dir(of).unwrap()).count(), 0, "the copy was removed");
    let away = small.drive.with_extension("away");
    fs::rename(&small.drive, &away).unwrap();
    let repository = small.repository.to_str().unwrap();
    small.home.run(["snapshots"]).says(1, &["not there", repository]);
    small.home.run(["status"]).says(0, &["The drive is away."]);
}

#[test]
fn a_repository_that_is_only_named_gets_a_copy_too() {
    let small = Small::new();
    small.home.back_up();
    let other = crate::common::cli::Home::new();
    let named = ["--repository", small.repository.to_str().unwrap(), "snapshots"];
    let answer = other.json(named);
    assert_eq!(answer["snapshots"].as_array().unwrap().len(), 1);
    let id = fs::read_dir(other.path().join("state/yore/history")).unwrap().next();
    let copies = fs::read_dir(id.unwrap().unwrap().path()).unwrap().flatten();
    let copies: Vec<_> = copies.map(|entry| entry.path()).collect();
    assert!(copies.iter().any(|path| path.extension().is_some_and(|end| end == "sqlite")));
    assert_eq!(other.json(named), answer);
}

#[test]
fn another_drive_in_its_place_is_not_called_missing() {
    let small = Small::new();
    small.home.back_up();
    fs::rename(&small.repository, small.path().join("kept")).unwrap();
    let other = crate::common::cli::Home::new();
    other.set_up(&small.drive, &[&small.source]);
    assert!(small.repository.exists(), "the other one has its name");
    let to = small.path().join("back");
    let restore = ["restore", &small.arg("letter.txt"), "--to", to.to_str().unwrap()];
    small.home.run(restore).says(1, &["is away", "Another repository is at", "was set up"]);
}

#[test]
fn a_copy_that_is_damaged_while_the_drive_is_away_is_no_reason_to_rebuild() {
    let small = Small::new();
    small.home.back_up();
    let history = small.home.path().join("state/yore/history");
    let folder = fs::read_dir(history).unwrap().next().unwrap().unwrap().path();
    let copies = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    let copy = copies.into_iter().find(|p| p.extension().is_some_and(|e| e == "sqlite")).unwrap();
    let connection = rusqlite::Connection::open(&copy).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    // Where the tables lie, so that the page of the snapshots can be spoiled alone.
    let page: u64 = connection
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'version'", [], |r| r.get(0))
        .unwrap();
    drop(connection);
    let mut bytes = fs::read(&copy).unwrap();
    let start = (page as usize - 1) * 4096;
    bytes[start..start + 4096].fill(0x5a);
    fs::write(&copy, bytes).unwrap();
    let away = small.drive.with_extension("away");
    fs::rename(&small.drive, &away).unwrap();
    small.home.run(["ls", &small.arg("")]).says(1, &["is damaged", "Attach the drive"]);
    fs::rename(&away, &small.drive).unwrap();
    small.home.run(["ls", &small.arg("")]).says(0, &["letter.txt"]);
}
