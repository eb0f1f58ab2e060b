//! What is different between two snapshots.

use uuid::Uuid;
use yore::engine::backup::Source;
use yore::engine::error::Error;
use yore::engine::history::{Change, History, Side};
use yore::engine::monitor::Monitor;
use yore::engine::path::RelPath;

use super::past::{Told, counted, differing, each_fate, folders, full, past};
use crate::common::tree::write;

fn told(changes: Vec<Change>) -> Vec<Told> {
    changes.into_iter().map(|c| (c.path, c.difference, c.before, c.after)).collect()
}

fn paged(history: &History, (a, b): (u64, u64), under: &RelPath, limit: usize) -> Vec<Told> {
    let (mut all, mut next) = (Vec::new(), None);
    loop {
        let page = history.changes(a, b, under, next.as_ref(), limit).unwrap();
        assert!(page.changes.len() <= limit);
        if page.next.is_some() {
            assert_eq!(page.next, page.changes.last().map(|change| change.path.clone()));
        }
        all.extend(told(page.changes));
        match page.next {
            Some(path) => next = Some(path),
            None => return all,
        }
    }
}

#[test]
fn any_two_moments_differ_as_their_lists_do() {
    for seed in 0..2 {
        each_fate(seed, |history, what| {
            let numbers: Vec<u64> = history.snapshots().unwrap().iter().map(|s| s.seq).collect();
            let lists: Vec<_> = numbers.iter().map(|at| full(history, *at)).collect();
            let mut seen = 0;
            for (one, a) in numbers.iter().enumerate() {
                for (other, b) in numbers.iter().enumerate().skip(one) {
                    for under in folders(&lists) {
                        let what = format!("{what}, {a} to {b}, under {under}");
                        let wanted = differing(&lists[one], &lists[other], &under);
                        seen += wanted.len();
                        assert_eq!(paged(history, (*a, *b), &under, 1000), wanted, "{what}");
                        let totals = history.change_totals(*b, *a, &under).unwrap();
                        assert_eq!(totals, counted(&wanted), "{what}");
                    }
                }
            }
            assert!(seen > 100, "{what}: only {seen} differences");
        });
    }
}

#[test]
fn small_pages_are_one_large_page() {
    let rig = past(11, 5);
    let history = rig.history();
    for under in [RelPath::root(), rig.path_of(""), rig.path_of("dir"), rig.path_of("a")] {
        for moments in [(1, 5), (5, 1), (2, 3)] {
            let whole = paged(&history, moments, &under, usize::MAX);
            for limit in [1, 2, 7] {
                assert_eq!(paged(&history, moments, &under, limit), whole, "{under} by {limit}");
            }
            // A page may begin after any path, also one that never was.
            for text in ["a", "a/zz", "dir", "dir-", "nothing", "z/z/z/z"] {
                let after = rig.path_of(text);
                let page = history.changes(moments.0, moments.1, &under, Some(&after), 1000);
                let wanted: Vec<Told> =
                    whole.iter().filter(|told| told.0 > after).cloned().collect();
                assert_eq!(told(page.unwrap().changes), wanted, "{under} after {text}");
            }
        }
    }
    assert!(!paged(&history, (1, 5), &RelPath::root(), 1).is_empty());
}

#[test]
fn sources_that_come_and_go_are_told_like_folders() {
    let rig = past(12, 2);
    let other = rig.path().join("other/place");
    write(&other.join("deep/file"), "x");
    let mut options = rig.options();
    options.sources.push(Source { id: Uuid::new_v4(), path: other });
    rig.try_back_up(&options, &Monitor::new()).unwrap();
    write(&rig.source.join("always"), "there");
    rig.back_up();
    let history = rig.history();
    let lists: Vec<_> = (1..=4).map(|at| full(&history, at)).collect();
    for (a, b) in [(1, 3), (2, 3), (3, 4), (1, 4), (2, 4)] {
        for under in folders(&lists) {
            let wanted = differing(&lists[a - 1], &lists[b - 1], &under);
            let moments = (a as u64, b as u64);
            assert_eq!(paged(&history, moments, &under, 2), wanted, "{a} to {b}, under {under}");
            let totals = history.change_totals(moments.0, moments.1, &under).unwrap();
            assert_eq!(totals, counted(&wanted), "{a} to {b}, under {under}");
        }
    }
    // The folder above the other source is no entry that came or went.
    let above = RelPath::from_absolute(rig.path()).unwrap();
    for (at, other) in [(2, 3), (3, 2), (3, 4)] {
        let compared = history.compare(&above, at, &Side::Snapshot(other)).unwrap();
        let names: Vec<_> = compared.iter().map(|one| (&one.name[..], one.difference)).collect();
        assert_eq!(names, [(&b"other"[..], None), (&b"source"[..], None)], "{at}, {other}");
    }
    let came = history.changes(2, 3, &RelPath::root(), None, 100).unwrap().changes;
    assert!(came.iter().any(|change| change.path.as_bytes().ends_with(b"other/place/deep/file")));
}

#[test]
fn an_index_that_names_what_cannot_be_is_not_believed() {
    let rig = past(13, 3);
    let wanted = paged(&rig.history(), (1, 3), &RelPath::root(), 10);
    let totals = rig.history().change_totals(1, 3, &rig.path_of("")).unwrap();
    let ticks = rig.history().timeline(&rig.path_of("")).unwrap();
    // A number of no path, a list that is cut off, and the folder itself.
    for forged in ["x'ffffff7f'", "x'ff'", "x'00'"] {
        let index = rusqlite::Connection::open(rig.index()).unwrap();
        let sql = format!("UPDATE change SET children = {forged} WHERE children IS NOT NULL");
        assert!(index.execute(&sql, []).unwrap() > 0);
        drop(index);
        let history = rig.history();
        assert_eq!(paged(&history, (1, 3), &RelPath::root(), 10), wanted, "{forged}");
        assert_eq!(history.change_totals(1, 3, &rig.path_of("")).unwrap(), totals, "{forged}");
        assert_eq!(history.timeline(&rig.path_of("")).unwrap(), ticks, "{forged}");
        assert_eq!(rig.history().usage().map(|usage| usage.len()).unwrap(), 3, "{forged}");
    }
}

#[test]
fn what_never_was_has_no_changes_and_unknown_snapshots_are_refused() {
    let rig = past(3, 2);
    let history = rig.history();
    let nowhere = rig.path_of("never/there");
    assert_eq!(history.changes(1, 2, &nowhere, None, 10).unwrap(), Default::default());
    assert_eq!(history.change_totals(1, 2, &nowhere).unwrap(), Default::default());
    let source = rig.path_of("");
    for (a, b) in [(1, 9), (9, 1), (0, 2)] {
        let refused = history.changes(a, b, &source, None, 10);
        assert!(matches!(refused, Err(Error::NoSuchSnapshot(_))), "{refused:?}");
    }
    let first = history.changes(1, 2, &source, None, 0).unwrap();
    assert_eq!(first.changes.len(), 1, "a page has one entry at least");
}
