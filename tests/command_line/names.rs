//! Names of any bytes: kept, shown without harm, restored byte for byte.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use serde_json::json;

use crate::common::small::Small;
use crate::common::tree::{assert_same, facts, named, without_inodes, write};

/// Every byte that a name can have, in as few names as it takes.
fn odd_names() -> Vec<Vec<u8>> {
    let bytes: Vec<u8> = (1..=255).filter(|&byte| byte != b'/').collect();
    vec![
        bytes,
        b"new\nline".to_vec(),
        b"\xff\xfe not text".to_vec(),
        vec![b'x'; 255],
        "ö".repeat(127).into_bytes(),
        b" leading and trailing ".to_vec(),
        b"-rf".to_vec(),
        b"\x1b[31mred\x07".to_vec(),
        b"100%41\"quoted\"".to_vec(),
        b"...".to_vec(),
    ]
}

#[test]
fn names_of_any_bytes_come_back() {
    let small = Small::new();
    for name in odd_names() {
        write(&named(&small.source, &name), &name);
        write(&named(&small.source.join("folders"), &name).join("inside"), &name);
    }
    let before = facts(&small.source);
    small.home.back_up();
    let to = small.path().join("back");
    small.home.json(["restore", &small.arg(""), "--to", to.to_str().unwrap()]);
    let restored = without_inodes(facts(&to.join("documents")));
    assert_same(&restored, &without_inodes(before), "odd names");
    assert_eq!(small.home.json(["rebuild"])["snapshots"], 1);

    // One by one, by the name itself.
    for name in odd_names() {
        let path = named(&small.source, &name);
        fs::remove_file(&path).unwrap();
        small.home.json([OsStr::new("restore"), path.as_os_str()]);
        assert_eq!(fs::read(&path).unwrap(), name, "{path:?}");
        let versions = small.home.json([OsStr::new("versions"), path.as_os_str()]);
        assert_eq!(versions["versions"].as_array().unwrap().len(), 1, "{versions:#}");
    }
}

#[test]
fn names_cannot_write_to_the_terminal() {
    let small = Small::new();
    for name in [b"new\nline".as_slice(), b"\x1b[31mred", b"\xff"] {
        write(&named(&small.source.join("odd"), name), "x");
    }
    small.home.back_up();
    let answer = small.home.run(["ls", &small.arg("odd")]);
    answer.says(0, &["new\\nline", "\\u{1b}[31mred", "\\xff"]);
    assert_eq!(answer.out.lines().count(), 3, "{answer:?}");

    let listed = small.home.json(["ls", &small.arg("odd")]);
    let name = |at: usize| listed["entries"][at]["name"].clone();
    assert_eq!(name(0), json!("\u{1b}[31mred"));
    assert_eq!(name(1), json!("new\nline"));
    assert_eq!(name(2), json!({ "encoded": "%FF" }));

    let path = named(&small.source.join("odd"), b"not\nthere\x1b");
    let missing = small.home.run([OsStr::new("ls"), path.as_os_str()]);
    missing.says(1, &["not\\nthere\\u{1b}"]);
    assert_eq!(missing.err.trim_end().lines().count(), 1, "{missing:?}");
}

#[test]
fn a_source_of_any_name_is_backed_up() {
    let small = Small::new();
    let source = named(small.path(), b"caf\xe9 \n 100%");
    write(&source.join("file"), "x");
    small.home.set_up(&small.drive, &[&source]);
    small.home.back_up();
    let listed = small.home.json([OsStr::new("ls"), source.as_os_str()]);
    assert_eq!(listed["entries"][0]["name"], "file");
    let encoded = listed["path"]["encoded"].as_str().unwrap();
    assert!(encoded.ends_with("caf%E9 %0A 100%25"), "{encoded}");
    let stored = OsStr::from_bytes(b"file");
    assert_eq!(fs::read(source.join(stored)).unwrap(), b"x");
}
