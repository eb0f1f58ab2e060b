//! What rules leave out of real snapshots, and what `yore why` says about it.

mod names;
mod why;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use yore::engine::backup::BackupOptions;
use yore::engine::monitor::Monitor;
use yore::engine::path::RelPath;
use yore::engine::rules::{Exclusion, Preset, RuleSet, Rules};

use crate::common::engine::Rig;
use crate::common::small::Small;
use crate::common::tree::{facts, stored, write};

const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n# a cache\n";

/// Every kind of thing that rules speak of, below a source.
fn make_tree(source: &Path) {
    for path in [
        "letter.txt",
        "draft.tmp",
        "keep.tmp",
        ".cache/app/blob",
        ".cache/precious/seed",
        ".cache/precious/.nobackup/x",
        ".local/share/Trash/files/old",
        "code/Cargo.toml",
        "code/target/debug/big",
        "code/src/target/lib.rs",
        "code/node_modules/m/index.js",
        "disks/work.qcow2",
        "tagged/inner/data",
        "forged/data",
        "private/data",
        "private/sub/data",
        "named/away/data",
        "named/stays/data",
    ] {
        write(&source.join(path), path);
    }
    write(&source.join("tagged/CACHEDIR.TAG"), TAG);
    write(&source.join("forged/CACHEDIR.TAG"), "Signature: none");
    write(&source.join("private/.nobackup"), "");
    write(&source.join("large.bin"), vec![b'x'; 3_001]);
    write(&source.join("small.bin"), vec![b'x'; 3_000]);
}

fn relative(path: &Path) -> RelPath {
    RelPath::from_absolute(path).unwrap()
}

/// A rule of every kind.
fn every_rule(source: &Path) -> RuleSet {
    RuleSet {
        presets: vec![Preset::Caches, Preset::Trash, Preset::BuildOutput, Preset::VirtualMachines],
        exclude: vec![
            Exclusion::Pattern("*.tmp".to_owned()),
            Exclusion::Pattern("!keep.tmp".to_owned()),
            Exclusion::Path(relative(&source.join("named/away"))),
        ],
        include: vec![relative(&source.join(".cache/precious"))],
        largest_file_bytes: Some(3_000),
        cachedir_tag: true,
        nobackup: true,
    }
}

/// What [`every_rule`] leaves of [`make_tree`], folders included.
const LEFT: &[&str] = &[
    "",
    ".cache",
    ".cache/precious",
    ".cache/precious/.nobackup",
    ".cache/precious/.nobackup/x",
    ".cache/precious/seed",
    ".local",
    ".local/share",
    "code",
    "code/Cargo.toml",
    "code/src",
    "code/src/target",
    "code/src/target/lib.rs",
    "disks",
    "forged",
    "forged/CACHEDIR.TAG",
    "forged/data",
    "keep.tmp",
    "letter.txt",
    "named",
    "named/stays",
    "named/stays/data",
    "private",
    "private/.nobackup",
    "small.bin",
    "tagged",
    "tagged/CACHEDIR.TAG",
];

/// The paths of all entries of a tree, sorted by bytes.
fn entries(root: &Path) -> Vec<String> {
    let mut paths: Vec<String> =
        facts(root).into_keys().map(|path| path.into_os_string().into_string().unwrap()).collect();
    paths.sort();
    paths
}

fn with(rig: &Rig, set: RuleSet) -> BackupOptions {
    BackupOptions { rules: Rules::compile(set, None).unwrap(), ..rig.options() }
}

#[track_caller]
fn back_up(rig: &Rig, set: RuleSet) -> (String, yore::engine::seal::Counts) {
    let report = rig.try_back_up(&with(rig, set), &Monitor::new()).unwrap();
    assert!(!report.is_partial(), "{report:?}");
    (report.snapshot, report.counts)
}

