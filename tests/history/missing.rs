//! Why a path isn't in a snapshot.

use std::fs;

use uuid::Uuid;
use yore::engine::backup::{BackupOptions, Source};
use yore::engine::error::Error;
use yore::engine::history::Missing;
use yore::engine::monitor::Monitor;
use yore::engine::path::RelPath;
use yore::engine::rules::{Exclusion, RuleSet, Rules, Why};

use crate::common::engine::Rig;
use crate::common::tree::write;

#[track_caller]
fn check(rig: &Rig, path: &str, at: u64, wanted: &Missing) {
    assert_eq!(rig.history().why_missing(&rig.path_of(path), at).unwrap(), *wanted, "{path}, {at}");
}

fn rename(rig: &Rig, from: &str, to: &str) {
    fs::create_dir_all(rig.source.join(to).parent().unwrap()).unwrap();
    fs::rename(rig.source.join(from), rig.source.join(to)).unwrap();
}

#[test]
fn what_came_and_went_is_told_with_its_folder() {
    let rig = Rig::new();
    write(&rig.source.join("stays"), "stays");
    rig.back_up();
    write(&rig.source.join("outer/folder/a"), "a letter");
    write(&rig.source.join("outer/b"), "b");
    rig.back_up();
    fs::remove_file(rig.source.join("outer/b")).unwrap();
    rig.back_up();
    rename(&rig, "outer/folder/a", "moved");
    fs::remove_dir_all(rig.source.join("outer")).unwrap();
    rig.back_up();
    for rebuilt in [false, true] {
        if rebuilt {
            rig.writer(&Monitor::new()).unwrap().rebuild(&Monitor::new()).unwrap();
        }
        let outer = || rig.path_of("outer");
        let gone = |at: &str, last, gone, moved_to: Option<&str>| {
            let moved_to = moved_to.map(|path| rig.path_of(path));
            Missing::Gone { at: rig.path_of(at), last, gone, moved_to }
        };
        let later = |at, first| Missing::NotYet { at, first, moved_from: None };
        check(&rig, "stays", 4, &Missing::There);
        check(&rig, "", 1, &Missing::There);
        check(&rig, "outer/folder/a", 1, &later(outer(), 2));
        check(&rig, "outer", 1, &later(outer(), 2));
        check(&rig, "outer/folder/a", 3, &Missing::There);
        check(&rig, "outer/folder/a", 4, &gone("outer", 3, 4, Some("moved")));
        // What was in it has another name.
        check(&rig, "outer/folder", 4, &Missing::MovedApart { last: 3, gone: 4 });
        check(&rig, "outer/b", 4, &gone("outer/b", 2, 3, None));
        check(&rig, "outer/b", 3, &gone("outer/b", 2, 3, None));
        let moved_from = Some(rig.path_of("outer/folder/a"));
        check(
            &rig,
            "moved",
            3,
            &Missing::NotYet { at: rig.path_of("moved"), first: 4, moved_from },
        );
        check(&rig, "outer/never", 3, &Missing::NeverSeen);
        check(&rig, "outer/never", 4, &Missing::NeverSeen);
        check(&rig, "stays/never", 4, &Missing::NeverSeen);
        let unknown = rig.history().why_missing(&rig.path_of("stays"), 5);
        assert!(matches!(unknown, Err(Error::NoSuchSnapshot(_))), "{unknown:?}");
    }
}

#[test]
fn a_folder_that_was_moved_is_told_where_to() {
    let rig = Rig::new();
    for path in ["stays", "old/a", "old/deep/b", "apart/a", "apart/b", "some/a", "some/b"] {
        write(&rig.source.join(path), path);
    }
    rig.back_up();
    rename(&rig, "old", "new/place");
    rename(&rig, "apart/a", "one/a");
    rename(&rig, "apart/b", "two/b");
    rename(&rig, "some/a", "one/c");
    for emptied in ["apart", "some"] {
        fs::remove_dir_all(rig.source.join(emptied)).unwrap();
    }
    rig.back_up();
    let gone = |at: &str, moved_to: Option<&str>| Missing::Gone {
        at: rig.path_of(at),
        last: 1,
        gone: 2,
        moved_to: moved_to.map(|path| rig.path_of(path)),
    };
    check(&rig, "old", 2, &gone("old", Some("new/place")));
    check(&rig, "old/deep", 2, &gone("old", Some("new/place/deep")));
    check(&rig, "apart", 2, &Missing::MovedApart { last: 1, gone: 2 });
    check(&rig, "some", 2, &gone("some", None));
}

#[test]
fn a_path_that_lived_before_and_after_is_gone_in_between() {
    let rig = Rig::new();
    write(&rig.source.join("stays"), "stays");
    for round in 0..2 {
        write(&rig.source.join("a"), format!("round {round}"));
        rig.back_up();
        fs::remove_file(rig.source.join("a")).unwrap();
        rig.back_up();
    }
    let gone = |last, gone| Missing::Gone { at: rig.path_of("a"), last, gone, moved_to: None };
    check(&rig, "a", 2, &gone(1, 2));
    check(&rig, "a", 4, &gone(3, 4));
}

