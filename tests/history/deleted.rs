//! What was deleted, and what only looks so.

mod left_out;
mod model;

use std::fs;

use yore::engine::error::Error;
use yore::engine::history::{Deleted, DeletedQuery, KindFilter};
use yore::engine::monitor::Monitor;

use crate::common::engine::Rig;
use crate::common::tree::write;

/// What a row says: the path below the source, the last snapshot with it, the first without, entries below and bytes.
type Row<'a> = (&'a str, u64, u64, u64, u64);

fn query(rig: &Rig, under: &str) -> DeletedQuery {
    DeletedQuery { under: rig.path_of(under), limit: 1_000, ..DeletedQuery::default() }
}

/// All rows, by pages of `limit`.
fn pages(rig: &Rig, query: &DeletedQuery, limit: usize) -> Vec<Deleted> {
    let history = rig.history();
    let mut query = DeletedQuery { limit, ..query.clone() };
    let mut rows = Vec::new();
    loop {
        let page = history.deleted(&query).unwrap();
        assert!(page.rows.len() <= limit);
        rows.extend(page.rows);
        query.after = page.next;
        if query.after.is_none() {
            return rows;
        }
    }
}

#[track_caller]
fn check_query(rig: &Rig, query: &DeletedQuery, wanted: &[Row<'_>]) {
    let all = pages(rig, query, 1_000);
    let below = |row: &Deleted| {
        let path = row.path.to_absolute();
        path.strip_prefix(&rig.source).unwrap().to_str().unwrap().to_owned()
    };
    let paths: Vec<String> = all.iter().map(below).collect();
    let found: Vec<Row<'_>> = std::iter::zip(&paths, &all)
        .map(|(path, row)| (path.as_str(), row.last, row.gone, row.entries_below, row.bytes))
        .collect();
    assert_eq!(found, wanted);
    for limit in [1, 2] {
        assert_eq!(pages(rig, query, limit), all, "by pages of {limit}");
    }
    for row in &all {
        let entry = rig.history().entry(&row.path, row.last).unwrap();
        assert_eq!(entry.as_ref(), Some(&row.entry));
    }
}

/// Checks what was deleted below a folder, and that a rebuilt index says the same.
#[track_caller]
fn check(rig: &Rig, under: &str, wanted: &[Row<'_>]) {
    check_query(rig, &query(rig, under), wanted);
    rebuild(rig);
    check_query(rig, &query(rig, under), wanted);
}

fn rebuild(rig: &Rig) {
    rig.writer(&Monitor::new()).unwrap().rebuild(&Monitor::new()).unwrap();
}

fn remove(rig: &Rig, path: &str) {
    let path = rig.source.join(path);
    fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path)).unwrap();
}

fn rename(rig: &Rig, from: &str, to: &str) {
    fs::create_dir_all(rig.source.join(to).parent().unwrap()).unwrap();
    fs::rename(rig.source.join(from), rig.source.join(to)).unwrap();
}

/// A folder with three files in it and below, one file beside it, one that stays.
fn letters() -> Rig {
    let rig = Rig::new();
    for path in ["stays", "letter", "folder/a", "folder/b", "folder/deep/c"] {
        write(&rig.source.join(path), path);
    }
    rig.back_up();
    rig
}

#[test]
fn only_what_was_in_the_folder_itself_is_told_if_that_is_asked_for() {
    let rig = letters();
    remove(&rig, "folder/a");
    remove(&rig, "folder/deep/c");
    remove(&rig, "letter");
    rig.back_up();
    let children = |under| DeletedQuery { only_children: true, ..query(&rig, under) };
    check_query(&rig, &children(""), &[("letter", 1, 2, 0, 6)]);
    check_query(&rig, &children("folder"), &[("folder/a", 1, 2, 0, 8)]);
}

const FOLDER: Row<'_> = ("folder", 1, 2, 4, 8 + 8 + 13);

