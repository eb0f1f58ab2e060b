//! Tables of what rules decide, and why.

use super::*;

fn path(text: &str) -> RelPath {
    RelPath::parse(text.trim_start_matches('/').as_bytes()).unwrap()
}

fn rules(set: RuleSet) -> Rules {
    Rules::compile(set, None).unwrap()
}

fn patterns(texts: &[&str]) -> RuleSet {
    let exclude = texts.iter().map(|text| Exclusion::Pattern((*text).to_owned())).collect();
    RuleSet { exclude, ..RuleSet::default() }
}

fn presets(presets: &[Preset]) -> Rules {
    rules(RuleSet { presets: presets.to_vec(), ..RuleSet::default() })
}

/// Marks of a folder with these names, each mark being one indeed.
fn marks(names: &[&str]) -> FolderMarks {
    let mut names: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
    names.sort_unstable();
    FolderMarks::of_names(&names, |_| true)
}

/// A path ending in `/` is a folder.
#[track_caller]
fn decide(rules: &Rules, text: &str, size_bytes: u64, marks: &FolderMarks) -> Decision {
    let (kind, text) = match text.strip_suffix('/') {
        Some(text) => (Kind::Directory, text),
        None => (Kind::File, text),
    };
    let decision = rules.decide(&path(text), kind, size_bytes, marks);
    // Whatever is decided without facts is decided so with them.
    let early = rules.decide_early(&path(text), None, marks);
    assert!(early.is_none_or(|early| early == decision), "{text}");
    decision
}

#[track_caller]
fn check(rules: &Rules, table: &[(&str, Option<Why>)]) {
    for (text, wanted) in table {
        let found = decide(rules, text, 0, &FolderMarks::default());
        let wanted = wanted.clone().map_or(Decision::In, Decision::Out);
        assert_eq!(found, wanted, "{text}");
    }
}

fn pattern(text: &str) -> Option<Why> {
    Some(Why::Pattern(text.to_owned()))
}

#[test]
fn without_rules_only_what_restores_left_is_out() {
    let rules = Rules::default();
    assert!(rules.is_empty() && rules.set().lines().is_empty());
    check(
        &rules,
        &[
            ("/home/ann/.cache/", None),
            ("/home/ann/x/.yore-restore-1/", Some(Why::RestoreFolder)),
            ("/home/ann/.yore", None),
        ],
    );
}

#[test]
fn the_programs_own_folder_is_out_whatever_is_said() {
    let own = || path("home/ann/.local/state/yore");
    let included = RuleSet { include: vec![path("home/ann")], ..RuleSet::default() };
    for rules in [Rules::default(), rules(included)] {
        let rules = rules.without(own());
        assert!(!rules.is_empty());
        check(
            &rules,
            &[
                ("/home/ann/.local/state/yore/", Some(Why::OwnFolder)),
                ("/home/ann/.local/state/", None),
                ("/home/ann/.local/state/yore.txt", None),
                ("/home/eve/.local/state/yore/", None),
            ],
        );
    }
}

#[test]
fn the_last_pattern_decides_and_is_named_as_typed() {
    let rules =
        rules(patterns(&["*.log", "!keep.log", "/home/ann/big/", "sub/dir", "\\!x", "core"]));
    check(
        &rules,
        &[
            ("/home/ann/a.log", pattern("*.log")),
            ("/home/ann/keep.log", None),
            ("/home/ann/big/", pattern("/home/ann/big/")),
            ("/home/ann/big", None),
            ("/home/eve/big/", None),
            ("/home/ann/a/sub/dir/", pattern("sub/dir")),
            ("/home/ann/!x", pattern("\\!x")),
            ("/home/ann/core", pattern("core")),
            ("/home/ann/score", None),
        ],
    );
}