#[test]
fn rules_and_sources_explain_what_they_keep_out() {
    let rig = Rig::new();
    for path in ["folder/a.tmp", "folder/inner/b", "marked/x", "other/x"] {
        write(&rig.source.join(path), path);
    }
    rig.back_up();
    write(&rig.source.join("marked/.nobackup"), "");
    let exclude = ["*.tmp", "inner/"].map(|text| Exclusion::Pattern(text.to_owned()));
    let set = RuleSet { exclude: exclude.into(), nobackup: true, ..RuleSet::default() };
    let rules = Rules::compile(set, None).unwrap();
    let options = BackupOptions { rules, ..rig.options() };
    rig.try_back_up(&options, &Monitor::new()).unwrap();

    let left_out = |at: &str, why| Missing::LeftOut { at: rig.path_of(at), why };
    let pattern = |text: &str| Why::Pattern(text.to_owned());
    check(&rig, "folder/a.tmp", 2, &left_out("folder/a.tmp", pattern("*.tmp")));
    check(&rig, "folder/never.tmp", 2, &left_out("folder/never.tmp", pattern("*.tmp")));
    check(&rig, "folder/inner/b", 2, &left_out("folder/inner", pattern("inner/")));
    let marked = Why::NoBackup(rig.path_of("marked"));
    check(&rig, "marked/x", 2, &left_out("marked/x", marked));
    check(&rig, "folder/never.tmp", 1, &Missing::NeverSeen);

    let source = Source { id: Uuid::new_v4(), path: rig.source.join("folder") };
    let options = BackupOptions { sources: vec![source], ..rig.options() };
    rig.try_back_up(&options, &Monitor::new()).unwrap();
    let nearest = Some(rig.path_of("folder"));
    check(&rig, "other/x", 3, &Missing::NotProtected { nearest });
    check(&rig, "", 3, &Missing::There);
}

#[test]
fn what_is_in_no_source_is_told_the_nearest() {
    let rig = Rig::new();
    for path in ["one/x", "two/deep/x"] {
        write(&rig.source.join(path), path);
    }
    let sources =
        ["one", "two/deep"].map(|path| Source { id: Uuid::new_v4(), path: rig.source.join(path) });
    let options = BackupOptions { sources: sources.into(), ..rig.options() };
    rig.try_back_up(&options, &Monitor::new()).unwrap();
    let near = |path: &str| Missing::NotProtected { nearest: Some(rig.path_of(path)) };
    check(&rig, "two/x", 1, &near("two/deep"));
    check(&rig, "x", 1, &near("one"));
    let elsewhere = RelPath::parse(b"etc/hostname").unwrap();
    assert_eq!(rig.history().why_missing(&elsewhere, 1).unwrap(), near("one"));
}

#[test]
fn what_could_not_be_read_is_told_with_its_reason() {
    let rig = Rig::new();
    write(&rig.source.join("folder/a"), "a");
    rig.back_up();
    let away = rig.path().join("away");
    fs::rename(&rig.source, &away).unwrap();
    rig.try_back_up(&rig.options(), &Monitor::new()).unwrap();
    fs::rename(&away, &rig.source).unwrap();
    write(&rig.source.join("folder/new"), "new");
    rig.back_up();
    let missing = rig.history().why_missing(&rig.path_of("folder/a"), 2).unwrap();
    let Missing::Older { at, of, reason: Some(reason) } = missing else { panic!("{missing:?}") };
    assert_eq!((at, of.started), (rig.path_of(""), rig.history().snapshot(1).unwrap().started));
    assert!(!reason.is_empty());
    check(&rig, "folder/a", 3, &Missing::There);
    for path in ["folder/new", "folder/never"] {
        let missing = rig.history().why_missing(&rig.path_of(path), 2).unwrap();
        let Missing::Unread { at, reason: Some(reason) } = missing else { panic!("{missing:?}") };
        assert_eq!(at, rig.path_of(""));
        assert!(!reason.is_empty());
    }
}

#[test]
fn what_lived_in_deleted_snapshots_alone_is_told_while_it_is_known() {
    let rig = Rig::new();
    write(&rig.source.join("stays"), "stays");
    rig.back_up();
    write(&rig.source.join("brief"), "brief");
    let middle = rig.back_up().snapshot;
    fs::remove_file(rig.source.join("brief")).unwrap();
    rig.back_up();
    fs::rename(rig.snapshot(&middle), rig.repository.join("trash").join(&middle)).unwrap();
    rig.recover();
    check(&rig, "brief", 3, &Missing::Pruned);
    check(&rig, "stays", 2, &Missing::Pruned);
    check(&rig, "stays", 3, &Missing::There);
}
