//! `yore why`: in, out and by which rule, in no source, or the backups themselves.

use std::fs;
use std::os::unix::fs::symlink;

use super::{make_tree, set_up_again};
use crate::common::drive::LoopDrive;
use crate::common::small::Small;
use crate::common::tree::write;

#[test]
fn every_fate_is_told_to_people_and_programs() {
    let small = Small::new();
    make_tree(&small.source);
    let precious = small.arg(".cache/precious");
    let words = ["--exclude", "*.tmp", "--exclude", "!keep.tmp", "--include", &precious];
    set_up_again(&small, &words);
    let text = fs::read_to_string(small.home.config()).unwrap();
    fs::write(small.home.config(), text + "largest-file = \"3 kB\"\n").unwrap();
    symlink(&small.source, small.path().join("link")).unwrap();
    write(&small.source.join(".yore-restore-1/x"), "x");

    let beside = small.path().join("link/draft.tmp").to_str().unwrap().to_owned();
    let marker = small.repository.join("repository.json").to_str().unwrap().to_owned();
    let arg = |below: &str| small.arg(below);
    for (path, outcome, at, kind, said) in [
        (arg(""), "in", None, None, "is backed up"),
        (arg("letter.txt"), "in", None, None, "is backed up"),
        (arg("keep.tmp"), "in", None, None, "is backed up"),
        (arg("draft.tmp"), "out", Some("draft.tmp"), Some("pattern"), "“*.tmp”"),
        (beside, "out", Some("draft.tmp"), Some("pattern"), "“*.tmp”"),
        (arg(".cache"), "on-the-way", Some(".cache"), Some("preset"), "“caches”"),
        (arg(".cache/app/blob"), "out", Some(".cache/app"), Some("preset"), "“caches”"),
        (arg(".cache/precious/seed"), "in", None, None, "is backed up"),
        (arg("large.bin"), "out", Some("large.bin"), Some("size"), "3 kB"),
        (arg("tagged/inner"), "out", Some("tagged/inner"), Some("cachedir-tag"), "CACHEDIR.TAG"),
        (arg("tagged/CACHEDIR.TAG"), "in", None, None, "is backed up"),
        (arg("forged/data"), "in", None, None, "is backed up"),
        (arg("private/sub/data"), "out", Some("private/sub"), Some("nobackup"), ".nobackup"),
        (arg(".yore-restore-1"), "out", Some(".yore-restore-1"), Some("restore-folder"), "restore"),
        ("/etc/hostname".to_owned(), "no-source", None, None, "none of the folders"),
        (marker, "repository", None, None, "backups themselves"),
    ] {
        small.home.run(["why", &path]).says(0, &[said]);
        let answer = small.home.json(["why", &path]);
        assert_eq!(answer["outcome"], outcome, "{answer:#}");
        assert_eq!(answer["backed_up"], matches!(outcome, "in" | "on-the-way"), "{answer:#}");
        let at = at.map(arg);
        assert_eq!(answer["at"].as_str(), at.as_deref(), "{answer:#}");
        assert_eq!(answer["rule"]["kind"].as_str(), kind, "{answer:#}");
        assert_eq!(answer["exists"], true, "{answer:#}");
    }
    let answer = small.home.run(["why", &arg("gone.tmp")]);
    answer.says(0, &["“*.tmp”", "Nothing is there now"]);
}

#[test]
fn what_why_says_is_what_the_backup_does() {
    let small = Small::new();
    make_tree(&small.source);
    let precious = small.arg(".cache/precious");
    let words = ["--preset", "caches", "--preset", "build-output", "--preset", "virtual-machines"];
    set_up_again(&small, &[&words[..], &["--exclude", "stays", "--include", &precious]].concat());
    let name = small.home.back_up();
    let kept = super::entries(&super::stored(&small.repository, &name, &small.source));
    for path in super::entries(&small.source) {
        let answer = small.home.json(["why", &small.arg(&path)]);
        assert_eq!(answer["backed_up"], kept.contains(&path), "{answer:#}");
    }
}

#[test]
fn without_sources_there_is_nothing_to_ask() {
    let small = Small::new();
    let repository = small.repository.to_str().unwrap();
    small.home.run(["why", "--repository", repository, "/etc"]).says(2, &["No folders"]);
    small.home.run(["why"]).says(2, &["PATH"]);
}

#[test]
fn another_file_system_is_said() {
    let small = Small::new();
    let Some(other) = LoopDrive::ext4(8) else { return };
    let outer = other.path().parent().unwrap();
    write(&other.path().join("folder/x"), "x");
    let drive = small.drive.to_str().unwrap();
    small.home.json(["setup", "--drive", drive, "--source", outer.to_str().unwrap()]);
    let folder = other.path().join("folder");
    for (path, outcome) in [(other.path(), "in"), (&folder, "other-file-system")] {
        let answer = small.home.json(["why", path.to_str().unwrap()]);
        assert_eq!(answer["outcome"], outcome, "{answer:#}");
    }
    let answer = small.home.run(["why", folder.to_str().unwrap()]);
    answer.says(0, &["another file system", "yore setup"]);
}
