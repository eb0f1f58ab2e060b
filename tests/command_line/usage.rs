//! `yore usage` and `yore snapshots PATH`.

use std::fs;

use serde_json::json;

use crate::common::small::Small;
use crate::common::tree::write;

#[test]
fn what_takes_the_room_is_told() {
    let small = Small::new();
    small.home.run(["usage"]).says(0, &["There is no snapshot yet."]);
    let first = small.home.back_up();
    write(&small.source.join("photos/winter.jpg"), "x".repeat(2000));
    let second = small.home.back_up();
    fs::remove_file(small.source.join("photos/winter.jpg")).unwrap();
    let third = small.home.back_up();

    let answer = small.home.run(["usage"]);
    answer.says(
        0,
        &[
            "2 kB in 1 file that no other has\n",
            "4 B in 1 file that no other has\n",
            "nothing that no other has\n",
            "3 snapshots, 2.0 kB in all",
        ],
    );
    let answer = small.home.json(["usage"]);
    let names: Vec<_> = answer["snapshots"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["snapshot"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, [&third, &second, &first], "the newest first");
    let only = |at: usize| answer["snapshots"][at]["only_bytes"].clone();
    assert_eq!([only(0), only(1), only(2)], [0, 2000, 4]);
    assert_eq!(answer["totals"], json!({ "only_files": 2, "only_bytes": 2004 }));

    let source = small.arg("");
    let answer = small.home.run(["usage", &source]);
    let lines: Vec<&str> = answer.out.lines().collect();
    assert!(lines[1].ends_with("photos/") && lines[2].ends_with("letter.txt"), "{answer:?}");
    let answer = small.home.json(["usage", &source, "--at", &second]);
    let photos = &answer["entries"][0];
    assert_eq!((&photos["entries"], &photos["bytes"]), (&json!(4), &json!(122_000)));
    assert_eq!(photos["kept_bytes"], 122_004);
    // What is gone takes room, too.
    let photos = small.arg("photos");
    small.home.run(["usage", &photos]).says(0, &["2.0 kB  winter.jpg  (gone)\n"]);
    let answer = small.home.json(["usage", &photos]);
    assert_eq!(
        (&answer["totals"]["kept_bytes"], &answer["entries"][1]["presence"]),
        (&json!(122_004), &json!("gone"))
    );
    assert_eq!(answer["entries"][1]["bytes"], 0);
    // A file has its own line; a link takes nothing.
    let winter = small.arg("photos/winter.jpg");
    let answer = small.home.json(["usage", &winter, "--at", &first]);
    assert_eq!(answer["totals"], json!({ "bytes": 4, "kept_bytes": 2004 }));
    small.home.run(["usage", &winter, "--at", &second]).says(0, &["2.0 kB  winter.jpg\n"]);
    let answer = small.home.json(["usage", &small.arg("newest")]);
    assert_eq!(answer["totals"], json!({ "bytes": 0, "kept_bytes": 0 }));
    fs::remove_dir_all(small.source.join("photos")).unwrap();
    small.home.back_up();
    let advice = format!("--at {third}");
    small.home.run(["usage", &photos]).says(1, &["is not in the snapshot", &advice, "yore why"]);
    small.home.run(["usage", &photos, "--at", &third]).says(0, &["summer.jpg\n"]);
    small.home.run(["usage", "/nowhere"]).says(1, &["/nowhere"]);
    small.home.run(["usage", "--at", &second]).says(2, &["PATH"]);
    small.home.run(["usage", "--help"]).says(0, &["under any path", "counts each time"]);
}

#[test]
fn a_folder_tells_which_snapshots_changed_it() {
    let small = Small::new();
    let first = small.home.back_up();
    write(&small.source.join("letter.txt"), "new");
    let second = small.home.back_up();
    let photos = small.arg("photos");
    small.home.run(["snapshots", &photos]).says(0, &[&first, "the oldest", "nothing changed"]);
    let answer = small.home.run(["snapshots", &small.arg("")]);
    answer.says(0, &[&second, "1 changed; 3 B came, 12 B went"]);
    let answer = small.home.json(["snapshots", &small.arg("")]);
    assert_eq!(answer["snapshots"][0]["changes"], json!(null));
    assert_eq!(answer["snapshots"][1]["changes"]["changed"], 1);
    small.home.run(["snapshots", "/nowhere"]).says(1, &["/nowhere"]);
}

#[test]
fn a_file_tells_in_which_snapshots_it_differs() {
    let small = Small::new();
    let (letter, note) = (small.source.join("letter.txt"), small.source.join("note"));
    small.home.back_up();
    write(&letter, "new");
    write(&note, "x");
    let second = small.home.back_up();
    fs::remove_file(&letter).unwrap();
    fs::remove_file(&note).unwrap();
    write(&note.join("inside"), "12345");
    let third = small.home.back_up();
    small.home.back_up();

    let answer = small.home.run(["snapshots", &small.arg("letter.txt")]);
    answer.says(0, &["the oldest\n", "changed\n", "removed\n"]);
    assert_eq!(answer.out.lines().count(), 3, "{answer:?}");
    let answer = small.home.json(["snapshots", &small.arg("letter.txt")]);
    let told = |answer: &serde_json::Value| -> Vec<_> {
        let rows = answer["snapshots"].as_array().unwrap().iter();
        rows.map(|row| (row["kind"].clone(), row["difference"].clone())).collect()
    };
    let wanted = [
        (json!("file"), json!(null)),
        (json!("file"), json!("changed")),
        (json!(null), json!("removed")),
    ];
    assert_eq!(told(&answer), wanted);

    // Of what was a file and then a folder, both.
    let answer = small.home.run(["snapshots", &small.arg("note")]);
    answer.says(0, &["added\n", "a folder since then; 1 added; 5 B came", "nothing changed\n"]);
    let answer = small.home.json(["snapshots", &small.arg("note")]);
    assert_eq!(
        (&answer["snapshots"][0]["name"], &answer["snapshots"][1]["name"]),
        (&json!(second), &json!(third))
    );
    let folder = json!("directory");
    let wanted = [
        (json!("file"), json!("added")),
        (folder.clone(), json!("changed")),
        (folder, json!(null)),
    ];
    assert_eq!(told(&answer), wanted);
    assert_eq!(answer["snapshots"][1]["changes"]["added"], 1);
}
