//! Rules and names of any bytes.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use yore::engine::rules::{Exclusion, RuleSet};

use super::{back_up, relative, with_path};
use crate::common::engine::Rig;
use crate::common::small::Small;
use crate::common::tree::{named, stored, write};

const ODD: &[u8] = b"odd \xff\n\xfe [x]*";

/// The names in a folder as they are, sorted.
fn names(folder: &std::path::Path) -> Vec<Vec<u8>> {
    let name =
        |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().as_bytes().to_vec();
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(name).collect();
    names.sort();
    names
}

#[test]
fn the_engine_leaves_out_and_keeps_any_name() {
    let rig = Rig::new();
    let folder = named(&rig.source, ODD);
    write(&named(&folder, b"kept\n\x80"), "x");
    write(&named(&folder, b"\xff.tmp\n"), "x");
    write(&named(&folder, b"line\nbreak.tmp"), "x");
    write(&rig.source.join("odd"), "x");

    let pattern = Exclusion::Pattern("*.tmp".to_owned());
    let (name, _) = back_up(&rig, RuleSet { exclude: vec![pattern], ..RuleSet::default() });
    let kept = names(&named(&rig.stored(&name), ODD));
    assert_eq!(kept, [&b"kept\n\x80"[..], b"\xff.tmp\n"]);

    let set = RuleSet {
        exclude: vec![Exclusion::Path(relative(&folder))],
        include: vec![relative(&named(&folder, b"\xff.tmp\n"))],
        ..RuleSet::default()
    };
    let (name, _) = back_up(&rig, set.clone());
    assert_eq!(names(&named(&rig.stored(&name), ODD)), [b"\xff.tmp\n"]);
    let (name, _) = back_up(&rig, RuleSet { include: Vec::new(), ..set });
    assert_eq!(names(&rig.stored(&name)), [b"odd"]);
}

#[test]
fn the_command_line_takes_and_keeps_any_name() {
    let small = Small::new();
    let folder = named(&small.source, ODD);
    let (inner, other) = (named(&folder, b"in\xff\n"), named(&folder, b"other"));
    write(&inner, "x");
    write(&other, "x");
    let again = || {
        let mut words = with_path(&["setup", "--drive"], small.drive.clone());
        words.extend(with_path(&["--source"], small.source.clone()));
        words
    };
    let mut words = again();
    words.extend(with_path(&["--exclude"], folder.clone()));
    words.extend(with_path(&["--include"], inner.clone()));
    let answer = small.home.json(words);
    assert_eq!(small.home.json(again()), answer);

    let name = small.home.back_up();
    let kept = names(&named(&stored(&small.repository, &name, &small.source), ODD));
    assert_eq!(kept, [b"in\xff\n"]);

    let why = |path: &std::path::Path| small.home.json(with_path(&["why"], path.to_owned()));
    assert_eq!(why(&folder)["outcome"], "on-the-way");
    assert_eq!(why(&inner)["outcome"], "in");
    let answer = why(&other);
    assert_eq!((&answer["outcome"], &answer["rule"]["kind"]), (&"out".into(), &"path".into()));
    let encoded = answer["rule"]["path"]["encoded"].as_str().unwrap();
    assert!(encoded.ends_with("odd %FF%0A%FE [x]*"), "{encoded}");
    let words: Vec<OsString> = with_path(&["why"], other);
    small.home.run(words).says(0, &["odd \\xff\\n\\xfe [x]*/other is left out: the path"]);
}
