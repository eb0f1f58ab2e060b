//! `yore versions --last-good` and `--check`.

use std::fs;
use std::path::Path;

use crate::common::small::Small;
use crate::common::tree::write;

/// A letter of four contents, the last two of them bad; the names of the snapshots and the hashes.
fn spoilt() -> (Small, Vec<String>, Vec<String>) {
    let small = Small::new();
    let letter = small.arg("letter.txt");
    let names = ["good 1", "good 2", "bad 1", "bad 2"].map(|content| {
        write(Path::new(&letter), content);
        small.home.back_up()
    });
    let answer = small.home.json(["versions", &letter]);
    let hashes = answer["versions"].as_array().unwrap().iter().rev();
    let hashes = hashes.map(|version| version["entry"]["blake3"].as_str().unwrap().to_owned());
    let hashes = hashes.collect();
    (small, names.into(), hashes)
}

#[test]
fn a_content_is_found_with_what_came_after_it() {
    let (small, names, hashes) = spoilt();
    let letter = small.arg("letter.txt");
    let words = ["versions", &letter, "--last-good", &hashes[1]];
    small.home.run(words).says(0, &["was last good", "yore restore --at", &names[1]]);
    let answer = small.home.json(words);
    assert_eq!(answer["good"]["last"], names[1].as_str(), "{answer:#}");
    assert_eq!(answer["bad"]["first"], names[2].as_str(), "{answer:#}");
    assert_eq!(answer["bad"]["entry"]["blake3"], hashes[2].as_str(), "{answer:#}");
    small.home.run(["versions", &letter, "--last-good", &hashes[3]]).says(0, &["the last with it"]);
    let unknown = "0".repeat(64);
    small.home.run(["versions", &letter, "--last-good", &unknown]).says(1, &["No version"]);
    for path in [small.arg(""), small.arg("newest")] {
        small.home.run(["versions", &path, "--check", "true"]).says(1, &["is no file"]);
        small.home.run(["versions", &path, "--last-good", &unknown]).says(1, &["is no file"]);
    }
    small.home.run(["versions", &letter, "--last-good", "abc"]).says(2, &["abc", "BLAKE3"]);
}

#[test]
fn a_program_is_asked_with_private_copies_that_are_removed() {
    let (small, names, _) = spoilt();
    let letter = small.arg("letter.txt");
    let log = small.path().join("log");
    let script = format!(
        "printf '%s %s %s\\n' \"$1\" $(stat -c '%a %h' \"$1\") >> {} && grep -q good \"$1\"",
        log.display()
    );
    let words = ["versions", &letter, "--check", "sh", "--", "-c", &script, "sh"];
    let answer = small.home.json(words);
    assert_eq!(answer["good"]["last"], names[1].as_str(), "{answer:#}");
    assert_eq!(answer["bad"]["first"], names[2].as_str(), "{answer:#}");
    assert_eq!(answer["contents"], 4, "{answer:#}");
    let cache = small.home.path().join("cache/yore/open");
    let log = fs::read_to_string(log).unwrap();
    assert_eq!(log.lines().count() as u64, answer["looked_at"].as_u64().unwrap(), "{log}");
    for line in log.lines() {
        let [path, mode, links] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        assert!(Path::new(path).starts_with(&cache), "{line}");
        assert_eq!((mode, links), ("400", "1"), "{line}");
        assert!(!Path::new(path).exists(), "{line}");
    }
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 0);

    small.home.run(words).says(0, &["was last good", "Of 4 different contents"]);
    small.home.run(["versions", &letter, "--check", "true"]).says(0, &["the last with it"]);
    small.home.run(["versions", &letter, "--check", "false"]).says(0, &["No version", "4 were"]);
    small
        .home
        .run(["versions", &letter, "--check", "no-such-program"])
        .says(1, &["no-such-program"]);
    let both = ["versions", &letter, "--check", "true", "--last-good", &"0".repeat(64)];
    small.home.run(both).says(2, &["--check"]);
}

#[test]
fn no_copy_stays_when_it_is_stopped_nor_one_of_a_run_that_was_killed() {
    let (small, ..) = spoilt();
    let letter = small.arg("letter.txt");
    let cache = small.home.path().join("cache/yore/open");
    for name in ["old", "new"] {
        write(&cache.join(name).join("letter.txt"), "private");
    }
    let touched =
        small.home.command("touch").args(["-d", "2 days ago"]).arg(cache.join("old")).status();
    assert!(touched.unwrap().success());
    let once = small.path().join("once");
    let script = format!("mkdir '{}' && kill -INT $PPID; false", once.display());
    let stopped = small.home.run(["versions", &letter, "--check", "sh", "--", "-c", &script]);
    stopped.says(1, &["Stopped"]);
    let left = fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["new"]);
}