#[test]
fn presets_leave_out_what_they_name_unless_taken_back() {
    let every = presets(&Preset::ALL);
    for (text, preset) in [
        ("/home/ann/.cache/", Preset::Caches),
        ("/home/ann/.config/Code/Service Worker/CacheStorage/", Preset::Caches),
        ("/home/ann/.var/app/org.x/cache/", Preset::Caches),
        ("/home/ann/.local/share/Trash/", Preset::Trash),
        ("/home/ann/disk/.Trash-1000/", Preset::Trash),
        ("/home/ann/code/node_modules/", Preset::BuildOutput),
        ("/home/ann/code/a.pyc", Preset::BuildOutput),
        ("/home/ann/VirtualBox VMs/", Preset::VirtualMachines),
        ("/home/ann/disks/work.qcow2", Preset::VirtualMachines),
        ("/var/lib/libvirt/images/", Preset::VirtualMachines),
        ("/home/ann/Downloads/", Preset::Downloads),
    ] {
        check(&every, &[(text, Some(Why::Preset(preset)))]);
        check(&presets(&[preset]), &[(text, Some(Why::Preset(preset)))]);
        let others: Vec<_> = Preset::ALL.into_iter().filter(|other| *other != preset).collect();
        check(&presets(&others), &[(text, None)]);
    }
    check(
        &every,
        &[
            ("/home/ann/.cache", None),
            ("/home/ann/Cache/", None),
            ("/home/ann/project/Downloads/", None),
            ("/home/ann/target/", None),
            ("/home/ann/photo.jpg", None),
        ],
    );
    let set = RuleSet { presets: vec![Preset::Caches], ..patterns(&["!.cache/"]) };
    check(&rules(set), &[("/home/ann/.cache/", None)]);

    let set = RuleSet { presets: vec![Preset::Downloads], ..RuleSet::default() };
    let rules = Rules::compile(set, Some(&path("home/ann/Herunter [1]"))).unwrap();
    let why = Some(Why::Preset(Preset::Downloads));
    check(&rules, &[("/home/ann/Herunter [1]/", why.clone()), ("/home/eve/Downloads/", why)]);
}

#[test]
fn build_output_is_told_by_what_lies_beside_it() {
    let rules = presets(&[Preset::BuildOutput]);
    let out = Decision::Out(Why::Preset(Preset::BuildOutput));
    for (text, names, is_out) in [
        ("/p/target/", &["Cargo.toml", "target"][..], true),
        ("/p/target/", &["pom.xml", "target"], true),
        ("/p/target/", &["target"], false),
        ("/p/target", &["Cargo.toml", "target"], false),
        ("/p/build/", &["Cargo.toml", "build", "target"], false),
        ("/p/build/", &["CMakeLists.txt", "build"], true),
        ("/p/.venv/", &[".venv", "pyproject.toml"], true),
    ] {
        let wanted = if is_out { out.clone() } else { Decision::In };
        assert_eq!(decide(&rules, text, 0, &marks(names)), wanted, "{text} beside {names:?}");
        assert_eq!(decide(&Rules::default(), text, 0, &marks(names)), Decision::In);
    }
    let set = RuleSet { presets: vec![Preset::BuildOutput], ..patterns(&["!target"]) };
    let beside = marks(&["Cargo.toml", "target"]);
    assert_eq!(decide(&Rules::compile(set, None).unwrap(), "/p/target/", 0, &beside), Decision::In);
}

#[test]
fn only_files_can_be_too_large() {
    let rules = rules(RuleSet { largest_file_bytes: Some(100), ..patterns(&["!*.iso", "*.x"]) });
    for (text, size, wanted) in [
        ("/a/file", 100, Decision::In),
        ("/a/file", 101, Decision::Out(Why::LargerThan(100))),
        ("/a/folder/", 4096, Decision::In),
        ("/a/wanted.iso", 4096, Decision::In),
        ("/a/b.x", 0, Decision::Out(Why::Pattern("*.x".to_owned()))),
    ] {
        assert_eq!(decide(&rules, text, size, &FolderMarks::default()), wanted, "{text}");
    }
    assert_eq!(rules.decide(&path("a/link"), Kind::Symlink, 999, &marks(&[])), Decision::In);
}

#[test]
fn marked_folders_keep_their_mark_alone() {
    let both = RuleSet { cachedir_tag: true, nobackup: true, ..RuleSet::default() };
    let cache = Decision::Out(Why::CacheTag(path("a")));
    let nobackup = Decision::Out(Why::NoBackup(path("a")));
    for (names, text, wanted) in [
        (&["CACHEDIR.TAG"][..], "/a/x", &cache),
        (&["CACHEDIR.TAG"], "/a/x/", &cache),
        (&["CACHEDIR.TAG"], "/a/CACHEDIR.TAG", &Decision::In),
        (&[".nobackup"], "/a/x", &nobackup),
        (&[".nobackup"], "/a/.nobackup", &Decision::In),
        (&[".nobackup", "CACHEDIR.TAG"], "/a/x", &nobackup),
        (&["x"], "/a/x", &Decision::In),
    ] {
        assert_eq!(decide(&rules(both.clone()), text, 0, &marks(names)), *wanted, "{text}");
        let other = rules(patterns(&["nothing"]));
        assert_eq!(decide(&other, text, 0, &marks(names)), Decision::In, "{text}");
    }
    let forged = FolderMarks::of_names(&[b"CACHEDIR.TAG"], |_| false);
    assert_eq!(decide(&rules(both), "/a/x", 0, &forged), Decision::In);
}

