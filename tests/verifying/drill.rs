//! The fire drill by the real program.

use std::fs;

use super::flip;
use crate::common::chance::Chance;
use crate::common::small::Small;
use crate::common::tree::stored;

#[test]
fn what_can_be_restored_comes_back() {
    let small = Small::new();
    small.home.back_up();
    small.home.run(["verify", "--drill"]).says(0, &["4 of 4 files and a folder came back."]);
    let left = fs::read_dir(small.home.path().join("cache/yore")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("drill")), "{left:?}");
}

#[test]
fn what_does_not_come_back_is_named() {
    let small = Small::new();
    let name = small.home.back_up();
    let letter = stored(&small.repository, &name, &small.source).join("letter.txt");
    flip(&letter, &mut Chance::new(5));
    let told = small.home.json_of(3, ["verify", "--drill"]);
    assert_eq!(told["files"], 4, "{told:#}");
    assert_eq!(told["came_back"], 3, "{told:#}");
    assert_eq!(told["failures"][0]["path"], small.arg("letter.txt").as_str());
    small.home.run(["verify", "--no-mend"]).says(3, &["letter.txt", "1 damaged file is left"]);
}
