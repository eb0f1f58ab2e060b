//! `yore pin` and `yore unpin`.

use std::fs;

use crate::common::small::Small;

#[test]
fn a_snapshot_is_pinned_and_named_and_stays_so() {
    let small = Small::new();
    let home = &small.home;
    let (first, second) = (home.back_up(), home.back_up());
    let row = |number: usize| {
        let rows = home.json(["snapshots"]);
        let row = &rows["snapshots"][number];
        (row["pinned"].as_bool().unwrap(), row["label"].as_str().map(str::to_owned))
    };
    assert_eq!((row(0), row(1)), ((false, None), (false, None)));

    home.run(["pin", &first, "--label", "before the move"]).says(0, &[&first, "before the move"]);
    let answer = home.json(["pin", "latest"]);
    assert_eq!((&answer["snapshot"], &answer["pinned"]), (&second.as_str().into(), &true.into()));
    let named = (true, Some("before the move".to_owned()));
    assert_eq!((row(0), row(1)), (named.clone(), (true, None)));
    home.run(["snapshots"]).says(0, &["pinned", "“before the move”"]);

    home.json(["rebuild"]);
    assert_eq!((row(0), row(1)), (named, (true, None)));
    let text = fs::read(small.repository.join("snapshots").join(&first).join("pin.json")).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(value, serde_json::json!({ "label": "before the move", "pinned": true }));

    let way = format!("yore unpin {first} --label ''");
    let stays = ["It still has the name “before the move” and so stays", &way];
    home.run(["unpin", &first]).says(0, &["not pinned any more", stays[0], stays[1]]);
    home.run(["unpin", &first]).says(0, &["was not pinned", stays[0]]);
    assert_eq!(row(0), (false, Some("before the move".to_owned())));
    home.run(["pin", &first, "--label", ""]).says(0, &["kept for good"]);
    assert_eq!(row(0), (true, None));
    home.run(["pin", &first, "--label", "two\nlines"]).says(2, &["one line"]);
    home.run(["pin", &first, "--label", &"x".repeat(201)]).says(2, &["200"]);
    home.run(["pin", "1999"]).says(2, &["1999"]);
    assert_eq!(row(0), (true, None));
}

#[test]
fn a_name_is_taken_away_with_the_pin() {
    let small = Small::new();
    let home = &small.home;
    let name = home.back_up();
    home.json(["pin", &name, "--label", "the move"]);
    let answer = home.run(["unpin", &name, "--label", ""]);
    answer.says(0, &["is not pinned any more", "not called “the move” any more"]);
    assert!(!answer.out.contains("stays"), "{answer:?}");
    let answer = home.json(["unpin", &name]);
    assert_eq!((&answer["pinned"], &answer["label"]), (&false.into(), &serde_json::Value::Null));
    let answer = home.run(["unpin", &name]);
    answer.says(0, &["was not pinned"]);
    assert_eq!(answer.out.lines().count(), 1, "{answer:?}");
}

#[test]
fn a_mark_that_cannot_be_understood_keeps_the_snapshot() {
    let small = Small::new();
    let name = small.home.back_up();
    let path = small.repository.join("snapshots").join(&name).join("pin.json");
    fs::write(&path, "{").unwrap();
    small.home.json(["rebuild"]);
    assert_eq!(small.home.json(["snapshots"])["snapshots"][0]["pinned"], true);
    small.home.run(["unpin", &name]).says(0, &[]);
    assert_eq!(small.home.json(["snapshots"])["snapshots"][0]["pinned"], false);
}