#[test]
fn a_deleted_folder_is_one_row() {
    let rig = letters();
    assert_eq!(rig.history().deleted(&query(&rig, "")).unwrap().rows, []);
    remove(&rig, "folder");
    rig.back_up();
    remove(&rig, "letter");
    rig.back_up();
    rig.back_up();
    check(&rig, "", &[("letter", 2, 3, 0, 6), FOLDER]);
    check(&rig, "folder", &[FOLDER]);
    check(&rig, "folder/deep", &[("folder/deep", 1, 2, 1, 13)]);
    check(&rig, "folder/deep/c", &[("folder/deep/c", 1, 2, 0, 13)]);
    check(&rig, "letter", &[("letter", 2, 3, 0, 6)]);
    check(&rig, "stays", &[]);
    let root = DeletedQuery { under: Default::default(), ..query(&rig, "") };
    check_query(&rig, &root, &[("letter", 2, 3, 0, 6), FOLDER]);
    let never = rig.history().deleted(&query(&rig, "never"));
    assert!(matches!(never, Err(Error::NeverSeen(_))), "{never:?}");
}

#[test]
fn one_looks_back_from_any_snapshot() {
    let rig = letters();
    remove(&rig, "letter");
    rig.back_up();
    write(&rig.source.join("letter"), "another");
    rig.back_up();
    remove(&rig, "letter");
    rig.back_up();
    let from = |before| DeletedQuery { before: Some(before), ..query(&rig, "") };
    check_query(&rig, &from(1), &[]);
    check_query(&rig, &from(2), &[("letter", 1, 2, 0, 6)]);
    check_query(&rig, &from(3), &[]);
    check_query(&rig, &from(4), &[("letter", 3, 4, 0, 7)]);
    let none = rig.history().deleted(&from(5));
    assert!(matches!(none, Err(Error::NoSuchSnapshot(_))), "{none:?}");
}

#[test]
fn filters_choose_among_all_that_is_gone() {
    let rig = letters();
    remove(&rig, "folder");
    remove(&rig, "letter");
    rig.back_up();
    let letter = ("letter", 1, 2, 0, 6);
    let (a, b, deep) =
        (("folder/a", 1, 2, 0, 8), ("folder/b", 1, 2, 0, 8), ("folder/deep", 1, 2, 1, 13));
    let c = ("folder/deep/c", 1, 2, 0, 13);
    let all = query(&rig, "");
    let named = |text: &str| DeletedQuery { name_contains: Some(text.to_owned()), ..all.clone() };
    check_query(&rig, &named("ETT"), &[letter]);
    check_query(&rig, &named("%"), &[]);
    check_query(&rig, &named("a"), &[a]);
    check_query(&rig, &named("C"), &[c]);
    // What is asked for itself stands for what is in it.
    check_query(&rig, &named("d"), &[FOLDER]);
    check_query(&rig, &named("ee"), &[deep]);
    let kind = |kind| DeletedQuery { kind: Some(kind), ..all.clone() };
    check_query(&rig, &kind(KindFilter::Folder), &[FOLDER]);
    check_query(&rig, &kind(KindFilter::File), &[a, b, c, letter]);
    let large = |min_bytes| DeletedQuery { min_bytes, ..all.clone() };
    check_query(&rig, &large(30), &[]);
    check_query(&rig, &large(7), &[FOLDER]);
    check_query(&rig, &large(6), &[FOLDER, letter]);
    check_query(&rig, &DeletedQuery { min_bytes: 9, ..kind(KindFilter::File) }, &[c]);
    check_query(&rig, &DeletedQuery { min_bytes: 9, ..named("e") }, &[FOLDER]);
    check_query(&rig, &DeletedQuery { under: rig.path_of("folder/deep"), ..named("c") }, &[c]);
}

#[test]
fn filters_find_nothing_in_a_folder_that_was_moved() {
    let rig = letters();
    rename(&rig, "folder", "moved");
    remove(&rig, "moved/deep");
    rig.back_up();
    let named =
        |text: &str| DeletedQuery { name_contains: Some(text.to_owned()), ..query(&rig, "") };
    check_query(&rig, &named("a"), &[]);
    check_query(&rig, &named("c"), &[("folder/deep/c", 1, 2, 0, 13)]);
}

#[test]
fn what_was_deleted_before_its_folder_keeps_a_row_of_its_own() {
    let rig = letters();
    remove(&rig, "folder/deep");
    rig.back_up();
    remove(&rig, "folder/a");
    rig.back_up();
    remove(&rig, "folder");
    rig.back_up();
    let wanted = [("folder", 3, 4, 1, 8), ("folder/a", 2, 3, 0, 8), ("folder/deep", 1, 2, 1, 13)];
    check(&rig, "", &wanted);
    check(&rig, "folder", &wanted);
}

