//! What a rule leaves out since, or no source holds any more, is not deleted.

use std::fs;

use uuid::Uuid;
use yore::engine::backup::{BackupOptions, Source};
use yore::engine::monitor::Monitor;
use yore::engine::rules::{Exclusion, Preset, RuleSet, Rules};

use super::{check, letters, remove, rename};
use crate::common::engine::Rig;
use crate::common::tree::write;

#[track_caller]
fn back_up(rig: &Rig, set: RuleSet) -> String {
    let rules = Rules::compile(set, None).unwrap();
    let options = BackupOptions { rules, ..rig.options() };
    let report = rig.try_back_up(&options, &Monitor::new()).unwrap();
    assert!(!report.is_partial(), "{report:?}");
    report.snapshot
}

fn excluding(patterns: &[&str]) -> RuleSet {
    let exclude = patterns.iter().map(|text| Exclusion::Pattern((*text).to_owned())).collect();
    RuleSet { exclude, ..RuleSet::default() }
}

#[test]
fn a_rule_that_is_new_deletes_nothing() {
    let rig = letters();
    remove(&rig, "stays");
    back_up(&rig, excluding(&["folder/", "letter"]));
    check(&rig, "", &[("stays", 1, 2, 0, 5)]);
    check(&rig, "folder", &[]);
    check(&rig, "folder/deep", &[]);
    rig.back_up();
    remove(&rig, "folder");
    rig.back_up();
    check(&rig, "", &[("folder", 3, 4, 4, 29), ("stays", 1, 2, 0, 5)]);
}

#[test]
fn of_a_deleted_folder_what_is_left_out_does_not_count() {
    let rig = letters();
    write(&rig.source.join("other/c.tmp"), "x");
    rig.back_up();
    remove(&rig, "folder");
    remove(&rig, "other");
    back_up(&rig, excluding(&["folder/a", "*.tmp"]));
    check(&rig, "", &[("folder/b", 2, 3, 0, 8), ("folder/deep", 2, 3, 1, 13)]);
}

#[test]
fn what_an_include_keeps_is_deleted_all_the_same() {
    let rig = letters();
    remove(&rig, "folder");
    let include = vec![rig.path_of("folder/deep")];
    back_up(&rig, RuleSet { include, ..excluding(&["folder/"]) });
    check(&rig, "", &[("folder/deep", 1, 2, 1, 13)]);
}

#[test]
fn marks_leave_out_what_is_beside_them() {
    let rig = letters();
    for path in ["cache/x", "cache/y/z", "forged/x", "forged/y"] {
        write(&rig.source.join(path), path);
    }
    rig.back_up();
    write(&rig.source.join("folder/.nobackup"), "");
    let tag = "Signature: 8a477f597d28d172789f06886806bc55\n";
    write(&rig.source.join("cache/CACHEDIR.TAG"), tag);
    write(&rig.source.join("forged/CACHEDIR.TAG"), "Signature: 00000000000000000000000000000000\n");
    remove(&rig, "forged/y");
    back_up(&rig, RuleSet { cachedir_tag: true, nobackup: true, ..RuleSet::default() });
    check(&rig, "", &[("forged/y", 2, 3, 0, 8)]);
    // Without rules about marks they are files like others.
    rig.back_up();
    remove(&rig, "folder/a");
    rig.back_up();
    check(&rig, "", &[("folder/a", 4, 5, 0, 8), ("forged/y", 2, 3, 0, 8)]);
}

#[test]
fn build_output_is_told_by_what_lies_beside_it() {
    let rig = letters();
    for path in ["code/Cargo.toml", "code/target/x", "plain/target/x"] {
        write(&rig.source.join(path), path);
    }
    rig.back_up();
    remove(&rig, "plain/target");
    let presets = vec![Preset::BuildOutput];
    back_up(&rig, RuleSet { presets, ..RuleSet::default() });
    check(&rig, "", &[("plain/target", 2, 3, 1, 14)]);
}

#[test]
fn a_source_that_was_dropped_is_not_deleted() {
    let rig = Rig::new();
    for path in ["folder/a", "folder/b", "folder/stays", "other/x"] {
        write(&rig.source.join(path), path);
    }
    let sources = |paths: &[&str]| {
        let source = |(number, path): (usize, &&str)| Source {
            id: Uuid::from_u128(number as u128 + 1),
            path: rig.source.join(path),
        };
        let sources = paths.iter().enumerate().map(source).collect();
        let options = BackupOptions { sources, ..rig.options() };
        rig.try_back_up(&options, &Monitor::new()).unwrap();
    };
    sources(&["folder", "other"]);
    remove(&rig, "folder/a");
    sources(&["folder"]);
    check(&rig, "", &[("folder/a", 1, 2, 0, 8)]);
    // What lies in no source when it goes was not deleted; and nobody knows what came to such a place.
    fs::remove_dir_all(rig.source.join("other")).unwrap();
    rename(&rig, "folder/b", "aside");
    sources(&["folder"]);
    check(&rig, "", &[("folder/b", 2, 3, 0, 8), ("folder/a", 1, 2, 0, 8)]);
    check(&rig, "other", &[]);
}