/// Everything about includes: below `/c`, which is left out by each of several rules in turn.
#[test]
fn an_include_lets_its_path_in_and_nothing_beside_it() {
    let include = vec![path("h/c/deep/kept")];
    let excluded = |exclude| RuleSet { exclude, include: include.clone(), ..RuleSet::default() };
    for exclusion in [
        Exclusion::Path(path("h/c")),
        Exclusion::Pattern("/h/c".to_owned()),
        Exclusion::Pattern("c/".to_owned()),
        Exclusion::Pattern("/h/*/".to_owned()),
    ] {
        let rules = rules(excluded(vec![exclusion.clone()]));
        let why = match exclusion {
            Exclusion::Path(path) => Why::Path(path),
            Exclusion::Pattern(text) => Why::Pattern(text),
        };
        let outcome = |text: &str, is_folder: bool| {
            let kind = if is_folder { Kind::Directory } else { Kind::File };
            rules.explain(&path("h"), &path(text), |at| {
                let kind = if *at == path(text) { kind } else { Kind::Directory };
                (Some(Facts { kind, size_bytes: 0 }), FolderMarks::default())
            })
        };
        for (text, wanted, at) in [
            ("h/c", Decision::OnTheWay(why.clone()), "h/c"),
            ("h/c/other", Decision::Out(why.clone()), "h/c/other"),
            ("h/c/other/x", Decision::Out(why.clone()), "h/c/other"),
            ("h/c/deep", Decision::OnTheWay(why.clone()), "h/c/deep"),
            ("h/c/deep/x", Decision::Out(why.clone()), "h/c/deep/x"),
            ("h/c/deep/kept", Decision::In, "h/c/deep/kept"),
            ("h/c/deep/kept/c/x", Decision::In, "h/c/deep/kept/c/x"),
            ("h/c/deep/kept2", Decision::Out(why.clone()), "h/c/deep/kept2"),
        ] {
            let wanted = Explanation { decision: wanted, at: path(at) };
            assert_eq!(outcome(text, true), wanted, "{text} with {why:?}");
        }
        // What isn't a folder leads nowhere.
        if !matches!(&why, Why::Pattern(text) if text.ends_with('/')) {
            assert_eq!(outcome("h/c", false).decision, Decision::Out(why.clone()));
        }
    }
}

#[test]
fn below_an_include_the_longest_path_wins() {
    let set = RuleSet {
        presets: Preset::ALL.to_vec(),
        include: vec![path("h/keep"), path("h/keep/no/yes")],
        largest_file_bytes: Some(10),
        cachedir_tag: true,
        nobackup: true,
        exclude: ["*.tmp", "/h/keep/*.o", "/h/keep/no", "/h/*", "!/h/keep/good.o", "/h/keep"]
            .map(|text| Exclusion::Pattern(text.to_owned()))
            .into_iter()
            .chain([Exclusion::Path(path("h/keep/never"))])
            .collect(),
    };
    let rules = rules(set);
    let none = FolderMarks::default();
    let marked = marks(&["CACHEDIR.TAG", "x"]);
    let why = |text: &str| Why::Pattern(text.to_owned());
    for (text, marks, wanted) in [
        ("/h/keep/", &none, Decision::In),
        ("/h/keep/a.tmp", &none, Decision::In),
        ("/h/keep/large", &none, Decision::In),
        ("/h/keep/.cache/", &none, Decision::In),
        ("/h/keep/a.o", &none, Decision::Out(why("/h/keep/*.o"))),
        ("/h/keep/good.o", &none, Decision::In),
        ("/h/keep/no/", &none, Decision::OnTheWay(why("/h/keep/no"))),
        ("/h/keep/no/yes/", &none, Decision::In),
        ("/h/keep/no/yes/b.o", &none, Decision::In),
        ("/h/keep/never", &none, Decision::Out(Why::Path(path("h/keep/never")))),
        ("/h/keep/x", &marked, Decision::In),
        ("/h/keep/sub/x", &marked, Decision::Out(Why::CacheTag(path("h/keep/sub")))),
        ("/h/other/", &none, Decision::Out(why("/h/*"))),
    ] {
        assert_eq!(decide(&rules, text, 1000, marks), wanted, "{text}");
    }
}