#[test]
fn a_folder_that_is_back_lacks_only_what_is_not() {
    let rig = letters();
    rename(&rig, "folder", "../away");
    rig.back_up();
    write(&rig.source.join("folder/a"), "another");
    rig.back_up();
    check(&rig, "", &[("folder/b", 1, 2, 0, 8), ("folder/deep", 1, 2, 1, 13)]);
}

#[test]
fn a_folder_that_became_a_file_lacks_what_was_in_it() {
    let rig = letters();
    remove(&rig, "folder");
    write(&rig.source.join("folder"), "a file");
    rig.back_up();
    let wanted = [("folder/a", 1, 2, 0, 8), ("folder/b", 1, 2, 0, 8), ("folder/deep", 1, 2, 1, 13)];
    check(&rig, "", &wanted);
    check(&rig, "folder", &wanted);
    remove(&rig, "folder");
    rig.back_up();
    check(&rig, "", &[&[("folder", 2, 3, 0, 6)], &wanted[..]].concat());
}

#[test]
fn what_was_moved_was_not_deleted() {
    let rig = letters();
    rename(&rig, "letter", "elsewhere/renamed");
    rename(&rig, "folder", "moved");
    rig.back_up();
    check(&rig, "", &[]);
    // A copy that stays where it was proves nothing.
    write(&rig.source.join("copy"), "stays");
    rig.back_up();
    remove(&rig, "stays");
    rig.back_up();
    check(&rig, "", &[("stays", 3, 4, 0, 5)]);
    // What was moved here before is deleted there.
    remove(&rig, "moved/deep");
    rig.back_up();
    check(&rig, "", &[("moved/deep", 4, 5, 1, 13), ("stays", 3, 4, 0, 5)]);
}

#[test]
fn exchanged_names_are_no_deletion() {
    let rig = letters();
    rename(&rig, "folder/a", "aside");
    rename(&rig, "folder/b", "folder/a");
    rename(&rig, "aside", "folder/b");
    rig.back_up();
    check(&rig, "", &[]);
}

#[test]
fn of_a_folder_moved_without_some_of_it_the_rest_is_deleted() {
    let rig = letters();
    write(&rig.source.join("folder/lost/x"), "x");
    write(&rig.source.join("folder/lost/y"), "yy");
    rig.back_up();
    rename(&rig, "folder", "moved");
    remove(&rig, "moved/b");
    remove(&rig, "moved/lost");
    rig.back_up();
    check(&rig, "", &[("folder/b", 2, 3, 0, 8), ("folder/lost", 2, 3, 2, 3)]);
    check(&rig, "folder", &[("folder/b", 2, 3, 0, 8), ("folder/lost", 2, 3, 2, 3)]);
    check(&rig, "folder/deep", &[]);
}

#[test]
fn of_equal_files_as_many_are_deleted_as_have_no_new_place() {
    let rig = Rig::new();
    for path in ["stays", "old/a", "old/b"] {
        write(&rig.source.join(path), "the same");
    }
    rig.back_up();
    rename(&rig, "old/b", "new");
    remove(&rig, "old");
    rig.back_up();
    check(&rig, "", &[("old/b", 1, 2, 0, 8)]);
}

#[test]
fn snapshots_that_are_gone_leave_the_last_that_is_there() {
    let rig = letters();
    write(&rig.source.join("brief"), "brief");
    remove(&rig, "folder/a");
    let middle = rig.back_up().snapshot;
    rename(&rig, "letter", "moved");
    remove(&rig, "folder");
    remove(&rig, "brief");
    rig.back_up();
    let shorter = ("folder", 2, 3, 3, 8 + 13);
    check(&rig, "", &[("brief", 2, 3, 0, 5), shorter, ("folder/a", 1, 2, 0, 8)]);
    fs::rename(rig.snapshot(&middle), rig.repository.join("trash").join(&middle)).unwrap();
    rig.recover();
    check(&rig, "", &[("folder", 1, 3, 4, 29)]);
}

#[test]
fn a_large_folder_is_told_by_its_first_files() {
    let rig = Rig::new();
    write(&rig.source.join("stays"), "stays");
    write(&rig.source.join("old/a"), "moved");
    for file in 0..4_100 {
        write(&rig.source.join(format!("old/b{file}")), "");
    }
    rig.back_up();
    rename(&rig, "old/a", "new");
    remove(&rig, "old");
    rig.back_up();
    let rows = pages(&rig, &query(&rig, ""), 1_000);
    assert_eq!(rows.len(), 4_100);
    assert!(rows.iter().all(|row| row.path.parent() == Some(rig.path_of("old"))));
}