#[test]
fn a_snapshot_holds_what_the_rules_leave() {
    let rig = Rig::new();
    make_tree(&rig.source);
    let monitor = Monitor::new();
    let options = with(&rig, every_rule(&rig.source));
    let report = rig.try_back_up(&options, &monitor).unwrap();
    assert_eq!(entries(&rig.stored(&report.snapshot)), LEFT);
    let seal = fs::read_to_string(rig.snapshot(&report.snapshot).join("seal.json")).unwrap();
    let seal: Value = serde_json::from_str(&seal).unwrap();
    let rules: Vec<&str> =
        seal["rules"].as_array().unwrap().iter().map(|rule| rule.as_str().unwrap()).collect();
    assert_eq!(rules, every_rule(&rig.source).lines());
    // The index knows no more than the tree, and the same when it is made from it.
    let before = rig.answers();
    fs::remove_file(rig.index()).unwrap();
    rig.recover();
    assert_eq!(rig.answers(), before);
}

#[test]
fn the_first_measure_counts_what_is_backed_up() {
    for has_rules in [false, true] {
        let rig = Rig::new();
        make_tree(&rig.source);
        let set = if has_rules { every_rule(&rig.source) } else { RuleSet::default() };
        let monitor = Monitor::new();
        let report = rig.try_back_up(&with(&rig, set), &monitor).unwrap();
        let progress = monitor.progress();
        // The source's own folder is no entry of any folder.
        assert_eq!(progress.total_entries + 1, progress.done_entries);
        assert_eq!(progress.total_bytes, report.total_bytes);
    }
}

#[test]
fn a_changed_rule_takes_entries_from_the_next_snapshot_and_gives_them_back() {
    let rig = Rig::new();
    make_tree(&rig.source);
    let all = entries(&rig.source);
    let (first, counts) = back_up(&rig, RuleSet::default());
    assert_eq!(entries(&rig.stored(&first)), all);
    let files = counts.files;

    let (second, counts) = back_up(&rig, every_rule(&rig.source));
    assert_eq!(entries(&rig.stored(&second)), LEFT);
    assert_eq!((counts.copied, counts.linked), (0, counts.files));
    // The first one stays what it was.
    assert_eq!(entries(&rig.stored(&first)), all);

    let (third, counts) = back_up(&rig, RuleSet::default());
    assert_eq!(entries(&rig.stored(&third)), all);
    // What was left out once is in the first snapshot still, and is linked from there.
    assert_eq!((counts.files, counts.copied), (files, 0));
    let gone = rig.path_of("named/away/data");
    let versions = rig.history().versions(&gone).unwrap();
    let lives: Vec<_> = versions.iter().map(|version| version.first).collect();
    assert!(lives.contains(&1) && lives.contains(&3) && !lives.contains(&2), "{versions:?}");

    let before = rig.answers();
    fs::remove_file(rig.index()).unwrap();
    rig.recover();
    assert_eq!(rig.answers(), before);
}

#[test]
fn what_cannot_be_read_is_carried_without_what_is_left_out_now() {
    let rig = Rig::new();
    write(&rig.source.join("folder/letter"), "x");
    write(&rig.source.join("folder/secret/data"), "x");
    write(&rig.source.join("folder/a.tmp"), "x");
    rig.back_up();
    // A source that is gone is carried forward whole.
    let away = rig.path().join("away");
    fs::rename(&rig.source, &away).unwrap();
    let exclude = ["*.tmp", "secret/"].map(|text| Exclusion::Pattern(text.to_owned()));
    let set = RuleSet { exclude: exclude.into(), ..RuleSet::default() };
    let report = rig.try_back_up(&with(&rig, set), &Monitor::new()).unwrap();
    assert!(report.is_partial());
    assert_eq!(entries(&rig.stored(&report.snapshot)), ["", "folder", "folder/letter"]);
}

#[test]
fn the_source_itself_is_never_left_out() {
    let rig = Rig::new();
    write(&rig.source.join("x"), "x");
    let name = rig.source.file_name().unwrap().to_str().unwrap().to_owned();
    let set = RuleSet {
        exclude: vec![Exclusion::Pattern(name), Exclusion::Path(relative(&rig.source))],
        ..RuleSet::default()
    };
    let (snapshot, _) = back_up(&rig, set);
    assert_eq!(entries(&rig.stored(&snapshot)), ["", "x"]);
}