#[test]
fn nothing_below_what_is_left_out_comes_back_by_a_pattern() {
    let rules = rules(patterns(&["dir/", "!dir/kept", "!kept"]));
    let outcome = rules.explain(&path("h"), &path("h/dir/kept"), |_| (None, marks(&[])));
    let why = Why::Pattern("dir/".to_owned());
    assert_eq!(outcome, Explanation { decision: Decision::Out(why), at: path("h/dir") });
    // The source's own folder is never asked for.
    let outcome = rules.explain(&path("h/dir"), &path("h/dir/x"), |_| (None, marks(&[])));
    assert_eq!(outcome, Explanation { decision: Decision::In, at: path("h/dir/x") });
}

#[test]
fn names_are_bytes() {
    let odd = RelPath::parse(b"h/\xff\n\xfe").unwrap();
    let set = RuleSet { exclude: vec![Exclusion::Path(odd.clone())], ..RuleSet::default() };
    let by_path = rules(RuleSet { include: vec![odd.join(b"\x80")], ..set.clone() });
    let none = FolderMarks::default();
    let why = Why::Path(odd.clone());
    assert_eq!(by_path.decide(&odd, Kind::File, 0, &none), Decision::Out(why.clone()));
    assert_eq!(by_path.decide(&odd, Kind::Directory, 0, &none), Decision::OnTheWay(why));
    assert_eq!(by_path.decide(&odd.join(b"\x80"), Kind::File, 0, &none), Decision::In);
    for (text, name, is_out) in [
        ("a*", &b"a\xff\n"[..], true),
        ("/h/*\n*", b"\xff\n\xfe", true),
        ("???", b"\xff\n\xfe", true),
        ("[!a]?[!a]", b"\xff\n\xfe", true),
        ("\u{fffd}*", b"\xff\n\xfe", false),
    ] {
        let decision = rules(patterns(&[text])).decide(&path("h").join(name), Kind::File, 0, &none);
        assert_eq!(decision != Decision::In, is_out, "{text:?}");
    }
}

#[test]
fn the_seal_keeps_every_rule() {
    let set = RuleSet {
        presets: vec![Preset::Caches, Preset::BuildOutput],
        exclude: vec![
            Exclusion::Pattern("*.tmp".to_owned()),
            Exclusion::Path(RelPath::parse(b"h/\xff").unwrap()),
        ],
        include: vec![path("h/a b")],
        largest_file_bytes: Some(4_000_000_000),
        cachedir_tag: true,
        nobackup: true,
    };
    let lines = [
        "preset caches",
        "preset build-output",
        "exclude *.tmp",
        "exclude-path h/%FF",
        "include h/a b",
        "largest-file 4000000000",
        "cachedir-tag",
        "nobackup",
    ];
    assert_eq!(set.lines(), lines);
    for set in [set, RuleSet::for_home(), RuleSet::default()] {
        let lines = set.lines();
        assert_eq!(RuleSet::from_lines(lines.iter().map(String::as_str)), (set, Vec::new()));
    }
    assert!(RuleSet::default().lines().is_empty());
    assert!(!rules(RuleSet::for_home()).is_empty());
}

#[test]
fn lines_that_cannot_be_understood_are_passed_over_and_told() {
    let unknown = [
        "preset everything",
        "exclude [",
        "exclude",
        "exclude-path /absolute",
        "include a//b",
        "include %zz/../b",
        "largest-file 0",
        "largest-file -1",
        "largest-file many",
        "cachedir-tag 2",
        "moon full",
        "",
    ];
    let known = ["preset trash", "exclude  blank", "nobackup"];
    let lines = unknown.into_iter().chain(known);
    let (set, passed_over) = RuleSet::from_lines(lines);
    assert_eq!(passed_over, unknown);
    assert_eq!(set.lines(), known);
}