/// Sets Yore up again with more words.
#[track_caller]
fn set_up_again(small: &Small, words: &[&str]) -> Value {
    let drive = small.drive.to_str().unwrap().to_owned();
    let mut all = vec!["setup".to_owned(), "--drive".to_owned(), drive];
    all.extend(["--source".to_owned(), small.source.to_str().unwrap().to_owned()]);
    all.extend(words.iter().map(|word| (*word).to_owned()));
    small.home.json(all)
}

fn lines(answer: &Value) -> Vec<&str> {
    answer["rules"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect()
}

#[test]
fn setting_up_proposes_rules_and_keeps_them_until_told() {
    let small = Small::new();
    make_tree(&small.source);
    let at_first = ["preset caches", "preset trash", "cachedir-tag", "nobackup"];
    assert_eq!(lines(&set_up_again(&small, &[])), at_first);
    let name = small.home.back_up();
    let kept = entries(&stored(&small.repository, &name, &small.source));
    assert!(!kept.iter().any(|path| path.starts_with(".cache") || path.contains("Trash/")));
    assert!(kept.contains(&"draft.tmp".to_owned()) && !kept.contains(&"private/data".to_owned()));

    let precious = small.arg(".cache/precious");
    let words = ["--exclude", "*.tmp", "--exclude", "!keep.tmp", "--include", &precious];
    let include = format!("include {}", relative(Path::new(&precious)).encode());
    let wanted = [&at_first[..2], &["exclude *.tmp", "exclude !keep.tmp", &include]].concat();
    let wanted = [&wanted, &at_first[2..]].concat();
    assert_eq!(lines(&set_up_again(&small, &words)), wanted);
    assert_eq!(lines(&set_up_again(&small, &[])), wanted);
    let name = small.home.back_up();
    let kept = entries(&stored(&small.repository, &name, &small.source));
    assert!(kept.contains(&".cache/precious/seed".to_owned()));
    assert!(!kept.contains(&".cache/app".to_owned()) && !kept.contains(&"draft.tmp".to_owned()));

    let answer = set_up_again(&small, &["--preset", "none", "--exclude", "/nothing"]);
    assert_eq!(lines(&answer), ["exclude /nothing", &include, "cachedir-tag", "nobackup"]);
    let answer = set_up_again(&small, &["--preset", "build-output", "--preset", "downloads"]);
    assert_eq!(lines(&answer)[..2], ["preset build-output", "preset downloads"]);

    for (words, said) in [
        (["--exclude", "a["], "a["),
        (["--exclude", "~/x"], "whole path"),
        (["--preset", "cashes"], "caches"),
    ] {
        let before = fs::read(small.home.config()).unwrap();
        let (drive, source) = (small.drive.to_str().unwrap(), small.arg(""));
        let all = ["setup", "--drive", drive, "--source", &source, words[0], words[1]];
        small.home.run(all).says(2, &[said]);
        assert_eq!(fs::read(small.home.config()).unwrap(), before);
    }
}

#[test]
fn a_configuration_without_rules_stays_without() {
    let small = Small::new();
    make_tree(&small.source);
    let text = fs::read_to_string(small.home.config()).unwrap();
    let (old, _) = text.split_once("[rules]").unwrap();
    fs::write(small.home.config(), old).unwrap();
    let name = small.home.back_up();
    assert_eq!(entries(&stored(&small.repository, &name, &small.source)), entries(&small.source));
    assert!(lines(&set_up_again(&small, &[])).is_empty());

    // What a person writes by hand is in force, and told where it is wrong.
    let by_hand = |rules: &str| fs::write(small.home.config(), format!("{old}[rules]\n{rules}"));
    by_hand("largest-file = \"3 kB\"\nexclude = [\"*.tmp\"]\n").unwrap();
    let name = small.home.back_up();
    let kept = entries(&stored(&small.repository, &name, &small.source));
    assert!(!kept.contains(&"large.bin".to_owned()) && kept.contains(&"small.bin".to_owned()));
    by_hand("exclude = [\"ok\", \"[\"]\n").unwrap();
    let line = (old.matches('\n').count() + 2).to_string();
    small.home.run(["backup"]).says(1, &["column 18", &format!("line {line}")]);
}

/// The words of a command with a path of any bytes at the end.
fn with_path(words: &[&str], path: PathBuf) -> Vec<OsString> {
    words.iter().map(OsString::from).chain([path.into_os_string()]).collect()
}
